"""Where the overlay goes, what of the text it shows, and when there is one; on a real display in real/."""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicetype.overlay import Overlay, refusal
from voicetype.overlay.layout import MARK, Area, bounded, newest, position
from voicetype.toolkit import Toolkit
from voicetype.x11.shape import rounded

SIZE = (600, 60)
SCREEN = Area(0, 0, 1920, 1080)
SECOND = Area(1920, -200, 1280, 1024)  # to the right of the first, and higher

LTR, RTL = "\u200e", "\u200f"


@pytest.mark.parametrize("area", [SCREEN, SECOND])
def test_at_the_foot_it_is_in_the_middle_whatever_the_pointer_does(area: Area) -> None:
    x, y = position(area, (area.x + 7, area.y + 7), SIZE, "foot")
    assert x + SIZE[0] / 2 == area.x + area.width / 2
    assert 0.9 * area.height < y + SIZE[1] - area.y < area.height
    assert position(area, (area.x + 700, area.y + 700), SIZE, "foot") == (x, y)


@given(st.sampled_from([SCREEN, SECOND]), st.floats(0, 1), st.floats(0, 1))
def test_near_the_pointer_it_is_on_its_screen_and_leaves_the_pointer_free(
    area: Area, across: float, down: float
) -> None:
    pointer = area.x + int(across * (area.width - 1)), area.y + int(down * (area.height - 1))
    x, y = position(area, pointer, SIZE, "pointer")
    assert area.x <= x <= area.x + area.width - SIZE[0]
    assert area.y <= y <= area.y + area.height - SIZE[1]
    assert x <= pointer[0] <= x + SIZE[0]
    away = max(y - pointer[1], pointer[1] - (y + SIZE[1]))
    assert 20 < away < 60


@pytest.mark.parametrize("place", ["foot", "pointer"])
def test_on_a_screen_that_is_too_small_its_beginning_is_seen(place: str) -> None:
    assert position(Area(10, 20, 300, 40), (50, 30), SIZE, place) == (10, 20)


def starts(*lines: str) -> list[int]:
    return [len("".join(lines[:each]).encode()) for each in range(len(lines))]


def test_two_lines_are_shown_whole() -> None:
    lines = ("Größe 日本 ", "and more")
    assert newest("".join(lines), starts(*lines), LTR) == f"{LTR}Größe 日本\n{LTR}and more"
    assert newest("one", [0], RTL) == f"{RTL}one"


def test_of_more_lines_the_last_two() -> None:
    lines = ("first ", "Größe 日本 ", "dritte ", "and more")
    assert newest("".join(lines), starts(*lines), LTR) == f"{LTR}{MARK}dritte\n{LTR}and more"


@given(st.text(max_size=3_000), st.characters(exclude_characters="\n"))
def test_a_long_text_keeps_its_end(text: str, more: str) -> None:
    assert len(bounded(text)) <= 3 * 800  # " ⏎ " for each line's end
    assert "\n" not in bounded(text)
    if more.isalnum():
        assert bounded(text + more).endswith(more)


def test_a_long_text_seldom_begins_elsewhere() -> None:
    """Else all its words would move with each that is added."""
    words = [f"word{number}" for number in range(600)]
    begins = [bounded(" ".join(words[:each]))[:20] for each in range(1, 600)]
    changes = sum(one != other for one, other in pairwise(begins[5:]))
    assert 0 < changes < 30
    assert bounded("a\nb\x07") == "a ⏎ b·"


X11 = {"DISPLAY": ":0", "XDG_SESSION_TYPE": "x11"}
WAYLAND = {"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}


@pytest.mark.parametrize(
    ("value", "environment", "shown"),
    [
        ("auto", X11, True),
        ("auto", WAYLAND, False),
        ("auto", {"DISPLAY": ":0", "XDG_SESSION_TYPE": "wayland"}, False),
        ("auto", {}, False),
        ("always", X11, True),
        ("always", WAYLAND, True),
        ("never", X11, False),
    ],
)
def test_when_there_is_one(value: str, environment: dict[str, str], shown: bool) -> None:
    assert bool(refusal(value, environment)) is not shown
    assert (refusal(value, environment) == "") == shown


def test_round_corners_lose_the_corners_alone() -> None:
    rows = rounded(100, 40, 10)
    assert sum(height for _, _, _, height in rows) == 40
    assert [y for _, y, _, _ in rows] == sorted(y for _, y, _, _ in rows)
    assert rows[0][0] == rows[-1][0] > 3
    assert (0, 10, 100, 20) in rows
    assert all(2 * x + width == 100 for x, _, width, _ in rows)
    lost = 100 * 40 - sum(width * height for _, _, width, height in rows)
    assert lost == pytest.approx((4 - 3.1416) * 10**2, rel=0.15)


def test_round_corners_of_next_to_nothing() -> None:
    assert sum(height for _, _, _, height in rounded(3, 5, 10)) == 5


class Stuck(Toolkit):
    """Does what it was asked to when a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.posted: list[Callable[[], object]] = []

    def post(self, work: Callable[[], object]) -> None:
        """Later."""
        self.posted.append(work)


def test_a_desktop_that_stands_still_is_told_no_more_and_once(caplog: pytest.LogCaptureFixture) -> None:
    toolkit = Stuck()
    overlay = Overlay(toolkit, "foot")
    with caplog.at_level(logging.WARNING):
        for n in range(2000):
            overlay.level(0.5)
            overlay.text(f"word {n}")
    assert len(toolkit.posted) == 100
    assert len(caplog.records) == 1
    for work in toolkit.posted:
        work()
    overlay.text("on it goes")
    assert len(toolkit.posted) == 101
