"""What is done of a recording, until it is whole: a hidden file beside what will be written.

A line says what was asked of which recording, and one more what was heard in each stretch, as JSON; there is
no sound in it. A line that a crash has left unfinished counts for nothing. Whoever has the file open holds
its lock, so that two don't transcribe the same recording.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from voicetype.core.passages import Passage, TimedWord
from voicetype.decoding import shown
from voicetype.errors import AudioError


@dataclass(frozen=True, slots=True)
class Done:
    """What was heard of a recording up to a sample, and in which language."""

    until: int
    passages: tuple[Passage, ...]
    language: str
    probability: float


class InMemory:
    """As `Partial`, for what is not kept."""

    def __init__(self) -> None:
        self.done: list[Done] = []

    def add(self, done: Done) -> None:
        """Remember it."""
        self.done.append(done)

    def remove(self) -> None:
        """There is nothing to remove."""


class Partial:
    """The file while it is open; one thread uses it."""

    def __init__(self, path: Path, about: Mapping[str, object]) -> None:
        """`about`: what was asked; what was heard of anything else is dropped. Raises OSError, AudioError."""
        self._path = path
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.open(path, flags, 0o600)
        try:
            self._lock()
            self.done = self._read(dict(about))
            """What was heard, a stretch each, also by earlier runs."""
        except BaseException:
            os.close(self._file)
            raise

    def add(self, done: Done) -> None:
        """Keep what was heard in a stretch. Raises OSError."""
        self._write(asdict(done))
        self.done.append(done)

    def remove(self) -> None:
        """It is not needed any more. Raises OSError."""
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Give up the lock; where nothing was heard, nothing is left. Raises OSError."""
        try:
            if not self.done:
                self.remove()
        finally:
            os.close(self._file)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AudioError(
                f"Another voicetype is at work on {shown(self._path.parent)}/{shown(self._path.stem[1:])}.*.",
                "Wait for its end, or end it.",
            ) from None

    def _write(self, line: Mapping[str, object]) -> None:
        left = json.dumps(line).encode() + b"\n"
        while left:
            left = left[os.write(self._file, left) :]

    def _read(self, about: Mapping[str, object]) -> list[Done]:
        """The stretches as far as their lines are whole; the file ends behind the last of them."""
        with open(self._file, "rb", closefd=False) as stream:
            lines = [line for line in stream if line.endswith(b"\n")]
        done: list[Done] = []
        with suppress(ValueError, TypeError, KeyError):  # a crash, or somebody else's hand
            if lines and json.loads(lines[0]) == about:
                for line in lines[1:]:
                    done.append(_done(json.loads(line)))
        end = sum(map(len, lines[: len(done) + 1])) if done else 0
        os.truncate(self._file, end)
        os.lseek(self._file, end, os.SEEK_SET)
        if not done:
            self._write(about)
        return done


def _done(line: dict[str, Any]) -> Done:
    return Done(
        int(line["until"]),
        tuple(_passage(each) for each in line["passages"]),
        str(line["language"]),
        float(line["probability"]),
    )


def _passage(line: dict[str, Any]) -> Passage:
    return Passage(**{**line, "words": tuple(TimedWord(**word) for word in line["words"])})
