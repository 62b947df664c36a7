"""The service on a private bus, with nothing but a notebook behind it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future

import pytest

from tests.real.bus import Bus
from voicetype.config import Config
from voicetype.control import State, Status
from voicetype.dbus import Service
from voicetype.history import Said, last_of

IDLE = Status(State.IDLE, True, "auto", "tiny.en", "base", "x11", "x11: Control_R", "0.1.0")


class FakeControl:
    """Writes down what is asked of it. `failure` is raised by `start` and `set_language`."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.final: Future[str] = Future()
        self.undone: Future[None] = Future()
        self.said: tuple[Said, ...] = (Said("the last text"),)
        self.failure: Exception | None = None
        self.stopping = threading.Event()
        self.undoing = threading.Event()

    def start(self, options: Mapping[str, object]) -> None:
        self.asked.append(("start", dict(options)))
        if self.failure is not None:
            raise self.failure

    def stop(self) -> Future[str]:
        self.asked.append("stop")
        self.stopping.set()
        return self.final

    def toggle(self) -> None:
        self.asked.append("toggle")

    def cancel(self) -> None:
        self.asked.append("cancel")

    def undo_last(self) -> Future[None]:
        self.asked.append("undo")
        self.undoing.set()
        return self.undone

    def set_language(self, language: str) -> None:
        if self.failure is not None:
            raise self.failure
        self.asked.append(("language", language))

    def set_models(self, fast: str, heavy: str) -> None:
        self.asked.append(("models", fast, heavy))

    def list_models(self) -> Sequence[Mapping[str, object]]:
        return [{"name": "tiny.en", "size_mb": 75, "present": True}]

    def quit(self) -> None:
        self.asked.append("quit")

    def config(self) -> Config:
        return Config()

    def configure(self, values: Mapping[str, object]) -> None:
        self.asked.append(("configure", dict(values)))

    def last_texts(self) -> Sequence[Said]:
        return self.said

    def type_again(self, text: str) -> None:
        self.asked.append(("type", text))

    def type_last(self, *, rest: bool) -> Future[None]:
        self.asked.append(("type the rest" if rest else "type", last_of(self.said, rest=rest)))
        return self.undone

    def status(self) -> Status:
        return IDLE


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()


@pytest.fixture
def service(bus: Bus, control: FakeControl) -> Iterator[Service]:
    assert bus.process.poll() is None
    service = Service(control)
    service.open()
    yield service
    service.close()
