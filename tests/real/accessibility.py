"""A desktop with an accessibility bus of its own, and programs on it that offer themselves."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.real.browser import Browser, running_browser
from tests.real.xserver import App, Desktop, running_desktop, wait_until

_SERVICE = Path("/usr/share/dbus-1/services/org.a11y.Bus.service")


@dataclass
class Accessible:
    """The desktop, and its session bus, whose processes all are in its group."""

    desktop: Desktop
    process: subprocess.Popen[str]
    folder: Path
    stack: ExitStack

    def browser(self) -> Browser:
        """A Chromium that offers its pages."""
        folder = self.folder / "browser"
        folder.mkdir()
        flag = "--force-renderer-accessibility"
        return self.stack.enter_context(running_browser(self.desktop, folder, flag))

    def fields(self, toolkit: str, loses: str = "") -> App:
        """A program with a text view, an entry and a password entry: "GTK 3", "PyQt5" or "PyQt6"."""
        binding = "gi" if toolkit == "GTK 3" else toolkit
        if subprocess.run(["/usr/bin/python3", "-c", f"import {binding}"], check=False).returncode:
            pytest.skip(f"not installed for the system's Python: {binding}")
        return self.desktop.fields(toolkit, loses)

    def is_enabled(self) -> bool:
        """Whether programs are told that somebody makes use of their accessibility."""
        return "true" in _launcher("org.freedesktop.DBus.Properties.Get", "org.a11y.Status", "IsEnabled")

    def enable(self) -> None:
        _launcher("org.freedesktop.DBus.Properties.Set", "org.a11y.Status", "IsEnabled", "<true>")

    def revive(self) -> None:
        """Start another: a program that starts before would look for the dead one."""
        _launcher("org.a11y.Bus.GetAddress")

    def kill(self) -> None:
        """The accessibility bus dies under those who use it; its launcher, too."""
        for process in _group(self.process.pid):
            if process != self.process.pid:
                os.kill(process, signal.SIGKILL)


def _group(group: int) -> list[int]:
    listed = subprocess.run(["pgrep", "-g", str(group)], capture_output=True, text=True, check=False)
    return [int(line) for line in listed.stdout.split()]


def _launcher(method: str, *arguments: str) -> str:
    command = ["gdbus", "call", "--session", "-d", "org.a11y.Bus", "-o", "/org/a11y/bus", "-m", method]
    answer = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60, check=True)
    return answer.stdout


@contextmanager
def accessible_desktop(folder: Path) -> Iterator[Accessible]:
    """Everything is private: the display, both buses, and where settings are kept."""
    if not _SERVICE.exists() or not shutil.which("gdbus"):
        pytest.skip("not installed: at-spi2-core, libglib2.0-bin")
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    with running_desktop(folder) as desktop, pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            patch.setenv(name, str(runtime))
        patch.setenv("GSETTINGS_BACKEND", "memory")
        patch.setenv("NO_AT_BRIDGE", "0")
        patch.setenv("QT_LINUX_ACCESSIBILITY_ALWAYS_ON", "1")
        patch.delenv("AT_SPI_BUS_ADDRESS", raising=False)
        process = _start_bus(desktop.stack)
        assert process.stdout is not None
        patch.setenv("DBUS_SESSION_BUS_ADDRESS", process.stdout.readline().strip())
        _launcher("org.a11y.Bus.GetAddress")
        yield Accessible(desktop, process, folder, desktop.stack)


def _start_bus(stack: ExitStack) -> subprocess.Popen[str]:
    """A session bus in a process group of its own, which takes the accessibility bus along when it ends."""
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        process_group=0,
    )

    def end() -> None:
        process.kill()
        process.wait()
        for each in _group(process.pid):
            os.kill(each, signal.SIGKILL)
        wait_until(lambda: not _group(process.pid), "the accessibility bus ends")
        assert process.stdout is not None
        process.stdout.close()

    stack.callback(end)
    return process


@pytest.fixture(scope="module")
def accessible(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Accessible]:
    """One desktop for the tests of a module."""
    with accessible_desktop(tmp_path_factory.mktemp("accessible")) as accessible:
        yield accessible


@pytest.fixture
def own_accessible(tmp_path: Path) -> Iterator[Accessible]:
    """A desktop that a test may break."""
    with accessible_desktop(tmp_path) as accessible:
        yield accessible
