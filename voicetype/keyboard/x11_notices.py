"""What the typing connection itself hears: the user's own keys and clicks, a new keymap, the program's echo.

The watcher hears the same of the user, a thread switch later. Here the order of the X protocol counts: an
answer comes behind all that happened before it, so whoever has an answer knows of everything until then.

Programs look a key up in the keymap when they come to it, which on a busy machine is long after it was
sent. Before the keymap changes under keys that are on their way, and before keys that need the change, the
program is asked whether it has come so far: `_NET_WM_PING`, by which window managers find out that a
program hangs. GTK, Qt, Tk and browsers answer it, xterm does not.
"""

from __future__ import annotations

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from Xlib import X
from Xlib.display import Display
from Xlib.protocol.event import ClientMessage

from voicetype.keyboard.x11_keymap import Keymap
from voicetype.x11 import connection, windows
from voicetype.x11.connection import LOST, WHEEL, RawButton, RawKey
from voicetype.x11.own_keys import OwnKeys

_ECHO_S = 1.0  # for a program that hangs


@dataclass(frozen=True, slots=True)
class Notice:
    """`touched`: a key or a click of the user's own. `remapped`: another layout, or our own spare keys."""

    touched: bool = False
    remapped: bool = False


class Notices:
    """What came since the last look. The typist thread owns it.

    It listens only while a patch is typed: nobody would read the events that come in between.
    """

    def __init__(self, display: Display, own_keys: OwnKeys, remapped: int) -> None:
        """`remapped`: the type of XKB's events of a new keymap."""
        self._display = display
        self._root = display.screen().root
        self._own_keys = own_keys
        self._remapped = remapped
        self._protocols = display.intern_atom("WM_PROTOCOLS")
        self._ping = display.intern_atom(windows.PING)
        self._asked = 0  # the number of the last question
        self._echoed = 0
        self._notice = Notice()
        connection.announce_xi2(display)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """From here on nothing is missed."""
        self._ledger = self._own_keys.ledger()
        self._notice = Notice()
        try:
            connection.select_raw(self._display)
            # Echoes go to the root window; Qt's to those alone who ask for the second kind.
            self._root.change_attributes(event_mask=X.SubstructureNotifyMask | X.StructureNotifyMask)
            self._display.sync()
            yield
        finally:
            self._own_keys.forget(self._ledger)
            with suppress(*LOST):
                connection.select_raw(self._display, wanted=False)
                self._root.change_attributes(event_mask=0)
                self._display.sync()
                while self._display.pending_events():
                    self._display.next_event()

    def take(self, keymap: Keymap) -> Notice:
        """All that happened before the server's last answer."""
        self._hear(keymap)
        notice, self._notice = self._notice, Notice()
        return notice

    def wait_for_echo(self, window: int, keymap: Keymap) -> bool:
        """Wait until a program has come to all that was sent to it; False where it does not tell in time.

        `window`: the one of its windows that answers; 0 where none does.
        """
        if not window:
            return False
        self._asked = self._asked % 0x7FFFFFFF + 1
        question = (32, [self._ping, self._asked, window, 0, 0])
        resource = self._display.create_resource_object("window", window)
        resource.send_event(ClientMessage(window=window, client_type=self._protocols, data=question))
        self._display.sync()
        deadline = time.monotonic() + _ECHO_S
        self._hear(keymap)  # the answer may have come with that of `sync`
        while self._echoed != self._asked and (left_s := deadline - time.monotonic()) > 0:
            select.select([self._display], [], [], left_s)
            self._hear(keymap)
        return self._echoed == self._asked

    def _hear(self, keymap: Keymap) -> None:
        while self._display.pending_events():
            event = self._display.next_event()
            match connection.raw(event):
                case RawKey(keycode, pressed):
                    if not self._ledger.is_own(keycode, pressed) and pressed and self._types(keycode, keymap):
                        self._notice = replace(self._notice, touched=True)
                case RawButton(button) if button not in WHEEL:
                    self._notice = replace(self._notice, touched=True)
            if event.type in (self._remapped, X.MappingNotify):
                self._notice = replace(self._notice, remapped=True)
            elif event.type == X.ClientMessage and event.client_type == self._protocols:
                self._echoed = event.data[1][1]

    def _types(self, keycode: int, keymap: Keymap) -> bool:
        return keycode not in keymap.modifier_keys and keycode not in self._own_keys.reserved
