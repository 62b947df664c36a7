"""Several who hear in the place of one: a model for two, two in the memory of one, one that stands by."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from tests.deadline import wait_until
from tests.fakes import FakeTranscriber
from voicetype.core.verification import Standing
from voicetype.engine import Hearing, Hypothesis, Transcriber, in_turns
from voicetype.engine.gate import SURE, Gate
from voicetype.engine.in_turns import InTurns, Slot
from voicetype.engine.later import Later
from voicetype.engine.sharing import Shared
from voicetype.errors import ModelError

AUDIO = np.zeros(1600, np.float32)
TICK = Hearing("en")
PAUSE = Hearing("en", to_pause=True)
CAREFUL = Hearing("en", careful=True, beam_size=5, to_pause=True)


def nothing() -> None:
    """No draft is being heard."""


@dataclass
class Asked:
    """A call on a thread of its own, and what came of it."""

    call: Callable[[], Hypothesis | None]
    heard: list[Hypothesis | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=lambda: self.heard.append(self.call()), daemon=True)
        self._thread.start()

    @property
    def over(self) -> bool:
        return bool(self.heard)

    def answer(self) -> Hypothesis | None:
        self._thread.join(10)
        return self.heard[0]


# a model for two


def test_a_draft_under_way_is_given_up_for_what_is_to_last() -> None:
    model = FakeTranscriber("base", lambda _: "hello")
    shared = Shared(model, nothing)
    model.gate.clear()
    draft = Asked(lambda: shared.transcribe(AUDIO, TICK))
    wait_until(lambda: len(model.heard) == 1, "the draft is being heard")
    careful = Asked(lambda: shared.verify(AUDIO, CAREFUL, Standing))
    wait_until(lambda: model.asked[0].superseded(), "it learns that it is not wanted")
    model.gate.set()
    assert draft.answer() is None
    assert careful.answer() == Hypothesis("hello", language="en", language_probability=1.0)


def test_a_draft_that_text_hangs_on_is_heard_first() -> None:
    model = FakeTranscriber("base", lambda _: "hello")
    heard = threading.Event()
    shared = Shared(model, lambda: assert_(heard.wait(10)))
    careful = Asked(lambda: shared.verify(AUDIO, CAREFUL, Standing))
    assert shared.transcribe(AUDIO, PAUSE) is not None
    assert not careful.over
    heard.set()
    assert careful.answer() is not None
    assert [how.careful for how in model.asked] == [False, True]


def assert_(told: bool) -> None:
    assert told


def test_a_pause_s_draft_under_way_is_heard_to_its_end() -> None:
    model = FakeTranscriber("base", lambda _: "hello")
    asked = threading.Event()
    shared = Shared(model, asked.set)
    model.gate.clear()
    draft = Asked(lambda: shared.transcribe(AUDIO, PAUSE))
    wait_until(lambda: len(model.heard) == 1, "the draft is being heard")
    careful = Asked(lambda: shared.verify(AUDIO, CAREFUL, Standing))
    assert asked.wait(10)
    model.gate.set()
    assert draft.answer() is not None
    assert careful.answer() is not None


def test_a_draft_that_comes_later_is_heard() -> None:
    shared = Shared(FakeTranscriber("base", lambda _: "hello"), nothing)
    shared.verify(AUDIO, CAREFUL, Standing)
    assert shared.transcribe(AUDIO, TICK) is not None


def test_the_model_hears_one_at_a_time() -> None:
    model = FakeTranscriber("base", lambda _: "hello")
    shared = Shared(model, nothing)
    model.gate.clear()
    calls = [Asked(lambda: shared.transcribe(AUDIO, PAUSE)) for _ in range(3)]
    wait_until(lambda: len(model.heard) == 1, "one is being heard")
    model.gate.set()
    assert all(call.answer() for call in calls)
    assert shared.name == "base"


# the gate


def look(gate: Gate, model: FakeTranscriber, text: str, sure: float, how: Hearing = PAUSE) -> None:
    model.says, model.sure = lambda _: text, sure
    gate.transcribe(AUDIO, how)


def second(gate: Gate, how: Hearing, text: str, confirmed: int = 0) -> Hypothesis:
    heard = gate.verify(AUDIO, how, lambda: Standing(text, confirmed))
    assert heard is not None
    return heard


@pytest.fixture
def model() -> FakeTranscriber:
    return FakeTranscriber("base", str)


@pytest.fixture
def gate(model: FakeTranscriber) -> Gate:
    return Gate(model, nothing)


def test_words_that_are_sure_need_no_second_look(gate: Gate, model: FakeTranscriber) -> None:
    look(gate, model, "hello there", SURE)
    heard = second(gate, CAREFUL, "Hello, there")  # however it is punctuated
    assert heard.text == "Hello, there"
    assert heard.verified
    assert heard.probabilities == (SURE, SURE)
    assert model.judged == []


@pytest.mark.parametrize(
    ("said", "sure", "how", "stands"),
    [
        ("hello there", SURE - 0.01, PAUSE, "hello there"),  # not sure
        ("hello there", 0.99, PAUSE, "hello bear"),  # another word stands
        ("hello", 0.99, PAUSE, "hello there"),  # it did not say so much
        ("hello there", 0.99, TICK, "hello there"),  # it did not hear the end
        ("hello hello", 0.99, PAUSE, "hello hello"),  # a repetition is likely to itself
        ("", 0.99, PAUSE, ""),  # nothing stands
    ],
)
def test_what_needs_one(
    gate: Gate, model: FakeTranscriber, said: str, sure: float, how: Hearing, stands: str
) -> None:
    look(gate, model, said, sure, how)
    model.says = lambda _: "hello again"
    assert second(gate, CAREFUL, stands).text == "hello again"
    assert model.judged == [stands]


def test_in_mid_speech_the_first_words_are_confirmed_as_far_as_they_are_sure(
    gate: Gate, model: FakeTranscriber
) -> None:
    look(gate, model, "one two three", 0.99, TICK)
    assert second(gate, TICK, "one two four three").text == "one two"
    assert second(gate, TICK, "zero two").text == ""
    assert second(gate, TICK, "zero two", confirmed=1).text == "zero"  # what was confirmed is said again
    assert model.judged == []


def test_each_phrase_has_its_look(gate: Gate, model: FakeTranscriber) -> None:
    look(gate, model, "one two", 0.99)
    look(gate, model, "three", 0.99, Hearing("en", phrase=1, to_pause=True))
    assert second(gate, CAREFUL, "one two three").verified
    look(gate, model, "one too", 0.1)  # a new look at the first phrase takes the place of both
    assert second(gate, CAREFUL, "one two three").text == "one too"


def test_a_phrase_that_was_not_heard_is_not_sure(gate: Gate, model: FakeTranscriber) -> None:
    look(gate, model, "three", 0.99, Hearing("en", phrase=1, to_pause=True))
    model.says = lambda _: "one two three"
    assert not second(gate, CAREFUL, "one two three").verified


def test_another_session_s_words_say_nothing(gate: Gate, model: FakeTranscriber) -> None:
    look(gate, model, "hello there", 0.99, Hearing("en", session=1, to_pause=True))
    other = Hearing("en", careful=True, session=2)
    model.says = lambda _: "hello where"
    assert second(gate, other, "hello there").text == "hello where"


def test_an_utterance_is_remembered_while_the_next_ones_are_spoken(
    gate: Gate, model: FakeTranscriber
) -> None:
    for utterance in range(4):
        look(gate, model, f"number {utterance}", 0.99, Hearing("en", utterance=utterance, to_pause=True))
    assert second(gate, Hearing("en", careful=True, utterance=1), "number 1").verified
    model.says = lambda _: "again"
    assert second(gate, Hearing("en", careful=True, utterance=0), "number 0").text == "again"


# two in the memory of one


@dataclass
class Shelf:
    """Loads models; `log` says which, in order."""

    log: list[str] = field(default_factory=list)
    broken: tuple[str, ...] = ()

    def load(self, name: str) -> Callable[[], Transcriber]:
        def load() -> Transcriber:
            self.log.append(name)
            if name in self.broken:
                raise ModelError(f"{name} is broken.", "Mend it.")
            return FakeTranscriber(name, lambda _: name)

        return load

    def slot(self) -> Slot:
        return Slot({"heavy": self.load("base"), "fast": self.load("tiny")}, home="fast")


def test_whoever_is_asked_is_loaded_and_who_is_at_home_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_turns, "_LINGERS_S", 0.01)
    shelf = Shelf()
    slot = shelf.slot()
    slot.prepare()
    fast, heavy = InTurns(slot, "fast", "tiny"), InTurns(slot, "heavy", "base")
    assert fast.transcribe(AUDIO, TICK) is not None
    assert shelf.log == ["tiny"]
    heard = heavy.verify(AUDIO, CAREFUL, Standing)
    assert heard is not None
    assert heard.text == "base"
    wait_until(lambda: shelf.log == ["tiny", "base", "tiny"], "it is back")
    assert fast.transcribe(AUDIO, TICK) is not None
    assert shelf.log == ["tiny", "base", "tiny"]
    assert (fast.name, heavy.name) == ("tiny", "base")


def test_who_is_asked_again_at_once_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_turns, "_LINGERS_S", 60.0)
    shelf = Shelf()
    slot = shelf.slot()
    heavy = InTurns(slot, "heavy", "base")
    for _ in range(3):
        heavy.verify(AUDIO, CAREFUL, Standing)
    assert shelf.log == ["base"]
    slot._return(1)  # the time after the first call is over
    assert shelf.log == ["base"]
    slot._return(3)
    assert shelf.log == ["base", "tiny"]


def test_a_model_that_can_not_be_loaded_leaves_room_for_the_other() -> None:
    shelf = Shelf(broken=("base",))
    slot = shelf.slot()
    slot.prepare()
    with pytest.raises(ModelError, match="base is broken"):
        InTurns(slot, "heavy", "base").verify(AUDIO, CAREFUL, Standing)
    assert InTurns(slot, "fast", "tiny").transcribe(AUDIO, TICK) is not None
    assert shelf.log == ["tiny", "base", "tiny"]


# one that stands by


def test_who_stands_by_is_loaded_when_it_is_asked() -> None:
    shelf = Shelf(broken=("base",))
    later = Later("base", shelf.load("base"))
    assert later.name == "base"
    assert shelf.log == []
    with pytest.raises(ModelError):
        later.transcribe(AUDIO, TICK)
    shelf.broken = ()
    assert later.verify(AUDIO, CAREFUL, Standing) is not None
    assert later.transcribe(AUDIO, TICK) is not None
    assert shelf.log == ["base", "base"]
