"""What was said in a recording, with its times. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from voicetype.core import wording
from voicetype.core.replacements import Replacements


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word with the space before it, when it is said, and how sure the model is of it, from 0 to 1."""

    text: str
    start_s: float
    end_s: float
    probability: float


@dataclass(frozen=True, slots=True)
class Passage:
    """About a sentence, with seconds since the recording's start; `words` only where they were asked for."""

    text: str
    start_s: float
    end_s: float
    probability: float
    words: tuple[TimedWord, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """A whole recording. `probability`: of the language, as the model told it; 1.0 where it was not asked."""

    passages: tuple[Passage, ...]
    language: str
    probability: float
    duration_s: float
    model: str

    @property
    def text(self) -> str:
        """All of it, on one line."""
        text = ""
        for passage in self.passages:
            text += wording.join(text, passage.text)
        return text


def spelled(text: str) -> str:
    """A model's word in NFC and without control characters, with one space before it if it has any."""
    bare = "".join(c for c in unicodedata.normalize("NFC", text) if c.isprintable()).strip()
    return f" {bare}" if bare and text[:1].isspace() else bare


def whole(pieces: Iterable[TimedWord]) -> tuple[TimedWord, ...]:
    """The words that pieces make, of which a model has two in "open-source"."""
    words: list[TimedWord] = []
    for piece in pieces:
        if words and len(wording.split(words[-1].text + piece.text)) == 1:
            sure = min(words[-1].probability, piece.probability)
            words[-1] = TimedWord(words[-1].text + piece.text, words[-1].start_s, piece.end_s, sure)
        elif piece.text:
            words.append(piece)
    return tuple(words)


def seamless(passages: Iterable[Passage], replacements: Replacements) -> Iterator[Passage]:
    """The same; words at the end of one that are replaced together with the next one's go over to that one.

    A passage waits for the next one only where its end may be the beginning of what is replaced.
    """
    held: Passage | None = None
    for passage in passages:
        if held is not None:
            left = _left(held, replacements)
            tail, rest = held.words[-left:], held.words[:-left]
            if _typed((*tail, *passage.words), replacements) != (
                _typed(tail, replacements) + _typed(passage.words, replacements)
            ):
                passage = _of_words(passage, (*tail, *passage.words))
                held = _of_words(held, rest)
            if held.words:
                yield held
        held = passage if _left(passage, replacements) else None
        if held is None:
            yield passage
    if held is not None:
        yield held


def _left(passage: Passage, replacements: Replacements) -> int:
    """How many words at its end may be the beginning of what is replaced."""
    return replacements.apply(tuple(word.text for word in passage.words), open_ended=True)[1]


def _typed(words: tuple[TimedWord, ...], replacements: Replacements) -> list[str]:
    """What is compared of what is typed for them: the first word of a passage has no space before it."""
    typed, _ = replacements.apply(tuple(word.text for word in words), open_ended=False)
    return [word.strip() for word in typed]


def _of_words(passage: Passage, words: tuple[TimedWord, ...]) -> Passage:
    """A passage with other words."""
    if not words:
        return replace(passage, words=())
    text = wording.clean("".join(word.text for word in words))
    return replace(passage, text=text, start_s=words[0].start_s, end_s=words[-1].end_s, words=words)


def reworded(passage: Passage, replacements: Replacements) -> Passage:
    """With the user's own words in place of what was heard; its text is empty where nothing is left of it."""
    if not replacements:
        return passage
    heard = tuple(word.text for word in passage.words) or wording.split(passage.text)
    typed, _ = replacements.apply(wording.split("".join(heard)), open_ended=False)
    words = _timed(passage.words, typed) if passage.words else ()
    return replace(passage, text=wording.clean("".join(typed)), words=words)


def _timed(heard: tuple[TimedWord, ...], typed: wording.Words) -> tuple[TimedWord, ...]:
    """The words that are typed, each with the time of what was heard in its place."""
    matcher = SequenceMatcher(None, [word.text for word in heard], typed, autojunk=False)
    timed: list[TimedWord] = []
    for kind, start, end, at, until in matcher.get_opcodes():
        old, new = heard[start:end], typed[at:until]
        if kind == "insert" and timed:  # it shares the time of the word before it
            old = (timed.pop(),)
            new = (old[0].text, *new)
        if kind == "equal":
            timed += old
        elif new:
            timed += _spread(old or heard[:1], new)
    return tuple(timed)


def _spread(heard: tuple[TimedWord, ...], typed: wording.Words) -> Iterator[TimedWord]:
    """Words over the time of others, by their lengths."""
    start_s, whole_s = heard[0].start_s, heard[-1].end_s - heard[0].start_s
    sure, letters, said = min(word.probability for word in heard), sum(map(len, typed)), 0
    for word in typed:
        begins_s = start_s + whole_s * said / letters
        said += len(word)
        yield TimedWord(word, begins_s, start_s + whole_s * said / letters, sure)
