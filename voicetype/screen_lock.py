"""Whether the screen is locked, as the desktop and logind say on D-Bus.

Desktops differ in who says so; whoever does is believed. A screen saver of the session bus says it by
ActiveChanged, logind by the session's LockedHint, which not every locker sets. logind's signal Lock only
asks for a locker: it ends what is being typed, but says nothing of how long the lock holds.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

from dbus_fast import Message, MessageFlag, MessageType

from voicetype.client import Bus, NoBus, connect, of_the_bus, plain

log = logging.getLogger(__name__)

SAVERS = {
    "org.freedesktop.ScreenSaver": ("/org/freedesktop/ScreenSaver", "/ScreenSaver"),
    "org.gnome.ScreenSaver": ("/org/gnome/ScreenSaver",),
    "org.mate.ScreenSaver": ("/org/mate/ScreenSaver",),
    "org.cinnamon.ScreenSaver": ("/org/cinnamon/ScreenSaver",),
    "org.xfce.ScreenSaver": ("/org/xfce/ScreenSaver",),
}
"""Names on the session bus, which are their interfaces too, and the objects that answer there."""

LOGIND = "org.freedesktop.login1"
_LOGIND_PATH = "/org/freedesktop/login1"
_SESSION = f"{LOGIND}.Session"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_SYSTEM_BUS = "unix:path=/run/dbus/system_bus_socket"
_BUS = "org.freedesktop.DBus"
_ANSWER_S = 5.0


class ScreenLock:
    """Watches on a thread of its own, from `open` to `close`. Where nobody says anything it is not locked."""

    def __init__(self, changed: Callable[[bool], None]) -> None:
        """`changed`: told on the watch's thread at each change, and at each Lock."""
        self._changed = changed
        self._locked: set[str] = set()  # who says so
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = asyncio.Event()
        self._thread = Thread(target=self._run, name="voicetype-lock", daemon=True)

    def open(self) -> None:
        """Begin to watch. What is now is told soon, where the screen is locked."""
        self._loop = asyncio.new_event_loop()
        self._thread.start()

    def close(self) -> None:
        """Watch no more. Safe to call twice, and without `open`."""
        if self._loop is not None and self._thread.is_alive():
            with suppress(RuntimeError):  # it has just ended
                self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join()

    # on the watch's thread

    def says(self, who: str, locked: bool) -> None:
        """What one of them says."""
        before = bool(self._locked)
        (self._locked.add if locked else self._locked.discard)(who)
        if bool(self._locked) is not before:
            self._changed(not before)

    def asked_for(self) -> None:
        """The session is to be locked."""
        if not self._locked:
            self._changed(True)
            self._changed(False)

    def _run(self) -> None:
        loop = self._loop
        assert loop is not None
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(self._watch())

    async def _watch(self) -> None:
        # What a dying bus no longer takes is no news.
        asyncio.get_running_loop().set_exception_handler(
            lambda _, said: log.debug("D-Bus: %s", said["message"])
        )
        watches = [asyncio.ensure_future(self._follow(each)) for each in (_Savers(self), _Logind(self))]
        await self._closing.wait()
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*watches, return_exceptions=True)

    async def _follow(self, watch: _Savers | _Logind) -> None:
        """What one bus says, until it is gone; a desktop without it says nothing."""
        try:
            bus = await connect(watch.address)
        except NoBus:
            log.debug("no bus for %s", type(watch).__name__)
            return
        told = asyncio.ensure_future(watch.follow(bus))
        gone = asyncio.ensure_future(bus.wait_for_disconnect())  # type: ignore[no-untyped-call]
        try:
            await asyncio.wait({told, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (told, gone):
                task.cancel()
            ends = await asyncio.gather(told, gone, return_exceptions=True)
            log.debug("%s ended: %r", type(watch).__name__, ends)
            bus.disconnect()
            for who in watch.names:
                self.says(who, False)


class _Savers:
    """The screen savers of the session bus."""

    address = ""
    names = tuple(SAVERS)

    def __init__(self, lock: ScreenLock) -> None:
        self._lock = lock

    async def follow(self, bus: Bus) -> None:
        arrived = _arriving(bus)
        for name in SAVERS:
            await _subscribe(bus, f"sender='{name}',interface='{name}',member='ActiveChanged'")
            await _subscribe(bus, f"sender='{_BUS}',member='NameOwnerChanged',arg0='{name}'")
        for name in SAVERS:
            await self._ask(bus, name)
        while True:
            message = await arrived.get()
            name = message.interface or ""
            if message.member == "ActiveChanged" and name in SAVERS and message.signature == "b":
                self._lock.says(name, message.body[0])
            elif message.member == "NameOwnerChanged" and message.body[0] in SAVERS:
                await self._ask(bus, message.body[0])  # one that has ended locks no more

    async def _ask(self, bus: Bus, name: str) -> None:
        answers = [await _ask(bus, name, path, name, "GetActive") for path in SAVERS[name]]
        self._lock.says(name, True in answers)


class _Logind:
    """This session in logind, on the system bus."""

    names = (LOGIND,)

    def __init__(self, lock: ScreenLock) -> None:
        self._lock = lock

    @property
    def address(self) -> str:
        return os.environ.get("DBUS_SYSTEM_BUS_ADDRESS") or _SYSTEM_BUS

    async def follow(self, bus: Bus) -> None:
        arrived = _arriving(bus)
        path = await self._session(bus)
        if not path:
            log.debug("logind knows no session of ours")
            return
        await _subscribe(bus, f"sender='{LOGIND}',path='{path}',interface='{_SESSION}',member='Lock'")
        await _subscribe(bus, f"sender='{LOGIND}',path='{path}',interface='{_PROPERTIES}'")
        await self._ask(bus, path)
        while True:
            message = await arrived.get()
            if message.member == "Lock":
                self._lock.asked_for()
            elif message.member == "PropertiesChanged" and message.body[0] == _SESSION:
                await self._ask(bus, path)

    async def _session(self, bus: Bus) -> str:
        # A service of systemd's user manager is in no session: "auto" is the one that has the display.
        for name in ("auto", os.environ.get("XDG_SESSION_ID", "")):
            path = name and await _ask(bus, LOGIND, _LOGIND_PATH, f"{LOGIND}.Manager", "GetSession", name)
            if isinstance(path, str) and path:
                return path
        return ""

    async def _ask(self, bus: Bus, path: str) -> None:
        locked = await _ask(bus, LOGIND, path, _PROPERTIES, "Get", _SESSION, "LockedHint")
        self._lock.says(LOGIND, locked is True)


def _arriving(bus: Bus) -> asyncio.Queue[Message]:
    """The signals that come from now on, in their order."""
    arrived: asyncio.Queue[Message] = asyncio.Queue()

    def keep(message: Message) -> None:
        if message.message_type is MessageType.SIGNAL:
            arrived.put_nowait(message)

    bus.add_message_handler(keep)
    return arrived


async def _subscribe(bus: Bus, rule: str) -> None:
    await bus.call(of_the_bus("AddMatch", f"type='signal',{rule}"))


async def _ask(bus: Bus, *where: str) -> object:
    """The answer of `where` (name, path, interface, method, texts), plain; None where there is none."""
    name, path, interface, member, *texts = where
    message = Message(
        destination=name,
        path=path,
        interface=interface,
        member=member,
        signature="s" * len(texts),
        body=texts,
        flags=MessageFlag.NO_AUTOSTART,  # a screen saver that does not run does not lock either
    )
    try:
        async with asyncio.timeout(_ANSWER_S):
            answer = await bus.call(message)
    except TimeoutError:
        log.debug("%s does not answer", name)
        return None
    answered = answer.message_type is MessageType.METHOD_RETURN and len(answer.body) == 1
    return plain(answer.body[0]) if answered else None
