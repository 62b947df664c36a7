"""A sound server of the tests' own with a microphone that hears what they play.

PipeWire or PulseAudio, whichever is installed (their packages exclude each other), in a runtime folder and on
a session bus of its own, so that nothing of the user's is touched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_DEADLINE_S = 30.0
_INHERITED = (
    "PULSE_SERVER",
    "PULSE_SINK",
    "PULSE_SOURCE",
    "PULSE_RUNTIME_PATH",
    "PIPEWIRE_REMOTE",
    "ALSA_CONFIG_PATH",
)
_SINK = "mic_sink"
_SOURCE = "testmic"


def missing() -> str:
    """Which programs are not here, for a skip; empty when a sound server can be started."""
    needed = ["dbus-daemon", "pactl", "paplay"]
    needed += [] if shutil.which("pulseaudio") else ["pipewire", "wireplumber", "pipewire-pulse"]
    return ", ".join(name for name in needed if not shutil.which(name))


def wait_until(true: Callable[[], bool], what: str, deadline_s: float = _DEADLINE_S) -> None:
    """Return once `true` answers yes; fail the test when it does not in time."""
    end = time.monotonic() + deadline_s
    while not true():
        assert time.monotonic() < end, f"not within {deadline_s} s: {what}"
        time.sleep(0.02)


class SoundServer:
    """A private sound server. `env` is the environment in which programs find it, and hear its microphone."""

    def __init__(self, folder: Path) -> None:
        """`folder` is for its sockets and state: short, since a socket's path may have 108 bytes."""
        folder.chmod(0o700)
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self._log = (folder / "log").open("ab")
        bus = f"unix:path={folder}/bus"
        self.env = {name: value for name, value in os.environ.items() if name not in _INHERITED}
        self.env |= {
            "XDG_RUNTIME_DIR": str(folder),
            "DBUS_SESSION_BUS_ADDRESS": bus,
            "PULSE_SERVER": f"unix:{folder}/pulse/native",
        }
        self._bus = self._spawn("dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={bus}")
        wait_until((folder / "bus").exists, "a session bus")

    def start(self) -> None:
        """Start the server and its microphone, and wait until both are there."""
        if shutil.which("pulseaudio"):
            self._start_pulseaudio()
        else:
            self._start_pipewire()
        wait_until(lambda: self._pactl("info").returncode == 0, "an answer from the sound server")
        mono = ("rate=16000", "channels=1", "channel_map=mono")
        self._load("module-null-sink", f"sink_name={_SINK}", *mono)
        self._load("module-remap-source", f"master={_SINK}.monitor", f"source_name={_SOURCE}", *mono)
        wait_until(self._microphone_is_default, "the microphone")

    def play(self, path: str | Path) -> subprocess.Popen[bytes]:
        """Say a WAV or FLAC file into the microphone; the process ends when it was said."""
        return subprocess.Popen(["paplay", "-d", _SINK, str(path)], env=self.env)

    def kill(self) -> None:
        """As when the sound server crashes; `start` brings it back."""
        # The newest first: a session manager that outlives its server would only log.
        for process in reversed(self._processes[1:]):
            process.kill()
            process.wait()
        del self._processes[1:]

    def close(self) -> None:
        """End everything that was started."""
        self.kill()
        self._bus.kill()
        self._bus.wait()
        self._log.close()

    def _start_pipewire(self) -> None:
        for stale in ("pipewire-0", "pipewire-0-manager", "pulse/native"):
            (self._folder / stale).unlink(missing_ok=True)
        self._spawn("pipewire")
        wait_until((self._folder / "pipewire-0").exists, "PipeWire's socket")
        self._spawn("wireplumber")
        self._spawn("pipewire-pulse")

    def _start_pulseaudio(self) -> None:
        modules = [f"--load=module-native-protocol-unix auth-anonymous=1 socket={self._folder}/pulse/native"]
        (self._folder / "pulse").mkdir(mode=0o700, exist_ok=True)
        (self._folder / "pulse" / "native").unlink(missing_ok=True)
        self._spawn(
            "pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", *modules
        )

    def _load(self, module: str, *arguments: str) -> None:
        # The session manager may still be starting when the server answers already.
        wait_until(lambda: self._pactl("load-module", module, *arguments).returncode == 0, module)

    def _microphone_is_default(self) -> bool:
        self._pactl("set-default-source", _SOURCE)
        return self._pactl("get-default-source").stdout.strip() == _SOURCE

    def _pactl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pactl", *arguments],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=_DEADLINE_S,
            check=False,
        )

    def _spawn(self, *command: str) -> subprocess.Popen[bytes]:
        # The servers' own settings and state are none of the user's.
        env = self.env | {"HOME": str(self._folder), "XDG_CONFIG_HOME": str(self._folder / "config")}
        env |= {"XDG_STATE_HOME": str(self._folder / "state")}
        process = subprocess.Popen(command, env=env, stdout=self._log, stderr=self._log)
        self._processes.append(process)
        return process


@pytest.fixture
def sound_server() -> Iterator[SoundServer]:
    """A running sound server of the test's own."""
    if lacking := missing():
        pytest.skip(f"no sound server: {lacking} not installed")
    with tempfile.TemporaryDirectory(prefix="vt-", ignore_cleanup_errors=True) as folder:
        server = SoundServer(Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.close()
