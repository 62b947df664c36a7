"""A Whisper model on whole recordings, a stretch at a time: faster-whisper's own padded windows.

One window after the other, each beginning where the last word of the one before ended; or, faster, several
beside each other, cut at pauses. Either way may pass over something: with time stamps a model may tell too
early that nobody speaks on, without them it may end early or skip a sentence. By the times of the words it is
found where; what one way passes over is heard the other way, and what passes over less holds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from voicetype.core.events import SAMPLE_RATE
from voicetype.core.passages import Passage, TimedWord, spelled, whole
from voicetype.core.wording import clean
from voicetype.engine import Audio, Hearing
from voicetype.engine.prompts import sentence
from voicetype.engine.silences import Span, spoken, windows
from voicetype.errors import ModelError

_LONGEST_S = 29.0  # of a window of a batch; the model hears thirty seconds
_AROUND = SAMPLE_RATE // 5  # samples before and behind a window's speech
_UNHEARD_S = 3.0
"""So much speech between the beginnings of two words: something is passed over. Of some 220 windows of read
English (tiny.en, base) nearly all had 0.5 to 2 at most, nine 2.1 to 3.2, and those with a gap 4.3 to 17.4,
most of which had less than 2 when they were heard the other way. A false alarm costs time, seldom a word."""

_Told = tuple[Span, list[Any]]
"""A window, and the segments of faster-whisper's that are said in it."""

_REPETITIVE, _UNLIKELY = 2.4, -1.0  # faster-whisper's own bounds, which its batches don't heed


@dataclass(frozen=True, slots=True)
class Way:
    """How recordings are heard. `language`: a code of Whisper. `words`: the times of each word, and so a
    second look at what is passed over; without them it is faster-whisper's own.

    `batch`: how many windows beside each other. `hotwords`: words that are to be expected.
    """

    language: str
    beam_size: int = 5
    batch: int = 1
    words: bool = False
    hotwords: tuple[str, ...] = ()


class Offline:
    """A loaded model on stretches of recordings; one thread at a time calls it."""

    def __init__(
        self, name: str, model: Any, language: Callable[[Audio, Hearing], tuple[str, float]]
    ) -> None:
        """`model`: a loaded faster_whisper.WhisperModel; `language`: tells that of its first half minute."""
        self.name = name
        self._model = model
        self._language = language

    def language(self, audio: Audio, how: Hearing) -> tuple[str, float]:
        """The language of `audio`, and how probable it is: 1.0 where it was told. Raises ModelError."""
        try:
            return self._language(audio, how)
        except RuntimeError as error:
            raise self._failed(error) from error

    def passages(self, audio: Audio, way: Way) -> Iterator[Passage]:
        """What is said in a stretch, as it is heard; times since its start. Raises ModelError."""
        try:
            for segment in self._checked(audio, way) if way.words else self._in_order(audio, way):
                if text := clean(segment.text):
                    yield _passage(segment, text)
        except RuntimeError as error:
            raise self._failed(error) from error

    def _checked(self, audio: Audio, way: Way) -> Iterator[Any]:
        """A window that fails is heard the other way too; where that hears nothing, nobody speaks."""
        ways = (self._beside, self._one_by_one)
        first, other = ways if way.batch > 1 else reversed(ways)
        speech = spoken(audio)
        for span, segments in first(audio, speech, way):
            faults = _faults(segments, span, speech)
            if segments and faults[0]:
                piece = audio[slice(*span)]
                told = (each for _, each in other(piece, spoken(piece), way))
                again = [_later(segment, span[0] / SAMPLE_RATE) for each in told for segment in each]
                if not again or _faults(again, span, speech) < faults:
                    segments = again
            yield from segments

    def _in_order(self, audio: Audio, way: Way) -> Iterator[Any]:
        segments, _ = self._model.transcribe(audio, condition_on_previous_text=False, **_options(way))
        yield from segments

    def _one_by_one(self, audio: Audio, _speech: list[Span], way: Way) -> Iterator[_Told]:
        begin, held = 0, list[Any]()
        for segment in self._in_order(audio, way):
            if held and segment.seek != held[-1].seek:
                yield (begin, _begin(segment)), held
                begin, held = _begin(segment), []
            held.append(segment)
        yield (begin, len(audio)), held

    def _beside(self, audio: Audio, speech: list[Span], way: Way) -> Iterator[_Told]:
        from faster_whisper import BatchedInferencePipeline

        pipeline = BatchedInferencePipeline(self._model)
        spans = _widened(windows(audio, speech, round(_LONGEST_S * SAMPLE_RATE)), len(audio))
        for at in range(0, len(spans), way.batch):
            group = spans[at : at + way.batch]
            clips = [{"start": start / SAMPLE_RATE, "end": end / SAMPLE_RATE} for start, end in group]
            told, _ = pipeline.transcribe(audio, clip_timestamps=clips, batch_size=way.batch, **_options(way))
            yield from zip(group, _by_window(list(told), group), strict=True)

    def _failed(self, error: RuntimeError) -> ModelError:
        return ModelError(f"The model {self.name} failed: {error}", "Try another model, or `--batch 1`.")


def _options(way: Way) -> dict[str, Any]:
    return {
        "language": way.language,
        "beam_size": way.beam_size,
        "word_timestamps": way.words,
        "hotwords": sentence(way.hotwords),
    }


def _begin(segment: Any) -> int:
    """The first sample of its window; `seek` is in hundredths of a second."""
    return int(segment.seek) * SAMPLE_RATE // 100


def _by_window(segments: list[Any], spans: list[Span]) -> list[list[Any]]:
    """What was said in each window."""
    begins = [int(start / SAMPLE_RATE * 100) for start, _ in spans]
    return [[segment for segment in segments if segment.seek == begin] for begin in begins]


def _faults(segments: list[Any], window: Span, speech: list[Span]) -> tuple[int, float]:
    """How many measures are failed; and the most seconds of speech that two words begin apart."""
    words = (word for segment in segments for word in segment.words or ())
    bounds = (window[0], *(round(word.start * SAMPLE_RATE) for word in words), window[1])
    unheard = max(
        sum(max(0, min(end, until) - max(start, begin)) for start, end in speech)
        for begin, until in pairwise(bounds)
    )
    failed = (
        unheard > _UNHEARD_S * SAMPLE_RATE,
        any(segment.compression_ratio > _REPETITIVE for segment in segments),
        any(segment.avg_logprob < _UNLIKELY for segment in segments),
    )
    return sum(failed), unheard / SAMPLE_RATE


def _widened(found: list[Span], length: int) -> list[Span]:
    """Each window with a little of the silence around it, of which none is in two."""
    bounds = [0, *((a[1] + b[0]) // 2 for a, b in pairwise(found)), length]
    return [
        (max(start - _AROUND, bounds[place]), min(end + _AROUND, bounds[place + 1]))
        for place, (start, end) in enumerate(found)
    ]


def _passage(segment: Any, text: str) -> Passage:
    pieces = (TimedWord(spelled(w.word), w.start, w.end, w.probability) for w in segment.words or ())
    sure = min(1.0, math.exp(segment.avg_logprob))
    return Passage(text, segment.start, segment.end, sure, whole(pieces))


def _later(segment: Any, by_s: float) -> Any:
    """A segment of faster-whisper's at another time."""
    for timed in (segment, *(segment.words or ())):
        timed.start += by_s
        timed.end += by_s
    return segment
