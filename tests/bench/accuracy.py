"""Word errors of the engine's own short windows, beside the same model on padded windows of 30 s.

    python -m tests.bench.accuracy FOLDER [FOLDER ...] [--models FAST HEAVY] [--language CODE ...]

FOLDER holds NAME.flac (or .wav) and a transcripts.tsv with the columns id, language and text at least; a
text `none` says that there is none. Whole recordings of up to 30 s are heard, each in its language; longer
ones are skipped, since the padded windows would be several. For each language the table has

    FAST, greedy          a careful window of the fast model
    HEAVY, greedy         one of the heavy model
    HEAVY, 5 beams        the same with beams
    HEAVY judges FAST     the heavy model verifies what the fast one said, and decodes where it doubts it

each against faster-whisper's padded windows with as many beams (for the judge: the heavy model's own). An
English-only model has no rows in other languages. Errors are weighted by words: they are summed over all
recordings of a language, not averaged.

Before words are counted, both sides lose case and punctuation, and hyphens part words; figures from 0 to 12
become words (de, en, es, fr, it, pt); Spanish loses its accents (á as a, ü as u; ñ is a letter), as some of
its references have none. Scripts without spaces are counted by the character.

    python -m tests.bench.accuracy speech/multi --models base small --language de es --limit 3
"""

from __future__ import annotations

import argparse
import csv
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.score import normalise, word_errors
from voicetype.audio import read_recording
from voicetype.core.events import SAMPLE_RATE
from voicetype.core.verification import Standing
from voicetype.core.wording import split
from voicetype.engine import Audio, EngineOptions, Hearing, Hypothesis, models
from voicetype.engine.guards import LONGEST_S
from voicetype.engine.whisper import Whisper

_BEAMS = 5  # of the heavy model, as the program has it by default
_NUMBERS = {
    "de": "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    "en": "zero one two three four five six seven eight nine ten eleven twelve",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix onze douze",
    "it": "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici",
    "pt": "zero um dois três quatro cinco seis sete oito nove dez onze doze",
}
_FIGURES = {
    language: {str(n): word for n, word in enumerate(words.split())} for language, words in _NUMBERS.items()
}
_ACCENTS = {"es": ("\N{COMBINING ACUTE ACCENT}", "\N{COMBINING DIAERESIS}")}


@dataclass(frozen=True, slots=True)
class Recording:
    """A line of transcripts.tsv, and where its sound is."""

    path: Path
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """What one way made of a recording: in our own window, and in the padded one."""

    ours: str
    padded: str


@dataclass
class Errors:
    """Sums over recordings."""

    words: int = 0
    ours: int = 0
    padded: int = 0

    def add(self, text: str, said: Said, language: str) -> None:
        """Take one recording in."""
        reference = comparable(text, language)
        self.words += len(reference)
        self.ours += word_errors(reference, comparable(said.ours, language))
        self.padded += word_errors(reference, comparable(said.padded, language))

    def cells(self) -> str:
        """As they are printed: words, both rates in %, and what ours has more, in points."""
        ours, padded = (100 * errors / max(1, self.words) for errors in (self.ours, self.padded))
        return f"{self.words} | {ours:.1f} % | {padded:.1f} % | {ours - padded:+.1f}"


def comparable(text: str, language: str) -> list[str]:
    """The words of a text without what does not make them wrong; the module's docstring says what that is."""
    figures = _FIGURES.get(language, {})
    words = (figures.get(word, word) for word in normalise(text))
    return [piece for word in words for piece in split(_without_accents(word, language))]


def _without_accents(word: str, language: str) -> str:
    letters = unicodedata.normalize("NFD", word)
    for accent in _ACCENTS.get(language, ()):
        letters = letters.replace(accent, "")
    return unicodedata.normalize("NFC", letters)


def recordings(folder: Path, languages: Sequence[str] = (), limit: int | None = None) -> Iterator[Recording]:
    """The recordings of a folder that have a text, in `languages` (all when empty), `limit` of each."""
    taken: Counter[str] = Counter()
    with (folder / "transcripts.tsv").open(encoding="utf-8", newline="") as lines:
        for line in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            language = line["language"]
            if line["text"] == "none" or (languages and language not in languages):
                continue
            taken[language] += 1
            if limit is None or taken[language] <= limit:
                flac = folder / f"{line['id']}.flac"
                yield Recording(flac if flac.exists() else flac.with_suffix(".wav"), language, line["text"])


class Pair:
    """The two models, and the ways they are used."""

    def __init__(self, fast: str, heavy: str, threads: int) -> None:
        """Load them, fetching what is missing."""
        options = EngineOptions(threads=threads)
        self._fast = Whisper(models.ensure(fast), fast, options)
        self._heavy = Whisper(models.ensure(heavy), heavy, options)

    def hear(self, audio: Audio, language: str) -> dict[str, Said]:
        """What each way makes of a recording of up to 30 s, by the name of the way."""
        fast, heavy = self._fast, self._heavy
        said: dict[str, Said] = {}
        if _knows(fast, language):
            said[f"{fast.name}, greedy"] = _both(fast, audio, language, 1)
        if _knows(heavy, language):
            said[f"{heavy.name}, greedy"] = _both(heavy, audio, language, 1)
            said[f"{heavy.name}, {_BEAMS} beams"] = beams = _both(heavy, audio, language, _BEAMS)
            if _knows(fast, language):
                draft = Standing(said[f"{fast.name}, greedy"].ours)
                judged = heavy.verify(audio, Hearing(language, _BEAMS, careful=True), lambda: draft)
                said[f"{heavy.name} judges {fast.name}"] = Said(_text(judged), beams.padded)
        return said


def _knows(model: Whisper, language: str) -> bool:
    return language == "en" or not models.english_only(model.name)


def _both(model: Whisper, audio: Audio, language: str, beam_size: int) -> Said:
    ours = model.transcribe(audio, Hearing(language, beam_size, careful=beam_size > 1))
    return Said(_text(ours), model.transcribe_long(audio, language=language, beam_size=beam_size))


def _text(hypothesis: Hypothesis | None) -> str:
    return hypothesis.text if hypothesis else ""


def measure(pair: Pair, chosen: Sequence[Recording]) -> dict[tuple[str, str], Errors]:
    """The errors of each language and way. A line on stderr names each recording as it begins."""
    found: defaultdict[tuple[str, str], Errors] = defaultdict(Errors)
    for number, recording in enumerate(chosen, 1):
        audio = read_recording(str(recording.path))
        length_s = len(audio) / SAMPLE_RATE
        told = f"{number}/{len(chosen)} {recording.path.stem}, {recording.language}, {length_s:.1f} s"
        if length_s > LONGEST_S:
            print(f"{told}: skipped, longer than {LONGEST_S:.0f} s", file=sys.stderr, flush=True)
            continue
        print(told, file=sys.stderr, flush=True)
        for way, said in pair.hear(audio, recording.language).items():
            found[recording.language, way].add(recording.text, said, recording.language)
    return found


def main() -> None:
    """Run and print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.accuracy",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folders", metavar="FOLDER", nargs="+", type=Path, help="recordings, transcripts.tsv")
    parser.add_argument(
        "--models",
        nargs=2,
        default=["tiny.en", "base"],
        metavar=("FAST", "HEAVY"),
        help="the two models, by name or folder (default: tiny.en base)",
    )
    parser.add_argument(
        "--language", nargs="+", default=[], metavar="CODE", help="only these languages, as de es"
    )
    parser.add_argument(
        "--limit", type=int, metavar="N", help="only the first N of each language of a folder"
    )
    parser.add_argument(
        "--threads", type=int, default=1, metavar="N", help="of the processor (default: %(default)s)"
    )
    arguments = parser.parse_args()
    chosen = [
        each
        for folder in arguments.folders
        for each in recordings(folder, arguments.language, arguments.limit)
    ]
    fast, heavy = arguments.models
    found = measure(Pair(fast, heavy, arguments.threads), chosen)
    print("| language | window | words | word errors | padded to 30 s | difference (points) |")
    print("|---|---|---|---|---|---|")
    for language, way in sorted(found, key=lambda key: key[0]):
        print(f"| {language} | {way} | {found[language, way].cells()} |")


if __name__ == "__main__":
    main()
