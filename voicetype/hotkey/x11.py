"""The push-to-talk key on X11: a passive grab to keep it from programs, raw events to hear it.

1. *The grab only swallows.* XGrabKey keeps the press from the focused program. The active grab that
   follows would keep every other key from it, too, the typist's included, so it is let go at once.
   It is a synchronous grab: until it is let go the server queues keys instead of giving them to us,
   so that not one is lost in between. The release goes to the program, which ignores it.
2. *Raw events tell.* The typist lifts the key while it types and presses it again, and the user may
   let go in the middle of that. The server's idea of "down" is then not the user's. XI2 raw events
   report both in full, and the ledger (`own_keys`) says which are the typist's. They have no autorepeat.
3. *No autorepeat.* Each repeat would activate the grab anew; it is off for this key until `close`.

The observer must return at once: while it runs, the keyboard may be waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from difflib import get_close_matches
from itertools import product
from typing import Any

from Xlib import XK, X, error
from Xlib.display import Display

from voicetype.errors import HotkeyError
from voicetype.hotkey import Key, KeyEvent
from voicetype.x11 import connection
from voicetype.x11.connection import LOST, NoDisplay, RawKey
from voicetype.x11.listening import Listening, close
from voicetype.x11.own_keys import OwnKeys

XK.load_keysym_group("xf86")


class X11Hotkey:
    """A grabbed key. `open` and `close` belong to one thread, the observer is called on another.

    `dictating` is for any thread.
    """

    def __init__(self, key: str, own_keys: OwnKeys, *, grabs_escape: bool = True) -> None:
        """`grabs_escape`: False where an input method keeps it from the application. A grab takes the focus
        for a moment, at which the application commits the preedit.
        """
        self._key = key
        self._own_keys = own_keys
        self._grabs_escape = grabs_escape
        self._listener: _Listener | None = None

    @property
    def name(self) -> str:
        """For people."""
        return f"x11: {self._key}"

    def open(self, observer: Callable[[KeyEvent], None]) -> None:
        """Grab the key. Raises HotkeyError without a display, for an unknown key, and a taken one."""
        keysym = _keysym(self._key)
        try:
            display = connection.connect()
        except NoDisplay as missing:
            raise HotkeyError(
                f"There is no X display to hear {self._key} on: {missing}.",
                "Start voicetype inside your desktop session, or bind `voicetype toggle` to a key.",
            ) from missing
        try:
            if not display.keysym_to_keycodes(keysym):
                raise HotkeyError(
                    f"This keyboard has no key {self._key}.",
                    "Choose another in the configuration, hotkey.key; `xev` shows the name of a key.",
                )
            if not _grab(display, _keycodes(display, keysym)):
                raise HotkeyError(
                    f"Another program has taken the key {self._key}.",
                    "Free it there, or choose another key in the configuration, hotkey.key.",
                )
            self._listener = _Listener(display, keysym, self._own_keys, observer)
        except BaseException:
            close(display)
            raise

    def dictating(self, active: bool) -> None:
        """Take Escape, or give it back. An application that saw it might do more than nothing: behind an
        Escape, a terminal's shell takes our BackSpace for "erase a word".
        """
        listener = self._listener  # `close` may take it away meanwhile
        if listener and self._grabs_escape:
            listener.take_escape(active)

    def close(self) -> None:
        """Let go of the key and give it its autorepeat back."""
        listener, self._listener = self._listener, None
        if listener:
            listener.close()


class _Listener:
    """From `open` to `close`; what it knows of the keys belongs to the listening thread."""

    def __init__(
        self, display: Display, keysym: int, own_keys: OwnKeys, observer: Callable[[KeyEvent], None]
    ) -> None:
        self._display = display
        self._keysym = keysym
        self._own_keys = own_keys
        self._observer = observer
        self._down = False
        self._dictating = False
        self._repeating: set[int] = set()  # keycodes whose autorepeat was on
        self._ledger = own_keys.ledger()
        try:
            self._take(_keycodes(display, keysym))
            self._begin_to_hear()
            self._listening = Listening(display, "x11-hotkey", self._receive, lambda: None)
        except BaseException:
            self._give_back()
            raise

    def close(self) -> None:
        self._listening.stop()
        self._give_back()
        close(self._display)

    def _give_back(self) -> None:
        """Leave the keyboard as it was found."""
        self._own_keys.forget(self._ledger)
        self._own_keys.reserve(frozenset())
        with suppress(*LOST):
            self._display.screen().root.ungrab_key(X.AnyKey, X.AnyModifier)
            self._display.ungrab_keyboard(X.CurrentTime)
            _set_autorepeat(self._display, self._repeating, X.AutoRepeatModeOn)
            self._display.sync()

    def _begin_to_hear(self) -> None:
        """A key that is held already (one hotkey takes another's place) is to be let go of, too."""
        self._display.grab_server()  # nobody presses it between the question and the first event
        try:
            down = self._display.query_keymap()
            self._down = any(down[code >> 3] >> (code & 7) & 1 for code in self._keycodes)
            connection.announce_xi2(self._display)
            connection.select_raw(self._display)
        finally:
            self._display.ungrab_server()
        self._display.sync()

    def take_escape(self, active: bool) -> None:
        """Grab Escape or let go of it; where another program has it, we only hear it."""
        self._listening.post(lambda: self._take_escape(active))

    def _take_escape(self, active: bool) -> None:
        self._dictating = active
        taken = active and _grab(self._display, self._escape)
        if not active:
            for keycode in self._escape:
                self._display.screen().root.ungrab_key(keycode, X.AnyModifier)
            self._display.sync()  # whoever sees it in `reserved` no more may count on that
        self._own_keys.reserve(self._keycodes | self._escape if taken else self._keycodes)

    def _take(self, keycodes: frozenset[int]) -> None:
        self._keycodes = keycodes
        self._escape = _keycodes(self._display, XK.XK_Escape)
        self._own_keys.reserve(keycodes)
        repeats = self._display.get_keyboard_control().auto_repeats
        repeating = {code for code in keycodes if repeats[code >> 3] >> (code & 7) & 1}
        self._repeating |= repeating
        _set_autorepeat(self._display, repeating, X.AutoRepeatModeOff)

    def _receive(self, event: Any) -> None:
        raw = connection.raw(event)
        if isinstance(raw, RawKey):
            if not self._ledger.is_own(raw.keycode, raw.pressed):
                self._user_key(raw.keycode, raw.pressed)
        elif event.type == X.KeyPress:
            self._display.ungrab_keyboard(X.CurrentTime)
            self._display.flush()
        elif event.type == X.MappingNotify:
            self._look_at_keymap(event)

    def _user_key(self, keycode: int, pressed: bool) -> None:
        if keycode in self._keycodes:
            if pressed != self._down:
                self._down = pressed
                self._report(Key.DOWN if pressed else Key.UP)
        elif pressed:
            self._report(Key.ESCAPE if keycode in self._escape else Key.OTHER)

    def _report(self, key: Key) -> None:
        self._observer(KeyEvent(key, time.monotonic()))

    def _look_at_keymap(self, event: Any) -> None:
        """Another layout may have the keys elsewhere, or nowhere (then the old place is kept)."""
        self._display.refresh_keyboard_mapping(event)
        keycodes = _keycodes(self._display, self._keysym) or self._keycodes
        if keycodes == self._keycodes and _keycodes(self._display, XK.XK_Escape) == self._escape:
            return
        if self._down and keycodes != self._keycodes:
            # The key under the user's finger is another one now; its release will not be ours.
            self._down = False
            self._report(Key.UP)
        self._display.screen().root.ungrab_key(X.AnyKey, X.AnyModifier)
        _grab(self._display, keycodes)
        self._take(keycodes)
        if self._dictating:
            self._take_escape(True)


def _keysym(name: str) -> int:
    keysym = int(XK.string_to_keysym(name))
    if keysym == X.NoSymbol:
        known = [each.removeprefix("XK_") for each in vars(XK) if each.startswith("XK_")]
        near = get_close_matches(name, known, n=3, cutoff=0.5)
        raise HotkeyError(
            f"There is no key called {name!r}.",
            f"Did you mean {' or '.join(near)}?" if near else "`xev` shows the name of a key.",
        )
    return keysym


def _keycodes(display: Display, keysym: int) -> frozenset[int]:
    """The keys that have the keysym without a modifier."""
    return frozenset(code for code, index in display.keysym_to_keycodes(keysym) if index % 2 == 0)


def _grab(display: Display, keycodes: Iterable[int]) -> bool:
    """Grab with any modifier; where another program has one combination, with the locks alone."""
    locks = [sum(each) for each in product((0, X.LockMask), (0, X.Mod2Mask))]
    return all(
        _grab_one(display, code, [X.AnyModifier]) or _grab_one(display, code, locks) for code in keycodes
    )


def _grab_one(display: Display, keycode: int, states: Iterable[int]) -> bool:
    refused = error.CatchError(error.BadAccess)
    root = display.screen().root
    for state in states:
        root.grab_key(keycode, state, False, X.GrabModeAsync, X.GrabModeSync, onerror=refused)
    display.sync()
    return refused.get_error() is None


def _set_autorepeat(display: Display, keycodes: Iterable[int], mode: int) -> None:
    for keycode in keycodes:
        display.change_keyboard_control(key=keycode, auto_repeat_mode=mode)
