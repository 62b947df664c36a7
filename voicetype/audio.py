"""Recording -> frames, as if a microphone heard it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voicetype.core.events import SAMPLE_RATE
from voicetype.decoding import opened, shown
from voicetype.errors import AudioError
from voicetype.frames import FRAME_SAMPLES, Frame, padded


class Recording:
    """Samples as if a microphone heard them."""

    def __init__(
        self,
        samples: NDArray[np.float32],
        realtime: bool = True,
        now: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """`samples`: shape (n,), 16 kHz. `realtime`: frame k comes (k + 1) * 0.032 s after the start.

        `wait` pauses for so many seconds; the default returns early when the recording is stopped.
        """
        self._samples = samples
        self._realtime = realtime
        self._stopped = threading.Event()
        self._now = now
        self._wait = wait or self._stopped.wait

    def stop(self) -> None:
        """End the iteration."""
        self._stopped.set()

    def close(self) -> None:
        """End the iteration; there is nothing to give back."""
        self.stop()

    def __iter__(self) -> Iterator[Frame]:
        """The frames; the last one is filled up with silence."""
        start = self._now()
        for position in range(0, len(self._samples), FRAME_SAMPLES):
            if self._realtime:
                # Measured from the start each time, so that the pauses' own lengths never add up.
                due = start + (position + FRAME_SAMPLES) / SAMPLE_RATE
                while (left_s := due - self._now()) > 0 and not self._stopped.is_set():
                    self._wait(left_s)
            if self._stopped.is_set():
                return
            yield padded(self._samples[position : position + FRAME_SAMPLES])


def read_recording(path: str | Path) -> NDArray[np.float32]:
    """A recording in any format that FFmpeg reads: shape (n,), 16 kHz, mono. "-": from a pipe.

    Raises AudioError.
    """
    with opened(path) as sound:
        blocks = list(sound.blocks())
    if not sum(map(len, blocks)):
        raise AudioError(
            f"There is no sound in {shown(path)}.", "It may have been cut off while it was recorded."
        )
    return np.concatenate(blocks)
