"""What a selection of X holds: every format its owner offers, read before we take its place.

ICCCM, section 2: an owner converts to the targets that it lists under TARGETS, and sends what is large in
pieces (INCR): the reader deletes a piece, and the owner puts the next one there.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from select import select
from typing import Any

from Xlib import X, Xatom
from Xlib.display import Display

_LIMIT_BYTES = 64 * 2**20
_PIECE = 2**14  # in units of four bytes

# Targets that are questions and orders, not contents.
_NO_CONTENTS = (
    *("TARGETS", "MULTIPLE", "TIMESTAMP", "SAVE_TARGETS", "DELETE", "INSERT_SELECTION", "INSERT_PROPERTY"),
)


class Unreadable(Exception):
    """The contents can't be kept: they are too large, or their owner is too slow."""


@dataclass(frozen=True, slots=True)
class Content:
    """One format: an atom for the type, 8, 16 or 32 bits an item, and the items as python-xlib has them."""

    kind: int
    bits: int
    items: Any


@dataclass(frozen=True, slots=True)
class Contents:
    """All formats, by the atom of their target, as the owner listed them; none where nobody owns it.

    `owner`: the id of the window that had the selection; 0 where none did.
    """

    owner: int = 0
    formats: Mapping[int, Content] = field(default_factory=dict)


class Reader:
    """Reads selections over a connection of its own. One thread owns it."""

    def __init__(self, display: Display) -> None:
        self._display = display
        screen = display.screen()
        self._window = screen.root.create_window(0, 0, 1, 1, 0, 0, X.InputOnly, X.CopyFromParent)
        self._window.change_attributes(event_mask=X.PropertyChangeMask)
        self._property = display.intern_atom("VOICETYPE_KEPT")
        self._incr = display.intern_atom("INCR")
        self._targets = display.intern_atom("TARGETS")
        self._no_contents = {display.intern_atom(name) for name in _NO_CONTENTS}

    def read(self, selection: int, patience_s: float) -> Contents:
        """Everything that a selection holds. Raises Unreadable.

        A format that its owner lists and then refuses is left out.
        """
        owner = self._display.get_selection_owner(selection)
        if not owner:
            return Contents()
        deadline = time.monotonic() + patience_s
        listed = self._convert(selection, self._targets, deadline)
        if listed is None or listed.bits != 32:
            return Contents(owner.id)  # it does not say what it has
        formats: dict[int, Content] = {}
        room = _LIMIT_BYTES
        for target in dict.fromkeys(listed.items):
            if target not in self._no_contents and (found := self._convert(selection, target, deadline)):
                formats[target] = found
                room -= len(found.items) * found.bits // 8
            if room < 0:
                raise Unreadable("it is too large")
        return Contents(owner.id, formats)

    def _convert(self, selection: int, target: int, deadline: float) -> Content | None:
        """One format; None where it is refused. Raises Unreadable."""
        self._window.delete_property(self._property)
        self._window.convert_selection(selection, target, self._property, X.CurrentTime)
        while True:
            event = self._next(deadline)
            if event.type == X.SelectionNotify and event.selection == selection and event.target == target:
                break
        if event.property == X.NONE:
            return None
        content = self._take()
        return self._pieces(deadline) if content and content.kind == self._incr else content

    def _pieces(self, deadline: float) -> Content | None:
        """The rest, of which one piece after the other is put into the property; the last one is empty."""
        whole: Content | None = None
        while True:
            event = self._next(deadline)
            if event.type != X.PropertyNotify or event.state != X.PropertyNewValue:
                continue
            piece = self._take()
            if piece is None or event.atom != self._property:
                continue
            if not piece.items:
                return whole
            whole = Content(piece.kind, piece.bits, whole.items + piece.items if whole else piece.items)
            if len(whole.items) * whole.bits // 8 > _LIMIT_BYTES:
                raise Unreadable("it is too large")

    def _take(self) -> Content | None:
        """What is in the property, which is deleted: that asks for the next piece."""
        items: Any = None
        offset = 0
        while True:
            part = self._window.get_property(self._property, X.AnyPropertyType, offset, _PIECE)
            if part is None:
                return None
            items = part.value if items is None else items + part.value
            offset += _PIECE
            if not part.bytes_after:
                break
        self._window.delete_property(self._property)
        return Content(part.property_type, part.format, items)

    def _next(self, deadline: float) -> Any:
        while not self._display.pending_events():
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise Unreadable("its owner does not answer")
            select([self._display], [], [], left_s)
        return self._display.next_event()


def atoms(items: list[int]) -> Content:
    """A list of atoms, as the answer to TARGETS is."""
    return Content(Xatom.ATOM, 32, items)
