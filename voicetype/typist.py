"""The typist: types one patch and says exactly how far it came. Owned by the typist thread."""

from __future__ import annotations

import time
from collections.abc import Callable

from voicetype.core.events import Patch, PatchApplied, PatchFailed
from voicetype.core.patch import graphemes
from voicetype.core.stream import Typed
from voicetype.errors import Interruption, KeyboardError, PatchInterrupted, VoicetypeError
from voicetype.keyboard import Keyboard


class Typist:
    """A keyboard, and whom to tell what was typed."""

    def __init__(self, keyboard: Keyboard, tell: Callable[[Typed | VoicetypeError], None]) -> None:
        self._keyboard, self._tell = keyboard, tell

    def apply(self, patch: Patch, epoch: int) -> PatchApplied | PatchFailed:
        """Type `patch` unless its epoch is over; `epoch` is the session's now."""
        if patch.epoch != epoch:
            return PatchFailed(0, 0, lost=False)
        try:
            self._keyboard.apply(patch)
        except PatchInterrupted as error:
            return self._interrupted(patch, error)
        except KeyboardError as error:
            self._tell(error)
            return PatchFailed(0, 0, lost=True)
        self._tell(Typed(patch.backspaces, patch.text, time.time()))
        return PatchApplied()

    def _interrupted(self, patch: Patch, error: PatchInterrupted) -> PatchFailed:
        if error.erased or error.typed:
            done = "".join(graphemes(patch.text)[: error.typed])
            self._tell(Typed(error.erased, done, time.time()))
        if error.reason is Interruption.BROKEN:
            self._tell(error)
        return PatchFailed(error.erased, error.typed, lost=error.reason is not Interruption.FOREIGN_INPUT)


def not_typed(characters: int) -> VoicetypeError:
    """What the user is told when a session ends with text that no window took."""
    return VoicetypeError(
        f"The last {characters} characters were not typed: their window lost the focus, or is gone.",
        "The whole text is kept: `voicetype stop` prints it.",
    )
