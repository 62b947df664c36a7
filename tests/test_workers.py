"""A model's thread: what waits, what is dropped, what is never dropped, and what a failure does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from tests.fakes import FakeClock, FakeTranscriber
from voicetype.core.verification import Standing
from voicetype.engine import Audio, Hearing, Hypothesis, Transcriber
from voicetype.errors import ModelError
from voicetype.listening import Window
from voicetype.workers import Effort, Outcome, Request, Worker


class Log:
    """What came of each window, in order; waits for a number of them."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, str | None]] = []
        self._changed = threading.Condition()

    def done(self, window: Window, outcome: Outcome) -> None:
        with self._changed:
            text = outcome.text if isinstance(outcome, Hypothesis) else None
            self.entries.append((window.window_id, text))
            self._changed.notify_all()

    def wait(self, count: int) -> list[tuple[int, str | None]]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.entries) >= count, 10)
            return self.entries


def window(
    window_id: int,
    *,
    heavy: bool = False,
    pause: bool = False,
    final: bool = False,
    same_as: int | None = None,
) -> Window:
    audio = np.zeros(1000 + window_id, np.float32)
    return Window(0, window_id, audio, heavy, to_pause=pause, final=final, same_as=same_as)


def request(
    heard: Window, log: Log, *, realtime: bool = False, draft: Callable[[], Standing] | None = None
) -> Request:
    return Request(heard, Effort("en", 5, realtime), log.done, draft)


Start = Callable[[Transcriber], Worker]


@pytest.fixture
def start() -> Iterator[Start]:
    """Workers that are closed at the end."""
    workers: list[Worker] = []

    def make(model: Transcriber) -> Worker:
        worker = Worker("fast")
        worker.take(model)
        assert worker.wait_ready()
        workers.append(worker)
        return worker

    yield make
    for worker in workers:
        worker.close()


def busy(
    model: FakeTranscriber,
    worker: Worker,
    log: Log,
    first: Window,
    draft: Callable[[], Standing] | None = None,
) -> None:
    """Have the model at work on `first`, until its gate opens."""
    model.gate.clear()
    worker.submit(request(first, log, draft=draft))
    deadline = threading.Event()
    while not model.heard:
        deadline.wait(0.01)


def test_the_latest_window_wins(start: Start) -> None:
    model, log = FakeTranscriber("m", str), Log()
    worker = start(model)
    busy(model, worker, log, window(0))
    for n in (1, 2, 3):
        worker.submit(request(window(n), log))
    model.gate.set()
    assert log.wait(4) == [(1, None), (2, None), (0, "1000"), (3, "1003")]


def test_a_window_that_text_hangs_on_is_never_dropped(start: Start) -> None:
    model, log = FakeTranscriber("m", str), Log()
    worker = start(model)
    busy(model, worker, log, window(0, final=True, heavy=True))
    worker.submit(request(window(1, final=True, heavy=True), log))
    worker.submit(request(window(2, heavy=True), log))
    worker.submit(request(window(3, heavy=True), log))
    model.gate.set()
    assert log.wait(4) == [(2, None), (0, "1000"), (1, "1001"), (3, "1003")]


def test_an_interval_pass_is_given_up_for_the_end(start: Start) -> None:
    model, log = FakeTranscriber("m", str), Log()
    worker = start(model)
    busy(model, worker, log, window(0, heavy=True))
    worker.submit(request(window(1, heavy=True, final=True), log))
    model.gate.set()
    assert log.wait(2) == [(0, None), (1, "1001")]


def test_the_pass_of_a_pause_serves_as_the_last(start: Start) -> None:
    model, log = FakeTranscriber("m", str), Log()
    worker = start(model)
    busy(model, worker, log, window(4, heavy=True, pause=True))
    worker.submit(request(window(5, heavy=True, final=True, same_as=4), log))
    model.gate.set()
    assert log.wait(2) == [(4, "1004"), (5, "1004")]
    assert model.heard == [1004]


def test_a_last_pass_is_made_where_the_pause_was_not_heard(start: Start) -> None:
    model, log = FakeTranscriber("m", str), Log()
    worker = start(model)
    worker.submit(request(window(5, heavy=True, final=True, same_as=4), log))
    assert log.wait(1) == [(5, "1005")]


def test_clear_gives_up_what_runs(start: Start) -> None:
    model, log = FakeTranscriber("m", str), Log()
    worker = start(model)
    busy(model, worker, log, window(0))
    worker.submit(request(window(1, final=True), log))
    worker.clear()
    model.gate.set()
    worker.wait_idle()
    worker.submit(request(window(2), log))
    assert log.wait(2) == [(0, None), (2, "1002")]


class Failing:
    """A model that raises."""

    name = "failing"

    def __init__(self, error: Exception) -> None:
        self.error = error

    def transcribe(self, *_: object, **__: object) -> Hypothesis | None:
        raise self.error

    def verify(self, *_: object, **__: object) -> Hypothesis | None:
        raise self.error


@pytest.mark.parametrize("error", [ModelError("It broke.", "Mend it."), MemoryError(), ZeroDivisionError()])
def test_a_model_that_raises_comes_to_nothing_and_the_thread_lives(start: Start, error: Exception) -> None:
    log = Log()
    worker = start(Failing(error))
    worker.submit(request(window(0, final=True), log))
    assert log.wait(1) == [(0, None)]
    worker.submit(request(window(1, final=True, heavy=True), log, draft=Standing))
    assert log.wait(2) == [(0, None), (1, None)]


def test_where_no_model_comes_nobody_hangs() -> None:
    worker, log = Worker("heavy"), Log()
    try:
        worker.submit(request(window(0, final=True), log))
        worker.take(None)
        assert not worker.wait_ready()
        assert log.wait(1) == [(0, None)]
    finally:
        worker.close()


def test_windows_wait_for_a_model_that_is_still_loading() -> None:
    worker, log = Worker("fast"), Log()
    try:
        worker.submit(request(window(0), log))
        assert log.entries == []
        worker.take(FakeTranscriber("late", str))
        assert log.wait(1) == [(0, "1000")]
    finally:
        worker.close()


def test_another_model_takes_over(start: Start) -> None:
    log = Log()
    worker = start(FakeTranscriber("old", lambda _: "old"))
    worker.take(FakeTranscriber("new", lambda _: "new"))
    assert worker.name == "new"
    worker.submit(request(window(0), log))
    assert log.wait(1) == [(0, "new")]


def test_a_model_that_is_replaced_in_mid_window_says_its_word(start: Start) -> None:
    model, log = FakeTranscriber("old", lambda _: "old"), Log()
    worker = start(model)
    busy(model, worker, log, window(0))
    worker.take(FakeTranscriber("new", lambda _: "new"))
    worker.submit(request(window(1), log))
    model.gate.set()
    assert log.wait(2) == [(0, "old"), (1, "new")]


def test_a_model_that_leaves_and_comes_back_loses_no_window(start: Start) -> None:
    worker, log = start(FakeTranscriber("m", str)), Log()
    worker.take(None)
    worker.expect()
    assert not worker.ready
    worker.submit(request(window(0, heavy=True, final=True), log))
    assert log.entries == []
    worker.take(FakeTranscriber("m", str))
    assert log.wait(1) == [(0, "1000")]


def test_another_session_does_not_get_the_text_of_the_last(start: Start) -> None:
    model, first, second = FakeTranscriber("m", str), Log(), Log()
    worker = start(model)
    worker.submit(request(window(4, heavy=True, pause=True), first))
    first.wait(1)
    worker.wait_idle()
    worker.submit(request(window(5, heavy=True, final=True, same_as=4), second))
    assert second.wait(1) == [(5, "1005")]


def test_a_pause_is_not_given_up_for_the_next(start: Start) -> None:
    model, log = FakeTranscriber("m", str), Log()
    worker = start(model)
    busy(model, worker, log, window(0, heavy=True, pause=True))
    worker.submit(request(window(1, heavy=True, pause=True), log))
    model.gate.set()
    assert log.wait(2) == [(0, "1000"), (1, "1001")]


def test_a_model_is_free_unless_it_works_or_something_waits(start: Start) -> None:
    model, log = FakeTranscriber("m", str), Log()
    worker = start(model)
    assert worker.free
    busy(model, worker, log, window(0))
    assert not worker.free
    model.gate.set()
    worker.wait_idle()
    assert worker.free


def test_a_model_that_is_still_loading_is_not_free() -> None:
    worker, log = Worker("fast"), Log()
    try:
        assert not worker.free
        worker.take(FakeTranscriber("late", str))
        assert worker.free
        worker.submit(request(window(0), log))
        log.wait(1)
    finally:
        worker.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The workers' clock."""
    clock = FakeClock()
    monkeypatch.setattr("voicetype.workers.time", clock)
    return clock


def slow(clock: FakeClock, seconds: float) -> FakeTranscriber:
    """A model that takes so long."""

    def says(samples: int) -> str:
        clock.now_s += seconds
        return str(samples)

    return FakeTranscriber("slow", says)


def test_the_heavy_model_rests_for_as_long_as_it_worked(start: Start, clock: FakeClock) -> None:
    log = Log()
    worker = start(slow(clock, 3.0))
    worker.submit(request(window(0, heavy=True), log, realtime=True))
    worker.wait_idle()
    assert clock.now_s == 103.0
    assert not worker.free
    clock.now_s = 105.9
    assert not worker.free
    clock.now_s = 106.0
    assert worker.free


def test_who_rests_hears_a_pause_all_the_same(start: Start, clock: FakeClock) -> None:
    log = Log()
    worker = start(slow(clock, 3.0))
    worker.submit(request(window(0, heavy=True), log, realtime=True))
    worker.wait_idle()
    assert not worker.free
    worker.submit(request(window(1, heavy=True, pause=True), log, realtime=True))
    assert log.wait(2) == [(0, "1000"), (1, "1001")]
    worker.wait_idle()
    clock.now_s = 108.9
    assert not worker.free
    clock.now_s = 109.0
    assert worker.free


@pytest.mark.parametrize(("heavy", "realtime"), [(False, True), (True, False), (False, False)])
def test_the_fast_model_and_a_recording_need_no_rest(
    start: Start, clock: FakeClock, heavy: bool, realtime: bool
) -> None:
    worker = start(slow(clock, 3.0))
    worker.submit(request(window(0, heavy=heavy), Log(), realtime=realtime))
    worker.wait_idle()
    assert clock.now_s == 103.0
    assert worker.free


@pytest.mark.parametrize(
    ("heard", "judged"),
    [
        (window(0, heavy=True), ["what stands"]),
        (window(0, heavy=True, final=True), ["what stands"]),
        (window(0), []),
        (window(0, pause=True), []),
    ],
)
def test_the_heavy_model_alone_judges_what_stands(start: Start, heard: Window, judged: list[str]) -> None:
    model, log = FakeTranscriber("m", str), Log()
    model.trusts = lambda _: True
    worker = start(model)
    worker.submit(request(heard, log, draft=lambda: Standing("what stands")))
    assert log.wait(1) == [(0, judged[0] if judged else "1000")]
    assert model.judged == judged


def test_without_a_draft_to_judge_the_heavy_model_says_its_own(start: Start) -> None:
    model, log = FakeTranscriber("m", str), Log()
    model.trusts = lambda _: True
    worker = start(model)
    worker.submit(request(window(0, heavy=True, final=True), log))
    assert log.wait(1) == [(0, "1000")]
    assert model.judged == []


def test_the_draft_is_asked_for_when_the_model_gets_there(start: Start) -> None:
    model, log, stands = FakeTranscriber("m", str), Log(), ["early"]
    model.trusts = lambda _: True
    worker = start(model)
    model.gate.clear()
    worker.submit(request(window(0, heavy=True), log, draft=lambda: Standing(stands[-1])))
    stands.append("late")
    model.gate.set()
    assert log.wait(1) == [(0, "late")]


def test_a_judgement_that_is_superseded_comes_to_nothing(start: Start) -> None:
    model, log = FakeTranscriber("m", str), Log()
    worker = start(model)
    busy(model, worker, log, window(0, heavy=True), lambda: Standing("what stands"))
    worker.submit(request(window(1, heavy=True, final=True), log))
    model.gate.set()
    assert log.wait(2) == [(0, None), (1, "1001")]
    assert model.judged == []


def test_beams_and_every_guard_are_for_what_is_to_last(start: Start) -> None:
    efforts: list[tuple[bool, int]] = []

    class Noting(FakeTranscriber):
        def transcribe(self, audio: Audio, how: Hearing) -> Hypothesis | None:
            efforts.append((how.careful, how.beam_size))
            return super().transcribe(audio, how)

    worker = start(Noting("m", str))
    for heard in (
        window(0),
        window(1, pause=True),
        window(2, heavy=True),
        window(3, heavy=True, pause=True),
        window(4, heavy=True, final=True),
    ):
        worker.submit(request(heard, Log(), draft=Standing))
        worker.wait_idle()
    assert efforts == [(False, 1), (False, 1), (False, 1), (True, 5), (True, 5)]


@pytest.mark.parametrize("voiced", [False, True])
def test_a_model_is_told_whether_a_voice_is_beyond_doubt(start: Start, voiced: bool) -> None:
    model, log = FakeTranscriber("m", str), Log()
    start(model).submit(request(replace(window(0), voiced=voiced), log))
    log.wait(1)
    assert [how.voiced for how in model.asked] == [voiced]


def test_the_judgement_of_a_pause_serves_as_the_last(start: Start) -> None:
    model, log = FakeTranscriber("m", str), Log()
    model.trusts = lambda _: True
    worker = start(model)
    for heard in (window(4, heavy=True, pause=True), window(5, heavy=True, final=True, same_as=4)):
        worker.submit(request(heard, log, draft=lambda: Standing("what stands")))
        worker.wait_idle()
    assert log.wait(2) == [(4, "what stands"), (5, "what stands")]
    assert model.judged == ["what stands"]


def test_what_came_to_nothing_does_not_serve_for_a_draft_that_came_later(start: Start) -> None:
    model, log, stands = FakeTranscriber("m", lambda _: ""), Log(), [""]
    model.trusts = bool
    worker = start(model)
    for heard in (window(4, heavy=True, pause=True), window(5, heavy=True, final=True, same_as=4)):
        worker.submit(request(heard, log, draft=lambda: Standing(stands[-1])))
        worker.wait_idle()
        stands.append("Yes.")
    assert log.wait(2) == [(4, ""), (5, "Yes.")]
