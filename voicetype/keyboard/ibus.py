"""Typing through IBus: an input method of our own, in use while a dictation runs.

Drafts are shown as preedit, underlined, in the application itself; confirmed text is committed. Not a
key is pressed. It runs in a process of its own (`process`), which gives the user's own input method
back when the daemon dies: whatever else happens, the user must be able to type.

D-Bus is spoken by dbus-fast, to ibus-daemon's own bus; libibus and GLib's main loop are not needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from threading import Thread
from typing import Any, TypeVar

from voicetype.core.events import Patch
from voicetype.errors import KeyboardError
from voicetype.keyboard import Claim, Held, Keyboard, Observer
from voicetype.keyboard.ibus_typing import Typing

_T = TypeVar("_T")


def make(_options: Mapping[str, object], _held: Held) -> Keyboard:
    """For `process`: there is nothing to choose."""
    return IBusKeyboard()


class IBusKeyboard:
    """The typist thread owns it; what it does, it does on a loop of its own thread."""

    name = "ibus"

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None
        self._typing: Typing | None = None

    def open(self, observer: Observer) -> None:
        """Connect to ibus-daemon and register. Raises KeyboardError where none runs."""
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="ibus", daemon=True)
        self._thread.start()
        self._typing = Typing(observer)
        self._do(self._typing.open())

    def claim(self) -> Claim:
        """See the protocol. Raises KeyboardError where no field of a program that uses IBus has the focus."""
        return self._do(self._opened().claim())

    def apply(self, patch: Patch) -> None:
        """See the protocol."""
        self._do(self._opened().apply(patch))

    def read(self, characters: int) -> str | None:
        """See the protocol."""

        async def read() -> str | None:
            return self._opened().read(characters)

        return self._do(read())

    def release(self) -> None:
        """See the protocol."""
        if self._typing:
            self._do(self._typing.release())

    def close(self) -> None:
        """Give the user's own engine back, and disconnect."""
        typing, self._typing = self._typing, None
        if typing:
            self._do(typing.release())
        loop, self._loop = self._loop, None
        if loop and self._thread:
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join()
            loop.close()

    def _do(self, work: Coroutine[Any, Any, _T]) -> _T:
        assert self._loop is not None
        done: Future[_T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return done.result()

    def _opened(self) -> Typing:
        if self._typing is None:
            raise KeyboardError("IBus is not open.", "Start voicetype again.")
        return self._typing
