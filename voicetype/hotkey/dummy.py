"""No push-to-talk key: for machines where none is to be had. Dictation is started by command."""

from __future__ import annotations

from collections.abc import Callable

from voicetype.hotkey import KeyEvent


class DummyHotkey:
    """A key that nobody can press."""

    name = "none"

    def open(self, observer: Callable[[KeyEvent], None]) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def dictating(self, active: bool) -> None:
        """Nothing to take."""
