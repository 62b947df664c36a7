"""The start and stop sounds, on a sound library of our own; on a real one in real/."""

from __future__ import annotations

import queue
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.real.xserver import wait_until
from tests.test_audio import FakeLibrary, library
from voicetype import portaudio, sound_process, sounds
from voicetype.errors import DesktopError
from voicetype.sounds import RATE, START_S, Sounds, tone

__all__ = ["library"]  # a fixture


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(samples: NDArray[np.float32], rate: int, by: float) -> bool:
        return portaudio.play(samples.tobytes(), rate, by)

    monkeypatch.setattr(sound_process, "play", play)
    monkeypatch.setattr(sound_process, "prepare", lambda _: None)


def pitch(samples: NDArray[np.float32]) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 2**17))
    return float(np.argmax(spectrum)) * RATE / 2**17


def played(library: FakeLibrary) -> NDArray[np.float32]:
    return np.trim_zeros(np.concatenate([np.zeros(0, np.float32), *library.played]))


def all_played(sounds: Sounds) -> None:
    sounds.close()
    sounds.join()


@pytest.mark.parametrize(("low", "high"), [(520.0, 780.0), (780.0, 520.0)])
def test_a_tone_is_short_soft_and_glides(low: float, high: float) -> None:
    samples = tone(low, high)
    assert 0.08 <= len(samples) / RATE <= 0.1
    assert 0.1 < np.abs(samples).max() < 0.2
    assert np.abs(samples[:48]).max() < 0.001, "a click at its beginning"
    assert np.abs(samples[-48:]).max() < 0.001, "a click at its end"
    third = len(samples) // 3
    assert (pitch(samples[:third]) < pitch(samples[-third:])) == (low < high)


def test_start_rises_and_stop_falls(library: FakeLibrary) -> None:
    for play, rises in ((Sounds.play_start, True), (Sounds.play_stop, False)):
        library.played.clear()
        made = Sounds()
        play(made)
        all_played(made)
        third = len(played(library)) // 3
        assert (pitch(played(library)[:third]) < pitch(played(library)[-third:])) == rises


@pytest.mark.parametrize("play", [Sounds.play_start, Sounds.play_stop])
def test_a_sound_is_over_within_its_time(library: FakeLibrary, play: Callable[[Sounds], None]) -> None:
    """It begins as late as it may; later, it is left out, and why is said once.

    The stop sound, too: who presses the key again at once must not have it typed.
    """
    problems: queue.SimpleQueue[DesktopError] = queue.SimpleQueue()
    made = Sounds(problems.put)
    library.ahead_s = START_S
    play(made)
    play(made)
    all_played(made)
    assert not len(played(library))
    assert "too late" in problems.get_nowait().sentence
    assert problems.empty()
    assert sounds._BEGINS_S + len(tone(520, 780)) / RATE < START_S


def test_a_sound_that_waited_for_another_is_left_out_and_no_device_is_blamed(library: FakeLibrary) -> None:
    problems: queue.SimpleQueue[DesktopError] = queue.SimpleQueue()
    made = Sounds(problems.put)

    def again() -> None:
        library.meanwhile = too_late
        made.play_start()

    def too_late() -> None:
        library.ahead_s = START_S

    library.meanwhile = again  # while the device is opened for the stop sound
    made.play_stop()
    wait_until(lambda: len(library.streams) == 2, "both had their turn")
    all_played(made)
    assert problems.empty()


def test_without_a_device_it_is_said_once(library: FakeLibrary) -> None:
    library.refusals = 3
    problems: queue.SimpleQueue[DesktopError] = queue.SimpleQueue()
    made = Sounds(problems.put)
    for _ in range(3):
        made.play_stop()
    made.play_stop()
    all_played(made)
    assert problems.get_nowait().hint
    assert problems.empty()
    assert len(played(library)), "it plays again once there is a device"


def test_without_a_listener_it_is_logged_once(library: FakeLibrary, caplog: pytest.LogCaptureFixture) -> None:
    library.refusals = 2
    with caplog.at_level("INFO"):
        made = Sounds()
        made.play_start()
        made.play_start()
        all_played(made)
    assert len(caplog.records) == 1
    assert "No start and stop sounds" in caplog.text


def test_closed_twice_it_plays_no_more(library: FakeLibrary) -> None:
    made = Sounds()
    all_played(made)
    all_played(made)
    made.play_start()
    assert not library.played
