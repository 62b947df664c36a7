"""Those who say that the screen is locked, on a bus of the tests' own."""

# No `from __future__ import annotations` here: dbus-fast 5.2 reads the annotations, and stumbles over "None".

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from dbus_fast import DBusError, PropertyAccess
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusBool, DBusObjectPath, DBusStr
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property, dbus_signal

from voicetype.screen_lock import LOGIND

_DEADLINE_S = 30
SESSION = "/org/freedesktop/login1/session/_33"


class Saver(ServiceInterface):
    """A screen saver."""

    def __init__(self, name: str, active: bool) -> None:
        super().__init__(name)
        self.active = active

    @dbus_method(name="GetActive")
    def get_active(self) -> DBusBool:
        return self.active

    @dbus_signal(name="ActiveChanged")
    def active_changed(self) -> DBusBool:
        return self.active

    def set(self, active: bool) -> None:
        self.active = active
        self.active_changed()


class Manager(ServiceInterface):
    """logind, which knows one session. `knows`: by which name."""

    def __init__(self, knows: str) -> None:
        super().__init__(f"{LOGIND}.Manager")
        self._knows = knows

    @dbus_method(name="GetSession")
    def get_session(self, name: DBusStr) -> DBusObjectPath:
        if name != self._knows:
            raise DBusError(f"{LOGIND}.NoSuchSession", "No such session")
        return SESSION


class Session(ServiceInterface):
    """The session of logind's."""

    def __init__(self, locked: bool = False) -> None:
        super().__init__(f"{LOGIND}.Session")
        self.locked = locked

    @dbus_property(PropertyAccess.READ, name="LockedHint")
    def locked_hint(self) -> DBusBool:
        return self.locked

    @dbus_signal(name="Lock")
    def lock(self) -> None:
        pass

    def set(self, locked: bool) -> None:
        self.locked = locked
        self.emit_properties_changed({"LockedHint": locked})


class Served:
    """Interfaces on a bus, on a thread of their own."""

    def __init__(self, address: str, name: str, interfaces: dict[str, ServiceInterface]) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._bus = self.do(self._serve(address, name, interfaces))

    def do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_DEADLINE_S)

    def call(self, work: Callable[..., object], *arguments: object) -> None:
        done: Future[None] = Future()

        def call() -> None:
            work(*arguments)
            done.set_result(None)

        self._loop.call_soon_threadsafe(call)
        done.result(_DEADLINE_S)

    def close(self) -> None:
        async def leave() -> None:
            self._bus.disconnect()
            with suppress(EOFError):  # the bus went first
                await self._bus.wait_for_disconnect()

        if self._thread.is_alive():
            self.do(leave())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    async def _serve(self, address: str, name: str, interfaces: dict[str, ServiceInterface]) -> MessageBus:
        connection = await MessageBus(address).connect()
        for path, interface in interfaces.items():
            connection.export(path, interface)
        await connection.request_name(name)
        return connection
