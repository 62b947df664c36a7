"""What the focused field says of itself; `Reader` is the seam, `atspi` the adapter.

It is read for two ends: nothing is typed into a password field, and what is to be erased stands there
still. At most as many characters before the caret as these need are read, and none is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Place:
    """An accessible object: a program's name on the accessibility bus, and a path in it."""

    program: str
    path: str


@dataclass(frozen=True, slots=True)
class Field:
    """What has the focus. `application`: the program as it calls itself; empty where it does not.

    `readable`: it is a field whose text can be edited and read; never so with a password.
    `several_lines`: whether Return begins a new one, as the field has it; None where it does not say. A
    terminal has but one: that of the shell.
    """

    place: Place
    application: str = ""
    password: bool = False
    terminal: bool = False
    readable: bool = False
    several_lines: bool | None = None


class Reader(Protocol):
    """Follows the focus, and reads. None, for each answer: it is not known.

    All methods are called on the typist thread; the observer is called on a thread of the reader's own,
    with what has the focus now, each time that it moves or `find` found it, before `focused` and `find`
    say so. No call takes longer than a few tenths of a second.
    """

    def open(self, observer: Callable[[Field | None], None]) -> None:
        """Begin to follow the focus; where that can't be had, every answer will be None."""

    @property
    def focused(self) -> Field | None:
        """What the last change of focus led to; asks nobody."""

    def find(self) -> Field | None:
        """What has the focus now; asks the program, and looks for it where the last change is out of date."""

    def read(self, field: Field, characters: int) -> str | None:
        """The last `characters` code points before the caret of `field`; None too where it lost the focus, or
        some of its text is selected.
        """

    def close(self) -> None:
        """Stop. Safe to call twice and without `open`."""
