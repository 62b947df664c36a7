"""Whether hotwords come out, what other words suffer for them, and whether drafts are as steady.

    python -m tests.bench.vocabulary find FOLDER [FOLDER ...]
    python -m tests.bench.vocabulary heard FOLDER [FOLDER ...] --hotwords FILE
    python -m tests.bench.vocabulary typed FOLDER [FOLDER ...] --hotwords FILE --timings FOLDER
    python -m tests.bench.vocabulary replaced FOLDER [FOLDER ...] --timings FOLDER
    python -m tests.bench.vocabulary noise FOLDER --hotwords FILE
    python -m tests.bench.vocabulary cost FOLDER --hotwords FILE

FOLDER holds recordings and transcripts.tsv, as for `tests.bench.accuracy`; FILE has a hotword on each line.
Each figure is given without them and with them told to both models, --models FAST HEAVY.

find   words of the references that neither model ever says, each with its recordings: the names among them
       are worth to be hotwords
heard  whole recordings of up to 30 s, by each model as it drafts and as it confirms
typed  a dictation by the simulated clock of `tests.bench.policy`, on its machine "vnni". drafts: of what
       stands before the last second, typed: of the text at the end. erased: characters for each that stays
replaced  such dictations without hotwords, in which every word is typed with a point before it, and
       every fifth one together with the next: characters erased for each that stays are to be as many
noise  the same where nobody speaks: characters typed at any time, and left at the end; also with the gate of
       WebRTC's detector alone, which lets more to the models
cost   tokens of the prompt, and how many times as long each pass takes with it

hits   hotwords that are said of those that are spoken
false  hotwords that are said and not spoken
errors of all words, in %; elsewhere: in recordings in which no hotword is spoken
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tests.bench import noise
from tests.bench.accuracy import Recording, comparable, recordings
from tests.bench.pace import MACHINES, load
from tests.bench.score import Reference, Score, word_errors
from tests.bench.simulation import Dictation, Remembered, heard, stamp
from voicetype.audio import read_recording
from voicetype.core.events import SAMPLE_RATE
from voicetype.core.events import Terms as TypingTerms
from voicetype.core.rewriting import Rules
from voicetype.core.vocabulary import Terms, Vocabulary
from voicetype.engine import Audio, Hearing
from voicetype.engine.guards import DRAFTS, LONGEST_S
from voicetype.engine.whisper import Whisper
from voicetype.settings import Settings

_BEAMS = 5
_REPEATED = 5  # calls whose times are summed
_EACH = 5  # of the words of a text, one begins a pair
_LEAST_LETTERS = 4  # of a word that is worth to be a hotword


@dataclass
class Counted:
    """Sums over recordings."""

    hotwords: frozenset[str]
    spoken: int = 0
    hits: int = 0
    false: int = 0
    words: list[int] = field(default_factory=lambda: [0, 0])  # all, and elsewhere
    errors: list[int] = field(default_factory=lambda: [0, 0])

    def add(self, reference: Sequence[str], said: Sequence[str]) -> None:
        """Take one recording in."""
        wanted, got = (sorted(w for w in words if w in self.hotwords) for words in (reference, said))
        hits = sum(min(wanted.count(word), got.count(word)) for word in set(wanted))
        self.spoken, self.hits, self.false = (
            self.spoken + len(wanted),
            self.hits + hits,
            self.false + len(got) - hits,
        )
        for place in (0, 1) if not wanted else (0,):
            self.words[place] += len(reference)
            self.errors[place] += word_errors(reference, said)

    def cells(self) -> str:
        """As they are printed."""
        everywhere, elsewhere = (100 * e / max(1, w) for e, w in zip(self.errors, self.words, strict=True))
        return f"{self.hits}/{self.spoken} | {self.false} | {everywhere:.1f} % | {elsewhere:.1f} %"


HEAD = "hits | false | errors | elsewhere"


class Bench:
    """Two models, recordings, and what the models may be told."""

    def __init__(self, names: Sequence[str], chosen: Sequence[Recording], hotwords: Sequence[str]) -> None:
        self.names, self.chosen = names, chosen
        told = Vocabulary(Terms(tuple(hotwords)))
        self.vocabularies = {"without": Vocabulary(), "with": told}
        self.bare = frozenset(word for each in hotwords for word in comparable(each, ""))

    def spoken(self) -> Iterator[tuple[Recording, Audio]]:
        """The recordings that one window holds. A line on stderr names each."""
        for number, recording in enumerate(self.chosen, 1):
            audio = read_recording(str(recording.path))
            if len(audio) <= LONGEST_S * SAMPLE_RATE:
                print(f"{number}/{len(self.chosen)} {recording.path.stem}", file=sys.stderr, flush=True)
                yield recording, audio

    def ways(self) -> Iterator[tuple[str, Callable[[Audio, Hearing], str]]]:
        """How whole recordings are heard."""
        for name, beams, careful in zip(self.names, (1, _BEAMS), (False, True), strict=True):
            model = load(name)

            def hear(
                audio: Audio,
                how: Hearing,
                model: Whisper = model,
                beams: int = beams,
                careful: bool = careful,
            ) -> str:
                found = model.transcribe(audio, replace(how, beam_size=beams, careful=careful))
                return found.text if found else ""

            yield name, hear


def find(bench: Bench) -> None:
    """Print the words that no model says."""
    ways = list(bench.ways())
    missed: dict[str, list[str]] = defaultdict(list)
    known: set[str] = set()
    for recording, audio in bench.spoken():
        how = Hearing(recording.language)
        known.update(word for _, hear in ways for word in comparable(hear(audio, how), recording.language))
        for word in comparable(recording.text, recording.language):
            missed[word].append(recording.path.stem)
    for word in sorted(missed.keys() - known):
        if len(word) >= _LEAST_LETTERS:
            print(word, *missed[word])


def report_heard(bench: Bench) -> None:
    """Print the table of whole recordings."""
    print(f"| model | hotwords | {HEAD} |\n|---|---|---|---|---|---|")
    for name, hear in bench.ways():
        counts = {which: Counted(bench.bare) for which in bench.vocabularies}
        for recording, audio in bench.spoken():
            reference = comparable(recording.text, recording.language)
            for which, vocabulary in bench.vocabularies.items():
                said = hear(audio, Hearing(recording.language, vocabulary=vocabulary))
                counts[which].add(reference, comparable(said, recording.language))
        for which, count in counts.items():
            print(f"| {name} | {which} | {count.cells()} |", flush=True)


def report_typed(bench: Bench, timings: Path, cache: Path) -> None:
    """Print the table of dictations."""
    pair = _remembered(bench.names, cache)
    drafts, ends = ({which: Counted(bench.bare) for which in bench.vocabularies} for _ in range(2))
    scores = {which: Score() for which in bench.vocabularies}
    for recording, audio in bench.spoken():
        timed = Reference.read(timings / f"{recording.path.stem}.json")
        reference, speech = comparable(recording.text, recording.language), heard(audio)
        for which, vocabulary in bench.vocabularies.items():
            trace = Dictation(*pair, Settings(language="en", vocabulary=vocabulary)).run(speech)
            scores[which].add(timed, trace)
            before = [state.text for state in trace if state.t_s <= timed.end_s]
            for counts, text in ((drafts, before[-1] if before else ""), (ends, trace[-1].text)):
                counts[which].add(reference, comparable(text, recording.language))
        for model in pair:
            model.save()
    print(f"| hotwords | drafts: hits | typed: {HEAD} | erased | a word stands right (s) |\n|{'---|' * 8}")
    for which, score in scores.items():
        rows = score.rows()
        erased, right = rows["characters erased per final character"], list(rows.values())[1]
        hits = f"{drafts[which].hits}/{drafts[which].spoken}"
        print(f"| {which} | {hits} | {ends[which].cells()} | {erased} | {right} |")


def report_replaced(bench: Bench, timings: Path, cache: Path) -> None:
    """Print the table of replacements."""
    pair = _remembered(bench.names, cache)
    scores = {which: Score() for which in ("as heard", "replaced")}
    for recording, audio in bench.spoken():
        timed = Reference.read(timings / f"{recording.path.stem}.json")
        speech, words = heard(audio), comparable(recording.text, recording.language)
        pairs = zip(words[::_EACH], words[1::_EACH], strict=False)
        plain = tuple((f"{one} {two}", f"·{one}·{two}") for one, two in pairs)
        terms = Terms(replacements=(*((word, f"·{word}") for word in words), *plain))
        for which, rules in (("as heard", None), ("replaced", Rules(vocabulary=Vocabulary(terms)))):
            how = Settings(language="en", terms=TypingTerms(rules=rules))
            scores[which].add(timed, Dictation(*pair, how).run(speech))
    print("| words | characters erased | for each that stays |\n|---|---|---|")
    for which, score in scores.items():
        print(f"| {which} | {score.erased} | {score.erased / max(1, score.characters):.3f} |")


def report_noise(bench: Bench, folder: Path, cache: Path) -> None:
    """Print the table of noises."""
    pair = _remembered(bench.names, cache)
    heads = [f"{gate}, {which}" for gate in noise.GATES for which in bench.vocabularies]
    print(f"| noise: typed, left | {' | '.join(heads)} |\n{'|---' * (1 + len(heads))}|")
    for path in noise.recordings(folder):
        audio, cells = read_recording(str(path)), []
        for gate in noise.GATES.values():
            speech = noise.judged(audio, gate)
            for vocabulary in bench.vocabularies.values():
                how = Settings(language="en", vocabulary=vocabulary)
                typed, left = noise.characters(Dictation(*pair, how).run(speech))
                cells.append(f"{typed}, {left}")
        for model in pair:
            model.save()
        print(f"| {path.stem} | {' | '.join(cells)} |", flush=True)


def report_cost(bench: Bench) -> None:
    """Print how many times as long each pass takes."""
    recording, audio = next(bench.spoken())
    hotwords = bench.vocabularies["with"].hotwords("")
    for name in bench.names:
        model = load(name)
        encoded = model._encode(audio, DRAFTS[0])
        text = model._decode(encoded, recording.language, len(audio), 1).text
        size = len(model._prompts.of(recording.language, hotwords).tokens)

        def took(
            *told: tuple[str, ...], model: Whisper = model, encoded: object = encoded, text: str = text
        ) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
            language, count = recording.language, len(audio)
            return np.array(
                [
                    _seconds(lambda: model._encode(audio, DRAFTS[0])),
                    _seconds(lambda: model._decode(encoded, language, count, 1, *told, sure=True)),
                    _seconds(lambda: model._decode(encoded, language, count, _BEAMS, *told)),
                    _seconds(lambda: model._judge(encoded, language, text, count, *told)),
                ]
            )

        before, after = took(), took(hotwords)
        print(f"{name}: {size} tokens before the text", "encode, greedy, beams, judge:")
        print(f"  without {before.round(3)} s, with {after.round(3)} s: {(after / before).round(2)}")


def _seconds(call: Callable[[], object]) -> float:
    call()
    began_s = time.process_time()
    for _ in range(_REPEATED):
        call()
    return (time.process_time() - began_s) / _REPEATED


def _remembered(names: Sequence[str], cache: Path) -> tuple[Remembered, Remembered]:
    here = MACHINES["vnni"]
    fast, heavy = names
    return (
        Remembered(fast, here.fast, cache / f"{fast}-{stamp()}.pickle"),
        Remembered(heavy, here.heavy, cache / f"{heavy}-{stamp()}.pickle"),
    )


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.vocabulary",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("part", choices=("find", "heard", "typed", "replaced", "noise", "cost"))
    parser.add_argument("folders", metavar="FOLDER", nargs="+", type=Path)
    parser.add_argument("--hotwords", metavar="FILE", type=Path, help="one on each line")
    parser.add_argument("--models", nargs=2, default=["tiny.en", "base"], metavar=("FAST", "HEAVY"))
    parser.add_argument("--language", nargs="+", default=["en"], metavar="CODE", help="default: en")
    parser.add_argument(
        "--only", nargs="+", metavar="ID", help="these recordings alone, by the start of the name"
    )
    parser.add_argument("--timings", metavar="FOLDER", type=Path, help="as for `tests.bench.replay`")
    parser.add_argument("--cache", metavar="FOLDER", type=Path, help="keep what the models said")
    given = parser.parse_args()
    hotwords = given.hotwords.read_text(encoding="utf-8").splitlines() if given.hotwords else []
    lists = (folder for folder in given.folders if given.part != "noise")
    chosen = [
        each
        for folder in lists
        for each in recordings(folder, given.language)
        if not given.only or each.path.stem.startswith(tuple(given.only))
    ]
    bench = Bench(given.models, chosen, [word for word in hotwords if word.strip()])
    with tempfile.TemporaryDirectory() as temporary:
        cache = given.cache or Path(temporary)
        cache.mkdir(parents=True, exist_ok=True)
        match given.part:
            case "find":
                find(bench)
            case "heard":
                report_heard(bench)
            case "typed":
                report_typed(bench, given.timings, cache)
            case "replaced":
                report_replaced(bench, given.timings, cache)
            case "noise":
                report_noise(bench, given.folders[0], cache)
            case _:
                report_cost(bench)


if __name__ == "__main__":
    main()
