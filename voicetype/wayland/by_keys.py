"""Typing by a virtual keyboard. The compositor tells which window has the focus, and nothing of the user's
keys and clicks: so a claim allows no erasing and never continues.
"""

from __future__ import annotations

from voicetype.core.events import Erasing, FocusChanged, Patch
from voicetype.errors import Interruption
from voicetype.keyboard import Claim, Observer
from voicetype.keyboard.progress import Progress, Stop
from voicetype.wayland.adapter import lacking, no_focus
from voicetype.wayland.connection import Connection
from voicetype.wayland.keys import Keys
from voicetype.wayland.protocols import ToplevelManager, VirtualKeyboardManager
from voicetype.wayland.toplevels import Toplevels, Window


class ByKeys:
    """Types into the focused window. On the connection's thread."""

    def __init__(self, connection: Connection, observer: Observer, interval_s: float) -> None:
        """Raises KeyboardError where the compositor lacks a protocol."""
        needed = (VirtualKeyboardManager, ToplevelManager)
        if missing := [each.name for each in needed if not connection.offers(each)]:
            raise lacking(missing)
        self._connection, self._observer = connection, observer
        self._claimed: Window | None = None
        self._ours = False
        self._toplevels = Toplevels(connection, self._look)
        self._keys = Keys(connection, interval_s)

    def claim(self) -> Claim:
        self._connection.roundtrip()
        window = self._toplevels.active
        if window is None:
            raise no_focus()
        self._claimed, self._ours = window, True
        return Claim(app=window.app, erasing=Erasing.NONE)

    def apply(self, patch: Patch, progress: Progress) -> None:
        self._keys.apply(patch, self._check, progress)

    def read(self, _: int) -> str | None:
        """A keyboard does not see."""
        return None

    def release(self) -> None:
        """Nothing is taken for a dictation alone."""

    def close(self) -> None:
        """What was plugged in goes with the connection."""

    def _check(self) -> None:
        if self._claimed is None or self._toplevels.active is not self._claimed:
            raise Stop(Interruption.FOCUS)

    def _look(self) -> None:
        if self._claimed is None:
            return
        ours = self._toplevels.active is self._claimed
        if ours != self._ours:
            self._ours = ours
            self._observer(FocusChanged(ours=ours))
