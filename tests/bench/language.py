"""How often a model tells the language of the first seconds right, and whether it knows when it does.

    python -m tests.bench.language FOLDER [FOLDER ...] [--model NAME] [--language CODE ...]

FOLDER holds NAME.flac (or .wav) and a transcripts.tsv with the columns id, language and text at least; a text
`none` says that there is none. The seconds count from the voice's onset, 0.3 s before which the window begins
as it does in a dictation. "sure": the probability among all languages is one half or more, which is where the
program believes it; else it presumes what was spoken before. A recording that is shorter than a row's seconds
is in the row's count as long as it has half of them.

    python -m tests.bench.language speech/multi --model base
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.accuracy import recordings
from voicetype.audio import read_recording
from voicetype.core.events import SAMPLE_RATE
from voicetype.core.spoken import AUTO, SURE
from voicetype.core.verification import Standing
from voicetype.engine import Audio, Hearing, models
from voicetype.engine.whisper import Whisper
from voicetype.vad import VoiceActivity

SECONDS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
_FRAME = 512  # samples
_LEAD_S = 0.3


@dataclass
class Count:
    """Sums over recordings."""

    heard: int = 0
    right: int = 0
    sure: int = 0
    sure_and_right: int = 0

    def add(self, right: bool, sure: bool) -> None:
        """Take one in."""
        self.heard += 1
        self.right += right
        self.sure += sure
        self.sure_and_right += right and sure

    def cells(self) -> str:
        """As they are printed."""
        return (
            f"{100 * self.right / self.heard:.0f} % | {100 * self.sure / self.heard:.0f} % | "
            f"{self.sure_and_right} of {self.sure}"
        )


def from_onset(audio: Audio) -> Audio:
    """The recording from shortly before its first three frames of speech in a row."""
    voice, run = VoiceActivity(2), 0
    for at in range(0, len(audio) - _FRAME, _FRAME):
        run = run + 1 if voice(audio[at : at + _FRAME]) > 0.5 else 0
        if run == 3:
            return audio[max(0, at - 2 * _FRAME - round(_LEAD_S * SAMPLE_RATE)) :]
    return audio


def measure(model: Whisper, folders: Sequence[Path], languages: Sequence[str]) -> dict[float, Count]:
    """By seconds."""
    counts: dict[float, Count] = defaultdict(Count)
    for folder in folders:
        for recording in recordings(folder, languages):
            speech = from_onset(read_recording(recording.path))
            for seconds in SECONDS:
                if len(speech) < seconds / 2 * SAMPLE_RATE:
                    continue
                start = speech[: round((_LEAD_S + seconds) * SAMPLE_RATE)]
                heard = model.verify(start, Hearing(AUTO), Standing)
                assert heard is not None
                right = heard.language == recording.language
                counts[seconds].add(right, heard.language_probability >= SURE)
    return counts


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.language",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folders", metavar="FOLDER", nargs="+", type=Path, help="recordings and a table")
    parser.add_argument("--model", default="base", metavar="NAME", help="a multilingual one")
    parser.add_argument("--language", nargs="+", default=[], metavar="CODE", help="only these")
    arguments = parser.parse_args()
    model = Whisper(models.ensure(arguments.model), arguments.model)
    print("| seconds | right | sure | right where sure |\n|---|---|---|---|")
    for seconds, count in measure(model, arguments.folders, arguments.language).items():
        print(f"| {seconds} | {count.cells()} |")


if __name__ == "__main__":
    main()
