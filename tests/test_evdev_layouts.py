"""Which keyboard layout is in use, as desktops and the system tell it; and the kernel's own numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from voicetype.evdev import devices
from voicetype.evdev.layouts import InUse, in_use
from voicetype.evdev.xkb import Names

GNOME, KDE = {"XDG_CURRENT_DESKTOP": "ubuntu:GNOME"}, {"XDG_CURRENT_DESKTOP": "KDE"}
HEADERS = [Path("/usr/include/linux/input.h"), Path("/usr/include/linux/uinput.h")]


def said(answers: Mapping[str, str], command: Sequence[str]) -> str:
    return next((answer for words, answer in answers.items() if words in " ".join(command)), "")


def asked(
    tmp_path: Path, environment: Mapping[str, str], answers: Mapping[str, str], system: str = ""
) -> InUse:
    default = tmp_path / "keyboard"
    default.write_text(system)
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    return in_use({**home, **environment}, lambda command: said(answers, command), default)


@pytest.mark.parametrize(
    ("environment", "answers", "system", "used"),
    [
        ({}, {}, "", InUse(Names("us"), 0)),
        ({"XKB_DEFAULT_LAYOUT": "de"}, {}, "XKBLAYOUT=fr", InUse(Names("de"), 0)),
        (
            {"XKB_DEFAULT_LAYOUT": "us,de", "XKB_DEFAULT_VARIANT": "dvorak,", "XKB_DEFAULT_OPTIONS": "a:b"},
            {},
            "",
            InUse(Names("us,de", "dvorak,", options="a:b"), None),
        ),
        (
            {},
            {},
            '# comment\nXKBMODEL="pc105"\nXKBLAYOUT="de"\nXKBVARIANT="nodeadkeys"\n',
            InUse(Names("de", "nodeadkeys", "pc105"), 0),
        ),
        ({}, {}, 'XKBLAYOUT="us,ru"', InUse(Names("us,ru"), None)),
        (
            GNOME,
            {
                "mru-sources": "[('xkb', 'de+neo'), ('xkb', 'us')]",
                "input-sources sources": "[('xkb', 'us')]",
                "xkb-options": "['caps:escape', 'compose:ralt']",
            },
            "XKBLAYOUT=fr",
            InUse(Names("de", "neo", options="caps:escape,compose:ralt"), 0),
        ),
        (
            GNOME,
            {
                "mru-sources": "@a(ss) []",
                "input-sources sources": "[('ibus', 'libpinyin'), ('xkb', 'ch+fr')]",
                "xkb-options": "@as []",
            },
            "",
            InUse(Names("ch", "fr"), 0),
        ),
        (GNOME, {}, "XKBLAYOUT=fr", InUse(Names("fr"), 0)),
    ],
)
def test_whoever_knows_is_asked(
    tmp_path: Path, environment: Mapping[str, str], answers: Mapping[str, str], system: str, used: InUse
) -> None:
    assert asked(tmp_path, environment, answers, system) == used


@pytest.mark.parametrize(
    ("settings", "answer", "used"),
    [
        ("LayoutList=us,de\nVariantList=,nodeadkeys", "u 1", InUse(Names("us,de", ",nodeadkeys"), 1)),
        ("LayoutList=us,de", "", InUse(Names("us,de"), None)),
        ("LayoutList=se\nUse=true\nOptions=caps:none", "", InUse(Names("se", options="caps:none"), 0)),
        ("LayoutList=us,de\nUse=false", "u 1", InUse(Names("fr"), 0)),
        ("", "", InUse(Names("fr"), 0)),
    ],
)
def test_kde_keeps_it_in_a_file(tmp_path: Path, settings: str, answer: str, used: InUse) -> None:
    text = f"[Other]\nLayoutList=jp\n[Layout]\n{settings}\n[Last]\nLayoutList=kr\n"
    (tmp_path / "kxkbrc").write_text(text)
    assert asked(tmp_path, KDE, {"org.kde.keyboard": answer}, "XKBLAYOUT=fr") == used


def test_commands_that_are_not_here() -> None:
    from voicetype.evdev.layouts import run

    assert run(["no such command of anybody's"]) == ""
    assert run(["false"]) == ""
    assert run(["echo", "u 1"]) == "u 1"


@pytest.mark.skipif(not all(header.exists() for header in HEADERS), reason="the kernel's headers are missing")
def test_the_numbers_are_the_kernels() -> None:
    """Each request's group and number, as the headers have them."""
    text = "".join(header.read_text() for header in HEADERS)
    for name, number in {
        "EVIOCGNAME": devices._GET_NAME,
        "EVIOCGKEY": devices._GET_HELD,
        "EVIOCSMASK": devices._SET_MASK,
        "UI_DEV_CREATE": devices._CREATE,
        "UI_DEV_DESTROY": devices._DESTROY,
        "UI_DEV_SETUP": devices._SETUP,
        "UI_SET_EVBIT": devices._ENABLE_TYPE,
        "UI_SET_KEYBIT": devices._ENABLE_KEY,
        "UI_SET_LEDBIT": devices._ENABLE_LED,
    }.items():
        found = re.search(rf"#define {name}(?:\(len\))?\s+_IO(\w?)\((?:_IOC_READ, )?(\S+), (\w+)", text)
        assert found, name
        kind, group, each = found.groups()
        assert number >> 30 == {"": 0, "W": 1, "R": 2, "C": 2}[kind], name
        assert chr(number >> 8 & 0xFF) == {"'E'": "E", "UINPUT_IOCTL_BASE": "U"}[group], name
        assert number & 0xFF == int(each, 0), name
