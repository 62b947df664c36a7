"""Microphone -> frames, while devices and sound servers come and go.

Whoever iterates does everything: it takes what a process of PortAudio's own has heard, mixes, resamples and
cuts it into frames, and watches:

* No sound for half a second means that the device or the sound server is gone, or hangs; neither says so. The
  process that listens to it is ended, whatever it waits for, and another looks for the microphone.
* PipeWire says when the last microphone is unplugged, and loudspeakers are heard instead (`links`).
* Where sound is missing, a second of silence takes its place: words from before and after it are not one
  utterance, and what was said before is typed at once.
* A computer that has slept has ended the dictation: nobody expects to be listened to who opens a lid.

A desktop's default microphone that changes meanwhile is the sound server's business, and PipeWire and
PulseAudio move the stream to the new one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from voicetype.errors import AudioError
from voicetype.frames import Frame, FrameCutter, Resampler
from voicetype.sound_news import GAP, News
from voicetype.sound_process import Block, Capture

log = logging.getLogger(__name__)

WATCHDOG_S = 0.5
"""No sound for this long, and the device is gone."""

SLEPT_S = 2.0
"""A computer that has slept for longer has ended the dictation."""

_FIRST_S = 2.0  # a Bluetooth headset takes this long to become a microphone
_GLANCE_S = 0.1
_RETRY_S = 0.25
_TOLD_S = 1.0  # a shorter absence is none of the user's business
_GONE = AudioError(
    "The microphone went away and did not come back.",
    "What was said is kept. Check its cable, the Bluetooth link or the sound server.",
)


class Microphone:
    """The system's microphone, for one session: opened, read and closed once.

    One thread opens it and iterates over it; `stop` and `close` are for any thread.
    """

    def __init__(
        self, device: str = "", give_up_s: float = 5.0, tell: Callable[[AudioError], object] | None = None
    ) -> None:
        """`device`: a name or a part of it, or empty. `give_up_s`: how long one may be away.

        `tell`: what becomes of the sound meanwhile, on the thread that iterates; by default it is logged.
        """
        self._device = device
        self._give_up_s = give_up_s
        self._news = News(tell)
        self._opened: Capture | None = None  # whoever takes it out, under the lock, closes it
        self._closed = False
        self._lock = threading.Lock()
        self._stopped_at: float | None = None
        self._lost_at: float | None = None
        self._is_one = False  # what was heard is known to be a microphone
        self._slept_s = asleep_s()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Start to listen, unless it was closed. Raises AudioError."""
        if self._opened is None and not self._closed:
            self._keep(Capture(self._device))

    def close(self) -> None:
        """Stop listening; what was not taken is lost."""
        self._closed = True
        self.stop()
        if opened := self._taken_out():
            opened.close()

    def stop(self) -> None:
        """End the iteration after the sound so far."""
        if self._stopped_at is None:
            self._stopped_at = time.monotonic()

    def __iter__(self) -> Iterator[Frame]:
        """Frames as they are heard. Raises AudioError when the microphone is gone for good."""
        self.open()
        cutter = FrameCutter()
        for samples in self._samples():
            yield from cutter.push(samples)
        yield from cutter.flush()

    def _samples(self) -> Iterator[NDArray[np.float32]]:
        """Mono, 16 kHz, in pieces of any length."""
        capture = self._opened
        while capture is not None:
            resampler, last = Resampler(capture.rate), time.monotonic()
            for block in self._blocks(capture):
                if block is None:
                    yield GAP
                    continue
                if missing := self._news.missing(block, last, capture.rate):
                    yield np.zeros(missing, np.float32)
                last, sound = block.arrival, mono(block.samples)
                self._news.heard(sound, capture.rate)
                yield resampler.push(sound)
            yield resampler.flush()
            if self._stopped_at is not None:
                return
            yield GAP
            capture = self._reopened()

    def _keep(self, opened: Capture) -> Capture | None:
        """Have this stream from now on; None where `close` was called while it was opened."""
        with self._lock:
            if not self._closed:
                self._opened = opened
                return opened
        opened.close()
        return None

    def _taken_out(self) -> Capture | None:
        with self._lock:
            opened, self._opened = self._opened, None
        return opened

    def _blocks(self, capture: Capture) -> Iterator[Block | None]:
        """The stream's blocks, until we are stopped or it has fallen silent; None where one goes away."""
        # Glances are counted, not seconds: while this process is stopped the device may be well.
        silent, patience_s = 0, _FIRST_S
        while not self._is_over(capture.tail_s):
            block = capture.take(_GLANCE_S)
            self._heed_sleep()
            if block is None:
                silent += 1
                self._heed_absence()
                if capture.ended or silent * _GLANCE_S >= patience_s:
                    break
                continue
            silent, patience_s = 0, WATCHDOG_S
            if self._is_unplugged(capture):
                if self._lose():
                    yield None
                self._heed_absence()
            else:
                self._found()
                yield block
        for block in self._end(capture):
            if block.arrival <= (self._stopped_at or 0.0) + capture.tail_s:
                yield block

    def _is_over(self, tail_s: float) -> bool:
        return self._closed or (self._stopped_at is not None and time.monotonic() > self._stopped_at + tail_s)

    def _end(self, capture: Capture) -> list[Block]:
        """Give the stream back; what a slow reader has not taken yet."""
        if self._taken_out() is None:
            return []
        if self._stopped_at is not None:
            rest = capture.close()
            return [] if self._closed else rest
        capture.abandon()
        return []

    def _reopened(self) -> Capture | None:
        """The microphone anew; None when we are stopped. Raises AudioError when it was away too long."""
        self._lose()
        while self._stopped_at is None:
            self._heed_absence()
            try:
                return self._keep(Capture(self._device, anew=True))
            except AudioError:
                time.sleep(_RETRY_S)
            self._heed_sleep()
        return None

    def _is_unplugged(self, capture: Capture) -> bool:
        """Where the last microphone goes, sound servers give what the loudspeakers play instead.

        Who has that from the beginning is told so, and may want it.
        """
        if capture.loudspeakers and not self._is_one:
            self._news.loudspeakers()
        self._is_one = self._is_one or capture.loudspeakers is False
        return bool(capture.loudspeakers and self._is_one)

    def _lose(self) -> bool:
        """The microphone is away; whether that is new."""
        if self._lost_at is not None:
            return False
        self._lost_at = time.monotonic()
        log.debug("the microphone has fallen silent; looking for it")
        return True

    def _found(self) -> None:
        if self._lost_at is not None:
            self._lost_at = None
            self._news.back()

    def _heed_absence(self) -> None:
        """Raises AudioError when the microphone was away too long."""
        if self._lost_at is None:
            return
        away_s = time.monotonic() - self._lost_at
        if away_s > self._give_up_s:
            raise AudioError(_GONE.sentence, _GONE.hint)
        if away_s > _TOLD_S:
            self._news.lost()

    def _heed_sleep(self) -> None:
        if self._stopped_at is None and asleep_s() - self._slept_s > SLEPT_S:
            self.stop()
            self._news.slept()


def asleep_s() -> float:
    """How long this computer has slept since it was started."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()


def mono(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shape (n, channels) -> (n,), in [-1, 1]; what is no number, from a broken device, is silence."""
    numbers = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
    return np.asarray(np.clip(numbers, -1.0, 1.0).mean(axis=1), dtype=np.float32)
