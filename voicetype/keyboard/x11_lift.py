"""Lifting: the modifiers that the user holds are released while text is typed, then pressed again.

Keys typed while Control is down are shortcuts, and the push-to-talk key is Control by default, so
this is the normal case. The danger is the second press: if the user lets go between our asking and our
pressing, the modifier would stick. So after pressing we wait until the watcher has heard that press.
It has then heard every release that came before it, and those keys we release again. A release that
comes later meets a pressed key, as if nothing had happened.

Locks (Caps Lock, sticky keys) are let go through XKB, which needs no key.
"""

from __future__ import annotations

from collections.abc import Callable

from Xlib.display import Display

from voicetype.keyboard.x11_keymap import Keymap
from voicetype.keyboard.x11_watch import Watch
from voicetype.x11.connection import lock_modifiers, locked_modifiers

Send = Callable[[int, bool], None]
"""Sends one own key event: the keycode, and whether it goes down."""


class Lift:
    """The modifiers lifted for one patch. The typist thread owns it."""

    def __init__(self, display: Display, watch: Watch, send: Send) -> None:
        self._display = display
        self._watch = watch
        self._send = send
        self._lifted: set[int] = set()
        self._locked = 0  # a mask of modifiers
        watch.noted.forget_let_go()

    def lift(self, keymap: Keymap) -> None:
        """Release what is held, once more if the user pressed more meanwhile."""
        for keycode in self._held(keymap):
            self._lifted.add(keycode)
            self._send(keycode, False)
        locked = locked_modifiers(self._display) & ~keymap.num_lock_mask
        if locked:
            self._locked |= locked
            lock_modifiers(self._display, locked, 0)

    def is_needed(self, keymap: Keymap) -> bool:
        """Whether a modifier is on, by the server's word: it knows before the watcher does."""
        state = self._display.screen().root.query_pointer().mask & 0xFF
        return bool(state & ~keymap.num_lock_mask)

    def restore(self) -> None:
        """Press again what the user still holds."""
        if not self._lifted and not self._locked:
            return
        self._watch.settle()
        again = self._lifted - self._watch.noted.let_go(self._lifted)
        for keycode in again:
            self._send(keycode, True)
        if self._locked:
            lock_modifiers(self._display, self._locked, self._locked)
        self._display.sync()
        self._watch.settle()
        for keycode in self._watch.noted.let_go(again):
            self._send(keycode, False)
        self._display.sync()

    def _held(self, keymap: Keymap) -> list[int]:
        down = self._display.query_keymap()
        keys = keymap.modifier_keys - keymap.lock_keys
        return [code for code in keys if down[code >> 3] >> (code & 7) & 1]
