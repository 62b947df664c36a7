"""What no window took is typed where somebody asks, and outlives a display; the daemon without models."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real.bus import Bus, bus
from tests.real.daemon import Daemon
from tests.real.talking import environment, talking_daemon
from tests.real.xserver import Desktop, own_desktop, wait_until
from voicetype import client
from voicetype.history import read

__all__ = ["bus", "own_desktop"]

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

KEEP = "[history]\nkeep = true\n"


@pytest.fixture
def env(own_desktop: Desktop, bus: Bus, tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path, DISPLAY=own_desktop.name, DBUS_SESSION_BUS_ADDRESS=bus.address)


def is_told(daemon: Daemon) -> bool:
    return "characters were not typed" in "".join(daemon.said)


def test_the_window_is_killed(own_desktop: Desktop, env: dict[str, str], tmp_path: Path) -> None:
    """All of it is typed into another one."""
    doomed = own_desktop.gtk()
    with talking_daemon(env, tmp_path) as daemon:
        assert daemon.voicetype("start").returncode == 0
        daemon.wait_for(lambda: "quick" in doomed.text, "it types")
        doomed.end()
        heard = len(daemon.of("segment"))
        daemon.wait_for(lambda: len(daemon.of("segment")) > heard + 8, "it listens on")
        text = daemon.voicetype("stop").stdout.strip()
        daemon.wait_for(lambda: is_told(daemon), "the user is told")
        assert daemon.voicetype("last").stdout.strip() == text
        other = own_desktop.gtk()
        typed = daemon.voicetype("last", "--type")
        assert typed.returncode == 0, typed.stderr
        other.shows(text)


def test_the_focus_goes_elsewhere_and_comes_back_too_late(
    own_desktop: Desktop, env: dict[str, str], tmp_path: Path
) -> None:
    """What is missing is typed behind what stands."""
    other, app = own_desktop.gtk(), own_desktop.gtk()
    with talking_daemon(env, tmp_path) as daemon:
        assert daemon.voicetype("start").returncode == 0
        daemon.wait_for(lambda: "quick" in app.text, "it types")
        own_desktop.hand_focus(other.title)
        heard = len(daemon.of("segment"))
        daemon.wait_for(lambda: len(daemon.of("segment")) > heard + 8, "it listens on")
        text = daemon.voicetype("stop").stdout.strip()
        daemon.wait_for(lambda: is_told(daemon), "the user is told")
        missing = daemon.voicetype("last", "--untyped").stdout.strip()
        assert missing
        assert text.endswith(missing)
        assert other.text == ""
        own_desktop.hand_focus(app.title)
        typed = daemon.voicetype("last", "--type", "--untyped")
        assert typed.returncode == 0, typed.stderr
        wait_until(lambda: app.text.endswith(missing), "the rest is typed")
        assert app.text.split() == text.split() or app.text.replace(" ", "") == text.replace(" ", "")
        assert daemon.voicetype("last", "--untyped").returncode == 1, "now it is whole"


def test_a_text_that_is_kept_outlives_the_display(
    own_desktop: Desktop, env: dict[str, str], tmp_path: Path
) -> None:
    """No window took it whole, and no daemon is left to be asked."""
    app = own_desktop.gtk()
    with talking_daemon(env, tmp_path, KEEP) as daemon:
        client.call("Start", "a{sv}", {})
        daemon.wait_for(lambda: "quick" in app.text, "it types")
        own_desktop.server.kill()
        assert daemon.process.wait(20) == 1
        printed = daemon.voicetype("last").stdout.strip()
        assert printed.startswith("The quick")
        assert "The display is gone." in "".join(daemon.said)
    (said,) = read(tmp_path / "state/voicetype/history.jsonl")
    assert said.text == printed
