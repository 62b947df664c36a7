"""How the whole daemon ends; a microphone and two models alone are false."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes import FakeTranscriber, LevelDetector
from tests.real.bus import Bus, bus
from tests.real.control import FakeControl
from tests.real.lockers import Saver, Served
from tests.test_daemon import Mouth, words
from voicetype import app, client, desktop, making
from voicetype.core.stream import Finished, StreamEvent, Typed
from voicetype.dbus import Service
from voicetype.engine import Hypothesis, models
from voicetype.errors import DaemonError

__all__ = ["bus"]

pytestmark = pytest.mark.real

CONFIG = "typing.keyboard = 'dummy'\n[desktop]\ntray = false\noverlay = 'never'\n"


class Thinking(FakeTranscriber):
    """A model that has nothing to say until nobody wants to know."""

    def transcribe(
        self, *_: object, superseded: Callable[[], bool] = lambda: False, **__: object
    ) -> Hypothesis | None:
        while not superseded():
            time.sleep(0.01)
        return None


class Paper:
    """A printer that keeps what is printed."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.events: list[StreamEvent] = []
        self.changed = threading.Condition()

    def __call__(self, event: StreamEvent) -> None:
        with self.changed:
            self.events.append(event)
            self.changed.notify_all()

    def note(self, sentence: str) -> None:
        with self.changed:
            self.lines.append(sentence)
            self.changed.notify_all()

    def problem(self, sentence: str, hint: str) -> None:
        self.note(f"{sentence} {hint}")

    def wait_for(self, happened: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(happened, 60)


@pytest.fixture
def handlers() -> Iterator[None]:
    """The signals are afterwards handled as before."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.fixture
def mouth(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Mouth:
    """The daemon's microphone; its models are false as well."""

    class Open(Mouth):
        def open(self) -> None:
            """It is, always."""

    mouth, two = Open(), {"tiny.en": FakeTranscriber("tiny.en", words), "base": Thinking("base", words)}
    monkeypatch.setattr(models, "ensure", lambda name, *_: tmp_path / name)
    monkeypatch.setattr(making, "open_model", lambda _folder, name, *_: two[name])
    monkeypatch.setattr(desktop, "Microphone", lambda *_, **__: mouth)
    monkeypatch.setattr("voicetype.listening_loop.VoiceActivity", LevelDetector)
    return mouth


@pytest.mark.usefixtures("bus", "handlers", "mouth")
def test_of_two_daemons_the_one_that_ends_never_has_the_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    taken: list[object] = []
    monkeypatch.setattr(desktop.Desktop, "take_key", taken.append)
    file = tmp_path / "config.toml"
    file.write_text(CONFIG)
    first = Service(FakeControl())
    first.open()
    try:
        with pytest.raises(client.AlreadyRunning):
            app.run_daemon(file, {"models.preset": "light", "language": "en"}, Paper())
    finally:
        first.close()
    assert taken == []


@pytest.mark.usefixtures("handlers")
def test_a_screen_that_is_locked_ends_a_dictation(mouth: Mouth, bus: Bus, tmp_path: Path) -> None:
    paper, path = Paper(), "/org/gnome/ScreenSaver"
    refusals: list[str] = []
    saver = Saver("org.gnome.ScreenSaver", active=False)
    served = Served(bus.address, "org.gnome.ScreenSaver", {path: saver})

    def dictate() -> None:
        paper.wait_for(lambda: any(line.startswith("Ready") for line in paper.lines))
        client.call("Start", "a{sv}", {})
        mouth.speak(40)
        paper.wait_for(lambda: any(isinstance(event, Typed) for event in paper.events))
        served.call(saver.set, True)
        paper.wait_for(lambda: any(isinstance(event, Finished) for event in paper.events))
        try:
            client.call("Start", "a{sv}", {})
        except DaemonError as refused:
            refusals.append(refused.sentence)
        client.call("Quit")

    user = threading.Thread(target=dictate)
    user.start()
    file = tmp_path / "config.toml"
    file.write_text(CONFIG)
    assert app.run_daemon(file, {"models.preset": "light", "language": "en"}, paper) == 0
    user.join(60)
    served.close()
    (finished,) = (event for event in paper.events if isinstance(event, Finished))
    assert finished.text.startswith("one")
    assert refusals == ["The screen is locked."]


@pytest.mark.usefixtures("bus", "handlers")
def test_a_stop_that_waits_is_answered_when_the_daemon_is_terminated(mouth: Mouth, tmp_path: Path) -> None:
    paper, answers = Paper(), []

    def dictate() -> None:
        paper.wait_for(lambda: any(line.startswith("Ready") for line in paper.lines))
        client.call("Start", "a{sv}", {})
        mouth.speak(40)
        paper.wait_for(lambda: any(isinstance(event, Typed) for event in paper.events))
        stop.start()
        paper.wait_for(lambda: paper.lines[-1] == "Finishing ...")
        os.kill(os.getpid(), signal.SIGTERM)

    stop = threading.Thread(target=lambda: answers.extend(client.call("Stop", answers="s")))
    user = threading.Thread(target=dictate)
    user.start()
    file = tmp_path / "config.toml"
    file.write_text(CONFIG)
    assert app.run_daemon(file, {"models.preset": "light", "language": "en"}, paper) == 0
    user.join(60)
    stop.join(60)
    (finished,) = (event for event in paper.events if isinstance(event, Finished))
    assert finished.text.startswith("one")
    assert answers == [finished.text]
    assert paper.lines[-3:] == ["Listening ...", "Finishing ...", "Good-bye."]
