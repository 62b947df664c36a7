"""A session bus of the tests' own; nothing of the user's is touched."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from voicetype.client import NAME, PATH


@dataclass
class Bus:
    """A private dbus-daemon."""

    address: str
    process: subprocess.Popen[str]

    def kill(self) -> None:
        """As when the session ends under a program."""
        self.process.kill()
        self.process.wait()

    def gdbus(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `gdbus` with what a person would type."""
        return subprocess.run(["gdbus", *arguments], capture_output=True, text=True, timeout=60, check=False)

    def call(self, member: str, *arguments: str, interface: str = NAME) -> subprocess.CompletedProcess[str]:
        """Call a method of the daemon."""
        method = f"{interface}.{member}"
        return self.gdbus("call", "--session", "-d", NAME, "-o", PATH, "-m", method, *arguments)


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bus]:
    """A private bus, which this process and its children take for the session's."""
    process = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    with process:
        address = process.stdout.readline().strip()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        yield Bus(address, process)
        process.kill()
