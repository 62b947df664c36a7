"""Who hears in each strategy: which models are had and loaded, how often, and what comes of a dictation."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests import test_pair, test_pipeline
from tests.deadline import wait_until
from tests.fakes import FakeKeyboard, FakeMicrophone
from tests.test_pair import LIGHT, Make, Rig, Shelf, heard_by
from tests.test_pipeline import sentence, words
from voicetype import waiting as waiting_windows
from voicetype.choice import Wanted
from voicetype.choice import heard_by as models_of
from voicetype.config import Config, ModelsConfig, RemoteConfig, StreamingConfig
from voicetype.config_file import override
from voicetype.core.events import Confidence, TranscriptSegment
from voicetype.core.windows import Looks
from voicetype.dictations import Dictations
from voicetype.engine import in_turns
from voicetype.errors import ConfigError, ModelError
from voicetype.failures import Failure, Kind
from voicetype.making import asked_for, check, settings
from voicetype.strategies import PLANS, ROLES, Strategy

shelf, make, naps = test_pair.shelf, test_pair.make, test_pair.naps
voiced_by_level = test_pipeline.voiced_by_level

ONE_MODEL = (Strategy.SINGLE, Strategy.GATED)
LOCAL = (Strategy.DUAL, Strategy.CASCADED, *ONE_MODEL)

TWO = "s" * 60 + "." * 60 + "s" * 60 + "." * 20
"""Two utterances, some seconds of silence between them."""


def config(strategy: Strategy, **more: object) -> Config:
    return override(
        Config(language="en"), {"engine.strategy": strategy.value, "models.preset": "light", **more}
    )


@pytest.mark.parametrize("strategy", Strategy)
def test_each_worker_has_one_who_hears(strategy: Strategy) -> None:
    served = [role for shape in PLANS[strategy].shapes for role in shape.roles]
    assert sorted(served) == sorted(ROLES)
    assert set(PLANS[strategy].local) <= set(ROLES)


@pytest.mark.parametrize(
    ("strategy", "loaded", "names"),
    [
        (Strategy.DUAL, ["base", "tiny.en"], ("tiny.en", "base")),
        (Strategy.SINGLE, ["base"], ("base", "base")),
        (Strategy.GATED, ["base"], ("base", "base")),
        (Strategy.CASCADED, ["tiny.en"], ("tiny.en", "base")),
    ],
)
def test_what_is_loaded_at_the_start(
    shelf: Shelf, make: Make, strategy: Strategy, loaded: list[str], names: tuple[str, str]
) -> None:
    rig: Rig = make(LIGHT, strategy)
    assert rig.pair.wait_ready()
    rig.settled()
    assert shelf.opened == loaded
    assert rig.pair.names() == names
    wanted = {"base"} if strategy in ONE_MODEL else {"tiny.en", "base"}
    assert set(shelf.looked_for) == wanted


def test_what_is_to_come_is_named_before_it_is_there(shelf: Shelf, make: Make) -> None:
    shelf.fetching.clear()
    assert make(LIGHT, Strategy.SINGLE).pair.names() == ("base", "base")
    server = RemoteConfig(address="http://localhost:1/v1")
    assert make(LIGHT, Strategy.REMOTE, server).pair.names() == ("tiny.en", "the server")
    shelf.fetching.set()


def test_the_model_that_stands_by_for_a_server_is_not_fetched(
    shelf: Shelf, make: Make, tmp_path: Path
) -> None:
    elsewhere = replace(LIGHT, folder=str(tmp_path))
    rig = make(elsewhere, Strategy.REMOTE, RemoteConfig(address="http://localhost:1/v1", model="large"))
    assert rig.pair.wait_ready()
    rig.settled()
    assert shelf.opened == ["tiny.en"]
    assert set(shelf.looked_for) == {"tiny.en"}
    assert rig.pair.names() == ("tiny.en", "large at localhost:1")


def test_a_streaming_server_needs_no_model(shelf: Shelf, make: Make, tmp_path: Path) -> None:
    elsewhere = replace(LIGHT, folder=str(tmp_path))
    rig = make(elsewhere, Strategy.STREAMING, StreamingConfig(address="ws://localhost:1/v1/listen"))
    assert rig.pair.wait_ready()
    rig.settled()
    assert shelf.opened == shelf.looked_for == []
    assert rig.pair.language("de") == "de"


@pytest.mark.parametrize("strategy", [Strategy.REMOTE, Strategy.STREAMING])
def test_a_strategy_without_its_server_is_refused(strategy: Strategy) -> None:
    with pytest.raises(ConfigError, match="no server is configured") as refused:
        check(config(strategy))
    assert f"[{strategy.value}]" in refused.value.hint
    check(config(strategy, **{f"{strategy.value}.address": "https://speech.example.org/v1"}))


def test_a_server_of_another_strategy_is_none_of_ours() -> None:
    """So that its settings may change without a model being loaded again."""
    plain = config(Strategy.DUAL)
    assert asked_for(plain) == asked_for(override(plain, {"remote.address": "https://a.example/v1"}))


@pytest.mark.parametrize(
    ("strategy", "models"),
    [
        (Strategy.DUAL, ["base", "tiny.en"]),
        (Strategy.GATED, ["base"]),
        (Strategy.REMOTE, ["tiny.en"]),
        (Strategy.STREAMING, []),
    ],
)
def test_only_models_that_hear_limit_the_language(strategy: Strategy, models: list[str]) -> None:
    assert models_of(Wanted(LIGHT, strategy=strategy)) == models


def test_a_lighter_model_takes_the_place_of_one_alone(shelf: Shelf, make: Make) -> None:
    shelf.missing = ("small.en", "tiny.en")  # the fast one is not asked for
    rig = make(ModelsConfig(preset="english", unload_after_s=0), Strategy.SINGLE)
    assert rig.pair.wait_ready()
    assert rig.pair.names() == ("base", "base")


def test_the_cadence_of_a_strategy_is_the_configured_one_as_far_as_it_goes() -> None:
    usual = settings(config(Strategy.DUAL, **{"engine.fast_interval_samples": 8_000})).cadence
    assert (usual.fast_samples, usual.looks, usual.saved_samples) == (8_000, Looks.THROUGHOUT, 0)
    single = settings(config(Strategy.SINGLE, **{"engine.fast_interval_samples": 8_000})).cadence
    assert (single.fast_samples, single.looks) == (8_000, Looks.PAUSES)
    streaming = settings(config(Strategy.STREAMING)).cadence
    assert streaming.fast_samples < 4_000
    assert not streaming.phrases


def test_the_gate_always_judges() -> None:
    assert settings(config(Strategy.GATED, **{"engine.verification": False})).verification
    assert not settings(config(Strategy.SINGLE, **{"engine.verification": False})).verification


# changes


def test_another_strategy_takes_over_between_two_dictations(shelf: Shelf, make: Make) -> None:
    rig = make(LIGHT)
    assert rig.pair.wait_ready()
    rig.settled()
    rig.pair.dictating(True)
    rig.pair.use(Wanted(LIGHT, strategy=Strategy.SINGLE))
    rig.watch.until(lambda: shelf.opened == ["base", "tiny.en", "base"] and not rig.pair.loading)
    assert rig.pair.names() == ("tiny.en", "base")
    rig.pair.dictating(False)
    rig.hears("base", "base")
    assert [model.name for model in shelf.alive] == ["base"]  # both of the others are gone
    rig.pair.use(Wanted(LIGHT, strategy=Strategy.CASCADED))
    rig.hears("tiny.en", "base")
    rig.settled()
    assert [model.name for model in shelf.alive] == ["tiny.en"]
    rig.pair.use(Wanted(LIGHT))
    rig.watch.until(lambda: len(shelf.alive) == 2)


def test_a_server_that_changes_is_another_choice(shelf: Shelf, make: Make, tmp_path: Path) -> None:
    elsewhere = replace(LIGHT, folder=str(tmp_path))
    rig = make(elsewhere, Strategy.REMOTE, RemoteConfig(address="http://localhost:1/v1"))
    assert rig.pair.wait_ready()
    rig.settled()
    other = RemoteConfig(address="http://localhost:2/v1")
    rig.pair.use(Wanted(elsewhere, strategy=Strategy.REMOTE, server=other))
    rig.hears("tiny.en", "whisper-1 at localhost:2")
    assert shelf.opened == ["tiny.en"]  # which stays


# models that rest, hang and fail


@pytest.mark.parametrize("strategy", ONE_MODEL)
def test_the_only_model_rests_and_comes_back_once(
    shelf: Shelf, make: Make, naps: test_pair.Naps, strategy: Strategy
) -> None:
    rig = make(replace(LIGHT, unload_after_s=60), strategy)
    assert rig.pair.wait_ready()
    rig.settled()
    rig.watch.until(lambda: bool(naps.waiting))
    naps.waiting[0][1]()
    assert not shelf.alive
    assert rig.pair.ready()
    assert rig.pair.names() == ("base", "base")
    rig.pair.dictating(True)
    assert rig.pair.wait_ready()
    rig.settled()
    assert shelf.opened == ["base", "base"]


def test_what_is_at_home_in_the_one_memory_stays(shelf: Shelf, make: Make, naps: test_pair.Naps) -> None:
    rig = make(replace(LIGHT, unload_after_s=60), Strategy.CASCADED)
    assert rig.pair.wait_ready()
    rig.settled()
    rig.watch.until(lambda: bool(naps.waiting))
    naps.waiting[0][1]()
    assert [model.name for model in shelf.alive] == ["tiny.en"]


@pytest.mark.parametrize("strategy", ONE_MODEL)
def test_a_model_of_both_that_hangs_is_loaded_again_for_both(
    shelf: Shelf, make: Make, strategy: Strategy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_windows, "LEAST_PATIENCE_S", 0.1)
    rig = make(LIGHT, strategy)
    assert rig.pair.wait_ready()
    rig.settled()
    (hanging,) = shelf.alive
    hanging.gate.clear()
    outcome = heard_by(rig.pair.heavy)
    assert isinstance(outcome, Failure)
    assert outcome.kind is Kind.HANGS
    wait_until(lambda: rig.pair.heavy.ready and shelf.opened == ["base", "base"], "it is loaded again")
    rig.settled()
    assert not isinstance(heard_by(rig.pair.heavy), Failure)
    assert rig.pair.fast.free
    assert rig.failures == []
    hanging.gate.set()


def test_the_fast_model_goes_on_alone_where_the_one_that_follows_it_is_broken(
    shelf: Shelf, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_turns, "_LINGERS_S", 0.0)
    shelf.broken = ("base",)
    rig = make(LIGHT, Strategy.CASCADED)
    assert rig.pair.wait_ready()
    outcome = heard_by(rig.pair.heavy)
    assert isinstance(outcome, Failure)
    assert "base is broken" in outcome.sentence
    wait_until(lambda: [model.name for model in shelf.alive] == ["tiny.en"], "it is back")


def test_the_heavy_model_goes_on_alone_where_the_one_before_it_is_broken(shelf: Shelf, make: Make) -> None:
    shelf.broken = ("tiny.en",)
    rig = make(LIGHT, Strategy.CASCADED)
    assert rig.pair.wait_ready()
    assert not isinstance(heard_by(rig.pair.heavy), Failure)
    assert rig.pair.ready()


def test_where_neither_of_the_two_can_be_loaded_nothing_is_dictated(shelf: Shelf, make: Make) -> None:
    shelf.broken = ("tiny.en", "base")
    rig = make(LIGHT, Strategy.CASCADED)
    assert not rig.pair.wait_ready()
    rig.settled()
    assert isinstance(rig.pair.failure, ModelError)


# whole dictations


class Dictating:
    """A pair of fake models that say as many words as they hear, and a keyboard."""

    def __init__(self, shelf: Shelf, make: Make, strategy: Strategy) -> None:
        self.shelf, self.rig = shelf, make(LIGHT, strategy)
        self.keyboard = FakeKeyboard()
        self.reported: list[object] = []
        self.settings = replace(settings(config(strategy)), realtime=False)

    def dictate(self, script: str) -> str:
        dictations = Dictations(self.rig.pair.fast, self.rig.pair.heavy, self.keyboard)
        dictations.open()
        assert self.rig.pair.wait_ready()
        self.rig.pair.dictating(True)
        source = FakeMicrophone(script)
        text = dictations.dictate(source, self.settings, self.reported.append).finished.result(60)
        self.rig.pair.dictating(False)
        dictations.close()
        return text

    def confirmed(self) -> list[TranscriptSegment]:
        segments = [each for each in self.reported if isinstance(each, TranscriptSegment)]
        return [each for each in segments if each.confidence is Confidence.CONFIRMED]


@pytest.mark.usefixtures("voiced_by_level")
@pytest.mark.parametrize("strategy", LOCAL)
def test_a_dictation_comes_to_the_same_text(shelf: Shelf, make: Make, strategy: Strategy) -> None:
    shelf.says = {"tiny.en": words, "base": sentence}
    run = Dictating(shelf, make, strategy)
    eight = sentence(8 * 4000)
    text = run.dictate(TWO)
    assert text.casefold().startswith(eight.rstrip(".").casefold())
    assert run.keyboard.text.strip() == text
    assert sum(segment.final for segment in run.confirmed()) == 2
    assert not any(segment.unverified for segment in run.confirmed())


@pytest.mark.usefixtures("voiced_by_level")
def test_in_turns_never_two_are_loaded(shelf: Shelf, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_turns, "_LINGERS_S", 0.0)
    shelf.says = {"tiny.en": words, "base": sentence}
    run = Dictating(shelf, make, Strategy.CASCADED)
    run.dictate(TWO)
    assert shelf.opened[:2] == ["tiny.en", "base"]
    assert shelf.most_alive == 1
    wait_until(lambda: [model.name for model in shelf.alive] == ["tiny.en"], "it is back for the next words")


@pytest.mark.usefixtures("voiced_by_level")
@pytest.mark.parametrize("strategy", [Strategy.CASCADED])
def test_where_the_second_model_is_broken_the_drafts_stand_unverified(
    shelf: Shelf, make: Make, strategy: Strategy
) -> None:
    shelf.says = {"tiny.en": words}
    shelf.broken = ("base",)
    run = Dictating(shelf, make, strategy)
    text = run.dictate(TWO)
    assert text.startswith(words(8 * 4000))
    assert [segment.unverified for segment in run.confirmed()] == [True, True]
    assert [each.role for each in run.reported if isinstance(each, Failure)] == ["heavy"]


@pytest.mark.usefixtures("voiced_by_level")
@pytest.mark.parametrize("strategy", ONE_MODEL)
def test_one_model_is_never_asked_twice_at_once(shelf: Shelf, make: Make, strategy: Strategy) -> None:
    asking = threading.Lock()

    def say(samples: int) -> str:
        assert asking.acquire(blocking=False)
        try:
            return words(samples)
        finally:
            asking.release()

    shelf.says = {"base": say}
    run = Dictating(shelf, make, strategy)
    run.settings = replace(run.settings, realtime=True)
    assert run.dictate(TWO).startswith(words(8 * 4000))
    assert not [each for each in run.reported if isinstance(each, Failure)]


@pytest.mark.usefixtures("voiced_by_level")
def test_where_the_gate_is_sure_the_model_does_not_look_again(shelf: Shelf, make: Make) -> None:
    shelf.says, shelf.sure = {"base": words}, 0.99
    run = Dictating(shelf, make, Strategy.GATED)
    run.dictate(TWO)
    (model,) = shelf.alive
    assert not [how for how in model.asked if how.careful]
    assert all(segment.verified for segment in run.confirmed() if segment.final)
    early = [each for each in run.confirmed() if not (each.to_pause or each.final)]
    assert any(each.text for each in early)


@pytest.mark.usefixtures("voiced_by_level")
def test_where_the_gate_is_not_sure_the_model_looks_again(shelf: Shelf, make: Make) -> None:
    shelf.says, shelf.sure = {"base": words}, 0.5
    run = Dictating(shelf, make, Strategy.GATED)
    run.dictate(TWO)
    (model,) = shelf.alive
    assert [how.careful for how in model.asked].count(True) >= 2
    assert not [each for each in run.confirmed() if not (each.to_pause or each.final)]
    corrected = [number for each in run.confirmed() for number in each.corrects_window_ids]
    assert corrected == list(range(len(corrected)))
