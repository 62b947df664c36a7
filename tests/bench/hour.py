"""An hour of dictation without sound or models: what an event costs at its beginning and at its end.

    python -m tests.bench.hour [--minutes 60]

Each minute has 240 drafts, 60 confirmations and what the typist says of the patches. A row for the first
minute, for every tenth, and for the last one:

minute
step       microseconds that an event takes the reducer, mean
console    the same of drawing it in a terminal of 80 columns
grown      KB that another minute leaves in the memory, its text apart
"""

from __future__ import annotations

import argparse
import gc
import io
import sys
import time
import tracemalloc

from tests.test_bounded import UTTERANCE_S, Hours
from voicetype.console import Console, Output
from voicetype.core.events import Event, PatchApplied, TranscriptSegment
from voicetype.core.stream import Began, StreamEvent, Typed


class Minutes:
    """The hour, a minute at a time."""

    def __init__(self) -> None:
        self._out = io.StringIO()
        self._console = Console(Output(self._out, io.StringIO(), lambda: None), lambda: 80)
        self._console(Began("quick", "slow", 0.0))
        self._events = 0
        self._drawn_s = 0.0
        self._hours = Hours(seen=self._see)

    def pass_one(self) -> tuple[float, float]:
        """Microseconds of the reducer and of the console, for each event."""
        self._events, self._drawn_s = 0, 0.0
        began_s = time.thread_time()
        self._hours.speak(60 // UTTERANCE_S)
        taken_s = time.thread_time() - began_s
        return 1e6 * (taken_s - self._drawn_s) / self._events, 1e6 * self._drawn_s / self._events

    def grown_kb(self) -> float:
        """What another minute leaves in the memory, its text apart; by itself, for counting takes time."""
        tracemalloc.start()
        try:
            self.pass_one()
            before = self._held()
            self.pass_one()
            return (self._held() - before) / 1024
        finally:
            tracemalloc.stop()

    def _held(self) -> int:
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - sys.getsizeof(self._hours.session.done)

    def _see(self, event: Event) -> None:
        self._events += 1
        began_s = time.thread_time()
        news: StreamEvent | None = event if isinstance(event, TranscriptSegment) else None
        if isinstance(event, PatchApplied) and (made := self._hours.session.in_flight):
            news = Typed(made.backspaces, made.text, 0.0)
        if news is not None:
            self._console(news)
        self._out.seek(0)
        self._out.truncate()
        self._drawn_s += time.thread_time() - began_s


def main() -> None:
    """Run and print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.hour",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=int, default=60, metavar="N", help="default: %(default)d")
    minutes = parser.parse_args().minutes
    print("| minute | step (µs) | console (µs) | grown (KB) |\n|---|---|---|---|", flush=True)
    passing = Minutes()
    for minute in range(1, minutes + 1):
        step_us, console_us = passing.pass_one()
        if minute == 1 or minute % 10 == 0 or minute == minutes:
            grown_kb = passing.grown_kb()
            print(f"| {minute} | {step_us:.0f} | {console_us:.0f} | {grown_kb:+.1f} |", flush=True)


if __name__ == "__main__":
    main()
