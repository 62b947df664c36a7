"""Frame -> how likely it is speech, by Silero's voice activity detector, which faster-whisper brings.

It is a small recurrent network that knows voices from other sounds: keys, taps, music and fans leave it cold,
where WebRTC's detector takes most of them for speech. It hears each frame behind the end of the last one, and
remembers what it heard: so it is given every frame, also in silence (0.05 ms for the 32 ms of a frame).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicetype import logs
from voicetype.frames import FRAME_SAMPLES

_CONTEXT = 64  # samples of the last frame that it hears again
_UNITS = 128

_LOUD = 0.5
_MOST_GAIN = 100.0
_FADING = 0.9936
"""It is deaf to a voice below -60 dBFS or so, and hard of hearing to a hoarse one well above that. So sound
is raised until its loudest sample of late (which counts half after 3.5 s) would be this loud, by so much at
most: from the first frame on, for it does not mind raised hiss. Beside a near voice a far one stays quiet."""


@cache
def load() -> Any:
    """The network; one for all dictations, on one thread and without a log of its own.

    Raises ImportError, RuntimeError where onnxruntime, which runs it, is not there; OSError and errors of
    onnxruntime's where it can't be read.
    """
    import onnxruntime
    from faster_whisper.vad import get_vad_model

    # Of its severities 0 is what DEBUG, 10, is to `logging`, and 4 what CRITICAL, 50, is.
    logs.library("onnxruntime", lambda level: onnxruntime.set_default_logger_severity(level // 10 - 1))
    return get_vad_model().session


class SileroDetector:
    """The likelihood of speech, frame by frame. Owned by the listening thread."""

    def __init__(self) -> None:
        """Raises what `load` does."""
        self._network = load()
        self._state = (np.zeros((1, 1, _UNITS), np.float32),) * 2
        self._before = np.zeros(_CONTEXT, np.float32)
        self._loudest = 0.0

    def __call__(self, frame: NDArray[np.float32]) -> float:
        """From 0.0 to 1.0; `frame` has the shape (512,), 16 kHz."""
        frame = np.clip(np.nan_to_num(frame), -1.0, 1.0)
        assert len(frame) == FRAME_SAMPLES
        self._loudest = max(self._loudest * _FADING, float(np.abs(frame).max()))
        gain = max(1.0, _LOUD / max(self._loudest, _LOUD / _MOST_GAIN))
        heard = np.clip(np.concatenate([self._before, frame]) * np.float32(gain), -1.0, 1.0)
        inputs = {"input": heard[np.newaxis], "h": self._state[0], "c": self._state[1]}
        likelihood, *state = self._network.run(None, inputs)
        self._before, self._state = frame[-_CONTEXT:], (state[0], state[1])
        return float(likelihood.item())
