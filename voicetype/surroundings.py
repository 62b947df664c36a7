"""What this session offers to type with: asked of files, sockets and the environment, and cheap."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from voicetype.client import NoBus, session_bus
from voicetype.keyboard import ibus_address
from voicetype.keyboard.choose import Offers, detect
from voicetype.wayland.globals import offered
from voicetype.ways import Choice, is_wayland


def offers() -> Offers:
    """What this session has to type with; asks the compositor and the session bus, each for a moment."""
    wayland = is_wayland(os.environ)
    return Offers(
        display=bool(os.environ.get("DISPLAY")),
        wayland=wayland,
        protocols=offered() if wayland else frozenset(),
        ibus=ibus_address.address(os.environ) is not None,
        portal=wayland and has_portal("RemoteDesktop"),
        uinput=os.access("/dev/uinput", os.W_OK),
    )


def has_portal(interface: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether some part of the desktop says that it implements a portal (`portals.conf`(5))."""
    try:
        session_bus(environment)
    except NoBus:
        return False
    folders = (environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    wanted = f"org.freedesktop.impl.portal.{interface}"
    for folder in folders:
        for file in Path(folder, "xdg-desktop-portal", "portals").glob("*.portal"):
            with suppress(OSError):
                if wanted in file.read_text(encoding="utf-8", errors="replace"):
                    return True
    return False


def choose(wanted: str) -> Choice:
    """The ways to try here, in order."""
    return detect(wanted, offers() if wanted == "auto" else Offers())
