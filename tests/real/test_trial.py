"""The doctor's proof: each way to type, tried in a window of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.real.ibus import IBus, own_ibus
from tests.real.wayland import Compositor, own_compositor
from tests.real.xserver import Desktop, desktop, own_desktop, wait_until
from voicetype import doctor, surroundings, trial
from voicetype.checks import Verdict, trials
from voicetype.config import Config, TypingConfig
from voicetype.core.events import Patch
from voicetype.errors import DesktopError
from voicetype.keyboard import Claim
from voicetype.keyboard.x11 import X11Keyboard
from voicetype.x11.own_keys import OwnKeys

__all__ = ["desktop", "own_compositor", "own_desktop", "own_ibus"]  # fixtures

pytestmark = pytest.mark.real

X11 = Config(typing=TypingConfig(keyboard="x11"))


@pytest.fixture(autouse=True)
def _x11_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("WAYLAND_DISPLAY", "XDG_SESSION_TYPE", "IBUS_ADDRESS", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


@pytest.mark.usefixtures("desktop")
def test_a_way_that_works() -> None:
    finding = trials.tried("x11", X11)
    assert finding.verdict is Verdict.GOOD
    assert "京都" in finding.result
    assert "characters were mended" in finding.result


class Forgetful(X11Keyboard):
    """Leaves out one character of each text."""

    def apply(self, patch: Patch) -> None:
        super().apply(Patch(patch.backspaces, patch.text.replace("r", "", 1)))


@pytest.mark.usefixtures("desktop")
def test_a_way_that_loses_characters_is_told() -> None:
    result = trial.attempt(lambda: Forgetful(1000, OwnKeys()), {"GDK_BACKEND": "x11"})
    assert not result.exact
    assert "are missing" in trial.problem(result).sentence


@pytest.mark.parametrize("way", ["input-method", "virtual-keyboard"])
def test_the_ways_of_a_wayland_compositor(
    way: str, own_compositor: Compositor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert own_compositor.process.poll() is None
    monkeypatch.delenv("DISPLAY", raising=False)
    assert way in trials.ways(surroundings.choose("auto"))
    finding = trials.tried(way, Config())
    assert finding.verdict is Verdict.GOOD, finding
    assert "京都" in finding.result


def test_ibus(own_ibus: IBus) -> None:
    before = own_ibus.engine
    finding = trials.tried("ibus", Config())
    assert finding.verdict is Verdict.GOOD, finding
    assert "preedit" in finding.result
    own_ibus.has_engine(before)


@pytest.mark.usefixtures("desktop")
def test_what_can_not_be_had_says_why() -> None:
    finding = trials.tried("ibus", Config())
    assert finding.verdict is Verdict.WORSE
    assert finding.remedy


def test_no_window_is_typed_into_but_the_trials_own(own_desktop: Desktop) -> None:
    """Here another program holds the focus, and gives it to nobody."""
    app = own_desktop.gtk()

    class Elsewhere(X11Keyboard):
        def claim(self) -> Claim:
            own_desktop.user.focus(app.title)
            wait_until(lambda: own_desktop.user.focused_title() == app.title, "the focus")
            return super().claim()

    with pytest.raises(DesktopError, match="did not get the focus"):
        trial.attempt(lambda: Elsewhere(1000, OwnKeys()), {"GDK_BACKEND": "x11"})
    assert app.text == ""


@pytest.mark.usefixtures("desktop")
def test_no_display_for_the_window() -> None:
    with pytest.raises(DesktopError, match="No window could be opened"):
        trial.attempt(lambda: X11Keyboard(1000, OwnKeys()), {"DISPLAY": ":9753", "GDK_BACKEND": "x11"})


def test_a_trial_that_can_not_be_made_says_nothing_of_the_way(
    desktop: Desktop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GTK is not needed for dictation; nor is it a fault of the way that the user clicks elsewhere."""
    gone = tmp_path / "gi/__init__.py"
    gone.parent.mkdir()
    gone.write_text("raise ImportError('it is not here')\n")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setenv("DISPLAY", desktop.name)
    config = tmp_path / "config.toml"
    config.write_text('typing.keyboard = "x11"\n')
    lines = {line.check: line.finding for line in doctor.examine(config, {}, typing=True)}
    assert lines["typing: x11"].verdict is Verdict.UNKNOWN
    assert lines["typing: x11"].result.startswith("not tried. No window could be opened")
    assert "python3-gi" in lines["typing: x11"].remedy
    assert "typing" not in lines


@pytest.mark.usefixtures("desktop")
def test_the_command(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('typing.keyboard = "x11"\n')
    command = [sys.executable, "-m", "voicetype", "doctor", "--format", "json", "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    checks = {each["check"]: each for each in json.loads(done.stdout)["checks"]}
    assert checks["typing: x11"]["verdict"] == "good"
    config.write_text('typing.keyboard = "ibus"\n')
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    checks = {each["check"]: each for each in json.loads(done.stdout)["checks"]}
    assert checks["typing: ibus"]["verdict"] == "worse"
    assert checks["typing"]["verdict"] == "bad"
    assert done.returncode == 1
