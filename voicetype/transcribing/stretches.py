"""A recording of any length -> stretches of some minutes, cut at pauses, without what is long silent.

So hours of sound need no more memory than minutes, what is done is known as it goes, and nothing is heard
where nobody speaks, of which a model says "Thank you.".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from voicetype.core.events import SAMPLE_RATE
from voicetype.engine import Audio
from voicetype.engine.silences import Span, cut, spoken

LONGEST_S = 180.0
"""A cut wastes half a window of the model's, and may cost a word; an interruption costs a stretch, and Silero
takes 1.5 MB of memory for each second of it."""

_SHORTEST = 0.6  # of the longest: where a pause is looked for begins here
_SILENT_S = 10.0  # longer than anybody pauses: nothing is heard there
_AROUND_S = 1.0  # seconds of it that are


@dataclass(frozen=True, slots=True)
class Stretch:
    """What lies between two cuts, in samples of the recording; `pieces`: what of it is heard, from where."""

    start: int
    end: int
    pieces: tuple[tuple[int, Audio], ...]


def stretches(
    blocks: Iterable[Audio],
    begin: int = 0,
    longest_s: float = LONGEST_S,
    find: Callable[[Audio], list[Span]] = spoken,
) -> Iterator[Stretch]:
    """The stretches of a recording from its sample `begin` on. `find` tells where somebody speaks."""
    longest = round(longest_s * SAMPLE_RATE)
    held, start = np.zeros(0, np.float32), begin
    for block in _from(blocks, begin):
        held = np.concatenate([held, block])
        while len(held) > longest:
            spans = find(held)
            at = cut(held, spans, round(_SHORTEST * longest), longest)
            yield Stretch(start, start + at, tuple(_pieces(held[:at], spans, start)))
            held, start = held[at:], start + at
    if len(held):
        yield Stretch(start, start + len(held), tuple(_pieces(held, find(held), start)))


def _from(blocks: Iterable[Audio], begin: int) -> Iterator[Audio]:
    for block in blocks:
        skipped = min(begin, len(block))
        begin -= skipped
        if skipped < len(block):
            yield block[skipped:]


def _pieces(audio: Audio, spans: list[Span], offset: int) -> Iterator[tuple[int, Audio]]:
    """What is not long silent."""
    around, silent = round(_AROUND_S * SAMPLE_RATE), round(_SILENT_S * SAMPLE_RATE)
    kept: list[Span] = []
    for start, end in ((start, min(end, len(audio))) for start, end in spans if start < len(audio)):
        if kept and start - kept[-1][1] < silent:
            kept[-1] = (kept[-1][0], end)
        else:
            kept.append((start, end))
    for start, end in kept:
        first = 0 if start < silent else start - around
        last = len(audio) if len(audio) - end < silent else end + around
        yield offset + first, audio[first:last]
