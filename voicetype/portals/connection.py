"""A connection to the portals, on a thread and an event loop of its own."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from threading import Lock, Thread
from typing import Any, TypeVar

from voicetype.client import Bus, NoBus, connect
from voicetype.portals import PortalError, Signal, Why
from voicetype.portals.requests import Requests

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class Connection:
    """What is `begin`-ed runs on the thread, and `heard` and `moved` are called there; see `Requests`."""

    def __init__(self, name: str, heard: Callable[[Signal], None], moved: Callable[[bool], None]) -> None:
        self._heard, self._moved = heard, moved
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._opened: concurrent.futures.Future[Requests] = concurrent.futures.Future()
        self._closing = asyncio.Event()
        self._posting = Lock()  # held while work is given to the loop, and when it takes no more
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> Requests:
        """Connect to the session bus. Raises PortalError (NO_BUS)."""
        self._thread.start()
        return self._opened.result()

    def begin(self, work: Coroutine[Any, Any, _T]) -> concurrent.futures.Future[_T]:
        """Run it on the thread; what is under way at the end is cancelled."""
        with self._posting:
            if self._loop is not None:
                return asyncio.run_coroutine_threadsafe(work, self._loop)
        work.close()
        ended: concurrent.futures.Future[_T] = concurrent.futures.Future()
        ended.set_exception(PortalError(Why.NO_BUS))
        return ended

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run it on the thread and wait for it. Raises what it raises, and PortalError at the end."""
        try:
            return self.begin(work).result()
        except concurrent.futures.CancelledError as ended:
            raise PortalError(Why.GONE) from ended

    def do(self, work: Callable[[], None]) -> None:
        """Call it on the thread and wait; nothing where the connection has ended."""

        async def now() -> None:
            work()

        with suppress(PortalError):
            self.run(now())

    def close(self) -> None:
        """Take questions to the user away, and disconnect. Safe to call twice, and without `open`."""
        with self._posting:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._closing.set)
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except NoBus:
            self._opened.set_exception(PortalError(Why.NO_BUS))
        except Exception as error:  # noqa: BLE001  # `open` raises it, or it is logged
            if self._opened.done():
                _log.exception("The connection to the portals ended")
            else:
                self._opened.set_exception(error)

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: _log.debug("Portals: %s", context["message"]))
        bus = await connect()
        requests = Requests(bus, self._heard, self._moved)
        try:
            await requests.listen()
            self._loop = loop
            self._opened.set_result(requests)
            await self._until_the_end(bus, requests)
        finally:
            with self._posting:
                self._loop = None
            await asyncio.sleep(0)  # what was given to the loop until now begins, to be ended with the rest
            await _end()
            await requests.flush()
            bus.disconnect()

    async def _until_the_end(self, bus: Bus, requests: Requests) -> None:
        gone = asyncio.ensure_future(bus.wait_for_disconnect())  # type: ignore[no-untyped-call]
        closing = asyncio.ensure_future(self._closing.wait())
        await asyncio.wait({gone, closing}, return_when=asyncio.FIRST_COMPLETED)
        if gone.done():
            gone.exception()
            requests.lose()


async def _end() -> None:
    """End what is under way; it may have a last word for the portals."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
