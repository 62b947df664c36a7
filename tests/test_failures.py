"""A model that raises, hangs, finds no memory or can't keep up: its worker goes on, and says so."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from tests.fakes import FakeClock, FakeTranscriber
from voicetype import calls, waiting
from voicetype.calls import CallThread, Hung
from voicetype.core.events import SAMPLE_RATE
from voicetype.engine import Hypothesis, Transcriber
from voicetype.errors import ModelError, ServerError
from voicetype.failures import Failure, Kind, lacks_memory, of
from voicetype.listening import Window
from voicetype.waiting import BACKLOG_S
from voicetype.workers import Effort, Outcome, Request, Worker


class Log:
    """What came of each window, in order: a text, a kind of failure, or nothing."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, str | Kind | None]] = []
        self.failures: list[Failure] = []
        self._changed = threading.Condition()

    def done(self, window: Window, outcome: Outcome) -> None:
        with self._changed:
            if isinstance(outcome, Failure):
                self.failures.append(outcome)
                self.entries.append((window.window_id, outcome.kind))
            else:
                self.entries.append((window.window_id, outcome.text if outcome else None))
            self._changed.notify_all()

    def wait(self, count: int) -> list[tuple[int, str | Kind | None]]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.entries) >= count, 10)
            return self.entries


class Rig:
    """A worker, what came of its windows, and how often it lost its model."""

    def __init__(self, role: str) -> None:
        self.log = Log()
        self.lost = threading.Semaphore(0)
        self.worker = Worker(role, lambda: self.lost.release())

    def hears(self, window_id: int, seconds: float = 0.1, *, final: bool = True, heavy: bool = True) -> None:
        window = Window(0, window_id, np.zeros(round(seconds * SAMPLE_RATE), np.float32), heavy, final=final)
        self.worker.submit(Request(window, Effort("en"), self.log.done))


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig("heavy")
    yield rig
    rig.worker.close()


class Raising(FakeTranscriber):
    """A model that raises what it is told to, in turn, and then says something."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__("raising", lambda _: "something")
        self.errors = list(errors)

    def transcribe(self, *_: object) -> Hypothesis | None:
        if self.errors:
            raise self.errors.pop(0)
        return Hypothesis("something")


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (ModelError("It broke.", "Mend it."), Kind.RAISED, "The heavy model failed (It broke); drafts"),
        (ZeroDivisionError(), Kind.RAISED, "The heavy model failed (ZeroDivisionError); drafts"),
        (ValueError("'what was dictated'"), Kind.RAISED, "The heavy model failed (ValueError); drafts"),
        (MemoryError(), Kind.MEMORY, "The heavy model found no memory; drafts"),
        (RuntimeError("CUDA failed with error out of memory"), Kind.MEMORY, "found no memory"),
        (RuntimeError("std::bad_alloc"), Kind.MEMORY, "found no memory"),
    ],
)
def test_what_a_model_raises_is_told_with_who_carries_on(
    rig: Rig, error: Exception, kind: Kind, told: str
) -> None:
    rig.worker.take(Raising(error))
    rig.hears(0)
    rig.hears(1)
    assert rig.log.wait(2) == [(0, kind), (1, "something")]
    (failure,) = rig.log.failures
    assert told in failure.sentence
    assert failure.sentence.endswith("drafts are taken as they stand, unverified.")
    assert failure.hint.endswith(".")


def test_a_cause_counts_too() -> None:
    error = ModelError("The model could not be loaded.", "Fetch it again.")
    assert not lacks_memory(error)
    error.__cause__ = MemoryError()
    assert lacks_memory(error)


def test_a_model_that_fails_at_once_is_asked_less_and_less_often(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    monkeypatch.setattr("voicetype.workers.time", clock)
    rig.worker.take(Raising(*[ZeroDivisionError()] * 8))
    waited = []
    for n in range(8):
        assert rig.worker.free
        rig.hears(n, final=False)
        rig.log.wait(n + 1)
        rig.worker.wait_idle()
        assert not rig.worker.able
        began = clock.now_s
        while not rig.worker.free:
            clock.now_s += 0.5
        waited.append(clock.now_s - began)
    assert waited == [1, 2, 4, 8, 16, 30, 30, 30]
    rig.hears(8, final=False)
    assert rig.log.wait(9)[-1] == (8, "something")
    rig.worker.wait_idle()
    assert rig.worker.able


def test_what_text_hangs_on_is_asked_for_all_the_same(rig: Rig) -> None:
    rig.worker.take(Raising(*[ZeroDivisionError()] * 4))
    for n in range(6):
        rig.hears(n)
    assert rig.log.wait(6) == [(n, Kind.RAISED) for n in range(4)] + [(4, "something"), (5, "something")]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """One step is as long as anybody waits."""
    monkeypatch.setattr(waiting, "LEAST_PATIENCE_S", 0.1)


@pytest.mark.usefixtures("impatient")
def test_a_model_that_hangs_is_left_behind_and_another_one_takes_over(rig: Rig) -> None:
    hanging = FakeTranscriber("hanging", lambda _: "too late")
    hanging.gate.clear()
    rig.worker.take(hanging)
    for n in range(3):
        rig.hears(n)
    assert rig.log.wait(3) == [(n, Kind.HANGS) for n in range(3)]
    assert rig.lost.acquire(timeout=10)
    assert not rig.worker.ready
    assert hanging.heard == [1600]
    assert calls.running()
    rig.worker.take(FakeTranscriber("new", lambda _: "heard"))
    rig.hears(3)
    assert rig.log.wait(4)[3:] == [(3, "heard")]
    hanging.gate.set()  # it comes back, and nobody hears it
    rig.hears(4)
    assert rig.log.wait(5)[4:] == [(4, "heard")]
    assert not rig.lost.acquire(blocking=False)


@pytest.mark.usefixtures("impatient")
def test_a_model_that_was_replaced_before_it_is_given_up_is_not_missed(rig: Rig) -> None:
    hanging = FakeTranscriber("hanging", lambda _: "too late")
    hanging.gate.clear()
    rig.worker.take(hanging)
    rig.hears(0)
    while not hanging.heard:
        threading.Event().wait(0.01)
    rig.worker.take(FakeTranscriber("new", lambda _: "heard"))
    rig.hears(1)
    assert rig.log.wait(2) == [(0, Kind.HANGS), (1, "heard")]
    assert not rig.lost.acquire(blocking=False)
    assert rig.worker.name == "new"
    hanging.gate.set()


def test_patience_grows_with_what_a_call_takes() -> None:
    pace = waiting.Pace(0.0)
    least = pace.patience_s
    pace.took(100.0, 105.0, rests=False)
    assert pace.patience_s == least + 100
    for n in range(8):
        pace.took(n, n + 0.1, rests=False)
    assert pace.patience_s == pytest.approx(least + 2)
    assert waiting.Pace(60.0).patience_s > 10 * 60  # a model that takes a minute to load


def test_a_call_that_never_ends_does_not_hold_up_the_next() -> None:
    gate = threading.Event()
    stuck = CallThread("stuck", lambda: None)
    with pytest.raises(Hung):
        stuck.make(lambda: gate.wait(10), 0.1)
    assert stuck.busy
    assert calls.running()
    stuck.end()
    other = CallThread("other", lambda: None)
    assert other.make(lambda: 1, 10.0) == 1
    with pytest.raises(TimeoutError):
        other.make(_late, 10.0)
    other.end()
    gate.set()


def _late() -> None:
    raise TimeoutError  # of its own, which is not taken for a hang


def busy(rig: Rig) -> FakeTranscriber:
    """Have a model at work on window 0, until its gate opens."""
    model = FakeTranscriber("slow", str)
    model.gate.clear()
    rig.worker.take(model)
    rig.hears(0)
    while not model.heard:
        threading.Event().wait(0.01)
    return model


def test_where_more_waits_than_it_can_come_to_the_oldest_goes_unheard(rig: Rig) -> None:
    """A heavy model slower than speech, in an utterance of twenty seconds after the other."""
    model = busy(rig)
    for n in range(1, 8):
        rig.hears(n, 20.0)
    model.gate.set()
    entries = rig.log.wait(8)
    assert entries == [
        (0, "1600"),
        *[(n, Kind.BEHIND) for n in range(1, 5)],
        *[(n, "320000") for n in range(5, 8)],
    ]
    assert "can't keep up" in rig.log.failures[0].sentence
    assert "light" in rig.log.failures[0].hint


def test_what_waits_is_bounded_while_a_model_is_loaded(rig: Rig) -> None:
    for n in range(100):
        rig.hears(n, 2.0)
    unheard = 100 - round(BACKLOG_S["heavy"] / 2.0)
    assert rig.log.wait(unheard)[:unheard] == [(n, Kind.BEHIND) for n in range(unheard)]
    rig.worker.take(FakeTranscriber("late", lambda _: "heard"))
    assert rig.log.wait(100)[unheard:] == [(n, "heard") for n in range(unheard, 100)]


def test_one_window_is_never_too_much(rig: Rig) -> None:
    model = busy(rig)
    rig.hears(1, BACKLOG_S["heavy"] + 1)
    model.gate.set()
    assert rig.log.wait(2)[1][1] == str(round((BACKLOG_S["heavy"] + 1) * SAMPLE_RATE))


@pytest.mark.parametrize("model", [None, FakeTranscriber("m", str)])
def test_who_has_no_model_says_so(rig: Rig, model: Transcriber | None) -> None:
    rig.worker.take(model)
    rig.worker.take(None)
    rig.hears(0)
    assert rig.log.wait(1) == [(0, Kind.MISSING)]
    assert not rig.worker.able


def test_a_server_that_does_not_hear_is_told_in_its_own_words() -> None:
    failure = of(
        "heavy", ServerError("The server a.example does not take the key (401).", "Set the right one.")
    )
    assert failure.kind is Kind.SERVER
    assert "a.example does not take the key (401)" in failure.sentence
    assert "drafts are taken as they stand, unverified" in failure.sentence
    assert failure.hint == "Set the right one."
