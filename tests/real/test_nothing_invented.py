"""Noise that the gate lets through: the real models make words of it, and none of them is typed.

The gate is open here at every moment, so that what stands behind the models is all that keeps them from it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.bench.pace import Line, Pace
from tests.bench.score import normalise, word_errors
from tests.bench.simulation import Dictation, Remembered
from tests.real.daemon import demo, need_models
from voicetype.audio import Recording, read_recording
from voicetype.core.endpointing import EndpointingRules
from voicetype.core.events import SAMPLE_RATE
from voicetype.settings import Settings

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

SAID = "goodbye thank you for trying out the asterisk open source pbx"
NOISE_S = 2
UNSURE = EndpointingRules().onset
"""The gate opens, and is not sure of a voice, as no noise makes it."""
MOMENTS = np.arange(NOISE_S * SAMPLE_RATE) / SAMPLE_RATE
PACE = Pace(encode=Line(0.01, 0.005), decode=Line(0.0, 0.005), judge=Line(0.03, 0.0), beams=2.0)

Sound = NDArray[np.float64]
Dictate = Callable[[Sound | NDArray[np.float32]], list[str]]


@pytest.fixture(scope="module")
def dictate(tmp_path_factory: pytest.TempPathFactory) -> Dictate:
    """Dictates a sound with the gate open; what stood on the screen, one after the other."""
    need_models("tiny.en", "base")
    folder = tmp_path_factory.mktemp("said")
    fast, heavy = (Remembered(name, PACE, folder / name) for name in ("tiny.en", "base"))

    def run(sound: Sound | NDArray[np.float32]) -> list[str]:
        frames = Recording(sound.astype(np.float32), realtime=False)
        trace = Dictation(fast, heavy, Settings(language="en")).run([(frame, UNSURE) for frame in frames])
        return [state.text for state in trace if state.text]

    return run


def band(low_hz: float, high_hz: float, slope: float = 0.0) -> Sound:
    """Noise between two frequencies, whose amplitude falls with the frequency to the power of `slope`."""
    spectrum = np.fft.rfft(np.random.default_rng(5).standard_normal(len(MOMENTS)))
    frequencies = np.fft.rfftfreq(len(MOMENTS), 1 / SAMPLE_RATE)
    inside = (frequencies >= low_hz) & (frequencies <= high_hz)
    return np.fft.irfft(spectrum * inside * np.maximum(frequencies, 1.0) ** -slope, len(MOMENTS))


def clicks() -> Sound:
    """Somebody types, seven keys a second."""
    rng = np.random.default_rng(6)
    sound = 0.002 * rng.standard_normal(len(MOMENTS))
    click = np.exp(-np.arange(480) / 64)
    for at in range(3200, len(sound) - 480, SAMPLE_RATE // 7):
        sound[at : at + 480] += rng.uniform(0.5, 1.0) * click * rng.standard_normal(480)
    return sound


def level(sound: Sound, rms: float) -> Sound:
    """With this root mean square."""
    loud: Sound = sound * rms / np.sqrt(np.mean(sound**2))
    return loud


NOISES: dict[str, Callable[[], Sound]] = {
    "silence": partial(np.zeros, len(MOMENTS)),
    "hiss": lambda: level(band(0, 8000), 0.03),
    "rumble": lambda: level(band(20, 8000, slope=1), 0.06),
    "keys": lambda: level(clicks(), 0.03),
    "breath": lambda: level(band(400, 3000) * np.sin(np.pi * MOMENTS) ** 2, 0.02),
    "beeps": lambda: 0.1 * np.sin(2 * np.pi * 1000 * MOMENTS) * (MOMENTS % 1 < 0.3),
}


@pytest.mark.parametrize("noise", NOISES)
def test_of_noise_nothing_is_typed(dictate: Dictate, noise: str) -> None:
    assert dictate(NOISES[noise]()) == []


def test_what_is_said_is_typed_in_spite_of_the_noise_around_it(dictate: Dictate) -> None:
    """Also "thank you", which models make of noise."""
    speech = read_recording(demo("demo-thanks.g722"))
    noise = level(band(20, 8000, slope=0.5), 0.005)
    stood = dictate(np.concatenate([noise[:SAMPLE_RATE], speech, noise]))
    assert word_errors(normalise(SAID), normalise(stood[-1])) <= 2
