"""The noise benchmark's own sums."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.noise import Heard, Lost, characters, given, heard, levels, pink
from tests.bench.score import Reference, State
from voicetype.frames import FRAME_SAMPLES
from voicetype.settings import Settings

FRAME_S = FRAME_SAMPLES / 16_000


def test_what_is_typed_and_taken_back_counts_as_typed() -> None:
    states = [State(0.0, text) for text in ("", "you", "your", "You", "")]
    assert characters(states) == (3 + 1 + 3, 0)
    assert characters([*states, State(1.0, "Thanks")]) == (13, 6)


@pytest.mark.parametrize(
    ("spans", "whether"), [([], False), ([(0, 1.4)], False), ([(0, 1.2), (1.7, 3)], True)]
)
def test_a_word_is_given_with_half_of_it(spans: list[tuple[float, float]], whether: bool) -> None:
    assert given(1.0, 2.0, spans) is whether


def test_what_the_models_are_given_reaches_from_the_pre_roll_to_the_silence_behind() -> None:
    voices = [0.0] * 40 + [1.0] * 20 + [0.0] * 60 + [1.0] * 3 + [0.0] * 60
    frames = [(np.zeros(FRAME_SAMPLES, np.float32), voice) for voice in voices]
    result = heard(frames, Settings())
    ((start, end),) = result.spans  # three frames are too short to be given
    assert start == pytest.approx(40 * FRAME_S - Settings().rules.pre_roll_s)
    assert 60 * FRAME_S < end < 60 * FRAME_S + 1.6
    assert result.opened_s == pytest.approx(43 * FRAME_S)
    assert result.paused_s == pytest.approx(67 * FRAME_S)


def test_delays_count_from_the_words() -> None:
    lost = Lost(seconds=10.0)
    reference = Reference("one two", (("one", 1.0, 1.5), ("two", 2.0, 2.5)), 2.5)
    lost.add(reference, Heard(((0.7, 1.8),), 1.1, 2.8))
    lost.add(reference, Heard((), None, None))
    assert (lost.words, lost.lost) == (4, 3)
    assert lost.opened == pytest.approx([0.1])
    assert lost.paused == pytest.approx([0.3])
    assert lost.cells().startswith("75.00 % | 0.10 / 0.10 | 0.30 / 0.30")


def test_noise_is_added_by_the_ratio_of_the_powers() -> None:
    speech = np.sin(np.arange(16_000)).astype(np.float32)
    for added in (None, pink(999, seed=3) * 7):
        noise = levels(added)["10 dB"](speech) - speech
        assert np.mean(speech**2) / np.mean(noise**2) == pytest.approx(10, rel=0.01)
    assert np.array_equal(levels(None)["clean"](speech), speech)


def test_pink_noise_has_as_much_power_in_each_octave() -> None:
    power = np.abs(np.fft.rfft(pink(160_000))) ** 2
    octaves = [power[2**n : 2 ** (n + 1)].sum() for n in range(10, 16)]
    assert max(octaves) < 1.2 * min(octaves)
