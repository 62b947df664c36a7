"""A GTK 3 dialogue that writes the text of one of its fields to the file named first, on each change.

Arguments: the file, the title, the field: a text "view", or an "entry" in which Return presses the button.
A press of the button writes "sent" before the text.
"""

import os
import sys

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import Gtk  # noqa: E402  # the version comes first

file, title, kind = sys.argv[1:4]
sent = ""


def save(*_: object) -> None:
    text = field.get_buffer().get_property("text") if kind == "view" else field.get_text()
    with open(file + ".new", "w", encoding="utf-8") as new:
        new.write(sent + text)
    os.replace(file + ".new", file)  # a reader never sees half a text


def send(_: Gtk.Button) -> None:
    global sent
    sent += "sent "
    save()


window, box = Gtk.Window(title=title), Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
window.set_default_size(600, 200)
field = Gtk.TextView() if kind == "view" else Gtk.Entry(activates_default=True)
button = Gtk.Button(label="Send", can_default=True)
box.pack_start(field, True, True, 0)
box.add(button)
window.add(box)
window.set_default(button)
button.connect("clicked", send)
(field.get_buffer() if kind == "view" else field).connect("changed", save)
window.connect("destroy", Gtk.main_quit)
window.show_all()
field.grab_focus()
save()
Gtk.main()
