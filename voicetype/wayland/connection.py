"""A connection to the compositor, and the one thread that uses it.

libwayland may be used by several threads, pywayland's bookkeeping may not: everything that is asked of
the compositor, and all that it tells, happens on the connection's own thread. Other threads hand it work
with `call`. When the thread ends, for whatever reason, the connection is closed, and the compositor takes
back what it gave: a grab of the keyboard above all.
"""

from __future__ import annotations

import logging
import os
import select
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from threading import Lock, Thread
from typing import Any, TypeVar

from pywayland.client.display import Display
from pywayland.protocol.wayland import WlSeat, WlSeatProxy
from pywayland.protocol_core.interface import Interface

from voicetype.wayland.gone import Gone

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_BEAT_S = 0.5


class Connection:
    """`call` and `close` are for any thread but the connection's own; the rest is for that one alone."""

    def __init__(self, lost: Callable[[], None]) -> None:
        """Connect. `lost` is called on the connection's thread when the compositor goes. Raises Gone."""
        self._lost = lost
        self._globals: dict[str, tuple[int, int]] = {}  # interface -> name and version
        self._display = Display()
        self._syncs: set[Any] = set()  # not answered yet
        self._timers: dict[Callable[[], None], float] = {}  # monotonic: when each is due
        self._pulse: Callable[[], None] | None = None
        self._beat_s = 0.0  # monotonic: when it is due
        self._jobs: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._lock = Lock()  # of the jobs and of `_ended`
        self._ended = self._closing = False
        self._wake_read, self._wake_write = os.pipe()
        started: Future[None] = Future()
        self._thread = Thread(target=self._run, args=(started,), name="wayland", daemon=True)
        self._thread.start()
        started.result()
        self.seat: WlSeatProxy = self.call(lambda: self.bind(WlSeat))

    def call(self, job: Callable[[], _T]) -> _T:
        """Do this on the connection's thread. Raises what it raises, and Gone."""
        done: Future[_T] = Future()
        with self._lock:
            if self._ended:
                raise Gone
            self._jobs.append((job, done))
            os.write(self._wake_write, b"!")
        return done.result()

    def close(self) -> None:
        """Disconnect. Safe to call twice."""
        self._closing = True
        with suppress(Gone):
            self.call(lambda: None)
        self._thread.join()

    def offers(self, interface: type[Interface]) -> bool:
        """Whether the compositor has this global."""
        return interface.name in self._globals

    def bind(self, interface: type[Interface]) -> Any:
        """The global's proxy. The caller keeps it: one that is forgotten hears nothing."""
        name, version = self._globals[interface.name]
        return self._registry.bind(name, interface, min(version, interface.version, 4))

    def has_keyboard(self) -> bool:
        """Whether a keyboard of the seat was used, and is still there: then it tells its layout at once."""
        keyboard, layouts = self.seat.get_keyboard(), list[int]()

        def told(_: object, _format: int, file: int, size: int) -> None:
            os.close(file)
            layouts.append(size)

        keyboard.dispatcher["keymap"] = told
        self.roundtrip()
        keyboard.release()
        return bool(layouts)

    def roundtrip(self) -> None:
        """Wait until the compositor has taken all that was asked; hear what it told. Raises Gone."""
        self._beat()
        if self._display.roundtrip() < 0:
            raise Gone

    def afterwards(self, done: Callable[[], None]) -> None:
        """Call this once the compositor has taken all that was asked; what it told until then was heard."""
        callback = self._display.sync()
        self._syncs.add(callback)

        def answered(_: object, _serial: int) -> None:
            self._syncs.discard(callback)
            done()

        callback.dispatcher["done"] = answered

    def later(self, delay_s: float, act: Callable[[], None]) -> None:
        """Call this after a while, when nothing else is being done; once, at the time that was said last."""
        self._timers[act] = time.monotonic() + delay_s

    def pulse(self, beat: Callable[[], None] | None) -> None:
        """Call this every half second for as long as the thread comes round, whatever else it does."""
        self._pulse, self._beat_s = beat, 0.0
        self._beat()

    def wait_until(self, done: Callable[[], bool], timeout_s: float) -> bool:
        """Hear what the compositor tells until `done`; whether it was in time. Raises Gone."""
        deadline_s = time.monotonic() + timeout_s
        while not done():
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                return False
            self._hear(left_s)
        return True

    def _run(self, started: Future[None]) -> None:
        try:
            try:
                self._connect()
            except Gone as error:
                self._closing = True
                started.set_exception(error)
                return
            started.set_result(None)
            while not self._closing:
                self._hear(None)
                self._work()
                self._ring()
        except Gone:
            pass
        finally:
            self._end()

    def _connect(self) -> None:
        try:
            self._display.connect()
        except ValueError as failure:
            raise Gone from failure
        self._registry = self._display.get_registry()
        self._registry.dispatcher["global"] = self._offered
        self.roundtrip()

    def _offered(self, _: object, name: int, interface: str, version: int) -> None:
        self._globals.setdefault(interface, (name, version))  # the first seat, where there are several

    def _hear(self, timeout_s: float | None) -> None:
        """Wait for an event or, without a timeout, for a job or a timer; handle the events."""
        self._beat()
        try:
            self._display.dispatch()
            self._display.flush()
            watched = [self._display.get_fd(), self._wake_read]
            limits = [each - time.monotonic() for each in self._due_s(timeout_s is None)]
            limits += [] if timeout_s is None else [timeout_s]
            limit_s = max(0.0, min(limits)) if limits else None
            ready, _, _ = select.select(watched if timeout_s is None else watched[:1], [], [], limit_s)
            if watched[0] in ready:
                self._display.read()
                self._display.dispatch()
            self._display.flush()
        except RuntimeError:
            raise Gone from None

    def _due_s(self, timers: bool) -> list[float]:
        return [*(self._timers.values() if timers else ()), *([self._beat_s] if self._pulse else ())]

    def _ring(self) -> None:
        for act, due_s in list(self._timers.items()):
            if due_s <= time.monotonic():
                del self._timers[act]
                act()

    def _beat(self) -> None:
        if self._pulse and self._beat_s <= time.monotonic():
            self._beat_s = time.monotonic() + _BEAT_S
            self._pulse()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._jobs:
                    return
                job, done = self._jobs.popleft()
                os.read(self._wake_read, 1)
            try:
                done.set_result(job())
            except BaseException as error:  # noqa: BLE001  # the caller's, whatever it is
                done.set_exception(error)

    def _end(self) -> None:
        with self._lock:
            self._ended = True
            jobs = [done for _, done in self._jobs]
            self._jobs.clear()
        self._display.disconnect()
        for done in jobs:
            done.set_exception(Gone())
        os.close(self._wake_read)
        os.close(self._wake_write)
        if not self._closing:
            _log.warning("The compositor has closed the connection")
            self._lost()
