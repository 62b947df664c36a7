"""The engine alone against faster-whisper's own padded windows, in the same process and in turn.

    python -m tests.bench.engine RECORDING [--runs 5]

Prints seconds (medians) for a draft by tiny.en, greedy, and a confirmation by base, of the first 3, 6 and 12
seconds of a recording, and the ratio to `WhisperModel.transcribe` on the same audio. A confirmation is made
in both ways: decoded with five beams, and by judging the draft, which is base's own text here so that it
doubts none of it; how often that happens, `tests.bench.replay` tells.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from voicetype.audio import read_recording
from voicetype.core.events import SAMPLE_RATE
from voicetype.core.verification import Standing
from voicetype.engine import Audio, Hearing, models
from voicetype.engine.memory import keep_little
from voicetype.engine.whisper import Whisper

LENGTHS_S = (3, 6, 12)


def medians(calls: list[Callable[[], object]], runs: int) -> list[float]:
    """Seconds of each call, run in turn after one warm-up each."""
    times: list[list[float]] = [[] for _ in calls]
    for run in range(runs + 1):
        for each, taken in zip(calls, times, strict=True):
            began = time.perf_counter()
            each()
            if run:
                taken.append(time.perf_counter() - began)
    return [statistics.median(taken) for taken in times]


def row(title: str, ours: float, padded: float) -> None:
    """Print one."""
    print(f"| {title} | {ours:.2f} | {padded:.2f} | {ours / padded:.2f} |", flush=True)


def draft(model: Whisper, audio: Audio, length_s: int, runs: int) -> None:
    """A draft beside the padded window, greedy both."""
    ours, padded = medians(
        [
            lambda: model.transcribe(audio, Hearing("en")),
            lambda: model.transcribe_long(audio, language="en", beam_size=1),
        ],
        runs,
    )
    row(f"draft of {length_s} s, {model.name}", ours, padded)


def confirmation(model: Whisper, audio: Audio, length_s: int, runs: int) -> None:
    """A confirmation in both ways beside the padded window with five beams."""
    said = model.transcribe(audio, Hearing("en"))
    standing = Standing(said.text if said else "")
    decoded, judged, padded = medians(
        [
            lambda: model.transcribe(audio, Hearing("en", 5, careful=True)),
            lambda: model.verify(audio, Hearing("en", 5), lambda: standing),
            lambda: model.transcribe_long(audio, language="en", beam_size=5),
        ],
        runs,
    )
    row(f"confirmation of {length_s} s, {model.name}, decoded", decoded, padded)
    row(f"confirmation of {length_s} s, {model.name}, judged", judged, padded)


def main() -> None:
    """Run and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recording")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    keep_little()
    audio = read_recording(arguments.recording)
    print("| | short window (s) | padded to 30 s (s) | ratio |\n|---|---|---|---|")
    for name, measure in (("tiny.en", draft), ("base", confirmation)):
        model = Whisper(models.ensure(name), name)
        for length_s in LENGTHS_S:
            measure(model, audio[: length_s * SAMPLE_RATE], length_s, arguments.runs)


if __name__ == "__main__":
    main()
