"""Which keys type a character: the core keymap of the X server, read as text. Pure.

A row of the core keymap has the keysyms of one keycode: first group plain and with Shift, second
group plain and with Shift, and then levels 3 and 4 of the first group, unless there are two
groups, when these columns may be the second group's. So level 3 is used only where there is one
group. Third and fourth groups have no fixed place: their characters go to spare keycodes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from Xlib import X

BACKSPACE = 0xFF08
SHIFT = 0xFFE1
_LEVEL_3_SHIFT = 0xFE03
_NUM_LOCK = 0xFF7F
_UNICODE = 0x1000000

# The keysyms of other scripts follow character sets of their time (X11 protocol, appendix A):
# the second byte of the keysym -> the set in which the last byte is the character.
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
_LAST_GREEK_ACCENT = 0x07C0  # below, keysyms and ISO 8859-7 part ways
_EXCEPTIONS = {0x07D2: "Σ", 0x07D3: "", 0x07F2: "σ", 0x07F3: "ς", 0x20AC: "€"}


@dataclass(frozen=True, slots=True)
class Stroke:
    """One character: the keys held meanwhile (Shift, level 3), and the key."""

    keycode: int
    modifiers: tuple[int, ...] = ()


@lru_cache(maxsize=4096)
def character_of(keysym: int) -> str:
    """What a keysym types; empty for keys without a character, and for those not worth a table."""
    if 0x20 <= keysym <= 0x7E or 0xA0 <= keysym <= 0xFF:
        return chr(keysym)
    if _UNICODE < keysym <= _UNICODE + 0x10FFFF:
        return chr(keysym - _UNICODE)
    if keysym in _EXCEPTIONS:
        return _EXCEPTIONS[keysym]
    codec = _CHARACTER_SETS.get(keysym >> 8)
    if codec is None or keysym & 0xFF < 0xA0 or 0x0700 <= keysym <= _LAST_GREEK_ACCENT:
        return ""
    found = bytes([keysym & 0xFF]).decode(codec, errors="ignore")
    # KOI8 has box drawing where the keysyms have nothing.
    return found if found and unicodedata.category(found)[0] in "LNM" else ""


def keysym_of(character: str) -> int:
    """The keysym to bind for a character."""
    code = ord(character)
    return code if 0x20 <= code <= 0x7E or 0xA0 <= code <= 0xFF else _UNICODE | code


@dataclass(frozen=True)
class Keymap:
    """The keymap as it stands.

    `rows[n]` has the keysyms of keycode `first + n`, `modifiers[bit]` the keycodes of a modifier.
    """

    first: int
    rows: tuple[tuple[int, ...], ...]
    modifiers: tuple[tuple[int, ...], ...]
    group: int

    def stroke(self, character: str) -> Stroke | None:
        """How to type a character in the active group, if it can be typed."""
        return self._strokes.get(character)

    def keycodes(self, keysym: int) -> list[int]:
        """The keys that give a keysym without a modifier, in any of the first two groups."""
        return [code for code, row in self._keys() if keysym in (row[0], *row[2:3])]

    @cached_property
    def modifier_keys(self) -> frozenset[int]:
        """Every key that is a modifier, or only shifts levels, groups and locks."""
        mapped = {code for codes in self.modifiers for code in codes if code}
        return frozenset(mapped | {code for code, row in self._keys() if _is_modifier(row[0])})

    @cached_property
    def lock_keys(self) -> frozenset[int]:
        """Caps Lock and Num Lock: holding one does not change what is typed."""
        return frozenset({*self.modifiers[X.LockMapIndex], *self.keycodes(_NUM_LOCK)})

    @cached_property
    def num_lock_mask(self) -> int:
        """The bits of Num Lock in a modifier state."""
        keys = set(self.keycodes(_NUM_LOCK))
        return sum(1 << bit for bit, codes in enumerate(self.modifiers) if keys & set(codes))

    @cached_property
    def spares(self) -> list[int]:
        """Keycodes that nothing is bound to."""
        return [code for code, row in self._keys() if not any(row) and code not in self.modifier_keys]

    def keysym(self, keycode: int) -> int:
        """The first keysym of a keycode."""
        return self.rows[keycode - self.first][0]

    @cached_property
    def _strokes(self) -> dict[str, Stroke]:
        levels = self._levels()
        strokes: dict[str, Stroke] = {}
        for level, (modifiers, column) in enumerate(levels):
            for code, row in self._keys():
                keysym = row[self._column(row, column, level)]
                if character := character_of(keysym):
                    strokes.setdefault(character, Stroke(code, modifiers))
        return strokes

    def _levels(self) -> list[tuple[tuple[int, ...], int]]:
        """Levels that can be reached: the keys held for it, and the column of the first group."""
        levels: list[tuple[tuple[int, ...], int]] = [((), 0)]
        shift, third = self.keycodes(SHIFT)[:1], self.keycodes(_LEVEL_3_SHIFT)[:1]
        if shift:
            levels.append(((shift[0],), 1))
        if third and self._has_one_group and len(self.rows[0]) > 4:
            levels.append(((third[0],), 4))
            if shift and len(self.rows[0]) > 5:
                levels.append(((third[0], shift[0]), 5))
        return levels if self.group < 2 else levels[:0]

    def _column(self, row: Sequence[int], column: int, level: int) -> int:
        """Keys of one group give it in the second group, too."""
        second = self.group == 1 and level < 2 and any(row[2:4])
        return column + 2 if second else column

    @cached_property
    def _has_one_group(self) -> bool:
        return all(not any(row[2:4]) or row[2:4] == row[:2] for row in self.rows)

    def _keys(self) -> list[tuple[int, tuple[int, ...]]]:
        return [(self.first + index, row) for index, row in enumerate(self.rows)]


def _is_modifier(keysym: int) -> bool:
    return 0xFFE1 <= keysym <= 0xFFEE or 0xFE01 <= keysym <= 0xFE13 or keysym in (0xFF7E, _NUM_LOCK)
