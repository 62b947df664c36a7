"""The text field that has the focus, as it tells the input method of itself. Pure.

What the compositor says is pending until it says `done`. Its lengths are bytes of UTF-8. A surrounding
text stays in force until another comes: some compositors repeat it with each `done`, some don't.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from voicetype.core.patch import graphemes
from voicetype.keyboard import Purpose

BY_OTHERS = 1
"""The cause of a change that was not the input method's."""

_LONGEST = 3000
"""Bytes of a text in one request; the protocol allows 4000."""

_PASSWORD, _PIN, _TERMINAL = 8, 9, 13
_BULLETS = set("●•")
_HIDDEN_TEXT, _SENSITIVE, _MULTILINE = 0x40, 0x80, 0x200


@dataclass(frozen=True, slots=True)
class Surrounding:
    """The text before the caret (or the selection), without the preedit."""

    before: str
    selected: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """What is known of it. `visit`: another number each time that a field is entered.

    `surrounding`: None where the field does not tell. `cause`: of the last change.
    """

    active: bool = False
    visit: int = 0
    surrounding: Surrounding | None = None
    cause: int = 0
    hint: int = 0
    kind: int = 0

    @property
    def purpose(self) -> Purpose:
        """What it is for."""
        if self.kind in (_PASSWORD, _PIN) or self.hint & (_HIDDEN_TEXT | _SENSITIVE) or self._hides:
            return Purpose.PASSWORD
        return Purpose.TERMINAL if self.kind == _TERMINAL else Purpose.TEXT

    @property
    def several_lines(self) -> bool | None:
        """Whether it has several lines; None where it does not say so: few toolkits would."""
        return True if self.hint & _MULTILINE else None

    @property
    def _hides(self) -> bool:
        """Whether it shows bullets for text: a GTK 3 entry that hides its text may say nothing else of it."""
        seen = self.surrounding
        return seen is not None and seen.before != "" and set(seen.before) <= _BULLETS


def entered(visits: int) -> Field:
    """After `activate`: nothing is known of the new one."""
    return Field(active=True, visit=visits)


def surrounding(text: str, cursor: int, anchor: int) -> Surrounding:
    """From what the event says, in bytes."""
    before = text.encode()[: min(cursor, anchor)]
    return Surrounding(before.decode(errors="replace"), cursor != anchor)


def pieces(text: str) -> list[str]:
    """A text as messages may carry it; at least one, which may be empty."""
    return list(_pieces(text)) or [""]


def _pieces(text: str) -> Iterator[str]:
    piece, size = "", 0
    for cluster in graphemes(text):
        bytes_ = len(cluster.encode())
        if size + bytes_ > _LONGEST:
            yield piece
            piece, size = "", 0
        piece, size = piece + cluster, size + bytes_
    if piece:
        yield piece
