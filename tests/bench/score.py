"""What stood on the screen, and when: the quality figures.

A *trace* is a list of screen states in order, each with the seconds since the first sample was fed (in
real time). A *reference* has the words with their start and end seconds, and the end of speech.

first      the first right word on the screen, after the start of speech
emission   a word stands right for the first time, after its own end
settle     a word changes for the last time, after its own end
final      the screen changes for the last time, after the end of speech
erasure    characters erased for each character that stays ("normalized erasure": Arivazhagan and others,
           "Re-translation versus streaming for simultaneous translation", 2020); on words, case and
           punctuation don't count
keys       backspaces and typed characters for each character that stays; 1.0 is the limit
wer        word errors of the final screen, without case and punctuation
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class State:
    """The screen at a moment. `t_s`: seconds since the first sample."""

    t_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Reference:
    """What was said. `words`: word, start and end seconds; `end_s`: where speech ends."""

    text: str
    words: tuple[tuple[str, float, float], ...]
    end_s: float

    @classmethod
    def read(cls, path: Path) -> Reference:
        """From a JSON file with `text`, `words` and `end`."""
        raw = json.loads(path.read_text())
        timed = [(bare, start, end) for word, start, end in raw["words"] for bare in normalise(word)[:1]]
        return cls(raw["text"], tuple(timed), raw["end"])

    @property
    def speech_s(self) -> float:
        """Seconds from the first word to the end of speech, pauses and all."""
        return self.end_s - self.words[0][1]


@dataclass(frozen=True, slots=True)
class Stood:
    """When words of the reference, by their place in it, stood right on the screen.

    `first`: seconds of the first time. `since`: of the last time; words that don't stay are not in it.
    """

    first: dict[int, float]
    since: dict[int, float]


@dataclass
class Score:
    """Figures pooled over recordings; times in seconds."""

    first: list[float] = field(default_factory=list)
    emission: list[float] = field(default_factory=list)
    settle: list[float] = field(default_factory=list)
    final: list[float] = field(default_factory=list)
    erased: int = 0
    typed: int = 0
    characters: int = 0
    errors: int = 0
    words: int = 0
    erased_words: int = 0
    final_words: int = 0

    def add(self, reference: Reference, trace: Sequence[State]) -> None:
        """Take one recording in."""
        screen, last_change = "", None
        shown: list[str] = []
        for state in trace:
            if state.text == screen:
                continue
            kept = _common(screen, state.text)
            self.erased += len(screen) - kept
            self.typed += len(state.text) - kept
            before, shown = shown, normalise(state.text)
            self.erased_words += len(before) - _common(before, shown)
            screen, last_change = state.text, state.t_s
        self.characters += len(screen)
        self.final_words += len(shown)
        said = normalise(reference.text)
        self.errors += word_errors(said, shown)
        self.words += len(said)
        stood = stood_right(reference, trace)
        if stood.first:
            self.first.append(min(stood.first.values()) - reference.words[0][1])
        self.emission += [stood.first[n] - reference.words[n][2] for n in stood.since]
        self.settle += [since - reference.words[n][2] for n, since in stood.since.items()]
        if last_change is not None:
            self.final.append(last_change - reference.end_s)

    def rows(self) -> dict[str, str]:
        """The figures as they are printed."""
        characters = max(1, self.characters)
        return {
            "first text after speech begins, p50 / p90 (s)": _quantiles(self.first),
            "a word stands right after its end, p50 / p90 (s)": _quantiles(self.emission),
            "last change of a word after its end, p50 / p90 (s)": _quantiles(self.settle),
            "last change of the screen after speech, p50 / p90 (s)": _quantiles(self.final),
            "characters erased per final character": f"{self.erased / characters:.2f}",
            "words erased per final word": f"{self.erased_words / max(1, self.final_words):.2f}",
            "keys per final character": f"{(self.erased + self.typed) / characters:.2f}",
            "word error rate": f"{100 * self.errors / max(1, self.words):.1f} %",
        }


def stood_right(reference: Reference, trace: Iterable[State], *, heard: bool = False) -> Stood:
    """When each word of the reference stood right. `heard`: not before it was begun, as a guess may."""
    timed = [word for word, _, _ in reference.words]
    first: dict[int, float] = {}
    since: dict[int, float] = {}
    for state in trace:
        right = matched(timed, normalise(state.text))
        if heard:
            right = {n for n in right if reference.words[n][1] <= state.t_s}
        first = dict.fromkeys(right, state.t_s) | first
        since = {n: since.get(n, state.t_s) for n in right}
    return Stood(first, since)


def read_trace(path: Path) -> list[State]:
    """A trace from a file of JSON lines with `t` and `text`."""
    lines = (json.loads(line) for line in path.read_text().splitlines() if line.strip())
    return [State(line["t"], line["text"]) for line in lines]


def normalise(text: str) -> list[str]:
    """Words in lower case without punctuation; apostrophes inside a word stay, hyphens part words."""
    words = re.split(r"[\s\-—]+", text.replace("’", "'").lower())
    bare = (re.sub(r"[^\w']|_", "", word).strip("'") for word in words)
    return [word for word in bare if word]


def word_errors(reference: Sequence[str], said: Sequence[str]) -> int:
    """Levenshtein's distance on words."""
    row = list(range(len(said) + 1))
    for n, wanted in enumerate(reference, 1):
        diagonal, row[0] = row[0], n
        for m, word in enumerate(said, 1):
            diagonal, row[m] = row[m], min(row[m] + 1, row[m - 1] + 1, diagonal + (wanted != word))
    return row[-1]


def matched(reference: Sequence[str], shown: Sequence[str]) -> set[int]:
    """Which words of the reference, by their place in it, stand on the screen, in order."""
    blocks = difflib.SequenceMatcher(None, reference, shown, autojunk=False).get_matching_blocks()
    return {n for block in blocks for n in range(block.a, block.a + block.size)}


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many characters, or words, both begin with."""
    for n, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return n
    return min(len(one), len(other))


def _quantiles(values: Iterable[float]) -> str:
    ordered = sorted(values)
    if not ordered:
        return "–"
    return " / ".join(f"{ordered[min(len(ordered) - 1, int(q * len(ordered)))]:.2f}" for q in (0.5, 0.9))
