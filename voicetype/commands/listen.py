"""`listen` and `status --follow`: what the daemon says, a line each, for as long as somebody reads."""

from __future__ import annotations

import json
import os
import stat
import sys
from argparse import Namespace
from collections.abc import Callable
from typing import NoReturn

from voicetype import status_line
from voicetype.watch import Changed, Gone, News, Said, watch


def run(_: Namespace) -> NoReturn:
    """Print the daemon's signals as JSON lines."""
    _watch(_print_news)


def follow(shape: str) -> NoReturn:
    """Print the daemon's status now and at each change."""
    _watch(_Follower(shape))


def _watch(tell: Callable[[News], object]) -> NoReturn:
    try:
        output = sys.stdout.fileno()
        reader = output if stat.S_ISFIFO(os.fstat(output).st_mode) else None
    except OSError:  # no real output
        reader = None
    watch(tell, reader)


def _print_news(news: News) -> None:
    fields = _fields(news)
    if fields is not None:
        print(json.dumps(fields, ensure_ascii=False), flush=True)
    if isinstance(news, Gone):
        print("Waiting for the voicetype daemon. Start it: `voicetype run`.", file=sys.stderr, flush=True)


def _fields(news: News) -> dict[str, object] | None:
    """The object of a line; None for what is none."""
    match news:
        case Said("Segment", [dict(fields)]):
            return fields
        case Said("StateChanged", [state]):
            return {"type": "state", "state": state}
        case Said("Problem", [code, sentence, hint]):
            return {"type": "problem", "code": code, "sentence": sentence, "hint": hint}
        case Changed(properties):
            return {"type": "properties", **properties}
        case Gone(left=True):
            return {"type": "gone"}
    return None


class _Follower:
    """Prints a line where it would be another than the last."""

    def __init__(self, shape: str) -> None:
        self._shape = shape
        self._properties: dict[str, object] | None = None
        self._printed: str | None = None

    def __call__(self, news: News) -> None:
        match news:
            case Changed(properties):
                self._properties = (self._properties or {}) | dict(properties)
            case Gone():
                self._properties = None
            case _:
                return
        line = self._line()
        if line != self._printed:
            self._printed = line
            print(line, flush=True)

    def _line(self) -> str:
        if self._shape == "json":
            return json.dumps(status_line.bar(self._properties), ensure_ascii=False)
        return status_line.line(self._properties)
