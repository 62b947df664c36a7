"""Speech to text; `Transcriber` is the seam, the same class serves as fast and as heavy model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]
"""Samples in [-1, 1], shape (n,), 16 kHz, mono."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What a model heard."""

    text: str


class Transcriber(Protocol):
    """A loaded model, without memory of what it heard before. Called by one thread at a time."""

    @property
    def name(self) -> str:
        """The model's name as the configuration spells it."""

    def transcribe(
        self,
        audio: Audio,
        *,
        language: str,
        beam_size: int = 1,
        careful: bool = False,
        superseded: Callable[[], bool] = lambda: False,
    ) -> Hypothesis | None:
        """The text of `audio`, shape (n,); None when `superseded` became true half way.

        `language`: a Whisper code, or "auto"; an English-only model hears English whatever it says.
        `careful`: a text that is to last, and may take as long as the padded window.
        Raises ModelError when the model fails.
        """
