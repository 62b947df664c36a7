"""A Tk text that writes its text to the file named by the first argument, on each change."""

import os
import sys
import tkinter


def save(_event: object = None) -> None:
    with open(sys.argv[1] + ".new", "w", encoding="utf-8") as file:
        file.write(view.get("1.0", "end-1c"))
    os.replace(sys.argv[1] + ".new", sys.argv[1])  # a reader never sees half a text
    view.edit_modified(False)


window = tkinter.Tk()
window.title(sys.argv[2])
window.geometry("600x200")
view = tkinter.Text(window)
view.pack()
view.bind("<<Modified>>", save)
view.focus_force()
save()
window.mainloop()
