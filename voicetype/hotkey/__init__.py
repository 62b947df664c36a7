"""Ways to hear the push-to-talk key; `Hotkey` is the seam, the adapters never import each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

NOT_YET, TAKEN_BACK = "not chosen yet", "taken back by the desktop"
"""In a hotkey's name, in the place of the key that the user is still asked for, or that is gone."""


class Key(Enum):
    """What the push-to-talk key, or another key beside it, did."""

    DOWN = "down"
    UP = "up"
    OTHER = "other"  # another key went down, anywhere
    ESCAPE = "escape"


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """A key event of the user's own, never one that voicetype typed. `time_s` is monotonic, in seconds."""

    key: Key
    time_s: float


class Hotkey(Protocol):
    """A push-to-talk key. The observer is called on a thread of the adapter's own."""

    @property
    def name(self) -> str:
        """The way and the key, for people: "x11: Control_R"."""

    def open(self, observer: Callable[[KeyEvent], None]) -> None:
        """Grab the key. Raises HotkeyError when it is taken or unknown, with the nearest names."""

    def dictating(self, active: bool) -> None:
        """While a dictation runs, Escape is ours as well: the application must not see it."""

    def close(self) -> None:
        """Let go of the key. Safe to call twice."""
