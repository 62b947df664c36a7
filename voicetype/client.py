"""The other end of the daemon's D-Bus interface: what `voicetype start` and its like do."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from socket import socket
from typing import Any

from dbus_fast import AuthError, InvalidAddressError, Message, MessageFlag, MessageType, Variant
from dbus_fast.aio import MessageBus

from voicetype.errors import DaemonError

NAME = "org.voicetype.Daemon1"
PATH = "/org/voicetype/Daemon1"
ERRORS = "org.voicetype.Error"

NOT_RUNNING = (
    "The voicetype daemon is not running.",
    "Start it: `voicetype run`.",
)
NO_ANSWER = (
    "The voicetype daemon does not answer.",
    "End it and start it again: `voicetype run`.",
)
NONSENSE = (
    "What has the name of the voicetype daemon answers nonsense.",
    "Another program may have taken it, or another version runs: end it, and start `voicetype run`.",
)
NOT_STARTED = (
    "The voicetype daemon could not be started.",
    "Start it in a terminal to see why: `voicetype run`.",
)


class NoBus(DaemonError):
    """There is no session bus: a daemon can do without, its clients can't."""

    def __init__(self) -> None:
        super().__init__(
            "There is no session bus.", "Log in to a desktop, or start one: `dbus-run-session voicetype run`."
        )


class AlreadyRunning(DaemonError):
    """Another voicetype has the name on the bus."""

    def __init__(self) -> None:
        super().__init__(
            "voicetype is already running.",
            "`voicetype status` shows what it does; end it before a new start.",
        )


_CONNECT_S = 5.0
_ANSWER_S = 10.0
_NOBODY = ("ServiceUnknown", "NameHasNoOwner")


class Bus(MessageBus):
    """A connection that drops what is sent after its end; dbus-fast 5.2 would log a traceback for each."""

    def send(self, msg: Message) -> asyncio.Future[None]:  # type: ignore[override]  # as its parent does
        """Send, where there is still a bus."""
        if self.connected:
            return super().send(msg)
        dropped: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        dropped.set_result(None)
        return dropped


class _Patient:
    """A socket that sends nothing where there is no room just now; the rest follows when there is.

    dbus-fast 5.2 would take that for the end of the bus, as dbus-next did (its issue 153): a client that
    calls a thousand times at once would cut the daemon off.
    """

    def __init__(self, socket: socket) -> None:
        self._socket = socket

    def send(self, data: bytes) -> int:
        """How many bytes were sent."""
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0


async def connect(address: str = "") -> Bus:
    """A connection to the bus at `address`, else to the session bus. Raises NoBus."""
    try:
        async with asyncio.timeout(_CONNECT_S):
            bus = Bus(address or session_bus())
            await bus.connect()
            writer: Any = bus._writer
            writer.sock = _Patient(writer.sock)
            return bus
    except (OSError, EOFError, AuthError, InvalidAddressError, TimeoutError) as error:
        raise NoBus() from error


def session_bus(environment: Mapping[str, str] = os.environ) -> str:
    """The address of this login's bus. Raises NoBus.

    dbus-fast alone would not look into the runtime folder.
    """
    address = environment.get("DBUS_SESSION_BUS_ADDRESS", "")
    runtime = Path(environment.get("XDG_RUNTIME_DIR", "/nonexistent")) / "bus"
    if not address and runtime.is_socket():
        address = f"unix:path={runtime}"
    if not address:
        raise NoBus()
    return address


def call(
    member: str,
    signature: str = "",
    *arguments: object,
    answers: str = "",
    timeout_s: float = 25.0,
    autostart: bool = False,
) -> list[object]:
    """Call a method of the daemon and return what it answers, of the signature `answers`, plain.

    `autostart`: the bus may start the daemon for it, where an activation file says how. Raises DaemonError
    with the daemon's own sentence and hint where it refuses, and where there is none.
    """
    flags = MessageFlag.NONE if autostart else MessageFlag.NO_AUTOSTART
    message = Message(
        destination=NAME,
        path=PATH,
        interface=NAME,
        member=member,
        signature=signature,
        body=list(arguments),
        flags=flags,
    )
    return [plain(value) for value in asyncio.run(_ask(message, answers, timeout_s))]


def texts(**values: str | None) -> dict[str, Variant]:
    """Options for a call, a{sv}: those of these texts that are not empty."""
    return {name: Variant("s", value) for name, value in values.items() if value}


def flags(**values: bool) -> dict[str, Variant]:
    """Options for a call, a{sv}: those of these switches that are on."""
    return {name: Variant("b", value) for name, value in values.items() if value}


def properties() -> dict[str, object]:
    """The daemon's properties. Raises DaemonError where there is none."""
    (answer,) = asyncio.run(_ask(get_all(), "a{sv}", _ANSWER_S))
    return properties_of(answer)


def is_running() -> bool:
    """Whether a daemon is there to be asked; False too where there is no session bus."""
    with suppress(NoBus):
        return has_owner(NAME)
    return False


def has_owner(name: str) -> bool:
    """Whether a program has this name on the session bus. Raises NoBus."""
    (answer,) = asyncio.run(_ask(of_the_bus("NameHasOwner", name), "b", _ANSWER_S))
    return bool(answer)


def get_all() -> Message:
    """The call for all properties."""
    return Message(
        destination=NAME,
        path=PATH,
        interface="org.freedesktop.DBus.Properties",
        member="GetAll",
        signature="s",
        body=[NAME],
        flags=MessageFlag.NO_AUTOSTART,
    )


def of_the_bus(member: str, text: str) -> Message:
    """A call of a method of the bus's own that takes a text."""
    return Message(
        destination="org.freedesktop.DBus",
        path="/org/freedesktop/DBus",
        interface="org.freedesktop.DBus",
        member=member,
        signature="s",
        body=[text],
    )


def properties_of(answer: object) -> dict[str, object]:
    """A dictionary of variants, plain."""
    assert isinstance(answer, dict)
    return {str(name): plain(value) for name, value in answer.items()}


def plain(value: object) -> object:
    """A value from the bus without its variants."""
    if isinstance(value, Variant):
        return plain(value.value)
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):  # an array, a structure
        return [plain(each) for each in value]
    return value


async def _ask(message: Message, answers: str, timeout_s: float) -> list[object]:
    bus = await connect()
    try:
        async with asyncio.timeout(timeout_s):
            reply = await bus.call(message)
    except TimeoutError as error:
        raise DaemonError(*NO_ANSWER) from error
    except EOFError as error:
        raise NoBus() from error
    finally:
        bus.disconnect()
    if reply.message_type is MessageType.ERROR:
        raise _refusal(reply, MessageFlag.NO_AUTOSTART in message.flags)
    if reply.signature != answers:
        raise DaemonError(*NONSENSE)
    return reply.body


def _refusal(reply: Message, must_run: bool) -> DaemonError:
    """An error reply in the daemon's words; see `dbus_interface` for its two lines.

    `must_run`: the bus was not asked to start the daemon.
    """
    name = reply.error_name or ""
    text = str(reply.body[0]) if reply.body else name
    if name.rpartition(".")[2] in _NOBODY:
        return DaemonError(*NOT_RUNNING)
    if not name.startswith(ERRORS):
        return DaemonError(*(NO_ANSWER if must_run else NOT_STARTED))
    sentence, _, hint = text.partition("\n")
    return DaemonError(sentence, hint)
