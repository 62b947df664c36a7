"""PortAudio: which microphones there are, a running stream from one, and a sound played.

It looks for devices when it starts, and never again; `start_anew` makes it look. That ends every stream of
the process, so:

1. One thread at a time opens, closes or starts anew: PortAudio itself has no lock.
2. A stream knows in which start it was opened. Once that is over its memory is freed, and `close` leaves
   it alone.
3. Two listeners whose streams ended together start anew once: `start_anew` names the start that it is
   to replace, and does nothing where another thread has done so. Otherwise each would end the other's.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicetype.core.events import SAMPLE_RATE
from voicetype.errors import AudioError
from voicetype.frames import FRAME_SAMPLES

_BACKLOG_BLOCKS = 2_000  # a minute or so for a reader that hangs; then blocks are lost, not memory
_TAIL_S = (0.05, 0.3)  # how long sound may still be on its way to us, at least and at most
_ONE_AT_A_TIME = threading.Lock()
_UNHEARD_S = 0.15  # what a device has taken and not played yet, at most
_PLAYED_S = 1.0  # a sound that takes so much longer than it lasts will not end: the device hangs
_NOTHING_HINT = "Plug one in, or start the sound server; `voicetype devices` lists what can be heard."
_SPEAKER_HINT = "Choose a device in the desktop's sound settings, or set audio.sounds = false."

_starts = 0  # how often it was started anew
_running: set[Any] = set()
"""The streams of this start: PortAudio's thread would call into one that was forgotten, not closed."""


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A microphone, as `voicetype devices` shows it. `rate_hz`: the rate that it prefers."""

    name: str
    channels: int
    rate_hz: int
    default: bool


@dataclass(frozen=True, slots=True)
class Stream:
    """A running stream, and the queue of (arrival, block of shape (n, channels)) that its callback fills.

    `start`: the one in which it was opened.
    """

    stream: Any
    start: int
    rate: int
    tail_s: float
    blocks: queue.Queue[tuple[float, NDArray[np.float32]]]


def devices() -> list[DeviceInfo]:
    """Every microphone. Raises AudioError when PortAudio is not there."""
    sd = load()
    with _ONE_AT_A_TIME:
        default = sd.default.device[0]
        found = list(enumerate(sd.query_devices()))
    return [
        DeviceInfo(
            info["name"], info["max_input_channels"], int(info["default_samplerate"]), number == default
        )
        for number, info in found
        if info["max_input_channels"] > 0
    ]


def find(names: list[str], wanted: str) -> int | None:
    """The place of the wanted device among `names`: the same name, else the first that contains it."""
    folded = [name.casefold() for name in names]
    if wanted.casefold() in folded:
        return folded.index(wanted.casefold())
    return next((place for place, name in enumerate(folded) if wanted.casefold() in name), None)


def ways(channels: int, rate: int) -> list[tuple[int, int]]:
    """(rate, channels) to open a device with, best first: as needed, else as the device has it."""
    rates = list(dict.fromkeys([SAMPLE_RATE, rate]))
    counts = list(dict.fromkeys([1, channels]))
    return [(each_rate, count) for each_rate in rates for count in counts]


def load() -> ModuleType:
    """The library, imported. Raises AudioError when it is not installed."""
    try:
        import sounddevice
    except OSError as error:
        raise AudioError("PortAudio is not installed.", "Install the package libportaudio2.") from error
    module: ModuleType = sounddevice
    return module


def current_start() -> int:
    """The number of the start that PortAudio is in."""
    return _starts


def start_anew(instead_of: int | None = None) -> None:
    """Look for devices again, if `instead_of` is still the current start (None: whatever it is).

    Ends every stream. Raises AudioError.
    """
    global _starts
    sd = load()
    with _ONE_AT_A_TIME:
        running = sd._initialized > 0  # not where the last try failed half way
        if running and instead_of not in (None, _starts):
            return
        try:
            if running:
                sd._terminate()
                _running.clear()
                _starts += 1
            sd._initialize()
        except sd.PortAudioError as error:
            raise AudioError(f"PortAudio does not start: {error}.", _NOTHING_HINT) from error


def _device(sd: ModuleType, wanted: str) -> tuple[int, Any]:
    """Number and description of a microphone. Raises AudioError."""
    try:
        found = list(enumerate(sd.query_devices()))
    except sd.PortAudioError as error:
        raise AudioError(f"PortAudio does not work: {error}.", _NOTHING_HINT) from error
    inputs = [(number, info) for number, info in found if info["max_input_channels"] > 0]
    if not inputs:
        raise AudioError("No microphone was found.", _NOTHING_HINT)
    if not wanted:
        return next((each for each in inputs if each[0] == sd.default.device[0]), inputs[0])
    names = [info["name"] for _, info in inputs]
    place = find(names, wanted)
    if place is None:
        raise AudioError(f"No microphone is called {wanted!r}.", f"There are: {', '.join(names)}.")
    return inputs[place]


def open_microphone(wanted: str) -> Stream:
    """Start to listen: `wanted` is a name, a part of one, or empty for the default. Raises AudioError."""
    sd = load()
    refusals = []
    with _ONE_AT_A_TIME:
        number, info = _device(sd, wanted)
        for rate, channels in ways(info["max_input_channels"], int(info["default_samplerate"])):
            try:
                return _started(sd, number, rate, channels)
            except sd.PortAudioError as error:
                refusals.append(str(error))
    hint = "Another program may hold it alone; `voicetype devices` lists the others."
    raise AudioError(f"The microphone {info['name']} can't be opened: {refusals[0]}.", hint)


def _started(sd: ModuleType, number: int, rate: int, channels: int) -> Stream:
    blocks: queue.Queue[tuple[float, NDArray[np.float32]]] = queue.Queue(maxsize=_BACKLOG_BLOCKS)

    def heard(block: NDArray[np.float32], _count: int, _time: object, _status: object) -> None:
        with suppress(queue.Full):  # whoever reads has hung; there is nobody to tell in this thread
            blocks.put_nowait((time.monotonic(), block.copy()))

    stream = sd.InputStream(
        device=number,
        samplerate=rate,
        channels=channels,
        dtype="float32",
        blocksize=FRAME_SAMPLES * rate // SAMPLE_RATE,
        latency="low",
        callback=heard,
    )
    try:
        stream.start()
    except sd.PortAudioError:
        stream.close(ignore_errors=True)
        raise
    _running.add(stream)
    tail_s = min(max(stream.latency + FRAME_SAMPLES / SAMPLE_RATE, _TAIL_S[0]), _TAIL_S[1])
    return Stream(stream, _starts, rate, tail_s, blocks)


def close(stream: Stream) -> None:
    """End it, whatever state it is in. Once."""
    _end(stream.stream, stream.start)


def play(samples: NDArray[np.float32], rate: int, by: float = math.inf) -> bool:
    """Play a sound, shape (n,), on the system's default device, and return when it was played.

    False: it was not, since it would have begun to sound later than `by`, as `time.monotonic` counts.
    Raises AudioError where there is no such device, or it fails.
    """
    # At its end PortAudio lets go of what has not sounded yet: so that is silence.
    samples = np.pad(samples, (0, round(_UNHEARD_S * rate)))
    playing = _Playing(samples, by)
    sd = load()
    with _ONE_AT_A_TIME:
        try:
            stream = playing.started(sd, rate)
        except sd.PortAudioError as error:
            raise AudioError(f"No sound can be played: {error}.", _SPEAKER_HINT) from error
        start = _starts
        _running.add(stream)
    # Nothing of PortAudio is touched while we wait: another thread may start it anew.
    played = playing.over.wait(len(samples) / rate + _PLAYED_S)
    _end(stream, start)
    if not played and start == _starts:
        raise AudioError("The device for sound does not play.", _SPEAKER_HINT)
    return not playing.late


class _Playing:
    """A sound on its way; the callback is PortAudio's thread's. `over`: it was played, or came too `late`."""

    def __init__(self, samples: NDArray[np.float32], by: float) -> None:
        self.over = threading.Event()
        self.late = False
        self._rest = samples
        self._by = by
        self._begun = False

    def started(self, sd: ModuleType, rate: int) -> Any:
        """The stream that plays it. Raises PortAudioError."""

        def wanted(out: NDArray[np.float32], _count: int, when: Any, _status: object) -> None:
            if not self._begun:
                self.late = time.monotonic() + _ahead_s(when) > self._by
            self._begun = True
            self._give(out)
            if self.late or not len(self._rest):
                raise sd.CallbackStop  # what was given until now is still played

        # Blocks as long as the microphone's: shorter ones change PipeWire's own, and 0.3.65 then often never
        # wakes a microphone again that is open meanwhile, nor PortAudio, which waits for it for a minute.
        stream = sd.OutputStream(
            samplerate=rate,
            blocksize=FRAME_SAMPLES * rate // SAMPLE_RATE,
            channels=1,
            dtype="float32",
            latency="low",
            callback=wanted,
            finished_callback=self.over.set,
        )
        try:
            stream.start()
        except sd.PortAudioError:
            stream.close(ignore_errors=True)
            raise
        return stream

    def _give(self, out: NDArray[np.float32]) -> None:
        now = self._rest[:0] if self.late else self._rest[: len(out)]
        out[: len(now), 0] = now
        out[len(now) :] = 0.0
        self._rest = self._rest[len(now) :]


def _ahead_s(when: Any) -> float:
    """How long after the callback its sound is heard."""
    return max(0.0, float(when.outputBufferDacTime) - float(when.currentTime))


def _end(stream: Any, start: int) -> None:
    with _ONE_AT_A_TIME:
        if start == _starts:
            # Not abort(), which cancels PortAudio's thread, perhaps while that waits for the interpreter.
            stream.stop(ignore_errors=True)
            stream.close(ignore_errors=True)
            _running.discard(stream)
