"""What becomes of a microphone's sound, told to the user: it is away, back, muted, or lost."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from voicetype.core.events import SAMPLE_RATE
from voicetype.errors import AudioError, MicrophoneNotice
from voicetype.sound_process import Block

log = logging.getLogger(__name__)

GAP = np.zeros(SAMPLE_RATE, np.float32)
"""What stands for sound that is missing: longer than the pause that ends an utterance."""

_MUTED_S = 5.0  # longer than the pauses in which a noise gate gives zeros, but for those of a thinker
_JUMP_S = 1.0  # this process and the one that listens were stopped; no buffer is as long
_BACK_HINT = "Dictation goes on when it is back. Check its cable, the Bluetooth link or the sound server."


class News:
    """What becomes of the sound, and whether it was told; for one thread."""

    def __init__(self, tell: Callable[[AudioError], object] | None = None) -> None:
        """`tell`: the user; by default it is logged."""
        self._tell = tell or _log
        self._away = self._muted = self._missed = self._others = False  # what was told
        self._zeros_s = 0.0

    def lost(self) -> None:
        """The microphone is away."""
        if not self._away:
            self._away = True
            self._tell(MicrophoneNotice("The microphone has fallen silent.", _BACK_HINT))

    def back(self) -> None:
        """It is heard again."""
        log.debug("the microphone is back")
        if self._away:
            self._away = False
            self._tell(MicrophoneNotice("The microphone is back.", "Dictation goes on."))

    def loudspeakers(self) -> None:
        """There is no microphone, and something else is heard."""
        if not self._others:
            self._others = True
            sentence = "No microphone is there: what the loudspeakers play is heard."
            self._tell(MicrophoneNotice(sentence, "Plug one in, or choose one in the sound settings."))

    def slept(self) -> None:
        """The dictation ends."""
        sentence = "The computer has slept, which ended the dictation."
        self._tell(MicrophoneNotice(sentence, "What was said before is typed; begin again to go on."))

    def heard(self, sound: NDArray[np.float32], rate: int) -> None:
        """Sound that is nothing but zeros, for seconds, is told once."""
        self._zeros_s = 0.0 if sound.any() else self._zeros_s + len(sound) / rate
        if self._zeros_s >= _MUTED_S and not self._muted:
            self._muted = True
            sentence = "The microphone gives only silence: it may be muted."
            self._tell(MicrophoneNotice(sentence, "Unmute it in the sound settings, or by its own switch."))

    def missing(self, block: Block, last: float, rate: int) -> int:
        """How many samples of silence, 16 kHz, are to stand for what is missing before a block.

        `last`: when the one before it arrived.
        """
        if block.lost:
            self._miss(block.lost / rate)
            return round(block.lost * SAMPLE_RATE / rate)
        return len(GAP) if block.arrival - last > _JUMP_S else 0

    def _miss(self, seconds: float) -> None:
        log.warning("%.1f seconds of sound were lost: nobody took them.", seconds)
        if not self._missed:
            self._missed = True
            sentence = f"{seconds:.0f} seconds of what was said were lost: the computer was too busy."
            self._tell(MicrophoneNotice(sentence, "Say it again; close what keeps the processor busy."))


def _log(error: AudioError) -> None:
    log.warning("%s %s", error.sentence, error.hint)
