"""The service on a private bus, spoken to with `gdbus` and with our own client."""

from __future__ import annotations

import logging
import os
import queue
import re
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.fakes import FakeTranscriber
from tests.real.bus import Bus, bus
from tests.test_daemon import Level, Mouth, words
from voicetype import app, client
from voicetype.client import NAME, PATH
from voicetype.config import Config, TypingConfig
from voicetype.control import State, Status
from voicetype.core.events import Confidence, TranscriptSegment
from voicetype.core.stream import Finished, StreamEvent, Typed
from voicetype.dbus import Service
from voicetype.engine import Hypothesis, models
from voicetype.errors import AudioError, DaemonError, VoicetypeError

__all__ = ["bus"]  # a fixture

pytestmark = pytest.mark.real

IDLE = Status(State.IDLE, True, "auto", "tiny.en", "base", "x11", "x11: Control_R", "0.1.0")


class FakeControl:
    """Writes down what is asked of it. `failure` is raised by the next `start`."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.final: Future[str] = Future()
        self.failure: Exception | None = None
        self.stopping = threading.Event()

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

    def set_language(self, language: str) -> None:
        self.asked.append(("language", language))

    def set_models(self, fast: str, heavy: str) -> None:
        self.asked.append(("models", fast, heavy))

    def list_models(self) -> Sequence[Mapping[str, object]]:
        return [{"name": "tiny.en", "size_mb": 75, "present": True}]

    def quit(self) -> None:
        self.asked.append("quit")

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


@contextmanager
def monitor(service: Service) -> Iterator[Callable[[str], str]]:
    """`gdbus monitor`; the value waits for a line that matches and returns it."""
    lines: queue.Queue[str] = queue.Queue()

    def until(pattern: str, timeout_s: float = 60) -> str:
        while not re.search(pattern, line := lines.get(timeout=timeout_s)):
            pass
        return line

    command = ["gdbus", "monitor", "--session", "-d", NAME, "-o", PATH]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            threading.Thread(target=lambda: deque(map(lines.put, process.stdout or ()))).start()
            until("is owned by")
            # It subscribes after it has said so, and does not say when: knock until it hears.
            for _ in range(600):
                service.problem(VoicetypeError("knock", ""))
                with suppress(queue.Empty):
                    until("knock", 0.1)
                    break
            yield until
        finally:
            process.kill()


@pytest.mark.usefixtures("service")
def test_the_interface_is_that_of_the_contract(bus: Bus) -> None:
    seen = bus.gdbus("introspect", "--session", "-d", NAME, "-o", PATH, "--xml").stdout
    interface = next(node for node in ElementTree.fromstring(seen) if node.get("name") == NAME)

    def types(member: ElementTree.Element, direction: str) -> str:
        return "".join(arg.get("type", "") for arg in member if arg.get("direction", "out") == direction)

    methods = {m.get("name"): (types(m, "in"), types(m, "out")) for m in interface.iter("method")}
    assert methods == {
        "Start": ("a{sv}", ""),
        "Stop": ("", "s"),
        "Cancel": ("", ""),
        "Toggle": ("", ""),
        "SetLanguage": ("s", ""),
        "SetModels": ("ss", ""),
        "ListModels": ("", "aa{sv}"),
        "Quit": ("", ""),
    }
    signals = {s.get("name"): types(s, "out") for s in interface.iter("signal")}
    assert signals == {"Segment": "a{sv}", "StateChanged": "s", "Problem": "sss"}
    texts = ["State", "Language", "FastModel", "HeavyModel", "Keyboard", "Hotkey", "Version"]
    properties = {p.get("name"): (p.get("type"), p.get("access")) for p in interface.iter("property")}
    assert properties == dict.fromkeys(texts, ("s", "read")) | {"Ready": ("b", "read")}


@pytest.mark.usefixtures("service")
def test_every_method_reaches_the_daemon(bus: Bus, control: FakeControl) -> None:
    control.final.set_result("Hello, “wörld”.")
    assert bus.call("Start", "{'language': <'de'>}").stdout == "()\n"
    assert bus.call("Stop").stdout == "('Hello, “wörld”.',)\n"
    for member in ("Toggle", "Cancel"):
        assert bus.call(member).returncode == 0
    assert bus.call("SetLanguage", "fr").returncode == 0
    assert bus.call("SetModels", "tiny", "small").returncode == 0
    listed = bus.call("ListModels").stdout
    assert "'name': <'tiny.en'>" in listed
    assert "'size_mb': <int64 75>" in listed
    assert "'present': <true>" in listed
    assert bus.call("Quit").returncode == 0
    assert control.asked == [
        ("start", {"language": "de"}),
        "stop",
        "toggle",
        "cancel",
        ("language", "fr"),
        ("models", "tiny", "small"),
        "quit",
    ]


@pytest.mark.usefixtures("service", "bus")
def test_properties() -> None:
    assert client.properties() == {
        "State": "idle",
        "Ready": True,
        "Language": "auto",
        "FastModel": "tiny.en",
        "HeavyModel": "base",
        "Keyboard": "x11",
        "Hotkey": "x11: Control_R",
        "Version": "0.1.0",
    }


@pytest.mark.usefixtures("bus")
def test_signals_arrive(service: Service) -> None:
    segment = TranscriptSegment(0, "hello wörld", Confidence.CONFIRMED, 8, (5, 6, 7, 8), timestamp=1.5)
    with monitor(service) as until:
        service.segment(segment)
        line = until(r"\.Segment ")
        service.state_changed(replace(IDLE, state=State.LISTENING, language="de"))
        assert "('listening',)" in until(r"\.StateChanged ")
        changed = until("PropertiesChanged")
        service.state_changed(replace(IDLE, state=State.LISTENING, language="de", ready=False))
        only_ready = until("PropertiesChanged")
        service.problem(AudioError("There is no microphone.", "Plug one in."))
        assert "('NoMicrophone', 'There is no microphone.', 'Plug one in.')" in until(r"\.Problem ")
    for field in (
        "'type': <'segment'>",
        "'text': <'hello wörld'>",
        "'confidence': <'confirmed'>",
        "'window_id': <int64 8>",
        "'corrects_window_ids': <[int64 5, 6, 7, 8]>",
        "'timestamp': <1.5>",
    ):
        assert field in line
    assert "'State': <'listening'>" in changed
    assert "'Language': <'de'>" in changed
    assert "FastModel" not in changed
    assert "{'Ready': <false>}" in only_ready


@pytest.mark.usefixtures("bus")
def test_a_change_is_in_the_properties_too(service: Service) -> None:
    service.state_changed(replace(IDLE, state=State.FINISHING))
    assert client.properties()["State"] == "finishing"


@pytest.mark.parametrize(
    ("member", "arguments", "sentence"),
    [
        ("Start", ["{'langauge': <'de'>}"], "Start knows no option 'langauge'."),
        ("Start", ["{'language': <7>}"], "The option language is a text (s), not (i)."),
        ("Start", ["{'language': <'klingon'>}"], "There is no language 'klingon'."),
        ("Start", ["{'" + "x" * 100_000 + "': <1>}"], "Start knows no option 'xxx"),
        ("SetLanguage", [""], "There is no language ''."),
        ("SetLanguage", ["e" * 100_000], "There is no language 'eee"),
        ("SetModels", ["tiny", ""], "SetModels takes two names of models, or folders."),
        ("SetModels", ["tiny", "x" * 100_000], "SetModels takes two names of models, or folders."),
    ],
)
@pytest.mark.usefixtures("service")
def test_bad_values_get_a_named_error(
    bus: Bus, control: FakeControl, member: str, arguments: list[str], sentence: str
) -> None:
    refused = bus.call(member, *arguments)
    assert refused.returncode != 0
    assert "org.voicetype.Error.InvalidArguments" in refused.stderr
    assert sentence in refused.stderr
    assert len(refused.stderr) < 500
    assert "Traceback" not in refused.stderr
    assert control.asked == []


@pytest.mark.parametrize(
    ("member", "signature", "arguments", "sentence"),
    [
        ("Start", "s", ["now"], "Start takes (a{sv}), not (s)."),
        ("Start", "", [], "Start takes (a{sv}), not ()."),
        ("Stop", "s", ["now"], "Stop takes (), not (s)."),
        ("SetModels", "s", ["tiny"], "SetModels takes (ss), not (s)."),
        ("SetLanguage", "i" * 100, [0] * 100, "SetLanguage takes (s), not (iiiii"),
    ],
)
@pytest.mark.usefixtures("service", "bus")
def test_wrong_types_get_a_named_error(
    control: FakeControl, member: str, signature: str, arguments: list[object], sentence: str
) -> None:
    with pytest.raises(DaemonError) as refused:
        client.call(member, signature, *arguments)
    assert sentence in refused.value.sentence
    assert refused.value.hint
    assert control.asked == []


@pytest.mark.usefixtures("service")
def test_properties_are_read_only_and_methods_are_known(bus: Bus) -> None:
    properties = "org.freedesktop.DBus.Properties"
    written = bus.call("Set", NAME, "Language", "<'de'>", interface=properties)
    assert "Error.PropertyReadOnly" in written.stderr
    assert "Error.UnknownProperty" in bus.call("Get", NAME, "Mood", interface=properties).stderr
    assert "Error.UnknownMethod" in bus.call("Dance").stderr


@pytest.mark.parametrize(
    ("failure", "name", "told"),
    [
        (AudioError("There is no microphone.", "Plug one in."), "NoMicrophone", "There is no microphone."),
        (DaemonError("It listens already.", "Stop it."), "Busy", "It listens already.\nStop it."),
        (ZeroDivisionError("secret"), "Failed", "voicetype failed inside."),
    ],
)
@pytest.mark.usefixtures("service")
def test_what_the_daemon_refuses_is_a_named_error(
    bus: Bus, control: FakeControl, failure: Exception, name: str, told: str
) -> None:
    control.failure = failure
    refused = bus.call("Start", "{}").stderr
    assert f"org.voicetype.Error.{name}: {told}" in refused
    assert "secret" not in refused
    assert "Traceback" not in refused


@pytest.mark.usefixtures("service", "bus")
def test_the_client_gives_the_daemons_own_words(control: FakeControl) -> None:
    control.failure = AudioError("There is no microphone.", "Plug one in.")
    with pytest.raises(DaemonError) as refused:
        client.call("Start", "a{sv}", {})
    assert (refused.value.sentence, refused.value.hint) == ("There is no microphone.", "Plug one in.")


@pytest.mark.usefixtures("service", "bus")
def test_stop_holds_nobody_up(control: FakeControl) -> None:
    answers: list[object] = []
    waiting = threading.Thread(target=lambda: answers.extend(client.call("Stop")))
    waiting.start()
    assert control.stopping.wait(60)
    assert client.properties()["State"] == "idle"
    client.call("Toggle")
    assert answers == []
    control.final.set_result("The end.")
    waiting.join(60)
    assert answers == ["The end."]


@pytest.mark.usefixtures("service", "bus")
def test_stop_of_a_dead_session_is_empty(control: FakeControl) -> None:
    control.final.cancel()
    assert client.call("Stop") == [""]


@pytest.mark.usefixtures("bus")
def test_close_answers_a_stop_that_waits(
    service: Service, control: FakeControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicetype.dbus._ANSWER_S", 1000.0)  # it is not waited for
    answers: list[object] = []
    waiting = threading.Thread(target=lambda: answers.extend(client.call("Stop")))
    waiting.start()
    assert control.stopping.wait(60)
    service.close()
    waiting.join(60)
    assert answers == [""]
    assert not control.final.cancelled()


@pytest.mark.usefixtures("service", "bus")
def test_a_second_daemon_is_refused(control: FakeControl) -> None:
    with pytest.raises(DaemonError) as refused:
        Service(control).open()
    assert refused.value.sentence == "voicetype is already running."
    assert client.properties()["State"] == "idle"


@pytest.mark.usefixtures("bus")
def test_the_name_is_given_back(control: FakeControl) -> None:
    for _ in range(2):
        service = Service(control)
        service.open()
        service.close()
        service.close()
    with pytest.raises(DaemonError, match=r"The voicetype daemon is not running\."):
        client.call("Toggle")


def test_no_bus(monkeypatch: pytest.MonkeyPatch, control: FakeControl) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    for address in (None, "unix:path=/nonexistent", "nonsense", "tcp:host=", ";;"):
        if address is None:
            monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
        else:
            monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        service = Service(control)
        with pytest.raises(DaemonError, match=r"There is no session bus\."):
            service.open()
        service.close()
        with pytest.raises(DaemonError, match=r"There is no session bus\."):
            client.properties()


def test_the_daemon_outlives_its_bus(
    bus: Bus, service: Service, control: FakeControl, caplog: pytest.LogCaptureFixture
) -> None:
    def stop() -> None:
        with pytest.raises(DaemonError):
            client.call("Stop")

    waiting = threading.Thread(target=stop)
    waiting.start()
    assert control.stopping.wait(60)
    with caplog.at_level(logging.INFO):
        bus.kill()
        waiting.join(60)
        service.segment(TranscriptSegment(0, "hello", Confidence.DRAFT, 1))
        service.state_changed(replace(IDLE, state=State.LISTENING))
        service.problem(VoicetypeError("sentence", "hint"))
        service.close()
    assert [record.getMessage()[:25] for record in caplog.records] == ["The session bus is gone: "]
    assert not control.final.cancelled()


# The whole daemon, of which a microphone and two models alone are false.


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
    monkeypatch.setattr(app, "open_model", lambda _config, _folder, name: two[name])
    monkeypatch.setattr(app, "Microphone", lambda _: mouth)
    monkeypatch.setattr("voicetype.pipeline.VoiceActivity", Level)
    return mouth


@pytest.mark.usefixtures("bus", "handlers")
def test_a_stop_that_waits_is_answered_when_the_daemon_is_terminated(mouth: Mouth) -> None:
    paper, answers = Paper(), []

    def dictate() -> None:
        paper.wait_for(lambda: any(line.startswith("Ready") for line in paper.lines))
        client.call("Start", "a{sv}", {})
        mouth.speak(40)
        paper.wait_for(lambda: any(isinstance(event, Typed) for event in paper.events))
        stop.start()
        paper.wait_for(lambda: paper.lines[-1] == "Finishing ...")
        os.kill(os.getpid(), signal.SIGTERM)

    stop = threading.Thread(target=lambda: answers.extend(client.call("Stop")))
    user = threading.Thread(target=dictate)
    user.start()
    assert app.run_daemon(Config(typing=TypingConfig(keyboard="dummy")), paper) == 0
    user.join(60)
    stop.join(60)
    (finished,) = (event for event in paper.events if isinstance(event, Finished))
    assert finished.text.startswith("one")
    assert answers == [finished.text]
    assert paper.lines[-3:] == ["Listening ...", "Finishing ...", "Good-bye."]
