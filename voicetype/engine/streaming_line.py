"""One connection to a streaming server, which hears one utterance, on the thread of an event loop.

The theory. Rule 1: one utterance, one connection. Its times are the utterance's then, nothing of the last one
can be taken for this one's, and CloseStream, the only flush that every server has, ends it. Rule 2: who calls
never waits for the network: what is to be sent is queued, what was heard is there to be looked at (`state`),
and `wait` ends in time. Rule 3: a connection fails once, for good, and says why; whoever kept the sound opens
another. Rule 4: the key goes to the configured host alone: no redirects, no proxies. Rule 5: of what the
server says, no word gets into an error or a log.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from voicetype.core.streamed import Result, Streamed
from voicetype.engine.outgoing import Outgoing
from voicetype.engine.servers import seconds
from voicetype.engine.streaming_messages import CLOSE_STREAM, KEEP_ALIVE, Ended, Refusal, read
from voicetype.engine.streaming_server import StreamingServer
from voicetype.errors import ServerError

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

_FRAME_BYTES = 8_000  # a quarter of a second: the interface asks for no more at once
_CONNECT_S = 3.0
_KEEP_ALIVE_S = 4.0  # the interface wants to hear something every 10 s
_IDLE_S = 8.0  # without sound, and nobody wants it: an utterance has no such silence
_STUCK_S = 5.0  # that a frame waits for its place in the socket
_GOODBYE_S = 1.0
_LARGEST = 1_000_000  # bytes of a message: a minute of speech with all its words takes a tenth
_NORMAL = 1000  # what a connection is closed with where all is well (RFC 6455, 7.4.1)

_silent = logging.getLogger(f"{__name__}.wire")
_silent.disabled = True  # websockets logs every header and every message, the key and the words with them


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a connection. `waits_from`: since when sound waits for a word, monotonic seconds."""

    streamed: Streamed = Streamed()
    waits_from: float | None = None
    opened: bool = False
    ended: bool = False  # all that was sent is settled
    error: ServerError | None = None


class Line:
    """A connection; any thread may call. It opens by itself."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, server: StreamingServer, query: str, outgoing: Outgoing
    ) -> None:
        self._loop, self._server, self._outgoing = loop, server, outgoing
        self.query = query
        """What it was opened with."""
        self.state = State()
        self._changed = threading.Condition()
        self._queue: asyncio.Queue[bytes | str] = asyncio.Queue()
        self._finished = self._stuck = False
        self._work = asyncio.run_coroutine_threadsafe(self._run(), loop)

    def send(self, sound: bytes) -> None:
        """More of the utterance."""
        with self._changed:
            if sound and self.state.waits_from is None:
                self.state = replace(self.state, waits_from=time.monotonic())
        for at in range(0, len(sound), _FRAME_BYTES):
            self._put(sound[at : at + _FRAME_BYTES])

    def finish(self) -> None:
        """Settle what was sent; nothing follows. Safe to call twice."""
        if not self._finished:
            self._finished = True
            self._put(CLOSE_STREAM)

    def hang_up(self) -> None:
        """Nobody wants to know any more."""
        self._work.cancel()

    def waits_s(self) -> float:
        """For how long what was sent waits for a word."""
        waits_from = self.state.waits_from
        return 0.0 if waits_from is None else time.monotonic() - waits_from

    def wait(self, for_: Callable[[State], bool], patience_s: float) -> State:
        """The state as soon as that holds, or it has ended or failed, or after so many seconds."""
        with self._changed:
            self._changed.wait_for(
                lambda: for_(self.state) or self.state.ended or self.state.error is not None, patience_s
            )
            return self.state

    def _put(self, message: bytes | str) -> None:
        with suppress(RuntimeError):  # the loop has ended, and the connection with it
            self._loop.call_soon_threadsafe(self._queue.put_nowait, message)

    # on the loop's thread

    async def _run(self) -> None:
        error: ServerError | None = self._server.gone()
        try:
            error = await self._connected()
        except Exception as failure:  # noqa: BLE001  # of the network and its libraries, which fail in any way
            error = self._server.unreachable(failure)
        finally:
            with self._changed:
                self.state = replace(self.state, error=error, ended=error is None)
                self._changed.notify_all()

    async def _connected(self) -> ServerError | None:
        """From the handshake to the end; why that came before its time, or None."""
        from websockets.exceptions import ConnectionClosed, InvalidStatus

        try:
            async with asyncio.timeout(_CONNECT_S):
                socket = await self._open()
        except TimeoutError:
            return self._server.slow()
        except InvalidStatus as error:
            after = error.response.headers.get("Retry-After", "")
            return self._server.refused(error.response.status_code, seconds(after))
        with self._changed:
            self.state = replace(self.state, opened=True)
        sending = asyncio.ensure_future(self._send(socket))
        try:
            await self._hear(socket)
        except ConnectionClosed:
            if self._stuck:
                return self._server.slow()
            return None if self._finished and socket.close_code == _NORMAL else self._server.gone()
        except Refusal:
            return self._server.unwilling()
        except ValueError:
            return self._server.nonsense()
        finally:
            sending.cancel()
            await _goodbye(socket)
        return None

    async def _open(self) -> ClientConnection:
        from websockets.asyncio.client import connect

        class Direct(connect):
            """Follows nobody (rule 4)."""

            def process_redirect(self, exc: Exception) -> Exception | str:
                return exc

        return await Direct(
            f"{self._server.url}?{self.query}",
            additional_headers=self._server.headers,
            ssl=self._server.trusted,
            proxy=None,
            compression=None,
            open_timeout=None,
            ping_interval=None,
            close_timeout=_GOODBYE_S,
            max_size=_LARGEST,
            logger=_silent,
        )

    async def _hear(self, socket: ClientConnection) -> None:
        """Take in what is said until all is settled. Raises ConnectionClosed, Refusal, ValueError."""
        while True:
            news = read(await socket.recv())
            with self._changed:
                streamed = self.state.streamed
                streamed = streamed.after(news) if isinstance(news, Result) else streamed
                self.state = replace(self.state, streamed=streamed, waits_from=None)
                self._changed.notify_all()
            if isinstance(news, Ended) and self._finished:
                return

    async def _send(self, socket: ClientConnection) -> None:
        """Send what is queued, and now and then that we are there; in the end, nothing."""
        idle_s, shown = 0.0, False
        with ExitStack() as leaving:
            while idle_s < _IDLE_S:
                try:
                    async with asyncio.timeout(_KEEP_ALIVE_S):
                        message = await self._queue.get()
                    idle_s = 0.0
                except TimeoutError:
                    message = KEEP_ALIVE
                    idle_s += _KEEP_ALIVE_S
                    leaving.close()
                    shown = False
                if isinstance(message, bytes) and not shown:
                    leaving.enter_context(self._outgoing.to(self._server.host))
                    shown = True
                await self._put_through(socket, message)
                if message == CLOSE_STREAM:
                    return
        socket.transport.abort()

    async def _put_through(self, socket: ClientConnection, message: bytes | str) -> None:
        try:
            async with asyncio.timeout(_STUCK_S):
                await socket.send(message)
        except TimeoutError:
            self._stuck = True
            socket.transport.abort()
            raise


async def _goodbye(socket: ClientConnection) -> None:
    """End a connection; who does not answer is left."""
    try:
        async with asyncio.timeout(_GOODBYE_S):
            await socket.close()
    except (OSError, TimeoutError):
        pass
    finally:
        socket.transport.abort()
