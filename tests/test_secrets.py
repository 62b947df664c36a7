"""Keys of servers: where they may lie, and that nothing tells them."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from voicetype import secrets
from voicetype.cli import main
from voicetype.errors import ConfigError

KEY = "sk-very-secret-0123456789"
ADDRESS = "https://speech.example.org/v1"


@pytest.fixture
def key_file(tmp_path: Path) -> Callable[[bytes, int], str]:
    def write(content: bytes, mode: int) -> str:
        path = tmp_path / "key"
        path.write_bytes(content)
        path.chmod(mode)
        return str(path)

    return write


def test_without_a_key_none_is_sent() -> None:
    assert secrets.key_of("", False, ADDRESS) == ""


@pytest.mark.parametrize("content", [KEY.encode(), f"{KEY}\n".encode(), f"  {KEY}\r\n".encode()])
@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_of_the_users_own(key_file: Callable[[bytes, int], str], content: bytes, mode: int) -> None:
    assert secrets.key_of(key_file(content, mode), True, ADDRESS) == KEY


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o606, 0o601])
def test_a_file_that_others_may_read_is_refused(key_file: Callable[[bytes, int], str], mode: int) -> None:
    path = key_file(KEY.encode(), mode)
    with pytest.raises(ConfigError, match="Others") as raised:
        secrets.key_of(path, False, ADDRESS)
    assert "chmod 600" in raised.value.hint
    assert KEY not in str(raised.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"one\ntwo",
        b"with space",
        b"a\r\nHost: evil",
        b"\xff\xfe",
        "schlüssel".encode(),
        b"k" * 9_999,
    ],
)
def test_a_file_without_a_key(key_file: Callable[[bytes, int], str], content: bytes) -> None:
    with pytest.raises(ConfigError, match="holds no key") as raised:
        secrets.key_of(key_file(content, 0o600), False, ADDRESS)
    assert "evil" not in f"{raised.value} {raised.value.hint}"


def test_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(0o700)
    for name in ("missing", "folder", "pipe"):
        with pytest.raises(ConfigError, match="key file"):
            secrets.key_of(str(tmp_path / name), False, ADDRESS)


@pytest.mark.parametrize(
    ("address", "account"),
    [
        ("https://Speech.example.org/v1", "speech.example.org"),
        ("wss://speech.example.org:8443/v1/listen", "speech.example.org:8443"),
        ("https://me:pass@a.example/v1", "a.example"),
        *(("", ""), ("nonsense", ""), ("https://a:b/", ""), ("https://[", "")),
    ],
)
def test_an_account(address: str, account: str) -> None:
    assert secrets.account(address) == account


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose key is to be in a file."""
    file = tmp_path / "config.toml"
    file.write_text(f'[remote]\naddress = "{ADDRESS}"\nkey_file = "{tmp_path}/kept/key"\n')
    return file


def test_a_key_is_set_and_removed(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{KEY}\n"))
    assert main(["--config", str(config), "key", "set"]) == 0
    kept = tmp_path / "kept/key"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert secrets.key_of(str(kept), False, ADDRESS) == KEY
    assert main(["--config", str(config), "config"]) == 0
    assert main(["--config", str(config), "key", "remove"]) == 0
    assert not kept.exists()
    assert main(["--config", str(config), "key", "remove"]) == 0
    told = capsys.readouterr()
    assert "speech.example.org" in told.out
    assert KEY not in told.out + told.err


def test_no_key_no_server(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main(["--config", str(config), "key", "set"]) == 1
    assert not (tmp_path / "kept/key").exists()
    assert main(["--config", str(config), "key", "set", "streaming"]) == 1
    assert "No server is configured under [streaming]" in capsys.readouterr().err


def test_without_the_tool_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="secret-tool") as raised:
        secrets.key_of("", True, ADDRESS)
    assert "key_file" in raised.value.hint
