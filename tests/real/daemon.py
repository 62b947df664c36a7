"""The real daemon as a child process, on a desktop, a sound server and a bus of the tests' own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voicetype.audio import read_recording
from voicetype.core.events import SAMPLE_RATE
from voicetype.engine import models

DEADLINE_S = 60.0
ROOT = Path(__file__).parents[2]


def demo(name: str) -> Path:
    """A recording of Debian's package asterisk-core-sounds-en-g722 (CC BY-SA 3.0), or a skip."""
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")
    for folder in (data / "voicetype/demo", *Path("/usr/share/asterisk/sounds").glob("*")):
        if (folder / name).is_file():
            return folder / name
    pytest.skip(f"{name} of the package asterisk-core-sounds-en-g722 is not here; install/test.sh fetches it")


def need_models(*names: str) -> None:
    """Skip where a model would have to be fetched."""
    present = {model.name for model in models.listing() if model.present}
    if lacking := set(names) - present:
        pytest.skip(f"models are not here: {', '.join(sorted(lacking))}; install/test.sh fetches them")


def write_wave(path: Path, samples: Any) -> Path:
    """16-bit mono at 16 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes())
    return path


@pytest.fixture(scope="session")
def sentence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven seconds: "Congratulations! You have successfully installed and executed the Asterisk ..."."""
    samples = read_recording(demo("demo-congrats.g722"))[: 7 * SAMPLE_RATE]
    return write_wave(tmp_path_factory.mktemp("sound") / "sentence.wav", samples)


class Daemon:
    """`voicetype run --format jsonl`, and the events it printed."""

    def __init__(self, process: subprocess.Popen[str], env: dict[str, str]) -> None:
        self.process, self.env = process, env
        self.events: list[dict[str, Any]] = []
        self.said: list[str] = []
        self._changed = threading.Condition()
        for stream, take in ((process.stdout, self._event), (process.stderr, self.said.append)):
            threading.Thread(target=self._read, args=(stream, take), daemon=True).start()

    def voicetype(self, *arguments: str, timeout_s: float = DEADLINE_S) -> subprocess.CompletedProcess[str]:
        """Another voicetype command, as a script would call it."""
        command = [sys.executable, "-m", "voicetype", *arguments]
        return subprocess.run(
            command, env=self.env, capture_output=True, text=True, timeout=timeout_s, check=False
        )

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]

    def wait_for(self, happened: Callable[[], bool], what: str) -> None:
        """Wait for something that the daemon prints, or that it brings about."""
        deadline = time.monotonic() + DEADLINE_S
        while not happened():
            assert self.process.poll() is None, f"the daemon ended: {''.join(self.said)}"
            assert time.monotonic() < deadline, (
                f"still waiting: {what}; {''.join(self.said)} {self.events[-3:]}"
            )
            with self._changed:
                self._changed.wait(0.02)

    def status(self) -> dict[str, Any]:
        done = self.voicetype("status", "--format", "json")
        return dict(json.loads(done.stdout)) if done.returncode == 0 else {}

    def _event(self, line: str) -> None:
        self.events.append(json.loads(line))

    def _read(self, stream: Any, take: Callable[[str], None]) -> None:
        for line in stream:
            with self._changed:
                take(line)
                self._changed.notify_all()


@contextmanager
def ready_daemon(command: Sequence[str], env: dict[str, str], *, umask: int = -1) -> Iterator[Daemon]:
    """What `command` starts, once it is ready, until the end of the block."""
    with subprocess.Popen(
        command,
        env=env,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        umask=umask,
    ) as process:
        daemon = Daemon(process, env)
        try:
            daemon.wait_for(lambda: any("Ready" in line for line in daemon.said), "the daemon is ready")
            yield daemon
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def running_daemon(env: dict[str, str], *options: str, preset: str = "light") -> Iterator[Daemon]:
    """The daemon with both models loaded, until the end of the block; `preset` "": the configuration's."""
    need_models("tiny.en", "base")
    chosen = ["--preset", preset] if preset else []
    command = [sys.executable, "-m", "voicetype", "run", *chosen, "--format", "jsonl", *options]
    with ready_daemon(command, env) as daemon:
        yield daemon
