"""Keysyms and characters, against the library by which every Wayland desktop reads its layouts."""

from __future__ import annotations

import ctypes
import ctypes.util

import pytest

from voicetype.keyboard.keysyms import character_of, keysym_in_layouts, keysym_of

OLDER = range(0x100, 0x2100)  # the keysyms of the old character sets


@pytest.fixture(scope="module")
def xkbcommon() -> ctypes.CDLL:
    name = ctypes.util.find_library("xkbcommon")
    if not name:
        pytest.skip("libxkbcommon is not here")
    library = ctypes.CDLL(name)
    library.xkb_keysym_to_utf32.restype = ctypes.c_uint32
    library.xkb_utf32_to_keysym.restype = ctypes.c_uint32
    return library


def test_no_older_keysym_is_taken_for_another_character(xkbcommon: ctypes.CDLL) -> None:
    known = {keysym: character_of(keysym) for keysym in OLDER if character_of(keysym)}
    assert len(known) > 500
    # 0: a number that is no keysym; nobody will ever ask for it.
    theirs = {keysym: chr(xkbcommon.xkb_keysym_to_utf32(keysym) or ord(known[keysym])) for keysym in known}
    assert known == theirs


def test_a_layout_is_asked_for_the_keysym_that_it_has(xkbcommon: ctypes.CDLL) -> None:
    """Every letter, accent and sign of Europe's, the Near East's and Thailand's keyboards."""
    blocks = [*range(0x20, 0x7F), *range(0xA0, 0x250), *range(0x370, 0x460), *range(0x490, 0x492)]
    blocks += [*range(0x5D0, 0x5EB), *range(0x60C, 0x653), *range(0xE01, 0xE3B), *range(0xE40, 0xE4E)]
    blocks += [*range(0x2013, 0x2023), 0x2026, 0x20AC, 0x2122, 0x4E2D, 0x1F600]
    rare = set("ƒ‗†‡")  # no layout worth the name has them plain; their Unicode keysym does as well
    for code in blocks:
        if chr(code) not in rare:
            assert keysym_in_layouts(chr(code)) == xkbcommon.xkb_utf32_to_keysym(code), hex(code)


@pytest.mark.parametrize(
    ("character", "anywhere", "in_layouts"),
    [
        ("a", 0x61, 0x61),
        ("é", 0xE9, 0xE9),
        ("€", 0x10020AC, 0x20AC),
        ("я", 0x100044F, 0x6D1),
        ("ж", 0x1000436, 0x6D6),
        ("ά", 0x10003AC, 0x7B1),
        ("ł", 0x1000142, 0x1B3),
        ("’", 0x1002019, 0xAD1),
        ("漢", 0x1006F22, 0x1006F22),
        ("😀", 0x101F600, 0x101F600),
    ],
)
def test_keysyms(character: str, anywhere: int, in_layouts: int) -> None:
    assert (keysym_of(character), keysym_in_layouts(character)) == (anywhere, in_layouts)
    assert character_of(anywhere) == character_of(in_layouts) == character
