"""A GTK text view whose window dies with a signal; at once another one stands in its place.

The first window's text goes to the file named by the first argument, on each change, that of the second
one to a file beside it, with ".second" behind its name.
"""

import os
import signal
import sys

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import GLib, Gtk  # noqa: E402  # the version comes first


def save(buffer: Gtk.TextBuffer, path: str) -> None:
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(buffer.get_text(*buffer.get_bounds(), True))
    os.replace(path + ".new", path)  # a reader never sees half a text


def show(path: str, text: str) -> Gtk.Window:
    window = Gtk.Window(title=sys.argv[2])
    window.set_default_size(600, 200)
    window.move(50, 50)
    view = Gtk.TextView()
    view.get_buffer().connect("changed", save, path)
    view.get_buffer().set_text(text)
    window.add(view)
    window.show_all()
    save(view.get_buffer(), path)
    return window


def succeed(first: Gtk.Window) -> bool:
    first.destroy()
    show(sys.argv[1] + ".second", "the user's own text").present()
    return False


window = show(sys.argv[1], "")
GLib.unix_signal_add(GLib.PRIORITY_HIGH, signal.SIGUSR1, succeed, window)
Gtk.main()
