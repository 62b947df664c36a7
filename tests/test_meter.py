"""The level of the microphone, and a start that is muted."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicetype.audio import Recording
from voicetype.core.events import SAMPLE_RATE
from voicetype.errors import AudioError
from voicetype.frames import FRAME_SAMPLES, Frame, FrameSource
from voicetype.meter import Metered, loudness


def sound(seconds: float, rms: float = 0.1) -> Frame:
    return np.full(round(seconds * SAMPLE_RATE), rms, np.float32)


def recording(samples: Frame) -> FrameSource:
    return Recording(samples, realtime=False)


class Lost:
    """A microphone that goes away after a frame, and what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __iter__(self) -> Iterator[Frame]:
        yield sound(0.2)
        raise AudioError("The microphone went away.", "Plug it in.")

    def stop(self) -> None:
        self.asked.append("stop")

    def close(self) -> None:
        self.asked.append("close")


def test_frames_pass_unchanged() -> None:
    samples = np.random.default_rng(1).uniform(-1, 1, 20 * FRAME_SAMPLES).astype(np.float32)
    frames = list(Metered(recording(samples), lambda _: None))
    assert {frame.shape for frame in frames} == {(FRAME_SAMPLES,)}
    assert np.array_equal(np.concatenate(frames), samples)


def test_the_level_is_told_ten_times_a_second_of_sound() -> None:
    levels: list[float] = []
    list(Metered(recording(sound(320 * FRAME_SAMPLES / SAMPLE_RATE)), levels.append))
    assert len(levels) == 102 + 1
    assert levels[:-1] == pytest.approx([loudness(0.1)] * 102, rel=1e-3)
    assert levels[-1] == 0.0


def test_the_level_is_that_of_its_own_tenth_of_a_second() -> None:
    levels: list[float] = []
    list(Metered(recording(np.concatenate([sound(1, 0.003), sound(1, 0.1)])), levels.append))
    assert levels[5] == pytest.approx(loudness(0.003), rel=1e-3)
    assert levels[15] == pytest.approx(loudness(0.1), rel=1e-3)


@pytest.mark.parametrize(
    ("rms", "level"),
    [
        (0.0, 0.0),
        (1e-3, 0.0),
        (10 ** (-37.5 / 20), 0.5),
        (10 ** (-15 / 20), 1.0),
        (1.0, 1.0),
        (math.inf, 1.0),
        (math.nan, 0.0),
    ],
)
def test_the_level_is_linear_in_decibels(rms: float, level: float) -> None:
    assert loudness(rms) == pytest.approx(level)


@given(st.floats(0, 2), st.floats(0, 2))
def test_louder_is_never_lower(one: float, other: float) -> None:
    assert loudness(min(one, other)) <= loudness(max(one, other))


@pytest.mark.parametrize("mute_s", [0.0, 0.01, 0.032, 0.05, 0.35, 5.0])
def test_a_muted_start_is_silent_and_the_rest_untouched(mute_s: float) -> None:
    samples, levels = sound(1), list[float]()
    frames = list(Metered(recording(samples), levels.append, mute_s))
    assert {frame.shape for frame in frames} == {(FRAME_SAMPLES,)}
    assert {frame.dtype for frame in frames} == {np.dtype(np.float32)}
    heard, muted = np.concatenate(frames)[: len(samples)], math.ceil(mute_s * SAMPLE_RATE)
    assert not heard[:muted].any()
    assert np.array_equal(heard[muted:], samples[muted:])
    assert np.array_equal(samples, sound(1)), "the source's own frames were written to"
    assert (levels[0] == 0.0) == (mute_s > 0.1), "one's own sound must not show in the level"


def test_stop_and_close_reach_the_source() -> None:
    source = Lost()
    metered: FrameSource = Metered(source, lambda _: None)
    metered.stop()
    metered.close()
    assert source.asked == ["stop", "close"]


def test_a_lost_microphone_is_told_and_the_level_falls() -> None:
    levels: list[float] = []
    with pytest.raises(AudioError, match="went away"):
        list(Metered(Lost(), levels.append))
    assert levels[-1] == 0.0
    assert levels[0] > 0.0


def test_the_level_falls_where_nobody_reads_on() -> None:
    levels: list[float] = []
    frames = iter(Metered(recording(sound(1)), levels.append))
    for _ in range(10):
        next(frames)
    del frames
    assert levels[-1] == 0.0
    assert len(levels) > 1
