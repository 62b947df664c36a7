"""What a push-to-talk key means: hold to speak, tap for hands-free, anything else was a shortcut. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from voicetype.hotkey import Key, KeyEvent


class Wish(Enum):
    """What the user wants of the daemon."""

    START = "start"
    STOP = "stop"
    CANCEL = "cancel"


class _Mode(Enum):
    IDLE = "idle"
    HELD = "held"  # speaking
    HANDS_FREE = "hands-free"  # speaking, the key is up
    HELD_AGAIN = "held again"  # speaking hands-free; a release stops
    SPENT = "spent"  # the key is down, and its release means nothing


@dataclass(frozen=True, slots=True)
class PushToTalk:
    """Where the key is. `tap_s`: a press shorter than this is a tap, in seconds."""

    tap_s: float = 0.35
    mode: _Mode = _Mode.IDLE
    since_s: float = 0.0

    def step(self, event: KeyEvent) -> tuple[PushToTalk, Wish | None]:
        """Take one key event in."""
        match self.mode, event.key:
            case _Mode.IDLE, Key.DOWN:
                return replace(self, mode=_Mode.HELD, since_s=event.time_s), Wish.START
            case _Mode.HELD, Key.UP if event.time_s - self.since_s < self.tap_s:
                return self._to(_Mode.HANDS_FREE), None
            case ((_Mode.HELD | _Mode.HELD_AGAIN), Key.UP):
                return self._to(_Mode.IDLE), Wish.STOP
            case _Mode.HELD, (Key.OTHER | Key.ESCAPE):
                return self._to(_Mode.SPENT), Wish.CANCEL
            case _Mode.HANDS_FREE, Key.DOWN:
                return self._to(_Mode.HELD_AGAIN), None
            case _Mode.HANDS_FREE, Key.ESCAPE:
                return self._to(_Mode.IDLE), Wish.CANCEL
            case _Mode.HELD_AGAIN, Key.OTHER:  # a shortcut in mid-dictation
                return self._to(_Mode.HANDS_FREE), None
            case _Mode.HELD_AGAIN, Key.ESCAPE:
                return self._to(_Mode.SPENT), Wish.CANCEL
            case _Mode.SPENT, Key.UP:
                return self._to(_Mode.IDLE), None
            case ((_Mode.IDLE | _Mode.SPENT), Key.ESCAPE):  # words may still be on their way
                return self, Wish.CANCEL
            case _:
                return self, None

    def begun(self) -> PushToTalk:
        """A dictation was started otherwise: from now on a tap stops it."""
        return self._to(_Mode.HANDS_FREE) if self.mode is _Mode.IDLE else self

    def ended(self) -> PushToTalk:
        """The dictation was ended otherwise."""
        held = self.mode in (_Mode.HELD, _Mode.HELD_AGAIN, _Mode.SPENT)
        return self._to(_Mode.SPENT if held else _Mode.IDLE)

    def _to(self, mode: _Mode) -> PushToTalk:
        return replace(self, mode=mode)
