"""How portals are asked, over one connection to the session bus; everything here runs on its event loop.

Rule 1. A request is answered twice. Its method returns a handle, at once; what came of it is the signal
   `Response` on that handle, seconds or hours later, or before the method has returned. So the handle is
   predicted, and listened to, before the call (org.freedesktop.portal.Request).
Rule 2. Whoever has the portals' name is believed, and nobody else: any program may send us a signal.
Rule 3. Where that owner changes, requests under way get no answer any more and sessions are gone.
Rule 4. A program outside a sandbox says who it is before anything else (org.freedesktop.host.portal.Registry,
   since 1.20), to each owner anew: under that name the desktop keeps what the user has allowed.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping

from dbus_fast import Message, MessageFlag, MessageType

from voicetype.client import Bus, of_the_bus, plain
from voicetype.portals import APP_ID, NAME, PATH, SESSION, PortalError, Signal, Why, refusal, variants

_REQUEST = "org.freedesktop.portal.Request"
_REGISTRY = "org.freedesktop.host.portal.Registry"
_BUS = "org.freedesktop.DBus"
_ANSWER_S = 30.0  # a method's own return: a portal that is started for it may wait 25 s for its backends
_FLUSH_S = 1.0
_OK, _CANCELLED = 0, 1

_log = logging.getLogger(__name__)


class Requests:
    """`heard`: a signal of the portals'; `moved`: their name has another owner, or none (False)."""

    def __init__(self, bus: Bus, heard: Callable[[Signal], None], moved: Callable[[bool], None]) -> None:
        self._bus, self._heard, self._moved = bus, heard, moved
        self._owner = ""
        self._registered_with = ""
        self._expected: dict[str, asyncio.Future[dict[str, object]]] = {}  # by handle
        self._sending: set[asyncio.Future[None]] = set()

    async def listen(self) -> None:
        """Begin; before anything is asked."""
        self._bus.add_message_handler(self._receive)
        change = f"type='signal',sender='{_BUS}',member='NameOwnerChanged',arg0='{NAME}'"
        ours = [f"{PATH}/{kind}/{self._sender}" for kind in ("request", "session")]
        told = [f"type='signal',sender='{NAME}',path_namespace='{each}'" for each in ours]
        for rule in (change, *told, f"type='signal',sender='{NAME}',path='{PATH}'"):
            await self._bus.call(of_the_bus("AddMatch", rule))
        answer = await self._bus.call(of_the_bus("GetNameOwner", NAME))
        if answer.message_type is MessageType.METHOD_RETURN:
            self._owner = str(answer.body[0])

    async def number(self, interface: str, name: str) -> int:
        """A property of a portal, "version" for one. Raises PortalError: ABSENT where there is none."""
        await self._register()
        try:
            answered = await self.call(f"{_BUS}.Properties", "Get", "ss", interface, name)
        except PortalError as error:
            if error.why is Why.REFUSED:  # in GLib's words: "No such interface", as invalid arguments
                raise PortalError(Why.ABSENT, error.said) from error
            raise
        found = plain(_only(answered, name))
        if not isinstance(found, int):
            raise PortalError(Why.GARBLED, name)
        return found

    async def session(self, interface: str) -> str:
        """The path of a new session. Raises PortalError."""
        await self._register()
        options = {"session_handle_token": _token()}
        handle = (await self.request(interface, "CreateSession", options=options)).get("session_handle")
        if not isinstance(handle, str) or not handle.startswith(f"{PATH}/session/"):
            raise PortalError(Why.GARBLED, "session_handle")
        return handle

    def drop(self, session: str) -> None:
        """Close a session, whether or not it is still there."""
        self._tell(SESSION, "Close", session)

    async def request(
        self,
        interface: str,
        member: str,
        signature: str = "",
        *arguments: object,
        options: Mapping[str, str | int],
    ) -> dict[str, object]:
        """Ask, and wait for the user as long as it takes; returns the results, plain. Raises PortalError.

        `signature` is that of what comes before the options. Cancelled, it takes the question away again.
        """
        token = _token()
        handle = f"{PATH}/request/{self._sender}/{token}"
        answer: asyncio.Future[dict[str, object]] = asyncio.get_running_loop().create_future()
        self._expected[handle] = answer
        handles = {handle}
        try:
            body = [*arguments, variants({"handle_token": token, **options})]
            returned = str(_only(await self.call(interface, member, f"{signature}a{{sv}}", *body), member))
            if returned not in handles:  # portals before 0.9 number them
                handles.add(returned)
                self._expected[returned] = answer
                rule = f"type='signal',sender='{NAME}',path='{returned}'"
                await self._bus.call(of_the_bus("AddMatch", rule))
            return await answer
        except (asyncio.CancelledError, PortalError):
            self._tell(_REQUEST, "Close", handle)
            raise
        finally:
            for each in handles:
                self._expected.pop(each, None)

    async def call(
        self, interface: str, member: str, signature: str, *body: object, timeout_s: float = _ANSWER_S
    ) -> list[object]:
        """Call a method that answers by itself. Raises PortalError."""
        message = _message(interface, member, PATH)
        message.signature, message.body = signature, list(body)
        try:
            async with asyncio.timeout(timeout_s):
                reply = await self._bus.call(message)
        except TimeoutError as error:
            raise PortalError(Why.SILENT, member) from error
        except (EOFError, OSError) as error:
            raise PortalError(Why.NO_BUS) from error
        if reply.message_type is MessageType.ERROR:
            raise refusal(reply)
        return list(reply.body)

    async def _register(self) -> None:
        """Say who we are, once to each owner."""
        if self._owner and self._registered_with == self._owner:
            return
        try:
            await self.call(_REGISTRY, "Register", "sa{sv}", APP_ID, {})
        except PortalError as error:
            if error.why is Why.NO_BUS:
                raise
            _log.debug("The portals do not take our name: %s", error)
        self._registered_with = self._owner

    def _tell(self, interface: str, member: str, path: str) -> None:
        """Call a method and do without its answer."""
        if self._owner:
            message = _message(interface, member, path)
            message.flags = MessageFlag.NO_REPLY_EXPECTED | MessageFlag.NO_AUTOSTART
            sending = self._bus.send(message)
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)

    async def flush(self) -> None:
        """Let what was told go out."""
        if self._sending:
            await asyncio.wait(self._sending, timeout=_FLUSH_S)

    def lose(self) -> None:
        """The bus is gone."""
        self._change_owner("")

    @property
    def _sender(self) -> str:
        """Our name on the bus, as a part of a path."""
        return (self._bus.unique_name or "").removeprefix(":").replace(".", "_")

    def _receive(self, message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL:
            return
        if message.sender == _BUS and message.member == "NameOwnerChanged":
            name, _, owner = message.body
            if name == NAME:
                self._change_owner(owner)
        elif message.sender == self._owner:
            self._take(message)

    def _take(self, message: Message) -> None:
        if message.interface == _REQUEST and message.member == "Response":
            answer = self._expected.get(message.path or "")
            if answer is not None and not answer.done():
                _answer(answer, message)
            return
        arguments = [plain(each) for each in message.body]
        self._heard(Signal(message.interface or "", message.member or "", message.path or "", arguments))

    def _change_owner(self, owner: str) -> None:
        if owner == self._owner:
            return
        before, self._owner = self._owner, owner
        if before:
            for answer in self._expected.values():
                if not answer.done():
                    answer.set_exception(PortalError(Why.GONE))
        self._moved(bool(owner))


def _answer(answer: asyncio.Future[dict[str, object]], message: Message) -> None:
    if message.signature != "ua{sv}":
        answer.set_exception(PortalError(Why.GARBLED, "Response"))
        return
    code, results = message.body
    if code == _OK:
        answer.set_result({name: plain(value) for name, value in results.items()})
    else:
        answer.set_exception(PortalError(Why.CANCELLED if code == _CANCELLED else Why.ENDED))


def _only(values: list[object], what: str) -> object:
    if len(values) != 1:
        raise PortalError(Why.GARBLED, what)
    return values[0]


def _message(interface: str, member: str, path: str) -> Message:
    return Message(destination=NAME, path=path, interface=interface, member=member)


def _token() -> str:
    return f"voicetype_{secrets.token_hex(8)}"
