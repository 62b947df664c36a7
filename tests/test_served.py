"""A server whose key is missing, refused or changed: this machine hears meanwhile, and the server again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.deadline import wait_until
from tests.fakes import FakeTranscriber
from tests.speech_service import Caller, Service, hanging, saying, serving
from voicetype.assembly import Assembly
from voicetype.choice import ChosenModel, Unit
from voicetype.config import RemoteConfig, StreamingConfig
from voicetype.engine import EngineOptions, Hearing, Transcriber, Wakeful, relief
from voicetype.engine.outgoing import Outgoing
from voicetype.errors import KeyRefused, ServerError, VoicetypeError
from voicetype.strategies import HEAVY, PLANS, Strategy
from voicetype.workers import Worker

ENGLISH = Hearing("en")
SPEECH = np.zeros(16_000, np.float32)
LOCAL = ChosenModel(Path("base"), "base", EngineOptions())


@pytest.fixture
def service() -> Iterator[Service]:
    """It takes one key alone."""

    def reply(caller: Caller) -> None:
        taken = caller.headers["Authorization"] == "Bearer new"
        (saying(text="remote") if taken else saying(401))(caller)

    with serving() as service:
        service.reply = reply
        yield service


class Household:
    """A unit of a server, as it is opened; what was told."""

    def __init__(self, server: RemoteConfig | StreamingConfig, *, relief: bool = True) -> None:
        strategy = Strategy.REMOTE if isinstance(server, RemoteConfig) else Strategy.STREAMING
        shape = PLANS[strategy].shapes[0]
        models = (LOCAL,) * len(shape.roles) if relief else (None,) * len(shape.roles)
        self.told: list[VoicetypeError] = []
        assembly = Assembly(self._open, self.told.append, Outgoing())
        self.hears = assembly(Unit(shape, models, server), lambda: None)
        self.heavy = self.hears[HEAVY]

    def _open(self, chosen: ChosenModel) -> Transcriber:
        model = FakeTranscriber(chosen.name, lambda _: "local")
        model.gate.set()
        return model

    def heard(self) -> str:
        hypothesis = self.heavy.transcribe(SPEECH, ENGLISH)
        assert hypothesis is not None
        return hypothesis.text

    def comes_back(self) -> None:
        """Each window is heard here until the server hears again."""
        wait_until(lambda: self.heard() == "remote", "the server hears")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that failed is tried again with the next window."""
    monkeypatch.setattr(relief, "_FIRST_PAUSE_S", 0.0)


def put(path: Path, key: str) -> None:
    path.touch(0o600)
    path.write_text(key)


def test_without_its_key_this_machine_hears_and_the_server_once_it_is_there(
    service: Service, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    house = Household(RemoteConfig(address=service.address, key_file=str(key)))
    (told,) = house.told
    assert "key" in told.sentence
    assert "base hears" in told.sentence
    assert house.heard() == "local"
    assert not service.asked
    put(key, "new")
    house.comes_back()
    assert len(house.told) == 1


def test_a_key_that_is_refused_is_read_again(service: Service, tmp_path: Path) -> None:
    key = tmp_path / "key"
    put(key, "old")
    house = Household(RemoteConfig(address=service.address, key_file=str(key)))
    assert house.heard() == "local"
    put(key, "new")
    house.comes_back()
    assert {each.headers["authorization"] for each in service.asked} == {"Bearer old", "Bearer new"}


def test_without_its_key_and_a_model_nobody_hears(tmp_path: Path) -> None:
    config = RemoteConfig(address="http://localhost:1/v1", key_file=str(tmp_path / "key"))
    with pytest.raises(KeyRefused, match="can't be read"):
        Household(config, relief=False)


def test_the_same_of_a_streaming_server(tmp_path: Path) -> None:
    house = Household(StreamingConfig(address="ws://localhost:1/v1/listen", key_file=str(tmp_path / "key")))
    assert [house.hears[role].name for role in house.hears] == ["base", "base"]
    assert house.heard() == "local"
    assert len(house.told) == 1


def test_it_is_woken_once_a_while(service: Service) -> None:
    """So that it loads its model while somebody begins to speak."""
    service.reply = saying(text="remote")
    house = Household(RemoteConfig(address=service.address))
    assert not service.connections
    worker = Worker(HEAVY)
    worker.take(house.heavy)
    worker.wake()
    wait_until(lambda: len(service.asked) == 1, "it is woken")
    assert isinstance(house.heavy, Wakeful)
    house.heavy.wake()
    assert house.heard() == "remote"
    house.heavy.wake()
    worker.close()
    assert len(service.asked) == 2


def test_who_is_gone_as_somebody_begins_costs_no_window_any_time(service: Service) -> None:
    service.reply = saying(503)
    house = Household(RemoteConfig(address=service.address))
    assert isinstance(house.heavy, Wakeful)
    house.heavy.wake()
    assert house.heavy.name == "base"
    assert len(house.told) == 1


def test_a_window_does_not_wait_for_one_that_wakes(service: Service) -> None:
    service.reply = hanging
    house = Household(RemoteConfig(address=service.address, timeout_s=0.3))
    assert isinstance(house.heavy, Wakeful)
    threading.Thread(target=house.heavy.wake, daemon=True).start()
    wait_until(lambda: bool(service.asked), "it is being woken")
    assert house.heard() == "local"
    assert isinstance(house.told[0], ServerError)
