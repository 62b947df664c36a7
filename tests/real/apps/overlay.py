"""An overlay that does what it is told, in lines of JSON, and answers each. (GDK ends its whole process.)"""

import json
import logging
import os
import sys
from collections.abc import Callable
from typing import Any

from voicetype.control import State, Status
from voicetype.errors import DesktopError
from voicetype.overlay import Overlay
from voicetype.toolkit import Toolkit

logging.basicConfig(level=logging.DEBUG)
toolkit = Toolkit()
overlay = Overlay(toolkit, sys.argv[1])


def show(state: str) -> None:
    overlay.show(Status(State(state), True, "en", "tiny.en", "base", "x11", "Control_R", "0"))


def answer(word: str) -> None:
    print(json.dumps(word), flush=True)


DO: dict[str, Callable[[Any], object]] = {
    "show": show,
    "level": overlay.level,
    "text": overlay.text,
    "close": lambda _: overlay.close(),
}

try:
    toolkit.open()
    overlay.open()
except DesktopError as error:
    answer(error.sentence)
    os._exit(1)
answer("open")
for line in sys.stdin:
    what, value = json.loads(line)
    DO[what](value)
    toolkit.call(lambda: None)  # by now it was done
    answer("done")
overlay.close()
toolkit.close()
