"""A whole dictation with a model that raises, hangs, finds no memory or can't keep up: no word is lost."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests import test_pipeline
from tests.fakes import FakeTranscriber
from tests.test_pipeline import Dictate, Listening, Rig, sentence, words
from voicetype import waiting
from voicetype.audience import describe
from voicetype.control import State, Status
from voicetype.core.events import Confidence, TranscriptSegment
from voicetype.core.stream import Dropped, Finished, Typed, to_fields, to_json
from voicetype.errors import ModelError, VoicetypeError
from voicetype.failures import Failure, Kind
from voicetype.tray.menu import sentence as tray_sentence

rig, dictate, voiced_by_level = test_pipeline.rig, test_pipeline.dictate, test_pipeline.voiced_by_level

pytestmark = pytest.mark.usefixtures("voiced_by_level")

TWO = "s" * 60 + "." * 60 + "s" * 60 + "." * 20
"""Two utterances of eight words each, the second with two more from its pre-roll."""

DRAFTED = "one two three four five six seven eight"
BOTH = [DRAFTED, f"{DRAFTED} nine ten"]


def raising(error: Exception) -> Callable[[int], str]:
    def fail(_: int) -> str:
        raise error

    return fail


def told(rig: Rig) -> list[tuple[str, Kind]]:
    return [(e.role, e.kind) for e in rig.reported if isinstance(e, Failure)]


def confirmed(rig: Rig) -> list[TranscriptSegment]:
    segments = [s for s in rig.reported if isinstance(s, TranscriptSegment)]
    return [s for s in segments if s.confidence is Confidence.CONFIRMED]


def stats(rig: Rig) -> dict[str, float | int]:
    (finished,) = (n for n in rig.reported if isinstance(n, Finished))
    return dict(finished.stats)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ModelError("It broke.", "Mend it."), Kind.RAISED),
        (ZeroDivisionError(), Kind.RAISED),
        (MemoryError(), Kind.MEMORY),
        (RuntimeError("mkl_malloc: failed to allocate memory"), Kind.MEMORY),
    ],
)
def test_where_the_heavy_model_always_fails_drafts_are_confirmed_as_they_stand_and_marked(
    rig: Rig, dictate: Dictate, error: Exception, kind: Kind
) -> None:
    rig.heavy.says = raising(error)
    text = dictate(TWO).finished.result(10)
    assert text == rig.keyboard.text == " ".join(BOTH)
    assert told(rig) == [("heavy", kind)]  # once, however often it fails
    assert [(s.text, s.unverified, s.utterance) for s in confirmed(rig)] == [
        (BOTH[0], True, 0),
        (BOTH[1], True, 1),
    ]
    corrected = [n for s in confirmed(rig) for n in s.corrects_window_ids]
    assert corrected == list(range(corrected[-1] + 1))
    assert stats(rig)["unverified"] == 2
    assert stats(rig)["confirmations"] == 2


def test_each_dictation_is_told_for_itself(rig: Rig, dictate: Dictate) -> None:
    rig.heavy.says = raising(MemoryError())
    for times in (1, 2):
        dictate(TWO).finished.result(10)
        assert told(rig) == [("heavy", Kind.MEMORY)] * times


def test_a_segment_says_in_the_stream_that_it_is_unverified_and_any_other_says_nothing(
    rig: Rig, dictate: Dictate
) -> None:
    dictate(TWO).finished.result(10)
    assert stats(rig)["unverified"] == 0
    assert all("unverified" not in to_fields(s) for s in rig.reported if isinstance(s, TranscriptSegment))
    rig.reported.clear()
    rig.heavy.says = raising(MemoryError())
    dictate(TWO).finished.result(10)
    for segment, text in zip(confirmed(rig), BOTH, strict=True):
        fields = json.loads(to_json(segment))
        assert fields["unverified"] is True
        assert fields["type"] == "segment"
        assert fields["confidence"] == "confirmed"
        assert fields["text"] == text


def test_a_heavy_model_that_fails_now_and_then_confirms_the_rest(rig: Rig, dictate: Dictate) -> None:
    failing = threading.Event()
    failing.set()

    def says(samples: int) -> str:
        if failing.is_set():
            raise MemoryError
        return sentence(samples)

    rig.heavy.says = says
    running = dictate(Listening("s" * 60 + "." * 60))
    rig.wait_for(lambda: bool(confirmed(rig)))
    assert confirmed(rig)[0].unverified
    failing.clear()
    running.stop()
    assert running.finished.result(10) == rig.keyboard.text


def test_a_heavy_model_that_fails_at_once_is_not_asked_with_each_draft(rig: Rig, dictate: Dictate) -> None:
    """Drafts that leave doubts ask for it with each tick, which is four times a second."""
    rig.fast = FakeTranscriber("quick", words, sure=0.1)
    rig.heavy.says = raising(MemoryError())
    text = dictate("s" * 300 + "." * 20).finished.result(10)
    assert text.startswith(DRAFTED)
    assert len(rig.fast.heard) > 20
    assert len(rig.heavy.heard) <= 4  # once in mid-speech, at the pause, at the end


def test_the_last_words_are_drafted_before_they_are_confirmed_as_they_stand(
    rig: Rig, dictate: Dictate
) -> None:
    """A heavy model that fails at once, and a user who ends with the last word, which is drafted later."""
    rig.heavy.says = raising(MemoryError())
    rig.fast.gate.clear()
    running = dictate("s" * 60, realtime=True)
    rig.wait_for(lambda: ("heavy", Kind.MEMORY) in told(rig) and bool(rig.fast.heard))
    assert not running.finished.done()
    rig.fast.gate.set()
    assert running.finished.result(10) == rig.keyboard.text == "one two three four five six seven"
    assert [s.text for s in confirmed(rig)] == ["one two three four five six seven"]


def test_drafts_of_a_pause_stand_also_where_the_next_utterance_has_begun(rig: Rig, dictate: Dictate) -> None:
    """They come late, and no confirmation does."""
    rig.heavy.says = raising(MemoryError())
    rig.fast.gate.clear()
    running = dictate(TWO, realtime=True)
    rig.wait_for(lambda: ("heavy", Kind.MEMORY) in told(rig) and bool(rig.fast.heard))
    rig.fast.gate.set()
    assert running.finished.result(10) == rig.keyboard.text == " ".join(BOTH)


def test_where_the_fast_model_always_fails_the_heavy_one_types_alone_at_its_cadence(
    rig: Rig, dictate: Dictate
) -> None:
    """It stands there long before the pause."""
    rig.fast.says = raising(ModelError("It broke.", "Mend it."))
    text = dictate("s" * 150 + "." * 20).finished.result(10)
    assert text == rig.keyboard.text
    assert text.startswith("One two three four five")
    typed = [made.text for made in rig.reported if isinstance(made, Typed)]
    assert len(typed) > 1
    assert told(rig) == [("fast", Kind.RAISED)]
    assert stats(rig)["unverified"] == 0
    assert stats(rig)["drafts"] == 0
    assert len(confirmed(rig)) >= 4  # one a second of the five that were spoken


def test_where_both_fail_the_user_is_told_and_nobody_hangs(rig: Rig, dictate: Dictate) -> None:
    rig.fast.says = rig.heavy.says = raising(ModelError("It broke.", "Mend it."))
    assert dictate(TWO).finished.result(10) == rig.keyboard.text == ""
    assert sorted(told(rig), key=lambda each: each[0]) == [("fast", Kind.RAISED), ("heavy", Kind.RAISED)]
    assert {d.model for d in rig.reported if isinstance(d, Dropped)} == {"fast", "heavy"}
    assert stats(rig)["unverified"] == 2


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LEAST_PATIENCE_S", 0.1)


@pytest.mark.usefixtures("impatient")
def test_a_heavy_model_that_hangs_leaves_the_drafts(rig: Rig, dictate: Dictate) -> None:
    rig.heavy.gate.clear()
    text = dictate(TWO).finished.result(10)
    assert text == rig.keyboard.text == " ".join(BOTH)
    assert told(rig) == [("heavy", Kind.HANGS)]
    assert [s.unverified for s in confirmed(rig)] == [True, True]
    assert len(rig.heavy.heard) == 1


@pytest.mark.usefixtures("impatient")
def test_a_fast_model_that_hangs_leaves_the_heavy_one(rig: Rig, dictate: Dictate) -> None:
    rig.fast.gate.clear()
    text = dictate(TWO).finished.result(10)
    assert text == rig.keyboard.text
    assert text.casefold().count("one two three") == 2
    assert told(rig) == [("fast", Kind.HANGS)]
    assert stats(rig)["unverified"] == 0


@pytest.mark.usefixtures("impatient")
def test_where_both_hang_the_dictation_ends_all_the_same(rig: Rig, dictate: Dictate) -> None:
    rig.fast.gate.clear()
    rig.heavy.gate.clear()
    assert dictate(TWO).finished.result(10) == ""
    assert {kind for _, kind in told(rig)} == {Kind.HANGS}


def test_a_heavy_model_that_can_not_keep_up_confirms_the_newest_and_loses_no_word(
    rig: Rig, dictate: Dictate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(waiting.BACKLOG_S, "heavy", 4.0)
    rig.heavy.gate.clear()
    running = dictate(Listening(("s" * 60 + "." * 60) * 4), realtime=True)

    def all_drafted() -> bool:
        # Not the last that was said: what the heavy model gives up may be told at any time.
        segments = [s for s in rig.reported if isinstance(s, TranscriptSegment)]
        return (3, BOTH[1]) in [(s.utterance, s.text) for s in segments]

    rig.wait_for(all_drafted)
    rig.heavy.gate.set()
    running.stop()
    text = running.finished.result(20)
    assert text == rig.keyboard.text
    assert text.casefold().count(DRAFTED) == text.casefold().count("one") == 4
    assert told(rig) == [("heavy", Kind.BEHIND)]
    marked = [s.unverified for s in confirmed(rig) if s.final]
    assert len(marked) == 4
    assert True in marked
    assert not marked[-1]


def test_a_cancelled_dictation_marks_nothing(rig: Rig, dictate: Dictate) -> None:
    rig.heavy.gate.clear()
    running = dictate(Listening("s" * 60 + "." * 60), realtime=True)
    rig.wait_for(lambda: bool(rig.heavy.heard))
    running.cancel()
    rig.heavy.gate.set()
    assert running.finished.result(10) == ""
    assert not [s for s in confirmed(rig) if s.unverified]
    assert not [n for n in rig.reported if isinstance(n, VoicetypeError)]


def test_where_one_model_is_missing_the_other_one_is_named() -> None:
    status = Status(State.IDLE, True, "en", "tiny.en", "", "fake", "no key", "1", "")
    assert describe(status) == "Ready: tiny.en alone (en)."
    assert tray_sentence(status) == "Ready: tiny.en alone; a model is missing"
    other = replace(status, fast_model="", heavy_model="/models/mine")
    assert describe(other) == "Ready: /models/mine alone (en)."
    assert tray_sentence(other) == "Ready: mine alone; a model is missing"
