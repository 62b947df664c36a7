"""What the icon in the tray needs: a host, and GTK with AppIndicator."""

from __future__ import annotations

from contextlib import suppress

from voicetype import client
from voicetype.checks import Finding, good, worse
from voicetype.client import NoBus
from voicetype.config import Config
from voicetype.errors import DesktopError
from voicetype.toolkit import Toolkit
from voicetype.x11 import connection

_WATCHER = "org.kde.StatusNotifierWatcher"
_INDICATORS = ("AyatanaAppIndicator3", "AppIndicator3")


def tray_host(config: Config) -> Finding:
    """Whether somebody would show an icon."""
    if not config.desktop.tray:
        return good("not wanted (desktop.tray is false)")
    with suppress(NoBus):
        if client.has_owner(_WATCHER):
            return good(f"{_WATCHER} is there")
    with suppress(connection.NoDisplay):
        if _has_old_tray():
            return good("a system tray of the old kind (XEmbed) is there")
    return worse(
        "nobody shows tray icons here",
        "Add a tray to your panel; on GNOME install the extension AppIndicator. All else works without.",
    )


def toolkit(_: Config) -> Finding:
    """Whether GTK opens the display, and which AppIndicator is there."""
    gtk = Toolkit()
    try:
        gtk.open()
    except DesktopError as error:
        return worse(error.sentence, error.hint)
    gtk.close()
    for name in _INDICATORS:
        if _has_typelib(name):
            return good(f"GTK 3 opens the display; {name} is there")
    return worse(
        "GTK 3 opens the display, but AppIndicator is not there",
        "Install gir1.2-ayatanaappindicator3-0.1, which the icon's menu needs.",
    )


def _has_typelib(name: str) -> bool:
    import gi

    try:
        gi.require_version(name, "0.1")
    except ValueError:
        return False
    return True


def _has_old_tray() -> bool:
    """Raises NoDisplay."""
    display = connection.connect()
    try:
        selection = display.intern_atom(f"_NET_SYSTEM_TRAY_S{display.get_default_screen()}")
        return bool(display.get_selection_owner(selection))
    finally:
        display.close()
