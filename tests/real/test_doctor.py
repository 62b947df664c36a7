"""The doctor's checks against real servers."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from Xlib import X
from Xlib.display import Display

from tests.real.bus import Bus, bus
from tests.real.control import IDLE, FakeControl, control, service
from tests.real.daemon import write_wave
from tests.real.soundserver import SoundServer, sound_server
from tests.real.xserver import CONTROL_R, Desktop, desktop, wait_until
from voicetype import client, sound_process
from voicetype.checks import Finding, Verdict, good, screen, sound, tray
from voicetype.checks import service as bus_checks
from voicetype.config import Config, DesktopConfig, HotkeyConfig
from voicetype.core.events import SAMPLE_RATE
from voicetype.dbus import Service

__all__ = ["bus", "control", "desktop", "service", "sound_server"]

pytestmark = pytest.mark.real


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WAYLAND_DISPLAY", "XDG_SESSION_TYPE", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("bus")
def test_a_desktop(desktop: Desktop) -> None:
    assert screen.session(Config()) == good(f"the X display {desktop.name} answers (1024 × 768)")
    assert screen.keyboard(Config()).verdict is Verdict.GOOD
    assert screen.hotkey(Config()) == good("Control_R: it could be taken")
    assert screen.hotkey(Config()) == good("Control_R: it could be taken")  # and was given back


def hotkey_while_taken(desktop: Desktop) -> Finding:
    """What is found while another program has the right Ctrl key."""
    other = Display(desktop.name)
    try:
        other.screen().root.grab_key(CONTROL_R, X.AnyModifier, False, X.GrabModeAsync, X.GrabModeAsync)
        other.sync()
        return screen.hotkey(Config())
    finally:
        other.close()


@pytest.mark.usefixtures("bus")
def test_a_key_that_another_program_has(desktop: Desktop) -> None:
    finding = hotkey_while_taken(desktop)
    assert finding.verdict is Verdict.WORSE
    assert finding.result == "Another program has taken the key Control_R."


@pytest.mark.usefixtures("service")
def test_a_key_that_our_daemon_has(desktop: Desktop) -> None:
    assert IDLE.hotkey == "x11: Control_R"
    assert hotkey_while_taken(desktop) == good("Control_R: the running daemon holds it")
    other = screen.hotkey(Config(hotkey=HotkeyConfig(key="F9")))
    assert other == good("F9: it could be taken")


def test_the_bus_and_the_daemon(bus: Bus, control: FakeControl) -> None:
    assert bus.process.poll() is None
    assert bus_checks.session_bus(Config()) == good("the session bus answers")
    assert bus_checks.daemon(Config()).verdict is Verdict.WORSE
    service = Service(control)
    service.open()
    assert bus_checks.daemon(Config()) == good("running: idle · tiny.en + base · language auto")
    service.close()


def test_a_microphone(sound_server: SoundServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("XDG_RUNTIME_DIR", "PULSE_SERVER", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.setenv(name, sound_server.env[name])
    sound_process.end_spares()
    assert sound.sound_server(Config()).verdict is Verdict.GOOD
    assert sound.microphone(Config()).result == "it is opened, and hears silence"
    tone = 0.5 * np.sin(np.arange(30 * SAMPLE_RATE) / 6)
    player = sound_server.play(write_wave(tmp_path / "tone.wav", tone))
    try:
        wait_until(lambda: sound.microphone(Config()).verdict is Verdict.GOOD, "the tone is heard")
        assert "dB" in sound.microphone(Config()).result
    finally:
        player.kill()
        player.wait()
    sound_server.kill()
    assert sound.sound_server(Config()).result.startswith("PipeWire does not answer") or (
        sound.sound_server(Config()).result.startswith("the PulseAudio protocol does not answer")
    )


@pytest.mark.usefixtures("bus")
def test_a_tray_of_the_new_kind() -> None:
    assert tray.tray_host(Config()).verdict is Verdict.WORSE
    assert tray.tray_host(Config(desktop=DesktopConfig(tray=False))).verdict is Verdict.GOOD

    async def with_watcher() -> Finding:
        host = await client.connect()
        try:
            await host.request_name("org.kde.StatusNotifierWatcher")
            return await asyncio.to_thread(tray.tray_host, Config())
        finally:
            host.disconnect()

    assert asyncio.run(with_watcher()) == good("org.kde.StatusNotifierWatcher is there")


@pytest.mark.usefixtures("bus")
def test_a_tray_of_the_old_kind(desktop: Desktop) -> None:
    assert tray.tray_host(Config()).verdict is Verdict.WORSE
    panel = Display(desktop.name)
    try:
        window = panel.screen().root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
        window.set_selection_owner(panel.intern_atom("_NET_SYSTEM_TRAY_S0"), X.CurrentTime)
        panel.sync()
        assert tray.tray_host(Config()) == good("a system tray of the old kind (XEmbed) is there")
    finally:
        panel.close()


_GTK = """
from voicetype.checks import tray
from voicetype.config import Config
print(tray.toolkit(Config()))
"""


def test_gtk(desktop: Desktop) -> None:
    """In a process of its own: GTK is begun once in a process, with a display or without."""

    def found(**environment: str) -> str:
        command = [sys.executable, "-c", _GTK]
        done = subprocess.run(
            command, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout

    if "GTK 3 is not there" in (told := found(DISPLAY=desktop.name)):
        pytest.skip(f"no GTK here: {told}")
    assert "GTK 3 opens the display" in told
    assert "GTK finds no display" in found(DISPLAY="")


@pytest.mark.usefixtures("desktop", "bus")
def test_the_whole_table() -> None:
    command = [sys.executable, "-m", "voicetype", "doctor"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode in (0, 1)
    assert "Traceback" not in done.stderr
    assert "✓ keyboard" in done.stdout
    assert "the check failed" not in done.stdout
    assert "no answer" not in done.stdout
