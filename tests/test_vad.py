"""The gate before the models: what opens an utterance, and what does not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.test_webrtc import shares, vowel
from voicetype import silero, vad
from voicetype.core.endpointing import Endpointing, EndpointingRules
from voicetype.core.events import SAMPLE_RATE, SpeechStarted
from voicetype.frames import FRAME_SAMPLES
from voicetype.sounds import tone
from voicetype.vad import VoiceActivity
from voicetype.webrtc import WebrtcDetector

Sound = NDArray[np.float32]

SECONDS = 6
MOMENTS = np.arange(SECONDS * SAMPLE_RATE) / SAMPLE_RATE
ROOM_RMS = 3e-4


def openings(sound: Sound, aggressiveness: int = 2) -> list[int]:
    """Where utterances begin in a sound."""
    activity, endpointing, begun = VoiceActivity(aggressiveness), Endpointing(EndpointingRules()), []
    for frame in sound[: len(sound) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES):
        endpointing, endpoints = endpointing.step(activity(frame), FRAME_SAMPLES)
        begun += [each.position for each in endpoints if isinstance(each, SpeechStarted)]
    return begun


def noise(rms: float) -> Sound:
    return (np.random.default_rng(1).standard_normal(len(MOMENTS)) * rms).astype(np.float32)


def shaped(gain_at: Callable[[NDArray[np.floating]], NDArray[np.floating]], peak: float) -> Sound:
    """Noise with a spectrum: what its frequencies (Hz) are multiplied by."""
    spectrum = np.fft.rfft(noise(1.0)) * gain_at(np.fft.rfftfreq(len(MOMENTS), 1 / SAMPLE_RATE))
    sound = np.fft.irfft(spectrum, len(MOMENTS))
    return np.asarray(sound * peak / np.abs(sound).max(), np.float32)


def clicks(peak: float) -> Sound:
    """Keys, five a second: a click and the ring of a case, each a little other than the last."""
    rng, sound = np.random.default_rng(2), np.zeros(len(MOMENTS))
    ring_s = np.arange(SAMPLE_RATE // 20) / SAMPLE_RATE
    for at in range(0, len(sound) - len(ring_s), SAMPLE_RATE // 5):
        struck = np.exp(-ring_s * 120) * rng.standard_normal(len(ring_s))
        rung = 0.4 * np.exp(-ring_s * 90) * np.sin(2 * np.pi * rng.uniform(900, 2500) * ring_s)
        sound[at : at + len(ring_s)] += struck + rung
    return np.asarray(sound * peak / np.abs(sound).max() + noise(ROOM_RMS), np.float32)


def breath(peak: float) -> Sound:
    """In and out, every two seconds: noise as wide as a mouth makes it."""
    wind = shaped(lambda hertz: np.exp(-((np.log(hertz + 1) - np.log(1200)) ** 2)), 1.0)
    return np.asarray(wind * peak * np.maximum(0, np.sin(np.pi * MOMENTS)) ** 2 + noise(ROOM_RMS), np.float32)


def chords() -> Sound:
    """Plucked, two a second."""
    strings = sum(np.sin(2 * np.pi * hertz * MOMENTS) for hertz in (220, 277, 330, 440))
    return np.asarray(0.1 * strings * np.exp(-4 * (MOMENTS % 0.5)), np.float32)


def signals() -> Sound:
    """The program's own start and stop sounds, as loud as they are played, one after the other."""
    gap = np.zeros(SAMPLE_RATE // 2, np.float32)
    pair = np.concatenate([tone(520, 780, SAMPLE_RATE), gap, tone(780, 520, SAMPLE_RATE), gap])
    return np.tile(pair, 5)


def hum(hertz: int) -> Sound:
    wave = sum(np.sin(2 * np.pi * hertz * n * MOMENTS) / n for n in (1, 3, 5))
    return np.asarray(0.1 * wave, np.float32) + noise(1e-3)


SOUNDS: dict[str, Callable[[], Sound]] = {
    "silence": lambda: np.zeros(len(MOMENTS), np.float32),
    "hiss": lambda: noise(ROOM_RMS),
    "loud hiss": lambda: noise(0.03),
    "clipped hiss": lambda: np.clip(noise(2.0), -1, 1),
    "rumble": lambda: shaped(lambda hertz: 1 / (hertz + 20), 0.5),
    "pink noise": lambda: shaped(lambda hertz: 1 / np.sqrt(hertz + 20), 0.3),
    "bursts of noise": lambda: noise(0.1) * (np.sin(2 * np.pi * 4 * MOMENTS) > 0.6),
    "clicks": lambda: clicks(0.5),
    "soft clicks": lambda: clicks(0.02),
    "breath": lambda: breath(0.3),
    "soft breath": lambda: breath(0.02),
    "hum": lambda: hum(50),
    "hum elsewhere": lambda: hum(60),
    "a chirp": lambda: 0.3 * np.sin(2 * np.pi * (200 + 150 * MOMENTS) * MOMENTS).astype(np.float32),
    "chords": chords,
    "start and stop sounds": signals,
    "an offset": lambda: noise(1e-3) + np.float32(0.5),
    "a square": lambda: np.sign(np.sin(2 * np.pi * 440 * MOMENTS)).astype(np.float32),
    "no numbers": lambda: np.full(len(MOMENTS), np.nan, np.float32),
    "beyond all numbers": lambda: np.full(len(MOMENTS), np.inf, np.float32),
}


@pytest.mark.parametrize("aggressiveness", [1, 2, 3])
@pytest.mark.parametrize("name", SOUNDS)
def test_no_noise_opens_an_utterance(name: str, aggressiveness: int) -> None:
    assert openings(SOUNDS[name](), aggressiveness) == []


def test_samples_that_are_no_numbers_leave_no_trace() -> None:
    """The network remembers what it heard."""
    activity = VoiceActivity(2)
    for broken in (np.nan, np.inf, -np.inf):
        activity(np.full(FRAME_SAMPLES, broken, np.float32))
    assert max(shares(activity, noise(ROOM_RMS))) < 0.5


def test_the_aggressiveness_says_what_passes_for_speech() -> None:
    likely = [shares(VoiceActivity(aggressiveness), vowel()) for aggressiveness in range(4)]
    assert all(np.all(np.diff(column) <= 0) for column in np.transpose(likely))
    assert sum(likely[0]) > sum(likely[3])


def test_an_unknown_aggressiveness_is_refused() -> None:
    for unknown in (-1, 4):
        with pytest.raises(ValueError, match=str(unknown)):
            VoiceActivity(unknown)


@pytest.fixture
def no_silero(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """onnxruntime can't be imported, as on a machine without it."""
    monkeypatch.setattr(silero, "load", silero.load.__wrapped__)
    monkeypatch.setattr("faster_whisper.vad.get_vad_model", _fail)
    vad._is_there.cache_clear()
    yield
    vad._is_there.cache_clear()


def _fail() -> None:
    raise RuntimeError("Applying the VAD filter requires the onnxruntime package")


@pytest.mark.usefixtures("no_silero")
def test_without_silero_webrtcs_detector_stands_in(caplog: pytest.LogCaptureFixture) -> None:
    sound = np.concatenate([noise(ROOM_RMS)[:SAMPLE_RATE], vowel()])
    with caplog.at_level(logging.WARNING):
        heard = [shares(VoiceActivity(aggressiveness), sound) for aggressiveness in range(4)]
    assert heard == [shares(WebrtcDetector(aggressiveness), sound) for aggressiveness in range(4)]
    (record,) = caplog.records
    assert "onnxruntime" in record.getMessage()
