"""Typing on X11: XTEST key events, through python-xlib.

pynput's Controller sends characters with XSendEvent, which xterm ignores, and rebinds keycodes
without waiting: it is not used. `x11_typing` has the theory; here are the protocol and its errors.
"""

from __future__ import annotations

from voicetype.core.events import Patch
from voicetype.errors import KeyboardError
from voicetype.keyboard import Claim, Observer
from voicetype.keyboard.progress import Progress
from voicetype.keyboard.x11_typing import Typing
from voicetype.x11.connection import LOST, NoDisplay
from voicetype.x11.own_keys import OwnKeys


class X11Keyboard:
    """Types into the focused window of an X display. The typist thread owns it."""

    name = "x11"

    def __init__(self, characters_per_s: int, own_keys: OwnKeys) -> None:
        self._interval_s = 1 / characters_per_s
        self._own_keys = own_keys
        self._typing: Typing | None = None

    def open(self, observer: Observer) -> None:
        """Connect and watch. Raises KeyboardError without a display, or where it can't fake keys."""
        try:
            self._typing = self._connect(observer)
        except NoDisplay as missing:
            raise KeyboardError(
                f"There is no X display to type on: {missing}.",
                "Start voicetype inside your desktop session, where DISPLAY is set.",
            ) from missing

    def claim(self) -> Claim:
        """Remember the focused window; see the protocol."""
        try:
            return self._opened().claim()
        except LOST as failure:
            raise _unreachable() from failure

    def apply(self, patch: Patch) -> None:
        """Erase and type; see the protocol."""
        typing, progress = self._opened(), Progress()
        with progress.told(*LOST):
            typing.apply(patch, progress)

    def read(self, _: int) -> str | None:
        """X11 does not know what a window shows."""
        return None

    def release(self) -> None:
        """Nothing is taken for a dictation alone."""

    def close(self) -> None:
        """Give the spare keycodes back, stop watching, disconnect."""
        typing, self._typing = self._typing, None
        if typing:
            typing.close()

    def _connect(self, observer: Observer) -> Typing:
        return Typing(self._own_keys, observer, self._interval_s)

    def _opened(self) -> Typing:
        if self._typing is None:
            raise _unreachable()
        return self._typing


def _unreachable() -> KeyboardError:
    return KeyboardError(
        "The X display does not answer.", "Start voicetype again in a running desktop typing."
    )
