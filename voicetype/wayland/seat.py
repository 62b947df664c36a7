"""The seat's input method: ours during a dictation, and otherwise whoever wants to be it."""

from __future__ import annotations

import time
from collections.abc import Callable

from voicetype.wayland.connection import Connection
from voicetype.wayland.field import Field, Surrounding
from voicetype.wayland.method import Method
from voicetype.wayland.writing import Writing

_ENTER_S = 0.15  # a program that knows input methods answers the new one in a few milliseconds,
_KNOWN_ENTER_S = 1.0  # unless it is busy: worth waiting for where it is known to answer
_LATE_S = 2.0  # after that a field that is entered is another one, not the one that was there
_APART_S = 0.1  # and takes its leave of the last one; both at once would be mistaken for each other


class Seat:
    """On the connection's thread. `changed` is called there, see `Method`."""

    def __init__(
        self, connection: Connection, writing: Writing, changed: Callable[[Field, Field], None]
    ) -> None:
        self._connection, self._writing, self._changed = connection, writing, changed
        self._visits = 0
        self._with_fields: set[str] = set()  # programs
        self._left_s = self._taken_s = 0.0  # monotonic

    @property
    def new(self) -> bool:
        """Whether a program may still not have told of its field."""
        return time.monotonic() < self._taken_s + _LATE_S

    def take(self, app: str) -> None:
        """Be the input method, and hear of the field of this program. Raises Unavailable."""
        if self._writing.method:
            return
        time.sleep(max(0.0, self._left_s + _APART_S - time.monotonic()))
        self._taken_s = time.monotonic()
        self._writing.method = Method(self._connection, self._visits, self._changed)
        enter_s = _KNOWN_ENTER_S if app in self._with_fields else _ENTER_S
        if self._connection.wait_until(lambda: self._writing.field.active, enter_s):
            self._with_fields.add(app)

    def leave(self) -> Surrounding | None:
        """Be it no more; what the field tells that was left."""
        self._connection.roundtrip()
        method, self._writing.method = self._writing.method, None
        if method is None:
            return None
        self._visits = method.field.visit
        method.close()
        self._left_s = time.monotonic()
        return method.field.surrounding
