"""An ibus-daemon of the tests' own on an X desktop of their own, and programs that take text from it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.real.browser import Browser
from tests.real.xserver import APPS, SHIFT_L, App, Desktop, running_desktop, wait_until
from voicetype.keyboard.ibus_address import address

NEEDED = ("ibus-daemon", "ibus", "dbus-daemon")
OWN = "xkb:us::eng"
"""The engine that the user has before each test."""

NOWHERE = "(<objectpath '/org/freedesktop/IBus/InputContext_1'>,)\n"
_IM = {"GTK_IM_MODULE": "ibus", "QT_IM_MODULE": "ibus", "XMODIFIERS": "@im=ibus"}


@dataclass
class IBus:
    """The daemon, its desktop, and what its programs need in their environment."""

    desktop: Desktop
    folder: Path
    process: subprocess.Popen[bytes]
    places: dict[str, str] = field(default_factory=dict)
    """By title: the input context that has the focus where the window has it."""

    @property
    def focused(self) -> str:
        """The input context that has the focus, as IBus has it."""
        question = ("org.freedesktop.DBus.Properties.Get", "org.freedesktop.IBus", "CurrentInputContext")
        where = ("--address", address(os.environ) or "", "-d", "org.freedesktop.IBus")
        command = ["gdbus", "call", *where, "-o", "/org/freedesktop/IBus", "-m", *question]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout

    @property
    def engine(self) -> str:
        """The engine in use."""
        answer = subprocess.run(["ibus", "engine"], capture_output=True, text=True, timeout=30, check=False)
        return answer.stdout.strip()

    def choose(self, engine: str) -> None:
        """As the user does in the panel."""
        subprocess.run(["ibus", "engine", engine], capture_output=True, timeout=30, check=False)

    def has_engine(self, engine: str) -> None:
        """Wait until it is the one in use."""
        wait_until(lambda: self.engine == engine, f"the engine is {engine}, not {self.engine}")

    def kill(self) -> None:
        """End the daemon without a word; what it has started ends with it."""
        self.process.kill()
        self.process.wait()

    def start(self) -> None:
        """Begin another daemon."""
        self.process = _daemon()
        self.use_own()

    def use_own(self) -> None:
        """The user's engine, which takes a moment in a new daemon."""

        def done() -> bool:
            self.choose(OWN)
            return self.engine == OWN

        wait_until(lambda: address(os.environ) is not None, "ibus-daemon listens")
        wait_until(done, "the user has an engine")

    def gtk(self, script: str = "gtk_text.py") -> App:
        return self._start("GTK", [str(APPS / script)])

    def qt(self, binding: str, widget: str = "QTextEdit") -> App:
        return self._start(widget, [str(APPS / "qt_text.py")], binding, widget)

    def fields(self, toolkit: str = "GTK 3") -> App:
        """A text view, an entry and a password entry."""
        script = APPS / ("gtk_fields.py" if toolkit == "GTK 3" else "qt_fields.py")
        return self._start(f"{toolkit} fields", [str(script)], "", toolkit)

    def deaf(self) -> App:
        """A program that does not use IBus."""
        return self._start("deaf", [str(APPS / "gtk_text.py")], module="gtk-im-context-simple")

    def focus(self, app: App) -> None:
        self.desktop.hand_focus(app.title)
        place = self.places.get(app.title)
        self._wait_for_focus(lambda: place in (None, self.focused), app.title)

    def _start(self, name: str, command: list[str], *options: str, module: str = "ibus") -> App:
        title = f"{name} {len(self.desktop.apps)}"
        file = self.desktop.folder / f"text-{len(self.desktop.apps)}"
        environment = {**os.environ, **_IM, "GTK_IM_MODULE": module, "GDK_BACKEND": "x11"}
        environment |= {"LC_ALL": "C.UTF-8", "NO_AT_BRIDGE": "1"}
        null = subprocess.DEVNULL
        before = self.focused
        process = subprocess.Popen(
            ["/usr/bin/python3", *command, str(file), title, *options],
            env=environment,
            stdout=null,
            stderr=null,
        )
        app = App(process, file, title)
        self.desktop.apps.append(app)
        self.desktop.stack.callback(app.end)
        wait_until(file.exists, f"{title} starts")
        self.desktop.hand_focus(title)
        if module == "ibus":
            self._wait_for_focus(lambda: self.focused not in ("", NOWHERE, before), title)
            self.places[title] = self.focused
        return app

    def _wait_for_focus(self, done: Callable[[], bool], title: str) -> None:
        """A key tells IBus where the focus is: Qt (up to 6.4) says so no sooner when it has it again, and
        Chromium may say once more that it has it when it has just lost it.
        """

        def has_focus() -> bool:
            self.desktop.user.tap(SHIFT_L)
            return done()

        wait_until(has_focus, f"IBus knows that {title} has the focus")


class IBusBrowser(Browser):
    """Chromium that takes text from IBus."""

    input_method = "ibus"


@contextmanager
def running_ibus(folder: Path) -> Iterator[IBus]:
    """Everything that IBus and voicetype keep for the user is in `folder`, for as long as it runs."""
    if lacking := [each for each in NEEDED if not shutil.which(each)]:
        pytest.skip(f"not installed: {', '.join(lacking)}")
    with running_desktop(folder) as desktop, pytest.MonkeyPatch.context() as patch:
        for name, place in {
            "HOME": "home",
            "XDG_RUNTIME_DIR": "run",
            "XDG_CONFIG_HOME": "home/.config",
            "XDG_CACHE_HOME": "home/.cache",
        }.items():
            (folder / place).mkdir(mode=0o700, parents=True, exist_ok=True)
            patch.setenv(name, str(folder / place))
        patch.setenv("GSETTINGS_BACKEND", "memory")
        for name in ("IBUS_ADDRESS", "IBUS_ADDRESS_FILE", "WAYLAND_DISPLAY"):
            patch.delenv(name, raising=False)
        patch.setenv("DBUS_SESSION_BUS_ADDRESS", _session_bus(desktop))
        ibus = IBus(desktop, folder, _daemon())
        try:
            ibus.use_own()
            yield ibus
        finally:
            ibus.kill()


def _session_bus(desktop: Desktop) -> str:
    bus = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert bus.stdout is not None
    desktop.stack.callback(bus.stdout.close)
    desktop.stack.callback(bus.wait)
    desktop.stack.callback(bus.kill)
    return bus.stdout.readline().strip()


def _daemon() -> subprocess.Popen[bytes]:
    command = ["ibus-daemon", "--panel", "disable", "--emoji-extension", "disable", "--replace"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def ibus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IBus]:
    """One daemon for the tests of a module."""
    with running_ibus(tmp_path_factory.mktemp("ibus")) as ibus:
        yield ibus


@pytest.fixture
def own_ibus(tmp_path: Path) -> Iterator[IBus]:
    """One that a test may break."""
    with running_ibus(tmp_path) as ibus:
        yield ibus
