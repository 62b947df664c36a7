"""Which characters the desktop behind a portal can type, by what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from voicetype.evdev.xkb import NoLayout, library
from voicetype.keyboard.portal_layout import keysyms

GNOME = {"XDG_CURRENT_DESKTOP": "ubuntu:GNOME"}
KDE = {"XDG_CURRENT_DESKTOP": "KDE", "XKB_DEFAULT_LAYOUT": "us"}


@pytest.fixture(autouse=True)
def _xkb() -> None:
    try:
        library()
    except NoLayout as missing:
        pytest.skip(f"layouts can't be asked for: {missing}")


def told(layout: str) -> Mapping[str, int]:
    """On GNOME, whose settings have this one in use and another beside it."""
    answers = {"mru-sources": f"[('xkb', '{layout}'), ('xkb', 'us')]", "xkb-options": "@as []"}
    found = keysyms(GNOME, lambda command: answers.get(command[-1], ""))
    assert found is not None
    return found


def test_gnome_types_what_its_layout_has() -> None:
    german = told("de")
    assert german.keys() >= set("azAZ019 äöüßÄ€@\\{„“’")
    assert not german.keys() & set("éжα漢😀\n\t")
    assert (german["€"], german["„"], german["ä"]) == (0x20AC, 0xAFE, 0xE4)


def test_what_takes_shift_and_altgr_would_be_another_character() -> None:
    assert not told("de").keys() & set("‚‘")


def test_a_key_that_the_desktop_finds_first_may_be_the_wrong_one() -> None:
    """Belgian: the dollar has a key, but the desktop takes the 4, where it needs Shift and AltGr."""
    belgian = told("be")
    assert "$" not in belgian
    assert belgian.keys() >= set("azé&ù")


def test_the_layout_has_one_keysym_of_two() -> None:
    """Some layouts name a character by its Unicode keysym, although there is an older one."""
    assert told("ru")["ж"] == 0x6D6
    assert told("af")["ى"] == 0x1000649


def test_the_layout_may_change() -> None:
    assert {"ж", "a"} & told("ru").keys() == {"ж"}
    assert {"ж", "a"} & told("us").keys() == {"a"}


def test_where_the_active_layout_is_not_known_each_must_have_it() -> None:
    typable = keysyms({**GNOME, "XKB_DEFAULT_LAYOUT": "us,de"}, lambda _: "")
    assert typable is not None
    assert {"a", "y", "ä"} & typable.keys() == {"a", "y"}


@pytest.mark.parametrize(
    ("version", "everything"),
    [
        ("kwin 6.5.0", True),
        ("kwin 6.10.1", True),
        ("kwin 7.0.0", True),
        ("", True),
        ("kwin 6.4.91", False),
        ("kwin 5.27.11", False),
    ],
)
def test_kwin_types_everything_since_6_5(version: str, everything: bool) -> None:
    def ask(command: Sequence[str]) -> str:
        return version if command == ("kwin_wayland", "--version") else ""

    assert (keysyms(KDE, ask) is None) == everything


@pytest.mark.parametrize("desktop", ["", "sway", "Hyprland"])
def test_nothing_is_known_of_other_desktops(desktop: str) -> None:
    assert keysyms({"XDG_CURRENT_DESKTOP": desktop}, lambda _: "") is None


def test_a_layout_that_is_not_known_forbids_nothing() -> None:
    assert keysyms({**GNOME, "XKB_DEFAULT_LAYOUT": "no such layout"}, lambda _: "") is None
