"""The policy benchmark's simulated clock, and its settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from tests.bench import policy
from tests.bench.pace import Line, Pace
from tests.bench.policy import Result, Setting
from tests.bench.score import Reference, Score, State
from tests.bench.simulation import Clock, Dictation, Remembered
from voicetype.core import agreement, mending
from voicetype.core.events import SAMPLE_RATE
from voicetype.core.verification import Judgement
from voicetype.engine import Hearing
from voicetype.engine.guards import Heard, Verdict
from voicetype.engine.whisper import Whisper
from voicetype.frames import FRAME_SAMPLES
from voicetype.settings import Settings

FRAME_S = FRAME_SAMPLES / SAMPLE_RATE
INSTANT = Pace(Line(0, 0), Line(0, 0), Line(0, 0), 1)


class FakeWhisper:
    """Says a word for each half second of the window, and trusts a draft that does; `asked` counts."""

    def __init__(self, asked: list[str]) -> None:
        self.asked = asked
        self.tokenizer = self._prompts = self

    def encode(self, text: str) -> list[int]:
        """A token a word."""
        return list(range(len(text.split())))

    def of(self, _language: str) -> FakeWhisper:
        """Its own prompt."""
        return self

    def _encode(self, *_: object) -> None:
        self.asked.append("encode")

    def _decode(
        self, _: object, language: str, samples: int, beam_size: int, hotwords: object, *, sure: bool = False
    ) -> Heard:
        assert (language, hotwords) == ("en", ())
        self.asked.append(f"decode {beam_size}")
        text = " ".join(WORDS[: samples // (SAMPLE_RATE // 2)])
        return Heard(text, Verdict.TRUSTED, text, (0.99,) * len(text.split()) if sure else ())

    def _judge(self, _: object, language: str, draft: str, samples: int, hotwords: object) -> Judgement:
        assert (language, hotwords) == ("en", ())
        self.asked.append("judge")
        said = draft.split() == WORDS[: samples // (SAMPLE_RATE // 2)]
        return Judgement((0.9 if said else 0.1,) * len(draft.split()), said)


WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog"]


def fake(pace: Pace, path: Path, asked: list[str] | None = None) -> Remembered:
    """A remembered model over the fake one; it may not be asked where `asked` is None."""

    def load(name: str) -> Whisper:
        assert asked is not None, f"{name} was loaded"
        return cast(Whisper, FakeWhisper(asked))

    return Remembered("fake", pace, path, load)


def speech(script: str) -> list[tuple[Any, float]]:
    """Frames of sound, no two alike, and silence: "s" is spoken, "." is silent."""
    return [
        (np.full(FRAME_SAMPLES, (n + 1) / 1000 if letter == "s" else 0, np.float32), float(letter == "s"))
        for n, letter in enumerate(script)
    ]


def test_events_come_in_order_and_an_event_may_wait_for_others() -> None:
    clock, told = Clock(), []

    def tell(what: str) -> Callable[[], None]:
        return lambda: told.append((clock.now_s, what))

    def wait() -> None:
        clock.run(2.5)
        told.append((clock.now_s, "waited"))

    clock.at(3, tell("last"))
    clock.at(1, wait)
    clock.at(1, tell("as early"))
    clock.at(2, tell("meanwhile"))
    clock.run()
    assert told == [(1, "as early"), (2, "meanwhile"), (2.5, "waited"), (3, "last")]


def test_a_line_goes_through_its_points_and_never_below_nothing() -> None:
    line = Line.fit([(2, 1.0), (4, 2.0), (6, 3.0)])
    assert line.at(10) == pytest.approx(5)
    assert Line(-1, 0.1).at(5) == 0


def test_a_setting_holds_only_inside() -> None:
    before, held = agreement.SURE_ONCE, []

    def fail() -> None:
        with Setting("other", agreement, {"SURE_ONCE": 0.123}).applied():
            held.append(agreement.SURE_ONCE)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert held == [0.123]
    assert before == agreement.SURE_ONCE


@pytest.mark.parametrize("sweep", [policy.sure_words(), policy.worth_of_mends()], ids=lambda s: s.name)
def test_what_the_package_has_is_on_each_curve(sweep: policy.Sweep) -> None:
    (now,) = (setting for setting in sweep.settings if setting.now)
    assert now.module in (agreement, mending)
    assert {name: vars(now.module)[name] for name in now.values} == now.values
    assert len({setting.label for setting in sweep.settings}) == len(sweep.settings)


def test_what_a_model_said_is_asked_once(tmp_path: Path) -> None:
    audio = np.ones(2 * SAMPLE_RATE, np.float32)
    asked: list[str] = []
    model = fake(Pace(Line(0, 0.1), Line(0, 0.01), Line(0, 0), 1.5), tmp_path / "fake.pickle", asked)
    told = model.transcribe(audio, Hearing("en", 5))
    assert told is not None
    assert told.text == "the quick brown fox"
    assert model.spent_s == pytest.approx(5 * 0.1 + 5 * 0.01 * 1.5)  # a window of 5 s; 4 words and the end
    model.save()
    again = fake(INSTANT, tmp_path / "fake.pickle")
    assert again.transcribe(audio, Hearing("en", 5)) == told
    assert asked == ["encode", "decode 5"]


def test_words_stand_when_the_models_would_have_said_them(tmp_path: Path) -> None:
    """The fast model takes 0.1 s, the heavy one is instant: the draft of 0.5 s of speech stands at 0.6 s."""
    fast = fake(Pace(Line(0.1, 0), Line(0, 0), Line(0, 0), 1), tmp_path / "fast.pickle", [])
    heavy = fake(INSTANT, tmp_path / "heavy.pickle", [])
    trace = Dictation(fast, heavy, Settings(language="en")).run(speech("s" * 63 + "." * 40))
    assert trace[0] == State(0.0, "")
    shown = next(state for state in trace if state.text)
    assert shown.text == "the"
    assert (shown.t_s - 0.1) / FRAME_S == pytest.approx(round((shown.t_s - 0.1) / FRAME_S))
    assert trace[-1].text.startswith("the quick brown fox")
    assert [state.t_s for state in trace] == sorted(state.t_s for state in trace)
    assert fast.spent_s > 0 == heavy.spent_s


def test_a_slow_model_is_asked_less_often(tmp_path: Path) -> None:
    def drafts(each_s: float) -> int:
        asked: list[str] = []
        fast = fake(Pace(Line(each_s, 0), Line(0, 0), Line(0, 0), 1), tmp_path / f"{each_s}.pickle", asked)
        heavy = fake(INSTANT, tmp_path / "heavy.pickle", [])
        Dictation(fast, heavy, Settings(language="en")).run(speech("s" * 120 + "." * 40))
        return asked.count("decode 1")

    assert 0 < drafts(1.0) < drafts(0.1) / 2


def test_a_heavy_call_sees_what_happens_while_it_lasts(tmp_path: Path) -> None:
    """The speech pauses while a window of mid-speech is encoded: that one is never decoded."""
    asked: list[str] = []
    fast = fake(INSTANT, tmp_path / "fast.pickle", [])
    heavy = fake(Pace(Line(2.0, 0), Line(0, 0), Line(0, 0), 1), tmp_path / "heavy.pickle", asked)
    trace = Dictation(fast, heavy, Settings(language="en")).run(speech("s" * 60 + "." * 60))
    assert "decode 1" not in asked
    assert trace[-1].text
    assert heavy.spent_s >= 4


def test_a_result_is_a_row() -> None:
    score = Score()
    score.add(Reference("ask", (("ask", 0.5, 1.0),), 1.0), [State(1.5, "ask")])
    result = Result(score, 0.5)
    assert result.delay_s == (0.5, 0.5)
    assert (result.erased, result.wrong) == (0, 0)
    assert len(result.cells().split(" | ")) == policy.HEAD.splitlines()[1].count("---") - 1


def test_the_curves_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra 'bench' is not installed: matplotlib")
    sweep, result = policy.sure_words(), Result(Score())
    policy.draw([(sweep, [result] * len(sweep.settings))], {"peer": result}, tmp_path / "out.png")
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")
