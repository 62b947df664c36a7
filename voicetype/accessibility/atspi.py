"""The focused field over AT-SPI, spoken directly over the accessibility bus.

One thread with one event loop, which is asked by the typist's. What has the focus before the first
change of it is told is searched for once it is asked.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from threading import Event, Thread
from typing import TypeVar

from voicetype.accessibility import Field, fields
from voicetype.accessibility.bus import Asking, Launcher
from voicetype.accessibility.focus import Focus
from voicetype.client import NoBus

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_ANSWER_S = 0.5  # of the typist's time, for one answer
_SETTLED_S = 0.2  # until it is known what the focus moved to
_CONNECTED_S = 0.3


class AtspiReader:
    """Implements `Reader`. `enable`: ask programs to offer themselves that do so only then.

    The connection belongs to the thread "accessibility". Where it is lost, or was never had, the next
    `find` tries again.
    """

    def __init__(self, enable: bool) -> None:
        self._enable = enable
        self._thread: Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._focus: Focus | None = None
        self._tried = Event()
        self._wanted = asyncio.Event()
        self._closing = asyncio.Event()

    def open(self, observer: Callable[[Field | None], None]) -> None:
        """Connect and follow the focus, in the background."""
        loop = self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._run, args=(loop, observer), name="accessibility", daemon=True)
        self._thread.start()

    @property
    def focused(self) -> Field | None:
        """What the last change of focus led to; waits a moment where that is being asked just now."""
        focus = self._focus
        if focus is None:
            return None
        focus.settled.wait(_SETTLED_S)
        return focus.field

    def find(self) -> Field | None:
        """What has the focus now; see the protocol."""
        if self._focus is None and self._thread is not None and self._thread.is_alive():
            self._tried.clear()
            self._post(self._wanted.set)
            self._tried.wait(_CONNECTED_S)
        return self._ask(Focus.find)

    def read(self, field: Field, characters: int) -> str | None:
        """The text before the caret of `field`; see the protocol."""
        if not field.readable:
            return None

        async def read(focus: Focus) -> str | None:
            if focus.field is None or focus.field.place != field.place:
                return None
            return await fields.before_caret(focus.asking, field.place, characters)

        return self._ask(read)

    def close(self) -> None:
        """Stop, and put back what was enabled."""
        self._post(self._closing.set)
        if self._thread is not None:
            self._thread.join()
        self._thread = None

    def _ask(self, question: Callable[[Focus], Coroutine[object, object, _T | None]]) -> _T | None:
        loop, focus = self._loop, self._focus
        if loop is None or focus is None:
            return None
        asked = question(focus)
        try:
            answer = asyncio.run_coroutine_threadsafe(asked, loop)
        except RuntimeError:  # the loop has ended
            asked.close()
            return None
        try:
            return answer.result(_ANSWER_S)
        except (concurrent.futures.TimeoutError, concurrent.futures.CancelledError):
            answer.cancel()
            return None

    def _post(self, work: Callable[[], None]) -> None:
        if self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(work)
            except RuntimeError:
                _log.debug("The loop of the accessibility bus has ended")

    def _run(self, loop: asyncio.AbstractEventLoop, observer: Callable[[Field | None], None]) -> None:
        # What a program answers too late, or a bus that is gone, is no news.
        loop.set_exception_handler(lambda _, context: _log.debug("AT-SPI: %s", context["message"]))
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(self._live(observer))

    async def _live(self, observer: Callable[[Field | None], None]) -> None:
        serving = asyncio.ensure_future(self._serve_again(observer))
        closing = asyncio.ensure_future(self._closing.wait())
        await asyncio.wait({serving, closing}, return_when=asyncio.FIRST_COMPLETED)
        serving.cancel()
        try:
            with suppress(asyncio.CancelledError):
                await serving
        except Exception:  # noqa: BLE001  # here the thread ends; whoever asks is told nothing from now on
            _log.exception("Fields can't be read any more")

    async def _serve_again(self, observer: Callable[[Field | None], None]) -> None:
        while True:
            self._wanted.clear()
            try:
                await self._serve(observer)
            except NoBus:
                _log.debug("There is no accessibility bus: fields can't be read")
            self._tried.set()
            await self._wanted.wait()

    async def _serve(self, observer: Callable[[Field | None], None]) -> None:
        """Follow the focus until the bus is gone. Raises NoBus where it can't be had."""
        launcher = await Launcher.connect()
        try:
            if self._enable:
                await launcher.enable()
            bus = await launcher.accessibility()
            try:
                focus = Focus(Asking(bus), observer)
                await focus.follow()
                self._focus = focus
                self._tried.set()
                with suppress(EOFError, OSError):
                    await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
                _log.debug("The accessibility bus is gone")
            finally:
                self._focus = None
                bus.disconnect()
        finally:
            await launcher.restore()
