"""A connection to ibus-daemon, which may bring an engine with it.

The engine that is registered has no say until it is switched to. IBus makes a new object of it each
time; only the latest one counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from dbus_fast import AuthError, InvalidAddressError, Message, MessageType, Variant

from voicetype.client import Bus
from voicetype.keyboard.ibus_field import Field
from voicetype.keyboard.ibus_focus import NOWHERE
from voicetype.keyboard.ibus_wire import Surrounding, component, string

_NAME, _PATH = "org.freedesktop.IBus", "/org/freedesktop/IBus"
_ENGINE = "org.freedesktop.IBus.Engine"
_FACTORY = "org.freedesktop.IBus.Factory"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_OBJECT = "/org/freedesktop/IBus/Engine/Voicetype/"

_CONNECT_S = 5.0
_ANSWER_S = 5.0


class DaemonGone(Exception):
    """ibus-daemon does not answer."""


class DaemonRefuses(DaemonGone):
    """It answers with an error: no field has the focus, no engine is in use, or none may be set."""


class Daemon:
    """The connection; lives on its loop."""

    def __init__(self, bus: Bus, address: str) -> None:
        self._bus = bus
        self.address = address
        self._field: Field | None = None
        self._changed: Callable[[str], None] = lambda _: None
        self._made = 0
        self._resolving: set[asyncio.Task[None]] = set()

    @classmethod
    async def connect(cls, address: str) -> Daemon:
        """Raises DaemonGone."""
        try:
            async with asyncio.timeout(_CONNECT_S):
                bus = Bus(address)
                await bus.connect()
        except (OSError, EOFError, AuthError, InvalidAddressError, TimeoutError) as error:
            raise DaemonGone from error
        return cls(bus, address)

    async def register(self, field: Field, changed: Callable[[str], None]) -> None:
        """Bring our engine. `field` is told of the fields it is in, `changed` of the engine in use."""
        self._field, self._changed = field, changed
        self._bus.add_message_handler(self._take)
        rule = f"type='signal',interface='{_NAME}',member='GlobalEngineChanged'"
        await self._ask(_bus_message("AddMatch", "s", rule))
        await self._call("RegisterComponent", "v", component())

    async def ended(self) -> None:
        """Until the connection is closed, by either side."""
        with suppress(EOFError, OSError):
            await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]

    async def focused(self) -> str:
        """The path of the input context that has the focus; empty where no field has it."""
        try:
            path = str((await self._get("CurrentInputContext")).value)
        except DaemonRefuses:
            return ""
        return "" if path == NOWHERE else path

    async def engine(self) -> str:
        """The name of the engine in use; empty where there is none."""
        try:
            return string((await self._get("GlobalEngine")).value)
        except DaemonRefuses:
            return ""

    async def switch(self, engine: str) -> None:
        """Use this engine, in every field."""
        await self._call("SetGlobalEngine", "s", engine)

    def emit(self, member: str, signature: str, *arguments: object) -> None:
        """Send a signal of our engine."""
        if self._made and self._bus.connected:
            path = f"{_OBJECT}{self._made}"
            self._bus.send(Message.new_signal(path, _ENGINE, member, signature, list(arguments)))

    def close(self) -> None:
        self._bus.disconnect()

    async def _get(self, name: str) -> Variant:
        message = Message(_NAME, _PATH, _PROPERTIES, "Get", signature="ss", body=[_NAME, name])
        found = (await self._ask(message))[0]
        assert isinstance(found, Variant)
        return found

    async def _call(self, member: str, signature: str, *arguments: object) -> None:
        await self._ask(Message(_NAME, _PATH, _NAME, member, signature=signature, body=list(arguments)))

    async def _ask(self, message: Message) -> list[object]:
        try:
            async with asyncio.timeout(_ANSWER_S):
                reply = await self._bus.call(message)
        except (TimeoutError, EOFError, OSError) as error:
            raise DaemonGone from error
        if reply is None:
            raise DaemonGone
        if reply.message_type is MessageType.ERROR:
            raise DaemonRefuses
        return reply.body

    # ── what IBus asks and tells ─────────────────────────────────────────────────────────────────

    def _take(self, message: Message) -> Message | bool | None:
        if message.message_type is MessageType.SIGNAL and message.member == "GlobalEngineChanged":
            self._changed(str(message.body[0]))
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        match message.interface, message.member:
            case (str() as interface, "CreateEngine") if interface == _FACTORY:
                self._made += 1
                if self._field:
                    self._field.new_engine()
                return Message.new_method_return(message, "o", [f"{_OBJECT}{self._made}"])
            case (str() as interface, "Get") if interface == _PROPERTIES:
                wanted = message.body[1] in ("FocusId", "ActiveSurroundingText")
                return Message.new_method_return(message, "v", [Variant("b", wanted)])
            case (str() as interface, "GetAll") if interface == _PROPERTIES:
                return Message.new_method_return(
                    message,
                    "a{sv}",
                    [{"FocusId": Variant("b", True), "ActiveSurroundingText": Variant("b", True)}],
                )
        handled = False
        if self._field is not None and message.path == f"{_OBJECT}{self._made}":
            handled = self._tell(self._field, message)
        if message.member == "ProcessKeyEvent":
            return Message.new_method_return(message, "b", [handled])
        return Message.new_method_return(message)

    def _tell(self, field: Field, message: Message) -> bool:
        """Returns whether a key is not to reach the application."""
        match message.member, message.body:
            case "ProcessKeyEvent", [keyval, _, state]:
                return field.key(keyval, state)
            case "FocusInId", [path, client]:
                field.focus_in(path, client)
            case "FocusIn", []:
                field.focus_in("", "")
                task = asyncio.ensure_future(self._resolve(field))
                self._resolving.add(task)
                task.add_done_callback(self._resolving.discard)
            case (("FocusOut" | "FocusOutId" | "Disable"), _):
                field.focus_out()
            case "Reset", []:
                field.reset()
            case "SetCapabilities", [capabilities]:
                field.capabilities(capabilities)
            case "SetSurroundingText", [text, cursor, anchor]:
                field.surrounding(Surrounding(string(text), cursor, anchor))
            case "Set", [_, "ContentType", content]:
                field.content(*content.value)
        return False

    async def _resolve(self, field: Field) -> None:
        """Which field it is: a version of IBus before 1.5.27 does not say it."""
        stay = field.focus
        with suppress(DaemonGone):
            path = await self.focused()
            if stay is not None and field.focus is stay:
                stay.path = path or NOWHERE
                field.arrived()


def _bus_message(member: str, signature: str, *arguments: object) -> Message:
    bus = "org.freedesktop.DBus"
    return Message(bus, "/org/freedesktop/DBus", bus, member, signature=signature, body=list(arguments))
