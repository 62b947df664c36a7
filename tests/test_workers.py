"""A model's thread: what waits, what is dropped, what is never dropped, and what a failure does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from tests.fakes import FakeTranscriber
from voicetype.engine import Hypothesis, Transcriber
from voicetype.errors import ModelError, VoicetypeError
from voicetype.listening import Window
from voicetype.workers import Outcome, Request, Worker


class Log:
    """What came of each window, in order; waits for a number of them."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, str | None]] = []
        self._changed = threading.Condition()

    def done(self, window: Window, outcome: Outcome) -> None:
        with self._changed:
            self.entries.append((window.window_id, outcome.text if outcome else None))
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


Start = Callable[[Transcriber], Worker]


@pytest.fixture
def start() -> Iterator[Start]:
    """Workers that are closed at the end."""
    workers: list[Worker] = []

    def make(model: Transcriber) -> Worker:
        worker = Worker("fast", lambda: model, lambda _: None)
        assert worker.wait_ready()
        workers.append(worker)
        return worker

    yield make
    for worker in workers:
        worker.close()


def busy(model: FakeTranscriber, worker: Worker, log: Log, first: Window) -> None:
    """Have the model at work on `first`, until its gate opens."""
    model.gate.clear()
    worker.submit(Request(first, "en", 1, False, log.done))
    deadline = threading.Event()
    while not model.heard:
        deadline.wait(0.01)


def test_the_latest_window_wins(start: Start) -> None:
    model, log = FakeTranscriber("m", str), Log()
    worker = start(model)
    busy(model, worker, log, window(0))
    for n in (1, 2, 3):
        worker.submit(Request(window(n), "en", 1, False, log.done))
    model.gate.set()
    assert log.wait(4) == [(1, None), (2, None), (0, "1000"), (3, "1003")]


def test_a_window_that_text_hangs_on_is_never_dropped(start: Start) -> None:
    model, log = FakeTranscriber("m", str), Log()
    worker = start(model)
    busy(model, worker, log, window(0, final=True, heavy=True))
    worker.submit(Request(window(1, final=True, heavy=True), "en", 1, False, log.done))
    worker.submit(Request(window(2, heavy=True), "en", 1, False, log.done))
    worker.submit(Request(window(3, heavy=True), "en", 1, False, log.done))
    model.gate.set()
    assert log.wait(4) == [(2, None), (0, "1000"), (1, "1001"), (3, "1003")]


def test_an_interval_pass_is_given_up_for_the_end(start: Start) -> None:
    model, log = FakeTranscriber("m", str), Log()
    worker = start(model)
    busy(model, worker, log, window(0, heavy=True))
    worker.submit(Request(window(1, heavy=True, final=True), "en", 1, False, log.done))
    model.gate.set()
    assert log.wait(2) == [(0, None), (1, "1001")]


def test_the_pass_of_a_pause_serves_as_the_last(start: Start) -> None:
    model, log = FakeTranscriber("m", str), Log()
    worker = start(model)
    busy(model, worker, log, window(4, heavy=True, pause=True))
    worker.submit(Request(window(5, heavy=True, final=True, same_as=4), "en", 1, False, log.done))
    model.gate.set()
    assert log.wait(2) == [(4, "1004"), (5, "1004")]
    assert model.heard == [1004]


def test_a_last_pass_is_made_where_the_pause_was_not_heard(start: Start) -> None:
    model, log = FakeTranscriber("m", str), Log()
    worker = start(model)
    worker.submit(Request(window(5, heavy=True, final=True, same_as=4), "en", 1, False, log.done))
    assert log.wait(1) == [(5, "1005")]


def test_clear_gives_up_what_runs(start: Start) -> None:
    model, log = FakeTranscriber("m", str), Log()
    worker = start(model)
    busy(model, worker, log, window(0))
    worker.submit(Request(window(1, final=True), "en", 1, False, log.done))
    worker.clear()
    model.gate.set()
    worker.wait_idle()
    worker.submit(Request(window(2), "en", 1, False, log.done))
    assert log.wait(2) == [(0, None), (2, "1002")]


class Failing:
    """A model that raises."""

    name = "failing"

    def __init__(self, error: Exception) -> None:
        self.error = error

    def transcribe(self, *_: object, **__: object) -> Hypothesis | None:
        raise self.error


@pytest.mark.parametrize("error", [ModelError("It broke.", "Mend it."), MemoryError(), ZeroDivisionError()])
def test_a_model_that_raises_comes_to_nothing_and_the_thread_lives(start: Start, error: Exception) -> None:
    log = Log()
    worker = start(Failing(error))
    worker.submit(Request(window(0, final=True), "en", 1, False, log.done))
    assert log.wait(1) == [(0, None)]
    worker.submit(Request(window(1, final=True), "en", 1, False, log.done))
    assert log.wait(2) == [(0, None), (1, None)]


def test_a_model_that_cannot_be_loaded_is_told_and_hangs_nobody() -> None:
    told: list[VoicetypeError] = []

    def load() -> Transcriber:
        raise ModelError("There is no such model.", "Get one.")

    worker, log = Worker("heavy", load, told.append), Log()
    try:
        assert not worker.wait_ready()
        assert [e.sentence for e in told] == ["There is no such model."]
        worker.submit(Request(window(0, final=True), "en", 1, False, log.done))
        assert log.wait(1) == [(0, None)]
    finally:
        worker.close()


def test_windows_wait_for_a_model_that_is_still_loading() -> None:
    gate, log = threading.Event(), Log()

    def load() -> Transcriber:
        assert gate.wait(10)
        return FakeTranscriber("late", str)

    worker = Worker("fast", load, lambda _: None)
    try:
        worker.submit(Request(window(0), "en", 1, False, log.done))
        assert log.entries == []
        gate.set()
        assert log.wait(1) == [(0, "1000")]
    finally:
        worker.close()


def test_another_model_takes_over(start: Start) -> None:
    log = Log()
    worker = start(FakeTranscriber("old", lambda _: "old"))
    worker.replace(lambda: FakeTranscriber("new", lambda _: "new"))
    assert worker.wait_ready()
    assert worker.name == "new"
    worker.submit(Request(window(0), "en", 1, False, log.done))
    assert log.wait(1) == [(0, "new")]


def test_the_heavy_model_rests_between_ordinary_windows(start: Start) -> None:
    """A pause is heard at once all the same, in place of the window that waited for the rest to end."""
    model, log = FakeTranscriber("m", str), Log()
    worker = start(model)
    busy(model, worker, log, window(0, heavy=True))
    threading.Event().wait(0.3)  # what the first pass takes, and so the rest
    model.gate.set()
    log.wait(1)
    worker.submit(Request(window(1, heavy=True), "en", 1, True, log.done))
    threading.Event().wait(0.1)  # a worker that does not rest begins
    assert model.heard == [1000]
    worker.submit(Request(window(2, heavy=True, pause=True), "en", 1, True, log.done))
    assert log.wait(3) == [(0, "1000"), (1, None), (2, "1002")]
    assert model.heard == [1000, 1002]


def test_another_session_does_not_get_the_text_of_the_last(start: Start) -> None:
    model, first, second = FakeTranscriber("m", str), Log(), Log()
    worker = start(model)
    worker.submit(Request(window(4, heavy=True, pause=True), "en", 1, False, first.done))
    first.wait(1)
    worker.wait_idle()
    worker.submit(Request(window(5, heavy=True, final=True, same_as=4), "en", 1, False, second.done))
    assert second.wait(1) == [(5, "1005")]


def test_a_model_whose_file_is_broken_in_any_way_is_told() -> None:
    told: list[VoicetypeError] = []

    def load() -> Transcriber:
        raise LookupError("the tokenizer")

    worker = Worker("fast", load, told.append)
    try:
        assert not worker.wait_ready()
        assert "could not be loaded: the tokenizer" in told[0].sentence
    finally:
        worker.close()


def test_a_pause_is_not_given_up_for_the_next(start: Start) -> None:
    model, log = FakeTranscriber("m", str), Log()
    worker = start(model)
    busy(model, worker, log, window(0, heavy=True, pause=True))
    worker.submit(Request(window(1, heavy=True, pause=True), "en", 1, False, log.done))
    model.gate.set()
    assert log.wait(2) == [(0, "1000"), (1, "1001")]
