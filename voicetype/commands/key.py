"""`key set` and `key remove`: the key of a server, into the keyring or the file where it is looked for."""

from __future__ import annotations

import sys
from argparse import Namespace
from getpass import getpass
from pathlib import Path

from voicetype import config_file, secrets
from voicetype.config import RemoteConfig, StreamingConfig
from voicetype.errors import ConfigError

_WHEN = "A voicetype that runs takes it once the server refuses the last one, or with its next start."


def run(options: Namespace) -> int:
    """Dispatch."""
    config = config_file.load(options.config)
    section = config.streaming if options.section == "streaming" else config.remote
    account = _account(section, options.section)
    if options.action == "remove":
        _remove(section, account)
        return 0
    hint = "Nothing was kept; try again."
    key = secrets.checked(_told(account), "What was given", hint)
    if section.key_file:
        path = Path(section.key_file).expanduser()
        secrets.to_file(path, key)
        print(f"The key for {account} is in {path}, which only you may read. {_WHEN}")
        return 0
    secrets.to_keyring(account, key)
    print(f"The key for {account} is in the keyring. {_WHEN}")
    if not section.key_in_keyring:
        print(f"It is looked for there with key_in_keyring = true under [{options.section}].")
    return 0


def _account(section: RemoteConfig | StreamingConfig, name: str) -> str:
    if account := secrets.account(section.address):
        return account
    raise ConfigError(
        f"No server is configured under [{name}]: whose key would it be?",
        f"Set address under [{name}] first: `voicetype config --path` says where.",
    )


def _told(account: str) -> str:
    """From whoever sits at the terminal, unseen; else the first line of what is piped in."""
    if sys.stdin.isatty():
        return getpass(f"Key for {account}: ")
    return sys.stdin.readline()


def _remove(section: RemoteConfig | StreamingConfig, account: str) -> None:
    if section.key_file:
        path = Path(section.key_file).expanduser()
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(f"{path} can't be removed: {error.strerror}.", "Remove it by hand.") from error
        print(f"Removed: {path}")
    else:
        secrets.forget(account)
        print(f"The keyring holds no key for {account} any more.")
