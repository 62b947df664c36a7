"""Both models: how they are loaded, changed between dictations, let go and brought back; no file is read."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

import voicetype
from tests.fakes import FakeTranscriber
from voicetype import calls, daemon, opening, pair, workers
from voicetype import waiting as waiting_windows
from voicetype.assembly import Assembly
from voicetype.choice import ChosenModel, Server, Wanted, heard_language
from voicetype.config import ModelsConfig
from voicetype.engine import Transcriber, models
from voicetype.engine.outgoing import Outgoing
from voicetype.engine.progress import Progress
from voicetype.errors import ConfigError, ModelError, VoicetypeError
from voicetype.failures import Failure, Kind
from voicetype.listening import Window
from voicetype.pair import LoadedPair
from voicetype.strategies import Strategy
from voicetype.workers import Effort, Outcome, Request, Worker

LIGHT = ModelsConfig(preset="light", unload_after_s=0)
OTHERS = ModelsConfig(fast="tiny", heavy="small", unload_after_s=0)


def wait_until(done: Callable[[], bool]) -> None:
    """For what nobody tells."""
    deadline = time.monotonic() + 10
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@dataclass
class Shelf:
    """Where the models come from: those of `gates` not before their gate is open, `broken` ones never."""

    gates: dict[str, threading.Event] = field(default_factory=dict)
    broken: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    errors: dict[str, Exception] = field(default_factory=dict)
    disk_error: str = ""
    fetching: threading.Event = field(default_factory=threading.Event)
    looked_for: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    says: dict[str, Callable[[int], str]] = field(default_factory=dict)
    sure: float | None = None
    alive: weakref.WeakSet[FakeTranscriber] = field(default_factory=weakref.WeakSet)
    most_alive: int = 0

    def ensure(self, name: str, _: str = "", progress: Progress | None = None, *__: object) -> Path:
        self.looked_for.append(name)
        assert self.fetching.wait(10)
        if self.disk_error:
            raise OSError(self.disk_error)
        if name in self.missing:
            raise ModelError(f"The model {name} can't be had.", "Check the connection.")
        if progress and name == "medium":
            progress(name, 500_000_000, 1_500_000_000)
        while progress and name == "large-v3":
            progress(name, 1_000_000, 3_000_000_000)  # for ever, but that somebody says otherwise
            time.sleep(0.001)
        return Path(name)

    def open(self, chosen: ChosenModel) -> Transcriber:
        name = chosen.name
        self.opened.append(name)
        if name in self.gates:
            assert self.gates[name].wait(10)
        if name in self.broken:
            raise ModelError(f"The model {name} is broken.", "Fetch it again.")
        if name in self.errors:
            raise self.errors[name]
        if name == "large-v1":
            raise LookupError("the tokenizer")
        model = FakeTranscriber(name, self.says.get(name, str), self.sure)
        self.alive.add(model)
        self.most_alive = max(self.most_alive, len(self.alive))
        return model


class Watch:
    """What a pair has told, and a wait for more."""

    def __init__(self, pair: LoadedPair) -> None:
        self._pair = pair
        self._changed = threading.Condition()
        self.seen: list[tuple[str, str, str]] = []
        pair.watch(self)

    def __call__(self) -> None:
        with self._changed:
            self.seen.append((*self._pair.names(), self._pair.loading))
            self._changed.notify_all()

    def until(self, happened: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(happened, 10), self.seen


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    shelf = Shelf()
    shelf.fetching.set()
    monkeypatch.setattr(models, "ensure", shelf.ensure)
    return shelf


@dataclass
class Rig:
    pair: LoadedPair
    watch: Watch
    failures: list[VoicetypeError]

    def hears(self, fast: str, heavy: str) -> None:
        """Wait until these do."""
        self.watch.until(lambda: (self.pair.fast.name, self.pair.heavy.name) == (fast, heavy))

    def settled(self) -> None:
        """Wait until nothing is loaded any more."""
        self.watch.until(lambda: not self.pair.loading)


Make = Callable[..., Rig]


@pytest.fixture
def make(shelf: Shelf) -> Iterator[Make]:
    made: list[LoadedPair] = []

    def new(config: ModelsConfig, strategy: Strategy = Strategy.DUAL, server: Server | None = None) -> Rig:
        failures: list[VoicetypeError] = []
        unit = Assembly(shelf.open, failures.append, Outgoing())
        made.append(LoadedPair(Wanted(config, strategy=strategy, server=server), unit, failures.append))
        return Rig(made[-1], Watch(made[-1]), failures)

    yield new
    for gate in shelf.gates.values():
        gate.set()
    for each in made:
        each.close()


def test_the_heavy_model_is_loaded_first_and_each_hears_as_soon_as_it_is_there(
    shelf: Shelf, make: Make
) -> None:
    shelf.gates = {"tiny.en": threading.Event()}
    rig = make(LIGHT)
    assert rig.pair.heavy.wait_ready()
    rig.watch.until(lambda: rig.pair.loading == "Loading tiny.en")
    assert not rig.pair.ready()
    assert rig.pair.names() == ("tiny.en", "base")
    shelf.gates["tiny.en"].set()
    assert rig.pair.wait_ready()
    assert shelf.opened == ["base", "tiny.en"]
    rig.settled()


def test_while_others_are_loaded_the_old_ones_hear_and_both_change_together(shelf: Shelf, make: Make) -> None:
    rig = make(LIGHT)
    assert rig.pair.wait_ready()
    shelf.gates = {"tiny": threading.Event(), "small": threading.Event()}
    rig.pair.use(Wanted(OTHERS))
    rig.watch.until(lambda: rig.pair.loading == "Loading small")
    shelf.gates["small"].set()
    rig.watch.until(lambda: rig.pair.loading == "Loading tiny")
    assert rig.pair.fast.free
    assert rig.pair.heavy.free
    assert rig.pair.names() == ("tiny.en", "base")
    shelf.gates["tiny"].set()
    rig.hears("tiny", "small")
    rig.settled()
    assert {model.name for model in shelf.alive} == {"tiny", "small"}  # the others' memory is given back


def test_in_mid_dictation_nothing_changes(shelf: Shelf, make: Make) -> None:
    rig = make(LIGHT)
    assert rig.pair.wait_ready()
    rig.settled()
    rig.pair.dictating(True)
    rig.pair.use(Wanted(OTHERS))
    rig.watch.until(lambda: "tiny" in shelf.opened and not rig.pair.loading)
    assert rig.pair.names() == ("tiny.en", "base")
    rig.pair.dictating(False)
    rig.hears("tiny", "small")


def test_a_model_that_stays_is_not_loaded_again(shelf: Shelf, make: Make) -> None:
    rig = make(LIGHT)
    assert rig.pair.wait_ready()
    rig.pair.use(Wanted(ModelsConfig(fast="tiny.en", heavy="small", unload_after_s=0)))
    rig.hears("tiny.en", "small")
    assert shelf.opened == ["base", "tiny.en", "small"]
    rig.pair.use(
        Wanted(ModelsConfig(fast="tiny.en", heavy="small", compute_type="float32", unload_after_s=0))
    )
    rig.watch.until(lambda: shelf.opened[3:] == ["small", "tiny.en"])
    rig.settled()
    rig.pair.use(
        Wanted(ModelsConfig(fast="tiny.en", heavy="small", compute_type="float32", unload_after_s=0), 2)
    )
    rig.watch.until(lambda: shelf.opened[5:] == ["small", "tiny.en"])


def test_of_two_choices_in_a_row_the_last_one_counts(shelf: Shelf, make: Make) -> None:
    rig = make(LIGHT)
    assert rig.pair.wait_ready()
    shelf.gates = {"small": threading.Event()}
    rig.pair.use(Wanted(OTHERS))
    wait_until(lambda: "small" in shelf.opened)
    rig.pair.use(Wanted(ModelsConfig(fast="base.en", heavy="medium", unload_after_s=0)))
    rig.watch.until(lambda: ("tiny.en", "base", "Fetching medium: 500 of 1500 MB") in rig.watch.seen)
    shelf.gates["small"].set()
    rig.hears("base.en", "medium")
    assert "tiny" not in shelf.opened


def test_what_is_fetched_for_nothing_is_fetched_no_more(make: Make) -> None:
    rig = make(LIGHT)
    assert rig.pair.wait_ready()
    rig.settled()
    threads = threading.active_count()
    rig.pair.use(Wanted(ModelsConfig(fast="tiny.en", heavy="large-v3", unload_after_s=0)))
    rig.watch.until(lambda: rig.pair.loading.startswith("Fetching large-v3"))
    rig.pair.use(Wanted(LIGHT))
    wait_until(lambda: threading.active_count() <= threads)
    rig.settled()
    assert rig.failures == []
    assert rig.pair.names() == ("tiny.en", "base")


@pytest.mark.parametrize("late", ["small", "tiny"])
def test_what_was_loaded_for_nothing_gives_its_memory_back(
    shelf: Shelf, make: Make, monkeypatch: pytest.MonkeyPatch, late: str
) -> None:
    rig = make(LIGHT)
    assert rig.pair.wait_ready()
    rig.settled()
    given: list[set[str]] = []
    monkeypatch.setattr(pair, "give_back", lambda: given.append({model.name for model in shelf.alive}))
    shelf.gates = {late: threading.Event()}
    rig.pair.use(Wanted(OTHERS))
    wait_until(lambda: late in shelf.opened)
    rig.pair.use(Wanted(LIGHT))
    shelf.gates[late].set()
    wait_until(lambda: given[-1:] == [{"tiny.en", "base"}])
    rig.settled()


def test_of_models_that_can_not_be_loaded_the_old_ones_stay(shelf: Shelf, make: Make) -> None:
    rig = make(LIGHT)
    assert rig.pair.wait_ready()
    shelf.broken = ("small",)
    rig.pair.use(Wanted(OTHERS))
    rig.hears("tiny", "base")
    assert [str(error) for error in rig.failures] == ["The model small is broken."]
    assert rig.pair.ready()
    assert rig.pair.failure is None


def test_what_the_libraries_raise_is_told_too(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    rig = make(ModelsConfig(fast="large-v1", heavy="large-v1", unload_after_s=0))
    assert not rig.pair.wait_ready()
    rig.settled()
    assert "could not be loaded: the tokenizer" in rig.failures[0].sentence
    assert rig.pair.failure is rig.failures[-1]
    assert "The heavy model large-v1 could not be loaded" in caplog.text


def test_a_failure_can_be_tried_again(shelf: Shelf, make: Make) -> None:
    shelf.missing = ("small",)
    rig = make(OTHERS)
    assert not rig.pair.wait_ready()
    assert rig.pair.failure is not None
    shelf.missing = ()
    rig.pair.use(Wanted(OTHERS))
    rig.hears("tiny", "small")
    assert rig.pair.failure is None


def test_a_failure_is_announced_though_nothing_was_fetched(shelf: Shelf, make: Make) -> None:
    shelf.missing = ("small",)
    shelf.fetching.clear()
    rig = make(OTHERS)
    shelf.fetching.set()
    rig.watch.until(lambda: bool(rig.watch.seen))
    assert rig.pair.failure is not None


def test_what_the_disk_refuses_is_a_failure_too(
    shelf: Shelf, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.disk_error = "File name too long"
    rig = make(LIGHT)
    assert not rig.pair.wait_ready()
    rig.watch.until(lambda: rig.pair.failure is not None)
    assert "can't be had: File name too long" in rig.failures[0].sentence
    assert "could not be looked for" in caplog.text
    rig.settled()
    shelf.disk_error = ""
    rig.pair.again()
    assert rig.pair.wait_ready()


def test_what_is_there_is_not_tried_again(shelf: Shelf, make: Make) -> None:
    rig = make(LIGHT)
    assert rig.pair.wait_ready()
    rig.settled()
    rig.pair.again()
    assert shelf.looked_for == ["tiny.en", "base"]


def test_what_can_not_be_had_is_looked_for_and_told_once(shelf: Shelf, make: Make) -> None:
    shelf.missing = ("small",)
    rig = make(OTHERS)
    assert not rig.pair.fast.wait_ready()
    assert not rig.pair.heavy.wait_ready()
    assert shelf.looked_for == ["tiny", "small"]
    assert [str(error) for error in rig.failures] == ["The model small can't be had."]


def test_what_takes_the_place_of_a_preset_is_said_once(
    shelf: Shelf, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.missing = ("small.en",)
    with caplog.at_level(logging.WARNING):
        rig = make(ModelsConfig(preset="english", unload_after_s=0))
        assert rig.pair.wait_ready()
    assert rig.pair.names() == ("tiny.en", "base")
    assert caplog.messages == ["The model small.en can't be had. Using tiny.en and base instead."]


def test_the_end_waits_for_a_model_that_is_being_loaded(shelf: Shelf, make: Make) -> None:
    shelf.gates = {"base": threading.Event()}
    rig = make(LIGHT)
    wait_until(lambda: "base" in shelf.opened)
    end = threading.Thread(target=rig.pair.close)
    end.start()
    assert not rig.pair.heavy.wait_ready()  # the workers have ended
    end.join(0.1)
    assert end.is_alive()
    shelf.gates["base"].set()
    end.join(10)
    assert not end.is_alive()
    assert shelf.opened == ["base"]


def test_the_end_comes_before_the_service_manager_s_patience_is_over() -> None:
    """Also where both models hang, a third is loaded and a patch is under way."""
    unit = (Path(voicetype.__file__).parent / "data" / "voicetype.service").read_text()
    (given,) = (
        int(s)
        for name, _, s in (line.partition("=") for line in unit.splitlines())
        if name == "TimeoutStopSec"
    )
    assert given > daemon._GOODBYE_S + 2 * workers._GOODBYE_S + pair._GOODBYE_S


def test_an_unknown_model_is_refused_at_once(make: Make) -> None:
    rig = make(LIGHT)
    assert rig.pair.wait_ready()
    with pytest.raises(ModelError, match="no model called 'huge'"):
        rig.pair.use(Wanted(ModelsConfig(heavy="huge")))
    assert rig.pair.names() == ("tiny.en", "base")


class Naps:
    """Stands for `threading.Timer`: a test says when the time is over."""

    def __init__(self) -> None:
        self.waiting: list[tuple[float, Callable[[], None]]] = []

    def __call__(self, seconds: float, wake: Callable[[], None]) -> Nap:
        self.waiting.append((seconds, wake))
        return Nap(self, seconds)


class Nap:
    daemon = False

    def __init__(self, naps: Naps, seconds: float) -> None:
        self.naps, self.seconds = naps, seconds

    def start(self) -> None:
        """The clock is the test's."""

    def cancel(self) -> None:
        self.naps.waiting = [each for each in self.naps.waiting if each[0] != self.seconds]


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> Naps:
    naps = Naps()
    monkeypatch.setattr(threading, "Timer", naps)
    return naps


def waiting(make: Make, naps: Naps) -> Rig:
    """A pair that is loaded, and whose heavy model leaves the memory once the time is over."""
    rig = make(ModelsConfig(preset="light", unload_after_s=60))
    assert rig.pair.wait_ready()
    rig.settled()
    rig.watch.until(lambda: bool(naps.waiting))
    return rig


def test_the_heavy_model_leaves_the_memory_and_comes_back_with_the_next_dictation(
    shelf: Shelf, make: Make, naps: Naps
) -> None:
    rig = waiting(make, naps)
    ((seconds, over),) = naps.waiting
    assert seconds == 60
    over()
    assert {model.name for model in shelf.alive} == {"tiny.en"}
    assert not rig.pair.heavy.ready
    assert rig.pair.ready()  # it comes back by itself
    assert rig.pair.names() == ("tiny.en", "base")
    rig.pair.dictating(True)
    assert naps.waiting == []
    assert rig.pair.heavy.wait_ready()
    assert shelf.opened == ["base", "tiny.en", "base"]
    rig.settled()
    assert naps.waiting == []  # the dictation is not over
    rig.pair.dictating(False)
    assert [seconds for seconds, _ in naps.waiting] == [60, 2]


def test_what_a_dictation_has_left_in_the_memory_is_given_back_a_moment_later(
    make: Make, naps: Naps, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_back: list[bool] = []
    monkeypatch.setattr("voicetype.pair.give_back", lambda: given_back.append(True))
    rig = waiting(make, naps)
    given_back.clear()
    rig.pair.dictating(True)
    rig.pair.dictating(False)
    ((_, over),) = [each for each in naps.waiting if each[0] == 2]
    assert not given_back
    over()
    assert given_back
    rig.pair.dictating(True)  # at once: nothing is done beside a dictation
    assert naps.waiting == []


def test_a_model_in_use_does_not_leave(make: Make, naps: Naps) -> None:
    rig = waiting(make, naps)
    over = naps.waiting[0][1]
    rig.pair.dictating(True)
    over()
    assert rig.pair.heavy.ready


def test_another_model_may_be_chosen_while_the_heavy_one_rests(shelf: Shelf, make: Make, naps: Naps) -> None:
    rig = waiting(make, naps)
    naps.waiting[0][1]()
    rig.pair.use(Wanted(ModelsConfig(fast="tiny.en", heavy="small", unload_after_s=60)))
    rig.hears("tiny.en", "small")
    assert shelf.opened == ["base", "tiny.en", "small"]


def test_the_heavy_model_comes_back_though_another_choice_failed(
    shelf: Shelf, make: Make, naps: Naps
) -> None:
    rig = waiting(make, naps)
    naps.waiting[0][1]()
    shelf.missing = ("small",)
    rig.pair.use(Wanted(ModelsConfig(fast="tiny.en", heavy="small", unload_after_s=60)))
    rig.watch.until(lambda: bool(rig.failures))
    rig.settled()
    assert rig.pair.names() == ("tiny.en", "base")
    rig.pair.dictating(True)
    assert rig.pair.ready()
    assert rig.pair.failure is None
    assert rig.pair.heavy.wait_ready()
    assert rig.pair.names() == ("tiny.en", "base")


def test_a_choice_that_comes_while_the_heavy_model_is_brought_back(
    shelf: Shelf, make: Make, naps: Naps
) -> None:
    rig = waiting(make, naps)
    naps.waiting[0][1]()
    shelf.gates = {"base": threading.Event()}
    rig.pair.dictating(True)
    rig.watch.until(lambda: rig.pair.loading == "Loading base")
    rig.pair.dictating(False)  # a tap of the key
    rig.pair.dictating(True)
    rig.pair.dictating(False)
    rig.pair.use(Wanted(ModelsConfig(fast="tiny.en", heavy="small", unload_after_s=60)))
    shelf.gates["base"].set()
    rig.hears("tiny.en", "small")
    rig.settled()
    assert shelf.opened == ["base", "tiny.en", "base", "small"]
    assert {model.name for model in shelf.alive} == {"tiny.en", "small"}


def test_what_has_left_does_not_leave_again(make: Make, naps: Naps, caplog: pytest.LogCaptureFixture) -> None:
    rig = waiting(make, naps)
    caplog.set_level(logging.INFO)
    naps.waiting[0][1]()
    rig.pair.use(Wanted(ModelsConfig(fast="base", heavy="base", unload_after_s=60)))
    rig.watch.until(lambda: rig.pair.fast.name == "base")
    rig.settled()
    naps.waiting[-1][1]()
    assert caplog.text.count("has left the memory") == 1


def test_a_model_that_can_not_come_back_is_told(shelf: Shelf, make: Make, naps: Naps) -> None:
    rig = waiting(make, naps)
    naps.waiting[0][1]()
    shelf.broken = ("base",)
    rig.pair.dictating(True)
    assert not rig.pair.heavy.wait_ready()
    rig.watch.until(lambda: bool(rig.failures))
    rig.settled()
    assert str(rig.failures[0]) == "The model base is broken."
    assert rig.pair.failure is None  # the fast one goes on alone
    assert rig.pair.ready()
    assert rig.pair.names() == ("tiny.en", "")


def test_each_dictation_tries_anew_to_have_both(shelf: Shelf, make: Make) -> None:
    shelf.broken = ("base",)
    rig = make(LIGHT)
    assert rig.pair.fast.wait_ready()
    rig.settled()
    assert rig.pair.ready()
    assert rig.pair.names() == ("tiny.en", "")
    for tries in (2, 3):
        rig.pair.dictating(True)
        wait_until(lambda tries=tries: shelf.opened.count("base") == tries)  # type: ignore[misc]
        rig.settled()
        rig.pair.dictating(False)
    assert len(rig.failures) == 1
    assert shelf.opened == ["base", "tiny.en", "base", "base"]
    shelf.broken = ()
    rig.pair.dictating(True)
    rig.hears("tiny.en", "base")
    rig.settled()
    rig.pair.dictating(False)
    rig.pair.dictating(True)
    assert shelf.opened[4:] == ["base"]


def test_the_heavy_model_dictates_alone_where_the_fast_one_can_not_be_loaded(
    shelf: Shelf, make: Make
) -> None:
    shelf.broken = ("tiny.en",)
    rig = make(LIGHT)
    assert rig.pair.heavy.wait_ready()
    rig.watch.until(rig.pair.ready)
    assert rig.pair.failure is None
    assert rig.pair.names() == ("", "base")
    assert rig.pair.language("en") == "en"


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("CUDA failed with error out of memory")])
def test_a_choice_that_does_not_fit_into_the_memory_leaves_the_old_one(
    shelf: Shelf, make: Make, error: Exception
) -> None:
    rig = make(LIGHT)
    assert rig.pair.wait_ready()
    rig.settled()
    shelf.errors = {"medium": error}
    rig.pair.use(Wanted(ModelsConfig(fast="tiny.en", heavy="medium", unload_after_s=0)))
    rig.watch.until(lambda: bool(rig.failures))
    rig.settled()
    assert str(rig.failures[0]) == "The heavy model medium found no memory to be loaded into."
    assert "light" in rig.failures[0].hint
    assert rig.pair.names() == ("tiny.en", "base")
    assert rig.pair.fast.free
    assert rig.pair.heavy.free


def test_loading_that_never_ends_is_given_up(
    shelf: Shelf, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "PATIENCE_S", 0.1)
    shelf.gates = {"base": threading.Event()}
    rig = make(LIGHT)
    assert not rig.pair.heavy.wait_ready()
    assert rig.pair.fast.wait_ready()
    assert "is not loaded after" in rig.failures[0].sentence
    assert calls.running()


def test_a_model_that_hangs_is_loaded_again_once(
    shelf: Shelf, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_windows, "LEAST_PATIENCE_S", 0.1)
    rig = make(LIGHT)
    assert rig.pair.wait_ready()
    rig.settled()
    hanging: list[FakeTranscriber] = []
    for times in (1, 2):
        hanging += [model for model in shelf.alive if model.name == "base" and model not in hanging]
        hanging[-1].gate.clear()
        outcome = heard_by(rig.pair.heavy)
        assert isinstance(outcome, Failure)
        assert outcome.kind is Kind.HANGS
        assert rig.pair.fast.free
        if times == 1:
            rig.watch.until(lambda: rig.pair.heavy.ready)
            assert rig.pair.names() == ("tiny.en", "base")
            rig.settled()
    rig.watch.until(lambda: rig.pair.names() == ("tiny.en", ""))
    assert rig.pair.ready()
    rig.pair.dictating(True)  # it is not tried a third time: what hangs keeps its memory
    rig.pair.dictating(False)
    assert shelf.opened == ["base", "tiny.en", "base"]
    assert [str(error) for error in rig.failures] == ["The heavy model base hangs again and again."]
    for model in hanging:
        model.gate.set()


def test_what_hung_before_says_nothing_of_another_choice(
    shelf: Shelf, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_windows, "LEAST_PATIENCE_S", 0.1)
    rig = make(LIGHT)
    assert rig.pair.wait_ready()
    rig.settled()
    hanging: list[FakeTranscriber] = []
    for name in ("base", "small"):
        hanging += [model for model in shelf.alive if model.name == name]
        hanging[-1].gate.clear()
        assert isinstance(heard_by(rig.pair.heavy), Failure)
        rig.hears(rig.pair.fast.name, name)
        rig.settled()
        rig.pair.use(Wanted(OTHERS))
        rig.hears("tiny", "small")
        rig.settled()
    assert not rig.failures
    for model in hanging:
        model.gate.set()


def test_a_choice_that_waits_for_the_end_of_a_dictation_in_which_the_old_model_hangs(
    shelf: Shelf, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old one, which is being loaded again at that moment, does not take its place."""
    monkeypatch.setattr(waiting_windows, "LEAST_PATIENCE_S", 0.1)
    rig = make(LIGHT)
    assert rig.pair.wait_ready()
    rig.settled()
    rig.pair.dictating(True)
    rig.pair.use(Wanted(OTHERS))
    rig.watch.until(lambda: shelf.opened[-2:] == ["small", "tiny"])
    rig.settled()
    (hanging,) = (model for model in shelf.alive if model.name == "base")
    hanging.gate.clear()
    shelf.gates["base"] = threading.Event()
    assert isinstance(heard_by(rig.pair.heavy), Failure)
    rig.watch.until(lambda: rig.pair.loading == "Loading base")
    rig.pair.dictating(False)
    rig.hears("tiny", "small")
    shelf.gates["base"].set()
    rig.settled()
    assert rig.pair.names() == ("tiny", "small")
    hanging.gate.set()


def heard_by(worker: Worker) -> Outcome:
    """What a worker makes of a last window of an utterance."""
    answer: Future[Outcome] = Future()
    window = Window(0, 0, np.zeros(1600, np.float32), True, final=True)
    worker.submit(Request(window, Effort("en"), lambda _, outcome: answer.set_result(outcome)))
    return answer.result(10)


@pytest.mark.parametrize(
    ("wanted", "names", "heard"),
    [
        ("auto", ("tiny", "base"), "auto"),
        ("de", ("tiny", "base"), "de"),
        ("auto", ("tiny.en", "base"), "en"),
        ("en", ("tiny", "small.en"), "en"),
    ],
)
def test_the_language_that_is_heard(wanted: str, names: tuple[str, str], heard: str) -> None:
    assert heard_language(wanted, names) == heard


def test_cantonese_came_late() -> None:
    assert heard_language("yue", ("turbo", "large-v3")) == "yue"
    with pytest.raises(ConfigError, match="base does not know Cantonese"):
        heard_language("yue", ("base", "large-v3"))


def test_a_language_that_a_model_does_not_know() -> None:
    with pytest.raises(ConfigError, match=r"tiny\.en knows English alone"):
        heard_language("de", ("tiny.en", "base"))
