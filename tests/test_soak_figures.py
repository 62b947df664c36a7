"""The soak's own sums, on a text that can be counted by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.bench.score import Reference
from tests.bench.soak_figures import Heard, Text, median
from tests.bench.soak_plan import NOISE_ALONE_S, TURNS, Clip, Plan, Recording
from voicetype.core.events import SAMPLE_RATE


def recording(length_s: float, text: str | None) -> Recording:
    """Half a second of silence, and sound."""
    audio = np.ones(round(length_s * SAMPLE_RATE), np.float32)
    audio[: SAMPLE_RATE // 2] = 0
    return Recording(Path("a.wav"), text, audio)


def heard(start_s: float, length_s: float, text: str | None) -> Heard:
    return Heard(Clip(recording(length_s, text), 0.0, length_s), start_s, start_s + length_s)


def typed() -> Text:
    text = Text()
    for backspaces, more, at_s in (
        (0, "ask", 101.5),
        (0, " knot", 102.0),
        (4, "not", 102.5),
        (0, " uh", 117.0),
    ):
        text.add(backspaces, more, at_s)
    return text


def test_when_the_text_first_grows_and_each_word_stands_right() -> None:
    clip = heard(100.0, 3.0, "ask not")
    assert typed().first_s(clip) == 1.0
    reference = Reference("ask not", (("ask", 0.5, 1.0), ("not", 1.0, 1.5)), 1.5)
    assert list(typed().delays(clip, reference)) == [0.5, 1.0]


def test_what_comes_in_a_noise_is_counted_once_the_words_before_are_settled() -> None:
    assert typed().grown(heard(101.0, 12.0, "")) == ""
    assert typed().grown(heard(109.0, 12.0, "")) == " uh"
    assert typed().words(100.0, 116.0) == 2
    assert typed().length(101.0) == 0


def test_a_plan_has_speech_and_noise_and_ends_with_the_time() -> None:
    said, noise = recording(2.0, "one two"), recording(3.0, "")
    plan = Plan([said], [noise], 600.0)
    scripts = [plan.next(600.0) for _ in TURNS]
    for script, (mode, length_s) in zip(scripts, TURNS, strict=True):
        assert script is not None
        assert script.mode is mode
        assert script.speech is (length_s > 0)
        assert len(script.audio) / SAMPLE_RATE >= (length_s or NOISE_ALONE_S)
        assert script.text == " ".join("one two" for clip in script.clips if not clip.noise)
    assert plan.next(5.0) is None


def test_what_is_not_written_down_is_not_known() -> None:
    script = Plan([recording(2.0, None)], [recording(3.0, "")], 600.0).next(600.0)
    assert script is not None
    assert script.text is None
    assert median([]) is None
