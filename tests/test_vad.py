"""How much of a frame is speech."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from voicetype.core.events import SAMPLE_RATE
from voicetype.frames import FRAME_SAMPLES
from voicetype.vad import FLOOR_RMS, PIECE_SAMPLES, VoiceActivity


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


def shares(activity: VoiceActivity, samples: NDArray[np.float32], size: int = FRAME_SAMPLES) -> list[float]:
    return [activity(samples[i : i + size]) for i in range(0, len(samples) - size + 1, size)]


@pytest.mark.parametrize("aggressiveness", [0, 1, 2, 3])
def test_a_vowel_is_speech(aggressiveness: int) -> None:
    assert np.mean(shares(VoiceActivity(aggressiveness), vowel())) > 0.9


@pytest.mark.parametrize("aggressiveness", [0, 3])
@pytest.mark.parametrize("rms", [0.0, 1e-5, FLOOR_RMS / 2])
def test_silence_and_faint_hiss_never_are(aggressiveness: int, rms: float) -> None:
    assert set(shares(VoiceActivity(aggressiveness), hiss(rms))) == {0.0}


def test_a_faint_voice_below_the_floor_is_not_heard() -> None:
    assert set(shares(VoiceActivity(0), vowel(FLOOR_RMS / 2))) == {0.0}


def test_frames_that_are_no_multiple_of_a_piece_lose_nothing() -> None:
    """However the sound is cut, the same pieces are judged."""
    sound = np.concatenate([hiss(1e-5, 8_000), vowel(samples=8_000)])
    counts = []
    for size in (PIECE_SAMPLES, FRAME_SAMPLES, 100):
        activity = VoiceActivity(2)
        voiced = fed = 0.0
        for share in shares(activity, sound, size):
            before, fed = fed // PIECE_SAMPLES, fed + size
            voiced += share * (fed // PIECE_SAMPLES - before)
        counts.append(round(voiced))
    assert max(counts) - min(counts) <= 3  # the last, incomplete frame


def test_too_little_for_a_piece_is_no_speech_yet() -> None:
    activity = VoiceActivity(0)
    sound = vowel()
    assert activity(sound[: PIECE_SAMPLES - 1]) == 0.0


def test_full_scale_and_beyond_is_clipped_not_wrapped() -> None:
    assert np.mean(shares(VoiceActivity(2), vowel(2.0))) > 0.9


def test_reset_forgets() -> None:
    sound = np.concatenate([vowel(), hiss(0.003)])
    activity = VoiceActivity(2)
    first = shares(activity, sound)
    activity(sound[:100])
    activity.reset()
    assert shares(activity, sound) == first


def test_an_unknown_aggressiveness_is_refused() -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the detector's own, without words
        VoiceActivity(4)
