"""Dictate for minutes on end, and watch whether it stays the same: processor, memory, windows.

    python -m tests.bench.steady RECORDING [RECORDING ...] [--minutes 10] [-- OPTIONS]

The recordings are joined, a second of silence between them, from the first again where they are too short,
and dictated in real time by one `voicetype replay`, which OPTIONS go to. A row of the table is printed when
its minute is over, the last one when the dictation is; loading the models does not count.

until      minutes and seconds of dictation
processor  seconds of processor time (of all threads) for each second since the last row
resident   MB in memory by then; a leak grows from row to row
drafts, confirmations, dropped: windows since the last row; dropped ones came too late for their model

    python -m tests.bench.steady speech/*.flac --minutes 60 -- --language en
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
import wave
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from tests.bench.replay import command, parted
from voicetype.audio import read_recording
from voicetype.core.events import SAMPLE_RATE
from voicetype.engine import Audio

_PAUSE_S = 1.0
_ROW_S = 60.0

Inbox = queue.Queue[dict[str, Any] | None]
"""The child's events; None when there will be no more."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has taken since it began, and holds."""

    cpu_s: float
    resident_mb: float


@dataclass(frozen=True, slots=True)
class Minute:
    """A row. `until_s`: seconds since the dictation began; `counts`: events of this minute by their kind."""

    until_s: float
    length_s: float
    cpu_s: float
    resident_mb: float
    counts: Counter[str]

    def line(self) -> str:
        """As it is printed."""
        counts = " | ".join(str(self.counts[kind]) for kind in ("draft", "confirmed", "dropped"))
        load = self.cpu_s / self.length_s
        minutes, seconds = divmod(round(self.until_s), 60)
        return f"| {minutes}:{seconds:02} | {load:.2f} | {self.resident_mb:.0f} | {counts} |"


def parse_usage(stat: str, status: str, ticks_a_second: int) -> Usage | None:
    """From /proc/PID/stat and /proc/PID/status; None for a process that has ended and has no memory."""
    resident = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    if resident is None:
        return None
    fields = stat.rpartition(")")[2].split()  # the name in front may hold anything
    user, system = int(fields[11]), int(fields[12])
    return Usage((user + system) / ticks_a_second, int(resident[1]) / 1024)


def usage(pid: int) -> Usage | None:
    """What a process uses; None when it is gone."""
    process = Path("/proc", str(pid))
    try:
        texts = (process / "stat").read_text(), (process / "status").read_text()
    except OSError:
        return None
    return parse_usage(*texts, os.sysconf("SC_CLK_TCK"))


def joined(pieces: Sequence[Audio], length_s: float) -> Audio:
    """The pieces with silence between them, over and over, cut to `length_s`."""
    pause = np.zeros(round(_PAUSE_S * SAMPLE_RATE), np.float32)
    wanted, taken, parts = round(length_s * SAMPLE_RATE), 0, []
    for piece in cycle(pieces):
        if taken >= wanted:
            break
        parts += [piece, pause]
        taken += len(piece) + len(pause)
    return np.concatenate(parts)[:wanted]


def write_wav(path: Path, audio: Audio) -> None:
    """16 bits, mono, 16 kHz."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE)
        out.writeframes((audio.clip(-1, 1) * 32767).astype("<i2").tobytes())


def watch(pid: int, inbox: Inbox) -> Iterator[Minute]:
    """A row a minute from the first event on, and one for the rest."""
    if inbox.get() is None:
        return
    before = newest = usage(pid) or Usage(0, 0)
    began = since = now = time.monotonic()
    counts: Counter[str] = Counter()
    ended = False
    while not ended:
        try:
            event = inbox.get(timeout=max(0.0, since + _ROW_S - time.monotonic()))
        except queue.Empty:
            pass
        else:
            ended = event is None
            if event is not None:
                counts[event["confidence" if event["type"] == "segment" else "type"]] += 1
        # The end of the output comes as the process goes: what was seen of it last is what it took.
        newest = usage(pid) or newest
        now = now if ended else time.monotonic()
        if now - since >= _ROW_S or (ended and now > since):
            yield Minute(now - began, now - since, newest.cpu_s - before.cpu_s, newest.resident_mb, counts)
            before, since, counts = newest, now, Counter()


def dictate(recording: Path, options: list[str]) -> Iterator[Minute]:
    """Run the program on a recording; its messages go to our stderr."""
    with subprocess.Popen(command(recording, options), stdout=subprocess.PIPE, text=True) as child:
        inbox: Inbox = queue.Queue()

        def read() -> None:
            assert child.stdout is not None
            for line in child.stdout:
                inbox.put(json.loads(line))
            inbox.put(None)

        threading.Thread(target=read, daemon=True).start()
        try:
            yield from watch(child.pid, inbox)
        except BaseException:
            child.terminate()
            raise
    if child.returncode:
        raise SystemExit(f"voicetype replay ended with {child.returncode}.")


def main() -> None:
    """Run and print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.steady",
        usage="%(prog)s RECORDING [RECORDING ...] [--minutes N] [-- OPTIONS]",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "recordings",
        metavar="RECORDING",
        nargs="+",
        help="in any format that FFmpeg reads; the more the better",
    )
    parser.add_argument(
        "--minutes", type=float, default=10.0, metavar="N", help="how long (default: %(default)g)"
    )
    ours, options = parted(sys.argv[1:])
    arguments = parser.parse_args(ours)
    with TemporaryDirectory() as folder:
        recording = Path(folder, "steady.wav")
        audio = joined([read_recording(name) for name in arguments.recordings], 60 * arguments.minutes)
        write_wav(recording, audio)
        del audio
        print(f"{arguments.minutes:g} minutes of dictation", file=sys.stderr, flush=True)
        print("| until | processor (s/s) | resident (MB) | drafts | confirmations | dropped |")
        print("|---|---|---|---|---|---|", flush=True)
        for minute in dictate(recording, options):
            print(minute.line(), flush=True)


if __name__ == "__main__":
    main()
