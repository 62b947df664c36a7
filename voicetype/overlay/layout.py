"""Where the overlay is, and which words of a long text are in it. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from voicetype.layout import clean

LINES = 2
MARK = "… "
"""What stands for the text before."""

_FOOT = 40  # pixels from the screen's lower edge
_AWAY = 36  # pixels from the pointer: more than its own height, or a line of text's with the caret in it
_LONGEST, _STEP = 800, 200  # characters


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the screen, in pixels: a monitor without its panels."""

    x: int
    y: int
    width: int
    height: int


def position(area: Area, pointer: tuple[int, int], size: tuple[int, int], place: str) -> tuple[int, int]:
    """Where the upper left corner of a strip of this size goes: at the "foot", or near the "pointer".

    Inside the area wherever it fits, in the middle or around the pointer, which it leaves free.
    """
    width, height = size
    if place == "foot":
        x, y = area.x + (area.width - width) // 2, area.y + area.height - height - _FOOT
    else:
        x, y = pointer[0] - width // 2, pointer[1] + _AWAY
        if y + height > area.y + area.height:
            y = pointer[1] - _AWAY - height
    return _within(x, width, area.x, area.width), _within(y, height, area.y, area.height)


def _within(at: int, length: int, start: int, room: int) -> int:
    return max(start, min(at, start + room - length))


def bounded(text: str) -> str:
    """The end of a long text: enough to fill the strip, in one line. It begins where it did for a while,
    so that words keep their places while text is added."""
    skipped = max(0, math.ceil((len(text) - _LONGEST) / _STEP) * _STEP)
    return clean(text[skipped:], newline=" ⏎ ").strip()


def newest(text: str, starts: Sequence[int], direction: str) -> str:
    """The last two lines of a text. `starts`: where each line begins, in bytes of UTF-8.

    `direction`: a character that is written that way; each line is on its own, and would else follow its own
    first letter.
    """
    encoded = text.encode()
    ends = [*starts[1:], len(encoded)]
    lines = [encoded[start:end].decode().strip() for start, end in zip(starts, ends, strict=True)]
    if len(lines) > LINES:
        lines = [MARK + lines[-LINES], *lines[-LINES + 1 :]]
    return "\n".join(direction + line for line in lines)
