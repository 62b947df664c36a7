"""What the program says of itself, on stderr; what was dictated is never logged above DEBUG.

Who logs never waits: see `writer` for when a record is written, `entries` for what is kept of it until then,
`digest` for what is repeated, `outlet` for a reader that is slow or gone.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TextIO

from voicetype.logs import faults, native
from voicetype.logs.entries import entry
from voicetype.logs.outlet import Outlet
from voicetype.logs.writer import Writer

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

_NOTHING = logging.CRITICAL + 1
_NONE: Mapping[str, str] = MappingProxyType({})


class _Taking(logging.Handler):
    """Hands records on. It has no lock: nothing of it changes while it is in use."""

    def __init__(
        self, take: Callable[[logging.LogRecord], None], flush: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__()
        self._take, self._flush = take, flush

    def createLock(self) -> None:
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        self._take(record)

    def flush(self) -> None:
        """By `logging.shutdown`, which Python calls at its end."""
        self._flush()


class _Log:
    """The log of this process."""

    def __init__(self) -> None:
        self.writer: Writer | None = None
        self._stream: TextIO | None = None
        self._handler: logging.Handler | None = None
        self._libraries: Mapping[str, str] = _NONE

    def write_to(self, stream: TextIO) -> Writer:
        """The thread that writes to `stream`; the one there is, where it does."""
        if self.writer is None or stream is not self._stream:
            if self.writer:
                self.writer.close()
            self.writer, self._stream = Writer(Outlet(stream)), stream
        return self.writer

    def take(self, handler: logging.Handler) -> None:
        """The only handler of ours."""
        root = logging.getLogger()
        root.addHandler(handler)
        if self._handler:
            root.removeHandler(self._handler)
        self._handler = handler

    def set_levels(self, level: int, libraries: Mapping[str, str]) -> None:
        """Ours, and the libraries': a warning at least is needed of one that is not named."""
        for name in self._libraries.keys() - libraries.keys():
            logging.getLogger(name).setLevel(logging.NOTSET)
        self._libraries = libraries
        logging.getLogger().setLevel(max(level, logging.WARNING))
        logging.getLogger("voicetype").setLevel(level)
        for name, word in libraries.items():
            logging.getLogger(name).setLevel(max(_LEVELS[word], level if level == _NOTHING else 0))


_log = _Log()


def configure(level: str = "info", quiet: bool = False, libraries: Mapping[str, str] = _NONE) -> None:
    """What is said from now on: ours from `level` on, the libraries' warnings, or by their own levels.

    `quiet`: none of it, and nothing of what libraries print by themselves. Safe to call again, on one thread.
    """
    writer = _log.write_to(sys.stderr)
    least = _NOTHING if quiet else _LEVELS[level]
    _log.set_levels(least, libraries)
    _log.take(_Taking(partial(writer.take, everything=least <= logging.DEBUG), writer.flush))
    native.hush(quiet)
    native.follow(_level)
    faults.follow()


def hand_over(put: Callable[[int, str, str], None], level: int) -> None:
    """In a process of ours that another one logs for: `put` is given level, name and text at once."""

    def take(record: logging.LogRecord) -> None:
        put(record.levelno, record.name, entry(record, everything=level <= logging.DEBUG).text)

    _log.set_levels(level, _NONE)
    _log.take(_Taking(take))
    faults.follow()


def library(name: str, set_level: Callable[[int], object]) -> None:
    """A library with a logger of its own: `set_level` is given a level of `logging`, now and later."""
    native.add(name, set_level, _level(name))


def began() -> None:
    """A dictation begins: records wait for a pause of the models."""
    if _log.writer:
        _log.writer.began()


def ended() -> None:
    """A dictation is over."""
    if _log.writer:
        _log.writer.ended()


def pause() -> None:
    """A model has heard a window, and waits for the next."""
    if _log.writer:
        _log.writer.pause()


def _level(name: str) -> int:
    """The level in force for a logger, no more than there is a name for."""
    return min(logging.getLogger(name).getEffectiveLevel(), logging.CRITICAL)
