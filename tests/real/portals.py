"""The desktop's portals on a private bus, as their interfaces are documented, with a user who can be told
what to answer: org.freedesktop.portal.RemoteDesktop, GlobalShortcuts, Request, Session, and the registry.

What the real one refuses is refused here: a session of somebody else's, devices selected twice, a session
started twice, keys before the start, an unknown option, a second registration, a token that is none.
"""

from __future__ import annotations

import asyncio
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from dbus_fast import BusType, ErrorType, Message, MessageFlag, MessageType, NameFlag, Variant
from dbus_fast.aio import MessageBus

from tests.real.bus import Bus
from voicetype.keyboard.keysyms import BACKSPACE, character_of

NAME = "org.freedesktop.portal.Desktop"
PATH = "/org/freedesktop/portal/desktop"
REMOTE = "org.freedesktop.portal.RemoteDesktop"
SHORTCUTS = "org.freedesktop.portal.GlobalShortcuts"
REQUEST = "org.freedesktop.portal.Request"
SESSION = "org.freedesktop.portal.Session"
REGISTRY = "org.freedesktop.host.portal.Registry"
PROPERTIES = "org.freedesktop.DBus.Properties"
ALLOW, DENY, FAIL = 0, 1, 2
_RETURN, _SHIFT = 28, 42  # codes of the kernel

Vardict = dict[str, Variant]


class Field:
    """The focused text field: what the keys made of it."""

    def __init__(self) -> None:
        self.text = ""
        self.keysyms: list[int] = []  # those that were pressed
        self.down: set[int] = set()  # keysyms, and places as negative numbers
        self.faults: list[str] = []

    def key(self, keysym: int, state: int) -> None:
        """A key of the desktop's own virtual keyboard."""
        if state == (keysym in self.down):
            self.faults.append(f"{keysym:#x} {'pressed' if state else 'released'} twice")
        if not state:
            self.down.discard(keysym)
            return
        self.down.add(keysym)
        self.keysyms.append(keysym)
        if keysym == BACKSPACE:
            self.text = self.text[:-1]
        elif character := character_of(keysym):
            self.text += character
        else:
            self.faults.append(f"{keysym:#x} is no character")

    def place(self, code: int, state: int) -> None:
        """One of its keys by its place: Shift, or Return, which begins a line with it and sends without."""
        if code not in (_SHIFT, _RETURN) or state == (-code in self.down):
            self.faults.append(f"the key {code} is {'pressed' if state else 'released'}")
        if not state:
            self.down.discard(-code)
            return
        self.down.add(-code)
        if code == _RETURN:
            self.text += "\n" if -_SHIFT in self.down else "<sent>"


@dataclass
class Manners:
    """How the desktop and its user behave; a test changes it before, or in the middle."""

    remote_desktop: object = 2  # the version; 0: there is no such portal
    shortcuts: object = 1
    registry: bool = True
    needs_app_id: bool = False
    installed: bool = True  # our desktop file is
    types: int = 7  # of devices that there are
    user: int | None = ALLOW  # None: thinks about it
    granted: int = 1  # devices, of those asked for
    persists: bool = True  # gives a token
    trigger: str = "Ctrl+Space"
    answers_bind: bool = True  # with the shortcuts, as GNOME does; KDE does not
    response_first: bool = False  # before the method returns
    numbered: bool = False  # handles of our own making, as before 0.9
    silent: set[str] = field(default_factory=set)  # methods that never return
    garbled: dict[str, Vardict] = field(
        default_factory=dict
    )  # results of a method, instead of the right ones
    garbled_responses: bool = False
    keys_until: int | None = None  # so many keys are taken, then each is refused


@dataclass
class _Session:
    owner: str
    interface: str
    selected: bool = False
    started: bool = False
    bound: bool = False
    devices: int = 0


class Refused(Exception):
    """An error reply."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name, self.text = name, text


class PortalService:
    """Lives on a thread of its own; what tests read is written there."""

    def __init__(self, address: str) -> None:
        self.manners = Manners()
        self.field = Field()
        self.questions = 0  # that the user was asked
        self.withdrawn = 0  # questions that were taken away again
        self.calls: list[str] = []
        self.options: dict[str, Vardict] = {}  # of the last call of each method
        self.apps: dict[str, str] = {}  # by connection
        self.tokens: set[str] = set()
        self.sessions: dict[str, _Session] = {}
        self.shortcuts: dict[str, str] = {}  # what the user has chosen before: id -> trigger
        self._waiting: dict[str, Callable[[int], None]] = {}  # questions that stand, by handle
        self._count = 0
        self._address = address
        self._bus: MessageBus | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="portals", daemon=True)
        self._thread.start()

    # ── for the tests ────────────────────────────────────────────────────────────────────────

    def start(self) -> None:
        """Have the name."""
        self._run(self._start())

    def stop(self) -> None:
        """As when it crashes: sessions and questions are gone, what the user has allowed is not."""
        self._run(self._stop())

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def answer(self, code: int) -> None:
        """The user answers every question that stands."""
        self._do(lambda: [each(code) for each in [*self._waiting.values()]])

    def close_sessions(self) -> None:
        """The user takes back what was allowed."""
        self._do(self._close_sessions)

    def press(self, name: str = "dictate") -> None:
        self._shortcut("Activated", name)

    def release(self, name: str = "dictate") -> None:
        self._shortcut("Deactivated", name)

    def change(self, trigger: str) -> None:
        """The user gives the shortcut another key."""
        body = [["dictate", {"trigger_description": Variant("s", trigger)}]]
        self._do(lambda: self._of_shortcuts("ShortcutsChanged", "oa(sa{sv})", [body]))

    def signal(self, member: str, signature: str, body: list[object], interface: str = SHORTCUTS) -> None:
        """Anything at all."""
        self._do(lambda: self._emit(None, PATH, interface, member, signature, body))

    @property
    def standing(self) -> int:
        """Questions that the user has not answered."""
        return len(self._waiting)

    def of(self, interface: str) -> list[str]:
        """The sessions of an interface."""
        return [path for path, each in self.sessions.items() if each.interface == interface]

    # ── on the thread ────────────────────────────────────────────────────────────────────────

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def _do(self, work: Callable[[], object]) -> None:
        async def now() -> None:
            work()

        self._run(now())

    async def _start(self) -> None:
        bus = MessageBus(self._address, BusType.SESSION)
        await bus.connect()
        bus.add_message_handler(self._receive)
        self._bus = bus
        await bus.request_name(NAME, NameFlag.DO_NOT_QUEUE)

    async def _stop(self) -> None:
        if self._bus:
            self._bus.disconnect()
            with suppress(EOFError):  # a test has killed the bus
                await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
            self._bus = None
        self.sessions.clear()
        self._waiting.clear()
        self.apps.clear()

    def _receive(self, message: Message) -> Message | bool | None:
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        member = f"{message.interface or ''}".rpartition(".")[2] + f".{message.member}"
        self.calls.append(member)
        if message.member in self.manners.silent:
            return True
        try:
            reply = self._call(message)
        except Refused as refused:
            reply = Message.new_error(message, refused.name, refused.text)
        return True if MessageFlag.NO_REPLY_EXPECTED in message.flags else reply or True

    def _call(self, message: Message) -> Message | None:
        manners, body, sender = self.manners, message.body, message.sender or ""
        match message.interface, message.member:
            case "org.freedesktop.DBus.Properties", "Get":
                return Message.new_method_return(message, "v", [self._property(*body)])
            case "org.freedesktop.host.portal.Registry", "Register" if manners.registry:
                self._register(sender, body[0])
                return Message.new_method_return(message)
            case "org.freedesktop.portal.Request", "Close":
                if self._waiting.pop(message.path or "", None):
                    self.withdrawn += 1
                return Message.new_method_return(message)
            case "org.freedesktop.portal.Session", "Close":
                self._session(message.path or "", sender)
                del self.sessions[message.path or ""]
                return Message.new_method_return(message)
            case ("org.freedesktop.portal.RemoteDesktop", _) if manners.remote_desktop:
                return self._remote(message, sender)
            case ("org.freedesktop.portal.GlobalShortcuts", _) if manners.shortcuts:
                return self._global_shortcuts(message, sender)
        raise Refused(ErrorType.UNKNOWN_METHOD.value, f"No such interface {message.interface!r}")

    def _property(self, interface: str, name: str) -> Variant:
        value = {
            (REMOTE, "version"): self.manners.remote_desktop,
            (REMOTE, "AvailableDeviceTypes"): self.manners.remote_desktop and self.manners.types,
            (SHORTCUTS, "version"): self.manners.shortcuts,
        }.get((interface, name))
        if not value:
            raise Refused(ErrorType.INVALID_ARGS.value, f"No such interface “{interface}”")
        return value if isinstance(value, Variant) else Variant("u", value)

    def _register(self, sender: str, app: str) -> None:
        if sender in self.apps:
            raise Refused("org.freedesktop.portal.Error.InvalidArgument", "Registered too late")
        if not self.manners.installed:
            raise Refused(
                "org.freedesktop.portal.Error.Failed", "Could not register app ID: App info not found"
            )
        self.apps[sender] = app

    def _remote(self, message: Message, sender: str) -> Message | None:
        self.apps.setdefault(sender, "")  # whoever comes later with a name is too late
        signature = {
            "CreateSession": "a{sv}",
            "SelectDevices": "oa{sv}",
            "Start": "osa{sv}",
            "NotifyKeyboardKeysym": "oa{sv}iu",
            "NotifyKeyboardKeycode": "oa{sv}iu",
        }
        self._check(message, signature)
        match message.member, message.body:
            case "CreateSession", [options]:
                return self._create(message, REMOTE, options)
            case "SelectDevices", [path, options]:
                return self._select(message, self._session(path, sender), options)
            case "Start", [path, _, options]:
                return self._begin(message, path, self._session(path, sender), options)
        path, _, key, state = message.body
        session = self._session(path, sender)
        if not session.started or not session.devices & 1:
            text = "Session is not allowed to call NotifyKeyboard methods"
            raise Refused("org.freedesktop.DBus.Error.Failed", text)
        if self.manners.keys_until is not None:
            if self.manners.keys_until == 0:
                raise Refused("org.freedesktop.DBus.Error.Failed", "The compositor is gone")
            self.manners.keys_until -= 1
        (self.field.key if message.member == "NotifyKeyboardKeysym" else self.field.place)(key, state)
        return Message.new_method_return(message)

    def _select(self, message: Message, session: _Session, options: Vardict) -> Message | None:
        known = {"handle_token": "s", "types": "u"}
        if self.manners.remote_desktop != 1:
            known |= {"persist_mode": "u", "restore_token": "s"}
        self._check_options(message, options, known)
        if session.selected or session.started:
            raise Refused("org.freedesktop.DBus.Error.Failed", "Invalid state")
        session.selected = True
        if "restore_token" in options:
            token = options["restore_token"].value
            if not _is_uuid(token):
                raise Refused("org.freedesktop.portal.Error.InvalidArgument", "Restore token is not valid")
            # Good for once; an unknown one is passed over, and the user asked.
            session.devices = 1 if token in self.tokens else 0
            self.tokens.discard(token)
        return self._request(message, options, ALLOW, lambda: {})

    def _begin(self, message: Message, path: str, session: _Session, options: Vardict) -> Message | None:
        self._check_options(message, options, {"handle_token": "s"})
        if session.started:
            raise Refused("org.freedesktop.DBus.Error.Failed", "Can only start once")

        def granted() -> Vardict:
            session.started, session.devices = True, session.devices or self.manners.granted
            results = {"devices": Variant("u", session.devices)}
            if self.manners.persists and self.manners.remote_desktop != 1:
                token = str(uuid.uuid4())
                self.tokens.add(token)
                results["restore_token"] = Variant("s", token)
            return results

        restored = session.devices != 0
        return self._request(message, options, ALLOW if restored else self._ask(), granted, path)

    def _global_shortcuts(self, message: Message, sender: str) -> Message | None:
        app = self.apps.setdefault(sender, "")
        signature = {
            "CreateSession": "a{sv}",
            "BindShortcuts": "oa(sa{sv})sa{sv}",
            "ListShortcuts": "oa{sv}",
        }
        self._check(message, signature)
        if message.member == "CreateSession":
            if self.manners.needs_app_id and not app:
                raise Refused("org.freedesktop.portal.Error.NotAllowed", "An app id is required")
            return self._create(message, SHORTCUTS, message.body[0])
        session = self._session(message.body[0], sender)
        options = message.body[-1]
        self._check_options(message, options, {"handle_token": "s"})
        if message.member == "ListShortcuts":
            return self._request(message, options, ALLOW, self._chosen)
        if session.bound:
            raise Refused("org.freedesktop.DBus.Error.Failed", "Session already has bound shortcuts")
        session.bound = True
        for name, values in message.body[1]:
            self._check_options(message, values, {"description": "s", "preferred_trigger": "s"})
            self.options[name] = values

        def bound() -> Vardict:
            for name, _ in message.body[1]:
                self.shortcuts.setdefault(name, self.manners.trigger)
            return self._chosen() if self.manners.answers_bind else {}

        new = any(name not in self.shortcuts for name, _ in message.body[1])
        return self._request(message, options, self._ask() if new else ALLOW, bound)

    def _chosen(self) -> Vardict:
        chosen = [[name, {"trigger_description": Variant("s", key)}] for name, key in self.shortcuts.items()]
        return {"shortcuts": Variant("a(sa{sv})", chosen)}

    def _create(self, message: Message, interface: str, options: Vardict) -> Message | None:
        self._check_options(message, options, {"handle_token": "s", "session_handle_token": "s"})
        sender = message.sender or ""
        path = f"{PATH}/session/{_part(sender)}/{options['session_handle_token'].value}"

        def created() -> Vardict:
            self.sessions[path] = _Session(sender, interface)
            return {"session_handle": Variant("s", path)}  # "s" by a mistake that is kept

        return self._request(message, options, ALLOW, created)

    def _ask(self) -> int | None:
        self.questions += 1
        return self.manners.user

    def _request(
        self,
        message: Message,
        options: Vardict,
        code: int | None,
        succeed: Callable[[], Vardict],
        path: str = "",
    ) -> Message | None:
        """Return a handle now, and the results when the user has answered (`code`; None: later)."""
        sender, member = message.sender or "", message.member or ""
        self.options[member] = options
        token = options["handle_token"].value
        self._count += 1
        numbered = f"{PATH}/request/{self._count}"
        handle = numbered if self.manners.numbered else f"{PATH}/request/{_part(sender)}/{token}"

        def respond(code: int) -> None:
            self._waiting.pop(handle, None)
            results = succeed() if code == ALLOW else {}
            if code != ALLOW and path:
                self.sessions.pop(path, None)
            results = self.manners.garbled.get(member, results)
            if self.manners.garbled_responses:
                self._emit(sender, handle, REQUEST, "Response", "s", ["what?"])
            else:
                self._emit(sender, handle, REQUEST, "Response", "ua{sv}", [code, results])

        if code is None:
            self._waiting[handle] = respond
        elif self.manners.response_first:
            respond(code)
        else:
            self._loop.call_later(0.02, respond, code)
        return Message.new_method_return(message, "o", [handle])

    def _session(self, path: str, sender: str) -> _Session:
        session = self.sessions.get(path)
        if session is None or session.owner != sender:
            raise Refused("org.freedesktop.DBus.Error.AccessDenied", "Invalid session")
        return session

    def _check(self, message: Message, signatures: dict[str, str]) -> None:
        wanted = signatures.get(message.member or "")
        if wanted is None:
            raise Refused(ErrorType.UNKNOWN_METHOD.value, f"No such method {message.member!r}")
        if message.signature != wanted:
            raise Refused(ErrorType.INVALID_ARGS.value, f"{message.signature} does not match {wanted}")

    def _check_options(self, message: Message, options: Vardict, known: dict[str, str]) -> None:
        for name, value in options.items():
            if known.get(name) != value.signature:
                self.field.faults.append(f"{message.member}: option {name} ({value.signature})")

    def _close_sessions(self) -> None:
        for path, session in [*self.sessions.items()]:
            del self.sessions[path]
            self._emit(session.owner, path, SESSION, "Closed", "a{sv}", [{}])

    def _shortcut(self, member: str, name: str) -> None:
        self._do(lambda: self._of_shortcuts(member, "osta{sv}", [name, 0, {}]))

    def _of_shortcuts(self, member: str, signature: str, body: list[object]) -> None:
        for path in self.of(SHORTCUTS):
            self._emit(None, PATH, SHORTCUTS, member, signature, [path, *body])

    def _emit(
        self, to: str | None, path: str, interface: str, member: str, signature: str, body: list[object]
    ) -> None:
        if self._bus:
            signal = Message.new_signal(path, interface, member, signature, body)
            signal.destination = to
            self._bus.send(signal)


def _part(sender: str) -> str:
    return sender.removeprefix(":").replace(".", "_")


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


_CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


@pytest.fixture
def bare_bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bus]:
    """A private bus that starts no service by itself: a machine's own portals stay out of this."""
    configuration = tmp_path / "bus.conf"
    configuration.write_text(_CONFIGURATION, "utf-8")
    command = [
        "dbus-daemon",
        "--nofork",
        "--nopidfile",
        "--print-address",
        "--config-file",
        str(configuration),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    with process:
        address = process.stdout.readline().strip()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        yield Bus(address, process)
        process.kill()


@pytest.fixture
def portals(bare_bus: Bus) -> Iterator[PortalService]:
    """The portals, on a private bus that this process takes for the session's."""
    service = PortalService(bare_bus.address)
    service.start()
    yield service
    service.close()
