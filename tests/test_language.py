"""Which language an utterance is in, where the configuration says "auto"."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from tests.fakes import FakeKeyboard, FakeMicrophone, FakeTranscriber, LevelDetector
from voicetype.core.events import SAMPLE_RATE
from voicetype.core.spoken import AUTO, Spoken
from voicetype.dictations import Dictations
from voicetype.engine import Hearing
from voicetype.engine.prompts import likeliest
from voicetype.listening import Window
from voicetype.pipeline import Dictation
from voicetype.settings import Settings
from voicetype.workers import Effort, Outcome, Request, Worker

# What is known.


def test_nothing_is_known_at_first() -> None:
    assert Spoken().for_fast(1) == Spoken().for_heavy(1) == AUTO


def test_drafts_follow_the_heavy_model_at_once() -> None:
    spoken = Spoken().after(1, "nl", 0.3, 1.0)
    assert (spoken.for_fast(1), spoken.for_heavy(1)) == ("nl", AUTO)
    spoken = spoken.after(1, "de", 0.7, 2.0)
    assert (spoken.for_fast(1), spoken.for_heavy(1)) == ("de", AUTO)


@pytest.mark.parametrize(
    ("probability", "heard_s", "settled"),
    [(0.9, 2.9, False), (0.9, 3.0, True), (0.5, 3.0, True), (0.49, 3.0, False), (0.49, 20.0, False)],
)
def test_three_seconds_settle_it_where_it_is_sure(probability: float, heard_s: float, settled: bool) -> None:
    spoken = Spoken().after(1, "de", probability, heard_s)
    assert spoken.for_heavy(1) == ("de" if settled else AUTO)
    assert spoken.after(1, "en", 0.99, 30.0).for_fast(1) == ("de" if settled else "en")


def test_an_utterance_begins_with_what_was_spoken_before() -> None:
    spoken = Spoken().after(1, "de", 0.9, 4.0)
    assert (spoken.for_fast(2), spoken.for_heavy(2), spoken.presumed) == ("de", AUTO, "de")
    spoken = spoken.after(2, "en", 0.8, 5.0)
    assert (spoken.for_fast(3), spoken.presumed) == ("en", "en")
    assert spoken.for_heavy(1) == "de"  # a window of it may still come


def test_a_short_word_does_not_change_what_was_settled() -> None:
    spoken = Spoken().after(1, "de", 0.9, 4.0).after(2, "en", 0.8, 1.0)
    assert (spoken.for_fast(2), spoken.for_fast(3)) == ("en", "de")


def test_short_utterances_alone_are_believed_where_they_are_sure() -> None:
    spoken = Spoken("fr").after(1, "de", 0.4, 1.0)
    assert spoken.presumed == "fr"
    spoken = spoken.after(2, "de", 0.6, 1.0)
    assert spoken.presumed == "de"
    assert spoken.after(3, "en", 0.6, 1.0).presumed == "en"


def test_a_model_that_tells_no_language_changes_nothing() -> None:
    assert Spoken().after(1, "", 0.0, 5.0) == Spoken()


def test_what_is_kept_does_not_grow() -> None:
    spoken = Spoken()
    for utterance in range(100):
        spoken = spoken.after(utterance, "de", 0.9, 4.0)
    assert len(spoken.told) < 10
    assert spoken.for_heavy(99) == spoken.for_heavy(98) == "de"


# What a model makes of its probabilities.

TOLD = [("nl", 0.45), ("de", 0.3), ("en", 0.2), ("fr", 0.05)]


@pytest.mark.parametrize(
    ("told", "among", "presumed", "language"),
    [
        (TOLD, (), "", ("nl", 0.45)),
        (TOLD, ("en", "de"), "", ("de", 0.3)),
        (TOLD, (), "en", ("en", 0.2)),  # it is not sure
        (TOLD, ("de", "fr"), "fr", ("fr", 0.05)),
        (TOLD, ("de", "fr"), "en", ("de", 0.3)),  # presumed, and not one of them
        (TOLD, (), "yue", ("nl", 0.45)),  # a language that the model does not know
        (TOLD, ("yue",), "", ("nl", 0.45)),
        ([("nl", 0.5), *TOLD[1:]], (), "en", ("nl", 0.5)),  # it is sure
        ([("nl", 0.9), *TOLD[1:]], ("en", "de"), "en", ("en", 0.2)),  # but of none of those that may be
    ],
)
def test_the_likeliest(
    told: list[tuple[str, float]], among: tuple[str, ...], presumed: str, language: tuple[str, float]
) -> None:
    assert likeliest(told, Hearing(AUTO, among=among, presumed=presumed)) == language


# What a worker asks of its model.


@pytest.mark.parametrize(
    ("heavy", "language", "spoken", "asked"),
    [
        (False, AUTO, Spoken(), AUTO),
        (False, AUTO, Spoken("de"), "de"),
        (True, AUTO, Spoken("de"), AUTO),
        (False, AUTO, Spoken().after(7, "fr", 0.9, 1.0), "fr"),
        (True, AUTO, Spoken().after(7, "fr", 0.9, 1.0), AUTO),
        (True, AUTO, Spoken().after(7, "fr", 0.9, 3.0), "fr"),
        (True, AUTO, Spoken().after(6, "fr", 0.9, 3.0), AUTO),
        (False, "en", Spoken("de").after(7, "fr", 0.9, 3.0), "en"),
        (True, "en", Spoken("de").after(7, "fr", 0.9, 3.0), "en"),
    ],
)
def test_how_a_window_is_heard(heavy: bool, language: str, spoken: Spoken, asked: str) -> None:
    model = FakeTranscriber("model", lambda _: "yes")
    worker = Worker("heavy" if heavy else "fast")
    heard = threading.Event()

    def done(_: Window, outcome: Outcome) -> None:
        assert outcome is not None
        heard.set()

    try:
        worker.take(model)
        window = Window(7, 0, np.zeros(1000, np.float32), heavy)
        effort = Effort(language, languages=("de", "fr"))
        worker.submit(Request(window, effort, done, spoken=lambda: spoken))
        assert heard.wait(10)
    finally:
        worker.close()
    (how,) = model.asked
    assert how.language == asked
    assert (how.among, how.presumed) == (("de", "fr"), spoken.presumed)


# A dictation.


@pytest.fixture(autouse=True)
def voiced_by_level(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame is speech when it is not silent."""
    monkeypatch.setattr("voicetype.listening_loop.VoiceActivity", LevelDetector)


def said(samples: int) -> str:
    """A word a second."""
    return " ".join(["eins", "zwei", "drei", "vier", "fünf", "sechs"][: samples // SAMPLE_RATE])


@pytest.fixture
def fast() -> FakeTranscriber:
    return FakeTranscriber("quick", said)


@pytest.fixture
def heavy() -> FakeTranscriber:
    """Takes German for Dutch until it has heard a second and a half."""
    model = FakeTranscriber("slow", said)
    model.detects = lambda samples: ("nl", 0.3) if samples < 1.5 * SAMPLE_RATE else ("de", 0.9)
    return model


Dictate = Callable[..., Dictation]


@pytest.fixture
def dictate(fast: FakeTranscriber, heavy: FakeTranscriber) -> Iterator[Dictate]:
    """Runs a script to its end."""
    drafts, confirmations = Worker("fast"), Worker("heavy")
    drafts.take(fast)
    confirmations.take(heavy)
    pipeline = Dictations(drafts, confirmations, FakeKeyboard())
    pipeline.open()

    def run(script: str, language: str = AUTO, languages: tuple[str, ...] = ()) -> Dictation:
        settings = Settings(language=language, languages=languages, realtime=False)
        dictation = pipeline.dictate(FakeMicrophone(script), settings, lambda _: None)
        dictation.finished.result(timeout=20)
        drafts.wait_idle()  # a last draft may still be heard
        confirmations.wait_idle()
        return dictation

    yield run
    pipeline.close()
    drafts.close()
    confirmations.close()


def languages(model: FakeTranscriber) -> list[str]:
    """Those that it was asked to hear, without repetitions in a row."""
    asked = [how.language for how in model.asked]
    return [code for at, code in enumerate(asked) if at == 0 or code != asked[at - 1]]


FIVE_S, ONE_S, PAUSE = "s" * 156, "s" * 32, "." * 80


def test_the_heavy_model_decides_and_the_fast_one_follows(
    fast: FakeTranscriber, heavy: FakeTranscriber, dictate: Dictate
) -> None:
    dictation = dictate(FIVE_S + PAUSE)
    assert languages(fast) == [AUTO, "nl", "de"]
    assert languages(heavy) == [AUTO, "de"]
    undecided = [
        samples for samples, how in zip(heavy.heard, heavy.asked, strict=True) if how.language == AUTO
    ]
    assert 3.0 <= max(undecided) / SAMPLE_RATE < 4.5  # the window that settled it
    assert dictation.spoken.presumed == "de"


def test_the_next_utterance_begins_with_what_was_spoken(
    fast: FakeTranscriber, heavy: FakeTranscriber, dictate: Dictate
) -> None:
    dictate(FIVE_S + PAUSE + FIVE_S)
    assert languages(fast) == [AUTO, "nl", "de", "nl", "de"]  # the fake knows no presumption
    assert languages(heavy) == [AUTO, "de", AUTO, "de"]
    first_of_second = next(
        n for n, how in enumerate(heavy.asked) if n and how.language == AUTO and how.presumed
    )
    assert heavy.asked[first_of_second].presumed == "de"


def test_so_does_the_next_dictation(fast: FakeTranscriber, heavy: FakeTranscriber, dictate: Dictate) -> None:
    dictate(FIVE_S)
    fast.asked.clear()
    heavy.asked.clear()
    dictate(ONE_S)
    assert fast.asked[0].language == "de"
    assert (heavy.asked[0].language, heavy.asked[0].presumed) == (AUTO, "de")
    fast.asked.clear()
    dictate(ONE_S, languages=("en", "fr"))
    assert (fast.asked[0].language, fast.asked[0].among) == (AUTO, ("en", "fr"))


def test_a_language_that_was_told_is_heard(
    fast: FakeTranscriber, heavy: FakeTranscriber, dictate: Dictate
) -> None:
    dictate(FIVE_S + PAUSE + ONE_S, language="fr")
    assert languages(fast) == languages(heavy) == ["fr"]
