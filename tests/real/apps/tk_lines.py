"""A Tk dialogue that writes the text of one of its fields to the file named first, on each change.

Arguments: the file, the title, the field: a "text", or an "entry" in which Return writes "sent" before it.
"""

import os
import sys
import tkinter

file, title, kind = sys.argv[1:4]
sent = ""


def save(*_: object) -> None:
    text = field.get() if isinstance(field, tkinter.Entry) else field.get("1.0", "end-1c")
    with open(file + ".new", "w", encoding="utf-8") as new:
        new.write(sent + text)
    os.replace(file + ".new", file)  # a reader never sees half a text
    if isinstance(field, tkinter.Text):
        field.edit_modified(False)


def send(_: object) -> None:
    global sent
    sent += "sent "
    save()


window = tkinter.Tk()
window.title(title)
window.geometry("600x200")
if kind == "text":
    field: tkinter.Text | tkinter.Entry = tkinter.Text(window)
    field.bind("<<Modified>>", save)
else:
    changes = tkinter.StringVar()
    field = tkinter.Entry(window, textvariable=changes)
    changes.trace_add("write", save)
    field.bind("<Return>", send)
field.pack(fill="x")
field.focus_force()
save()
window.mainloop()
