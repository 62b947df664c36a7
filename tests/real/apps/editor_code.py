"""A GTK text view as editors of code are: it closes brackets, types over closed ones, and indents.

Arguments: the file for its text, the title, what stands before the caret and behind it.
"""

import os
import sys

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, Gtk  # noqa: E402  # the versions come first

PAIRS = {"(": ")", "[": "]", '"': '"'}


def save(buffer: Gtk.TextBuffer) -> None:
    with open(sys.argv[1] + ".new", "w", encoding="utf-8") as file:
        file.write(buffer.get_text(*buffer.get_bounds(), True))
    os.replace(sys.argv[1] + ".new", sys.argv[1])  # a reader never sees half a text


def pressed(view: Gtk.TextView, event: Gdk.EventKey) -> bool:
    buffer = view.get_buffer()
    caret = buffer.get_iter_at_mark(buffer.get_insert())
    typed = chr(Gdk.keyval_to_unicode(event.keyval))
    if typed in PAIRS.values() and caret.get_char() == typed:
        caret.forward_char()
        buffer.place_cursor(caret)
        return True
    if typed in PAIRS:
        buffer.insert_at_cursor(typed + PAIRS[typed])
        caret = buffer.get_iter_at_mark(buffer.get_insert())
        caret.backward_char()
        buffer.place_cursor(caret)
        return True
    if typed == ":":
        dedent(buffer, caret)
    return False


def dedent(buffer: Gtk.TextBuffer, caret: Gtk.TextIter) -> None:
    """An "else" stands as far to the left as its "if"."""
    start = caret.copy()
    start.set_line_offset(0)
    indented = start.copy()
    indented.forward_chars(4)
    if buffer.get_text(start, caret, True) == "    else":
        buffer.delete(start, indented)


window = Gtk.Window(title=sys.argv[2])
window.set_default_size(600, 200)
view = Gtk.TextView()
buffer = view.get_buffer()
buffer.set_text(sys.argv[3] + sys.argv[4])
buffer.place_cursor(buffer.get_iter_at_offset(len(sys.argv[3])))
buffer.connect("changed", save)
view.connect("key-press-event", pressed)
window.connect("destroy", Gtk.main_quit)
window.add(view)
window.show_all()
save(buffer)
Gtk.main()
