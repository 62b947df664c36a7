"""The engine alone against faster-whisper's own padded windows, in the same process and in turn.

    python -m tests.bench.engine RECORDING [--runs 5]

Prints seconds (medians) for a draft by tiny.en, greedy, and a confirmation by base with five beams, of the
first 3, 6 and 12 seconds of a recording, and the ratio to `WhisperModel.transcribe` on the same audio.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from voicetype.audio import read_recording
from voicetype.core.events import SAMPLE_RATE
from voicetype.engine import Audio, models
from voicetype.engine.whisper import Whisper


def seconds(call: Callable[[], object], other: Callable[[], object], runs: int) -> tuple[float, float]:
    """Medians of both calls, run in turn after one warm-up each."""
    times: tuple[list[float], list[float]] = ([], [])
    for run in range(runs + 1):
        for each, taken in zip((call, other), times, strict=True):
            began = time.perf_counter()
            each()
            if run:
                taken.append(time.perf_counter() - began)
    return statistics.median(times[0]), statistics.median(times[1])


def compare(model: Whisper, audio: Audio, beam_size: int, runs: int) -> tuple[float, float]:
    """Seconds of the short window and of the padded one."""
    return seconds(
        lambda: model.transcribe(audio, language="en", beam_size=beam_size),
        lambda: model.transcribe_long(audio, language="en", beam_size=beam_size),
        runs,
    )


def main() -> None:
    """Run and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recording")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    audio = read_recording(arguments.recording)
    print("| | short window (s) | padded to 30 s (s) | ratio |\n|---|---|---|---|")
    for role, name, beam_size in (("draft", "tiny.en", 1), ("confirmation", "base", 5)):
        model = Whisper(models.ensure(name), name)
        for length_s in (3, 6, 12):
            ours, padded = compare(model, audio[: length_s * SAMPLE_RATE], beam_size, arguments.runs)
            print(f"| {role} of {length_s} s, {name} | {ours:.2f} | {padded:.2f} | {ours / padded:.2f} |")


if __name__ == "__main__":
    main()
