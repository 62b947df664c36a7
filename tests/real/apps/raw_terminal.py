"""Run in a terminal: appends every byte that the terminal sends to the file named by the first argument."""

import os
import sys
import tty

tty.setraw(0)
with open(sys.argv[1], "ab", buffering=0) as file:
    while received := os.read(0, 1024):
        file.write(received)
