"""A Tk entry, one line, that writes its text to the file named by the first argument, on each change."""

import os
import sys
import tkinter


def save(*_: object) -> None:
    with open(sys.argv[1] + ".new", "w", encoding="utf-8", errors="replace") as file:
        file.write(text.get())
    os.replace(sys.argv[1] + ".new", sys.argv[1])  # a reader never sees half a text


window = tkinter.Tk()
window.title(sys.argv[2])
window.geometry("600x60")
text = tkinter.StringVar()
text.trace_add("write", save)
entry = tkinter.Entry(window, textvariable=text)
entry.pack(fill="x")
entry.focus_force()
save()
window.mainloop()
