"""How far a download is: a bar on a terminal, a plain line now and then anywhere else."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from voicetype.engine.store import size_of
from voicetype.errors import VoicetypeError

if TYPE_CHECKING:
    from tqdm import tqdm

Progress = Callable[[str, int, int], None]
"""Called with what is fetched, bytes so far and in all. Equal counts: done. None in all: it broke off.

May raise Unwanted, on which the download ends.
"""

LOOK_S = 0.2  # between two looks at a growing folder
_LINE_S = 5.0  # between two plain lines


def silent(_name: str, _done: int, _total: int) -> None:
    """Say nothing."""


class Unwanted(VoicetypeError):
    """Nobody waits for a model any more that is being fetched."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The model {name} is not fetched to its end.", "What is there of it is kept.")


class Bar:
    """A `Progress` for people. Owned by the thread that watches the download."""

    def __init__(self, stream: TextIO | None = None, now: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream or sys.stderr
        self._now = now
        self._bar: tqdm[None] | None = None
        self._said_at = 0.0
        self._name = ""

    def __call__(self, name: str, done: int, total: int) -> None:
        """Show it."""
        if self._stream.isatty():
            self._draw(name, done, total)
        else:
            self._say(name, done, total)

    def _draw(self, name: str, done: int, total: int) -> None:
        if self._bar is None and total:
            from tqdm import tqdm

            shape = "{desc} {percentage:3.0f} % |{bar}| {n_fmt} of {total_fmt}, {rate_fmt}"
            self._bar = tqdm(
                desc=name,
                total=total,
                unit="B",
                unit_scale=True,
                file=self._stream,
                bar_format=shape,
                ncols=78,
            )
        if self._bar is None:
            return
        if total:
            self._bar.total = max(total, done)
            self._bar.update(done - self._bar.n)
        if done >= total:
            self._bar.close()
            self._bar = None

    def _say(self, name: str, done: int, total: int) -> None:
        if not total:
            return
        if name != self._name:
            said = f"{name}: fetching about {total / 1e6:.0f} MB"
        elif done >= total:
            said = f"{name}: done"
        elif self._now() - self._said_at >= _LINE_S:
            said = f"{name}: {done / 1e6:.0f} of {total / 1e6:.0f} MB"
        else:
            return
        self._name, self._said_at = name, self._now()
        print(said, file=self._stream, flush=True)


@contextmanager
def watching(folder: Path, name: str, total: int, progress: Progress) -> Iterator[Callable[[], None]]:
    """Report how `folder` grows toward about `total` bytes, until the body is left.

    One way to see progress that holds for every kind of download, also for those that show none. Gives what
    the download is to call now and then: it raises Unwanted where it is.
    """
    over = threading.Event()
    unwanted: list[Unwanted] = []

    def look() -> None:
        while not over.wait(LOOK_S) and not unwanted:
            try:
                progress(name, min(size_of(folder), total - 1), total)
            except Unwanted as error:
                unwanted.append(error)

    def check() -> None:
        if unwanted:
            raise unwanted[0]

    thread = threading.Thread(target=look, name="download progress", daemon=True)
    progress(name, min(size_of(folder), total - 1), total)
    thread.start()
    try:
        yield check
    except BaseException:
        over.set()
        thread.join()
        progress(name, 0, 0)
        raise
    over.set()
    thread.join()
