"""Calls of a server over HTTP, one at a time, over a connection that is kept; each ends in time, or half way.

The theory. A blocking call could neither be given up nor be held to a time as a whole, so that a loop of
asyncio runs for as long as a call takes. Rule 1: whatever the server does, a call is over after its seconds.
Rule 2: one that nobody waits for any more is dropped within `_POLL_S`, its connection with it. Rule 3: what
was sent over a kept connection that had gone meanwhile is sent once more, for a transcription changes nothing
over there; all else is an error at once. Rule 4: the key goes to the configured host alone: no redirects, no
proxies, no netrc. Rule 5: of what the server says, no word gets into an error or a log.
"""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from voicetype.engine.lookups import Lookups
from voicetype.engine.remote_server import Server

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Response

_POLL_S = 0.05
_CONNECT_S = 3.0
_HANG_UP_S = 0.2
_LARGEST = 1_000_000  # bytes of an answer: half a minute of speech with all its tokens takes a tenth
_KEPT_S = 120.0  # for so long an idle connection may be used again


class Calls:
    """The connection to a server; calls of several threads follow each other, any may close it."""

    def __init__(self, server: Server) -> None:
        """Connects with the first call. Raises ConfigError where there is no such `ca_file`."""
        self._server = server
        self._client = client(server)
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(Lookups())
        self._lock = threading.Lock()
        self._closed = False
        self._hang_up = weakref.finalize(self, _close, self._loop, self._client)
        self._hang_up.atexit = False  # a call may be under way then

    def post(
        self,
        form: Mapping[str, str],
        sound: tuple[str, bytes, str],
        superseded: Callable[[], bool],
        until: float,
    ) -> bytes | None:
        """Send a form with a file (name, content, type); the answer, by `until` (monotonic seconds).

        None: it was superseded half way. Raises ServerError, Refused where the form is not taken.
        """
        if not self._lock.acquire(timeout=max(0.0, until - time.monotonic())):  # it is being woken
            raise self._server.slow()
        try:
            if self._closed:
                return None
            return self._loop.run_until_complete(self._within(until, self._posted(form, sound), superseded))
        finally:
            self._lock.release()

    def close(self) -> None:
        """Hang up; a call under way is given up. Safe to call twice, and not to call."""
        self._closed = True
        with self._lock:
            self._hang_up()

    async def _within(self, until: float, work: Any, superseded: Callable[[], bool]) -> bytes | None:
        task: asyncio.Task[bytes] = asyncio.ensure_future(work)
        try:
            async with asyncio.timeout(until - time.monotonic()):
                while not task.done():
                    await asyncio.wait({task}, timeout=_POLL_S)
                    if not task.done() and (self._closed or superseded()):
                        return None
                return task.result()
        except TimeoutError as error:
            raise self._server.slow() from error
        finally:
            task.cancel()
            await asyncio.wait({task})
            task.cancelled() or task.exception()  # seen, or asyncio would log it

    async def _posted(self, form: Mapping[str, str], sound: tuple[str, bytes, str]) -> bytes:
        import httpx2

        try:
            try:
                response = await self._sent(form, sound)
            except (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError):  # rule 3
                response = await self._sent(form, sound)
            return await self._body(response)
        except httpx2.TimeoutException as error:
            raise self._server.slow() from error
        except httpx2.TransportError as error:
            raise self._server.unreachable(error) from error

    async def _sent(self, form: Mapping[str, str], sound: tuple[str, bytes, str]) -> Response:
        request = self._client.build_request("POST", self._server.url, data=dict(form), files={"file": sound})
        return await self._client.send(request, stream=True)

    async def _body(self, response: Response) -> bytes:
        """What it says, where it says anything of use. Raises ServerError."""
        try:
            if response.status_code != 200:
                raise self._server.refused(response.status_code, response.headers.get("retry-after", ""))
            body = bytearray()
            async for part in response.aiter_raw():
                body += part
                if len(body) > _LARGEST:
                    raise self._server.nonsense("it is too long")
            return bytes(body)
        finally:
            await response.aclose()


def client(server: Server) -> AsyncClient:
    """A client that trusts nothing but the server's certificate. Raises ConfigError."""
    import httpx2

    return httpx2.AsyncClient(
        headers=server.headers(),
        verify=server.trust(),
        trust_env=False,
        follow_redirects=False,
        timeout=httpx2.Timeout(None, connect=_CONNECT_S),
        limits=httpx2.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=_KEPT_S),
    )


def _close(loop: asyncio.AbstractEventLoop, client: AsyncClient) -> None:
    """Also where the collector of garbage calls it, which may be on the thread of another loop."""
    thread = threading.Thread(target=_closed, args=(loop, client), name="hang-up", daemon=True)
    thread.start()
    thread.join(_HANG_UP_S)


def _closed(loop: asyncio.AbstractEventLoop, client: AsyncClient) -> None:
    loop.run_until_complete(client.aclose())
    loop.close()
