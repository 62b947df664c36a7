"""A key in a real keyring, on a bus of its own; the command line and the logs don't have it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deadline import wait_until
from tests.real.bus import Bus
from voicetype import secrets
from voicetype.errors import ConfigError

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not (shutil.which("gnome-keyring-daemon") and shutil.which("secret-tool")),
        reason="gnome-keyring and libsecret-tools are not installed",
    ),
]

KEY = "sk-very-secret-0123456789"
ADDRESS = "https://speech.example.org/v1"


@pytest.fixture
def keyring(bus: Bus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An unlocked keyring; the folder where it keeps what it is given."""
    home = tmp_path / "home"
    (home / "run").mkdir(parents=True, mode=0o700)
    for name, value in {
        "HOME": home,
        "XDG_DATA_HOME": home / "data",
        "XDG_RUNTIME_DIR": home / "run",
    }.items():
        monkeypatch.setenv(name, str(value))
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(home / "other"))
    process = subprocess.Popen(
        ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    process.stdin.write(b"the password of the keyring")
    process.stdin.close()
    with process:
        name = "org.freedesktop.secrets"
        wait_until(lambda: name in bus.gdbus(*_NAMES).stdout, "the keyring is on the bus")
        yield home
        process.kill()


_NAMES = (
    *("call", "--session", "-d", "org.freedesktop.DBus", "-o", "/org/freedesktop/DBus"),
    *("-m", "org.freedesktop.DBus.ListNames"),
)


def test_a_key_in_the_keyring(keyring: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no key"):
        secrets.key_of("", True, ADDRESS)
    config = tmp_path / "config.toml"
    config.write_text(f'[remote]\naddress = "{ADDRESS}"\nkey_in_keyring = true\n')

    def voicetype(*arguments: str, told: str = "") -> str:
        command = [sys.executable, "-m", "voicetype", "--verbose", "--config", str(config), *arguments]
        done = subprocess.run(command, input=told, capture_output=True, text=True, check=True, timeout=60)
        return done.stdout + done.stderr

    said = voicetype("key", "set", told="an older one\n".replace(" ", "-"))
    said += voicetype("key", "set", told=f"{KEY}\n")
    assert secrets.key_of("", True, ADDRESS) == KEY
    said += voicetype("config")
    with pytest.raises(ConfigError):
        secrets.key_of("", True, "https://other.example.org/v1")
    kept = [path for path in keyring.rglob("*") if path.is_file()]
    assert kept
    assert not any(KEY.encode() in path.read_bytes() for path in kept)  # the keyring encrypts it
    said += voicetype("key", "remove")
    with pytest.raises(ConfigError):
        secrets.key_of("", True, ADDRESS)
    assert KEY not in said


def test_a_bus_without_a_keyring(bus: Bus, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One that the bus could start would be the user's: here it knows of none."""
    monkeypatch.setenv("HOME", str(tmp_path))
    bus.kill()
    with pytest.raises(ConfigError):
        secrets.key_of("", True, ADDRESS)
    assert os.environ["DBUS_SESSION_BUS_ADDRESS"]
