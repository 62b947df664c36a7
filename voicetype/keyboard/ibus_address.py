"""Where the user's ibus-daemon listens; told from files, so that asking costs nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from voicetype.errors import KeyboardError

_MACHINE_IDS = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


def address(environment: Mapping[str, str]) -> str | None:
    """The D-Bus address of an ibus-daemon that runs for this display; None where none does."""
    if given := environment.get("IBUS_ADDRESS"):
        return given
    for file in _files(environment):
        with suppress(OSError):
            if found := _running(file.read_text(encoding="utf-8", errors="replace")):
                return found
    return None


def missing() -> KeyboardError:
    """What the user is told where no ibus-daemon runs."""
    return KeyboardError(
        "IBus is not running.",
        "Log in to a desktop that uses IBus (GNOME does), start `ibus-daemon --xim`, or set typing.keyboard"
        " to another way to type.",
    )


def _files(environment: Mapping[str, str]) -> Iterator[Path]:
    """As libibus names them (ibus_get_socket_path): machine, host and display."""
    if given := environment.get("IBUS_ADDRESS_FILE"):
        yield Path(given)
        return
    home = Path(environment.get("HOME", "/"))
    folder = Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "ibus" / "bus"
    for machine in dict.fromkeys(_machine_ids()):
        for display in _displays(environment):
            yield folder / f"{machine}-{display}"


def _machine_ids() -> Iterator[str]:
    for file in _MACHINE_IDS:
        with suppress(OSError):
            yield file.read_text(encoding="ascii", errors="replace").strip()


def _displays(environment: Mapping[str, str]) -> Iterator[str]:
    """A Wayland session's daemon writes both names, unless it serves one of the two alone."""
    if wayland := environment.get("WAYLAND_DISPLAY"):
        yield f"unix-{wayland}"
    host, colon, rest = environment.get("DISPLAY", "").partition(":")
    if colon:
        yield f"{host or 'unix'}-{rest.partition('.')[0]}"


def _running(text: str) -> str | None:
    """The address in a file, if its daemon still runs: the file outlives it."""
    values = dict(re.findall(r"^(\w+)=(.+)$", text, re.MULTILINE))
    try:
        os.kill(int(values.get("IBUS_DAEMON_PID", "")), 0)
    except (ValueError, OSError):
        return None
    return values.get("IBUS_ADDRESS")
