"""Where a dictation goes on once its window has lost the focus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from voicetype.core.events import Claimed, Terms
from voicetype.errors import KeyboardError
from voicetype.keyboard import Keyboard


class Elsewhere:
    """Claims the window that has the focus then. Owned by the typist thread."""

    def __init__(
        self, keyboard: Keyboard, claim: Callable[[], Terms], tell: Callable[[KeyboardError], None]
    ) -> None:
        """`claim`: claims it, and says on what terms it is typed into; raises KeyboardError."""
        self._keyboard, self._claim, self._tell = keyboard, claim, tell
        self._refusals: Counter[str] = Counter()  # by their sentence

    def claimed(self) -> Claimed | None:
        """The window, claimed; None where it may not be typed into, or none has the focus yet."""
        try:
            terms = self._claim()
        except KeyboardError as error:
            # On the way from one window to the next none has the focus: what is said once only is no news.
            self._refusals[error.sentence] += 1
            if self._refusals[error.sentence] == 2:
                self._tell(error)
            return None
        before = self._keyboard.read(1)
        return Claimed(terms, empty=before is not None and not before.strip())
