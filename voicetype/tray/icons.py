"""The tray's icons: a microphone on a disc, drawn so that it reads at 22 pixels on dark and light panels.

Colour alone tells nothing: each state has a shape of its own, too.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from math import ceil
from typing import TypeAlias

from PIL import Image, ImageDraw

from voicetype.control import State, Status

STEPS = 5
"""How many levels the icon of listening can show: 0 is silence."""

_SIZE = 64  # pixels; panels scale it down, and a dense screen has use for them
_FINER = 4  # drawn so many times larger: Pillow does not smooth edges
_WHITE, _RIM = (255, 255, 255, 255), (255, 255, 255, 150)

_Box: TypeAlias = tuple[float, float, float, float]
_CAPSULE: _Box = (24, 11, 40, 39)


class Face(StrEnum):
    """What the icon tells."""

    IDLE = "idle"
    LOADING = "loading"
    LISTENING = "listening"
    FINISHING = "finishing"
    SENDING = "sending"  # to another machine, while it listens or finishes
    ERROR = "error"


GAUGES = (Face.LISTENING, Face.SENDING)
"""The faces that show a level."""

_DISC = {
    Face.IDLE: (84, 96, 112, 255),
    Face.LOADING: (84, 96, 112, 255),
    Face.LISTENING: (206, 32, 52, 255),
    Face.FINISHING: (190, 108, 0, 255),
    Face.SENDING: (206, 32, 52, 255),
    Face.ERROR: (52, 56, 64, 255),
}


def face(status: Status) -> Face:
    """The face of a status: while a model comes beside two that hear, that is worth showing, too.

    That something leaves this machine is worth more than all else.
    """
    if status.sending:
        return Face.SENDING
    if status.state is State.IDLE and (status.loading or not status.ready):
        return Face.LOADING
    return Face(status.state.value)


def step(level: float) -> int:
    """0 to STEPS - 1, of a level from 0 to 1: above 0 there is always something to see."""
    return min(STEPS - 1, max(0, ceil(level * (STEPS - 1))))


def looks() -> list[tuple[Face, int]]:
    """Every icon there is, by what `draw` takes."""
    return [(face, step) for face in Face for step in range(STEPS if face in GAUGES else 1)]


@cache
def draw(face: Face, step: int = 0) -> Image.Image:
    """64 x 64 pixels, RGBA."""
    image = Image.new("RGBA", (_SIZE * _FINER, _SIZE * _FINER))
    pen = _Pen(ImageDraw.Draw(image))
    pen.disc((0, 0, 64, 64), _RIM)
    pen.disc((2, 2, 62, 62), _DISC[face])
    _microphone(pen, filled=step / (STEPS - 1) if face in GAUGES else 1.0, disc=_DISC[face])
    match face:
        case Face.LOADING:
            _turning(pen)
        case Face.LISTENING:
            _waves(pen, step)
        case Face.FINISHING:
            _dots(pen)
        case Face.SENDING:
            _leaving(pen)
        case Face.ERROR:
            _stroke(pen)
    return image.resize((_SIZE, _SIZE), Image.Resampling.LANCZOS)


class _Pen:
    """Draws in the coordinates of the finished icon."""

    def __init__(self, canvas: ImageDraw.ImageDraw) -> None:
        self._canvas = canvas

    def disc(self, box: _Box, colour: tuple[int, ...]) -> None:
        self._canvas.ellipse(_fine(box), fill=colour)

    def capsule(self, box: _Box, colour: tuple[int, ...]) -> None:
        radius = min(box[2] - box[0], box[3] - box[1]) / 2
        self._canvas.rounded_rectangle(_fine(box), radius * _FINER, fill=colour)

    def bar(self, box: _Box, colour: tuple[int, ...]) -> None:
        self._canvas.rectangle(_fine(box), fill=colour)

    def arc(self, box: _Box, angles: tuple[float, float], width: float, colour: tuple[int, ...]) -> None:
        """`angles` in degrees, clockwise from three o'clock."""
        self._canvas.arc(_fine(box), *angles, fill=colour, width=round(width * _FINER))

    def line(self, box: _Box, width: float, colour: tuple[int, ...]) -> None:
        self._canvas.line(_fine(box), fill=colour, width=round(width * _FINER))


def _fine(box: _Box) -> _Box:
    left, top, right, bottom = (each * _FINER for each in box)
    return left, top, right, bottom


def _microphone(pen: _Pen, filled: float, disc: tuple[int, ...]) -> None:
    """The capsule is full to the level, as a gauge is."""
    left, top, right, bottom = _CAPSULE
    pen.capsule(_CAPSULE, _WHITE)
    if filled < 1:
        pen.capsule((left + 3, top + 3, right - 3, bottom - 3 - (bottom - top - 6) * filled), disc)
    pen.arc((17, 18, 47, 48), (0, 180), 4.5, _WHITE)
    pen.bar((29.75, 46, 34.25, 54), _WHITE)
    pen.bar((22, 52, 42, 56), _WHITE)


def _turning(pen: _Pen) -> None:
    """A ring that is not closed yet."""
    pen.arc((2, 2, 62, 62), (-90, 170), 7, (90, 190, 255, 255))


def _waves(pen: _Pen, step: int) -> None:
    """Sound on both sides, the louder the more."""
    for reach in range((step + 1) // 2):
        edge = 10 - reach * 6
        for angles in ((-35, 35), (145, 215)):
            pen.arc((edge, 6 - reach * 6, 64 - edge, 54 + reach * 6), angles, 4, _WHITE)


def _dots(pen: _Pen) -> None:
    """An ellipsis over the foot."""
    pen.bar((2 + 14, 45, 62 - 14, 59), _DISC[Face.FINISHING])
    for x in (18, 32, 46):
        pen.disc((x - 5, 46, x + 5, 56), _WHITE)


def _leaving(pen: _Pen) -> None:
    """An arrow that leaves the disc at its upper right."""
    for width, colour in ((14, _DISC[Face.SENDING]), (6, _WHITE)):
        pen.line((42, 22, 58, 6), width, colour)
        pen.bar((44, 3, 61, 9), colour)
        pen.bar((55, 3, 61, 20), colour)


def _stroke(pen: _Pen) -> None:
    """Struck through, from rim to rim."""
    pen.line((12, 12, 52, 52), 13, _DISC[Face.ERROR])
    pen.line((10, 10, 54, 54), 7, (255, 92, 92, 255))
