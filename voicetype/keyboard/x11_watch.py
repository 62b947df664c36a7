"""The watcher: the user's own keys and clicks, and where the focus goes.

It listens to XI2 raw events, not to pynput's listeners: those stand on RECORD, which reports what
the server made of an event. A key that the user releases while the typist has lifted it is up already,
so RECORD says nothing, and autorepeat looks like typing; neither can be counted against what was
sent. A raw event comes once for each press and release on each keyboard.

A window is its toplevel: toolkits move the input focus between subwindows of their own (GTK 3 to a
hidden one, just after the window manager gave it the focus), and `_NET_ACTIVE_WINDOW` may name a
window that is dead. That property is only a sign to look.

What the typist must know is kept in a few bounded facts (never a record of keys), under a lock: the
listening thread notes, the typist takes.
"""

from __future__ import annotations

import math
import time
from threading import Lock
from typing import Any

from Xlib import X
from Xlib.display import Display

from voicetype.core.events import FocusChanged, UserTyped
from voicetype.keyboard import KeyboardLost, Observer
from voicetype.keyboard.x11_elsewhere import Elsewhere, Went
from voicetype.keyboard.x11_keymap import Keymap
from voicetype.x11 import connection, windows
from voicetype.x11.connection import WHEEL, RawButton, RawKey
from voicetype.x11.listening import Listening, close
from voicetype.x11.own_keys import OwnKeys

_ECHO_S = 1.0
_TURN_S = 2.0  # in which a program that the user turned to takes the keyboard, for its menu
_MOMENT_S = 0.1  # a grab that is let go of by then was none: our hotkey, or a key that a program has taken


def read_keymap(display: Display) -> Keymap:
    """The keymap, the modifiers and the active group, as they are now."""
    first = display.display.info.min_keycode
    rows = display.get_keyboard_mapping(first, display.display.info.max_keycode - first + 1)
    return Keymap(
        first,
        tuple(tuple(row) for row in rows),
        tuple(tuple(codes) for codes in display.get_modifier_mapping()),
        (display.screen().root.query_pointer().mask >> 13) & 3,
    )


class Noted:
    """What the user did since the typist last looked. Both threads use it, under its lock."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._touched = False
        self._let_go: set[int] = set()
        self._gone = False

    @property
    def touched(self) -> bool:
        """A key, a click or a change of focus since `forget_touch`."""
        return self._touched

    @property
    def gone(self) -> bool:
        """The X server has closed the watcher's connection."""
        return self._gone

    def touch(self) -> None:
        self._touched = True

    def forget_touch(self) -> None:
        self._touched = False

    def lose(self) -> None:
        self._gone = True

    def modifier(self, keycode: int, pressed: bool) -> None:
        """The user pressed or released a modifier."""
        with self._lock:
            (self._let_go.discard if pressed else self._let_go.add)(keycode)

    def forget_let_go(self) -> None:
        with self._lock:
            self._let_go.clear()

    def let_go(self, keycodes: set[int]) -> set[int]:
        """Which of these the user has released since `forget_let_go`."""
        with self._lock:
            return keycodes & self._let_go


class Watch:
    """Listens on a thread of its own from `open` to `close`; all methods are the typist's."""

    def __init__(self, own_keys: OwnKeys, observer: Observer) -> None:
        self.noted = Noted()
        self._own_keys = own_keys
        self._observer = observer
        self._display = connection.connect()
        self._ledger = own_keys.ledger()
        self._keymap: Keymap | None = None  # None: to be read when it is needed
        self._claimed = 0
        self._ours = False
        self._turned_s = (
            -math.inf
        )  # monotonic: when the user last turned to another program by a key or click
        self._lent = False  # that program has the keyboard, for a moment
        root = self._display.screen().root
        root.change_attributes(event_mask=X.PropertyChangeMask)
        self._active = self._display.intern_atom("_NET_ACTIVE_WINDOW")
        connection.announce_xi2(self._display)
        connection.select_raw(self._display)
        self._grabs = windows.Grabs(self._display)
        self._elsewhere = Elsewhere(self._display)
        self._display.sync()
        self._listening = Listening(self._display, "x11-watch", self._receive, self._lost)

    def settle(self) -> None:
        """Wait until every own key has been heard, and all that the user did until now."""
        if not self.noted.gone:
            self._ledger.settle(_ECHO_S)
        if not self.noted.gone:
            self._listening.catch_up(_ECHO_S)

    def follow(self, claimed: int) -> None:
        """Report from now on whether this toplevel window has the focus."""
        self._listening.post(lambda: self._follow(claimed))

    def lost_sight(self) -> None:
        """The typist found the focus elsewhere, if only for a moment: report that, and where it is now."""
        self._listening.post(self._lost_sight)

    def close(self) -> None:
        self._listening.stop()
        self._own_keys.forget(self._ledger)
        close(self._display)

    def _receive(self, event: Any) -> None:
        self._heed(self._elsewhere.next(event))
        match connection.raw(event):
            case RawKey(keycode, pressed):
                if not self._ledger.is_own(keycode, pressed):
                    self._user_key(keycode, pressed)
                return
            case RawButton(button, at_ms):
                if button not in WHEEL:
                    self._user_clicked(at_ms)
                return
        if event.type == X.MappingNotify:
            self._keymap = None
        elif event.type in (X.FocusIn, X.FocusOut) or self._is_active_window(event):
            self._look_at_focus()

    def _user_key(self, keycode: int, pressed: bool) -> None:
        if self._keymap is None:
            self._keymap = read_keymap(self._display)
        if keycode in self._keymap.modifier_keys:
            self.noted.modifier(keycode, pressed)
        elif keycode in self._own_keys.reserved:
            pass
        elif pressed:
            self._heed(self._elsewhere.press(keycode, self._keymap))
        else:
            self._heed(self._elsewhere.release(keycode))

    def _user_clicked(self, at_ms: int) -> None:
        self._heed(Went.TAKEN if self._elsewhere.is_clicked(at_ms) else Went.TYPED)

    def _heed(self, went: Went | None) -> None:
        match went:
            case Went.TAKEN:
                self._turned_s = time.monotonic()
            case Went.TYPED:
                self._user_typed()

    def _user_typed(self) -> None:
        self.noted.touch()
        self._observer(UserTyped())

    def _is_active_window(self, event: Any) -> bool:
        return bool(event.type == X.PropertyNotify and event.atom == self._active)

    def _follow(self, claimed: int) -> None:
        # Focus events are the only notice without a window manager, and the earliest with one.
        if self._claimed and self._claimed != claimed:
            self._select_focus(self._claimed, 0)
        self._select_focus(claimed, X.FocusChangeMask)
        self._claimed, self._ours = claimed, True
        self._elsewhere.follow(claimed)
        self._look_at_focus()

    def _select_focus(self, window: int, mask: int) -> None:
        self._display.create_resource_object("window", window).change_attributes(event_mask=mask)

    def _look_at_focus(self) -> None:
        """A grab is judged a moment later; it is heard of as a change of focus, and so is its end."""
        if not self._claimed:
            return
        focus = windows.focus(self._display)
        if windows.toplevel(self._display, focus) != self._claimed:
            self._went_away()
        elif self._grabs.is_keyboard_held():
            if self._ours:
                self._listening.postpone(_MOMENT_S, self._look_at_grab)
        else:
            self._report(True)

    def _look_at_grab(self) -> None:
        if self._grabs.is_keyboard_held():
            self._lent = self._ours and time.monotonic() - self._turned_s < _TURN_S
            self._report(False)
        else:
            self._look_at_focus()

    def _lost_sight(self) -> None:
        self._went_away()
        self._look_at_focus()

    def _went_away(self) -> None:
        self._lent = False
        if not self._ours:
            self.noted.touch()  # it was only lent until now
        self._report(False)

    def _report(self, ours: bool) -> None:
        if ours != self._ours:
            self._ours = ours
            if not self._lent:
                self.noted.touch()
            self._observer(FocusChanged(ours=ours))

    def _lost(self) -> None:
        self.noted.lose()
        self._observer(FocusChanged(ours=False))
        self._observer(KeyboardLost())
