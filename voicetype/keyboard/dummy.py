"""A keyboard that types into a string: for replays, and where nothing can be typed."""

from __future__ import annotations

from voicetype.core import patch as patches
from voicetype.core.events import Erasing, Patch
from voicetype.errors import KeyboardError
from voicetype.keyboard import Claim, Observer


class DummyKeyboard:
    """A window of our own that nobody else types into."""

    name = "dummy"

    def __init__(self) -> None:
        self._text = ""
        self._claimed = False

    @property
    def text(self) -> str:
        """What stands in the window."""
        return self._text

    def open(self, observer: Observer) -> None:
        """There is nothing to watch."""

    def claim(self) -> Claim:
        """The window is always the same, and the caret at its end."""
        continues, self._claimed = self._claimed, True
        return Claim(continues, erasing=Erasing.EXACT, several_lines=True)

    def apply(self, patch: Patch) -> None:
        """Erase and type. Raises KeyboardError for a patch that erases more than there is."""
        try:
            self._text = patches.apply(self._text, patch)
        except ValueError as impossible:
            raise KeyboardError(
                f"This patch can't be typed: {impossible}.",
                "It is an error in voicetype; please report it with the log.",
            ) from impossible

    def read(self, characters: int) -> str | None:
        """The end of the text."""
        return self._text[len(self._text) - characters :] if characters < len(self._text) else self._text

    def release(self) -> None:
        """There is nothing to give back."""

    def close(self) -> None:
        """Keep the text."""
