"""Calls that can't be interrupted, each on a thread that can be left behind in one that never ends.

Below a model lies C++, which knows no end but its own. Who waits for it gives up after a while; the thread
stays in its call, perhaps for good, and another one makes the next call.
"""

from __future__ import annotations

import logging
import math
import os
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

_STEP_S = 0.5
"""Patience is counted in steps: while the process was stopped, or the machine slept, nobody had time."""

_GOODBYE_S = 3.0  # for what is printed at the very end; the log takes less

_T = TypeVar("_T")

_threads: weakref.WeakSet[CallThread] = weakref.WeakSet()
_left_behind: list[threading.Thread] = []


class Hung(Exception):
    """A call took longer than anybody would wait."""


class CallThread:
    """A thread that makes one call at a time, for one other thread."""

    def __init__(self, name: str, prepare: Callable[[], None]) -> None:
        """`prepare` is run on the new thread before its first call."""
        self._jobs: SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = SimpleQueue()
        self._prepare = prepare
        self.busy = False
        """Whether it is in a call, also in one that was left behind."""
        _threads.add(self)
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def make(self, call: Callable[[], _T], patience_s: float) -> _T:
        """Make a call and wait for it. Raises what it raises, and Hung: another thread is to be used then."""
        answer: Future[_T] = Future()
        self._jobs.put((call, answer))
        for _ in range(math.ceil(patience_s / _STEP_S)):
            if wait([answer], _STEP_S).done:
                return answer.result()
        raise Hung

    def end(self) -> None:
        """No call comes any more; one that is under way goes on."""
        self._jobs.put(None)

    def _run(self) -> None:
        self._prepare()
        while (job := self._jobs.get()) is not None:
            call, answer = job
            self.busy = True
            try:
                answer.set_result(call())
            except BaseException as error:  # noqa: BLE001  # raised where it is waited for
                answer.set_exception(error)
            self.busy = False
            del job, call, answer  # what they hold, a model perhaps, is not to stay until the next call


def running() -> bool:
    """Whether a call is under way on any thread."""
    return any(thread.busy for thread in list(_threads)) or any(each.is_alive() for each in _left_behind)


def leave_behind(thread: threading.Thread) -> None:
    """A thread of somebody else's, which may never end."""
    _left_behind.append(thread)


def leave(code: int) -> int:
    """The exit code, for the end of the program; where a call is still under way, the end comes here.

    Python ends a thread that comes back from C++ at its exit, and C++ aborts at that. One that prints where
    nobody reads has the stream, for which Python would wait.
    """
    if running():
        ending = threading.Thread(target=_write_out, daemon=True)
        ending.start()
        ending.join(_GOODBYE_S)
        os._exit(code)
    return code


def _write_out() -> None:
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
