"""The keys of servers: in the desktop's keyring, or in a file of the user's own; nowhere else.

The keyring is asked through `secret-tool`, which comes with libsecret and speaks to whatever keeps the
desktop's secrets (GNOME's and KDE's keyrings, KeePassXC); a key reaches it on its standard input. No key is
ever an argument, in the environment, in the configuration, in a log or on the bus.
"""

from __future__ import annotations

import os
import re
import stat
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from voicetype.errors import ConfigError

_TOOL = "secret-tool"
_PATIENCE_S = 60.0  # the keyring may ask the user for its password first
_LONGEST = 4_096
_TIDY = re.compile(r"[!-~]+")  # what can stand in a header

_NO_TOOL = "Install secret-tool (libsecret-tools on Debian and Ubuntu), or use key_file instead."


def key_of(file: str, in_keyring: bool, address: str) -> str:
    """The key for the server at an address, as its section is configured; empty where it has none.

    May wait for the user to unlock the keyring. Raises ConfigError.
    """
    if file:
        return from_file(Path(file).expanduser())
    return from_keyring(account(address)) if in_keyring else ""


def from_file(path: Path) -> str:
    """The only line of a file that nobody but the user may read. Raises ConfigError."""
    hint = f"One line with the key: `voicetype key set` writes it; then: chmod 600 {path}"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would be waited for
        with open(descriptor, "rb") as file:
            about = os.fstat(descriptor)
            if not stat.S_ISREG(about.st_mode):
                raise ConfigError(f"The key file {path} is no file.", hint)
            if about.st_mode & 0o077 or about.st_uid not in (os.geteuid(), 0):
                raise ConfigError(f"Others than you may read the key file {path}, or own it.", hint)
            return checked(file.read(_LONGEST + 1).decode("ascii", "replace"), f"The key file {path}", hint)
    except OSError as error:
        raise ConfigError(f"The key file {path} can't be read: {error.strerror}.", hint) from error


def to_file(path: Path, key: str) -> None:
    """Write it for nobody else to read. Raises ConfigError."""
    from voicetype import whole_files

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        whole_files.write(path, f"{key}\n".encode(), 0o600)
    except OSError as error:
        raise ConfigError(
            f"The key file {path} can't be written: {error.strerror}.", "Look at key_file."
        ) from error


def checked(told: str, whose: str, hint: str) -> str:
    """A key without the space around it. Raises ConfigError, which does not quote it."""
    key = told.strip()
    if not _TIDY.fullmatch(key) or len(key) > _LONGEST:
        raise ConfigError(f"{whose} holds no key: that is one line of plain characters.", hint)
    return key


def account(address: str) -> str:
    """What a key is kept under: the server's host, and its port where it names one."""
    try:
        parts = urlsplit(address)
        return f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or ""
    except ValueError:
        return ""


def from_keyring(account: str) -> str:
    """The key of an account. Raises ConfigError, also where there is none."""
    code, told = _asked("lookup", account)
    hint = "Put it there: `voicetype key set`."
    if code or not told.strip():
        raise ConfigError(f"The keyring holds no key for {account}, or stays locked.", hint)
    return checked(told, "The keyring", hint)


def to_keyring(account: str, key: str) -> None:
    """Keep a key, in place of the one that was there. Raises ConfigError."""
    code, _ = _asked("store", account, key, label=f"voicetype: {account}")
    if code:
        raise ConfigError(
            f"The keyring does not take the key for {account}.",
            "It may be locked, or none runs: use key_file.",
        )


def forget(account: str) -> None:
    """Take a key out of the keyring, where it holds one. Raises ConfigError where there is no keyring."""
    _asked("clear", account)


def _asked(what: str, account: str, key: str = "", label: str = "") -> tuple[int, str]:
    """What secret-tool says; whatever it says of errors may be in any language, and is left out."""
    command = [
        _TOOL,
        what,
        *([f"--label={label}"] if label else []),
        "service",
        "voicetype",
        "server",
        account,
    ]
    try:
        done = subprocess.run(
            command, input=key, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
        )
    except FileNotFoundError as error:
        raise ConfigError(f"The keyring can't be asked: there is no {_TOOL} here.", _NO_TOOL) from error
    except (OSError, ValueError) as error:
        raise ConfigError("The keyring can't be asked.", _NO_TOOL) from error
    except subprocess.TimeoutExpired:  # not "from" it: it has what was said until then
        raise ConfigError(
            "The keyring gave no answer.", "Unlock it, and try again; or use key_file."
        ) from None
    return done.returncode, done.stdout
