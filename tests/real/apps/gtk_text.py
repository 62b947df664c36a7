"""A GTK 3 text view that writes its text to the file named by the first argument, on each change."""

import os
import sys

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import GLib, Gtk  # noqa: E402  # the version comes first


def save(buffer: Gtk.TextBuffer) -> None:
    with open(sys.argv[1] + ".new", "w", encoding="utf-8") as file:
        file.write(buffer.get_text(*buffer.get_bounds(), True))
    os.replace(sys.argv[1] + ".new", sys.argv[1])  # a reader never sees half a text


window = Gtk.Window(title=sys.argv[2])
window.set_default_size(600, 200)
view = Gtk.TextView()
view.set_wrap_mode(Gtk.WrapMode.CHAR)  # a very long line would be a window wider than can be
# Once the key is done with: BackSpace on some graphemes erases all and types a part again.
view.get_buffer().connect("changed", lambda it: GLib.idle_add(save, it, priority=GLib.PRIORITY_HIGH))
window.connect("destroy", Gtk.main_quit)
window.add(view)
window.show_all()
save(view.get_buffer())
Gtk.main()
