"""Which keyboard layout the desktop uses, and which of several is on, as far as anybody says.

Wayland tells it to the program that has the focus and to nobody else. So whoever may know is asked, in
this order: XKB_DEFAULT_LAYOUT, by which compositors are configured; GNOME's and KDE's settings; what the
system was installed with.
"""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from voicetype.evdev.xkb import Names
from voicetype.folders import config_home

_DEFAULT = Path("/etc/default/keyboard")
_GNOME = ("gsettings", "get", "org.gnome.desktop.input-sources")
_KDE_ACTIVE = (
    *("busctl", "--user", "call", "org.kde.keyboard", "/Layouts"),
    *("org.kde.KeyboardLayouts", "getLayout"),
)

Ask = Callable[[Sequence[str]], str]
"""Runs a command of the desktop's; what it prints, "" where it does not work."""


@dataclass(frozen=True, slots=True)
class InUse:
    """The layouts in use. `active`: the number of the one that is on; None where nobody says."""

    names: Names
    active: int | None = None


def run(command: Sequence[str]) -> str:
    """What a command prints; "" where it fails or is not here."""
    with suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""
    return ""


def in_use(environment: Mapping[str, str], ask: Ask = run, default: Path = _DEFAULT) -> InUse:
    """What is in use now. "us" where nobody says."""
    desktop = environment.get("XDG_CURRENT_DESKTOP", "").lower().split(":")
    found = _named(environment, "XKB_DEFAULT_")
    if not found and "gnome" in desktop:
        found = _gnome(ask)
    if not found and "kde" in desktop:
        found = _kde(config_home(environment) / "kxkbrc", ask)
    return found or _named(_assignments(default), "XKB") or InUse(Names(), active=0)


def _named(values: Mapping[str, str], prefix: str) -> InUse | None:
    words = ("LAYOUT", "VARIANT", "MODEL", "OPTIONS", "RULES")
    layout, variant, model, options, rules = (values.get(prefix + word, "") for word in words)
    if not layout:
        return None
    return InUse(Names(layout, variant, model, options, rules), None if "," in layout else 0)


def _gnome(ask: Ask) -> InUse | None:
    """GNOME compiles one layout at a time: the first of those that were used last, or of all."""
    for key in ("mru-sources", "sources"):
        shown = re.sub(r"^@\S+ ", "", ask((*_GNOME, key)))
        with suppress(ValueError, SyntaxError, TypeError):
            names = [name for kind, name in ast.literal_eval(shown) if kind == "xkb"]
            if names:
                layout, _, variant = names[0].partition("+")
                options = ",".join(ast.literal_eval(ask((*_GNOME, "xkb-options")).removeprefix("@as ")))
                return InUse(Names(layout, variant, options=options), active=0)
    return None


def _kde(settings: Path, ask: Ask) -> InUse | None:
    values = _assignments(settings, "[Layout]")
    if values.get("Use", "true").lower() == "false" or not values.get("LayoutList"):
        return None
    names = Names(
        values["LayoutList"],
        values.get("VariantList", ""),
        values.get("Model", ""),
        values.get("Options", ""),
    )
    told = re.fullmatch(r"u (\d+)", ask(_KDE_ACTIVE))
    if told:
        return InUse(names, int(told[1]))
    return InUse(names, None if "," in names.layout else 0)


def _assignments(file: Path, section: str = "") -> dict[str, str]:
    """The lines NAME=value of a file, or of one section of it; none where it can't be read."""
    try:
        lines = file.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    found, here = {}, not section
    for line in lines:
        if section and line.startswith("["):
            here = line.strip() == section
        elif here and (parts := re.fullmatch(r"\s*(\w+)\s*=(.*)", line)):
            with suppress(ValueError):
                found[parts[1]] = " ".join(shlex.split(parts[2]))
    return found
