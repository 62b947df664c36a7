"""The screen is locked: as screen savers and logind say it, on buses of the tests' own."""

from __future__ import annotations

import logging
import queue
import subprocess
from collections.abc import Iterator

import pytest
from dbus_fast.service import ServiceInterface

from tests.real.bus import Bus, bus
from tests.real.lockers import SESSION, Manager, Saver, Served, Session
from voicetype.screen_lock import LOGIND, SAVERS, ScreenLock

__all__ = ["bus"]

pytestmark = pytest.mark.real

_DEADLINE_S = 30


class Rig:
    """Two buses, and what a watch on them tells."""

    def __init__(self, session: str, system: str) -> None:
        self._session, self._system = session, system
        self._told: queue.Queue[bool] = queue.Queue()
        self._served: list[Served] = []
        self._lock = ScreenLock(self._told.put)

    def saver(self, name: str, path: str, active: bool = False) -> tuple[Served, Saver]:
        saver = Saver(name, active)
        return self._serve(self._session, name, {path: saver}), saver

    def logind(self, locked: bool = False, knows: str = "auto") -> tuple[Served, Session]:
        session = Session(locked)
        paths: dict[str, ServiceInterface] = {"/org/freedesktop/login1": Manager(knows), SESSION: session}
        return self._serve(self._system, LOGIND, paths), session

    def _serve(self, address: str, name: str, interfaces: dict[str, ServiceInterface]) -> Served:
        self._served.append(Served(address, name, interfaces))
        return self._served[-1]

    def open(self) -> None:
        self._lock.open()

    def says(self, locked: bool) -> None:
        assert self._told.get(timeout=_DEADLINE_S) is locked

    def says_no_more(self) -> None:
        self._lock.close()
        assert [self._told.get() for _ in range(self._told.qsize())] in ([], [False])  # it forgets at its end

    def close(self) -> None:
        self._lock.close()
        for served in self._served:
            served.close()


@pytest.fixture
def system() -> Iterator[str]:
    """What the watch takes for the system bus."""
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process,
        pytest.MonkeyPatch.context() as patch,
    ):
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        patch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        patch.delenv("XDG_SESSION_ID", raising=False)
        yield address
        process.kill()


@pytest.fixture
def rig(bus: Bus, system: str) -> Iterator[Rig]:
    rig = Rig(bus.address, system)
    yield rig
    rig.close()


@pytest.mark.parametrize(("name", "path"), [(name, path) for name, paths in SAVERS.items() for path in paths])
def test_a_screen_saver_says_so(rig: Rig, name: str, path: str) -> None:
    served, saver = rig.saver(name, path, active=True)
    rig.open()
    rig.says(True)  # it was locked before
    for active in (False, True, False):
        served.call(saver.set, active)
        rig.says(active)
    rig.says_no_more()


def test_a_screen_saver_that_comes_later_and_dies(rig: Rig) -> None:
    """One that has ended hides nothing any more."""
    first, _ = rig.saver("org.mate.ScreenSaver", "/org/mate/ScreenSaver", active=True)
    rig.open()
    rig.says(True)
    first.close()
    rig.says(False)
    second, saver = rig.saver("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver", active=True)
    rig.says(True)
    second.call(saver.set, False)
    rig.says(False)


def test_logind_says_so(rig: Rig) -> None:
    served, session = rig.logind(locked=True)
    rig.open()
    rig.says(True)
    for locked in (False, True, False):
        served.call(session.set, locked)
        rig.says(locked)
    rig.says_no_more()


def test_what_asks_for_a_lock_ends_what_is_typed_and_holds_nothing(rig: Rig) -> None:
    """Not every locker tells logind of its end."""
    served, session = rig.logind(locked=True)
    rig.open()
    rig.says(True)
    served.call(session.lock)  # it is locked: no news
    served.call(session.set, False)
    rig.says(False)
    served.call(session.lock)
    rig.says(True)
    rig.says(False)
    rig.says_no_more()


def test_two_that_say_so() -> None:
    told: list[bool] = []
    lock = ScreenLock(told.append)
    for who, locked in (("a", True), ("b", True), ("a", False), ("c", False), ("b", True), ("b", False)):
        lock.says(who, locked)
    assert told == [True, False]  # once the last of them does not


def test_a_session_that_is_known_by_its_number_alone(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_SESSION_ID", "3")
    rig.logind(locked=True, knows="3")
    rig.open()
    rig.says(True)


def test_the_end_of_a_bus(rig: Rig, bus: Bus) -> None:
    rig.saver("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver", active=True)
    rig.open()
    rig.says(True)
    bus.kill()
    rig.says(False)


def test_without_any_bus(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS"):
        monkeypatch.setenv(name, "unix:path=/nonexistent/bus")
    told: list[bool] = []
    lock = ScreenLock(told.append)
    with caplog.at_level(logging.INFO):
        lock.open()
        lock.close()
        lock.close()
    ScreenLock(told.append).close()
    assert caplog.records == []
    assert not any(told)
