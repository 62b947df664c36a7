"""What voicetype writes nobody else can write, nor read where it is private."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.bus import Bus, bus
from tests.real.daemon import ROOT, Daemon
from tests.real.talking import environment, talking_daemon
from voicetype import client
from voicetype.history import Said, read

__all__ = ["bus"]

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

KEEP = "[history]\nkeep = true\n"
UNSEEN = f"typing.keyboard = 'dummy'\nhotkey.key = ''\n{KEEP}"


def written(folder: Path) -> Iterator[tuple[Path, int]]:
    """Each file and folder, with its mode."""
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place, name)
            if not path.is_symlink():
                yield path, stat.S_IMODE(path.stat().st_mode)


def commands(env: dict[str, str], *all_of_them: list[str]) -> None:
    for arguments in all_of_them:
        command = [sys.executable, "-m", "voicetype", *arguments]
        done = subprocess.run(
            command, env=env, cwd=ROOT, umask=0, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, (arguments, done.stderr)


def dictate(daemon: Daemon) -> str:
    client.call("Start", "a{sv}", {})
    spoken = len(daemon.of("segment"))
    daemon.wait_for(lambda: len(daemon.of("segment")) > spoken + 3, "it listens")
    (text,) = client.call("Stop", answers="s", timeout_s=60)
    return str(text)


def test_a_session_without_a_umask(bus: Bus, tmp_path: Path) -> None:
    """Whatever the user's shell says, nobody else may write what voicetype wrote."""
    home, runtime = tmp_path / "home", tmp_path / "run"
    env = environment(home, HOME=str(home), DBUS_SESSION_BUS_ADDRESS=bus.address)
    env |= {"XDG_RUNTIME_DIR": str(runtime), "TMPDIR": str(runtime), "PYTHONDONTWRITEBYTECODE": "1"}
    home.mkdir(mode=0o700)
    runtime.mkdir(mode=0o700)
    commands(env, ["config", "init"])
    with talking_daemon(env, tmp_path, UNSEEN, umask=0) as daemon:
        text = dictate(daemon)
        client.call("SetLanguage", "s", "en")
        commands(env, ["status"], ["last"], ["config"], ["models", "list"])
        client.call("Quit")
        assert daemon.process.wait(20) == 0
    history = home / "state/voicetype/history.jsonl"
    assert read(history) == (Said(text),)
    found = {path: mode for root in (home, runtime) for path, mode in written(root)}
    assert history in found
    assert {path: oct(mode) for path, mode in found.items() if mode & 0o022} == {}
    mine = {path: oct(mode) for path, mode in found.items() if path.name == "voicetype" and path.is_dir()}
    assert set(mine.values()) == {"0o700"}, mine
    assert found[history] == 0o600


def test_a_text_that_is_not_kept_leaves_no_file(bus: Bus, tmp_path: Path) -> None:
    env = environment(tmp_path, DBUS_SESSION_BUS_ADDRESS=bus.address)
    with talking_daemon(env, tmp_path, UNSEEN) as daemon:
        dictate(daemon)
        client.call("Quit")
        assert daemon.process.wait(20) == 0
    state = tmp_path / "state/voicetype"
    assert (state / "history.jsonl").exists()
    with talking_daemon(env, tmp_path, UNSEEN.replace("true", "false")) as daemon:
        text = dictate(daemon)
        assert client.call("Last", answers="s") == [text]
        assert [*state.iterdir()] == []
    shutil.rmtree(state)
