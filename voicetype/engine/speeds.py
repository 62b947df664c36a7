"""How fast each model is on this machine: measured when it is first loaded, kept beside the models.

A number holds for one model, on one processor, computing in one way; with any other it is not shown.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import sys
from pathlib import Path
from typing import Protocol

from voicetype import whole_files
from voicetype.engine import EngineOptions, store
from voicetype.engine.catalogue import MODELS, known
from voicetype.engine.models import is_folder
from voicetype.errors import VoicetypeError

log = logging.getLogger(__name__)

FILE = "speeds.json"

_CPU_INFO = Path("/proc/cpuinfo")
_QUICK_S = 0.2  # a measurement that took no longer is made again: the first one is warm-up


class Measurable(Protocol):
    """A loaded model."""

    @property
    def name(self) -> str:
        """As the configuration spells it."""

    def measure(self) -> float:
        """Seconds for five seconds of speech. Raises ModelError."""


def learn(folder: str, model: Measurable, options: EngineOptions) -> None:
    """Measure a model that is warm, unless its speed is known; `folder` is where models are kept.

    Takes as long as a draft or two. What goes wrong goes to the log: nothing hangs on it.
    """
    if is_folder(model.name):
        return  # not in the list, and another model may lie there tomorrow
    name = known(model.name).name
    if name in of(folder, options):
        return
    try:
        seconds = model.measure()
        if seconds < _QUICK_S:
            seconds = min(seconds, model.measure())
        _keep(store.place(folder) / FILE, _key(name, options), round(seconds, 4))
    except (VoicetypeError, OSError) as error:
        log.debug("the speed of %s is not kept: %s", name, error)


def of(folder: str, options: EngineOptions) -> dict[str, float]:
    """Seconds for five seconds of speech, by the model's name: what is known of this machine."""
    measured = _read(store.place(folder) / FILE)
    return {name: measured[key] for name in MODELS if (key := _key(name, options)) in measured}


def _key(name: str, options: EngineOptions) -> str:
    way = f"{options.device}, {options.compute_type}, {options.threads}"
    return f"{name}, {way}, {processor()}"


def processor() -> str:
    """The name of this machine's processor, and how many there are."""
    try:
        lines = _CPU_INFO.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()} x {os.cpu_count() or 1}"


def _read(file: Path) -> dict[str, float]:
    """What is in the file; nothing where it is not there, or is not what was written."""
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: float(value) for key, value in found.items() if _is_speed(value)}


def _is_speed(value: object) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool) and 0 < value <= sys.float_info.max


def _keep(file: Path, key: str, seconds: float) -> None:
    """Raises OSError."""
    with store.locked(file.parent, FILE):
        whole = json.dumps(_read(file) | {key: seconds}, indent=1) + "\n"
        whole_files.write(file, whole.encode())
