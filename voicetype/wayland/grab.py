"""The user's keys, which we have before the application, and hand on.

While a preedit stands, a key of the user's must find it committed: BackSpace would take what is before
it, Enter would send a line without it. So the keyboard is grabbed: each key is told of, then handed on at
once by a virtual keyboard with the user's own keymap (of the same client, so that the compositor does not
give it back to the grab).

1. *Keys keep their order.* A key that the compositor has sent us before it hears that the grab is over
   reaches the application through us, the next one goes there by itself, and may be the first to arrive. So
   the grab lasts from the first preedit until the user rests: no key down, none heard for a while.
2. *A key comes up where it went down.* While one is down the grab lasts: it would stick, or stop repeating.
3. *We can't take the keys with us.* Should this process die, the compositor lets go of the grab and of
   every key that is down. One that hangs is killed: signs of life are given while the grab lasts.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Collection
from typing import Protocol

from voicetype.keyboard import Held
from voicetype.wayland.connection import Connection
from voicetype.wayland.keys import upload
from voicetype.wayland.protocols import (
    InputMethodProxy,
    KeyboardGrabProxy,
    VirtualKeyboardManager,
    VirtualKeyboardProxy,
)

# Control, Shift, Alt, Meta, both of each; Caps, Num and Scroll Lock: they type nothing by themselves.
_MODIFIERS = frozenset({29, 97, 42, 54, 56, 100, 125, 126, 58, 69, 70})

_REST_S = 0.3  # who types is not so slow


class Hearer(Protocol):
    """Who is told of the user's keys."""

    def key_pressed(self) -> None:
        """A key that types or moves; it is handed on next."""

    def keys_free(self) -> None:
        """The keys are the applications' again."""

    keys_held: Held
    """Told every half second while the keys come to us."""


class Grab:
    """On the connection's thread."""

    def __init__(
        self, connection: Connection, reserved: Callable[[], Collection[int]], hearer: Hearer
    ) -> None:
        """`reserved`: evdev codes of keys that are not typing: the push-to-talk key."""
        self._connection, self._hearer = connection, hearer
        self._reserved = reserved
        self._grab: KeyboardGrabProxy | None = None
        self._keyboard: VirtualKeyboardProxy | None = None
        if connection.offers(VirtualKeyboardManager):
            # Before anything is claimed: sway takes the focus away and back when a keyboard is plugged in.
            self._keyboard = connection.bind(VirtualKeyboardManager).create(connection.seat)
        self._keymap_text = b""
        self._down: set[int] = set()
        self._waiting: deque[Callable[[], None]] = deque()  # the first of them is being handled
        self._wanted = False
        self._heard_s = 0.0  # monotonic: the user's last key

    @property
    def held(self) -> bool:
        """Whether the user's keys come to us."""
        return self._grab is not None

    def hold(self, method: InputMethodProxy) -> None:
        """Have the keys; without a keyboard to hand them on they are not to be had.

        Nor where the seat has none, because the one that was used last is gone: sway 1.7 would crash. Who
        presses a key gives it one.
        """
        self._wanted = True
        if self._grab or self._keyboard is None or not self._connection.has_keyboard():
            return
        self._grab = method.grab_keyboard()
        self._grab.dispatcher["keymap"] = self._keymap
        self._grab.dispatcher["key"] = self._key
        self._grab.dispatcher["modifiers"] = self._modifiers
        self._connection.pulse(lambda: self._hearer.keys_held(True))

    def release(self) -> None:
        """Leave the keys to the applications again, once the user rests."""
        self._wanted = False
        if self._grab:
            self._connection.later(self._left_s(), self.rest)

    def rest(self) -> None:
        """The same, and now if the user rests now."""
        if self._wanted or self._grab is None:
            return
        self._connection.roundtrip()  # a key may have come while this thread did something else
        if left_s := self._left_s():
            self._connection.later(left_s, self.rest)
        else:
            self._release()

    def let_go(self) -> None:
        """At once: keys that are down come up for the application."""
        self._wanted = False
        self._lift()
        self._release()

    def _left_s(self) -> float:
        """How long the user must be waited for at least."""
        return _REST_S if self._down else max(0.0, self._heard_s + _REST_S - time.monotonic())

    def _lift(self) -> None:
        for key in sorted(self._down):
            self._hand_on(0, key, pressed=False)

    def _release(self) -> None:
        grab, self._grab = self._grab, None
        if grab is None:
            return
        grab.release()

        def over() -> None:
            grab.destroy()
            if self._grab is None:
                self._lift()  # nobody will hear of them coming up

        self._connection.afterwards(over)
        self._connection.pulse(None)
        self._hearer.keys_held(False)
        self._hearer.keys_free()

    def _keymap(self, _: object, _format: int, file: int, size: int) -> None:
        keymap = os.pread(file, size, 0)
        os.close(file)
        self._in_turn(lambda: self._use(keymap))

    def _use(self, keymap: bytes) -> None:
        """The layout of the keyboard that was used last, which may be this one: then it has it already."""
        assert self._keyboard is not None
        if keymap != self._keymap_text:
            self._keymap_text = keymap
            upload(self._keyboard, keymap)

    def _key(self, _: object, _serial: int, time_ms: int, key: int, state: int) -> None:
        self._heard_s = time.monotonic()
        self._in_turn(lambda: self._handle(time_ms, key, pressed=bool(state)))

    def _handle(self, time_ms: int, key: int, *, pressed: bool) -> None:
        try:
            if pressed and key not in _MODIFIERS and key not in self._reserved():
                self._hearer.key_pressed()
        finally:  # whatever came of that, the key is the user's
            self._hand_on(time_ms, key, pressed=pressed)

    def _in_turn(self, event: Callable[[], None]) -> None:
        """`key_pressed` may take its time, and hear of more keys meanwhile: they wait for the first."""
        self._waiting.append(event)
        if len(self._waiting) > 1:
            return
        while self._waiting:
            try:
                self._waiting[0]()
            finally:
                self._waiting.popleft()

    def _hand_on(self, time_ms: int, key: int, *, pressed: bool) -> None:
        assert self._keyboard is not None
        self._keyboard.key(time_ms, key, pressed)
        (self._down.add if pressed else self._down.discard)(key)

    def _modifiers(
        self, _: object, _serial: int, depressed: int, latched: int, locked: int, group: int
    ) -> None:
        assert self._keyboard is not None
        modifiers = self._keyboard.modifiers
        self._in_turn(lambda: modifiers(depressed, latched, locked, group))
