"""Where the log goes: standard error, which may be slow, full, closed, or the journal."""

from __future__ import annotations

import logging
import os
import select
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TextIO

_ATOM = select.PIPE_BUF
"""Bytes that a pipe which can be written to takes at once, and in one piece."""

_PATIENCE_S = 1.0
"""How long a reader may take for so much, before what it does not take is lost."""

_SEVERITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
"""As syslog and the journal count them; what is less is 7."""


class Outlet:
    """A descriptor of our own for a stream. `write` waits for its reader, but not for long."""

    def __init__(self, stream: TextIO, environ: Mapping[str, str] = os.environ) -> None:
        """A stream without a descriptor gets nothing."""
        self._descriptor: int | None = None
        with suppress(OSError, ValueError):
            self._descriptor = os.dup(stream.fileno())
        self._patience_s = _PATIENCE_S
        self._encoding = stream.encoding or "utf-8"
        self._journal = self._descriptor is not None and _is_journal(self._descriptor, environ)

    def write(self, lines: Sequence[tuple[int, str]]) -> int:
        """Texts and their levels. Returns how many of them were lost: nobody reads, or there is no room."""
        texts = [self._line(level, text) for level, text in lines]
        for first, piece in _pieces(texts):
            if not self._take(piece):
                return len(lines) - first
        return 0

    def close(self) -> None:
        """Give the descriptor back; safe to call twice."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _line(self, level: int, text: str) -> bytes:
        shown = "".join(c if c == "\n" or c.isprintable() else "·" for c in text)  # a terminal would obey
        if self._journal:
            mark = next((f"<{number}>" for least, number in _SEVERITIES if level >= least), "<7>")
            shown = "\n".join(mark + line for line in shown.split("\n"))
        return f"{shown}\n".encode(self._encoding, "replace")

    def _take(self, piece: bytes) -> bool:
        if self._descriptor is None:
            return False
        waiting = select.poll()
        waiting.register(self._descriptor, select.POLLOUT)
        try:
            while piece:
                if not waiting.poll(self._patience_s * 1000):
                    self._patience_s = 0.0  # until it reads again
                    return False
                piece = piece[os.write(self._descriptor, piece) :]
        except OSError:
            return False
        self._patience_s = _PATIENCE_S
        return True


def _pieces(texts: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    """Whole lines together, as many as an atom holds, with the number of the first; long ones in parts."""
    first, piece = 0, b""
    for number, text in enumerate(texts):
        if piece and len(piece) + len(text) > _ATOM:
            yield first, piece
            piece = b""
        if not piece:
            first = number
        piece += text
        while len(piece) > _ATOM:
            yield first, piece[:_ATOM]
            piece = piece[_ATOM:]
    if piece:
        yield first, piece


def _is_journal(descriptor: int, environ: Mapping[str, str]) -> bool:
    """Whether systemd reads it: it then takes a severity in front of each line."""
    found = os.fstat(descriptor)
    return environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"
