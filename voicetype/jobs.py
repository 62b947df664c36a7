"""Jobs on a thread of their own, one after the other, in the order in which they were asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from voicetype.errors import DaemonError, VoicetypeError

log = logging.getLogger(__name__)

_T = TypeVar("_T")


class Jobs:
    """The thread `name`. Every method is for any thread."""

    def __init__(self, name: str, behind: Callable[[], None] = lambda: None) -> None:
        """`behind` follows each job, on the thread, before anybody knows how that ended."""
        self._name, self._behind = name, behind
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    def ask(self, job: Callable[[], _T]) -> Future[_T]:
        """What comes of a job; after `close` that is a DaemonError."""

        def do() -> _T:
            try:
                return job()
            finally:
                self._behind()

        try:
            asked = self._thread.submit(do)
        except RuntimeError as error:  # the thread has ended
            asked = Future()
            asked.set_exception(ending())
            log.debug("%s is asked too late: %s", self._name, error)
            return asked
        asked.add_done_callback(self._log_surprise)
        return asked

    def close(self, *, wait: bool = True) -> None:
        """Do nothing more after what was asked for, and wait for that; or drop it. Safe to call twice."""
        self._thread.shutdown(wait=wait, cancel_futures=not wait)

    def _log_surprise(self, asked: Future[_T]) -> None:
        """A fault of ours must not vanish in a future that nobody reads."""
        error = None if asked.cancelled() else asked.exception()
        if error is not None and not isinstance(error, VoicetypeError):
            log.error("%s failed at a job", self._name, exc_info=error)


def ending() -> DaemonError:
    """The answer to whoever comes too late."""
    return DaemonError("The voicetype daemon is ending.", "Start it again: `voicetype run`.")
