"""Whether the application shows what was typed, where it lets that be read."""

from __future__ import annotations

import time
from collections.abc import Callable

from voicetype.core.evidence import SPARE, agrees

_SHOWN_S = 0.4
"""By then a program that is not hung has taken its keys and told its accessible text."""
_POLL_S = 0.005


class Proof:
    """What one field says of itself, from its claim on. Used by the typist thread alone.

    A field whose text can be read may still say something else than what it shows (a terminal, a canvas).
    So it is believed from the first time on that it shows what was typed, or something new that is not.
    """

    def __init__(self, read: Callable[[int], str | None]) -> None:
        self._read = read
        self._believed = False
        self._first = read(SPARE)
        self._silent = self._first is None

    def denied(self, expected: str) -> bool:
        """Whether the field shows something else than `expected` before its caret; waits until it agrees."""
        if self._silent or not expected:
            return False
        wanted, until_s = len(expected) + SPARE, time.monotonic() + _SHOWN_S
        while (seen := self._read(wanted)) is not None:
            if agrees(seen, expected):
                self._believed = True
                return False
            if time.monotonic() >= until_s:
                changed = seen[-SPARE:] != self._first
                self._silent = not (self._believed or changed)
                return self._believed or changed
            time.sleep(_POLL_S)
        return False
