"""The daemon on the session bus, on a thread and an event loop of its own."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
from collections.abc import Callable
from threading import Thread

from dbus_fast import NameFlag, RequestNameReply
from dbus_fast.aio import MessageBus

from voicetype.client import NAME, PATH, AlreadyRunning, NoBus, connect
from voicetype.control import Control, Status
from voicetype.core.events import TranscriptSegment
from voicetype.dbus_interface import Daemon1
from voicetype.dbus_values import error_code
from voicetype.errors import DaemonError, VoicetypeError

__all__ = ["NoBus", "Service"]

_log = logging.getLogger(__name__)
_ANSWER_S = 1.0  # what the calls under way may take once the daemon is to end


class Service:
    """Owns the name on the bus. Every method may be called on any thread, and after the bus has died.

    The interface and the connection belong to the thread "dbus"; the other threads post to its loop.
    The properties are those of the last `state_changed`: call it on every change of a `Status`.
    """

    def __init__(self, control: Control) -> None:
        self._control = control
        self._thread = Thread(target=self._run, name="dbus", daemon=True)
        self._opened: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._interface: Daemon1 | None = None
        self._closing = asyncio.Event()

    def open(self) -> None:
        """Own the name; asks `Control` for its status on the way.

        Raises NoBus, or AlreadyRunning where another voicetype has the name.
        """
        self._thread.start()
        self._opened.result()

    def segment(self, event: TranscriptSegment) -> None:
        """Signal what a model said."""
        self._post(lambda interface: interface.segment(event))

    def state_changed(self, status: Status) -> None:
        """Announce what of `status` is new."""
        self._post(lambda interface: interface.publish(status))

    def problem(self, error: VoicetypeError) -> None:
        """Signal a problem; its code is the word that the name of the same error ends in."""
        code, sentence, hint = error_code(error), error.sentence, error.hint
        self._post(lambda interface: interface.problem(code, sentence, hint))

    def close(self) -> None:
        """Answer the calls under way and give the name back. Safe to call twice, and without `open`.

        End what `Control` does first: a Stop whose text is not there yet is answered with "".
        """
        self._post(lambda _: self._closing.set())
        if self._thread.ident is not None:
            self._thread.join()

    def _post(self, work: Callable[[Daemon1], object]) -> None:
        loop, interface = self._loop, self._interface
        if loop is None or interface is None:
            return
        try:
            loop.call_soon_threadsafe(work, interface)
        except RuntimeError:
            _log.debug("The loop of the bus has ended; nothing is announced")

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except DaemonError as error:
            self._opened.set_exception(error)
        except Exception as error:  # noqa: BLE001  # `open` raises it, or it is logged
            if self._opened.done():
                _log.exception("The service on the session bus ended")
            else:
                self._opened.set_exception(error)

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        # An answer that a dying bus no longer takes is no news: the death itself is logged, once.
        loop.set_exception_handler(lambda _, context: _log.debug("D-Bus: %s", context["message"]))
        bus = await connect()
        try:
            self._loop, self._interface = loop, Daemon1(self._control)
            await self._own(bus, self._interface)
            self._opened.set_result(None)
            await self._until_the_end(bus, self._interface)
        finally:
            bus.disconnect()

    async def _own(self, bus: MessageBus, interface: Daemon1) -> None:
        """Export, then take the name: whoever sees the name can call at once."""
        bus.add_message_handler(interface.check)
        bus.export(PATH, interface)
        try:
            reply = await bus.request_name(NAME, NameFlag.DO_NOT_QUEUE)
        except EOFError as error:
            raise NoBus() from error
        if reply is not RequestNameReply.PRIMARY_OWNER:
            raise AlreadyRunning()

    async def _until_the_end(self, bus: MessageBus, interface: Daemon1) -> None:
        gone = asyncio.ensure_future(bus.wait_for_disconnect())  # type: ignore[no-untyped-call]
        closing = asyncio.ensure_future(self._closing.wait())
        await asyncio.wait({gone, closing}, return_when=asyncio.FIRST_COMPLETED)
        if gone.done():
            gone.exception()
            _log.warning(
                "The session bus is gone: `voicetype start` and its like reach nothing until a restart. "
                "The push-to-talk key works on."
            )
        interface.closing.set()
        if interface.under_way:
            await asyncio.wait(interface.under_way, timeout=_ANSWER_S)
        interface.close()
