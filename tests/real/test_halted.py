"""Nobody reads what the daemon prints on a terminal that was halted (Ctrl-S): all goes on, and it can end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.deadline import wait_until
from tests.real.bus import Bus, bus
from tests.real.daemon import ROOT
from tests.real.talking import QUIET, environment
from voicetype import client

__all__ = ["bus"]

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

UNSEEN = "typing.keyboard = 'dummy'\nhotkey.key = ''\n"
HALT = b"\x13"


class Terminal:
    """A pseudo-terminal, which can be halted."""

    def __init__(self) -> None:
        self.screen, self.program = os.openpty()
        self.shown = b""
        threading.Thread(target=self._read, daemon=True).start()

    def halt(self) -> None:
        os.write(self.screen, HALT)

    def close(self) -> None:
        os.close(self.program)

    def _read(self) -> None:
        while True:
            try:
                self.shown += os.read(self.screen, 1 << 16)
            except OSError:  # the program has ended
                os.close(self.screen)
                return


@contextmanager
def terminal() -> Iterator[Terminal]:
    one = Terminal()
    try:
        yield one
    finally:
        one.close()


def test_a_terminal_that_is_halted_holds_up_nothing(bus: Bus, tmp_path: Path) -> None:
    config = tmp_path / "daemon.toml"
    config.write_text(UNSEEN + QUIET)
    command = [sys.executable, "-m", "tests.real.apps.talking_daemon", str(config)]
    env = environment(tmp_path, DBUS_SESSION_BUS_ADDRESS=bus.address)
    with (
        terminal() as here,
        subprocess.Popen(
            command, env=env, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=here.program, stderr=here.program
        ) as process,
    ):
        try:
            wait_until(lambda: b"Ready" in here.shown, "the daemon is ready")
            here.halt()
            for language in ("auto", "en"):
                client.call("Start", "a{sv}", {})
                client.call("SetLanguage", "s", language)
                client.call("Stop", answers="s")
                assert client.properties()["Language"] == language
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        finally:
            process.kill()
