"""A thread that listens to one X connection.

While it runs, the connection is the thread's alone: other threads hand it work with `post`. After
`stop` the connection belongs to whoever stopped it, who also closes it; work posted then is dropped.
"""

from __future__ import annotations

import logging
import os
import select
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import Any

from Xlib.display import Display

from voicetype.x11.connection import LOST

_log = logging.getLogger(__name__)


class Listening:
    """Calls `receive` with each X event on a thread of its own, and `lost` when the server is gone."""

    def __init__(
        self, display: Display, name: str, receive: Callable[[Any], None], lost: Callable[[], None]
    ) -> None:
        self._display = display
        self._receive = receive
        self._lost = lost
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._woken, self._wake = os.pipe()
        self._posting = Lock()  # nobody writes to a pipe that is closed, and its number another file's
        self._stopped = False
        self._later: list[tuple[float, Callable[[], None]]] = []  # when (monotonic), and what
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def post(self, work: Callable[[], None]) -> None:
        """Have `work` done on the listening thread, unless it was stopped. For any thread."""
        with self._posting:
            if not self._stopped:
                self._hand_over(work)

    def postpone(self, after_s: float, work: Callable[[], None]) -> None:
        """Do `work` in a while. For the listening thread."""
        self._later.append((time.monotonic() + after_s, work))

    def catch_up(self, timeout_s: float) -> None:
        """Wait until every event that the server has sent by now has been received."""
        caught_up = Event()
        self.post(lambda: self._catch_up(caught_up))
        caught_up.wait(timeout_s)

    def stop(self) -> None:
        """End the thread; the connection is the caller's now. To be called once."""
        with self._posting:
            self._stopped = True
            self._hand_over(None)
        self._thread.join()
        os.close(self._wake)
        os.close(self._woken)

    def _hand_over(self, work: Callable[[], None] | None) -> None:
        """None ends the thread."""
        self._work.put(work)
        os.write(self._wake, b"\0")

    def _run(self) -> None:
        asked = False
        try:
            self._listen()
            asked = True
        except LOST as failure:
            _log.warning("The X server is gone: %s", failure)
        finally:
            if not asked:
                # Whatever went wrong: a grab that nobody answers would leave the keyboard frozen.
                close(self._display)
                self._lost()

    def _listen(self) -> None:
        while self._work_through():
            self._do_what_is_due()
            # This also sends what is queued. A flush after it would read, too, and leave what it
            # has read inside python-xlib while select sleeps.
            self._receive_all()
            select.select([self._display, self._woken], [], [], self._until_due_s())

    def _do_what_is_due(self) -> None:
        now = time.monotonic()
        due = [work for at_s, work in self._later if at_s <= now]
        self._later = [each for each in self._later if each[0] > now]
        for work in due:
            work()

    def _until_due_s(self) -> float | None:
        """None where nothing is postponed."""
        soonest = min((at_s for at_s, _ in self._later), default=None)
        return None if soonest is None else max(0.0, soonest - time.monotonic())

    def _receive_all(self) -> None:
        while self._display.pending_events():
            self._receive(self._display.next_event())

    def _catch_up(self, caught_up: Event) -> None:
        self._display.sync()  # its answer comes behind the events
        self._receive_all()
        caught_up.set()

    def _work_through(self) -> bool:
        """Do what was posted; returns False when it is time to end."""
        if select.select([self._woken], [], [], 0)[0]:
            os.read(self._woken, 4096)
        with suppress(Empty):
            while True:
                work = self._work.get_nowait()
                if work is None:
                    return False
                work()
        return True


def close(display: Display) -> None:
    """Close a connection that may be dead already."""
    with suppress(*LOST):
        display.close()
