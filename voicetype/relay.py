"""What is printed on its way to whoever reads it, on a thread of its own.

What happens is told by the typist's thread, and what the program is doing by the daemon's. A terminal that is
halted (Ctrl-S), or a script that does not read its pipe, would hold them up, and with them typing and all.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Full, Queue

from voicetype import calls
from voicetype.console import Printer
from voicetype.core.stream import Finished, StreamEvent

log = logging.getLogger(__name__)

MOST = 2000
"""Events and sentences that may wait to be read: some five minutes of speech."""

_FINISHED_S = 0.5  # that the typist gives the end of a dictation to be printed
_GOODBYE_S = 2.0  # in which those that wait are printed at the end


class Relay:
    """A printer for any thread. It prints in order; what finds no room is not printed. Closed once."""

    def __init__(self, printer: Printer) -> None:
        self._printer = printer
        self._waiting: Queue[Callable[[], None] | None] = Queue(MOST)
        self._unread = 0
        self._unwritable = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._print_all, name="printer", daemon=True)
        self._thread.start()

    def __call__(self, event: StreamEvent) -> None:
        """Print it soon."""
        self._put(partial(self._printer, event))
        if isinstance(event, Finished):
            self._wait()  # so that who has asked for the text finds it printed, too

    def note(self, sentence: str) -> None:
        """What the program is doing, soon."""
        self._put(partial(self._printer.note, sentence))

    def problem(self, sentence: str, hint: str) -> None:
        """What went wrong, soon."""
        self._put(partial(self._printer.problem, sentence, hint))

    def close(self) -> None:
        """Print what waits, unless nobody reads it."""
        with suppress(Full):
            self._waiting.put(None, timeout=_GOODBYE_S)
            self._thread.join(_GOODBYE_S)
        if self._thread.is_alive():
            calls.leave_behind(self._thread)

    def _put(self, printing: Callable[[], None]) -> None:
        with self._lock:
            try:
                self._waiting.put_nowait(printing)
            except Full:
                self._unread += 1
                if self._unread == 1:
                    log.warning("Nobody reads what voicetype prints: what happens now is left out of it.")
            else:
                if self._unread:
                    log.warning("What voicetype prints is read again: %d events are missing.", self._unread)
                self._unread = 0

    def _wait(self) -> None:
        """Until all is printed, if somebody reads it."""
        waiting = self._waiting
        with waiting.all_tasks_done:
            waiting.all_tasks_done.wait_for(lambda: not waiting.unfinished_tasks, _FINISHED_S)

    def _print_all(self) -> None:
        while (printing := self._waiting.get()) is not None:
            try:
                printing()
            except OSError as error:  # a full disk, most of all: what is said is typed all the same
                if not self._unwritable:
                    log.warning("What happens can't be printed: %s", error.strerror)
                self._unwritable = True
            finally:
                self._waiting.task_done()
