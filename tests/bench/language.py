"""Other languages: the words that a dictation gets wrong, and how well a model tells which language it is.

    python -m tests.bench.language FOLDER [FOLDER ...] [--part dictated|told] [--models FAST HEAVY]
                                   [--cache FOLDER] [--machine NAME] [--language CODE ...] [--texts]

FOLDER holds NAME.flac (or .wav) and a transcripts.tsv with the columns id, language and text at least; a text
`none` says that there is none. Recordings are in the languages that both models know.

dictated  a row a language, each with the errors that were made of the same recordings by
          offline: the heavy model on padded windows with five beams, as `voicetype transcribe` hears them
          alone: the heavy model, once, on its own window of the whole recording, with five beams
          told: a dictation of both models in that language, by the simulated clock of `tests.bench.policy`
          auto: the same where the language is to be heard
          and of the dictation in the told language: characters erased for each that stays; seconds from the
          voice's onset to the first text, and from its end to the last change (median, ninth decile).
          Errors are of words, of zh, ja, ko and th of characters; `tests.bench.accuracy` says what does not
          count as one. `--texts` prints what was made of each recording where it differs.
told      the language of the first seconds. They count from the voice's onset, 0.3 s before which the window
          begins as it does in a dictation. "sure": the probability among all languages is one half or more,
          which is where the program believes it; else it presumes what was spoken before. A recording that
          is shorter than a row's seconds is in the row's count as long as it has half of them.

What the models said is kept in the cache's folder by the sound they heard.

    python -m tests.bench.language speech/multi --cache heard --language de es fr pt it
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.bench.accuracy import Recording, comparable, recordings
from tests.bench.pace import MACHINES, Pace
from tests.bench.score import State, word_errors
from tests.bench.simulation import Dictation, Remembered, Speech, heard, stamp
from voicetype.audio import read_recording
from voicetype.core.events import SAMPLE_RATE
from voicetype.core.spoken import AUTO, SURE
from voicetype.core.verification import Standing
from voicetype.engine import Audio, Hearing, models
from voicetype.engine.guards import LONGEST_S
from voicetype.engine.whisper import Whisper
from voicetype.frames import FRAME_SAMPLES
from voicetype.settings import Settings
from voicetype.vad import VoiceActivity

SECONDS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
WAYS = ("offline", "alone", "told", "auto")
_BY_CHARACTER = ("zh", "ja", "ko", "th", "yue")
_FRAME = 512  # samples
_LEAD_S = 0.3
_BEAMS = 5
_AT_ONCE = 3  # frames of voice in a row that are an onset


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


@dataclass
class Dictated:
    """Sums over the recordings of a language. `errors` by way; delays in seconds."""

    units: int = 0
    errors: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WAYS, 0))
    erased: int = 0
    characters: int = 0
    first_s: list[float] = field(default_factory=list)
    final_s: list[float] = field(default_factory=list)

    def add(self, recording: Recording, texts: Mapping[str, str]) -> dict[str, int]:
        """Take in what each way made of a recording; the errors of each."""
        wanted = units(recording.text, recording.language)
        self.units += len(wanted)
        errors = {way: word_errors(wanted, units(texts[way], recording.language)) for way in WAYS}
        for way in WAYS:
            self.errors[way] += errors[way]
        return errors

    def watched(self, speech: Speech, trace: Sequence[State]) -> None:
        """Take in what stood on the screen, and when."""
        before, (onset_s, end_s) = "", voiced(speech)
        for text in (state.text for state in trace):
            kept = next((n for n, (a, b) in enumerate(zip(before, text, strict=False)) if a != b), None)
            self.erased += len(before) - (min(len(before), len(text)) if kept is None else kept)
            before = text
        self.characters += len(before)
        if begun := [state.t_s for state in trace if state.text]:
            self.first_s.append(begun[0] - onset_s)
            self.final_s.append(trace[-1].t_s - end_s)

    def cells(self) -> str:
        """As they are printed."""
        rates = [f"{100 * self.errors[way] / max(1, self.units):.1f} %" for way in WAYS]
        erased = f"{self.erased / max(1, self.characters):.2f}"
        return " | ".join([str(self.units), *rates, erased, _deciles(self.first_s), _deciles(self.final_s)])


def _deciles(delays: Sequence[float]) -> str:
    return " / ".join(f"{at:.2f}" for at in np.quantile(delays, (0.5, 0.9))) if delays else "–"


def units(text: str, language: str) -> list[str]:
    """The words that are compared, or in some languages the characters."""
    words = comparable(text, language)
    return list("".join(words)) if language in _BY_CHARACTER else words


def voiced(speech: Speech) -> tuple[float, float]:
    """Seconds of the voice's onset and of its end; the whole recording where there is none."""
    voice = [n for n, (_, much) in enumerate(speech) if much > 0.5]
    runs = [n for n in voice if {n + more for more in range(_AT_ONCE)} <= set(voice)]
    if not runs:
        return 0.0, len(speech) * FRAME_SAMPLES / SAMPLE_RATE
    return runs[0] * FRAME_SAMPLES / SAMPLE_RATE, (voice[-1] + 1) * FRAME_SAMPLES / SAMPLE_RATE


class Pair:
    """Both models by the simulated clock."""

    def __init__(self, names: tuple[str, str], paces: tuple[Pace, Pace], cache: Path) -> None:
        """`cache`: a folder that is there."""
        roles = zip(("fast", "heavy"), names, paces, strict=True)
        self.fast, self.heavy = (
            Remembered(name, pace, cache / f"{role}-{name}-{stamp()}.pickle") for role, name, pace in roles
        )

    def dictate(self, speech: Speech, language: str) -> list[State]:
        """What stood on the screen."""
        return Dictation(self.fast, self.heavy, Settings(language=language)).run(speech)

    def offline(self, audio: Audio, language: str) -> str:
        """What the heavy model makes of a whole recording, as `voicetype transcribe` does."""
        return self.heavy.transcribe_long(audio, language=language, beam_size=_BEAMS)

    def alone(self, audio: Audio, language: str) -> str:
        """What it makes of its own window of it."""
        said = self.heavy.transcribe(audio, Hearing(language, _BEAMS, careful=True, voiced=True))
        return said.text if said else ""

    def save(self) -> None:
        """Keep what they said."""
        self.fast.save()
        self.heavy.save()


def dictated(pair: Pair, chosen: Sequence[Recording], *, texts: bool) -> dict[str, Dictated]:
    """By language. A line on stderr names each recording as it begins."""
    found: defaultdict[str, Dictated] = defaultdict(Dictated)
    for number, recording in enumerate(chosen, 1):
        print(f"{number}/{len(chosen)} {recording.path.stem}", file=sys.stderr, flush=True)
        audio, language = read_recording(recording.path), recording.language
        if len(audio) > LONGEST_S * SAMPLE_RATE:
            continue
        speech = heard(audio)
        trace = pair.dictate(speech, language)
        said = {
            "offline": pair.offline(audio, language),
            "alone": pair.alone(audio, language),
            "told": _last(trace),
            "auto": _last(pair.dictate(speech, AUTO)),
        }
        errors = found[language].add(recording, said)
        found[language].watched(speech, trace)
        pair.save()
        if texts and len(set(errors.values())) > 1:
            print(f"{recording.path.stem}: {recording.text}")
            for way in WAYS:
                print(f"  {way} ({errors[way]}): {said[way]}")
    return found


def _last(trace: Sequence[State]) -> str:
    return trace[-1].text if trace else ""


def from_onset(audio: Audio) -> Audio:
    """The recording from shortly before its first three frames of speech in a row."""
    voice, run = VoiceActivity(2), 0
    for at in range(0, len(audio) - _FRAME, _FRAME):
        run = run + 1 if voice(audio[at : at + _FRAME]) > 0.5 else 0
        if run == 3:
            return audio[max(0, at - 2 * _FRAME - round(_LEAD_S * SAMPLE_RATE)) :]
    return audio


def told(model: Whisper, chosen: Iterable[Recording]) -> dict[float, Count]:
    """By seconds."""
    counts: dict[float, Count] = defaultdict(Count)
    for recording in chosen:
        speech = from_onset(read_recording(recording.path))
        for seconds in SECONDS:
            if len(speech) < seconds / 2 * SAMPLE_RATE:
                continue
            start = speech[: round((_LEAD_S + seconds) * SAMPLE_RATE)]
            said = model.verify(start, Hearing(AUTO), Standing)
            assert said is not None
            right = said.language == recording.language
            counts[seconds].add(right, said.language_probability >= SURE)
    return counts


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.language",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folders", metavar="FOLDER", nargs="+", type=Path, help="recordings and a table")
    parser.add_argument(
        "--part", choices=("dictated", "told"), default="dictated", help="default: %(default)s"
    )
    parser.add_argument(
        "--models", nargs=2, default=["base", "base"], metavar=("FAST", "HEAVY"), help="multilingual ones"
    )
    parser.add_argument("--cache", metavar="FOLDER", type=Path, help="what the models said")
    parser.add_argument("--machine", choices=MACHINES, default="vnni", help="default: %(default)s")
    parser.add_argument("--language", nargs="+", default=[], metavar="CODE", help="only these")
    parser.add_argument("--texts", action="store_true", help="print the texts where they differ")
    arguments = parser.parse_args()
    chosen = [each for folder in arguments.folders for each in recordings(folder, arguments.language)]
    fast, heavy = arguments.models
    if arguments.part == "told":
        model = Whisper(models.ensure(heavy), heavy)
        print("| seconds | right | sure | right where sure |\n|---|---|---|---|")
        for seconds, count in told(model, chosen).items():
            print(f"| {seconds} | {count.cells()} |")
        return
    here = MACHINES[arguments.machine]
    with tempfile.TemporaryDirectory() as folder:
        cache = arguments.cache or Path(folder)
        cache.mkdir(parents=True, exist_ok=True)
        paces = (here.heavy if fast == heavy else here.fast, here.heavy)
        found = dictated(Pair((fast, heavy), paces, cache), chosen, texts=arguments.texts)
    print("| language | words | offline | alone | told | auto | erased | first text (s) | last change (s) |")
    print("|---" * 9 + "|")
    for language, each in sorted(found.items()):
        print(f"| {language} | {each.cells()} |")


if __name__ == "__main__":
    main()
