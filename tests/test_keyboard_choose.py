"""Which keyboard is taken in which environment."""

from __future__ import annotations

import pytest

from voicetype.errors import KeyboardError
from voicetype.keyboard.choose import detect

X11 = {"DISPLAY": ":0"}
WAYLAND = {"WAYLAND_DISPLAY": "wayland-0"}


@pytest.mark.parametrize(
    ("wanted", "environment", "name"),
    [
        ("auto", X11, "x11"),
        ("auto", X11 | {"XDG_SESSION_TYPE": "x11"}, "x11"),
        ("x11", X11, "x11"),
        ("x11", X11 | WAYLAND, "x11"),
        ("dummy", {}, "dummy"),
        ("dummy", X11, "dummy"),
    ],
)
def test_chosen(wanted: str, environment: dict[str, str], name: str) -> None:
    assert detect(wanted, environment) == name


@pytest.mark.parametrize(
    ("wanted", "environment", "named"),
    [
        ("auto", {}, "DISPLAY"),
        ("auto", {"DISPLAY": ""}, "DISPLAY"),
        ("auto", WAYLAND, "Wayland"),
        ("auto", X11 | WAYLAND, "Wayland"),
        ("auto", X11 | {"XDG_SESSION_TYPE": "wayland"}, "Wayland"),
    ],
)
def test_refused(wanted: str, environment: dict[str, str], named: str) -> None:
    with pytest.raises(KeyboardError) as caught:
        detect(wanted, environment)
    assert named in caught.value.sentence
    assert caught.value.hint
