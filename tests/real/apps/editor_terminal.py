"""Run in a terminal: a prompt that draws its line itself, and spells out "btw"; writes it to the file."""

import codecs
import os
import sys
import tty


def show(line: str) -> None:
    sys.stdout.write(f"\r\x1b[K> {line}")
    sys.stdout.flush()
    with open(sys.argv[1] + ".new", "w", encoding="utf-8") as file:
        file.write(line)
    os.replace(sys.argv[1] + ".new", sys.argv[1])  # a reader never sees half a text


tty.setraw(0)
line = "to Ann: "
show(line)
decoder = codecs.getincrementaldecoder("utf-8")()
while received := os.read(0, 1024):
    for character in decoder.decode(received):
        line = line[:-1] if character == "\x7f" else line + character
        if line.endswith(" btw "):
            line = line[:-4] + "by the way "
    show(line)
