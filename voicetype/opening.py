"""Loading a model: on a thread with its worker's niceness, which is left behind where it never ends."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from voicetype.calls import CallThread, Hung
from voicetype.choice import ChosenModel
from voicetype.engine import EngineOptions, Transcriber
from voicetype.errors import ModelError, VoicetypeError
from voicetype.failures import lacks_memory
from voicetype.workers import be_nice

log = logging.getLogger(__name__)

OpenModel = Callable[[Path, str, EngineOptions], Transcriber]
"""Loads the model of a name from its folder and warms it up. Raises ModelError."""

PATIENCE_S = 300.0
"""A large model from a disk in the network takes minutes."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A model that is loaded, and about how many seconds a call of it takes: no more than to load it."""

    chosen: ChosenModel
    model: Transcriber
    usual_s: float


def opened(role: str, wanted: ChosenModel, open_model: OpenModel) -> Opened:
    """Load a model for the worker of that role. Raises VoicetypeError."""
    thread, began = CallThread(f"load-{role}", lambda: be_nice(role)), time.monotonic()
    try:
        model = thread.make(lambda: open_model(wanted.folder, wanted.name, wanted.options), PATIENCE_S)
    except Hung as error:
        raise ModelError(
            f"The {role} model {wanted.name} is not loaded after {PATIENCE_S / 60:.0f} minutes.",
            f"Look whether {wanted.folder} can be read, and restart voicetype.",
        ) from error
    except Exception as error:  # the libraries below raise what they like
        raise _as_told(role, wanted, error) from error
    finally:
        thread.end()
    return Opened(wanted, model, time.monotonic() - began)


def _as_told(role: str, wanted: ChosenModel, error: Exception) -> VoicetypeError:
    if lacks_memory(error):
        return ModelError(
            f"The {role} model {wanted.name} found no memory to be loaded into.",
            'Close what takes memory, or choose smaller models: preset = "light" under [models].',
        )
    if isinstance(error, VoicetypeError):
        return error
    log.error("loading the %s model failed", role, exc_info=error)
    return ModelError(
        f"The {role} model could not be loaded: {error}",
        "Remove it with `voicetype models remove NAME`, and fetch it again.",
    )
