"""The service on a private bus, spoken to with `gdbus` and with our own client."""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import re
import shutil
import socket
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from dbus_fast import Message, Variant

from tests.real.bus import Bus, bus
from tests.real.control import IDLE, FakeControl, control, service
from voicetype import client
from voicetype.client import NAME, PATH
from voicetype.control import State
from voicetype.core.events import Confidence, TranscriptSegment
from voicetype.dbus import Service
from voicetype.errors import AudioError, DaemonError, UndoError, VoicetypeError
from voicetype.history import Said

__all__ = ["bus", "control", "service"]  # fixtures

pytestmark = pytest.mark.real

PROPERTIES = "org.freedesktop.DBus.Properties"


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
        "UndoLast": ("", "b"),
        "SetLanguage": ("s", ""),
        "SetModels": ("ss", ""),
        "ListModels": ("", "aa{sv}"),
        "Last": ("", "s"),
        "LastTexts": ("", "aa{sv}"),
        "TypeLast": ("a{sv}", ""),
        "Quit": ("", ""),
    }
    signals = {s.get("name"): types(s, "out") for s in interface.iter("signal")}
    assert signals == {"Segment": "a{sv}", "StateChanged": "s", "Problem": "sss"}
    texts = ["State", "Language", "Strategy", "FastModel", "HeavyModel", "Keyboard", "Hotkey"]
    texts += ["Loading", "Sending", "Version"]
    properties = {p.get("name"): (p.get("type"), p.get("access")) for p in interface.iter("property")}
    assert properties == dict.fromkeys(texts, ("s", "read")) | {"Ready": ("b", "read")}
    names = {m.get("name"): [arg.get("name") for arg in m.iter("arg")] for m in interface if len(m)}
    assert {name: each for name, each in names.items() if name not in properties} == {
        "Start": ["options"],
        "Stop": ["text"],
        "UndoLast": ["done"],
        "SetLanguage": ["language"],
        "SetModels": ["fast", "heavy"],
        "ListModels": ["models"],
        "Last": ["text"],
        "LastTexts": ["texts"],
        "TypeLast": ["options"],
        "Segment": ["fields"],
        "StateChanged": ["state"],
        "Problem": ["code", "sentence", "hint"],
    }
    announced = {
        p.get("name"): note.get("value") for p in interface.iter("property") for note in p.iter("annotation")
    }
    assert announced == dict.fromkeys(properties, "true") | {"Version": "const"}


@pytest.mark.usefixtures("service")
def test_every_method_reaches_the_daemon(bus: Bus, control: FakeControl) -> None:
    control.final.set_result("Hello, “wörld”.")
    assert bus.call("Start", "{'language': <'de'>}").stdout == "()\n"
    assert bus.call("Stop").stdout == "('Hello, “wörld”.',)\n"
    for member in ("Toggle", "Cancel"):
        assert bus.call(member).returncode == 0
    control.undone.set_result(None)
    assert bus.call("UndoLast").stdout == "(true,)\n"
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
        "undo",
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
        "Strategy": "dual",
        "FastModel": "tiny.en",
        "HeavyModel": "base",
        "Keyboard": "x11",
        "Hotkey": "x11: Control_R",
        "Loading": "",
        "Sending": "",
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
        service.state_changed(
            replace(IDLE, state=State.LISTENING, language="de", ready=False, loading="1 MB")
        )
        only_loading = until("PropertiesChanged")
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
    assert "{'Loading': <'1 MB'>}" in only_loading


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
def test_what_was_dictated_can_be_had_again(bus: Bus, control: FakeControl) -> None:
    control.said = (Said("one “two”", "“two”"), Said("three"))
    assert bus.call("Last").stdout == "('one “two”',)\n"
    assert bus.call("LastTexts").stdout == (
        "([{'text': <'one “two”'>, 'untyped': <'“two”'>}, {'text': <'three'>, 'untyped': <''>}],)\n"
    )
    control.undone.set_result(None)
    for options in ("{}", "{'rest': <false>}", "{'rest': <true>}"):
        assert bus.call("TypeLast", options).stdout == "()\n"
    assert control.asked == [("type", "one “two”"), ("type", "one “two”"), ("type the rest", "“two”")]
    control.said = ()
    assert bus.call("Last").stdout == "('',)\n"
    assert bus.call("LastTexts").stdout == "(@aa{sv} [],)\n"
    assert "org.voicetype.Error.Busy: Nothing was dictated yet." in bus.call("TypeLast", "{}").stderr
    refused = bus.call("TypeLast", "{'rest': <'yes'>}").stderr
    assert "InvalidArguments: The option rest is true or false (b), not (s)." in refused


@pytest.mark.usefixtures("service")
def test_properties_are_read_only_and_methods_are_known(bus: Bus) -> None:
    properties = "org.freedesktop.DBus.Properties"
    written = bus.call("Set", NAME, "Language", "<'de'>", interface=properties)
    assert "Error.PropertyReadOnly" in written.stderr
    assert "Error.UnknownProperty" in bus.call("Get", NAME, "Mood", interface=properties).stderr
    assert "Error.UnknownMethod" in bus.call("Dance").stderr


def raw_call(**fields: Any) -> Message:
    """A message as no careful client would send it, and the answer."""
    message = Message(**{"destination": NAME, "path": PATH, "interface": NAME} | fields)

    async def ask() -> Message:
        connection = await client.connect()
        try:
            return await connection.call(message)
        finally:
            connection.disconnect()

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"member": "Dance"}, "UnknownMethod"),
        ({"member": "Dance", "interface": None}, "UnknownMethod"),
        ({"member": "Stop", "path": "/"}, "UnknownMethod"),
        ({"member": "Stop", "path": PATH + "/deeper"}, "UnknownMethod"),
        ({"member": "Stop", "interface": "org.voicetype.Daemon2"}, "UnknownMethod"),
        ({"member": "Start", "interface": None, "signature": "u", "body": [1]}, "Error.InvalidArguments"),
        ({"member": "Get", "interface": PROPERTIES}, "UnknownMethod"),
        (
            {"member": "Get", "interface": PROPERTIES, "signature": "ss", "body": ["org.x.Y", "State"]},
            "UnknownInterface",
        ),
        ({"member": "GetAll", "interface": PROPERTIES, "signature": "s", "body": [""]}, "NotSupported"),
        ({"member": "Wipe", "interface": PROPERTIES}, "UnknownMethod"),
        (
            {
                "member": "Start",
                "signature": "a{sv}",
                "body": [{"language": Variant("v", Variant("v", Variant("s", "de")))}],
            },
            "Error.InvalidArguments",
        ),
        (
            {"member": "Start", "signature": "a{sv}", "body": [{"": Variant("s", "")}]},
            "Error.InvalidArguments",
        ),
        (
            {"member": "SetLanguage", "signature": "s", "body": ["x" * 16_000_000]},
            "Error.InvalidArguments",
        ),
        (
            {
                "member": "Start",
                "signature": "a{sv}",
                "body": [{f"o{n}": Variant("u", n) for n in range(50_000)}],
            },
            "Error.InvalidArguments",
        ),
    ],
)
@pytest.mark.usefixtures("service", "bus")
def test_nonsense_gets_a_named_error(
    control: FakeControl, fields: Mapping[str, Any], error: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = raw_call(**fields)
    assert (answer.error_name or "").endswith(error)
    assert "Traceback" not in str(answer.body)
    assert len(str(answer.body)) < 500
    assert control.asked == []
    assert client.properties()["State"] == "idle"
    assert not caplog.records


@pytest.mark.usefixtures("service")
def test_text_that_is_none_never_reaches_the_daemon(bus: Bus, control: FakeControl) -> None:
    """The bus cuts off whoever sends it; to the others the daemon is as it was."""
    address = bus.address.partition("path=")[2].partition(",")[0]
    for text in (b"\xff\xfe", b"d\0e"):
        whole = Message(
            destination=NAME,
            path=PATH,
            interface=NAME,
            member="SetLanguage",
            signature="s",
            body=["?" * len(text)],
        )
        whole.serial = 2
        sent = bytes(whole._marshall(False)).replace(b"?" * len(text), text)
        hello = Message(
            destination="org.freedesktop.DBus",
            path="/org/freedesktop/DBus",
            interface="org.freedesktop.DBus",
            member="Hello",
            serial=1,
        )
        with socket.socket(socket.AF_UNIX) as rude:
            rude.settimeout(60)
            rude.connect(address)
            rude.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
            assert rude.recv(1000).startswith(b"OK")
            rude.sendall(b"BEGIN\r\n" + bytes(hello._marshall(False)) + sent)
            with suppress(ConnectionResetError):
                while rude.recv(65_536):
                    pass
    client.call("Toggle")
    assert control.asked == ["toggle"]


@pytest.mark.usefixtures("service", "bus")
def test_a_thousand_calls_in_flight(control: FakeControl) -> None:
    async def flood() -> list[Message]:
        connection = await client.connect()
        try:
            calls = [
                connection.call(Message(destination=NAME, path=PATH, interface=NAME, member=member))
                for member in ("Toggle", "Dance", "Stop", "ListModels") * 250
            ]
            await asyncio.sleep(0)  # all of them are sent
            control.final.set_result("The end.")
            return await asyncio.gather(*calls)
        finally:
            connection.disconnect()

    answers = asyncio.run(flood())
    assert [answer.error_name for answer in answers[:4]] == [
        None,
        "org.freedesktop.DBus.Error.UnknownMethod",
        None,
        None,
    ]
    assert {str(answer.body) for answer in answers[2::4]} == {"['The end.']"}
    assert control.asked == ["toggle", "stop"] * 250


@pytest.mark.usefixtures("service")
def test_busctl_knows_its_way(bus: Bus, control: FakeControl) -> None:
    if not shutil.which("busctl"):
        pytest.skip("busctl is not installed")

    def busctl(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["busctl", f"--address={bus.address}", "--no-pager", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert busctl("get-property", NAME, PATH, NAME, "State").stdout == 's "idle"\n'
    listed = busctl("introspect", NAME, PATH).stdout
    assert re.search(r"\.Loading +property +s +\"\" +emits-change", listed)
    assert re.search(r"\.Version +property .* const", listed)
    control.final.set_result("The end.")
    assert busctl("call", NAME, PATH, NAME, "Stop").stdout == 's "The end."\n'
    assert busctl("call", NAME, PATH, NAME, "Start", "a{sv}", "1", "language", "s", "de").returncode == 0
    refused = busctl("call", NAME, PATH, NAME, "Start", "a{sv}", "1", "language", "u", "7")
    assert "The option language is a text (s), not (u)." in refused.stderr
    assert busctl("set-property", NAME, PATH, NAME, "State", "s", "listening").returncode != 0
    assert control.asked == ["stop", ("start", {"language": "de"})]


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


@pytest.mark.usefixtures("service")
def test_what_can_not_be_taken_back_is_a_named_error(bus: Bus, control: FakeControl) -> None:
    control.undone.set_exception(UndoError("There is nothing to take back.", "Only once."))
    refused = bus.call("UndoLast").stderr
    assert "org.voicetype.Error.NoUndo: There is nothing to take back.\nOnly once." in refused


@pytest.mark.usefixtures("service", "bus")
def test_an_undo_holds_nobody_up(control: FakeControl) -> None:
    answers: list[object] = []
    waiting = threading.Thread(target=lambda: answers.extend(client.call("UndoLast", answers="b")))
    waiting.start()
    assert control.undoing.wait(60)
    client.call("Cancel")
    assert answers == []
    control.undone.set_result(None)
    waiting.join(60)
    assert answers == [True]


@pytest.mark.usefixtures("service", "bus")
def test_the_client_gives_the_daemons_own_words(control: FakeControl) -> None:
    control.failure = AudioError("There is no microphone.", "Plug one in.")
    with pytest.raises(DaemonError) as refused:
        client.call("Start", "a{sv}", {})
    assert (refused.value.sentence, refused.value.hint) == ("There is no microphone.", "Plug one in.")


@pytest.mark.usefixtures("service", "bus")
def test_stop_holds_nobody_up(control: FakeControl) -> None:
    answers: list[object] = []
    waiting = threading.Thread(target=lambda: answers.extend(client.call("Stop", answers="s")))
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
    assert client.call("Stop", answers="s") == [""]


@pytest.mark.usefixtures("bus")
def test_close_answers_a_stop_that_waits(
    service: Service, control: FakeControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicetype.dbus._ANSWER_S", 1000.0)  # it is not waited for
    answers: list[object] = []
    waiting = threading.Thread(target=lambda: answers.extend(client.call("Stop", answers="s")))
    waiting.start()
    assert control.stopping.wait(60)
    service.close()
    waiting.join(60)
    assert answers == [""]
    assert not control.final.cancelled()


@pytest.mark.usefixtures("service", "bus")
def test_a_second_daemon_is_refused(control: FakeControl) -> None:
    with pytest.raises(client.AlreadyRunning) as refused:
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
            client.call("Stop", answers="s")

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
