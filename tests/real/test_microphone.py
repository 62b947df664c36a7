"""The microphone on a real sound server, which comes, goes and comes back."""

from __future__ import annotations

import queue
import shutil
import threading
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.real.soundserver import SoundServer, sound_server, wait_until
from voicetype import sound_news, sound_process
from voicetype.core.events import SAMPLE_RATE
from voicetype.errors import AudioError
from voicetype.frames import FRAME_SAMPLES, Frame
from voicetype.microphone import Microphone

__all__ = ["sound_server"]

pytestmark = pytest.mark.real

_LOUD = 0.1
_TONE_HZ = 440


@pytest.fixture(autouse=True)
def _our_server(sound_server: SoundServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("XDG_RUNTIME_DIR", "PULSE_SERVER", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.setenv(name, sound_server.env[name])
    sound_process.end_spares()
    yield
    sound_process.end_spares()


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    """A second of 440 Hz."""
    samples = 0.5 * np.sin(2 * np.pi * _TONE_HZ * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
    path = tmp_path / "tone.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE)
        out.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


class Listener:
    """What a microphone heard, kept by a thread of its own."""

    def __init__(self, microphone: Microphone) -> None:
        self.microphone = microphone
        self.frames: list[Frame] = []
        self.errors: queue.Queue[AudioError] = queue.Queue()
        self._thread = threading.Thread(target=self._listen, name="listening")
        self._thread.start()

    def _listen(self) -> None:
        try:
            with self.microphone:
                self.frames.extend(self.microphone)
        except AudioError as error:
            self.errors.put(error)

    def heard(self) -> NDArray[np.float32]:
        return np.concatenate(self.frames or [np.zeros(0, np.float32)])

    def loud_samples(self) -> int:
        """How much of it was sound, in samples."""
        loud = [frame for frame in list(self.frames) if np.abs(frame).max() > _LOUD]
        return len(loud) * FRAME_SAMPLES

    def stop(self) -> None:
        self.microphone.stop()
        self._thread.join(10.0)
        assert not self._thread.is_alive()


@contextmanager
def listening(microphone: Microphone) -> Iterator[Listener]:
    listener = Listener(microphone)
    try:
        wait_until(lambda: bool(listener.frames) or not listener.errors.empty(), "the first frame")
        yield listener
    finally:
        listener.stop()


def more_frames(listener: Listener, than: int) -> bool:
    return len(listener.frames) > than


def is_heard(listener: Listener) -> bool:
    return listener.loud_samples() > SAMPLE_RATE // 2


def test_hears_what_is_played(sound_server: SoundServer, tone: Path) -> None:
    with listening(Microphone()) as listener:
        assert sound_server.play(tone).wait(30) == 0
        wait_until(lambda: listener.loud_samples() > 0.9 * SAMPLE_RATE, "the tone")
    assert {frame.shape for frame in listener.frames} == {(FRAME_SAMPLES,)}
    assert {frame.dtype for frame in listener.frames} == {np.dtype(np.float32)}
    heard = listener.heard()
    loudest = np.argmax(np.abs(np.fft.rfft(heard))) * SAMPLE_RATE / len(heard)
    assert abs(loudest - _TONE_HZ) < 5


def test_the_default_device_and_its_name() -> None:
    names = [device.name for device in sound_process.devices()]
    assert names
    assert sum(device.default for device in sound_process.devices()) <= 1
    with listening(Microphone(names[0][:4])) as listener:
        assert listener.errors.empty()


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    known = sound_process.devices()[0].name
    with pytest.raises(AudioError, match="No microphone is called 'gramophone'") as caught:
        Microphone("gramophone").open()
    assert known in caught.value.hint


def test_what_was_said_before_stop_is_whole(sound_server: SoundServer, tone: Path) -> None:
    """Stop as soon as the player has delivered its last sample, which is then still on its way."""
    with listening(Microphone()) as listener:
        player = sound_server.play(tone)
        assert player.wait(30) == 0
        listener.stop()
    assert listener.loud_samples() > 0.9 * SAMPLE_RATE


def test_stop_is_quick_and_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with listening(Microphone()) as listener:
        before = time.monotonic()
        listener.stop()
        assert time.monotonic() - before < 1.0
    assert not caplog.records


def test_a_second_session_hears_again(sound_server: SoundServer, tone: Path) -> None:
    for _ in range(2):
        with listening(Microphone()) as listener:
            player = sound_server.play(tone)
            wait_until(partial(is_heard, listener), "the tone")
            player.wait(30)


def test_the_server_dies_and_comes_back(sound_server: SoundServer, tone: Path) -> None:
    with listening(Microphone(give_up_s=60.0)) as listener:
        player = sound_server.play(tone)
        wait_until(lambda: is_heard(listener), "the tone")
        sound_server.kill()
        player.wait(30)
        before = listener.loud_samples()
        sound_server.start()
        frames = len(listener.frames)
        wait_until(partial(more_frames, listener, frames + 50), "frames from the new server")
        assert sound_server.play(tone).wait(30) == 0
        wait_until(
            lambda: listener.loud_samples() > before + 0.9 * SAMPLE_RATE, "the tone, from the new server"
        )
    assert listener.errors.empty()


def test_two_microphones_come_back_together(sound_server: SoundServer) -> None:
    """Each has to start PortAudio anew, which ends the other's stream."""
    with listening(Microphone(give_up_s=60.0)) as one, listening(Microphone(give_up_s=60.0)) as other:
        sound_server.kill()
        sound_server.start()
        for listener in (one, other):
            wait_until(
                partial(more_frames, listener, len(listener.frames) + 50), "frames from the new server"
            )
        for listener in (one, other):
            wait_until(partial(more_frames, listener, len(listener.frames) + 50), "nobody ends the other's")
    assert one.errors.empty()
    assert other.errors.empty()


def test_closed_from_another_thread() -> None:
    with listening(Microphone()) as listener:
        before = time.monotonic()
        listener.microphone.close()
        listener.stop()
        assert time.monotonic() - before < 2.0
    assert listener.errors.empty()


def test_opened_and_closed_unread() -> None:
    for _ in range(3):
        microphone = Microphone()
        microphone.open()
        microphone.stop()
        microphone.close()
        assert not list(microphone)


def test_unplugged_and_plugged_in_again(sound_server: SoundServer, tone: Path) -> None:
    told: queue.SimpleQueue[AudioError] = queue.SimpleQueue()
    with listening(Microphone(give_up_s=60.0, tell=told.put)) as listener:
        player = sound_server.play(tone)
        wait_until(lambda: is_heard(listener), "the tone")
        sound_server.unplug()
        player.kill()
        player.wait()
        assert told.get(timeout=30).sentence == "The microphone has fallen silent."
        before = listener.loud_samples()
        sound_server.plug_in()
        assert told.get(timeout=30).sentence == "The microphone is back."
        assert sound_server.play(tone).wait(30) == 0
        wait_until(lambda: listener.loud_samples() > before + 0.9 * SAMPLE_RATE, "the tone")
    assert listener.errors.empty()


@pytest.mark.skipif(not shutil.which("pw-link"), reason="pw-link of pipewire-bin is not installed")
def test_loudspeakers_are_not_heard_instead_of_a_microphone_that_is_unplugged(
    sound_server: SoundServer, tone: Path
) -> None:
    """The sound server would have it so; where there never was a microphone, it is told."""
    told: queue.SimpleQueue[AudioError] = queue.SimpleQueue()
    with listening(Microphone(give_up_s=60.0, tell=told.put)) as listener:
        assert sound_server.play(tone).wait(30) == 0
        wait_until(lambda: is_heard(listener), "the tone")
        sound_server.unplug()
        assert told.get(timeout=30).sentence == "The microphone has fallen silent."
        before = listener.loud_samples()
        assert sound_server.play(tone, "auto_null").wait(30) == 0
        with listening(Microphone(tell=told.put)) as other:
            assert "loudspeakers" in told.get(timeout=30).sentence
            assert sound_server.play(tone, "auto_null").wait(30) == 0
            wait_until(lambda: is_heard(other), "the tone, as it is played")
        assert listener.loud_samples() == before


def test_the_default_that_changes_is_followed(sound_server: SoundServer, tone: Path) -> None:
    sound_server.plug_in("othermic", "other_sink")
    sound_server.choose("testmic")
    with listening(Microphone()) as listener:
        for source, sink in (("testmic", "mic_sink"), ("othermic", "other_sink"), ("testmic", "mic_sink")):
            sound_server.choose(source)
            before = listener.loud_samples()

            def is_followed(sink: str = sink, before: int = before) -> bool:
                assert sound_server.play(tone, sink).wait(30) == 0
                return listener.loud_samples() > before + 0.9 * SAMPLE_RATE

            wait_until(is_followed, f"the tone that is said into {source}")


def test_a_server_that_hangs(sound_server: SoundServer, tone: Path) -> None:
    """The dictation goes on as soon as it moves again; one that ends meanwhile ends at once."""
    with listening(Microphone(give_up_s=60.0)) as one, listening(Microphone()) as other:
        with sound_server.hanging():
            began = time.monotonic()
            other.stop()
            assert time.monotonic() - began < 5.0
            frames = len(one.frames)
            wait_until(partial(more_frames, one, frames + 20), "the silence that stands for what is missing")
        wait_until(partial(more_frames, one, frames + 100), "frames")
        assert sound_server.play(tone).wait(30) == 0
        wait_until(lambda: one.loud_samples() > 0.9 * SAMPLE_RATE, "the tone")
    assert one.errors.empty()
    assert other.errors.empty()


def test_a_muted_one_is_told(sound_server: SoundServer, tone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_news, "_MUTED_S", 1.0)
    told: queue.SimpleQueue[AudioError] = queue.SimpleQueue()
    with listening(Microphone(tell=told.put)) as listener:
        sound_server.mute(muted=True)
        assert "it may be muted" in told.get(timeout=30).sentence
        sound_server.mute(muted=False)
        assert sound_server.play(tone).wait(30) == 0
        wait_until(lambda: is_heard(listener), "the tone")
    assert told.empty()


def test_a_telephone_s_rate(sound_server: SoundServer, tone: Path) -> None:
    """As a Bluetooth headset has it."""
    sound_server.plug_in("headset", "headset_sink", rate=8_000)
    sound_server.choose("headset")
    with listening(Microphone()) as listener:
        assert sound_server.play(tone, "headset_sink").wait(30) == 0
        wait_until(lambda: listener.loud_samples() > 0.9 * SAMPLE_RATE, "the tone")


def test_the_server_dies_for_good(sound_server: SoundServer) -> None:
    with listening(Microphone(give_up_s=1.0)) as listener:
        sound_server.kill()
        error = listener.errors.get(timeout=30.0)
    assert error.sentence == "The microphone went away and did not come back."
    assert listener.frames


def test_no_server_no_microphone(sound_server: SoundServer) -> None:
    sound_server.kill()
    with pytest.raises(AudioError) as caught:
        Microphone().open()
    assert caught.value.hint
