"""The whole daemon where nothing can be written: a full disk, a home that is read-only, none at all."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.real.daemon import DEADLINE_S, Daemon, need_models, ready_daemon, write_wave
from tests.real.soundserver import SoundServer
from voicetype.audio import read_recording
from voicetype.core.events import SAMPLE_RATE
from voicetype.engine import store

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

CONFIG = """
typing.keyboard = "dummy"
models.preset = "light"
models.folder = "{models}"
history.keep = true
audio.sounds = true
desktop.tray = false
desktop.overlay = "never"
"""
ABSENT = "/proc/nobody/home"
"""Not even root can make it."""

PLACES = {
    "read-only": "mount -t tmpfs -o ro none {home}",
    "full": "mount -t tmpfs -o size=4k none {home} && head -c 4096 /dev/zero > {home}/full",
    "none": "true",
}


def namespaces() -> bool:
    """Whether a mount of our own can be had, which nobody else sees."""
    command = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextmanager
def daemon_in(place: str, sound: SoundServer, tmp_path: Path) -> Iterator[Daemon]:
    need_models("tiny.en", "base")
    if place != "none" and not namespaces():
        pytest.skip("no mount of our own is allowed here")
    home, config = tmp_path / "home", tmp_path / "config.toml"
    home.mkdir()
    config.write_text(CONFIG.format(models=store.place("")))
    env = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    env |= sound.env | {"HOME": ABSENT if place == "none" else str(home), "TMPDIR": str(home)}
    run = shlex.join([sys.executable, "-m", "voicetype", "run", "--format", "jsonl", "--config", str(config)])
    prepare = PLACES[place].format(home=shlex.quote(str(home)))
    wrapped = ["unshare", "--mount"] if place != "none" else []
    with ready_daemon([*wrapped, "sh", "-c", f"{prepare} && exec {run}"], env) as daemon:
        yield daemon


@pytest.mark.parametrize("place", PLACES)
def test_it_dictates_all_the_same(
    place: str, sound_server: SoundServer, tmp_path: Path, sentence: Path
) -> None:
    beginning = write_wave(tmp_path / "said.wav", read_recording(sentence)[: 3 * SAMPLE_RATE])
    with daemon_in(place, sound_server, tmp_path) as daemon:
        for _ in range(2):
            assert daemon.voicetype("start").returncode == 0
            daemon.wait_for(lambda: daemon.status()["State"] == "listening", "it listens")
            assert sound_server.play(beginning).wait(DEADLINE_S) == 0
            stopped = daemon.voicetype("stop")
            assert stopped.returncode == 0
            assert stopped.stdout.strip()
        told = "".join(daemon.said)
        assert "Traceback" not in told
        assert told.count("The last dictations can't be") == 1, "it is said, and once"
        assert daemon.voicetype("last").stdout.strip() == stopped.stdout.strip()
    assert daemon.process.returncode == 0
