"""The typist: types one patch and says exactly how far it came. Owned by the typist thread."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from voicetype.core.events import Patch, PatchApplied, PatchFailed
from voicetype.core.patch import graphemes
from voicetype.core.session import Session
from voicetype.core.stream import Typed
from voicetype.errors import Interruption, KeyboardError, PatchInterrupted, VoicetypeError
from voicetype.keyboard import Keyboard
from voicetype.proof import Proof

log = logging.getLogger(__name__)


class Typist:
    """A keyboard, and whom to tell what was typed. `now`: the session as it is at this moment."""

    def __init__(
        self, keyboard: Keyboard, tell: Callable[[Typed | VoicetypeError], None], now: Callable[[], Session]
    ) -> None:
        self._keyboard, self._tell, self._now = keyboard, tell, now
        self._proof: Proof | None = None  # begins with the first patch in a field
        self._told = False  # that it shows something else

    def moved(self) -> None:
        """Another field is typed into from now on."""
        self._proof = None

    def apply(self, patch: Patch, expected: str) -> PatchApplied | PatchFailed:
        """Type `patch` unless its epoch is over. `expected`: what then stands committed before the caret."""
        if patch.epoch != self._now().epoch:
            return PatchFailed(0, 0, lost=False)
        try:
            self._proof = self._proof or Proof(self._keyboard.read)
            self._keyboard.apply(patch)
        except PatchInterrupted as error:
            return self._interrupted(patch, error)
        except KeyboardError as error:
            self._tell(error)
            return PatchFailed(0, 0, lost=True)
        except Exception as error:  # whatever a library below does: what is said further on is kept
            log.error("typing failed: %s", type(error).__name__)
            log.debug("where it failed", exc_info=error)  # with what was to be typed, perhaps
            self._tell(_failed())
            return PatchFailed(0, 0, lost=True)
        if patch.backspaces or patch.text:
            self._tell(Typed(patch.backspaces, patch.text, time.time()))
        return PatchApplied(doubted=self._is_denied(patch, expected))

    def _is_denied(self, patch: Patch, expected: str) -> bool:
        """Whether the application shows something else, and not because the user typed meanwhile."""
        assert self._proof is not None
        denied = self._proof.denied(expected) and patch.epoch == self._now().epoch
        if denied and not self._told:
            self._tell(_not_shown())
        self._told = self._told or denied
        return denied

    def _interrupted(self, patch: Patch, error: PatchInterrupted) -> PatchFailed:
        if error.erased or error.typed:
            done = "".join(graphemes(patch.text)[: error.typed])
            self._tell(Typed(error.erased, done, time.time()))
        if error.reason in (Interruption.BROKEN, Interruption.UNTYPABLE, Interruption.UNREAD):
            self._tell(error)
        return PatchFailed(error.erased, error.typed, lost=error.reason is not Interruption.FOREIGN_INPUT)


def _failed() -> KeyboardError:
    return KeyboardError(
        "Typing failed inside voicetype.",
        "The log says where. The whole text is kept: `voicetype last` prints it.",
    )


def _not_shown() -> KeyboardError:
    return KeyboardError(
        "The application shows something else than what was typed.",
        "It may complete or correct words itself: choose append-only or final-only for it in the "
        "configuration, [typing.applications]. Nothing more is erased in this dictation.",
    )
