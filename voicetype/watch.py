"""What the daemon says, for as long as somebody wants to know: across its ends and its new beginnings.

Rule 1. Ask to be told of everything before asking what is: nothing falls between.
Rule 2. What arrives is told in the order of its arrival, by one task. A change may be told that the
properties just told have in them already; what is told last is what is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from dbus_fast import Message, MessageType

from voicetype.client import (
    NAME,
    NONSENSE,
    PATH,
    Bus,
    NoBus,
    connect,
    get_all,
    of_the_bus,
    plain,
    properties_of,
)
from voicetype.errors import DaemonError

_PROPERTIES = "org.freedesktop.DBus.Properties"
_RULES = (
    f"type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='{NAME}'",
    f"type='signal',sender='{NAME}',path='{PATH}'",
)


@dataclass(frozen=True, slots=True)
class Changed:
    """Properties that are new; `came`: all of them, of a daemon that was not there before."""

    properties: Mapping[str, object]
    came: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """A signal: its name, and its arguments as plain values."""

    signal: str
    arguments: Sequence[object]


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no daemon; `left`: there was one until now."""

    left: bool


News = Changed | Said | Gone


def watch(tell: Callable[[News], object], reader: int | None = None) -> NoReturn:
    """Call `tell` with what is now and whatever comes, until it raises, or the user interrupts.

    Raises BrokenPipeError when the reader of the pipe `reader` has left, though `tell` writes nothing into it
    just then, NoBus where there is no session bus, or no more, and DaemonError where the daemon talks
    nonsense.
    """
    asyncio.run(_watch(tell, reader))
    raise AssertionError("nothing ends it but an exception")


async def _watch(tell: Callable[[News], object], reader: int | None) -> None:
    bus = await connect()
    try:
        await _first_of(_Watch(bus, tell).run(), _disconnected(bus), _left(reader))
    finally:
        bus.disconnect()


async def _first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Until one of them ends, which ends the others; what it raises is raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()


async def _disconnected(bus: Bus) -> None:
    try:
        await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
    except (EOFError, OSError) as error:
        raise NoBus() from error
    raise NoBus()


async def _left(reader: int | None) -> None:
    """Until the reader of a pipe closes its end, which is an error on ours, and those are always reported."""
    left = asyncio.Event()
    if reader is not None:
        asyncio.get_running_loop().add_reader(reader, left.set)
    await left.wait()
    raise BrokenPipeError


class _Watch:
    """One connection's view of the daemon; lives on its loop."""

    def __init__(self, bus: Bus, tell: Callable[[News], object]) -> None:
        self._bus, self._tell = bus, tell
        self._owner = ""
        self._arrived: asyncio.Queue[Message] = asyncio.Queue()

    async def run(self) -> None:
        """Tell what is, then what comes."""
        self._bus.add_message_handler(self._keep)
        for rule in _RULES:
            await self._bus.call(of_the_bus("AddMatch", rule))
        answer = await self._bus.call(of_the_bus("GetNameOwner", NAME))
        if answer.message_type is MessageType.METHOD_RETURN:
            await self._came(str(answer.body[0]))
        else:
            self._tell(Gone(left=False))
        while True:
            await self._heed(await self._arrived.get())

    def _keep(self, message: Message) -> None:
        if message.message_type is MessageType.SIGNAL:
            self._arrived.put_nowait(message)

    async def _heed(self, message: Message) -> None:
        if message.member == "NameOwnerChanged" and message.sender == "org.freedesktop.DBus":
            _, _, new = message.body
            await self._owned_by(new)
        elif message.sender != self._owner or message.path != PATH:
            return
        elif message.interface == NAME:
            self._tell(Said(message.member or "", [plain(value) for value in message.body]))
        elif message.interface == _PROPERTIES and message.signature == "sa{sv}as" and message.body[0] == NAME:
            self._tell(Changed(properties_of(message.body[1])))

    async def _owned_by(self, owner: str) -> None:
        if owner == self._owner:  # it came between the rules and the question
            return
        if self._owner:
            self._owner = ""
            self._tell(Gone(left=True))
        if owner:
            await self._came(owner)

    async def _came(self, owner: str) -> None:
        self._owner = owner
        answer = await self._bus.call(get_all())
        # One that has ended meanwhile answers nothing; the bus has told so, and that is read next.
        if answer.message_type is MessageType.METHOD_RETURN:
            if answer.signature != "a{sv}":
                raise DaemonError(*NONSENSE)
            self._tell(Changed(properties_of(answer.body[0]), came=True))
