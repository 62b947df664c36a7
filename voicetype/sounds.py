"""The short sounds that say: it listens, and it listens no more."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicetype import sound_process
from voicetype.errors import AudioError, DesktopError

log = logging.getLogger(__name__)

RATE = 48_000

_TONE_S = 0.09
_LOW_HZ, _HIGH_HZ = 520.0, 780.0  # a fifth
_OVERTONE = 0.2
_PEAK = 0.16  # of full scale, -16 dBFS: noticed, not heard in the next room

_BEGINS_S = 0.2
"""A sound that would be heard later than this after it was asked for is not played."""

_ECHO_S = 0.06  # of the room, and of the device's own filters

START_S = _BEGINS_S + _TONE_S + _ECHO_S
"""How long after it was asked for a sound may be heard, in seconds: what of the microphone is to be muted.

A sound that would come later, from a slow device, is left out: so it is never transcribed. That goes for the
stop sound, too: who presses the key again at once is listened to when it comes."""

_GOODBYE_S = 2.0


@dataclass(frozen=True, slots=True)
class _Sound:
    """A tone, when it was asked for, and until when it is worth playing, as `time.monotonic` counts."""

    samples: NDArray[np.float32]
    asked: float

    @property
    def by(self) -> float:
        return self.asked + _BEGINS_S


_TOO_LATE = DesktopError(
    "A start or stop sound was left out: the device would have played it too late.",
    "Bluetooth devices may do so; choose another in the desktop's sound settings.",
)


class Sounds:
    """Plays them, on the thread "sounds". Every method is for any thread, returns at once, never raises."""

    def __init__(self, problem: Callable[[DesktopError], object] | None = None) -> None:
        """`problem` is told once, on the sounds' thread, why there is no sound; by default it is logged."""
        self._problem = problem or _log
        self._told = False
        self._start, self._stop = tone(_LOW_HZ, _HIGH_HZ), tone(_HIGH_HZ, _LOW_HZ)
        self._asked: queue.SimpleQueue[_Sound | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="sounds", daemon=True)
        self._thread.start()

    def play_start(self) -> None:
        """It listens. Over within START_S, or not played at all."""
        self._asked.put(_Sound(self._start, time.monotonic()))

    def play_stop(self) -> None:
        """It listens no more: to be asked for when nothing that is heard counts any longer.

        It, too, is over within START_S, or not played.
        """
        self._asked.put(_Sound(self._stop, time.monotonic()))

    def close(self) -> None:
        """Play nothing more after what was asked for. Safe to call twice."""
        self._asked.put(None)

    def join(self) -> None:
        """Wait, after `close`, until what was asked for was played."""
        self._thread.join(_GOODBYE_S)

    def _run(self) -> None:
        sound_process.prepare(2)  # one may listen: a process that begins with the sound would be too late
        free = 0.0  # since when, as `time.monotonic` counts
        while (sound := self._asked.get()) is not None:
            if time.monotonic() > sound.by:  # others were asked for before
                continue
            try:
                played = sound_process.play(sound.samples, RATE, sound.by)
                if not played and free <= sound.asked:  # else it had to wait for another one of ours
                    self._tell(_TOO_LATE)
            except AudioError as error:
                self._tell(DesktopError(f"No start and stop sounds: {error.sentence}", error.hint))
            free = time.monotonic()

    def _tell(self, error: DesktopError) -> None:
        if not self._told:
            self._told = True
            self._problem(error)


def _log(error: DesktopError) -> None:
    log.info("%s %s", error.sentence, error.hint)


def tone(from_hz: float, to_hz: float, rate: int = RATE) -> NDArray[np.float32]:
    """A soft tone that glides from one pitch to another: shape (n,), at most `_PEAK` loud."""
    count = round(_TONE_S * rate)
    along = np.arange(count) / count
    pitch = from_hz * (to_hz / from_hz) ** (along * along * (3 - 2 * along))  # rests at both ends
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    wave = (np.sin(phase) + _OVERTONE * np.sin(2 * phase)) / (1 + _OVERTONE)
    return np.asarray(_PEAK * wave * np.sin(np.pi * along) ** 2, dtype=np.float32)
