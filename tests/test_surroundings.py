"""What a session offers to type with."""

from __future__ import annotations

from pathlib import Path

import pytest

from voicetype.keyboard.choose import Offers
from voicetype.surroundings import choose, has_portal, offers
from voicetype.ways import is_wayland


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    for name in (
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "XDG_SESSION_TYPE",
        "DBUS_SESSION_BUS_ADDRESS",
        "IBUS_ADDRESS",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("environment", "wayland"),
    [
        ({}, False),
        ({"DISPLAY": ":0"}, False),
        ({"DISPLAY": ":0", "XDG_SESSION_TYPE": "x11"}, False),
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, True),
        ({"DISPLAY": ":0", "XDG_SESSION_TYPE": "wayland"}, True),
    ],
)
def test_which_session_it_is(environment: dict[str, str], wayland: bool) -> None:
    assert is_wayland(environment) is wayland


def test_nothing_is_offered_where_nothing_runs() -> None:
    found = offers()
    assert (found.display, found.wayland, found.protocols, found.ibus, found.portal) == (
        False, False, frozenset(), False, False,
    )  # fmt: skip
    assert choose("auto").ways == ()


def test_a_compositor_that_does_not_answer_offers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-7")
    assert offers().wayland
    assert offers().protocols == frozenset()


def test_ibus_that_was_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("IBUS_ADDRESS", "unix:path=/nowhere")
    assert offers() == Offers(display=True, ibus=True, uinput=offers().uinput)
    assert choose("auto").ways == ("x11", "ibus")


def test_portals_are_told_by_their_files(tmp_path: Path) -> None:
    folder = tmp_path / "share/xdg-desktop-portal/portals"
    folder.mkdir(parents=True)
    folder.joinpath("kde.portal").write_text(
        "[portal]\nInterfaces=org.freedesktop.impl.portal.Screenshot;org.freedesktop.impl.portal.RemoteDesktop\n"
    )
    session = {
        "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere",
        "XDG_DATA_DIRS": f"{tmp_path / 'share'}:/none",
    }
    assert has_portal("RemoteDesktop", session)
    assert not has_portal("GlobalShortcuts", session)
    assert not has_portal("RemoteDesktop", {"XDG_DATA_DIRS": session["XDG_DATA_DIRS"]})
