"""Dictate a list of recordings in real time and print the quality figures, beside those of other traces.

    python -m tests.bench.replay LIST RECORDINGS TIMINGS [--peer NAME=FOLDER ...] [--offline] [-- OPTIONS]

LIST names recordings, one a line; RECORDINGS holds NAME.flac (or .wav), TIMINGS holds NAME.json with the
words and their times; a peer's folder holds NAME.jsonl, what another system showed. OPTIONS go to
`voicetype replay`. `--offline` adds the heavy model's own word errors over the whole recordings.
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
    stats: list[dict[str, float]] = field(default_factory=list)

    def rows(self) -> dict[str, str]:
        """The figures as they are printed."""
        audio_s = sum(s["audio_s"] for s in self.stats)
        cpu_s = sum(s["cpu_s"] for s in self.stats)
        dropped = sum(s["dropped_fast"] + s["dropped_heavy"] for s in self.stats)
        windows = dropped + sum(s["drafts"] + s["confirmations"] for s in self.stats)
        return self.score.rows() | {
            "processor seconds per second of audio": f"{cpu_s / audio_s:.2f}",
            "peak memory (MB)": f"{max(s['peak_memory_mb'] for s in self.stats):.0f}",
            "windows dropped": f"{100 * dropped / windows:.0f} %",
        }


def to_trace(events: list[dict[str, Any]]) -> list[State]:
    """The screen after each patch of an event stream."""
    started = next(e["timestamp"] for e in events if e["type"] == "started")
    screen, states = "", []
    for event in events:
        if event["type"] == "patch":
            screen = patch.apply(screen, Patch(event["backspaces"], event["text"]))
            states.append(State(event["timestamp"] - started, screen))
    return states


def replay(recording: Path, options: list[str]) -> list[dict[str, Any]]:
    """The event stream of one recording in real time."""
    command = [sys.executable, "-m", "voicetype", "replay", str(recording), "--realtime", "--format", "jsonl"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
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
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("list", type=Path)
    parser.add_argument("recordings", type=Path)
    parser.add_argument("timings", type=Path)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--offline", action="store_true")
    parser.add_argument("--events", type=Path, help="keep the event streams in this folder")
    parser.add_argument("options", nargs="*", help="for `voicetype replay`, after --")
    arguments = parser.parse_args()
    names = arguments.list.read_text().split()
    recordings = {name: _recording(arguments.recordings, name) for name in names}
    references = {name: Reference.read(arguments.timings / f"{name}.json") for name in names}
    run = Run()
    for name in names:
        events = replay(recordings[name], arguments.options)
        if arguments.events:
            arguments.events.mkdir(parents=True, exist_ok=True)
            (arguments.events / f"{name}.jsonl").write_text("\n".join(map(json.dumps, events)) + "\n")
        run.score.add(references[name], to_trace(events))
        run.stats.append(events[-1]["stats"])
        print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    columns = {"voicetype": run.rows()}
    for peer in arguments.peer:
        title, _, folder = peer.partition("=")
        score = Score()
        for name in names:
            score.add(references[name], read_trace(Path(folder) / f"{name}.jsonl"))
        columns[title] = score.rows()
    if arguments.offline:
        errors = offline_errors(recordings, references, arguments.options)
        columns["heavy model, offline"] = {"word error rate": errors}
    print_table(columns)


def _recording(folder: Path, name: str) -> Path:
    return next(path for path in (folder / f"{name}.flac", folder / f"{name}.wav") if path.exists())


def print_table(columns: dict[str, dict[str, str]]) -> None:
    """A Markdown table: a row a figure, a column a system."""
    print("| figure | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for row in next(iter(columns.values())):
        print(f"| {row} | " + " | ".join(column.get(row, "–") for column in columns.values()) + " |")


if __name__ == "__main__":
    main()
