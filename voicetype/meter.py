"""How loud the microphone is: frames pass through, a level is told beside them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from voicetype.core.events import SAMPLE_RATE
from voicetype.frames import Frame, FrameSource

_STEP_SAMPLES = SAMPLE_RATE // 10
_FLOOR_DB = -60.0  # RMS, relative to full scale: a quiet room
_CEILING_DB = -15.0  # a loud voice close by

_HUSH = 1e-9  # instead of the logarithm of nothing


class Metered:
    """A source whose level is told ten times a second of sound, on the thread that iterates.

    Its first `mute_s` seconds are silence, so that a sound that voicetype itself makes is never transcribed.
    """

    def __init__(self, source: FrameSource, level: Callable[[float], object], mute_s: float = 0.0) -> None:
        """`level` is called with 0.0 to 1.0, see `loudness`, and with 0.0 at the end."""
        self._source = source
        self._level = level
        self._mute_samples = math.ceil(mute_s * SAMPLE_RATE)

    def __iter__(self) -> Iterator[Frame]:
        """The source's frames. Raises AudioError."""
        due, position, energy, heard = _STEP_SAMPLES, 0, 0.0, 0
        try:
            for each in self._source:
                frame = self._muted(each, position)
                position += len(frame)
                heard += len(frame)
                energy += float(np.dot(frame, frame))
                if position >= due:
                    self._level(loudness(math.sqrt(energy / heard)))
                    due, energy, heard = due + _STEP_SAMPLES, 0.0, 0
                yield frame
        finally:
            self._level(0.0)

    def stop(self) -> None:
        """End the iteration after what was heard so far."""
        self._source.stop()

    def close(self) -> None:
        """Give the source back."""
        self._source.close()

    def _muted(self, frame: Frame, position: int) -> Frame:
        mute = min(self._mute_samples - position, len(frame))
        if mute <= 0:
            return frame
        return np.concatenate([np.zeros(mute, np.float32), frame[mute:]])


def loudness(rms: float) -> float:
    """The level of sound with this RMS (1.0: full scale), as the ear grades it: 0.0 to 1.0.

    Linear in decibels, from -60 dBFS, a quiet room, to -15 dBFS, a loud voice close by. NaN, from a broken
    device, is no sound.
    """
    decibels = 20 * math.log10(rms) if rms > _HUSH else _FLOOR_DB
    return min(max((decibels - _FLOOR_DB) / (_CEILING_DB - _FLOOR_DB), 0.0), 1.0)
