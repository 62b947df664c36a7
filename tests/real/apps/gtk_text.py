"""A GTK 3 text view that writes its text to the file named by the first argument, on each change."""

import os
import sys

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import Gtk  # noqa: E402  # the version comes first


def save(buffer: Gtk.TextBuffer) -> None:
    with open(sys.argv[1] + ".new", "w", encoding="utf-8") as file:
        file.write(buffer.get_text(*buffer.get_bounds(), True))
    os.replace(sys.argv[1] + ".new", sys.argv[1])  # a reader never sees half a text


window = Gtk.Window(title=sys.argv[2])
window.set_default_size(600, 200)
view = Gtk.TextView()
view.get_buffer().connect("changed", save)
window.connect("destroy", Gtk.main_quit)
window.add(view)
window.show_all()
save(view.get_buffer())
Gtk.main()
