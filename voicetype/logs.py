"""What the program says of itself, on stderr; what was dictated is never logged above DEBUG."""

from __future__ import annotations

import logging
import sys


class _Stderr(logging.StreamHandler):  # type: ignore[type-arg]  # generic for mypy alone
    """Plain lines: the message, and its level where that matters."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        if record.levelno == logging.INFO:
            return text
        return f"{record.levelname.lower()}: {record.name}: {text}"


def configure(verbose: bool = False) -> None:
    """Our own INFO (DEBUG where `verbose`) and the libraries' warnings. Safe to call again."""
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, _Stderr)]:
        root.removeHandler(handler)
    root.addHandler(_Stderr())
    root.setLevel(logging.WARNING)
    logging.getLogger("voicetype").setLevel(logging.DEBUG if verbose else logging.INFO)
