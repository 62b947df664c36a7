"""The daemon with fakes: one dictation after the other, whatever is asked for and when."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.fakes import FakeKeyboard, FakeMicrophone, FakeTranscriber, focus_lost
from voicetype.config import ModelsConfig
from voicetype.control import State, Status
from voicetype.core.stream import Finished
from voicetype.daemon import Daemon
from voicetype.engine import models
from voicetype.errors import AudioError, ConfigError, DaemonError, KeyboardError, ModelError, VoicetypeError
from voicetype.frames import Frame
from voicetype.hotkey import Key, KeyEvent
from voicetype.pair import LoadedPair
from voicetype.pipeline import Pipeline
from voicetype.settings import Settings
from voicetype.workers import Worker


class Mouth(FakeMicrophone):
    """A microphone into which nothing is said until `speak`; it is silent until it is stopped."""

    def __init__(self) -> None:
        super().__init__("")
        self._said: list[str] = []

    def speak(self, frames: int) -> None:
        self._said += ["s"] * frames

    def __iter__(self) -> Iterator[Frame]:
        while not self._stopped.wait(0.002) or self._said:
            level = 1.0 if self._said and self._said.pop() else 0.0
            yield np.full(512, level, np.float32)


@dataclass
class FakeModels:
    """Two models with names."""

    pair: tuple[str, str] = ("quick", "slow")
    failure: VoicetypeError | None = None

    def names(self) -> tuple[str, str]:
        return self.pair

    def ready(self) -> bool:
        return True

    def use(self, fast: str, heavy: str) -> None:
        self.pair = (fast, heavy)

    def when_loaded(self, tell: Callable[[], None]) -> None:
        tell()

    def listing(self) -> Sequence[Mapping[str, object]]:
        return [{"name": name} for name in self.pair]

    def language(self, wanted: str) -> str:
        if wanted == "tlh":
            raise ConfigError("The model quick does not know Klingon.", "Learn English.")
        return wanted


class House:
    """The daemon's parts, and what they were told."""

    tap_s = 0.35
    ways = ("fake", "no key")

    def __init__(self) -> None:
        self.fast, self.heavy = FakeTranscriber("quick", words), FakeTranscriber("slow", words)
        workers = {}
        for role, model in (("fast", self.fast), ("heavy", self.heavy)):
            workers[role] = Worker(role, lambda model=model: model, lambda _: None)  # type: ignore[misc]
            assert workers[role].wait_ready()
        self.workers = workers
        self.keyboard = FakeKeyboard()
        self.pipeline = Pipeline(workers["fast"], workers["heavy"], self.keyboard)
        self.pipeline.open()
        self.models = FakeModels()
        self.settings = Settings(language="en")
        self.mouths: list[Mouth] = []
        self.broken: AudioError | None = None
        self.told: list[object] = []
        self.changed = threading.Condition()

    def microphone(self) -> Mouth:
        if self.broken:
            raise self.broken
        self.mouths.append(Mouth())
        return self.mouths[-1]

    def tell(self, news: object) -> None:
        with self.changed:
            self.told.append(news)
            self.changed.notify_all()

    def wait_for(self, happened: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(happened, 10)

    def pairs(self) -> list[tuple[str, str]]:
        return [(news.fast_model, news.heavy_model) for news in self.told if isinstance(news, Status)]

    def states(self) -> list[State]:
        return [news.state for news in self.told if isinstance(news, Status)]

    def close(self) -> None:
        for model in (self.fast, self.heavy):
            model.gate.set()
        self.pipeline.close()
        for worker in self.workers.values():
            worker.close()


def words(samples: int) -> str:
    return " ".join(["one", "two", "three", "four", "five", "six", "seven", "eight"][: samples // 4000])


@dataclass
class Rig:
    house: House
    daemon: Daemon
    quits: list[bool] = field(default_factory=list)

    def press(self, key: Key, at_s: float) -> None:
        self.daemon.key(KeyEvent(key, at_s))


class Level:
    """Takes for speech what is not silent."""

    def __init__(self, aggressiveness: int) -> None:
        assert aggressiveness

    def __call__(self, frame: NDArray[np.float32]) -> float:
        return float(frame.max() > 0.5)


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setattr("voicetype.pipeline.VoiceActivity", Level)
    house = House()
    quits: list[bool] = []
    daemon = Daemon(house, lambda: quits.append(True))
    yield Rig(house, daemon, quits)
    daemon.close()
    house.close()


def result(text: Future[str]) -> str:
    return text.result(10)


def test_start_speak_stop(rig: Rig) -> None:
    rig.daemon.start({})
    assert rig.daemon.status().state is State.LISTENING
    rig.house.mouths[0].speak(30)
    text = result(rig.daemon.stop())
    assert text == rig.house.keyboard.text == "one two three"
    rig.house.wait_for(lambda: rig.house.states()[-1:] == [State.IDLE])
    assert rig.house.states() == [State.LISTENING, State.FINISHING, State.IDLE]
    assert rig.house.mouths[0].closed


def test_a_second_start_is_refused(rig: Rig) -> None:
    rig.daemon.start({})
    with pytest.raises(DaemonError, match="listening already"):
        rig.daemon.start({})


def test_stop_and_cancel_with_nothing_running(rig: Rig) -> None:
    rig.daemon.cancel()
    assert result(rig.daemon.stop()) == ""


def test_three_dictations_while_the_first_is_still_being_confirmed(rig: Rig) -> None:
    """Nothing is lost, and the order is right."""
    rig.house.heavy.gate.clear()
    texts = []
    for _ in range(3):
        rig.daemon.start({})
        rig.house.mouths[-1].speak(20)
        texts.append(rig.daemon.stop())
    rig.house.wait_for(lambda: rig.house.states()[-1] is State.FINISHING)
    rig.house.heavy.gate.set()
    assert [result(text) for text in texts] == ["one two"] * 3
    assert rig.house.keyboard.text == "one two" * 3  # the fake keyboard never says that it continues
    assert all(mouth.closed for mouth in rig.house.mouths)


def test_cancel_of_the_one_that_waits_leaves_the_one_that_runs(rig: Rig) -> None:
    rig.house.heavy.gate.clear()
    rig.daemon.start({})
    rig.house.mouths[0].speak(20)
    first = rig.daemon.stop()
    rig.daemon.start({})
    rig.daemon.cancel()
    rig.house.heavy.gate.set()
    assert result(first) == "one two"
    assert rig.house.mouths[1].closed
    rig.house.wait_for(lambda: rig.house.states()[-1] is State.IDLE)


def test_no_microphone_is_told_to_whoever_asked(rig: Rig) -> None:
    rig.house.broken = AudioError("There is no microphone.", "Plug one in.")
    with pytest.raises(AudioError):
        rig.daemon.start({})
    rig.press(Key.DOWN, 1.0)
    rig.house.wait_for(lambda: rig.house.broken in rig.house.told)
    assert rig.daemon.status().state is State.IDLE


def test_no_window_closes_the_microphone_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def claim() -> bool:
        raise KeyboardError("No window has the focus.", "Click into one.")

    monkeypatch.setattr(rig.house.keyboard, "claim", claim)
    with pytest.raises(KeyboardError):
        rig.daemon.start({})
    assert rig.house.mouths[0].closed
    assert rig.daemon.status().state is State.IDLE


def test_a_missing_model_is_an_error_until_another_is_chosen(rig: Rig) -> None:
    rig.house.models.failure = ModelError("The model slow is missing.", "Fetch it.")
    rig.daemon.announce()
    assert rig.daemon.status().state is State.ERROR
    with pytest.raises(ModelError):
        rig.daemon.start({})
    rig.house.models.failure = None
    rig.daemon.set_models("a", "b")
    assert rig.daemon.status().state is State.IDLE
    assert (rig.daemon.status().fast_model, rig.daemon.status().heavy_model) == ("a", "b")


def test_language(rig: Rig) -> None:
    rig.daemon.set_language("de")
    assert rig.daemon.status().language == "de"
    with pytest.raises(ConfigError):
        rig.daemon.set_language("tlh")
    with pytest.raises(ConfigError):
        rig.daemon.start({"language": "tlh"})
    assert rig.house.mouths == []
    assert rig.daemon.status().language == "de"


def test_hold_the_key(rig: Rig) -> None:
    rig.press(Key.DOWN, 1.0)
    rig.house.wait_for(lambda: rig.house.states()[-1:] == [State.LISTENING])
    rig.house.mouths[0].speak(20)
    rig.press(Key.UP, 2.0)
    rig.house.wait_for(lambda: rig.house.states()[-1] is State.IDLE)
    assert rig.house.keyboard.text == "one two"


def test_escape_takes_back_what_is_still_being_confirmed(rig: Rig) -> None:
    rig.house.heavy.gate.clear()
    rig.press(Key.DOWN, 1.0)
    rig.house.wait_for(lambda: bool(rig.house.mouths))
    rig.house.mouths[0].speak(40)
    rig.press(Key.UP, 2.0)
    rig.house.wait_for(lambda: rig.house.states()[-1:] == [State.FINISHING])
    rig.press(Key.ESCAPE, 2.5)
    rig.house.wait_for(lambda: any(isinstance(news, Finished) for news in rig.house.told))
    rig.house.heavy.gate.set()
    assert rig.house.keyboard.text == ""


def test_what_no_window_took_is_told_once_by_stop(rig: Rig) -> None:
    rig.house.keyboard.interruptions = [focus_lost()] * 9
    rig.daemon.start({})
    rig.house.mouths[0].speak(30)
    assert result(rig.daemon.stop()) == "one two three"
    rig.house.wait_for(lambda: rig.house.states()[-1] is State.IDLE)
    assert rig.house.keyboard.text == ""
    assert [e.sentence for e in rig.house.told if isinstance(e, VoicetypeError)] == [
        "The last 13 characters were not typed: their window lost the focus, or is gone."
    ]
    assert result(rig.daemon.stop()) == "one two three"
    assert result(rig.daemon.stop()) == ""


def test_close_leaves_what_stands(rig: Rig) -> None:
    rig.house.heavy.gate.clear()
    rig.daemon.start({})
    rig.house.mouths[0].speak(40)
    rig.house.wait_for(lambda: bool(rig.house.keyboard.text))
    text = rig.daemon.stop()
    rig.daemon.close()
    standing = rig.house.keyboard.text
    assert standing
    assert text.result(0) == standing
    assert rig.house.states() == [State.LISTENING, State.FINISHING]  # nothing is ready any more
    assert all(made.backspaces == 0 for made in rig.house.keyboard.patches)
    with pytest.raises(DaemonError, match="ending"):
        rig.daemon.start({})
    with pytest.raises(DaemonError, match="ending"):
        rig.daemon.stop()


def test_quit(rig: Rig) -> None:
    rig.daemon.quit()
    assert rig.quits == [True]


# The models themselves, with files that are not read.


@dataclass
class Shelf:
    """Where the models come from: those of `gates` not before their gate is open, `broken` ones never."""

    gates: dict[str, threading.Event] = field(default_factory=dict)
    broken: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    looked_for: list[str] = field(default_factory=list)

    def ensure(self, name: str, *_: object) -> Path:
        self.looked_for.append(name)
        if name in self.missing:
            raise ModelError(f"The model {name} can't be had.", "Check the connection.")
        return Path(name)

    def open(self, _: Path, name: str) -> FakeTranscriber:
        if name in self.gates:
            assert self.gates[name].wait(10)
        if name in self.broken:
            raise ModelError(f"The model {name} is broken.", "Fetch it again.")
        return FakeTranscriber(name, words)


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    shelf = Shelf()
    monkeypatch.setattr(models, "ensure", shelf.ensure)
    return shelf


MakePair = Callable[[ModelsConfig], LoadedPair]


@pytest.fixture
def make_pair(rig: Rig, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakePair]:
    """A pair of the shelf's, as the daemon's models."""
    made: list[LoadedPair] = []

    def make(config: ModelsConfig) -> LoadedPair:
        made.append(LoadedPair(config, shelf.open, rig.house.tell))
        monkeypatch.setattr(rig.house, "models", made[0])
        return made[0]

    yield make
    for pair in made:
        pair.close()


def test_other_models_are_announced_when_they_hear(rig: Rig, shelf: Shelf, make_pair: MakePair) -> None:
    assert make_pair(ModelsConfig()).wait_ready()
    shelf.gates = {"tiny": threading.Event(), "small": threading.Event()}
    rig.daemon.set_models("tiny", "small")
    assert rig.house.pairs() == [("tiny.en", "base")]
    shelf.gates["tiny"].set()
    rig.house.wait_for(lambda: rig.house.pairs()[-1] == ("tiny", "base"))
    shelf.gates["small"].set()
    rig.house.wait_for(lambda: rig.house.pairs()[-1] == ("tiny", "small"))
    assert set(rig.house.states()) == {State.IDLE}


def test_of_models_that_can_not_be_loaded_the_old_ones_stay(
    rig: Rig, shelf: Shelf, make_pair: MakePair
) -> None:
    pair = make_pair(ModelsConfig())
    assert pair.wait_ready()
    shelf.broken = ("small",)
    rig.daemon.set_models("tiny", "small")
    rig.house.wait_for(lambda: rig.house.pairs()[-1:] == [("tiny", "base")])
    assert pair.wait_ready()
    assert [str(news) for news in rig.house.told if isinstance(news, VoicetypeError)] == [
        "The model small is broken."
    ]
    status = rig.daemon.status()
    assert (status.state, status.ready) == (State.IDLE, True)
    assert (status.fast_model, status.heavy_model) == ("tiny", "base")


def test_what_takes_the_place_of_a_preset_is_said_once(
    shelf: Shelf, make_pair: MakePair, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.missing = ("small",)
    with caplog.at_level(logging.INFO):
        pair = make_pair(ModelsConfig(preset="multilingual"))
        assert pair.wait_ready()
    assert pair.names() == ("tiny.en", "base")
    assert caplog.messages == ["The model small can't be had. Using tiny.en and base instead."]


def test_models_that_can_not_be_had_are_looked_for_and_told_once(
    rig: Rig, shelf: Shelf, make_pair: MakePair, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.missing = ("small", "base")
    pair = make_pair(ModelsConfig(preset="multilingual"))
    pair.when_loaded(rig.daemon.announce)
    rig.house.wait_for(lambda: rig.house.states()[-1:] == [State.ERROR])
    assert not pair.fast.wait_ready()
    assert not pair.heavy.wait_ready()
    assert shelf.looked_for == ["tiny", "small", "tiny.en", "base"]
    assert len(caplog.messages) == 1
    assert [str(news) for news in rig.house.told if isinstance(news, VoicetypeError)] == [
        "The model base can't be had."
    ]
