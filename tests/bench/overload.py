"""Dictate while other programs take the whole processor: what is late, what is dropped, is the text right?

    python -m tests.bench.overload RECORDING [RECORDING ...] [--hogs 0 2 4] [--nice 0] [--apart] [-- OPTIONS]

The recordings are joined, a second of silence between them, and dictated in real time by one `voicetype
replay`, which OPTIONS go to, beside so many loops that do nothing but take the processor. A row for each:

hogs       such loops, of the niceness that --nice says (the models are nicer), in the same session, in which
           Linux goes by niceness; or --apart: between sessions it is fair, as between a desktop's programs
first      seconds from the first sound until there is text
end        seconds from the end of the recording until the text is final
drafts, confirmations: how many there were; dropped: windows that came too late for their model
words      in the final text; differ: word errors against the text of the first row
screen     whether the patches make the final text

    python -m tests.bench.overload speech/*.flac --hogs 0 2 4 -- --language en --preset light
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.replay import command, parted, to_trace
from tests.bench.score import normalise, word_errors
from tests.bench.steady import joined, write_wav
from voicetype.audio import read_recording
from voicetype.core.events import SAMPLE_RATE

_HOG = """
import os, sys
os.setpriority(os.PRIO_PROCESS, 0, int(sys.argv[1]))
parent = os.getppid()
while os.getppid() == parent: pass
"""


@dataclass(frozen=True, slots=True)
class Run:
    """A dictation beside so many hogs. `length_s`: of the recording."""

    hogs: int
    events: list[dict[str, Any]]
    length_s: float

    @property
    def text(self) -> str:
        """The final one."""
        return str(self.events[-1]["text"])

    def line(self, first: Run) -> str:
        """The row, beside that of the first run."""
        began_s, ended_s = self.events[0]["timestamp"], self.events[-1]["timestamp"]
        kinds = Counter(event.get("confidence", event["type"]) for event in self.events)
        trace = to_trace(self.events)
        words = normalise(self.text)
        cells = [
            str(self.hogs),
            f"{trace[0].t_s:.2f}" if trace else "–",
            f"{ended_s - began_s - self.length_s:.2f}",
            *(str(kinds[kind]) for kind in ("draft", "confirmed", "dropped")),
            str(len(words)),
            str(word_errors(normalise(first.text), words)),
            "right" if trace and trace[-1].text == self.text else "WRONG",
        ]
        return f"| {' | '.join(cells)} |"


@contextmanager
def hogs(count: int, nice: int, *, apart: bool) -> Iterator[None]:
    """So many loops, while the block lasts."""
    command = [sys.executable, "-c", _HOG, str(nice)]
    running = [subprocess.Popen(command, start_new_session=apart) for _ in range(count)]
    try:
        yield
    finally:
        for each in running:
            each.kill()
            each.wait()


def dictate(recording: Path, options: list[str]) -> list[dict[str, Any]]:
    """Run the program on a recording; its messages go to our stderr."""
    done = subprocess.run(command(recording, options), stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def main() -> None:
    """Run and print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.overload",
        usage="%(prog)s RECORDING [RECORDING ...] [--hogs N ...] [--nice N] [--apart] [-- OPTIONS]",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("recordings", metavar="RECORDING", nargs="+", help="in any format that FFmpeg reads")
    parser.add_argument("--hogs", type=int, nargs="+", default=[0, 2, 4], metavar="N", help="default: 0 2 4")
    parser.add_argument("--nice", type=int, default=0, metavar="N", help="of the hogs (default: %(default)d)")
    parser.add_argument("--apart", action="store_true", help="each hog in a session of its own")
    ours, options = parted(sys.argv[1:])
    arguments = parser.parse_args(ours)
    pieces = [read_recording(name) for name in arguments.recordings]
    with TemporaryDirectory() as folder:
        recording = Path(folder, "said.wav")
        audio = joined(pieces, sum(len(piece) / SAMPLE_RATE + 1 for piece in pieces))
        write_wav(recording, audio)
        print("| hogs | first (s) | end (s) | drafts | confirmations | dropped | words | differ | screen |")
        print("|---|---|---|---|---|---|---|---|---|", flush=True)
        first: Run | None = None
        for count in arguments.hogs:
            with hogs(count, arguments.nice, apart=arguments.apart):
                run = Run(count, dictate(recording, options), len(audio) / SAMPLE_RATE)
            first = first or run
            print(run.line(first), flush=True)


if __name__ == "__main__":
    main()
