"""The accessibility bus: questions to programs, none of which may keep us waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from dbus_fast import Message, MessageType, Variant

from voicetype.accessibility import Place
from voicetype.client import Bus, NoBus, connect, plain

ACCESSIBLE = "org.a11y.atspi.Accessible"
REGISTRY = Place("org.a11y.atspi.Registry", "/org/a11y/atspi/registry")
DESKTOP = Place(REGISTRY.program, "/org/a11y/atspi/accessible/root")
"""The parent of all programs."""

_PROPERTIES = "org.freedesktop.DBus.Properties"
_BUS = Place("org.freedesktop.DBus", "/org/freedesktop/DBus")
_LAUNCHER = Place("org.a11y.Bus", "/org/a11y/bus")
_STATUS = "org.a11y.Status"
_START_S = 5.0  # the launcher may have to be started first
_ANSWER_S = 0.15


class Asking:
    """Calls over one connection, on its event loop.

    A program that once did not answer in time is not asked again until it has: so a program that
    hangs costs one wait, not one for each question.
    """

    def __init__(self, bus: Bus, answer_s: float = _ANSWER_S) -> None:
        self.bus = bus
        self._answer_s = answer_s
        self._hung: set[str] = set()

    async def ask(self, place: Place, interface: str, member: str, signature: str = "", *body: object) -> Any:
        """What a method returns, plain; None where it fails, or does not answer in time."""
        if place.program in self._hung or not self.bus.connected:
            return None
        message = Message(
            destination=place.program,
            path=place.path,
            interface=interface,
            member=member,
            signature=signature,
            body=list(body),
        )
        call = asyncio.ensure_future(self.bus.call(message))
        await asyncio.wait({call}, timeout=self._answer_s)
        if not call.done():
            self._hung.add(place.program)
            call.add_done_callback(lambda late: self._answered(place.program, late))
            return None
        return _value(call)

    async def property(self, place: Place, interface: str, name: str) -> Any:
        """A property's value, plain; None as `ask`."""
        return await self.ask(place, _PROPERTIES, "Get", "ss", interface, name)

    async def set(self, place: Place, interface: str, name: str, value: Variant) -> None:
        """Set a property."""
        await self.ask(place, _PROPERTIES, "Set", "ssv", interface, name, value)

    def hangs(self, program: str) -> bool:
        """Whether it has not answered in time, and not since."""
        return program in self._hung

    def _answered(self, program: str, late: asyncio.Future[Message]) -> None:
        _value(late)
        self._hung.discard(program)


async def subscribe(bus: Bus, events: Iterable[str], rules: Iterable[str]) -> None:
    """Have programs send `events`, as the registry names them, and the bus deliver what matches `rules`."""
    asking = Asking(bus, _START_S)  # the registry, too, may have to be started first
    for rule in rules:
        await asking.ask(_BUS, _BUS.program, "AddMatch", "s", f"type='signal',{rule}")
    for event in events:
        await asking.ask(REGISTRY, REGISTRY.program, "RegisterEvent", "s", event)


def _value(call: asyncio.Future[Message]) -> Any:
    if call.cancelled() or call.exception():
        return None
    reply = call.result()
    if reply.message_type is MessageType.ERROR:
        return None
    return plain(reply.body[0]) if len(reply.body) == 1 else plain(reply.body)


class Launcher:
    """Where the accessibility bus is had from, on the session bus; `enable` makes programs offer themselves.

    Programs of GTK do so always, Qt and Chromium only while some program says that it makes use of it.
    """

    def __init__(self, bus: Bus) -> None:
        self._asking = Asking(bus, _START_S)
        self._enabled = False

    @classmethod
    async def connect(cls) -> Launcher:
        """Raises NoBus."""
        return cls(await connect())

    async def accessibility(self) -> Bus:
        """A connection to the accessibility bus. Raises NoBus."""
        address = await self._asking.ask(_LAUNCHER, _LAUNCHER.program, "GetAddress")
        if not isinstance(address, str) or not address:
            raise NoBus()
        return await connect(address)

    async def enable(self) -> None:
        """Say so, until `restore`."""
        if await self._asking.property(_LAUNCHER, _STATUS, "IsEnabled") is False:
            self._enabled = True
            await self._asking.set(_LAUNCHER, _STATUS, "IsEnabled", Variant("b", True))

    async def restore(self) -> None:
        """Put it back as it was, unless a screen reader began to rely on it; disconnect."""
        if self._enabled and not await self._asking.property(_LAUNCHER, _STATUS, "ScreenReaderEnabled"):
            await self._asking.set(_LAUNCHER, _STATUS, "IsEnabled", Variant("b", False))
        with suppress(OSError, EOFError):
            self._asking.bus.disconnect()
