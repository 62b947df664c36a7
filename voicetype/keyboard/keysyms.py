"""Keysyms: the numbers by which X11, xkb and the portals name what a key types. Pure.

A character outside Latin-1 has one of its own, 0x1000000 | code point, and many have an older one beside it,
from the character sets of their time (X11 protocol, appendix A). Keyboard layouts name most of their
characters by the older one, and whoever looks a character up in a layout must ask for that.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

BACKSPACE, RETURN = 0xFF08, 0xFF0D

_UNICODE = 0x1000000

# The second byte of the keysym -> the set in which the last byte is the character.
_CHARACTER_SETS = {
    0x01: "iso8859-2",
    0x02: "iso8859-3",
    0x03: "iso8859-4",
    0x05: "iso8859-6",
    0x06: "koi8-u",
    0x07: "iso8859-7",
    0x0C: "iso8859-8",
    0x0D: "iso8859-11",
    0x13: "iso8859-15",
}
# Where keysyms and those sets part ways, and what is in none of them: the first keysym of a row, the row.
_ROWS = {
    0x05AC: "،",
    0x05BB: "؛",
    0x05BF: "؟",
    0x06A1: "ђѓёєѕіїјљњћќґўџ№ЂЃЁЄЅІЇЈЉЊЋЌҐЎЏ",
    0x07A1: "ΆΈΉΊΪ",
    0x07A7: "ΌΎΫ",
    0x07AB: "Ώ",
    0x07AE: "΅―",
    0x07B1: "άέήίϊΐόύϋΰώ",
    0x07D2: "Σ",
    0x07F2: "σς",
    0x08BC: "≤≠≥",
    0x08FB: "←↑→↓",
    0x0AA9: "—–",
    0x0AAE: "…",
    0x0AC9: "™",
    0x0AD0: "‘’“”",
    0x0AE6: "•",
    0x0AFD: "‚„",
    0x20AC: "€",
}
_OF_ROWS = {first + place: each for first, row in _ROWS.items() for place, each in enumerate(row)}
# No keysyms at all, although the sets have characters there.
_NOTHING = {*range(0x07A1, 0x07C1), *range(0x07DA, 0x07E1), 0x07D3, *range(0x07FA, 0x07FF), 0x0DEE, 0x13A4}


@lru_cache(maxsize=4096)
def character_of(keysym: int) -> str:
    """What a keysym types; empty for keys without a character, and for those not worth a table."""
    if 0x20 <= keysym <= 0x7E or 0xA0 <= keysym <= 0xFF:
        return chr(keysym)
    if _UNICODE < keysym <= _UNICODE + 0x10FFFF:
        return chr(keysym - _UNICODE)
    if keysym in _OF_ROWS:
        return _OF_ROWS[keysym]
    codec = _CHARACTER_SETS.get(keysym >> 8)
    if codec is None or keysym & 0xFF < 0xA0 or keysym in _NOTHING:
        return ""
    found = bytes([keysym & 0xFF]).decode(codec, errors="ignore")
    # KOI8 has box drawing where the keysyms have nothing.
    return found if found and unicodedata.category(found)[0] in "LNM" else ""


def keysym_of(character: str) -> int:
    """The keysym that every program takes for the character, whatever layout names it otherwise."""
    code = ord(character)
    return code if 0x20 <= code <= 0x7E or 0xA0 <= code <= 0xFF else _UNICODE | code


def keysym_in_layouts(character: str) -> int:
    """The keysym by which layouts name the character, as `xkb_utf32_to_keysym` has it."""
    unicode = keysym_of(character)
    return unicode if unicode <= 0xFF else _older().get(character, unicode)


@lru_cache(maxsize=1)
def _older() -> dict[str, int]:
    older = {character: keysym for keysym, character in _OF_ROWS.items()}
    for keysym in _of_sets():
        if character := character_of(keysym):
            older.setdefault(character, keysym)
    return older


def _of_sets() -> Iterator[int]:
    for page in _CHARACTER_SETS:
        yield from range(page << 8 | 0xA0, (page << 8 | 0xFF) + 1)
