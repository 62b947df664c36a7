"""Frames: cut, resampled, paced, and read from files; the microphone itself is tested in real/."""

from __future__ import annotations

import time
import wave
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from voicetype import portaudio
from voicetype.audio import Recording, read_recording
from voicetype.core.events import SAMPLE_RATE
from voicetype.errors import AudioError
from voicetype.frames import FRAME_SAMPLES, Frame, FrameCutter, FrameSource, Resampler
from voicetype.portaudio import find, ways


class FakeClock:
    """Time that passes only while somebody waits, and a little more than asked for."""

    def __init__(self, late_s: float = 0.0) -> None:
        self.time_s = 100.0
        self.late_s = late_s

    def now(self) -> float:
        return self.time_s

    def wait(self, seconds: float) -> None:
        self.time_s += seconds + self.late_s


def count(samples: int) -> NDArray[np.float32]:
    return np.arange(1, samples + 1, dtype=np.float32)


def tone(hz: float, rate: int, samples: int) -> NDArray[np.float32]:
    return np.sin(2 * np.pi * hz * np.arange(samples) / rate).astype(np.float32)


def write(path: Path, samples: NDArray[np.float32], rate: int = SAMPLE_RATE, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((np.repeat(samples, channels) * 32767).astype("<i2").tobytes())
    return path


@given(st.lists(st.integers(0, 2_000), max_size=12))
def test_cutting_keeps_every_sample_in_order(sizes: list[int]) -> None:
    samples, cutter, at = count(sum(sizes)), FrameCutter(), 0
    frames: list[Frame] = []
    for size in sizes:
        frames += cutter.push(samples[at : at + size])
        at += size
    frames += cutter.flush()
    joined = np.concatenate([np.zeros(0, np.float32), *frames])
    assert {frame.shape for frame in frames} <= {(FRAME_SAMPLES,)}
    assert np.array_equal(joined[: len(samples)], samples)
    assert not joined[len(samples) :].any()
    assert len(joined) - len(samples) < FRAME_SAMPLES
    assert not list(cutter.flush())


def test_frames_come_when_a_microphone_would_give_them() -> None:
    clock = FakeClock(late_s=0.003)
    frames = Recording(count(SAMPLE_RATE), now=clock.now, wait=clock.wait)
    times = [clock.now() - 100.0 for _ in frames]
    due = [(k + 1) * FRAME_SAMPLES / SAMPLE_RATE for k in range(len(times))]
    # The first pause is 3 ms late and so is the last: lateness does not add up.
    assert np.allclose(times, np.array(due) + 0.003)


def test_a_slow_listener_is_not_made_to_wait_as_well() -> None:
    clock = FakeClock()
    seen = 0
    for _ in Recording(count(SAMPLE_RATE), now=clock.now, wait=clock.wait):
        seen += 1
        clock.time_s += 0.02
    assert clock.now() - 100.0 == pytest.approx(seen * 0.032 + 0.02)


def test_without_realtime_nobody_waits() -> None:
    clock = FakeClock()
    frames = list(Recording(count(1_000), realtime=False, now=clock.now, wait=clock.wait))
    assert clock.now() == 100.0
    assert [frame.shape for frame in frames] == [(FRAME_SAMPLES,)] * 2
    assert np.array_equal(np.concatenate(frames)[:1_000], count(1_000))
    assert not np.concatenate(frames)[1_000:].any()


def test_a_stopped_recording_ends() -> None:
    recording = Recording(count(SAMPLE_RATE), realtime=False)
    seen = 0
    for _ in recording:
        seen += 1
        if seen == 5:
            recording.stop()
    assert seen == 5


def test_a_closed_recording_ends() -> None:
    recording: FrameSource = Recording(count(SAMPLE_RATE), now=FakeClock().now)
    recording.close()
    recording.close()
    assert not list(recording)


def test_stop_ends_the_wait_for_the_next_frame() -> None:
    """With the real pause: were it not cut short, the test would take until its timeout."""
    recording = Recording(count(SAMPLE_RATE), now=FakeClock().now)
    recording.stop()
    assert not list(recording)


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 96_000])
def test_resampling_is_seamless(rate: int) -> None:
    sound, resampler = tone(440, rate, rate), Resampler(rate)
    pieces = [resampler.push(sound[i : i + 480]) for i in range(0, len(sound), 480)]
    heard = np.concatenate([*pieces, resampler.flush()])
    assert len(heard) == pytest.approx(SAMPLE_RATE, abs=64)
    middle = heard[1_000:15_000]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * SAMPLE_RATE / len(middle) == pytest.approx(440, abs=2)
    # A seam would click: no step is larger than the tone's own steepest.
    assert np.abs(np.diff(middle)).max() < 2 * np.pi * 440 / SAMPLE_RATE * 1.02


def test_16_khz_is_left_alone() -> None:
    samples = count(777)
    assert Resampler(SAMPLE_RATE).push(samples) is samples


@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (8_000, 1), (44_100, 2)])
def test_a_recording_is_read(tmp_path: Path, rate: int, channels: int) -> None:
    path = write(tmp_path / "tone.wav", 0.5 * tone(440, rate, rate), rate, channels)
    samples = read_recording(path)
    assert samples.dtype == np.float32
    assert samples.shape == (pytest.approx(SAMPLE_RATE, abs=64),)
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.02)


def test_a_recording_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="There is no recording at"):
        read_recording(tmp_path / "none.wav")


@pytest.mark.parametrize("content", [b"", b"Dear diary, ", bytes(4_000)])
def test_a_file_that_is_no_recording(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "diary.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match="no recording that can be read") as caught:
        read_recording(path)
    assert caught.value.hint


def test_a_recording_without_sound(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"There is no sound in|no recording"):
        read_recording(write(tmp_path / "empty.wav", count(0)))


@pytest.mark.parametrize(
    ("wanted", "place"),
    [("USB", 1), ("usb mic", 1), ("default", 2), ("usb mic 2", 3), ("gramophone", None)],
)
def test_a_device_is_found_by_a_part_of_its_name(wanted: str, place: int | None) -> None:
    assert find(["HDA Intel", "USB Mic", "default", "USB Mic 2"], wanted) == place


def test_a_device_is_opened_as_we_need_it_or_as_it_can() -> None:
    assert ways(2, 48_000) == [(16_000, 1), (16_000, 2), (48_000, 1), (48_000, 2)]
    assert ways(1, 16_000) == [(16_000, 1)]


# Sounds, on a library of our own; on the real one they are tested in real/.


class FakeSpeaker:
    """Plays at once what it is given, in blocks; `FakeLibrary.played` keeps it."""

    def __init__(self, library: FakeLibrary, callback: Callable[..., None], over: Callable[[], None]) -> None:
        self._library, self._callback, self._over = library, callback, over
        self.closed = 0

    def start(self) -> None:
        self._library.streams.append(self)
        self._library.meanwhile()
        if self._library.hangs:
            return
        when = SimpleNamespace(currentTime=5.0, outputBufferDacTime=5.0 + self._library.ahead_s)
        playing = True
        while playing:
            block = bytearray(b"?" * 4_000)
            try:
                self._callback(block, 1_000, when, None)
            except self._library.CallbackStop:
                playing = False
            self._library.played.append(np.frombuffer(bytes(block), np.float32))
        self._over()

    def stop(self, *, ignore_errors: bool) -> None:
        assert ignore_errors
        assert not self._library.hangs, "it would take for ever"

    def close(self, *, ignore_errors: bool) -> None:
        self.stop(ignore_errors=ignore_errors)
        self.closed += 1


class FakeLibrary:
    """As much of `sounddevice` as plays a sound."""

    class PortAudioError(Exception):
        """Its own error."""

    class CallbackStop(Exception):
        """What a callback raises that has no more to play."""

    def __init__(self) -> None:
        self.refusals = 0  # how often opening still fails
        self.streams: list[FakeSpeaker] = []
        self.played: list[NDArray[np.float32]] = []
        self.ahead_s = 0.01  # how long after it was given a sound is heard
        self.hangs = False  # a device that takes no sound
        self.meanwhile: Callable[[], None] = lambda: None  # done while a stream is opened

    def RawOutputStream(
        self, *, callback: Callable[..., None], finished_callback: Callable[[], None], **_: object
    ) -> FakeSpeaker:
        if self.refusals:
            self.refusals -= 1
            raise self.PortAudioError("Error querying device -1")
        return FakeSpeaker(self, callback, finished_callback)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> FakeLibrary:
    library = FakeLibrary()
    monkeypatch.setattr(portaudio, "load", lambda: library)
    return library


@pytest.mark.parametrize("samples", [1, 999, 1_000, 2_500])
def test_a_sound_is_played_whole_and_its_stream_closed(library: FakeLibrary, samples: int) -> None:
    assert portaudio.play(count(samples).tobytes(), 48_000)
    played = np.concatenate(library.played)
    assert np.array_equal(played[:samples], count(samples))
    assert not played[samples:].any()
    assert [stream.closed for stream in library.streams] == [1]


def test_a_sound_that_would_come_too_late_is_left_out(library: FakeLibrary) -> None:
    soon = time.monotonic() + 1_000
    library.ahead_s = 2_000
    assert not portaudio.play(count(2_500).tobytes(), 48_000, soon)
    assert not np.concatenate(library.played).any()
    assert [stream.closed for stream in library.streams] == [1]
    library.ahead_s = 500
    assert portaudio.play(count(2_500).tobytes(), 48_000, soon)


def test_without_a_device_for_sound(library: FakeLibrary) -> None:
    library.refusals = 1
    with pytest.raises(AudioError, match="No sound can be played") as caught:
        portaudio.play(count(10).tobytes(), 48_000)
    assert caught.value.hint
    assert portaudio.play(count(10).tobytes(), 48_000)


def test_a_device_that_takes_no_sound(library: FakeLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portaudio, "_PLAYED_S", 0.0)
    library.hangs = True
    with pytest.raises(AudioError, match="does not play"):
        portaudio.play(count(10).tobytes(), 48_000)
