"""The input method of the seat: what it is told of the focused field, and what it does there."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from voicetype.keyboard.composing import Change
from voicetype.wayland.connection import Connection
from voicetype.wayland.field import Field, entered, pieces, surrounding
from voicetype.wayland.protocols import InputMethodManager, InputMethodProxy


class Unavailable(Exception):
    """Another input method has the seat."""


class Method:
    """On the connection's thread. `changed` is called there with the field before and after each `done`."""

    def __init__(self, connection: Connection, visits: int, changed: Callable[[Field, Field], None]) -> None:
        """`visits`: how many fields were entered until now. Raises Unavailable."""
        self._connection, self._changed = connection, changed
        self.field = self._next = Field(visit=visits)
        self._visits = visits
        self._serial = 0  # of `done` events
        self.moved_s = 0.0  # monotonic: when we or the field last did something
        self._available = True
        self.proxy: InputMethodProxy = connection.bind(InputMethodManager).get_input_method(connection.seat)
        for event, hear in (
            ("activate", self._activate),
            ("deactivate", self._deactivate),
            ("surrounding_text", self._surrounding),
            ("text_change_cause", self._cause),
            ("content_type", self._content_type),
            ("done", self._done),
            ("unavailable", self._unavailable),
        ):
            self.proxy.dispatcher[event] = hear
        connection.roundtrip()
        if not self._available:
            self.proxy.destroy()
            raise Unavailable

    def close(self) -> None:
        """Leave the seat to another input method."""
        self.proxy.destroy()
        self._connection.roundtrip()

    def change(self, wanted: Change) -> None:
        """Delete before the caret, commit, show the rest. One act, unless a text is longer than a message."""
        *first, last = pieces(wanted.commit)
        if wanted.wants_preedit:
            self.proxy.set_preedit(" ", 1, 1)
            self.proxy.commit(self._serial)
        if wanted.delete:
            self.proxy.delete_surrounding(len(wanted.delete.encode()), 0)
        for piece in first:
            self.proxy.commit_string(piece)
            self.proxy.commit(self._serial)
        if last:
            self.proxy.commit_string(last)
        self.moved_s = time.monotonic()
        *_, shown = pieces(wanted.preedit)  # of a very long draft its end
        end = len(shown.encode())
        self.proxy.set_preedit(shown, end, end)
        self.proxy.commit(self._serial)

    def _activate(self, _: object) -> None:
        self._visits += 1
        self._next = entered(self._visits)

    def _deactivate(self, _: object) -> None:
        self._next = Field(visit=self._visits)

    def _surrounding(self, _: object, text: str, cursor: int, anchor: int) -> None:
        self._next = replace(self._next, surrounding=surrounding(text, cursor, anchor))

    def _cause(self, _: object, cause: int) -> None:
        self._next = replace(self._next, cause=cause)

    def _content_type(self, _: object, hint: int, kind: int) -> None:
        self._next = replace(self._next, hint=hint, kind=kind)

    def _done(self, _: object) -> None:
        self._serial += 1
        self.moved_s = time.monotonic()
        before, self.field = self.field, self._next
        self._next = replace(self._next, cause=0)
        self._changed(before, self.field)

    def _unavailable(self, _: object) -> None:
        self._available = False
        before, self.field = self.field, Field(visit=self._visits)
        self._next = self.field
        self._changed(before, self.field)
