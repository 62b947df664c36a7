"""What to hold while speaking, on the desktop that is found: the way its keys are heard, or lines to add.

X11 lets a program grab a key. Under Wayland GNOME and KDE tell of one through the GlobalShortcuts portal;
compositors that have bindings for the press and the release of a key get those; what is left is the kernel,
where the user may read keyboards, and a shortcut that begins and ends.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from voicetype.integration.shortcuts import Desktop, attribute
from voicetype.ways import is_wayland

_KEY = "Pause"
_BINDINGS = {
    Desktop.SWAY: (
        "bindsym --no-repeat {key} exec {command} start",
        "bindsym --release {key} exec {command} stop",
    ),
    Desktop.HYPRLAND: ("bind = , {key}, exec, {command} start", "bindr = , {key}, exec, {command} stop"),
    Desktop.RIVER: (
        "riverctl map normal None {key} spawn {start}",
        "riverctl map -release normal None {key} spawn {stop}",
    ),
    Desktop.LABWC: (
        '<keybind key="{key}"><action name="Execute" command="{xml} start"/></keybind>',
        '<keybind key="{key}" onRelease="yes"><action name="Execute" command="{xml} stop"/></keybind>',
    ),
}


def advice(
    desktop: Desktop, environment: Mapping[str, str], key: str, executable: Path, *, keyboards: bool
) -> str:
    """Sentences for the user, with lines for the desktop's configuration; "" where there is no desktop.

    `key`: the push-to-talk key of the configuration. `keyboards`: whether the kernel's may be read.
    """
    if not is_wayland(environment):
        return f"Push-to-talk: hold {key}." if environment.get("DISPLAY") else ""
    if desktop in (Desktop.GNOME, Desktop.KDE):
        since = " (GNOME from version 48 on)" if desktop is Desktop.GNOME else ""
        return f"Push-to-talk: {desktop.value} asks you for a key when voicetype first starts{since}."
    if keyboards:
        return f"Push-to-talk: hold {key}; programs see the key, too."
    if lines := _BINDINGS.get(desktop):
        command = shlex.quote(str(executable))
        words = {"key": _KEY, "command": command, "xml": attribute(command)}
        words |= {verb: shlex.quote(f"{command} {verb}") for verb in ("start", "stop")}  # river runs a shell
        filled = "\n".join(f"  {line.format_map(words)}" for line in lines)
        return f"Push-to-talk: add to the configuration of {desktop.value}, for whichever key:\n{filled}"
    return (
        "Push-to-talk: this desktop tells programs nothing of a key that is held. "
        "`voicetype install --shortcut '<Super>z'` tells how to begin and end with one."
    )
