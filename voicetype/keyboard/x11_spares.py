"""Spare keycodes: characters that the layout lacks are bound to keycodes that nothing is bound to.

A bound keycode stays bound, so that the next text with the same character needs no new one; the
one that was used longest ago is taken when none is free. Each change is a notice to every program,
and window managers answer it slowly (openbox 3.6: 70 ms of work), so the fewer the better. Programs
read the keymap when they handle a key, not when the server sends it: after binding, and before
binding a keycode anew, we wait for their echo (`x11_notices`), or give them time where they have none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from Xlib.display import Display

from voicetype.keyboard.keysyms import keysym_of
from voicetype.keyboard.x11_debts import Debts
from voicetype.keyboard.x11_keymap import Keymap, Stroke
from voicetype.x11 import xkb
from voicetype.x11.connection import LOST

_SETTLE_S = 0.1
_REUSE_S = 0.5
_FORGOTTEN_S = 5.0  # no program is so far behind

Echo = Callable[[], bool]
"""Waits until the program has come to all that was sent to it; False where that can't be known."""


class Spares:
    """The spare keycodes in use. The typist thread owns it."""

    def __init__(self, display: Display, echo: Echo) -> None:
        self._display = display
        self._echo = echo
        self._debts = Debts(display)
        self._bound: dict[str, int] = {}  # character -> keycode, the one used longest ago first
        self._used_s: dict[int, float] = {}  # keycode -> when it was last typed, monotonic

    def clear_after_others(self, keymap: Keymap) -> None:
        """Give back what a daemon that was killed has left bound."""
        for atom, bound in self._debts.left():
            self._change({code: 0 for code, keysym in bound if keymap.is_bound(code, keysym)}, keymap)
            self._debts.forget(atom)
        self._display.sync()

    def stroke(self, character: str) -> Stroke | None:
        """The stroke of a bound character; counts as use."""
        keycode = self._bound.pop(character, None)
        if keycode is None:
            return None
        self._bound[character] = keycode
        self._used_s[keycode] = time.monotonic()
        return Stroke(keycode)

    def look_again(self, keymap: Keymap) -> Keymap:
        """Forget what another program has bound in the meantime (a new layout, most of all).

        Returns the keymap as it would be without what is bound here.
        """
        self._bound = {
            character: code
            for character, code in self._bound.items()
            if keymap.keysym(code) == keysym_of(character)
        }
        return keymap.without(self._bound.values())

    def bind(self, characters: Iterable[str], keymap: Keymap) -> None:
        """Bind as many of `characters`, in order, as there are keycodes."""
        wanted = [character for character in dict.fromkeys(characters) if character not in self._bound]
        before = [(code, keysym_of(character)) for character, code in self._bound.items()]
        unused = [code for code in keymap.spares if code not in self._bound.values()]
        free = [code for run in sorted(_runs(unused), key=len, reverse=True) for code in run]
        room = len(free) + len(self._bound)
        wanted = wanted[:room]
        for character in list(self._bound)[: max(0, len(wanted) - len(free))]:
            free.append(self._bound.pop(character))
        taken = dict(zip(wanted, free, strict=False))
        self._wait_until_unused(taken.values(), self._echo)
        keysyms = {code: keysym_of(character) for character, code in taken.items()}
        if taken:
            self._debts.write([*before, *keysyms.items()])
        self._change(keysyms, keymap)
        self._bound |= taken
        if taken:
            self._display.sync()
            if not self._echo():
                time.sleep(_SETTLE_S)

    def give_back(self, keymap: Keymap) -> None:
        """Leave every keycode as it was found: bound to nothing."""
        self.look_again(keymap)
        self._wait_until_unused(self._bound.values(), lambda: False)
        with suppress(*LOST):
            self._change(dict.fromkeys(self._bound.values(), 0), keymap)
            self._debts.write(())
            self._display.sync()
        self._bound.clear()

    def _wait_until_unused(self, keycodes: Iterable[int], echo: Echo) -> None:
        last_s = max((self._used_s.get(code, 0.0) for code in keycodes), default=0.0)
        if last_s + _FORGOTTEN_S > time.monotonic() and not echo():
            time.sleep(max(0.0, last_s + _REUSE_S - time.monotonic()))

    def _change(self, keysyms: dict[int, int], keymap: Keymap) -> None:
        for run in _runs(sorted(keysyms)):
            # Both levels, so that no one takes a lower-case letter's Shift level for its capital.
            self._display.change_keyboard_mapping(run[0], [(keysyms[code],) * 2 for code in run])
        if keysyms and keymap.group:
            # Qt 5 takes the first group for the active one after a change, until it hears of any state anew.
            xkb.lock(self._display, keymap.unused_modifier_mask, keymap.unused_modifier_mask)
            xkb.lock(self._display, keymap.unused_modifier_mask, 0)


def _runs(codes: Sequence[int]) -> list[list[int]]:
    """Neighbours together: one request, and one notice to every program, for each run."""
    runs: list[list[int]] = []
    for code in codes:
        if runs and code == runs[-1][-1] + 1:
            runs[-1].append(code)
        else:
            runs.append([code])
    return runs
