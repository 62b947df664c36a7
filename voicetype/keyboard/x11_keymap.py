"""Which keys type a character: the core keymap of the X server, read as text. Pure.

A row of the core keymap has the keysyms of one keycode: first group plain and with Shift, second
group plain and with Shift, and then levels 3 and 4 of the first group, unless there are two
groups, when these columns may be the second group's. So level 3 is used only where there is one
group. Third and fourth groups have no fixed place: their characters go to spare keycodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from Xlib import X

from voicetype.keyboard import typable
from voicetype.keyboard.keysyms import RETURN, character_of

SHIFT = 0xFFE1
_LEVEL_3_SHIFT = 0xFE03
_NUM_LOCK = 0xFF7F


@dataclass(frozen=True, slots=True)
class Stroke:
    """One character: the keys held meanwhile (Shift, level 3), and the key."""

    keycode: int
    modifiers: tuple[int, ...] = ()


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
        """How to type a character, or a line break, in the active group, if it can be typed."""
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
        """Caps Lock and Num Lock: a press switches them."""
        return frozenset(self.modifiers[X.LockMapIndex]) | self.num_lock_keys

    @cached_property
    def num_lock_keys(self) -> frozenset[int]:
        """They change nothing of what is typed here."""
        return frozenset(self.keycodes(_NUM_LOCK))

    @cached_property
    def num_lock_mask(self) -> int:
        """The bits of Num Lock in a modifier state."""
        keys = self.num_lock_keys
        return sum(1 << bit for bit, codes in enumerate(self.modifiers) if keys & set(codes))

    @cached_property
    def unused_modifier_mask(self) -> int:
        """A modifier that no key has; 0 where all are taken."""
        return next((1 << bit for bit, codes in enumerate(self.modifiers) if not any(codes)), 0)

    @cached_property
    def writing_keys(self) -> frozenset[int]:
        """Keys that change a text or move the caret: a user who holds one down repeats it."""
        return frozenset(code for code, row in self._keys() if _writes(row[0])) - self.modifier_keys

    def without(self, keycodes: Iterable[int]) -> Keymap:
        """The same with nothing bound to these."""
        rows, unbound = list(self.rows), set(keycodes)
        for code in unbound:
            rows[code - self.first] = (0,) * len(self.rows[0])
        return replace(self, rows=tuple(rows)) if unbound else self

    @cached_property
    def spares(self) -> list[int]:
        """Keycodes that nothing is bound to."""
        return [code for code, row in self._keys() if not any(row) and code not in self.modifier_keys]

    def keysym(self, keycode: int) -> int:
        """The first keysym of a keycode."""
        return self.rows[keycode - self.first][0]

    def is_bound(self, keycode: int, keysym: int) -> bool:
        """Whether a key gives this keysym and no other."""
        row = self.rows[keycode - self.first] if 0 <= keycode - self.first < len(self.rows) else ()
        return {*row} - {0} == {keysym}

    @cached_property
    def _strokes(self) -> dict[str, Stroke]:
        levels = self._levels()
        strokes: dict[str, Stroke] = {}
        for level, (modifiers, column) in enumerate(levels):
            for code, row in self._keys():
                keysym = row[self._column(row, column, level)]
                if character := character_of(keysym):
                    strokes.setdefault(character, Stroke(code, modifiers))
        for code in self.keycodes(RETURN)[:1]:
            strokes[typable.RETURN] = Stroke(code)
            for shift in self.keycodes(SHIFT)[:1]:
                strokes[typable.SHIFT_RETURN] = Stroke(code, (shift,))
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


def _writes(keysym: int) -> bool:
    """Characters, dead keys, BackSpace to Return, the arrows, the keypad, Delete."""
    editing = 0xFF08 <= keysym <= 0xFF0D or 0xFF50 <= keysym <= 0xFF58 or 0xFF80 <= keysym <= 0xFFB9
    return editing or 0x20 <= keysym < 0xFE00 or 0xFE50 <= keysym < 0xFF00 or keysym in (0xFF63, 0xFFFF)


def _is_modifier(keysym: int) -> bool:
    return 0xFFE1 <= keysym <= 0xFFEE or 0xFE01 <= keysym <= 0xFE13 or keysym in (0xFF7E, _NUM_LOCK)
