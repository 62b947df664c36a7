"""Run in a terminal: writes the line as the terminal driver edits it, once Enter is pressed."""

import sys

with open(sys.argv[1], "w", encoding="utf-8") as file:
    file.write("")
with open(sys.argv[1], "w", encoding="utf-8") as file:
    file.write(sys.stdin.readline())
