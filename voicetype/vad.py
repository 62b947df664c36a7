"""Frame -> how sure it is that somebody speaks in it: the gate before the models.

Silero decides alone. WebRTC's detector before it would save a thousandth of a core, and is deaf to quiet
voices; it stands in where onnxruntime, which Silero needs, is missing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from voicetype import silero
from voicetype.silero import SileroDetector
from voicetype.webrtc import WebrtcDetector

log = logging.getLogger(__name__)

_LOADING = threading.Lock()  # what is asked for twice is loaded, and missed, once

_SPEECH = (0.3, 0.35, 0.4, 0.6)
"""From which likelihood on a frame is more speech than not, by aggressiveness. Of 468 short words said alone
none misses 0.4 and nine miss 0.5; sounds that are no speech mostly stay below 0.3."""


class VoiceActivity:
    """How sure it is that a frame is speech; 0.5: as likely as not. Owned by the listening thread."""

    def __init__(self, aggressiveness: int) -> None:
        """`aggressiveness`: 0 (takes much for speech) to 3 (little). Raises ValueError for another."""
        if aggressiveness not in range(len(_SPEECH)):
            raise ValueError(f"There is no aggressiveness {aggressiveness}.")
        self._even = 0.5
        self._detector: Callable[[NDArray[np.float32]], float]
        if warm_up():
            self._detector, self._even = SileroDetector(), _SPEECH[aggressiveness]
        else:
            self._detector = WebrtcDetector(aggressiveness)

    def __call__(self, frame: NDArray[np.float32]) -> float:
        """From 0.0 to 1.0; `frame` has the shape (512,), 16 kHz."""
        likelihood, even = self._detector(frame), self._even
        speech, other = likelihood * (1 - even), (1 - likelihood) * even
        return speech / (speech + other)


def warm_up() -> bool:
    """Load Silero, so that no dictation waits for it. False where it can't be had, which is said once."""
    with _LOADING:
        return _is_there()


@cache
def _is_there() -> bool:
    try:
        silero.load()
    except Exception as error:  # noqa: BLE001  # onnxruntime has errors of its own, and any will do
        log.warning(
            "Voices are told from noise by WebRTC's detector alone, since Silero can't be run: %s. "
            "Noise may be typed; install the Python package onnxruntime.",
            error,
        )
        return False
    return True
