"""The window that text goes to, and whether keys get there."""

from __future__ import annotations

import time
from collections.abc import Callable

from Xlib import X
from Xlib.display import Display

from voicetype.errors import KeyboardError
from voicetype.x11 import windows, xkb

_PATIENCE_S = 1.0  # of a claim: the key that began the dictation may be a window manager's, and still down
_LOOK_S = 0.005
_BUTTONS = X.Button1Mask | X.Button2Mask | X.Button3Mask


class Target:
    """The claimed toplevel. The typist thread owns it; all windows are ids."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._grabs = windows.Grabs(display)
        self.window = 0
        self.answering = 0  # the window of its program that tells how far it has come, if one does
        self._focus = 0  # the window in it that had the focus

    def claim(self) -> bool:
        """Take the toplevel with the focus; returns whether it is the one of the last claim.

        Raises KeyboardError where keys reach no window.
        """
        if not self.wait_for_keyboard(_PATIENCE_S):
            raise KeyboardError(
                "Another program has taken the whole keyboard for itself.",
                "Close its menu, its password prompt or its lock screen first. A virtual machine or a remote "
                "desktop that takes the keyboard must let go of it.",
            )
        if xkb.ignores_taps(self._display):
            raise KeyboardError(
                "Slow keys or bounce keys are on: the keyboard passes over keys that a program presses.",
                "Switch them off in the desktop's accessibility settings, or set typing.keyboard to ibus.",
            )
        focus = windows.focus(self._display)
        window = windows.toplevel(self._display, focus)
        if not window or windows.is_hidden(self._display, window):
            raise KeyboardError(
                "No window has the focus.", "Click into the window that you want to type into."
            )
        same, self.window, self._focus = window == self.window, window, focus
        self.answering = windows.answering(self._display, focus)
        return same

    def owner(self) -> tuple[str, str]:
        """WM_CLASS of the window: instance and class."""
        return windows.owner(self._display, self._focus)

    def has_focus(self) -> bool:
        """Whether the focus is in the window; a toolkit may move it between subwindows."""
        focus = windows.focus(self._display)
        if focus and focus != self._focus:
            if windows.toplevel(self._display, focus) != self.window:
                return False
            self._focus = focus
        return bool(focus and self.window)

    def is_grabbed(self) -> bool:
        """Whether keys go to another program, whoever has the focus."""
        return self._grabs.is_keyboard_held()

    def is_clicked(self) -> bool:
        """Whether a click may still be on its way to a program, or a button is down."""
        return self._grabs.is_pointer_held()

    def is_button_down(self) -> bool:
        return bool(self._display.screen().root.query_pointer().mask & _BUTTONS)

    def wait_for_keyboard(self, patience_s: float) -> bool:
        """Wait for another program to let go of the keyboard, as our own hotkey does at once."""
        return _becomes_false(self.is_grabbed, patience_s)

    def wait_for_click(self, patience_s: float) -> bool:
        """Wait for a click to come to its program."""
        return _becomes_false(self.is_clicked, patience_s)


def _becomes_false(question: Callable[[], bool], patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while question():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_S)
    return True
