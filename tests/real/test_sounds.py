"""The start and stop sounds on a real sound server, whose microphone hears what its speaker plays."""

from __future__ import annotations

import queue
import threading
import time

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.real.soundserver import SoundServer, sound_server, wait_until
from voicetype import sound_process, sounds
from voicetype.core.endpointing import Endpointing, EndpointingRules
from voicetype.core.events import SAMPLE_RATE, SpeechStarted
from voicetype.errors import DesktopError
from voicetype.frames import Frame
from voicetype.meter import Metered
from voicetype.microphone import Microphone
from voicetype.sounds import START_S, Sounds, tone
from voicetype.vad import VoiceActivity

__all__ = ["sound_server"]  # a fixture

pytestmark = pytest.mark.real

_HEARD = 0.02  # of full scale; the sounds' peak is 0.16
_FRAMES = 40  # of 32 ms: more than a start sound may last


@pytest.fixture(autouse=True)
def _our_server(sound_server: SoundServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_RUNTIME_DIR", "PULSE_SERVER", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.setenv(name, sound_server.env[name])
    sound_process.end_spares()


def heard_at_start(mute_s: float) -> NDArray[np.float32]:
    """What a dictation hears that begins with the start sound, down to a second or so later."""
    problems: queue.SimpleQueue[DesktopError] = queue.SimpleQueue()
    made, microphone = Sounds(problems.put), Microphone()
    microphone.open()
    made.play_start()
    frames: list[Frame] = []
    for frame in Metered(microphone, lambda _: None, mute_s):
        frames.append(frame)
        if len(frames) == _FRAMES:
            microphone.stop()
    microphone.close()
    made.close()
    made.join()
    assert problems.empty(), problems.get().sentence
    return np.concatenate(frames)


def speech(samples: NDArray[np.float32], aggressiveness: int) -> list[SpeechStarted]:
    """Where an utterance would begin."""
    activity, endpointing, begun = VoiceActivity(aggressiveness), Endpointing(EndpointingRules()), []
    for frame in samples.reshape(-1, 512):
        endpointing, endpoints = endpointing.step(activity(frame), len(frame))
        begun += [each for each in endpoints if isinstance(each, SpeechStarted)]
    return begun


def test_the_start_sound_is_heard_by_the_microphone_unless_it_is_muted() -> None:
    """Both halves belong together: without the first, the second would show nothing."""
    loud = np.flatnonzero(np.abs(heard_at_start(0.0)) > _HEARD)
    assert len(loud), "the speaker is not heard by this microphone"
    assert loud[-1] - loud[0] > 0.06 * SAMPLE_RATE, "a part of it was cut off"
    assert loud[-1] < START_S * SAMPLE_RATE, "it is not over in time"

    muted = heard_at_start(START_S)
    assert not muted[: int(START_S * SAMPLE_RATE)].any()
    assert np.abs(muted).max() < _HEARD
    for aggressiveness in range(4):
        assert not speech(muted, aggressiveness)


def test_the_stop_sound_is_heard_once_nobody_listens_any_more() -> None:
    """By another microphone, that is: ours is closed."""
    made, ours = Sounds(), Microphone()
    frames: list[Frame] = []
    with Microphone() as other:
        reader = threading.Thread(target=lambda: frames.extend(other))
        reader.start()
        ours.open()
        ours.close()
        made.play_stop()
        wait_until(lambda: is_loud(frames), "the stop sound")
        made.close()
        made.join()
        other.stop()
        reader.join(10)
    assert not reader.is_alive()


def is_loud(frames: list[Frame]) -> bool:
    return any(np.abs(frame).max() > _HEARD for frame in list(frames))


def test_a_sound_that_would_come_too_late_is_not_heard() -> None:
    with Microphone() as microphone:
        frames: list[Frame] = []
        assert not sound_process.play(tone(520, 780), sounds.RATE, time.monotonic() - 1.0)
        for frame in microphone:
            frames.append(frame)
            if len(frames) == _FRAMES // 2:
                microphone.stop()
    assert not is_loud(frames)


def test_a_sound_does_not_stall_a_microphone(caplog: pytest.LogCaptureFixture) -> None:
    """They share PortAudio and the sound server, which has once stalled the one when the other ended."""
    made = Sounds()
    for _ in range(30):
        with Microphone() as microphone:
            made.play_start()
            assert next(iter(microphone)).shape == (512,)
            made.play_stop()
    made.close()
    made.join()
    problems = [record.getMessage() for record in caplog.records]
    assert not [each for each in problems if "left out" not in each]  # too late it may be, on a busy machine


def test_without_a_sound_server_it_is_said_once(sound_server: SoundServer) -> None:
    sound_server.kill()
    sound_process.end_spares()
    problems: queue.SimpleQueue[DesktopError] = queue.SimpleQueue()
    made = Sounds(problems.put)
    made.play_start()
    made.play_stop()
    made.close()
    made.join()
    assert problems.get_nowait().hint
    assert problems.empty()
