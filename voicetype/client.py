"""The other end of the daemon's D-Bus interface: what `voicetype start` and its like do."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

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


class NoBus(DaemonError):
    """There is no session bus: a daemon can do without, its clients can't."""

    def __init__(self) -> None:
        super().__init__(
            "There is no session bus.", "Log in to a desktop, or start one: `dbus-run-session voicetype run`."
        )


_CONNECT_S = 5.0
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


async def connect() -> Bus:
    """A connection to the session bus. Raises NoBus."""
    try:
        async with asyncio.timeout(_CONNECT_S):
            bus = Bus(_address())
            await bus.connect()
            return bus
    except (OSError, EOFError, AuthError, InvalidAddressError, TimeoutError) as error:
        raise NoBus() from error


def _address() -> str:
    """The bus of this login; dbus-fast alone would not look into the runtime folder."""
    address = os.environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", "/nonexistent")) / "bus"
    if not address and runtime.is_socket():
        address = f"unix:path={runtime}"
    if not address:
        raise NoBus()
    return address


def call(member: str, signature: str = "", *arguments: object, timeout_s: float = 10.0) -> list[object]:
    """Call a method of the daemon and return what it answers, plain.

    Raises DaemonError with the daemon's own sentence and hint where it refuses, and where there is none.
    """
    answer = asyncio.run(_call(NAME, member, signature, arguments, timeout_s))
    return [_plain(value) for value in answer]


def properties() -> dict[str, object]:
    """The daemon's properties. Raises DaemonError where there is none."""
    (answer,) = asyncio.run(_call("org.freedesktop.DBus.Properties", "GetAll", "s", (NAME,), 10.0))
    assert isinstance(answer, dict)
    return {str(name): _plain(value) for name, value in answer.items()}


async def _call(
    interface: str, member: str, signature: str, arguments: tuple[object, ...], timeout_s: float
) -> list[object]:
    message = Message(
        destination=NAME,
        path=PATH,
        interface=interface,
        member=member,
        signature=signature,
        body=list(arguments),
        flags=MessageFlag.NO_AUTOSTART,
    )
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
        raise _refusal(reply)
    return reply.body


def _refusal(reply: Message) -> DaemonError:
    """An error reply in the daemon's words; see `dbus_interface` for its two lines."""
    name = reply.error_name or ""
    text = str(reply.body[0]) if reply.body else name
    if name.rpartition(".")[2] in _NOBODY:
        return DaemonError(*NOT_RUNNING)
    if not name.startswith(ERRORS):
        return DaemonError(*NO_ANSWER)
    sentence, _, hint = text.partition("\n")
    return DaemonError(sentence, hint)


def _plain(value: object) -> object:
    if isinstance(value, Variant):
        return _plain(value.value)
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value
