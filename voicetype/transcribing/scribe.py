"""Stretches of a recording -> passages: one model, and the user's own words.

The model is called on a thread that can be left behind, so that Ctrl-C need not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Protocol, TypeVar

from voicetype.calls import CallThread
from voicetype.core.events import SAMPLE_RATE
from voicetype.core.passages import Passage, reworded, seamless
from voicetype.core.vocabulary import Vocabulary
from voicetype.decoding import Sound
from voicetype.engine import Audio, Hearing
from voicetype.engine.offline import Way
from voicetype.transcribing.partial import Done
from voicetype.transcribing.stretches import stretches

_PATIENCE_S = 1e6  # whoever waits sees how far it is, and has Ctrl-C
_NO_WORDS = Vocabulary()
_T = TypeVar("_T")


class Model(Protocol):
    """What hears; `engine.offline.Offline` is one."""

    @property
    def name(self) -> str:
        """As the configuration spells it."""

    def language(self, audio: Audio, how: Hearing) -> tuple[str, float]:
        """The code of the language of a recording that begins with `audio`, and how probable it is."""

    def passages(self, audio: Audio, way: Way) -> Iterator[Passage]:
        """What is said in it, as it is heard."""


class Scribe:
    """Hears what is said, with a model that is loaded when it is first needed. Used by one thread."""

    def __init__(
        self, load: Callable[[], Model], how: Hearing, way: Way, vocabulary: Vocabulary = _NO_WORDS
    ) -> None:
        """`how`: which language is to be heard; `way`: the rest, for all recordings."""
        self._load = load
        self._how = how
        self._way = way
        self._vocabulary = vocabulary

    @cached_property
    def model(self) -> Model:
        """The model. Raises ModelError."""
        return self._load()

    def stretches(
        self, sound: Sound, done: Sequence[Done], tell: Callable[[Passage], object]
    ) -> Iterator[Done]:
        """What is said behind what is `done`, a stretch at a time; each passage is told as it is heard.

        Raises AudioError, ModelError.
        """
        language, probability = next(((d.language, d.probability) for d in done if d.language), ("", 0.0))
        calls = CallThread("transcribing", lambda: None)
        try:
            for stretch in stretches(sound.blocks(), done[-1].until if done else 0):
                heard: list[Passage] = []
                for start, audio in stretch.pieces:
                    if not language:
                        asking = partial(self.model.language, audio, self._how)
                        language, probability = calls.make(asking, _PATIENCE_S)
                    for passage in _patiently(calls, self._passages(audio, start, language)):
                        heard.append(passage)
                        tell(passage)
                yield Done(stretch.end, tuple(heard), language, probability)
        finally:
            calls.end()

    def _passages(self, audio: Audio, start: int, language: str) -> Iterator[Passage]:
        """What is said in a piece of a recording; it begins at the sample `start`."""
        way = replace(self._way, language=language, hotwords=self._vocabulary.hotwords(language))
        replacements = self._vocabulary.replacements(language)
        heard = (_later(passage, start / SAMPLE_RATE) for passage in self.model.passages(audio, way))
        for raw in seamless(heard, replacements):
            passage = reworded(raw, replacements)
            if passage.text:
                yield passage

    @property
    def asked(self) -> dict[str, object]:
        """What a text depends on, beside the recording."""
        return {
            "model": self.model.name,
            "language": self._how.language,
            "among": list(self._how.among),
            "beams": self._way.beam_size,
        }


def _patiently(calls: CallThread, each: Iterator[_T]) -> Iterator[_T]:
    """The same, each made on the other thread."""
    while (got := calls.make(partial(next, each, None), _PATIENCE_S)) is not None:
        yield got


def _later(passage: Passage, by_s: float) -> Passage:
    words = tuple(replace(w, start_s=w.start_s + by_s, end_s=w.end_s + by_s) for w in passage.words)
    return replace(passage, start_s=passage.start_s + by_s, end_s=passage.end_s + by_s, words=words)
