"""Typing on a virtual keyboard: each key answered for before the next.

1. *Nothing is sent where it does not belong.* Before each grapheme the caller's check is asked, when all
   that the compositor told until then has been heard. A focus that moves between that answer and our
   key is seen after it, at most one grapheme too late: Wayland has no way to say to whom a key goes.
2. *The count is exact.* A grapheme counts once its keys have been sent; none is left half.
3. *No faster than programs read.* One that does not read in time loses its connection, and its window: the
   kernel keeps some 280 graphemes for it, and no more. So there are a round trip and a pause after each, and
   a look at what is unread after some.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from voicetype.core.events import Patch
from voicetype.core.patch import graphemes
from voicetype.errors import Interruption
from voicetype.keyboard.progress import Progress, Stop
from voicetype.keyboard.typable import BREAKS, SHIFT_RETURN, keyed
from voicetype.wayland.connection import Connection
from voicetype.wayland.globals import socket_path
from voicetype.wayland.keymap import BACKSPACE, RETURN, SHIFT, Keymap
from voicetype.wayland.protocols import VirtualKeyboardManager, VirtualKeyboardProxy
from voicetype.wayland.unread import unread

_SLOWEST_READER_S = 0.001
_LOOK_EACH = 20  # graphemes
_UNREAD = 60_000  # bytes more than there were; a grapheme counts as 768
_SLOW_S, _STUCK_S = 0.02, 10.0
_SETTLE_S = 0.03  # programs on XWayland ask for a new keymap only when they hear of it


class Keys:
    """A virtual keyboard. On the connection's thread."""

    def __init__(self, connection: Connection, interval_s: float) -> None:
        self._connection = connection
        self._interval_s = max(interval_s, _SLOWEST_READER_S)
        self._keymap = Keymap()
        self._path = str(socket_path(os.environ))
        self._struck = 0  # graphemes
        self._unread = unread(self._path)
        manager = connection.bind(VirtualKeyboardManager)
        self._keyboard: VirtualKeyboardProxy = manager.create(connection.seat)
        self._upload()

    def apply(self, patch: Patch, check: Callable[[], None], progress: Progress) -> None:
        """Erase and type. `check` raises Stop where the next grapheme must not be sent. Raises Gone."""
        text = [keyed(cluster, patch.new_lines) for cluster in graphemes(patch.text)]
        self._connection.roundtrip()
        check()
        self._need("".join(text))
        self._keyboard.modifiers(0, 0, 0, 0)
        for _ in range(patch.backspaces):
            self._strike([BACKSPACE], check)
            progress.erased += 1
        for count, cluster in enumerate(text):
            if cluster in BREAKS:
                self._strike([RETURN], check, SHIFT if cluster == SHIFT_RETURN else 0)
            else:
                self._strike(self._keys(cluster, text[count + 1 :]), check)
            progress.typed += 1

    def _strike(self, keys: list[int], check: Callable[[], None], held: int = 0) -> None:
        """The keys of a grapheme, or none of them. `held`: the mask of a modifier."""
        check()
        if held:
            self._keyboard.modifiers(held, 0, 0, 0)
        for key in keys:
            self._keyboard.key(_now_ms(), key, True)
            self._keyboard.key(_now_ms(), key, False)
        if held:
            self._keyboard.modifiers(0, 0, 0, 0)
        self._connection.roundtrip()
        time.sleep(self._interval_s * len(keys))
        self._struck += 1
        if self._struck % _LOOK_EACH == 0:
            self._wait_for_readers(check)

    def _wait_for_readers(self, check: Callable[[], None]) -> None:
        """Those who have much to read by now; who had it before does not read, and is not who is typed to."""
        deadline_s = time.monotonic() + _STUCK_S
        while any(size > self._unread.get(each, 0) + _UNREAD for each, size in unread(self._path).items()):
            if time.monotonic() > deadline_s:
                self._unread = unread(self._path)
                raise Stop(Interruption.BROKEN)
            time.sleep(_SLOW_S)
            self._connection.roundtrip()
            check()

    def _keys(self, cluster: str, rest: list[str]) -> list[int]:
        """The keys of a grapheme; makes room for it, and for what comes after it, where that has run out."""
        if any(self._keymap.key(character) is None for character in cluster):
            self._need(cluster + "".join(rest))
        keys = [self._keymap.key(character) for character in cluster]
        if None in keys:
            raise Stop(Interruption.BROKEN)  # a grapheme of more characters than a keyboard has keys
        return [key for key in keys if key is not None]

    def _need(self, characters: str) -> None:
        if self._keymap.add(each for each in characters if each not in BREAKS):
            self._upload()

    def _upload(self) -> None:
        upload(self._keyboard, self._keymap.text.encode() + b"\0")
        self._connection.roundtrip()
        time.sleep(_SETTLE_S)


def upload(keyboard: VirtualKeyboardProxy, keymap: bytes) -> None:
    """Give a keyboard its keymap, which ends with a zero byte."""
    file = os.memfd_create("keymap", os.MFD_CLOEXEC)
    try:
        os.write(file, keymap)
        keyboard.keymap(file, len(keymap))  # libwayland keeps a copy of the file until it is sent
    finally:
        os.close(file)


def _now_ms() -> int:
    return int(time.monotonic() * 1000) & 0xFFFFFFFF
