"""The loggers of libraries that are not Python's, and what such libraries print by themselves.

Descriptor 2 is not led through the log: what a library says as it crashes the program would be lost in the
pipe, children would inherit it, and one that nobody empties would block them. Only `hush` turns it away.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress

_followers: dict[str, Callable[[int], object]] = {}
_kept: int | None = None
"""Where descriptor 2 led before it was turned away."""


def add(name: str, set_level: Callable[[int], object], level: int) -> None:
    """A library that was imported: it is told its level, a number of `logging`, now and at each change."""
    _followers[name] = set_level
    set_level(level)


def follow(level: Callable[[str], int]) -> None:
    """Levels have changed."""
    for name, set_level in _followers.items():
        set_level(level(name))


def hush(quiet: bool) -> None:
    """Whether what is printed on descriptor 2 goes nowhere; what we say to the user has one of its own."""
    global _kept
    with suppress(OSError, ValueError):  # no such stream: there is nothing to turn away
        if quiet and _kept is None and sys.stderr.fileno() != 2:
            _kept = os.dup(2)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
        elif not quiet and _kept is not None:
            os.dup2(_kept, 2)
            os.close(_kept)
            _kept = None
