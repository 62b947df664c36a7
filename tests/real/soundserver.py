"""A sound server of the tests' own with a microphone that hears what they play.

PipeWire or PulseAudio, whichever is installed (their packages exclude each other), in a runtime folder and on
a session bus of its own, so that nothing of the user's is touched.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.deadline import wait_until as wait_until
from tests.folders import short_folder

_DEADLINE_S = 30.0
_INHERITED = (
    "PULSE_SERVER",
    "PULSE_SINK",
    "PULSE_SOURCE",
    "PULSE_RUNTIME_PATH",
    "PIPEWIRE_REMOTE",
    "ALSA_CONFIG_PATH",
)
SINK = "mic_sink"
SOURCE = "testmic"


def missing() -> str:
    """Which programs are not here, for a skip; empty when a sound server can be started."""
    needed = ["dbus-daemon", "pactl", "paplay"]
    needed += [] if shutil.which("pulseaudio") else ["pipewire", "wireplumber", "pipewire-pulse"]
    return ", ".join(name for name in needed if not shutil.which(name))


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
        self.plug_in()
        wait_until(self._microphone_is_default, "the microphone")

    def play(self, path: str | Path, sink: str = SINK) -> subprocess.Popen[bytes]:
        """Say a WAV or FLAC file into the microphone; the process ends when it was said."""
        return subprocess.Popen(["paplay", "-d", sink, str(path)], env=self.env)

    def plug_in(self, source: str = SOURCE, sink: str = SINK, rate: int = 16_000) -> None:
        """A microphone that hears what is played to `sink`."""
        mono = (f"rate={rate}", "channels=1", "channel_map=mono")
        self._load("module-null-sink", f"sink_name={sink}", *mono)
        self._load("module-remap-source", f"master={sink}.monitor", f"source_name={source}", *mono)

    def unplug(self) -> None:
        """No microphone is there any more; what a loudspeaker of the server's own plays can be heard."""
        modules = [line.split("\t") for line in self._pactl("list", "short", "modules").stdout.splitlines()]
        for module in reversed(modules):  # PipeWire's own have arguments of several lines
            if module[1:2] in (["module-null-sink"], ["module-remap-source"]):
                self._pactl("unload-module", module[0])
        wait_until(lambda: SINK not in self._pactl("list", "short", "sources").stdout, "no microphone")

    def choose(self, source: str) -> None:
        """Make it the default microphone."""
        self._pactl("set-default-source", source)
        wait_until(lambda: self._pactl("get-default-source").stdout.strip() == source, "the new default")

    def mute(self, *, muted: bool) -> None:
        """The microphone gives zeros, or sound."""
        self._pactl("set-source-mute", SOURCE, str(int(muted)))

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """The server answers nobody."""
        self.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(signal.SIGCONT)

    def signal(self, number: signal.Signals) -> None:
        """To all its processes, but not to the bus."""
        for process in self._processes[1:]:
            process.send_signal(number)

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
        self._pactl("set-default-source", SOURCE)
        return self._pactl("get-default-source").stdout.strip() == SOURCE

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


@contextmanager
def running_sound_server() -> Iterator[SoundServer]:
    """One of the test's own; skips where there is none to run."""
    if lacking := missing():
        pytest.skip(f"no sound server: {lacking} not installed")
    with short_folder() as folder:
        server = SoundServer(folder)
        try:
            server.start()
            yield server
        finally:
            server.close()


@pytest.fixture
def sound_server() -> Iterator[SoundServer]:
    """A running sound server of the test's own."""
    with running_sound_server() as server:
        yield server
