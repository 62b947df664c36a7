"""Microphone or recording -> frames.

Both are a `FrameSource`: iterate over it for frames, and `stop` it from another thread. A stopped microphone
still gives what was said before, down to the last syllable; a closed one gives nothing more.

The microphone's one rule: PortAudio's thread copies a block into a queue and returns. Everything else is done
by the thread that iterates: mixing, resampling, cutting into frames, and the watch on a device that falls
silent. There, no callback for half a second means that the device or the sound server is gone (neither sets a
flag): PortAudio is started anew, since it never looks for devices again by itself, and the stream reopened.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from voicetype import portaudio
from voicetype.core.events import SAMPLE_RATE
from voicetype.errors import AudioError
from voicetype.frames import FRAME_SAMPLES, Frame, FrameCutter, FrameSource, Resampler, padded
from voicetype.portaudio import DeviceInfo, Stream, devices

__all__ = ["DeviceInfo", "Frame", "FrameSource", "Microphone", "Recording", "devices", "read_recording"]

log = logging.getLogger(__name__)

WATCHDOG_S = 0.5
"""No sound for this long, and the device is gone: PortAudio sets no flag."""

_FIRST_S = 2.0  # a Bluetooth headset takes this long to become a microphone
_RETRY_S = 0.25


class Microphone:
    """The system's microphone, for one session: opened, read and closed once.

    One thread opens it and iterates over it; `stop` and `close` are for any thread.
    """

    def __init__(self, device: str = "", give_up_s: float = 5.0) -> None:
        """`device`: a name or a part of it, or empty. `give_up_s`: how long one may be away."""
        self._device = device
        self._give_up_s = give_up_s
        self._opened: Stream | None = None  # whoever takes it out, under the lock, closes it
        self._closed = False
        self._lock = threading.Lock()
        self._stopped_at: float | None = None
        self._lost_at: float | None = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Start to listen, unless it was closed. Raises AudioError."""
        if self._opened is not None or self._closed:
            return
        start = portaudio.current_start()
        try:
            opened = portaudio.open_microphone(self._device)
        except AudioError:
            portaudio.start_anew(start)  # it may have come since PortAudio last looked
            opened = portaudio.open_microphone(self._device)
        self._keep(opened)

    def close(self) -> None:
        """Stop listening; what was not taken is lost."""
        self._closed = True
        self.stop()
        self._release()

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
        opened = self._opened
        while opened is not None:
            resampler = Resampler(opened.rate)
            for block in self._blocks(opened):
                yield resampler.push(block.mean(axis=1))
            yield resampler.flush()
            opened = self._reopened(opened)

    def _keep(self, opened: Stream) -> Stream | None:
        """Have this stream from now on; None where `close` was called while it was opened."""
        with self._lock:
            if not self._closed:
                self._opened = opened
                return opened
        portaudio.close(opened)
        return None

    def _release(self) -> None:
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            portaudio.close(opened)

    def _blocks(self, opened: Stream) -> Iterator[NDArray[np.float32]]:
        """The stream's blocks, until we are stopped or it has fallen silent."""
        patience_s = _FIRST_S
        while not self._closed and (left_s := self._left_s(opened, patience_s)) > 0:
            try:
                _, block = opened.blocks.get(timeout=left_s)
            except queue.Empty:
                if self._stopped_at is None:
                    return
                continue  # stopped while waiting: what is on its way may still come
            if self._lost_at is not None:
                log.info("The microphone is back.")
            patience_s, self._lost_at = WATCHDOG_S, None
            yield block
        self._release()
        if not self._closed:
            yield from self._left_over(opened)

    def _left_s(self, opened: Stream, patience_s: float) -> float:
        """How long to wait for the next block."""
        if self._stopped_at is None:
            return patience_s
        return min(patience_s, self._stopped_at + opened.tail_s - time.monotonic())

    def _left_over(self, opened: Stream) -> Iterator[NDArray[np.float32]]:
        """The blocks that a slow reader has not taken yet, up to when it was stopped."""
        until = (self._stopped_at or 0.0) + opened.tail_s
        while not opened.blocks.empty():
            arrival, block = opened.blocks.get_nowait()
            if arrival <= until:
                yield block

    def _reopened(self, silent: Stream) -> Stream | None:
        """The microphone anew; None when we are stopped. Raises AudioError when it was away too long."""
        if self._stopped_at is not None:
            return None
        if self._lost_at is None:
            self._lost_at = time.monotonic()
            log.warning("The microphone has fallen silent; opening it again.")
        self._release()
        start = silent.start
        while self._stopped_at is None:
            if time.monotonic() > self._lost_at + self._give_up_s:
                hint = "What was said is kept. Check its cable, the Bluetooth link or the sound server."
                raise AudioError("The microphone went away and did not come back.", hint)
            try:
                portaudio.start_anew(start)
                start = portaudio.current_start()
                return self._keep(portaudio.open_microphone(self._device))
            except AudioError:
                time.sleep(_RETRY_S)
        return None


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
    """A recording in any format that FFmpeg reads: shape (n,), 16 kHz, mono. Raises AudioError."""
    if not Path(path).is_file():
        raise AudioError(f"There is no recording at {path}.", "Check the name.")
    from av.error import FFmpegError
    from faster_whisper.audio import decode_audio

    try:
        samples: NDArray[np.float32] = np.asarray(decode_audio(str(path), SAMPLE_RATE), dtype=np.float32)
    except (FFmpegError, OSError, ValueError, IndexError) as error:
        raise AudioError(
            f"{path} is no recording that can be read.", "WAV, FLAC, Ogg, MP3 and more are."
        ) from error
    if not len(samples):
        raise AudioError(f"There is no sound in {path}.", "It may have been cut off while it was recorded.")
    return samples
