"""The icon in the tray, by pystray, and whether anybody shows it.

pystray draws nothing itself: it offers the icon over D-Bus (AppIndicator) or to a tray of the old kind
(GTK's status icon). Its third way, "xorg", has an icon without a menu, and is refused.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from voicetype.errors import DesktopError
from voicetype.tray.icons import Face, draw, looks
from voicetype.tray.widgets import Rows
from voicetype.x11 import connection

_WATCHER = "org.kde.StatusNotifierWatcher"
_WITH_MENU = ("appindicator", "gtk")
_REMEDY = (
    "Install python3-gi, gir1.2-gtk-3.0 and gir1.2-ayatanaappindicator3-0.1; "
    "an environment needs --system-site-packages."
)
_NO_HOST = DesktopError(
    "Nothing on this desktop shows tray icons; voicetype's waits for a tray.",
    "GNOME needs the extension AppIndicator; other desktops, their panel's tray (sway: waybar's).",
)


def unseen() -> DesktopError | None:
    """Why nobody can see an icon now, if so. A host may come later: a panel may start after us."""
    return None if _has_notifier_host() or _has_old_tray() else _NO_HOST


def icon(rows: Rows, pictures: Mapping[tuple[Face, int], Path]) -> Any:
    """An icon, not shown yet. On GTK's thread: pystray's import begins with GTK. Raises DesktopError."""
    pystray = _pystray()
    made = _icon_class(pystray.Icon)("voicetype", rows, pictures)
    _let_it_connect()
    return made


def write_pictures(folder: Path) -> dict[tuple[Face, int], Path]:
    """Every icon as a file: hosts are told a path, and look again only when it is another one."""
    pictures = {}
    for face, step in looks():
        path = folder / f"voicetype-{face}-{step}.png"
        draw(face, step).save(path)
        pictures[face, step] = path
    return pictures


def _pystray() -> Any:
    """pystray with a backend that has a menu. Raises DesktopError."""
    try:
        pystray = _imported()
    # Every one of its backends fails in its own way: with what X, GTK or an import raises.
    except Exception as error:
        raise DesktopError(f"The tray icon can't be had: {error}.", _REMEDY) from error
    backend = str(pystray.Icon.__module__).rpartition("._")[2].replace("base", "dummy")
    if backend not in _WITH_MENU:
        raise DesktopError(
            f"No tray icon: all that pystray finds here is {backend}, which has no menu.", _REMEDY
        )
    return pystray


def _imported() -> Any:
    try:
        return import_module("pystray")
    except ValueError:
        # Without AppIndicator's typelib pystray 0.19.5 fails instead of going on to GTK's icon.
        os.environ["PYSTRAY_BACKEND"] = "gtk"
        try:
            return import_module("pystray")
        finally:
            del os.environ["PYSTRAY_BACKEND"]


def _let_it_connect() -> None:
    """Hold GTK's loop until the icon has its connection.

    libayatana-appindicator 0.5.92 asks for the session bus twice, for itself and for watching the tray, by
    a pool of threads. Where the tray is found before its own answer is there, it registers with a connection
    that it has not got yet, and the icon never shows: 4 of 45 starts. What we ask for comes after both.
    """
    from gi.repository import Gio, GLib

    answered: list[object] = []
    context = GLib.MainContext.new()
    context.push_thread_default()
    Gio.bus_get(Gio.BusType.SESSION, None, lambda *_: answered.append(True))
    while not answered:
        context.iteration(True)
    context.pop_thread_default()


def _icon_class(base: Any) -> Any:
    class Icon(base):  # type: ignore[misc]  # pystray is not typed
        """pystray's icon, with three of its parts replaced."""

        def __init__(self, name: str, rows: Rows, pictures: Mapping[tuple[Face, int], Path]) -> None:
            self._rows, self._pictures = rows, pictures
            self._look = (Face.LOADING, 0)
            super().__init__(name, draw(*self._look), name)
            if indicator := self._indicator:
                indicator.connect("connection-changed", self._found)

        def look(self, face: Face, step: int) -> None:
            """Another picture."""
            self._look = (face, step)
            self.icon = draw(face, step)

        def end(self) -> None:
            """Take the icon out of the tray."""
            from gi.repository import GLib

            self.visible = False
            self.stop()
            GLib.idle_add(self._drop)

        def _drop(self) -> bool:
            """Here, not by whichever thread collects garbage; behind pystray's own work in the queue."""
            self.__dict__.pop("_appindicator", None)
            return False

        def __call__(self) -> None:
            """A click on GTK's icon opens the menu, as on the other."""
            from gi.repository import Gtk

            self._on_status_icon_popup_menu(self._status_icon, 0, Gtk.get_current_event_time())

        def _create_menu(self, _descriptors: object) -> Any:
            """Ours is changed in place; pystray's would be made anew, and an open one closed."""
            return self._rows.gtk

        @property
        def _indicator(self) -> Any:
            return self.__dict__.get("_appindicator")

        def _update_icon(self) -> None:
            """Without a tray AppIndicator turns to GTK's icon, which complains on Wayland at each change."""
            if self._indicator and not _is_x11() and not self._indicator.get_property("connected"):
                self._update_fs_icon()
            else:
                super()._update_icon()

        def _found(self, _indicator: object, connected: bool) -> None:
            """A tray has come, or gone."""
            if connected:
                self._update_icon()

        def _update_fs_icon(self) -> None:
            """The files are there; pystray would write one more into /tmp, which services don't share."""
            self._icon_path = str(self._pictures[self._look])
            self._icon_valid = True

        def _remove_fs_icon(self) -> None:
            self._icon_valid = False

        def _run_detached(self) -> None:
            """pystray would start a notification service, too, and call it when Python ends."""
            self._mark_ready()

    return Icon


def _is_x11() -> bool:
    from gi.repository import Gdk

    return "X11" in type(Gdk.Display.get_default()).__name__


def _has_notifier_host() -> bool:
    from gi.repository import Gio, GLib

    try:
        bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
        owned = bus.call_sync(
            "org.freedesktop.DBus",
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus",
            "NameHasOwner",
            GLib.Variant("(s)", (_WATCHER,)),
            None,
            Gio.DBusCallFlags.NONE,
            1000,
            None,
        )
        return bool(owned.unpack()[0])
    except GLib.Error:  # no session bus
        return False


def _has_old_tray() -> bool:
    try:
        display = connection.connect()
    except connection.NoDisplay:
        return False
    try:
        selection = display.intern_atom(f"_NET_SYSTEM_TRAY_S{display.get_default_screen()}")
        return bool(display.get_selection_owner(selection))
    finally:
        display.close()
