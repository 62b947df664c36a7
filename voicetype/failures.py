"""Why a model did not hear a window, as errors that the user reads: what failed, and who carries on."""

from __future__ import annotations

from enum import Enum

from voicetype.errors import ModelError, ServerError
from voicetype.logs.entries import is_discreet


class Kind(Enum):
    """How a model can fail in a dictation. Each is told once, however often it happens."""

    MISSING = "is missing"
    RAISED = "failed"
    MEMORY = "found no memory"
    HANGS = "does not answer any more"
    BEHIND = "can't keep up"
    SERVER = "does not hear"


_HINTS = {
    Kind.MISSING: "The next dictation tries to load it again; `voicetype models list` shows what is there.",
    Kind.RAISED: "The log says more. If it stays so, restart voicetype, or choose another model.",
    Kind.MEMORY: 'Close what takes memory, or choose smaller models: preset = "light" under [models].',
    Kind.HANGS: "It is loaded anew. If it comes again, restart voicetype, or choose a smaller model.",
    Kind.BEHIND: 'Choose a smaller model, such as preset = "light" under [models], or close what is busy.',
    Kind.SERVER: "`voicetype doctor` shows whether the server answers.",
}

_OTHERS = {
    "heavy": "drafts are taken as they stand, unverified",
    "fast": "the heavy model types alone, later",
}

_FULL = ("bad_alloc", "out of memory", "cannot allocate memory", "failed to allocate", "unable to allocate")


class Failure(ModelError):
    """A model did not hear a window that it should have heard. `role`: "fast" or "heavy"."""

    def __init__(self, role: str, kind: Kind, why: str = "", hint: str = "") -> None:
        told = f" ({why.rstrip('.')})" if why else ""
        sentence = f"The {role} model {kind.value}{told}; {_OTHERS.get(role, 'the other one carries on')}."
        super().__init__(sentence, hint or _HINTS[kind])
        self.role, self.kind = role, kind


def of(role: str, error: Exception) -> Failure:
    """What a model raised, as a failure."""
    if isinstance(error, ServerError):
        return Failure(role, Kind.SERVER, error.sentence, error.hint)
    if lacks_memory(error):
        return Failure(role, Kind.MEMORY)
    said = str(error).strip().splitlines() if is_discreet(error) else []
    return Failure(role, Kind.RAISED, (said or [type(error).__name__])[0])


def lacks_memory(error: BaseException | None) -> bool:
    """Whether it, or what it came of, says that there was no memory: the libraries say so in many ways."""
    while error is not None:
        text = str(error).casefold()
        if isinstance(error, MemoryError) or any(each in text for each in _FULL):
            return True
        error = error.__cause__
    return False
