"""Dictate a list of recordings in real time and print the quality figures, beside those of other traces.

    python -m tests.bench.replay LIST RECORDINGS TIMINGS [--peer NAME=FOLDER ...] [--offline] [-- OPTIONS]

LIST names recordings, one a line; RECORDINGS holds NAME.flac (or .wav), TIMINGS holds NAME.json with the
words and their times; a peer's folder holds NAME.jsonl, what another system showed. OPTIONS go to
`voicetype replay`. `--offline` adds the heavy model's own word errors over the whole recordings.

The figures are those of `tests.bench.score`, and what the run cost. Windows a second of speech show how far
the models' intervals were stretched: the less, the busier the machine. A pass is saved the decoding where
the heavy model finds the draft plausible as it stands. A line on stderr names each recording as it begins.

    python -m tests.bench.replay words.list speech timings --events run-1 -- --language en --preset light
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.score import Reference, Score, State, normalise, read_trace, word_errors
from voicetype.core import patch
from voicetype.core.events import Patch


@dataclass
class Run:
    """What our own run showed and cost."""

    score: Score = field(default_factory=Score)
    speech_s: float = 0.0
    stats: list[dict[str, float]] = field(default_factory=list)

    def rows(self) -> dict[str, str]:
        """The figures as they are printed."""
        drafts, confirmations = self._sum("drafts"), self._sum("confirmations")
        dropped = self._sum("dropped_fast") + self._sum("dropped_heavy")
        windows = max(1, dropped + drafts + confirmations)
        return self.score.rows() | {
            "windows a second of speech, fast / heavy": (
                f"{drafts / self.speech_s:.2f} / {confirmations / self.speech_s:.2f}"
            ),
            "heavy passes saved the decoding": f"{100 * self._sum('verified') / max(1, confirmations):.0f} %",
            "processor seconds per second of audio": f"{self._sum('cpu_s') / self._sum('audio_s'):.2f}",
            "peak memory (MB)": f"{max(s['peak_memory_mb'] for s in self.stats):.0f}",
            "windows dropped": f"{100 * dropped / windows:.0f} %",
        }

    def _sum(self, name: str) -> float:
        return sum(stats[name] for stats in self.stats)


def to_trace(events: list[dict[str, Any]]) -> list[State]:
    """The screen after each patch of an event stream."""
    started = next(e["timestamp"] for e in events if e["type"] == "started")
    screen, states = "", []
    for event in events:
        if event["type"] == "patch":
            screen = patch.apply(screen, Patch(event["backspaces"], event["text"]))
            states.append(State(event["timestamp"] - started, screen))
    return states


def parted(argv: list[str]) -> tuple[list[str], list[str]]:
    """Our own arguments, and those behind -- for `voicetype replay`; argparse loses the latter."""
    at = argv.index("--") if "--" in argv else len(argv)
    return argv[:at], argv[at + 1 :]


def command(recording: Path, options: list[str]) -> list[str]:
    """The command that prints the event stream of a recording in real time."""
    program = [sys.executable, "-m", "voicetype", "replay", str(recording)]
    return [*program, "--realtime", "--format", "jsonl", *options]


def replay(recording: Path, options: list[str]) -> list[dict[str, Any]]:
    """The event stream of one recording in real time."""
    done = subprocess.run(command(recording, options), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{recording.name}: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def offline_errors(recordings: dict[str, Path], references: dict[str, Reference], options: list[str]) -> str:
    """The heavy model's word errors over whole recordings, by `voicetype transcribe`."""
    errors = words = 0
    for name, recording in recordings.items():
        command = [sys.executable, "-m", "voicetype", "transcribe", str(recording), *options]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        reference = normalise(references[name].text)
        errors += word_errors(reference, normalise(said))
        words += len(reference)
    return f"{100 * errors / words:.1f} %"


def main() -> None:
    """Run and print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.replay",
        usage="%(prog)s LIST RECORDINGS TIMINGS [--peer NAME=FOLDER] [--offline] [--events FOLDER] [-- ...]",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("list", metavar="LIST", type=Path, help="names of recordings, one a line")
    parser.add_argument("recordings", metavar="RECORDINGS", type=Path, help="folder of NAME.flac or NAME.wav")
    parser.add_argument("timings", metavar="TIMINGS", type=Path, help="folder of NAME.json")
    parser.add_argument(
        "--peer",
        action="append",
        default=[],
        metavar="NAME=FOLDER",
        help="a column for another system, from what it showed; may be given again",
    )
    parser.add_argument("--offline", action="store_true", help="the heavy model's own word errors too")
    parser.add_argument(
        "--events", metavar="FOLDER", type=Path, help="keep the event streams, for tests.bench.timeline"
    )
    ours, options = parted(sys.argv[1:])
    arguments = parser.parse_args(ours)
    names = arguments.list.read_text().split()
    recordings = {name: recording_path(arguments.recordings, name) for name in names}
    references = {name: Reference.read(arguments.timings / f"{name}.json") for name in names}
    run = Run()
    for number, name in enumerate(names, 1):
        print(f"{number}/{len(names)} {name}", file=sys.stderr, flush=True)
        events = replay(recordings[name], options)
        if arguments.events:
            arguments.events.mkdir(parents=True, exist_ok=True)
            (arguments.events / f"{name}.jsonl").write_text("\n".join(map(json.dumps, events)) + "\n")
        run.score.add(references[name], to_trace(events))
        run.speech_s += references[name].speech_s
        run.stats.append(events[-1]["stats"])
    columns = {"voicetype": run.rows()}
    for peer in arguments.peer:
        title, _, folder = peer.partition("=")
        score = Score()
        for name in names:
            score.add(references[name], read_trace(Path(folder) / f"{name}.jsonl"))
        columns[title] = score.rows()
    if arguments.offline:
        errors = offline_errors(recordings, references, options)
        columns["heavy model, offline"] = {"word error rate": errors}
    print_table(columns)


def recording_path(folder: Path, name: str) -> Path:
    """A recording by its name, whatever its format."""
    return next(path for path in (folder / f"{name}.flac", folder / f"{name}.wav") if path.exists())


def print_table(columns: dict[str, dict[str, str]]) -> None:
    """A Markdown table: a row a figure, a column a system."""
    print("| figure | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for row in next(iter(columns.values())):
        print(f"| {row} | " + " | ".join(column.get(row, "–") for column in columns.values()) + " |")


if __name__ == "__main__":
    main()
