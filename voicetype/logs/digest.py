"""What the log says of what was logged: each text once in a few seconds, and then how often."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Iterator
from itertools import count

from voicetype.logs.entries import Entry

_MOST_LINES = 100
"""Different texts of one library in a few seconds; what more it says is only counted."""

Line = tuple[int, str]
"""A level and a text."""


class Digest:
    """The texts of a few seconds, and how often each was logged.

    Any thread may ask `is_new`, which takes no lock: what it does to a dict or a counter, Python does in one
    step. So what is repeated costs whoever logs it a look into a dict, and the log's thread nothing.
    """

    def __init__(self, most: int) -> None:
        """`most`: so many texts may wait."""
        self._most = most
        self._times: dict[Hashable, tuple[Entry, Iterator[int]]] = {}
        self._lines: dict[str, Iterator[int]] = {}
        self._left_out: dict[tuple[str, int], Iterator[int]] = {}
        self._refused = count()

    @property
    def empty(self) -> bool:
        """Whether nothing was logged."""
        return not self._times

    def leaves_out(self, name: str, level: int) -> bool:
        """Whether a library says too much, and this is only counted."""
        counter = self._left_out.get((name, level))
        if counter is None:
            return False
        next(counter)
        return True

    def is_new(self, entry: Entry) -> bool:
        """Whether it is to be written; all others are only counted."""
        key = entry.key
        known = self._times.get(key)
        if known is None:
            if self._too_many(entry):
                return False
            known = self._times.setdefault(key, (entry, count()))
        return next(known[1]) == 0

    def end(self) -> list[Line]:
        """What was logged again, and how often. What somebody counts meanwhile, in an old digest, is lost."""
        lines = []
        for entry, counter in list(self._times.values()):
            if (times := next(counter)) > 1:
                lines.append((entry.level, f"{shown(entry)} … {times} times"))
        for (name, level), counter in list(self._left_out.items()):
            more = Entry(name, level, "… and %d more messages", (next(counter),), ())
            lines.append((level, shown(more)))
        return lines

    def refused(self) -> int:
        """How many were not counted either, since more waited than may; to be asked once."""
        return next(self._refused)

    def _too_many(self, entry: Entry) -> bool:
        if len(self._times) >= self._most:
            next(self._refused)
            return True
        if _is_ours(entry.name):
            return False
        if next(self._lines.setdefault(entry.name, count())) < _MOST_LINES:
            return False
        self._left_out.setdefault((entry.name, entry.level), count())
        return self.leaves_out(entry.name, entry.level)


def shown(entry: Entry) -> str:
    """As it is written. Ours is plain where it is no more than news."""
    if entry.level == logging.INFO and _is_ours(entry.name):
        return entry.text
    return f"{logging.getLevelName(entry.level).lower()}: {entry.name}: {entry.text}"


def _is_ours(name: str) -> bool:
    return name == "voicetype" or name.startswith("voicetype.")
