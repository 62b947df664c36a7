"""Where somebody speaks in a recording, by Silero's voice activity detector, which faster-whisper brings."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from voicetype.core.events import SAMPLE_RATE
from voicetype.engine import Audio

Span = tuple[int, int]
"""Samples: the first, and the one behind the last."""

_SPEECH = 0.35
"""How likely it must be: below the usual half, since what is left out is lost."""

_LOUD, _MOST_GAIN = 0.5, 100.0
"""It is deaf to a quiet voice: sound is raised until its loudest sample is so loud, by so much at most."""

_PAUSE_MS = 200
_AROUND_MS = 60
_STEP = SAMPLE_RATE // 20


def spoken(audio: Audio) -> list[Span]:
    """Where somebody speaks, in order; what is between two spans is a pause."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(threshold=_SPEECH, min_silence_duration_ms=_PAUSE_MS, speech_pad_ms=_AROUND_MS)
    gain = max(1.0, _LOUD / max(float(np.abs(audio).max(initial=0.0)), _LOUD / _MOST_GAIN))
    told = get_speech_timestamps(np.clip(audio * np.float32(gain), -1, 1), options)
    return [(span["start"], span["end"]) for span in told]


def cut(audio: Audio, spans: list[Span], first: int, last: int) -> int:
    """A sample between `first` and `last` at which little is lost: in the middle of the longest pause.

    Where nobody pauses, the quietest twentieth of a second.
    """
    ends = [(0, 0), *spans, (len(audio), len(audio))]
    pauses = [(max(end, first), min(start, last)) for (_, end), (start, _) in pairwise(ends)]
    begin, end = max(pauses, key=lambda pause: pause[1] - pause[0])
    if begin < end:
        return (begin + end) // 2
    steps = range(first, max(first + 1, last - _STEP), _STEP)
    return min(steps, key=lambda at: float(np.square(audio[at : at + _STEP]).sum())) + _STEP // 2


def windows(audio: Audio, spans: list[Span], longest: int) -> list[Span]:
    """The spans as windows of at most `longest` samples, each as long as can be, cut at pauses."""
    found: list[Span] = []
    for start, end in spans:
        if found and end - found[-1][0] <= longest:
            found[-1] = (found[-1][0], end)
            continue
        while end - start > longest:
            at = cut(audio, spans, start + longest // 2, start + longest)
            found.append((start, at))
            start = at
        found.append((start, end))
    return found
