"""A GTK 3 text view, an entry and a password entry, whose texts are lines of the file named first.

Arguments: the file, the title, what is lost (every tenth "backspace" or "character" of the user's).
"""

import os
import sys

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, Gtk  # noqa: E402  # the versions come first

file, title, loses = sys.argv[1:4]
keys = 0


def save(*_: object) -> None:
    text = view.get_buffer().get_property("text")
    with open(file + ".new", "w", encoding="utf-8") as new:
        new.write("\n".join((text, entry.get_text(), password.get_text())))
    os.replace(file + ".new", file)  # a reader never sees half a text


def is_lost(_: Gtk.Widget, event: Gdk.EventKey) -> bool:
    """Whether a key is swallowed."""
    global keys
    kind = "backspace" if event.keyval == Gdk.KEY_BackSpace else "character"
    keys += kind == loses
    return kind == loses and keys % 10 == 0


view, entry, password = Gtk.TextView(), Gtk.Entry(), Gtk.Entry(visibility=False)
window, box = Gtk.Window(title=title), Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
window.set_default_size(600, 200)
for field, changes in ((view, view.get_buffer()), (entry, entry), (password, password)):
    box.add(field)
    changes.connect("changed", save)
view.set_accepts_tab(False)
window.connect("key-press-event", is_lost)
window.connect("destroy", Gtk.main_quit)
window.add(box)
window.show_all()
save()
Gtk.main()
