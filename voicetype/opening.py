"""Loading: on a thread with its worker's niceness, which is left behind where it never ends."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from voicetype.calls import CallThread, Hung
from voicetype.choice import ChosenModel, Unit
from voicetype.engine import Transcriber
from voicetype.errors import ModelError, VoicetypeError
from voicetype.failures import lacks_memory
from voicetype.workers import be_nice

log = logging.getLogger(__name__)

_T = TypeVar("_T")

DraftsHeard = Callable[[], None]
"""Blocks until no draft is left that text hangs on."""

OpenModel = Callable[[ChosenModel], Transcriber]
"""Loads a model and warms it up. Raises ModelError."""

OpenUnit = Callable[[Unit, DraftsHeard], Mapping[str, Transcriber]]
"""Loads a unit: who hears, by role. Raises VoicetypeError."""

PATIENCE_S = 300.0
"""A large model from a disk in the network takes minutes."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A unit that is loaded, and about how many seconds a call of it takes: no more than to load it."""

    unit: Unit
    hears: Mapping[str, Transcriber]
    usual_s: float


def opened(unit: Unit, open_unit: OpenUnit, drafts_heard: DraftsHeard) -> Opened:
    """Load a unit for its workers. Raises VoicetypeError."""
    role = unit.shape.roles[-1]  # of both, the fast one's niceness: drafts come first
    thread, began = CallThread(f"load-{role}", lambda: be_nice(role)), time.monotonic()
    try:
        where = " and ".join(str(model.folder) for model in unit.own)
        hears = in_time(thread, str(unit), where, lambda: open_unit(unit, drafts_heard))
    finally:
        thread.end()
    return Opened(unit, hears, time.monotonic() - began)


def in_time(thread: CallThread, what: str, where: str, load: Callable[[], _T]) -> _T:
    """What is loaded on that thread. Raises VoicetypeError, also where that never ends.

    `what`, as a subject of a sentence, is read from `where`.
    """
    try:
        return thread.make(load, PATIENCE_S)
    except Hung as error:
        raise ModelError(
            f"{what} is not loaded after {PATIENCE_S / 60:.0f} minutes.",
            f"Look whether {where} can be read, and restart voicetype.",
        ) from error
    except Exception as error:  # the libraries below raise what they like
        told = _as_told(what, error)
        if told is error:
            raise
        raise told from error


def _as_told(what: str, error: Exception) -> VoicetypeError:
    if lacks_memory(error):
        return ModelError(
            f"{what} found no memory to be loaded into.",
            'Close what takes memory, or choose smaller models: preset = "light" under [models].',
        )
    if isinstance(error, VoicetypeError):
        return error
    log.error("%s could not be loaded", what, exc_info=error)
    return ModelError(
        f"{what} could not be loaded: {error}",
        "Remove it with `voicetype models remove NAME`, and fetch it again.",
    )
