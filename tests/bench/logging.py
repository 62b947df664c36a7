"""Does a flood of log records hold up the drafts?

    python -m tests.bench.logging RECORDING [--model tiny.en] [--seconds 10.5] [--rate 10000] [--rounds 3]

A session of so many seconds is fed to the fast model at its real cadence, a window every 0.25 s, while
another thread logs so many records a second as a library would, into a pipe that another process reads. Each
round has a session of each kind, in another order:

none       no records
made       records that nobody writes: what Python itself takes to make them
repeated   through the log of voicetype, the same few texts again and again
different  through the log of voicetype, each text another
stream     through the standard library's StreamHandler, which formats, locks, writes and flushes in the call

draft      milliseconds from a window's submission to its text, over all rounds: median and 90th percentile
ratio      the same window's time to that without records, the median over all windows of all rounds
call       microseconds that logging a record took whoever logged it, median
"""

from __future__ import annotations

import argparse
import logging
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from typing import IO, TextIO, cast

from voicetype import logs
from voicetype.audio import read_recording
from voicetype.core.events import SAMPLE_RATE
from voicetype.engine import Audio, EngineOptions, models
from voicetype.engine.memory import keep_little
from voicetype.engine.whisper import Whisper
from voicetype.listening import Window
from voicetype.workers import Effort, Outcome, Request, Worker

KINDS = ("none", "made", "repeated", "different", "stream")
_CADENCE_S = 0.25
_LONGEST_S = 6.0  # of a window
_BURST_S = 0.01
_TEXTS = 20

_flood = logging.getLogger("flood")


@dataclass
class Measured:
    """What a kind of session took. `drafts_s`: by round and window, None where one was dropped."""

    drafts_s: dict[tuple[int, int], float | None] = field(default_factory=dict)
    calls_s: list[float] = field(default_factory=list)
    records: int = 0

    def row(self, kind: str, base: Measured) -> str:
        """Of the table."""
        taken = [each for each in self.drafts_s.values() if each is not None]
        dropped = len(self.drafts_s) - len(taken)
        p50, p90 = statistics.median(taken), statistics.quantiles(taken, n=10, method="inclusive")[-1]
        call = f"{statistics.median(self.calls_s) * 1e6:.1f}" if self.calls_s else "-"
        figures = f"{p50 * 1e3:.0f} | {p90 * 1e3:.0f} | {ratio(self, base):.3f} | {call}"
        return f"| {kind} | {self.records} | {figures} | {dropped} |"


def ratio(one: Measured, base: Measured) -> float:
    """The median over windows that both have heard."""
    pairs = [(taken, base.drafts_s.get(which)) for which, taken in one.drafts_s.items()]
    return statistics.median(taken / usual for taken, usual in pairs if taken and usual)


def windows(audio: Audio, length_s: float) -> list[Window]:
    """As the fast model is given them: each ends a cadence later; a long one loses its beginning."""
    step, longest = round(_CADENCE_S * SAMPLE_RATE), round(_LONGEST_S * SAMPLE_RATE)
    ends = range(step, min(len(audio), round(length_s * SAMPLE_RATE)) + 1, step)
    return [
        Window(0, number, audio[(end - 1) // longest * longest : end], heavy=False)
        for number, end in enumerate(ends)
    ]


def flood(measured: Measured, rate: int, different: bool, ending: threading.Event) -> None:
    """Log so many records a second until the end."""
    began, made = time.perf_counter(), 0
    while not ending.wait(_BURST_S):
        due = round((time.perf_counter() - began) * rate)
        before = time.perf_counter()
        for number in range(made, due):
            _flood.warning(
                "decoder called with %d tokens, %s", number if different else number % _TEXTS, "warm"
            )
        if due > made:
            measured.calls_s.append((time.perf_counter() - before) / (due - made))
        made = due
    measured.records += made


@contextmanager
def written(kind: str, stream: IO[str]) -> Iterator[None]:
    """The log as this kind of session has it."""
    usual, ours = sys.stderr, kind in ("repeated", "different")
    handler = logging.StreamHandler(stream) if kind == "stream" else logging.NullHandler()
    if ours:
        sys.stderr = cast(TextIO, stream)
    else:
        _flood.addHandler(handler)
    _flood.propagate = ours
    logs.configure()
    logs.began()
    try:
        yield
    finally:
        logs.ended()
        _flood.removeHandler(handler)
        sys.stderr = usual
        logs.configure()  # the pipe is let go


def session(worker: Worker, heard: Sequence[Window]) -> list[float | None]:
    """Seconds until the text of each window, fed by the clock."""
    answers: SimpleQueue[tuple[int, float | None]] = SimpleQueue()

    def done(submitted: float, window: Window, outcome: Outcome) -> None:
        answers.put((window.window_id, time.perf_counter() - submitted if outcome else None))

    began = time.perf_counter()
    for number, window in enumerate(heard):
        time.sleep(max(0.0, began + number * _CADENCE_S - time.perf_counter()))
        worker.submit(Request(window, Effort("en"), partial(done, time.perf_counter())))
    found = dict(answers.get() for _ in heard)
    return [found[window.window_id] for window in heard]


def run(
    worker: Worker, heard: Sequence[Window], kind: str, rate: int, measured: Measured, number: int
) -> None:
    """A session of a kind."""
    ending = threading.Event()
    flooding = threading.Thread(target=flood, args=(measured, rate, kind == "different", ending))
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as reader:
        assert reader.stdin is not None
        with written(kind, reader.stdin):
            if kind != "none":
                flooding.start()
            taken = session(worker, heard)
            ending.set()
            if kind != "none":
                flooding.join()
    measured.drafts_s |= {(number, window.window_id): s for window, s in zip(heard, taken, strict=True)}


def compare(worker: Worker, heard: Sequence[Window], rate: int, rounds: int) -> dict[str, Measured]:
    """Every kind in every round, each time from another one on."""
    found = {kind: Measured() for kind in KINDS}
    for number in range(rounds):
        first = number % len(KINDS)
        for kind in KINDS[first:] + KINDS[:first]:
            run(worker, heard, kind, rate, found[kind], number)
    return found


def main(argv: Sequence[str] | None = None) -> None:
    """Run and print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.logging",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("recording", metavar="RECORDING", help="in any format that FFmpeg reads")
    parser.add_argument("--model", default="tiny.en", help="the fast one (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=10.5, help="of a session (default: %(default)g)")
    parser.add_argument("--rate", type=int, default=10_000, help="records a second (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="(default: %(default)s)")
    options = parser.parse_args(argv)
    keep_little()
    model = Whisper(models.ensure(options.model), options.model, EngineOptions(threads=1))
    model.warm_up()
    worker = Worker("fast")
    worker.take(model)
    heard = windows(read_recording(options.recording), options.seconds)
    session(worker, heard[-4:])
    found = compare(worker, heard, options.rate, options.rounds)
    worker.close()
    print("| log | records | draft p50 (ms) | p90 | ratio | call (µs) | windows dropped |")
    print("|---|---|---|---|---|---|---|")
    for kind in KINDS:
        print(found[kind].row(kind, found["none"]))


if __name__ == "__main__":
    main()
