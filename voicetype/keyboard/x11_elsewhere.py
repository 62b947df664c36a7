"""Which keys and clicks of the user's can't have moved the caret in the claimed window.

A key that a desktop or a window manager has taken as a shortcut goes to that program alone, and a click on
the panel to the panel: `voicetype undo` on a key, or in the menu of the tray, would be of no use else. Raw
events say nothing of where they went, so the signs are these; what does not show all of them is typing.

A key: the grab that takes it is the root window's, and a change of focus, which the server tells right behind
the raw event. It ends right behind the key's release; one that goes on is another. One that ends before, as
openbox's, may have handed the key on to the window after all: that is typing where the key could write there.

A click: the pointer is in a window of another program, and not in the claimed one. By which program a window
was made, its number tells.
"""

from __future__ import annotations

import time
from enum import Enum, auto
from typing import Any

from Xlib import X
from Xlib.display import Display

from voicetype.keyboard.x11_keymap import Keymap
from voicetype.x11 import windows

_FRESH_MS = 100  # no hand comes from one window to another in that time
_CLOCK = 1 << 32  # the server's time in milliseconds begins anew

_CONTROL_ALT = X.ControlMask | X.Mod1Mask
_TO_ROOT = (X.NotifyAncestor, X.NotifyVirtual)


class Went(Enum):
    """Where a key of the user's went."""

    TAKEN = auto()  # to a program that has it as a shortcut
    TYPED = auto()  # perhaps to the window


class _Stage(Enum):
    """What is known of a key of the user's that may have been taken."""

    NONE = auto()  # there is none
    PRESSED = auto()  # the next event tells
    TAKEN = auto()  # it is down
    RELEASED = auto()  # the next event tells


class Elsewhere:
    """The judge. The watcher's thread owns it; all windows are ids."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._window = 0
        self._program = 0
        self._keycode, self._stage = 0, _Stage.NONE
        self._writes = True

    def follow(self, window: int) -> None:
        """A toplevel window has been claimed, and has the focus now."""
        self._window = window
        self._program = self._maker(windows.focus(self._display) or window)

    def press(self, keycode: int, keymap: Keymap) -> Went | None:
        """The user pressed a key; None where `next` will tell where it went."""
        held = self._display.screen().root.query_pointer().mask
        command = held & X.Mod4Mask or held & _CONTROL_ALT == _CONTROL_ALT
        self._writes = keycode in keymap.writing_keys and not command
        return self._await(keycode, _Stage.PRESSED)

    def release(self, keycode: int) -> Went | None:
        """The user released a key."""
        if self._stage is not _Stage.TAKEN or keycode != self._keycode:
            return None
        return self._await(keycode, _Stage.RELEASED)

    def next(self, event: Any) -> Went | None:
        """What an event tells of the last key. To be called first with each event."""
        stage, self._stage = self._stage, _Stage.NONE
        focus = event.type in (X.FocusIn, X.FocusOut) and event.window.id == self._window
        begins = focus and event.type == X.FocusOut and event.mode == X.NotifyGrab
        ends = focus and event.type == X.FocusIn and event.mode == X.NotifyUngrab
        beside = focus and event.mode == X.NotifyUngrab and event.detail == X.NotifyPointer
        match stage:
            case _Stage.PRESSED:
                if not (begins and event.detail in _TO_ROOT):
                    return Went.TYPED
                self._stage = _Stage.TAKEN
                return Went.TAKEN
            case _Stage.TAKEN if not ends:
                self._stage = stage
                return None
            case _Stage.RELEASED if beside:  # where the pointer is in the window; the end follows
                self._stage = stage
                return None
            case _Stage.TAKEN if not self._writes:
                return None
            case _Stage.RELEASED if ends:
                return None
        return None if stage is _Stage.NONE else Went.TYPED

    def is_clicked(self, at_ms: int) -> bool:
        """Whether a button that was pressed at this time of the server's hit another program's window."""
        age_ms = (time.monotonic_ns() // 1_000_000 - at_ms) % _CLOCK
        if age_ms > _FRESH_MS:
            return False  # the pointer may be elsewhere by now; or the server is on another machine
        hit = windows.under_pointer(self._display)
        if not hit or hit[0] == self._window:
            return False
        return self._program not in map(self._maker, hit[1:] or hit)  # the first may be a frame

    def _await(self, keycode: int, stage: _Stage) -> Went | None:
        self._display.sync()  # the change of focus has come, if there is one
        if not self._display.pending_events():
            self._stage = _Stage.NONE
            return Went.TYPED
        self._keycode, self._stage = keycode, stage
        return None

    def _maker(self, window: int) -> int:
        return int(window & ~self._display.display.info.resource_id_mask)
