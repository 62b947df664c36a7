"""What a server answers, as text and probabilities: it is believed in nothing but the words.

The interface is OpenAI's `verbose_json`, of which every server fills in a part: words with their
probabilities (faster-whisper's and whisper.cpp's servers), segments with a mean log probability, or the text
alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from voicetype import languages
from voicetype.core.verification import STEADFAST, Standing, wary, word_probabilities
from voicetype.core.wording import Words, clean, key, split
from voicetype.engine.guards import Heard, Verdict, compressible, loop_start, rushed, without_restart

_CODES = {name.casefold(): code for code, name in languages.NAMES.items()}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server says of a window.

    `probabilities`: of the words of `text`, empty where it tells none; `by_word`: each its own, not the mean
    of their segment. `speech`: that anybody speaks at all. `language`: a code; empty where it tells none that
    Whisper knows.
    """

    text: str
    probabilities: tuple[float, ...] = ()
    by_word: bool = False
    speech: float = 1.0
    language: str = ""

    def heard(self, speech_s: float, *, voiced: bool) -> Heard:
        """With the guards that a model's own text passes: no loop, and no more than so much speech holds."""
        if rushed(self.text, speech_s):
            return Heard("", Verdict.OVERFULL, speech_s=speech_s)
        words = split(self.text)
        places = {word: n for n, word in enumerate(dict.fromkeys(map(key, words)))}
        once = without_restart("".join(words[: loop_start([places[key(word)] for word in words])]))
        text = once if compressible(self.text) or once != self.text else self.text
        sure = wary(split(text), self.probabilities[: len(split(text))]) if self.probabilities else ()
        verdict = Verdict.TRUSTED if text == self.text else Verdict.LOOPED
        return Heard(text, verdict, once, sure, 1.0 if voiced else self.speech, speech_s)


def read(body: bytes) -> Answer:
    """An answer, `json` or `verbose_json`. Raises ValueError for what is neither."""
    try:
        told = json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(told, dict) or not isinstance(told.get("text"), str):
        raise ValueError("no text in it")
    text = clean(told["text"])
    segments = [each for each in _list(told.get("segments")) if isinstance(each, dict)]
    silence = [p for each in segments if (p := _probability(each.get("no_speech_prob"))) is not None]
    by_word = _of_words(text, told, segments)
    return Answer(
        text,
        by_word or _of_segments(text, segments),
        bool(by_word),
        1.0 - min(silence, default=0.0),
        _language(told.get("language")),
    )


def gains(standing: Standing, text: str, probabilities: tuple[float, ...]) -> tuple[float, ...]:
    """How much surer a server is of each word of `text` than of what stood in its place, as far as it tells.

    It can't be asked what it thinks of the words that stand; of another word it is as sure as it says.
    """
    if not probabilities or not standing.text:
        return ()
    before, said = split(standing.text), split(text)
    gained = list(probabilities)
    for kind, i, j, k, m in _differences(before, said):
        steady = STEADFAST if kind != "equal" and j <= standing.confirmed and i < standing.confirmed else 0.0
        for n in range(k, m):
            gained[n] = 0.0 if kind == "equal" else max(0.0, gained[n] - steady)
    return tuple(gained)


def _differences(before: Words, said: Words) -> list[tuple[str, int, int, int, int]]:
    matcher = SequenceMatcher(None, [*map(key, before)], [*map(key, said)], autojunk=False)
    return [(str(kind), i, j, k, m) for kind, i, j, k, m in matcher.get_opcodes()]


def _of_words(text: str, told: Mapping[str, Any], segments: list[Any]) -> tuple[float, ...]:
    """From the words of the answer, or of its segments; nothing where one of them has no probability."""
    words = _list(told.get("words")) or [word for each in segments for word in _list(each.get("words"))]
    pieces = [*_pieces(words)]
    if not pieces or len(pieces) < len(words):
        return ()
    return word_probabilities(split(text), pieces)


def _pieces(words: list[Any]) -> Iterator[tuple[str, float]]:
    for word in words:
        if isinstance(word, dict) and isinstance(word.get("word"), str):
            probability = _probability(word.get("probability"))
            if probability is not None:
                yield _spelt(word["word"]), probability


def _spelt(word: str) -> str:
    """A part of the text, as `clean` leaves it within a text: a word of punctuation alone stays."""
    return clean(f"a{word}")[1:]


def _of_segments(text: str, segments: list[Any]) -> tuple[float, ...]:
    """From each segment's mean; a mean of exactly 0 is what servers say that don't know it."""
    pieces = []
    for each in segments:
        mean, said = each.get("avg_logprob"), each.get("text")
        if not isinstance(mean, int | float) or isinstance(mean, bool) or not isinstance(said, str):
            return ()
        if not mean < 0:
            return ()
        pieces.append((_spelt(said), math.exp(mean)))
    return word_probabilities(split(text), pieces) if pieces else ()


def _language(told: object) -> str:
    """A code, also where the server says "english"."""
    said = told.casefold() if isinstance(told, str) else ""
    return said if said in languages.NAMES else _CODES.get(said, "")


def _probability(told: object) -> float | None:
    known = isinstance(told, int | float) and not isinstance(told, bool) and 0.0 <= told <= 1.0
    return float(told) if known and isinstance(told, int | float) else None


def _list(told: object) -> list[Any]:
    return told if isinstance(told, list) else []
