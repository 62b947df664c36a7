"""How much of a frame is speech by WebRTC's detector, and what it is given."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from voicetype.core.endpointing import EndpointingRules
from voicetype.core.events import SAMPLE_RATE
from voicetype.frames import FRAME_SAMPLES
from voicetype.webrtc import _LOUD, _MOST_GAIN, FLOOR_RMS, PIECE_SAMPLES, SUREST, WebrtcDetector

FAINTEST_RMS = FLOOR_RMS / _MOST_GAIN
"""Below it a sound is never speech, however much it is raised."""

LONG = 12 * SAMPLE_RATE
"""After so long a silence, what follows is raised as far as it may."""

Raised = Callable[..., NDArray[np.float32]]


def hiss(rms: float, samples: int = SAMPLE_RATE) -> NDArray[np.float32]:
    return (np.random.default_rng(1).standard_normal(samples) * rms).astype(np.float32)


def vowel(rms: float = 0.1, samples: int = SAMPLE_RATE) -> NDArray[np.float32]:
    """A hummed "ah": a pitch of 120 Hz, its harmonics strongest near 700 and 1100 Hz."""
    time_s = np.arange(samples) / SAMPLE_RATE
    harmonics = [
        (1 / (1 + ((120 * k - 700) / 200) ** 2) + 0.7 / (1 + ((120 * k - 1100) / 200) ** 2))
        * np.sin(2 * np.pi * 120 * k * time_s)
        for k in range(1, 30)
    ]
    sound = np.sum(harmonics, axis=0)
    return np.asarray(sound * rms / np.sqrt(np.mean(sound**2)), dtype=np.float32)


def voice(peak: float, samples: int = 2 * SAMPLE_RATE) -> NDArray[np.float32]:
    """Three vowels a second: the detector takes one that lasts for noise."""
    syllables = np.maximum(0, np.sin(2 * np.pi * 3 * np.arange(samples) / SAMPLE_RATE))
    sound = vowel(samples=samples) * syllables
    return np.asarray(sound * peak / np.abs(sound).max(), np.float32)


def shares(
    activity: Callable[[NDArray[np.float32]], float], samples: NDArray[np.float32], size: int = FRAME_SAMPLES
) -> list[float]:
    return [activity(samples[i : i + size]) for i in range(0, len(samples) - size + 1, size)]


def test_a_muted_start_is_not_taken_for_a_quiet_room() -> None:
    """Else the steady noise behind it is raised, and taken for a voice."""
    noise = hiss(0.003, LONG)
    muted = np.concatenate([np.zeros(SAMPLE_RATE // 2, np.float32), noise])
    assert sum(shares(WebrtcDetector(2), muted)) <= sum(shares(WebrtcDetector(2), noise)) + 1


@pytest.mark.parametrize("aggressiveness", [0, 1, 2, 3])
def test_a_vowel_is_speech(aggressiveness: int) -> None:
    assert np.mean(shares(WebrtcDetector(aggressiveness), vowel())) > 0.9 * SUREST


@pytest.mark.parametrize("aggressiveness", [0, 3])
@pytest.mark.parametrize("rms", [0.0, 1e-5, FAINTEST_RMS / 2])
def test_silence_and_faint_hiss_never_are(aggressiveness: int, rms: float) -> None:
    assert set(shares(WebrtcDetector(aggressiveness), hiss(rms, LONG))) == {0.0}


@pytest.mark.parametrize("rms", [1e-4, 2.5e-4, FLOOR_RMS * 0.8])
def test_raised_hiss_is_not_either(rms: float) -> None:
    assert set(shares(WebrtcDetector(2), hiss(rms, LONG))) == {0.0}


def test_a_faint_voice_below_the_floor_is_not_heard() -> None:
    assert set(shares(WebrtcDetector(0), voice(3 * FAINTEST_RMS, LONG))) == {0.0}


@pytest.mark.parametrize("aggressiveness", [0, 1, 2])
def test_a_quiet_voice_is_heard_like_a_loud_one(aggressiveness: int) -> None:
    quiet, loud = (
        np.mean(shares(WebrtcDetector(aggressiveness), np.concatenate([hiss(1e-5, LONG), voice(peak)])))
        for peak in (0.004, 0.4)
    )
    assert loud > 0
    assert quiet > 0.9 * loud


class Listener:
    """In the detector's place: keeps what it is given."""

    heard = np.zeros(0, np.int16)

    def __init__(self, aggressiveness: int) -> None:
        assert aggressiveness == 2

    def is_speech(self, pcm: bytes, rate: int) -> bool:
        assert rate == SAMPLE_RATE
        Listener.heard = np.append(Listener.heard, np.frombuffer(pcm, np.int16))
        return True


@pytest.fixture
def raised(monkeypatch: pytest.MonkeyPatch) -> Raised:
    """What the detector is given in the place of the last of some sounds, shape as that."""
    monkeypatch.setattr("webrtcvad.Vad", Listener)

    def listen(*sounds: NDArray[np.float32]) -> NDArray[np.float32]:
        Listener.heard = np.zeros(0, np.int16)
        WebrtcDetector(2)(np.concatenate(sounds))
        return Listener.heard[-len(sounds[-1]) :].astype(np.float32) / np.float32(32767)

    return listen


def test_a_loud_sound_is_not_changed(raised: Raised) -> None:
    """Nor what is quiet in its midst."""
    for peak in (2 * _LOUD, 1.0):
        sound = voice(peak)
        assert raised(sound, sound) == pytest.approx(sound, abs=1e-4)


def test_a_quiet_sound_is_raised_as_far_as_it_may(raised: Raised) -> None:
    silence = np.zeros(LONG, np.float32)
    assert np.abs(raised(silence, voice(_LOUD / 2))).max() == pytest.approx(_LOUD, rel=0.01)
    assert np.abs(raised(silence, voice(0.004))).max() == pytest.approx(0.004 * _MOST_GAIN, rel=0.01)


def test_what_is_quiet_beside_a_voice_is_not_raised_until_that_is_long_gone(raised: Raised) -> None:
    loud, breath = voice(_LOUD), voice(0.004)
    assert np.abs(raised(loud, breath)).max() < 0.004 * _MOST_GAIN / 2
    assert np.abs(raised(loud, np.zeros(2 * LONG, np.float32), breath)).max() > 0.004 * _MOST_GAIN / 2


@pytest.mark.parametrize("rms", [1e-3, 3e-3])
def test_steady_noise_is_not_raised(raised: Raised, rms: float) -> None:
    room = hiss(rms)
    assert raised(hiss(rms, LONG), room) == pytest.approx(room, abs=1e-4)


def test_samples_that_are_no_numbers_pass(raised: Raised) -> None:
    broken = np.full(LONG, np.nan, np.float32)
    assert np.abs(raised(broken, np.full(SAMPLE_RATE, np.inf, np.float32))).max() == pytest.approx(1.0)


def test_frames_that_are_no_multiple_of_a_piece_lose_nothing() -> None:
    """However the sound is cut, the same pieces are judged."""
    sound = np.concatenate([hiss(1e-5, 8_000), vowel(samples=8_000)])
    counts = []
    for size in (PIECE_SAMPLES, FRAME_SAMPLES, 100):
        activity = WebrtcDetector(2)
        voiced = fed = 0.0
        for share in shares(activity, sound, size):
            before, fed = fed // PIECE_SAMPLES, fed + size
            voiced += share * (fed // PIECE_SAMPLES - before)
        counts.append(round(voiced))
    assert max(counts) - min(counts) <= 3  # the last, incomplete frame


def test_too_little_for_a_piece_is_no_speech_yet() -> None:
    activity = WebrtcDetector(0)
    sound = vowel()
    assert activity(sound[: PIECE_SAMPLES - 1]) == 0.0


def test_it_is_never_so_sure_that_the_doubts_of_a_model_would_not_count() -> None:
    assert EndpointingRules().onset < max(shares(WebrtcDetector(0), vowel())) < EndpointingRules().sure


def test_full_scale_and_beyond_is_clipped_not_wrapped() -> None:
    assert np.mean(shares(WebrtcDetector(2), vowel(2.0))) > 0.9 * SUREST


def test_reset_forgets() -> None:
    sound = np.concatenate([vowel(), hiss(0.003)])
    activity = WebrtcDetector(2)
    first = shares(activity, sound)
    activity(sound[:100])
    activity.reset()
    assert shares(activity, sound) == first


def test_an_unknown_aggressiveness_is_refused() -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the detector's own, without words
        WebrtcDetector(4)
