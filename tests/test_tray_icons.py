"""The icons: which is shown when, and that each can be told from the others where they are small."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise

import pytest
from PIL import Image, ImageChops, ImageStat

from voicetype.control import State, Status
from voicetype.tray.icons import GAUGES, STEPS, Face, draw, face, looks, step

READY = Status(State.IDLE, True, "en", "tiny.en", "base", "x11", "x11: Control_R", "1.0")
PANELS = ("#ffffff", "#f5f4f2", "#808080", "#202020", "#000000")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (READY, Face.IDLE),
        (replace(READY, ready=False), Face.LOADING),
        (replace(READY, loading="Loading small"), Face.LOADING),
        (replace(READY, state=State.LISTENING), Face.LISTENING),
        (replace(READY, state=State.LISTENING, ready=False, loading="Loading small"), Face.LISTENING),
        (replace(READY, state=State.FINISHING), Face.FINISHING),
        (replace(READY, state=State.LISTENING, sending="a.example"), Face.SENDING),
        (replace(READY, state=State.FINISHING, sending="a.example"), Face.SENDING),
        (replace(READY, sending="a.example"), Face.SENDING),
        (replace(READY, state=State.ERROR, ready=False), Face.ERROR),
    ],
)
def test_the_face_of_a_status(status: Status, expected: Face) -> None:
    assert face(status) is expected


@pytest.mark.parametrize(
    ("level", "expected"),
    [(0.0, 0), (0.01, 1), (0.25, 1), (0.26, 2), (0.75, 3), (0.76, 4), (1.0, 4), (-1.0, 0), (7.0, 4)],
)
def test_the_step_of_a_level(level: float, expected: int) -> None:
    assert step(level) == expected


def small(look: tuple[Face, int], panel: str) -> Image.Image:
    """As a panel of this colour shows it."""
    picture = draw(*look).resize((22, 22), Image.Resampling.BICUBIC)
    shown = Image.new("RGB", picture.size, panel)
    shown.paste(picture, (0, 0), picture)
    return shown


def differing(one: Image.Image, other: Image.Image) -> int:
    """Pixels that differ visibly in lightness or colour."""
    difference = ImageChops.difference(one, other).convert("L")
    return sum(difference.histogram()[40:])


@pytest.mark.parametrize("panel", PANELS)
def test_every_icon_can_be_told_from_every_other(panel: str) -> None:
    for one, other in combinations(looks(), 2):
        assert differing(small(one, panel), small(other, panel)) >= 8, f"{one} {other}"


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("look", looks(), ids=str)
def test_every_icon_stands_out_from_its_panel(look: tuple[Face, int], panel: str) -> None:
    bare = Image.new("RGB", (22, 22), panel)
    # The microphone where the panel is dark, the disc where it is light.
    assert differing(small(look, panel), bare) >= 60


@pytest.mark.parametrize("panel", PANELS)
def test_without_colour_faces_differ_in_shape(panel: str) -> None:
    grey = {face: small((face, 0), panel).convert("L").convert("RGB") for face in Face}
    for one, other in combinations(Face, 2):
        assert differing(grey[one], grey[other]) >= 8, f"{one} {other}"


@pytest.mark.parametrize("face", GAUGES)
def test_louder_is_whiter(face: Face) -> None:
    white = [ImageStat.Stat(draw(face, step).convert("L")).sum[0] for step in range(STEPS)]
    assert all(quiet < loud for quiet, loud in pairwise(white))


def test_icons_are_square_with_clear_corners_and_drawn_once() -> None:
    for look in looks():
        picture = draw(*look)
        assert picture.mode == "RGBA"
        assert picture.width == picture.height
        assert picture.getpixel((0, 0)) == (0, 0, 0, 0)
        assert draw(*look) is picture
