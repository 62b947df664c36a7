"""Which keycodes we have bound, written down on the X server: it outlives a daemon that is killed.

Each owner has a window, which goes when its process does, and a property of the root window, which stays. A
property whose window is gone is that of somebody who could not give back any more: who comes next does.
Another daemon, or a trial of the doctor, may type on the same display meanwhile; its window is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

from Xlib import X, Xatom
from Xlib.display import Display
from Xlib.error import BadValue, BadWindow

_PREFIX = "_VOICETYPE_SPARES_"
_OURS = re.compile(f"{_PREFIX}([0-9a-f]{{1,8}})")

Bound = tuple[int, int]
"""A keycode, and the keysym that it was bound to."""


class Debts:
    """What is to be given back. The typist thread owns it."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._root = display.screen().root
        self._window = self._root.create_window(-1, -1, 1, 1, 0, X.CopyFromParent, X.InputOnly)
        self._name = display.intern_atom(f"{_PREFIX}{self._window.id:x}")
        # A later program may be given the number of a window that is gone: ours says that it is ours.
        self._window.change_property(self._name, Xatom.CARDINAL, 32, [])

    def write(self, bound: Iterable[Bound]) -> None:
        """Before the keymap is changed; one too many does no harm. None: when all is given back."""
        numbers = [number for each in bound for number in each]
        if numbers:
            self._root.change_property(self._name, Xatom.CARDINAL, 32, numbers)
        else:
            self._root.delete_property(self._name)

    def left(self) -> Iterator[tuple[int, list[Bound]]]:
        """What others have left behind, each with the property to `forget` once that is put right."""
        for atom in self._root.list_properties():
            owner = self._owner(atom)
            if owner and (owner == self._window.id or not self._lives(owner, atom)):
                numbers = self._root.get_full_property(atom, Xatom.CARDINAL)
                found = iter(numbers.value if numbers else ())
                yield atom, list(zip(found, found, strict=False))

    def forget(self, atom: int) -> None:
        """It is put right."""
        self._root.delete_property(atom)

    def _owner(self, atom: int) -> int:
        """The window of who wrote a property; 0 where it is none of ours."""
        with suppress(BadValue):
            if ours := _OURS.fullmatch(self._display.get_atom_name(atom)):
                return int(ours[1], 16)
        return 0

    def _lives(self, window: int, atom: int) -> bool:
        try:
            owner = self._display.create_resource_object("window", window)
            return owner.get_full_property(atom, Xatom.CARDINAL) is not None
        except BadWindow:
            return False
