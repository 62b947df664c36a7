"""PortAudio: which microphones there are, a running stream from one, and a sound played.

For one thread of a process that may be killed at any moment, the child of `sound_process`:

* A stream whose device gives nothing takes a minute to stop. To abort it instead would cancel PortAudio's
  thread, perhaps while that waits for the interpreter, which then never moves again.
* PortAudio looks for devices when it starts, and never again; `look_again` ends every stream of the process.
* What crashes in it, or in the plugins of a sound server, must not end a dictation.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from voicetype.core.events import SAMPLE_RATE
from voicetype.errors import AudioError

SAMPLE_BYTES = 4  # float32

_BLOCK_S = 0.032  # as long as a frame
_TAIL_S = (0.05, 0.3)  # how long sound may still be on its way to us, at least and at most
_UNHEARD_S = 0.15  # what a device has taken and not played yet, at most
_PLAYED_S = 1.0  # a sound that takes so much longer than it lasts will not end: the device hangs
_NOTHING_HINT = "Plug one in, or start the sound server; `voicetype devices` lists what can be heard."
_SPEAKER_HINT = "Choose a device in the desktop's sound settings, or set audio.sounds = false."


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A microphone, as `voicetype devices` shows it. `rate_hz`: the rate that it prefers."""

    name: str
    channels: int
    rate_hz: int
    default: bool


@dataclass(frozen=True, slots=True)
class Stream:
    """A running stream. `tail_s`: how long its sound is on its way to us, at most."""

    stream: Any
    rate: int
    channels: int
    tail_s: float


def devices() -> list[DeviceInfo]:
    """Every microphone. Raises AudioError when PortAudio is not there."""
    sd = load()
    default = sd.default.device[0]
    return [
        DeviceInfo(
            info["name"], info["max_input_channels"], int(info["default_samplerate"]), number == default
        )
        for number, info in enumerate(sd.query_devices())
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
    """The library, imported. Raises AudioError when it is not installed, or does not start."""
    try:
        import sounddevice
    except OSError as error:
        raise AudioError("PortAudio is not installed.", "Install the package libportaudio2.") from error
    except Exception as error:  # its own error class can't be imported either
        raise AudioError(f"PortAudio does not start: {error}.", _NOTHING_HINT) from error
    module: ModuleType = sounddevice
    return module


def look_again() -> None:
    """Look for devices again; ends every stream. Raises AudioError."""
    sd = load()
    try:
        if sd._initialized > 0:  # not where the last try failed half way
            sd._terminate()
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


def open_microphone(wanted: str, heard: Callable[[bytes], object]) -> Stream:
    """Start to listen: `wanted` is a name, a part of one, or empty for the default. Raises AudioError.

    `heard` is called on PortAudio's thread with each block: float32, the channels interleaved.
    """
    sd = load()
    number, info = _device(sd, wanted)
    refusals = []
    for rate, channels in ways(info["max_input_channels"], int(info["default_samplerate"])):
        try:
            return _started(sd, number, (rate, channels), heard)
        except sd.PortAudioError as error:
            refusals.append(str(error))
    hint = "Another program may hold it alone; `voicetype devices` lists the others."
    raise AudioError(f"The microphone {info['name']} can't be opened: {refusals[0]}.", hint)


def _started(sd: ModuleType, number: int, way: tuple[int, int], heard: Callable[[bytes], object]) -> Stream:
    def take(block: Any, _count: int, _time: object, _status: object) -> None:
        heard(bytes(block))

    rate, channels = way
    stream = sd.RawInputStream(
        device=number,
        samplerate=rate,
        channels=channels,
        dtype="float32",
        blocksize=round(_BLOCK_S * rate),
        latency="low",
        callback=take,
    )
    try:
        stream.start()
    except sd.PortAudioError:
        stream.close(ignore_errors=True)
        raise
    tail_s = min(max(stream.latency + _BLOCK_S, _TAIL_S[0]), _TAIL_S[1])
    return Stream(stream, rate, channels, tail_s)


def close(stream: Stream) -> None:
    """End it, whatever state it is in."""
    _end(stream.stream)


def play(samples: bytes, rate: int, by: float = math.inf) -> bool:
    """Play a sound, float32, mono, on the system's default device, and return when it was played.

    False: it was not, since it would have begun to sound later than `by`, as `time.monotonic` counts.
    Raises AudioError where there is no such device, or it fails.
    """
    # At its end PortAudio lets go of what has not sounded yet: so that is silence.
    samples += bytes(round(_UNHEARD_S * rate) * SAMPLE_BYTES)
    playing = _Playing(samples, by)
    sd = load()
    try:
        stream = playing.started(sd, rate)
    except sd.PortAudioError as error:
        raise AudioError(f"No sound can be played: {error}.", _SPEAKER_HINT) from error
    if not playing.over.wait(len(samples) / SAMPLE_BYTES / rate + _PLAYED_S):
        raise AudioError("The device for sound does not play.", _SPEAKER_HINT)
    _end(stream)
    return not playing.late


class _Playing:
    """A sound on its way; the callback is PortAudio's thread's. `over`: it was played, or came too `late`."""

    def __init__(self, samples: bytes, by: float) -> None:
        self.over = threading.Event()
        self.late = False
        self._rest = samples
        self._by = by
        self._begun = False

    def started(self, sd: ModuleType, rate: int) -> Any:
        """The stream that plays it. Raises PortAudioError."""

        def wanted(out: Any, _count: int, when: Any, _status: object) -> None:
            if not self._begun:
                self.late = time.monotonic() + _ahead_s(when) > self._by
            self._begun = True
            self._give(out)
            if self.late or not self._rest:
                raise sd.CallbackStop  # what was given until now is still played

        # Blocks as long as the microphone's: shorter ones change PipeWire's own, and 0.3.65 then often never
        # wakes a microphone again that is open meanwhile.
        stream = sd.RawOutputStream(
            samplerate=rate,
            blocksize=round(_BLOCK_S * rate),
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

    def _give(self, out: Any) -> None:
        now = b"" if self.late else self._rest[: len(out)]
        out[:] = now + bytes(len(out) - len(now))
        self._rest = self._rest[len(now) :]


def _ahead_s(when: Any) -> float:
    """How long after the callback its sound is heard."""
    return max(0.0, float(when.outputBufferDacTime) - float(when.currentTime))


def _end(stream: Any) -> None:
    stream.stop(ignore_errors=True)
    stream.close(ignore_errors=True)
