"""The user's folders by the XDG base directory rules, and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def data_home(environment: Mapping[str, str] = os.environ) -> Path:
    """The user's folder for data of programs."""
    return _home(environment, "XDG_DATA_HOME", ".local/share")


def config_home(environment: Mapping[str, str] = os.environ) -> Path:
    """The user's folder for configuration."""
    return _home(environment, "XDG_CONFIG_HOME", ".config")


def cache_home(environment: Mapping[str, str] = os.environ) -> Path:
    """The user's folder for what can be had again."""
    return _home(environment, "XDG_CACHE_HOME", ".cache")


def state_home(environment: Mapping[str, str] = os.environ) -> Path:
    """The user's folder for what a program remembers of its use."""
    return _home(environment, "XDG_STATE_HOME", ".local/state")


def make(folder: Path) -> None:
    """A folder, and those above it that are missing; each is the user's alone, as the XDG rules want it.

    `Path.mkdir` would leave those above to the umask. Raises OSError.
    """
    for missing in reversed([each for each in (folder, *folder.parents) if not each.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(exist_ok=True)  # raises where something else is in its place


def _home(environment: Mapping[str, str], variable: str, usual: str) -> Path:
    # The XDG rules have a relative folder ignored.
    if os.path.isabs(folder := environment.get(variable, "")):
        return Path(folder)
    return Path(environment.get("HOME") or Path.home()) / usual
