"""gtk_text.py, but it drops every tenth BackSpace, as a busy terminal may."""

import itertools
import runpy
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
from gi.repository import Gdk, Gtk  # noqa: E402  # the version comes first

view: Any = Gtk.TextView
presses = itertools.count(1)


class DeafView(view):  # type: ignore[misc]
    """A text view that does not hear well."""

    def do_key_press_event(self, event: Gdk.EventKey) -> bool:
        if event.keyval == Gdk.KEY_BackSpace and next(presses) % 10 == 0:
            return True
        return bool(view.do_key_press_event(self, event))


Gtk.TextView = DeafView
runpy.run_path(str(Path(__file__).with_name("gtk_text.py")))
