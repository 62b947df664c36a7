"""Lifting: the modifiers that the user holds are released while text is typed, then pressed again.

Keys typed while Control is down are shortcuts, and the push-to-talk key is Control by default, so
this is the normal case. The danger is the second press: if the user lets go between our asking and our
pressing, the modifier would stick. So after pressing we wait until the watcher has heard that press.
It has then heard every release that came before it, and those keys we release again. A release that
comes later meets a pressed key, as if nothing had happened.

Caps Lock counts as held while its key is down; it is not pressed again, for that would switch it.
Locks and latches (Caps Lock, sticky keys, a group for one key) are let go through XKB, which needs no key.
"""

from __future__ import annotations

from collections.abc import Callable

from Xlib.display import Display

from voicetype.keyboard.x11_keymap import Keymap
from voicetype.keyboard.x11_watch import Watch
from voicetype.x11 import xkb

Send = Callable[[int, bool], None]
"""Sends one own key event: the keycode, and whether it goes down."""


class Lift:
    """The modifiers lifted for one patch. The typist thread owns it."""

    def __init__(self, display: Display, watch: Watch, send: Send) -> None:
        self._display = display
        self._watch = watch
        self._send = send
        self._lifted: set[int] = set()
        self._lock_keys: frozenset[int] = frozenset()
        self._locked = 0  # masks of modifiers
        self._latched = 0
        self._latched_group = 0
        watch.noted.forget_let_go()

    def is_needed(self, state: xkb.State, keymap: Keymap) -> bool:
        """Whether a modifier or a latched group would change what a key types."""
        return bool(state.modifiers & ~keymap.num_lock_mask or state.latched_group)

    def lift(self, state: xkb.State, keymap: Keymap) -> None:
        """Let go of what is held or locked, once more if the user pressed more meanwhile."""
        self._latched |= state.latched
        self._latched_group = self._latched_group or state.latched_group
        self._lock_keys = keymap.lock_keys
        for keycode in self._held(keymap):
            self._lifted.add(keycode)
            self._send(keycode, False)
        # With sticky keys on, a modifier that is released is latched.
        state = xkb.state(self._display)
        if state.latched or state.latched_group:
            xkb.latch(self._display, state.latched, 0, group=0)
        if locked := state.locked & ~keymap.num_lock_mask:
            # It was off after the last lift: the user has switched it on, which was to switch it off.
            self._locked ^= locked
            xkb.lock(self._display, locked, 0)

    def restore(self) -> None:
        """Press again what the user still holds, and put locks and latches back."""
        if not (self._lifted or self._locked or self._latched or self._latched_group):
            return
        self._watch.settle()
        again = self._lifted - self._watch.noted.let_go(self._lifted) - self._lock_keys
        for keycode in again:
            self._send(keycode, True)
        if self._locked:
            # Switched on meanwhile: switched off.
            xkb.lock(self._display, self._locked, self._locked & ~xkb.state(self._display).locked)
        if self._latched or self._latched_group:
            xkb.latch(self._display, self._latched, self._latched, group=self._latched_group)
        self._display.sync()
        self._watch.settle()
        for keycode in self._watch.noted.let_go(again):
            self._send(keycode, False)
        self._display.sync()

    def _held(self, keymap: Keymap) -> list[int]:
        down = self._display.query_keymap()
        keys = keymap.modifier_keys - keymap.num_lock_keys
        return [code for code in keys if down[code >> 3] >> (code & 7) & 1]
