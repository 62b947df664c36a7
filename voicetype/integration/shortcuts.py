"""A shortcut of the desktop's own for `voicetype toggle`, where a desktop lets one be set.

GNOME and Xfce have a command that changes their settings, KDE reads a file, and in the others it is a line
that the user adds. What a desktop runs is the absolute command, since its PATH is not the user's shell's.
"""

from __future__ import annotations

import ast
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from xml.sax.saxutils import escape

from voicetype.errors import DesktopError
from voicetype.folders import data_home
from voicetype.integration import entry_word
from voicetype.integration.keys import Keys

KDE_FILE = "org.voicetype.Toggle.desktop"

_MEDIA_KEYS = "org.gnome.settings-daemon.plugins.media-keys"
_OURS = "/org/gnome/settings-daemon/plugins/media-keys/custom-keybindings/voicetype/"
_XFCE = ("xfconf-query", "-c", "xfce4-keyboard-shortcuts")


class Desktop(Enum):
    """The desktops whose shortcuts are known here."""

    GNOME = "GNOME"
    KDE = "KDE"
    XFCE = "Xfce"
    SWAY = "sway"
    HYPRLAND = "Hyprland"
    I3 = "i3"
    RIVER = "river"
    LABWC = "labwc"
    OTHER = "your desktop"


_NAMES = {
    "gnome": Desktop.GNOME,
    "gnome-classic": Desktop.GNOME,
    "budgie": Desktop.GNOME,  # it has GNOME's settings
    "kde": Desktop.KDE,
    "xfce": Desktop.XFCE,
    "sway": Desktop.SWAY,
    "hyprland": Desktop.HYPRLAND,
    "i3": Desktop.I3,
    "river": Desktop.RIVER,
    "labwc": Desktop.LABWC,
}
_SOCKETS = {
    "SWAYSOCK": Desktop.SWAY,
    "HYPRLAND_INSTANCE_SIGNATURE": Desktop.HYPRLAND,
    "I3SOCK": Desktop.I3,
    "LABWC_PID": Desktop.LABWC,
}


def detect(environment: Mapping[str, str]) -> Desktop:
    """By XDG_CURRENT_DESKTOP, whose most special name comes first; else by a variable of the compositor's."""
    for name in environment.get("XDG_CURRENT_DESKTOP", "").lower().split(":"):
        if name in _NAMES:
            return _NAMES[name]
    found = (desktop for variable, desktop in _SOCKETS.items() if environment.get(variable))
    return next(found, Desktop.OTHER)


def files(keys: Keys, executable: Path, environment: Mapping[str, str]) -> dict[Path, str]:
    """KDE's file for the shortcut; {} on the other desktops.

    Plasma 6 watches the applications for X-KDE-Shortcuts and has the shortcut at once (kglobalacceld,
    `detectAppsWithShortcuts`). Plasma 5 reads a folder of its own, at login, and only what is displayed.
    """
    if detect(environment) is not Desktop.KDE:
        return {}
    old = environment.get("KDE_SESSION_VERSION", "6") < "6"
    folder = data_home(environment) / ("kglobalaccel" if old else "applications")
    lines = [
        "[Desktop Entry]",
        "Type=Application",
        "Name=voicetype: listen, or listen no more",
        f"Exec={entry_word(executable)} toggle",
        "Icon=voicetype",
        "StartupNotify=false",
        f"X-KDE-Shortcuts={keys.kde}",
        "X-KDE-GlobalAccel-CommandShortcut=true",
        *([] if old else ["NoDisplay=true"]),
    ]
    return {folder / KDE_FILE: "\n".join(lines) + "\n"}


def add(desktop: Desktop, keys: Keys, executable: Path) -> str:
    """Set the shortcut, or tell how; returns a sentence for the user. Raises DesktopError.

    On KDE the file has done it already.
    """
    command = f"{shlex.quote(str(executable))} toggle"
    match desktop:
        case Desktop.GNOME:
            _add_gnome(keys, command)
        case Desktop.XFCE:
            _add_xfce(keys, command)
        case Desktop.KDE:
            return f"Shortcut: {keys.kde} listens, and listens no more (on Plasma 5 from the next login on)."
        case Desktop.SWAY:
            return f"Shortcut: add to the configuration of sway:\n  bindsym {keys.i3} exec {command}"
        case Desktop.I3:
            line = f"bindsym {keys.i3} exec --no-startup-id {command}"
            return f"Shortcut: add to the configuration of i3:\n  {line}"
        case Desktop.HYPRLAND:
            line = f"bind = {keys.hyprland}, exec, {command}"
            return f"Shortcut: add to the configuration of Hyprland:\n  {line}"
        case Desktop.RIVER:
            line = f"riverctl map normal {keys.river} spawn {shlex.quote(command)}"
            return f"Shortcut: add to the configuration of river:\n  {line}"
        case Desktop.LABWC:
            action = f'<action name="Execute" command="{attribute(command)}"/>'
            line = f'<keybind key="{keys.labwc}">{action}</keybind>'
            return f"Shortcut: add to <keyboard> in the configuration of labwc:\n  {line}"
        case Desktop.OTHER:
            return f"Shortcut: in the settings of {desktop.value}, bind {keys.gtk} to this:\n  {command}"
    return f"Shortcut: {keys.gtk} listens, and listens no more ({desktop.value})."


def remove(desktop: Desktop, keys: Keys) -> str:
    """Take the shortcut away; returns a sentence where the user has to. Raises DesktopError."""
    match desktop:
        case Desktop.GNOME:
            _remove_gnome()
        case Desktop.XFCE:
            _run(*_XFCE, "-p", _xfce_property(keys), "-r")
        case Desktop.KDE:
            pass  # its file is removed with the others
        case _:
            return f"If you bound {keys.gtk} to voicetype, take that out of the configuration."
    return ""


def attribute(command: str) -> str:
    """A command as an attribute of XML has it, between double quotes."""
    return escape(command, {'"': "&quot;"})


def _add_gnome(keys: Keys, command: str) -> None:
    ours = f"{_MEDIA_KEYS}.custom-keybinding:{_OURS}"
    for name, value in (("name", "voicetype"), ("command", command), ("binding", keys.gtk)):
        _run("gsettings", "set", ours, name, _variant(value))
    paths = _gnome_paths()
    if _OURS not in paths:
        _set_gnome_paths([*paths, _OURS])


def _remove_gnome() -> None:
    _set_gnome_paths([path for path in _gnome_paths() if path != _OURS])
    _run("gsettings", "reset-recursively", f"{_MEDIA_KEYS}.custom-keybinding:{_OURS}")


def _gnome_paths() -> list[str]:
    """Where the user's own shortcuts are kept."""
    shown = _run("gsettings", "get", _MEDIA_KEYS, "custom-keybindings").removeprefix("@as ")
    return [str(path) for path in ast.literal_eval(shown)]


def _set_gnome_paths(paths: Sequence[str]) -> None:
    if paths:
        shown = f"[{', '.join(map(_variant, paths))}]"
        _run("gsettings", "set", _MEDIA_KEYS, "custom-keybindings", shown)
    else:
        _run("gsettings", "reset", _MEDIA_KEYS, "custom-keybindings")


def _variant(text: str) -> str:
    """A text in GVariant's notation."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _add_xfce(keys: Keys, command: str) -> None:
    name = _xfce_property(keys)
    there = subprocess.run([*_XFCE, "-p", name], capture_output=True, text=True, check=False)
    if there.returncode == 0 and there.stdout.strip() not in ("", command):
        raise DesktopError(
            f"{keys.gtk} is bound already: {there.stdout.strip()}.",
            "Choose other keys, or free them in the settings of the keyboard.",
        )
    _run(*_XFCE, "-p", name, "-n", "-t", "string", "-s", command)


def _xfce_property(keys: Keys) -> str:
    return f"/commands/custom/{keys.xfce}"


def _run(*command: str) -> str:
    """The output of a desktop's own tool. Raises DesktopError with what it says."""
    hint = "Set the shortcut in the settings of your desktop: the command is `voicetype toggle`."
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DesktopError(
            f"The shortcut was not set: {command[0]} does not work ({error}).", hint
        ) from error
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it says nothing"])[-1].rstrip(".")
        raise DesktopError(f"The shortcut was not set: {command[0]}: {said}.", hint)
    return done.stdout.strip()
