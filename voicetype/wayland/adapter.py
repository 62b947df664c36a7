"""What both ways to type on Wayland have in common: a `Keyboard` that works on its connection's thread."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TypeVar

from voicetype.core.events import FocusChanged, Patch
from voicetype.errors import KeyboardError
from voicetype.keyboard import Claim, Held, KeyboardLost, Observer
from voicetype.keyboard.progress import Progress
from voicetype.wayland.gone import Gone

if TYPE_CHECKING:
    from voicetype.wayland.connection import Connection

_T = TypeVar("_T")


class Way(Protocol):
    """What is done on the connection's thread. All may raise Gone."""

    def claim(self) -> Claim:
        """See `Keyboard`."""

    def apply(self, patch: Patch, progress: Progress) -> None:
        """See `Keyboard`; raises Stop."""

    def read(self, characters: int) -> str | None:
        """See `Keyboard`."""

    def release(self) -> None:
        """See `Keyboard`; nothing is left half done."""

    def close(self) -> None:
        """The same, and the connection ends next."""


class Adapter:
    """A keyboard. The typist thread's; `begin` and what it gives are the connection's thread's."""

    def __init__(self, name: str, begin: Callable[[Connection, Observer], Way], held: Held) -> None:
        self.name = name
        self._make = begin
        self._held = held
        self._observer: Observer = lambda _: None
        self._connection: Connection | None = None
        self._way: Way | None = None

    def open(self, observer: Observer) -> None:
        """Connect. Raises KeyboardError where the compositor is not there, or lacks something."""
        self._observer = observer
        try:
            from voicetype.wayland.connection import Connection
        except ImportError as missing:
            raise KeyboardError(
                f"The Python package pywayland can't be used: {missing}.",
                "Install it for voicetype's Python: pip install pywayland, or your distribution's package.",
            ) from missing
        try:
            self._connection = connection = Connection(self._lost)
            self._way = connection.call(lambda: self._make(connection, observer))
        except Gone as failure:
            raise _unreachable() from failure

    def claim(self) -> Claim:
        """See the protocol."""
        return self._do(lambda way: way.claim())

    def apply(self, patch: Patch) -> None:
        """See the protocol."""
        progress = Progress()
        with progress.told(KeyboardError):
            self._do(lambda way: way.apply(patch, progress))

    def read(self, characters: int) -> str | None:
        """See the protocol."""
        try:
            return self._do(lambda way: way.read(characters))
        except KeyboardError:
            return None

    def release(self) -> None:
        """See the protocol."""
        with suppress(KeyboardError):
            self._do(lambda way: way.release())

    def close(self) -> None:
        """End what has begun, and disconnect."""
        connection, self._connection = self._connection, None
        way, self._way = self._way, None
        if connection is None:
            return
        if way:
            with suppress(Gone):
                connection.call(way.close)
        connection.close()

    def _do(self, job: Callable[[Way], _T]) -> _T:
        way = self._way
        if self._connection is None or way is None:
            raise _unreachable()
        try:
            return self._connection.call(lambda: job(way))
        except Gone as failure:
            raise _unreachable() from failure

    def _lost(self) -> None:
        self._held(False)
        self._observer(FocusChanged(ours=False))
        self._observer(KeyboardLost())


def lacking(names: list[str]) -> KeyboardError:
    """The compositor lacks these."""
    return KeyboardError(
        f"The compositor does not offer {' and '.join(names)}.",
        "Set typing.keyboard to auto, which finds a way that your desktop has.",
    )


def no_focus() -> KeyboardError:
    """Nothing could be claimed."""
    return KeyboardError("No window has the focus.", "Click into the window that you want to type into.")


def _unreachable() -> KeyboardError:
    return KeyboardError(
        "The Wayland compositor does not answer.",
        "Start voicetype inside your desktop session, where WAYLAND_DISPLAY is set.",
    )
