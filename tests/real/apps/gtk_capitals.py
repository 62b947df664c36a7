"""A GTK 3 entry that makes capitals of what is typed, and writes its text to the file named first."""

import os
import sys

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import Gtk  # noqa: E402  # the version comes first


def save(entry: Gtk.Entry) -> None:
    if entry.get_text() != entry.get_text().upper():
        entry.set_text(entry.get_text().upper())  # comes here again
        entry.set_position(-1)
        return
    with open(sys.argv[1] + ".new", "w", encoding="utf-8") as file:
        file.write(entry.get_text())
    os.replace(sys.argv[1] + ".new", sys.argv[1])  # a reader never sees half a text


window = Gtk.Window(title=sys.argv[2])
entry = Gtk.Entry()
entry.connect("changed", save)
window.connect("destroy", Gtk.main_quit)
window.add(entry)
window.show_all()
save(entry)
Gtk.main()
