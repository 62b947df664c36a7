"""A GTK entry that completes a line behind the caret, selected. Arguments: the file, the title, the line."""

import os
import sys

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import Gtk  # noqa: E402  # the version comes first


def save(entry: Gtk.Entry) -> None:
    with open(sys.argv[1] + ".new", "w", encoding="utf-8") as file:
        file.write(entry.get_text())
    os.replace(sys.argv[1] + ".new", sys.argv[1])  # a reader never sees half a text


lines = Gtk.ListStore(str)
lines.append([sys.argv[3]])
completion = Gtk.EntryCompletion(model=lines, inline_completion=True, popup_completion=False)
completion.set_text_column(0)
entry = Gtk.Entry(completion=completion)
entry.connect("changed", save)
window = Gtk.Window(title=sys.argv[2])
window.set_default_size(600, 60)
window.connect("destroy", Gtk.main_quit)
window.add(entry)
window.show_all()
save(entry)
Gtk.main()
