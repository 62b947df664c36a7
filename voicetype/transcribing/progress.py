"""How far a recording is heard: a bar on a terminal, nothing anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from tqdm import tqdm

_NAME = 24  # columns


def clock(seconds: float) -> str:
    """A length as people write it: 1:02:03, or 2:03."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


class Progress:
    """The bar of one recording. Used by one thread."""

    def __init__(
        self,
        name: str,
        total_s: float | None,
        stream: TextIO | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`total_s`: how long the recording is; None: it does not say. `stream`: stderr where it is None."""
        self._stream = stream or sys.stderr
        self._name, self._total_s = name, total_s
        self._now, self._began, self._first_s = now, now(), 0.0
        self._bar: tqdm[None] | None = None

    def begin(self, done_s: float) -> None:
        """Show it; `done_s` of the recording were heard before."""
        self._began, self._first_s = self._now(), done_s
        if self._stream.isatty():
            from tqdm import tqdm

            name = self._name if len(self._name) <= _NAME else f"{self._name[: _NAME - 1]}…"
            known = "{desc} {percentage:3.0f} % |{bar}| {remaining} left{postfix}"
            self._bar = tqdm(
                desc=name,
                total=self._total_s,
                initial=done_s,
                file=self._stream,
                bar_format=known if self._total_s else "{desc}{postfix}",
                dynamic_ncols=True,
                leave=False,
            )
            self(done_s)

    def __call__(self, done_s: float) -> None:
        """So many seconds of it are heard."""
        if self._bar is None:
            return
        if self._total_s:
            done_s = min(done_s, self._total_s)
        of = f" of {clock(self._total_s)}" if self._total_s else ""
        self._bar.set_postfix_str(f"{clock(done_s)}{of}, {self.speed(done_s):.1f}x", refresh=False)
        self._bar.update(done_s - self._bar.n)
        self._bar.refresh()

    def speed(self, done_s: float) -> float:
        """Seconds of sound heard a second."""
        return (done_s - self._first_s) / max(0.1, self._now() - self._began)

    def aside(self, say: Callable[[], None]) -> None:
        """Print something while the bar is not in the way."""
        if self._bar is not None:
            self._bar.clear()
        say()
        if self._bar is not None:
            self._bar.refresh()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
