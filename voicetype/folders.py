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


def _home(environment: Mapping[str, str], variable: str, usual: str) -> Path:
    # The XDG rules have a relative folder ignored.
    if os.path.isabs(folder := environment.get(variable, "")):
        return Path(folder)
    return Path(environment.get("HOME") or Path.home()) / usual
