"""What is opened from the tray's menu: the report of a command of ours, and a file in the user's editor."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from voicetype.errors import DesktopError
from voicetype.integration.command import command

_LONG_S = 120.0
_START_S = 10.0
# `gio open` may end at once, and the editor that it has started is to stay.
_OUTSIDE = ("systemd-run", "--user", "--quiet", "--collect", "--property=KillMode=process", "gio", "open")


def said_by(configuration: Path, name: str) -> str:
    """What the command `voicetype NAME` prints, errors included; may take its time. Raises DesktopError."""
    # An explicit file has to be there, the usual one does not.
    options = ["--config", str(configuration)] if configuration.exists() else []
    try:
        done = subprocess.run(
            [command(), *options, name],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LONG_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"voicetype {name} gave no answer for {_LONG_S:.0f} seconds."
    return (done.stdout + done.stderr).strip()


def open_file(path: Path) -> None:
    """In the user's editor. Raises DesktopError where the desktop has none for it."""
    from gi.repository import Gio, GLib

    file = Gio.File.new_for_path(str(path.absolute()))
    try:
        editor = file.query_default_handler(None)
        if not _opened_outside(path.absolute()):
            editor.launch([file], None)
    except GLib.Error as error:
        raise DesktopError(
            f"The desktop has no program to open {path}.", "Open it in a text editor of yours."
        ) from error


def _opened_outside(path: Path) -> bool:
    """By the service manager, where it has started us: the editor would be in our unit's sandbox, and could
    save no other file.
    """
    if not os.environ.get("INVOCATION_ID"):
        return False
    with suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run([*_OUTSIDE, path], timeout=_START_S, check=False).returncode == 0
    return False


def show(title: str, text: str) -> Any:
    """A window with `text`, to be read and copied. On GTK's thread."""
    from gi.repository import Gdk, Gtk

    view = Gtk.TextView(editable=False, cursor_visible=False, monospace=True, wrap_mode=Gtk.WrapMode.WORD)
    view.set_property("margin", 12)
    view.get_buffer().set_text(text)
    scrolled = Gtk.ScrolledWindow()
    scrolled.add(view)
    window = Gtk.Window(title=title, icon_name="audio-input-microphone")
    window.set_default_size(920, 460)
    window.add(scrolled)

    def key(_window: object, event: Any) -> bool:
        if event.keyval == Gdk.KEY_Escape:
            window.destroy()
        return bool(event.keyval == Gdk.KEY_Escape)

    window.connect("key-press-event", key)
    window.show_all()
    window.present()
    return window
