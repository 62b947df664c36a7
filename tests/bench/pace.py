"""What a model's calls take on a machine: measured here, or estimated from published figures."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from voicetype.core.events import SAMPLE_RATE
from voicetype.engine import Audio, EngineOptions, models
from voicetype.engine.guards import DRAFTS
from voicetype.engine.whisper import Whisper
from voicetype.settings import Settings

if TYPE_CHECKING:
    pass

_T = TypeVar("_T")

_LANGUAGE = "en"
_MEASURED_S = 12.0  # of speech, for the pace of this machine


@dataclass(frozen=True, slots=True)
class Line:
    """Seconds of a call: so many whatever it is asked, and so many for each of something."""

    fixed_s: float
    each_s: float

    def at(self, count: float) -> float:
        """Seconds for so many."""
        return max(0.0, self.fixed_s + self.each_s * count)

    @classmethod
    def fit(cls, points: Sequence[tuple[float, float]]) -> Line:
        """The line of least squares through points of a count and seconds."""
        each_s, fixed_s = np.polyfit([count for count, _ in points], [taken_s for _, taken_s in points], 1)
        return cls(float(fixed_s), float(each_s))


@dataclass(frozen=True, slots=True)
class Pace:
    """What a model's calls take on one core. `beams`: how many times as long with beams as without."""

    encode: Line  # for each second of the window
    decode: Line  # for each token
    judge: Line  # for each token of the draft
    beams: float


@dataclass(frozen=True, slots=True)
class Machine:
    """What both models take on it."""

    fast: Pace
    heavy: Pace


MACHINES: Mapping[str, Machine] = {
    "vnni": Machine(
        Pace(Line(0.0, 0.0035), Line(0.0, 0.0040), Line(0.0, 0.0006), 1.3),
        Pace(Line(0.0, 0.0085), Line(0.0, 0.0060), Line(0.003, 0.0008), 1.3),
    ),
    "plain": Machine(
        Pace(Line(-0.03, 0.033), Line(0.0, 0.010), Line(0.03, 0.0020), 1.85),
        Pace(Line(-0.10, 0.084), Line(0.0, 0.018), Line(0.09, 0.0045), 1.85),
    ),
}


def load(name: str) -> Whisper:
    """A model on one thread."""
    return Whisper(models.ensure(name), name, EngineOptions(threads=1))


def tokens(model: Whisper, text: str, language: str) -> int:
    """How many tokens it is for the decoder, with the end."""
    return len(model._prompts.of(language).tokenizer.encode(f" {text}")) + 1


def measured(name: str, audio: Audio) -> Pace:
    """The pace of a model on this machine, from windows of three sizes of a recording."""
    model, shape = load(name), DRAFTS[0]
    model.warm_up()
    encode, decode, judge, beams_s = [], [], [], 0.0
    for size in (len(audio) // 4, len(audio) // 2, len(audio)):
        encode_s, encoded = _timed(partial(model._encode, audio[:size], shape))
        decode_s, heard = _timed(partial(model._decode, encoded, _LANGUAGE, size, 1))
        judge_s, _ = _timed(partial(model._judge, encoded, _LANGUAGE, heard.text, size))
        beams_s += _timed(partial(model._decode, encoded, _LANGUAGE, size, Settings().beam_size))[0]
        count = tokens(model, heard.text, _LANGUAGE)
        encode.append((shape.samples(size) / SAMPLE_RATE, encode_s))
        decode.append((count, decode_s))
        judge.append((count, judge_s))
    greedy_s = sum(taken_s for _, taken_s in decode)
    return Pace(Line.fit(encode), Line.fit(decode), Line.fit(judge), beams_s / greedy_s)


def _timed(call: Callable[[], _T]) -> tuple[float, _T]:
    """The seconds of the faster of two calls, and what came of it."""
    taken = []
    for _ in range(2):
        began = time.perf_counter()
        result = call()
        taken.append(time.perf_counter() - began)
    return min(taken), result


def machine(name: str, kept: Path, fast: str, heavy: str, audio: Audio) -> Machine:
    """The machine of that name; this one is measured, unless that was done before."""
    if name in MACHINES:
        return MACHINES[name]
    if not kept.exists():
        speech = audio[: round(_MEASURED_S * SAMPLE_RATE)]
        kept.write_bytes(pickle.dumps(Machine(measured(fast, speech), measured(heavy, speech))))
    here: Machine = pickle.loads(kept.read_bytes())
    return here
