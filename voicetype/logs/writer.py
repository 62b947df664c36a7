"""The thread that formats and writes what is logged.

The theory. Who logs only puts an entry into a queue, which takes no lock, so that it may be done in an audio
callback, a model's call or a signal handler. Rule 1: while nobody dictates, the thread is woken at once.
Rule 2: while somebody does, a record wakes nobody, or it would compete with the models for the interpreter;
the thread looks in the pauses between two windows, at the end, and every few seconds. Rule 3: an error wakes
it at once. Rule 4: what is repeated is written once and counted (`digest`); the count is told when its few
seconds are over, or the dictation is. Rule 5: so many may wait; more are counted, and that is told.
"""

from __future__ import annotations

import logging
import time
from enum import Enum, auto
from queue import Empty, SimpleQueue
from threading import Event, Thread

from voicetype.logs.digest import Digest, shown
from voicetype.logs.entries import Entry, entry
from voicetype.logs.outlet import Outlet

EVERY_S = 5.0
MOST_WAITING = 10_000
_GOODBYE_S = 2.5  # more than an outlet waits for its reader, twice


class _Signal(Enum):
    LOOK = auto()
    BEGAN = auto()
    ENDED = auto()
    CLOSE = auto()


class Writer:
    """Every method may be called from anywhere; `put` never waits, whatever becomes of the outlet."""

    def __init__(self, outlet: Outlet, every_s: float = EVERY_S, most: int = MOST_WAITING) -> None:
        self._outlet, self._every_s, self._most = outlet, every_s, most
        self._digest = Digest(most)
        self._waiting: SimpleQueue[Entry] = SimpleQueue()
        self._signals: SimpleQueue[_Signal | Event] = SimpleQueue()
        self._sessions = self._lost = 0
        self._due: float | None = None  # monotonic seconds
        self._thread = Thread(target=self._run, name="voicetype-log", daemon=True)
        self._thread.start()

    def take(self, record: logging.LogRecord, *, everything: bool) -> None:
        """To be written, or counted; see `entry`."""
        if not self._digest.leaves_out(record.name, record.levelno):
            self.put(entry(record, everything=everything))

    def put(self, entry: Entry) -> None:
        """To be written, or counted."""
        if not self._digest.is_new(entry):
            return
        self._waiting.put(entry)
        if (not self._sessions or entry.level >= logging.ERROR) and self._signals.empty():
            self._signals.put(_Signal.LOOK)

    def began(self) -> None:
        """A dictation begins."""
        self._signals.put(_Signal.BEGAN)

    def ended(self) -> None:
        """A dictation is over."""
        self._signals.put(_Signal.ENDED)

    def pause(self) -> None:
        """A model has a pause."""
        if self._signals.empty() and not self._waiting.empty():
            self._signals.put(_Signal.LOOK)

    def flush(self, timeout_s: float = _GOODBYE_S) -> None:
        """Wait, for so long at most, until all that was logged is written, the counts too."""
        if self._thread.is_alive():
            done = Event()
            self._signals.put(done)
            done.wait(timeout_s)

    def close(self) -> None:
        """Write what waits, and end the thread."""
        self._signals.put(_Signal.CLOSE)
        self._thread.join(_GOODBYE_S)

    # on the thread

    def _run(self) -> None:
        signal: _Signal | Event | None = None
        while signal is not _Signal.CLOSE:
            signal = self._next()
            if signal is _Signal.BEGAN:
                self._sessions += 1
            elif signal is _Signal.ENDED:
                self._sessions = max(0, self._sessions - 1)
            self._write(ends=signal not in (_Signal.LOOK, _Signal.BEGAN, None))
            if isinstance(signal, Event):
                signal.set()
        self._outlet.close()

    def _next(self) -> _Signal | Event | None:
        """What there is to do; None: the time is up."""
        if self._due is None and self._sessions:
            self._due = time.monotonic() + self._every_s
        try:
            return self._signals.get(timeout=self._due and max(0.0, self._due - time.monotonic()))
        except Empty:
            return None

    def _write(self, *, ends: bool) -> None:
        lines = [(each.level, shown(each)) for each in self._taken()]
        if ends or (self._due is not None and time.monotonic() >= self._due):
            digest, self._digest = self._digest, Digest(self._most)
            lines += digest.end()
            self._lost += digest.refused()
            self._due = None
        lost = self._outlet.write(lines)
        self._lost += lost
        if self._due is None and self._lost and not lost:
            self._tell_missing()
        if self._due is None and (self._lost or not self._digest.empty):
            self._due = time.monotonic() + self._every_s

    def _taken(self) -> list[Entry]:
        """What waits now; what comes meanwhile is for the next time."""
        return [self._waiting.get() for _ in range(self._waiting.qsize())]

    def _tell_missing(self) -> None:
        """How much is not in the log."""
        text = f"warning: {__name__}: {self._lost} messages are missing here"
        if not self._outlet.write([(logging.WARNING, text)]):
            self._lost = 0
