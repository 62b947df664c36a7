"""Frames, the pieces in which sound travels, and what cuts any sound into them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from voicetype.core.events import SAMPLE_RATE

Frame = NDArray[np.float32]
"""Samples in [-1, 1], shape (512,), 16 kHz, mono."""

FRAME_SAMPLES = 512


class FrameSource(Protocol):
    """Where frames come from."""

    def __iter__(self) -> Iterator[Frame]:
        """The frames, until there are no more or `stop` was called. Raises AudioError."""

    def stop(self) -> None:
        """End the iteration after what was heard so far. For any thread; may be called twice."""

    def close(self) -> None:
        """Give the source back without its being read; safe to call twice, from any thread."""


class FrameCutter:
    """Samples in pieces of any length -> frames of 512."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, dtype=np.float32)

    def push(self, samples: NDArray[np.float32]) -> Iterator[Frame]:
        """The frames that are whole with these `samples`, shape (n,)."""
        samples = np.concatenate([self._rest, samples]) if len(self._rest) else samples
        whole = len(samples) - len(samples) % FRAME_SAMPLES
        self._rest = samples[whole:]
        yield from samples[:whole].reshape(-1, FRAME_SAMPLES)

    def flush(self) -> Iterator[Frame]:
        """What is left, filled up with silence."""
        if len(self._rest):
            yield padded(self._rest)
        self._rest = self._rest[:0]


class Resampler:
    """Samples at a device's own rate -> 16 kHz, seamless from piece to piece; FFmpeg's, through PyAV."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._resampler: Any = None
        if rate != SAMPLE_RATE:
            import av

            self._resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """What is ready of the resampled sound; `samples` has the shape (n,)."""
        if self._resampler is None:
            return samples
        import av

        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate = self._rate
        return self._joined(self._resampler.resample(frame))

    def flush(self) -> NDArray[np.float32]:
        """What it still holds back."""
        return (
            np.zeros(0, np.float32)
            if self._resampler is None
            else self._joined(self._resampler.resample(None))
        )

    @staticmethod
    def _joined(frames: list[Any]) -> NDArray[np.float32]:
        return np.concatenate(
            [np.zeros(0, np.float32), *(frame.to_ndarray().reshape(-1) for frame in frames)]
        )


def padded(samples: NDArray[np.float32]) -> Frame:
    """A frame of at most 512 samples and silence."""
    return np.pad(samples, (0, FRAME_SAMPLES - len(samples)))
