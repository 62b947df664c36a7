"""The real xdg-desktop-portal on a private bus, a desktop of our own behind it: what a test is told there
has gone through the frontend that KDE and GNOME run.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from dbus_fast import BusType, ErrorType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from tests.real.bus import Bus
from tests.real.portals import Field
from tests.real.xserver import wait_until

FRONTEND = Path("/usr/libexec/xdg-desktop-portal")
STORE = Path("/usr/libexec/xdg-permission-store")
_NAME = "org.freedesktop.impl.portal.desktop.voicetype"
_PATH = "/org/freedesktop/portal/desktop"
_REMOTE = "org.freedesktop.impl.portal.RemoteDesktop"
_SHORTCUTS = "org.freedesktop.impl.portal.GlobalShortcuts"
_SESSION = "org.freedesktop.impl.portal.Session"
_PORTAL = f"""[portal]
DBusName={_NAME}
Interfaces={_REMOTE};{_SHORTCUTS};
UseIn=voicetype
"""
_KEYBOARD = Variant("u", 1)


class Backend:
    """The desktop's side; lives on a thread of its own."""

    def __init__(self, address: str) -> None:
        self.field = Field()
        self.user = 0  # the code of the answer
        self.questions = 0
        self.restored = 0
        self.sessions: list[str] = []
        self._address = address
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="portal-backend", daemon=True)
        self._thread.start()
        self._bus: MessageBus = self._run(self._connect())

    def close(self) -> None:
        self._run(self._disconnect())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def close_sessions(self) -> None:
        """The user takes back what was allowed."""
        self._run(self._emit_all(None, _SESSION, "Closed", "", []))

    def shortcut(self, member: str) -> None:
        """Activated or Deactivated."""
        self._run(self._emit_all(_PATH, _SHORTCUTS, member, "osta{sv}", ["dictate", 0, {}]))

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _connect(self) -> MessageBus:
        bus = MessageBus(self._address, BusType.SESSION)
        await bus.connect()
        bus.add_message_handler(self._receive)
        await bus.request_name(_NAME)
        return bus

    async def _disconnect(self) -> None:
        self._bus.disconnect()
        await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]

    async def _emit_all(
        self, path: str | None, interface: str, member: str, signature: str, body: list[object]
    ) -> None:
        for each in self.sessions:
            whole = [each, *body] if path else body
            await self._bus.send(Message.new_signal(path or each, interface, member, signature, whole))

    def _receive(self, message: Message) -> Message | None:
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        try:
            signature, body = self._call(message)
        except LookupError as error:
            return Message.new_error(message, ErrorType.UNKNOWN_METHOD.value, repr(error))
        return Message.new_method_return(message, signature, body)

    def _call(self, message: Message) -> tuple[str, list[object]]:
        body = message.body
        match (message.interface or "").rpartition(".")[2], message.member:
            case "Properties", "GetAll":
                known = {"version": Variant("u", 2), "AvailableDeviceTypes": Variant("u", 7)}
                return "a{sv}", [known]
            case "RemoteDesktop" | "GlobalShortcuts", "CreateSession":
                self.sessions.append(body[1])
                return "ua{sv}", [0, {}]
            case "RemoteDesktop", "SelectDevices":
                self._restorable = "restore_data" in body[3]
                return "ua{sv}", [0, {}]
            case "RemoteDesktop", "Start":
                return "ua{sv}", self._start()
            case "RemoteDesktop", "NotifyKeyboardKeysym":
                self.field.key(body[2], body[3])
                return "", []
            case "RemoteDesktop", "NotifyKeyboardKeycode":
                self.field.place(body[2], body[3])
                return "", []
            case "GlobalShortcuts", "BindShortcuts":
                self.questions += 1
                return "ua{sv}", [self.user, self._shortcuts()]
            case "GlobalShortcuts", "ListShortcuts":
                return "ua{sv}", [0, self._shortcuts()]
            case "Session", "Close":
                self.sessions.remove(message.path or "")
                return "", []
            case "Request", "Close":
                return "", []
        raise LookupError(message.interface, message.member)

    def _start(self) -> list[object]:
        if self._restorable:
            self.restored += 1
        else:
            self.questions += 1
            if self.user:
                return [self.user, {}]
        data = Variant("(suv)", ["voicetype", 1, Variant("u", 1)])
        return [0, {"devices": _KEYBOARD, "persist_mode": Variant("u", 2), "restore_data": data}]

    def _shortcuts(self) -> dict[str, Variant]:
        shortcut = ["dictate", {"trigger_description": Variant("s", "Press F9")}]
        return {"shortcuts": Variant("a(sa{sv})", [shortcut])}


@pytest.fixture
def real_portal(bare_bus: Bus, tmp_path: Path) -> Iterator[Backend]:
    """xdg-desktop-portal and its store of permissions."""
    if not (FRONTEND.exists() and STORE.exists()):
        pytest.skip("xdg-desktop-portal is not here; install/test.sh installs it")
    (tmp_path / "portals").mkdir()
    (tmp_path / "portals" / "voicetype.portal").write_text(_PORTAL, "utf-8")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path / "share"),
        "XDG_RUNTIME_DIR": str(tmp_path),
        "XDG_CURRENT_DESKTOP": "voicetype",
        "XDG_DESKTOP_PORTAL_DIR": str(tmp_path / "portals"),
        "DBUS_SESSION_BUS_ADDRESS": bare_bus.address,
    }
    backend = Backend(bare_bus.address)
    with ExitStack() as stack:
        stack.callback(backend.close)
        for program, name in (
            (STORE, "org.freedesktop.impl.portal.PermissionStore"),
            (FRONTEND, "org.freedesktop.portal.Desktop"),
        ):
            log = stack.enter_context(open(tmp_path / program.name, "wb"))
            process = subprocess.Popen([program], env=environment, stdout=log, stderr=log)
            stack.callback(process.wait)
            stack.callback(process.kill)
            wait_until(lambda name=name: _is_owned(bare_bus, name), f"{name} is there")  # type: ignore[misc]
        yield backend


def version(bus: Bus) -> int:
    """Of the frontend's RemoteDesktop; the first can't keep a permission."""
    told = bus.gdbus(
        "call", "--session", "-d", "org.freedesktop.portal.Desktop", "-o", _PATH,
        "-m", "org.freedesktop.DBus.Properties.Get", "org.freedesktop.portal.RemoteDesktop", "version",
    )  # fmt: skip
    return int(re.findall(r"\d+(?=>)", told.stdout)[0])


def _is_owned(bus: Bus, name: str) -> bool:
    there = bus.gdbus(
        "call", "--session", "-d", "org.freedesktop.DBus", "-o", "/org/freedesktop/DBus",
        "-m", "org.freedesktop.DBus.NameHasOwner", name,
    )  # fmt: skip
    return "true" in there.stdout
