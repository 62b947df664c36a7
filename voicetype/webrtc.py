"""Frame -> how much of it is speech, by WebRTC's voice activity detector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voicetype.core.events import SAMPLE_RATE

PIECE_SAMPLES = SAMPLE_RATE // 100
"""10 ms, the shortest piece the detector takes, so that a frame of 512 samples holds three or four."""

FLOOR_RMS = 5e-4
"""A piece below -66 dBFS is never speech: the detector takes faint, steady hiss for voice at times."""

SUREST = 0.8
"""It takes much for speech: it is never so sure that the doubts of a model would not count."""

_LOUD = 0.1
_MOST_GAIN = 10.0
_FADING = 0.998
_LEARNING = 10
"""The detector is deaf to a far or quiet voice. So sound is raised until its loudest sample of late (which
counts half after 3.5 s) would be this loud, by so much at most, and not before the detector has heard so many
pieces of the room: before, it takes raised hiss for voice."""

_ABOVE_NOISE = 16.0
_RISING = 1.0005
"""Steady noise is not raised: the loudest sample has to stand so far above the RMS of the room, which is the
least of any piece of late (it counts double after 14 s)."""


class WebrtcDetector:
    """The share of voiced 10 ms pieces in a frame, up to `SUREST`. Owned by the listening thread.

    The detector learns the room's noise, and frames are no multiple of a piece: what is left over
    waits for the next frame. `reset` forgets both.
    """

    def __init__(self, aggressiveness: int) -> None:
        """`aggressiveness`: 0 (takes much for speech) to 3 (little). Raises ValueError for another."""
        self._aggressiveness = aggressiveness
        self._rest: NDArray[np.float32]
        self.reset()

    def __call__(self, frame: NDArray[np.float32]) -> float:
        """From 0.0 to `SUREST`; `frame` has the shape (n,), 16 kHz. A frame without a whole piece: 0.0."""
        samples = np.concatenate([self._rest, np.nan_to_num(frame, posinf=1.0, neginf=-1.0)])
        whole = len(samples) - len(samples) % PIECE_SAMPLES
        self._rest = samples[whole:]
        pieces = samples[:whole].reshape(-1, PIECE_SAMPLES)
        if not len(pieces):
            return 0.0
        return min(SUREST, sum(map(self._voiced, pieces)) / len(pieces))

    def reset(self) -> None:
        """Forget what was heard."""
        import webrtcvad

        self._detector = webrtcvad.Vad(self._aggressiveness)
        self._rest = np.zeros(0, dtype=np.float32)
        self._loudest, self._room, self._learnt = _LOUD / 2, np.inf, 0

    def _voiced(self, piece: NDArray[np.float32]) -> bool:
        raised = piece * self._gain(piece)
        # The detector hears quiet pieces as well: it learns the noise from them.
        pcm = (np.clip(raised, -1.0, 1.0) * 32767.0).astype(np.int16)
        voiced = bool(self._detector.is_speech(pcm.tobytes(), SAMPLE_RATE))
        return voiced and _rms(raised) >= FLOOR_RMS

    def _gain(self, piece: NDArray[np.float32]) -> float:
        self._loudest = max(self._loudest * _FADING, float(np.abs(piece).max()))
        if piece.any():  # no room is as quiet as nothing: a device that wakes up, or a start that was muted
            self._room = min(self._room * _RISING, _rms(piece))
        self._learnt += 1
        if self._learnt <= _LEARNING or self._loudest < _ABOVE_NOISE * self._room:
            return 1.0
        return max(1.0, _LOUD / max(self._loudest, _LOUD / _MOST_GAIN))


def _rms(piece: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(np.square(piece))))
