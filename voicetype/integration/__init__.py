"""What a desktop needs to know of voicetype, as files: where each goes and what is in it.

Pure: a command and folders in, texts out. `installed` writes them for one user; a package of the
distribution lays the same ones out for everybody. Each kind of file quotes a command by rules of its own.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files as package_files
from pathlib import Path

from voicetype.errors import DesktopError
from voicetype.folders import config_home, data_home, state_home

UNIT = "voicetype.service"
MODELS_UNIT = "voicetype-models@.service"
ICON = "voicetype"
BUS_NAME = "org.voicetype.Daemon1"


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders that a desktop reads, of one user or of all."""

    applications: Path
    icons: Path  # those of any size
    bus_services: Path
    units: Path
    autostart: Path
    data: str  # the daemon's own folders, as a systemd unit may name them: "%h/.config"
    config: str
    state: str

    @staticmethod
    def user(environment: Mapping[str, str] = os.environ) -> Layout:
        """This user's folders, by the XDG variables. The daemon's own need not be there."""
        data, config = data_home(environment), config_home(environment)
        return Layout(
            applications=data / "applications",
            icons=data / "icons/hicolor/scalable/apps",
            bus_services=data / "dbus-1/services",
            units=config / "systemd/user",
            autostart=config / "autostart",
            data=_unit_word(data / "voicetype"),
            config=_unit_word(config / "voicetype"),
            state=_unit_word(state_home(environment) / "voicetype"),
        )

    @staticmethod
    def system(root: Path = Path("/")) -> Layout:
        """Everybody's folders, beneath `root`: that of a package which is being built, or the real one."""
        return Layout(
            applications=root / "usr/share/applications",
            icons=root / "usr/share/icons/hicolor/scalable/apps",
            bus_services=root / "usr/share/dbus-1/services",
            units=root / "usr/lib/systemd/user",
            autostart=root / "etc/xdg/autostart",
            data="%h/.local/share/voicetype",
            config="%E/voicetype",
            state="%h/.local/state/voicetype",  # older versions of systemd mean another folder by %S
        )


def files(executable: Path, layout: Layout) -> dict[Path, str]:
    """Every file, by its path; `executable` is the absolute path of the command `voicetype`.

    Raises DesktopError for a path that such files can't name.
    """
    # Quotes, backslashes and control characters: systemd refuses such a command however they are escaped.
    # What is no UTF-8 (a surrogate, in Python) no desktop reads.
    if not executable.is_absolute() or re.search(r"[\x00-\x1f\x7f\\\"'\ud800-\udfff]", str(executable)):
        raise DesktopError(
            f"A desktop can't be told to start {str(executable)!r}.",
            "Install voicetype in a folder whose name is plain text, without quotes and backslashes.",
        )
    entry = {"executable": entry_word(executable), "path": _entry_value(executable)}
    own = {"data": layout.data, "config": layout.config, "state": layout.state}
    unit = {"executable": _unit_word(executable), **own}
    return {
        layout.units / UNIT: _filled(UNIT, unit),
        layout.units / MODELS_UNIT: _filled(MODELS_UNIT, unit),
        layout.autostart / "voicetype.desktop": _filled("autostart.desktop", entry),
        layout.applications / "org.voicetype.Daemon.desktop": _filled("org.voicetype.Daemon.desktop", entry),
        layout.bus_services / f"{BUS_NAME}.service": _filled(
            f"{BUS_NAME}.service",
            {"executable": shlex.quote(str(executable))},  # a bus reads it as a shell does
        ),
        layout.icons / f"{ICON}.svg": _filled(f"{ICON}.svg", {}),
    }


def network(layout: Layout) -> dict[Path, str]:
    """What beside `files` lets the service reach a server: without it, it has no network."""
    return {layout.units / f"{UNIT}.d" / "server.conf": _filled("server.conf", {})}


def _filled(template: str, values: Mapping[str, str]) -> str:
    text = (package_files("voicetype") / "data" / template).read_text("utf-8")
    return re.sub(r"@(\w+)@", lambda found: values[found[1]], text) if values else text


def _unit_word(path: Path) -> str:
    """One word of a systemd unit: systemd.service(5), "Command lines"; systemd.unit(5), "Specifiers".

    A $ stands for itself in the name of a command and in a list of paths.
    """
    return _quoted(str(path).replace("%", "%%"), '"\\')


def entry_word(path: Path) -> str:
    """The command of a desktop entry's Exec: first its quotes, then the escapes of any value in it."""
    return _quoted(str(path).replace("%", "%%"), '"`$\\').replace("\\", "\\\\")


def _entry_value(path: Path) -> str:
    return str(path).replace("\\", "\\\\")


def _quoted(text: str, special: str) -> str:
    """`text` in double quotes where it needs them, a backslash before each `special` character."""
    if re.fullmatch(r"[\w@%+=:,./-]+", text, re.ASCII):
        return text
    return '"' + "".join(f"\\{c}" if c in special else c for c in text) + '"'
