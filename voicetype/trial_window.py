"""A small window to type into, in a process of its own; `trial` opens it and reads what it shows.

    python -m voicetype.trial_window    one JSON line for each change: {"text": "…", "active": true}

It closes when its standard input does.
"""

from __future__ import annotations

import json
import sys
from typing import Any

NAME = "voicetype-doctor"
"""Its WM_CLASS and its Wayland app id."""


def main() -> None:
    """Show the window until standard input ends."""
    import gi

    gi.require_version("Gtk", "3.0")
    gi.require_version("Gdk", "3.0")
    from gi.repository import Gdk, GLib, Gtk

    GLib.set_prgname(NAME)
    Gdk.set_program_class(NAME)
    if not Gtk.init_check()[0]:
        sys.exit("no display")
    window = Gtk.Window(title="voicetype doctor: leave this window in front for a moment")
    window.set_default_size(620, 120)
    view = Gtk.TextView()
    view.set_wrap_mode(Gtk.WrapMode.WORD_CHAR)
    window.add(view)

    def tell(*_: object) -> None:
        buffer = view.get_buffer()
        text = buffer.get_text(*buffer.get_bounds(), True)
        print(json.dumps({"text": text, "active": window.is_active() and view.is_focus()}), flush=True)

    def ended(*_: object) -> bool:
        Gtk.main_quit()
        return False

    view.get_buffer().connect("changed", tell)
    window.connect("notify::is-active", tell)
    window.connect("destroy", ended)
    conditions: Any = GLib.IO_IN | GLib.IO_HUP
    GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, conditions, ended)
    window.show_all()
    view.grab_focus()
    window.present()
    tell()
    Gtk.main()


if __name__ == "__main__":
    main()
