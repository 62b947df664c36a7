"""A panel of the tests' own that hosts a tray: xfce4-panel, with nothing else on it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from Xlib import X
from Xlib.display import Display
from Xlib.error import BadDrawable, BadWindow

from tests.real.xserver import Desktop, wait_until

with warnings.catch_warnings():
    warnings.simplefilter("ignore", ImportWarning)  # PyGObject's importer is of a kind that Python gives up
    from gi.repository import Gio, GLib

_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="32"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/></property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray"/>
  </property>
</channel>
"""

_NAME, _PATH = "org.kde.StatusNotifierWatcher", "/StatusNotifierWatcher"
_MENU = "com.canonical.dbusmenu"
_ICON = (0, 0, 34, 30)  # where the panel has its first icon: x, y, width, height


@dataclass(frozen=True)
class Line:
    """A line of the menu as the panel is told of it. `mark` is None where it has none."""

    number: int
    label: str
    enabled: bool
    mark: bool | None
    below: tuple[Line, ...]

    def at(self, *labels: str) -> Line:
        """The line below, by the beginnings of the labels on the way to it."""
        line = self
        for label in labels:
            line = next(each for each in line.below if each.label.startswith(label))
        return line

    def marked(self) -> list[str]:
        """The labels below that have a mark."""
        return [each.label for each in self.below if each.mark]

    def labels(self) -> list[str]:
        return [each.label for each in self.below]

    def selectable(self) -> list[Line]:
        """The lines below that the arrow keys stop at."""
        return [each for each in self.below if each.enabled and each.label]


class Item:
    """An icon in the tray, over the bus."""

    def __init__(self, bus: Any, registered: str) -> None:
        self._bus = bus
        self._name, _, path = registered.partition("/")
        self._path = f"/{path}"

    def property(self, name: str) -> Any:
        arguments = GLib.Variant("(ss)", ("org.kde.StatusNotifierItem", name))
        return self._call(self._path, "org.freedesktop.DBus.Properties", "Get", arguments)[0]

    def picture(self) -> str:
        """The name of the file."""
        return Path(self.property("IconName")).stem

    def menu(self) -> Line:
        arguments = GLib.Variant("(iias)", (0, -1, []))
        return _line(self._call(self.property("Menu"), _MENU, "GetLayout", arguments)[1])

    def choose(self, line: Line) -> None:
        """As a panel does when the line is clicked."""
        arguments = GLib.Variant("(isvu)", (line.number, "clicked", GLib.Variant("i", 0), 0))
        self._call(self.property("Menu"), _MENU, "Event", arguments)

    def _call(self, path: str, interface: str, method: str, arguments: Any) -> Any:
        return _call(self._bus, self._name, path, interface, method, arguments)


class Child:
    """A process that says what happens to it, a line of JSON each: the tray under test, and another."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[list[Any]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def tell(self, **order: object) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def wait_for(self, what: str) -> Any:
        """The first that is said of this kind, once it is."""
        wait_until(lambda: self._first(what) is not None or self.process.poll() is not None, what)
        self._reader.join(0 if self.process.poll() is None else 5)
        found = self._first(what)
        assert found is not None, self.said
        self.said.remove(found)
        return found[1]

    def _first(self, what: str) -> list[Any] | None:
        return next((said for said in self.said if said[0] == what), None)

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(json.loads(line))


@dataclass
class Panel:
    """The panel, its bus, and somebody with a mouse."""

    desktop: Desktop
    bus: Any
    environment: dict[str, str]

    def item(self) -> Item:
        """The only icon that is registered, once it is."""
        wait_until(lambda: len(self._registered()) == 1, "the icon is registered")
        return Item(self.bus, self._registered()[0])

    def colours(self) -> Counter[tuple[int, int, int]]:
        """Of the pixels where the icon is."""
        x, y, width, height = _ICON
        display = Display(self.desktop.name)
        try:
            data = display.screen().root.get_image(x, y, width, height, X.ZPixmap, 0xFFFFFF).data
        finally:
            display.close()
        return Counter((data[at + 2], data[at + 1], data[at]) for at in range(0, len(data), 4))

    def shows(self, colour: tuple[int, int, int]) -> None:
        """Wait until the icon is mostly of this colour."""
        wait_until(
            lambda: self.colours()[colour] > 60, f"an icon of {colour}: {self.colours().most_common(3)}"
        )

    def empties(self) -> None:
        """Wait until no icon is left."""
        wait_until(lambda: len(self.colours()) <= 2, "the icon goes")

    def click_icon(self) -> tuple[int, int, int, int]:
        """Open the menu; where it is: x, y, width, height.

        A panel that has the icon, but no menu of it yet, ignores the click.
        """
        found: set[tuple[int, int, int, int]] = set()

        def opens() -> bool:
            self.click(12, 16)
            again = time.monotonic() + 1.0
            while not found and time.monotonic() < again:
                found.update(self.popups())
            return bool(found)

        wait_until(opens, "the menu opens")
        return found.pop()

    def click(self, x: int, y: int) -> None:
        display = Display(self.desktop.name)
        display.xtest_fake_input(X.MotionNotify, x=x, y=y)
        display.sync()
        display.xtest_fake_input(X.ButtonPress, 1)
        display.xtest_fake_input(X.ButtonRelease, 1)
        display.sync()
        display.close()

    def picture(self, path: Path) -> None:
        subprocess.run(["import", "-window", "root", str(path)], env=self.environment, check=True, timeout=30)

    def _registered(self) -> list[str]:
        arguments = GLib.Variant("(ss)", (_NAME, "RegisteredStatusNotifierItems"))
        found = _call(self.bus, _NAME, _PATH, "org.freedesktop.DBus.Properties", "Get", arguments)
        return list(found[0])

    def popups(self) -> set[tuple[int, int, int, int]]:
        """The places of windows that no window manager has touched: menus, the overlay."""
        display = Display(self.desktop.name)
        try:
            places = set()
            for window in display.screen().root.query_tree().children:
                try:
                    attributes, place = window.get_attributes(), window.get_geometry()
                except (BadWindow, BadDrawable):  # it has just closed
                    continue
                if (
                    attributes.map_state == X.IsViewable
                    and attributes.override_redirect
                    and place.height > 50
                ):
                    places.add((place.x, place.y, place.width, place.height))
            return places
        finally:
            display.close()


@contextmanager
def running_tray(environment: dict[str, str], configuration: Path, before: str = "") -> Iterator[Child]:
    """The tray. `before`: Python that runs first in its process."""
    script = f"{before}\nimport tests.real.apps.tray_child as child\nchild.main()"
    with _running(environment, "-c", script, str(configuration)) as tray:
        yield tray


@contextmanager
def notification_service(environment: dict[str, str]) -> Iterator[Child]:
    """Somebody who shows notifications."""
    with _running(environment, "-m", "tests.real.apps.notified") as service:
        service.wait_for("open")
        yield service


@contextmanager
def _running(environment: dict[str, str], *arguments: str) -> Iterator[Child]:
    """Python with these arguments; it ends when its input does."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        cwd=Path(__file__).parents[2],
        start_new_session=True,
        text=True,
    )
    with process:
        try:
            yield Child(process)
            assert process.stdin
            process.stdin.close()
            process.wait(20)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its children hold its output, too, which is read


def private_environment(folder: Path) -> dict[str, str]:
    """Folders of the tests' own, for programs with a memory."""
    environment = {name: value for name, value in os.environ.items() if name != "PYSTRAY_BACKEND"}
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"):
        place = folder / name.lower()
        place.mkdir(mode=0o700)
        environment[name] = str(place)
    return environment | {"NO_AT_BRIDGE": "1", "LC_ALL": "C.UTF-8", "GDK_BACKEND": "x11"}


@contextmanager
def running_panel(desktop: Desktop, folder: Path) -> Iterator[Panel]:
    """xfce4-panel with nothing but a tray, at the top of the screen."""
    if not shutil.which("xfce4-panel"):
        pytest.skip("not installed: xfce4-panel")
    environment = private_environment(folder)
    settings = Path(environment["XDG_CONFIG_HOME"], "xfce4/xfconf/xfce-perchannel-xml/xfce4-panel.xml")
    settings.parent.mkdir(parents=True)
    settings.write_text(_SETTINGS)
    null = subprocess.DEVNULL
    with ExitStack() as stack:
        # The bus starts the panel's settings service, which must look into our folders, too.
        daemon = subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=null,
            text=True,
        )
        stack.callback(_end, daemon)
        assert daemon.stdout
        environment["DBUS_SESSION_BUS_ADDRESS"] = address = daemon.stdout.readline().strip()
        command = ["xfce4-panel", "--disable-wm-check"]
        panel = subprocess.Popen(command, env=environment, stdout=null, stderr=null)
        stack.callback(_end, panel)
        kind = Gio.DBusConnectionFlags
        flags = kind.AUTHENTICATION_CLIENT | kind.MESSAGE_BUS_CONNECTION
        bus = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
        bus.set_exit_on_close(False)
        wait_until(lambda: _hosts(bus), "the panel has a tray")
        yield Panel(desktop, bus, environment)
        bus.close_sync()


def _end(process: subprocess.Popen[Any]) -> None:
    process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


def _hosts(bus: Any) -> bool:
    arguments = GLib.Variant("(ss)", (_NAME, "IsStatusNotifierHostRegistered"))
    try:
        return bool(_call(bus, _NAME, _PATH, "org.freedesktop.DBus.Properties", "Get", arguments)[0])
    except GLib.Error:
        return False


def _call(bus: Any, name: str, path: str, interface: str, method: str, arguments: Any) -> Any:
    return bus.call_sync(name, path, interface, method, arguments, None, 0, 20_000, None).unpack()


def _line(layout: Any) -> Line:
    number, properties, below = layout
    separator = properties.get("type") == "separator"
    toggled = properties.get("toggle-state", 0) == 1 if "toggle-type" in properties else None
    return Line(
        number,
        "" if separator else properties.get("label", "").replace("__", "_"),
        properties.get("enabled", True),
        toggled,
        tuple(_line(each) for each in below),
    )


@pytest.fixture(scope="module")
def panel(desktop: Desktop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    """One panel for the tests of a module."""
    with running_panel(desktop, tmp_path_factory.mktemp("panel")) as panel:
        yield panel
