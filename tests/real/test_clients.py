"""The clients as a shell runs them, on a private bus: activation, a second daemon, and those that go on."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import voicetype
from tests.real.bus import Bus, bus
from tests.real.control import IDLE, FakeControl, control, service
from voicetype import client
from voicetype.client import NAME
from voicetype.control import State
from voicetype.core.events import Confidence, TranscriptSegment
from voicetype.dbus import Service
from voicetype.errors import AudioError, DaemonError, UndoError
from voicetype.history import Said, write

__all__ = ["bus", "control", "service"]

pytestmark = pytest.mark.real

ROOT = Path(voicetype.__file__).parent.parent
_DEADLINE_S = 60

ACTIVATED = """\
import sys, threading
from tests.real.control import FakeControl
from voicetype.dbus import Service
with open(sys.argv[1], "a") as file:
    file.write("started\\n")
Service(FakeControl()).open()
for thread in threading.enumerate():
    if thread.name == "dbus":
        thread.join()
"""
"""What the activation file starts instead of the daemon. The end of its bus ends it."""


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def voicetype_(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command as a script would call it."""
    command = [sys.executable, "-m", "voicetype", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=_DEADLINE_S, check=False)


class Running:
    """A command that goes on, and the lines that it prints."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "voicetype", *arguments]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
        )
        self._queues: dict[str, queue.Queue[str]] = {"stdout": queue.Queue(), "stderr": queue.Queue()}
        for name, lines in self._queues.items():
            threading.Thread(
                target=self._read, args=(getattr(self.process, name), lines), daemon=True
            ).start()

    def line(self, stream: str = "stdout") -> str:
        """The next one; "" at the end."""
        return self._queues[stream].get(timeout=_DEADLINE_S)

    def object(self) -> dict[str, Any]:
        """The next line, as JSON."""
        return dict(json.loads(self.line()))

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next object that is wanted."""
        while not wanted(found := self.object()):
            pass
        return found

    def _read(self, stream: Any, lines: queue.Queue[str]) -> None:
        for line in stream:
            lines.put(line)
        lines.put("")


@contextmanager
def running(*arguments: str) -> Iterator[Running]:
    command = Running(*arguments)
    with command.process:
        try:
            yield command
        finally:
            command.process.kill()


# Activation


@pytest.fixture
def activated(tmp_path: Path) -> Iterator[Path]:
    """A bus that knows how to start the daemon; the file has a line for each start."""
    started, script = tmp_path / "started", tmp_path / "daemon.py"
    started.touch()
    script.write_text(ACTIVATED)
    services = tmp_path / "XDG_DATA_HOME/dbus-1/services"
    services.mkdir(parents=True)
    (services / f"{NAME}.service").write_text(
        f"[D-BUS Service]\nName={NAME}\nExec={sys.executable} {script} {started}\n"
    )
    environment = os.environ | {
        "XDG_DATA_HOME": str(tmp_path / "XDG_DATA_HOME"),
        "XDG_DATA_DIRS": "/nonexistent",
    }
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address"]
    with (
        pytest.MonkeyPatch.context() as patch,
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process,
    ):
        assert process.stdout is not None
        patch.setenv("DBUS_SESSION_BUS_ADDRESS", process.stdout.readline().strip())
        yield started
        process.kill()


@pytest.mark.parametrize("command", [["start"], ["toggle"], ["start", "--language", "de"]])
def test_who_wants_to_dictate_starts_the_daemon(activated: Path, command: list[str]) -> None:
    assert voicetype_(*command).returncode == 0
    assert activated.read_text() == "started\n"
    assert voicetype_("status").returncode == 0


@pytest.mark.parametrize(
    "command", [["stop"], ["cancel"], ["undo"], ["status"], ["status", "--format", "json"]]
)
def test_the_others_do_not(activated: Path, command: list[str]) -> None:
    ended = voicetype_(*command)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "The voicetype daemon is not running.\nStart it: `voicetype run`.\n"
    assert activated.read_text() == ""


@pytest.mark.usefixtures("activated")
def test_a_daemon_that_does_not_come_up(tmp_path: Path) -> None:
    (tmp_path / "daemon.py").write_text("raise SystemExit(1)")
    with pytest.raises(DaemonError) as refused:
        client.call("Toggle", autostart=True)
    assert refused.value.sentence == "The voicetype daemon could not be started."


@pytest.mark.usefixtures("bus")
@pytest.mark.parametrize("command", ["start", "stop", "toggle", "cancel", "status"])
def test_without_an_activation_file(command: str) -> None:
    ended = voicetype_(command)
    assert ended.returncode == 1
    assert ended.stderr.startswith("The voicetype daemon is not running.\n")


@pytest.mark.usefixtures("service")
def test_undo_says_why_not(control: FakeControl) -> None:
    control.undone.set_exception(UndoError("There is nothing to take back.", "Only once."))
    ended = voicetype_("undo")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "There is nothing to take back.\nOnly once.\n"


@pytest.mark.usefixtures("service")
def test_undo_says_nothing_where_it_is_done(control: FakeControl) -> None:
    control.undone.set_result(None)
    ended = voicetype_("undo")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert control.asked == ["undo"]


# A second daemon


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize(
    ("options", "asked", "told"),
    [
        ([], [], "nothing was asked of it."),
        (["--language", "de"], [("language", "de")], "it was told: language de."),
        (["--heavy", "small"], [("models", "tiny.en", "small")], "it was told: models tiny.en and small."),
        (
            ["--preset", "multilingual", "--language", "de"],
            [("models", "tiny", "small"), ("language", "de")],
            "it was told: models tiny and small, language de.",
        ),
        (
            ["--preset", "multilingual", "--fast", "base"],
            [("models", "base", "small")],
            "it was told: models base and small.",
        ),
    ],
)
def test_a_second_daemon_hands_its_command_over(
    control: FakeControl, options: list[str], asked: list[object], told: str
) -> None:
    ended = voicetype_("run", *options)
    assert ended.returncode == 0
    assert ended.stderr == ""
    assert ended.stdout.splitlines() == [
        f"voicetype is running already; {told}",
        "idle · tiny.en + base · language auto",
    ]
    assert control.asked == asked


@pytest.mark.usefixtures("service")
def test_what_can_not_be_handed_over_is_told(control: FakeControl, tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text("")
    ended = voicetype_(
        *("run", "--patching", "window", "--keyboard", "dummy", "--format", "jsonl"),
        *("--config", str(tmp_path / "my.toml")),
    )
    assert (ended.returncode, ended.stdout) == (0, "")
    assert "Not handed over" in ended.stderr
    for option in ("--patching", "--keyboard", "--config", "--format (`voicetype listen`"):
        assert option in ended.stderr
    assert control.asked == []


@pytest.mark.usefixtures("service")
def test_a_relative_folder_is_the_same_to_a_daemon_elsewhere(
    control: FakeControl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert voicetype_("run", "--fast", "./mine").returncode == 0
    assert control.asked == [("models", f"{tmp_path}/mine", "base")]


@pytest.mark.usefixtures("service")
def test_what_the_daemon_refuses_is_a_failure(control: FakeControl) -> None:
    control.failure = DaemonError("No.", "Never.")
    ended = voicetype_("run", "--language", "de")
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", "No.\nNever.\n")


# Those that go on


def test_listen_prints_what_the_daemon_says(bus: Bus, service: Service) -> None:
    assert bus.process.poll() is None
    with running("listen") as listening:
        first = listening.object()
        assert first["type"] == "properties"
        assert first["State"] == "idle"
        assert first["Ready"] is True
        segment = TranscriptSegment(0, "hello wörld", Confidence.CONFIRMED, 8, (7, 8), timestamp=1.5)
        service.segment(segment)
        assert listening.object() == {
            "type": "segment",
            "text": "hello wörld",
            "confidence": "confirmed",
            "window_id": 8,
            "corrects_window_ids": [7, 8],
            "timestamp": 1.5,
        }
        service.state_changed(replace(IDLE, state=State.LISTENING))
        assert listening.object() == {"type": "state", "state": "listening"}
        assert listening.object() == {"type": "properties", "State": "listening"}
        service.problem(AudioError("There is no microphone.", "Plug one in."))
        assert listening.object() == {
            "type": "problem",
            "code": "NoMicrophone",
            "sentence": "There is no microphone.",
            "hint": "Plug one in.",
        }


@pytest.mark.usefixtures("bus")
def test_listen_waits_for_a_daemon_and_for_the_next(control: FakeControl) -> None:
    with running("listen") as listening:
        for _ in range(2):
            assert (
                listening.line("stderr") == "Waiting for the voicetype daemon. Start it: `voicetype run`.\n"
            )
            service = Service(control)
            service.open()
            assert listening.object()["State"] == "idle"
            service.problem(AudioError("Hm.", ""))
            assert listening.object()["sentence"] == "Hm."
            service.close()
            assert listening.object() == {"type": "gone"}


@pytest.mark.usefixtures("service", "bus")
@pytest.mark.parametrize("command", [["listen"], ["status", "--follow"]])
def test_an_interrupt_ends_them_quietly(command: list[str]) -> None:
    with running(*command) as going:
        assert going.line()
        going.process.send_signal(signal.SIGINT)
        assert going.process.wait(_DEADLINE_S) == 130
        assert going.line() == ""
        assert going.line("stderr") == ""


@pytest.mark.usefixtures("service", "bus")
@pytest.mark.parametrize("command", [["listen"], ["status", "--follow"]])
def test_they_end_when_their_reader_has_left(command: list[str]) -> None:
    """At once: the daemon may have nothing to say for hours."""
    with subprocess.Popen(
        [sys.executable, "-m", "voicetype", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(_DEADLINE_S) == 130


def test_they_end_with_the_session(bus: Bus) -> None:
    with running("status", "--follow") as following:
        assert following.line() == "off\n"
        bus.kill()
        assert following.process.wait(_DEADLINE_S) == 1
        assert following.line("stderr") == "There is no session bus.\n"


@pytest.mark.usefixtures("bus")
def test_status_follows_the_daemon(control: FakeControl) -> None:
    with running("status", "--follow", "--format", "json") as following:
        assert following.object() == {"text": "", "alt": "off", "class": "off", "tooltip": "voicetype: off"}
        service = Service(control)
        service.open()
        idle = following.until(lambda each: each["class"] == "idle")
        assert idle["State"] == "idle"
        assert idle["FastModel"] == "tiny.en"
        service.state_changed(replace(IDLE, ready=False, loading="Loading small"))
        loading = following.object()
        assert loading["class"] == loading["alt"] == "loading"
        assert "Loading small" in loading["tooltip"]
        service.state_changed(replace(IDLE, state=State.LISTENING))
        assert following.object()["class"] == "listening"
        service.segment(TranscriptSegment(0, "hello", Confidence.DRAFT, 1))
        service.close()
        assert following.object()["class"] == "off"


@pytest.mark.usefixtures("bus")
def test_status_follows_in_words(service: Service) -> None:
    with running("status", "--follow") as following:
        assert following.line() == "idle · tiny.en + base · language auto\n"
        service.state_changed(replace(IDLE, state=State.LISTENING, language="de"))
        assert following.line() == "listening · tiny.en + base · language de\n"


# The last dictations


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the last dictations are kept."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state/voicetype/history.jsonl"


@pytest.mark.usefixtures("service", "kept")
def test_last_prints_what_was_dictated(control: FakeControl) -> None:
    control.said = (Said("one “two”", "“two”"), *[Said(str(n)) for n in range(20)])
    assert voicetype_("last").stdout == "one “two”\n"
    assert voicetype_("last", "--untyped").stdout == "“two”\n"
    listed = voicetype_("last", "--all").stdout.splitlines()
    assert listed[:3] == [" 1  one “two”", "    not typed: “two”", " 2  0"]
    assert listed[-1] == "10  8"


@pytest.mark.usefixtures("service", "kept")
def test_last_types(control: FakeControl) -> None:
    control.said, control.undone = (Said("one two", "two"),), Future()
    control.undone.set_result(None)
    done = voicetype_("last", "--type", "--after", "0.01")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert voicetype_("last", "--type", "--untyped").returncode == 0
    assert control.asked == [("type", "one two"), ("type the rest", "two")]
    control.said = (Said("one two"),)
    refused = voicetype_("last", "--type", "--untyped")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("The last dictation was typed whole.\n")


@pytest.mark.usefixtures("service", "kept")
def test_there_is_no_last_dictation(control: FakeControl) -> None:
    control.said = ()
    for options in ([], ["--type"], ["--untyped"]):
        refused = voicetype_("last", *options)
        assert refused.returncode == 1
        assert refused.stderr.startswith("Nothing was dictated yet.\n")
    assert voicetype_("last", "--all").stdout == ""


@pytest.mark.parametrize(
    "options",
    [
        ["--type", "--after", "soon"],
        ["--type", "--after", "-1"],
        ["--all", "--untyped"],
        ["--all", "--type"],
        ["--after", "3"],
        ["--untyped", "--after", "0"],
        ["5"],
    ],
)
def test_last_refuses_what_makes_no_sense(options: list[str]) -> None:
    assert voicetype_("last", *options).returncode == 2


def test_last_without_a_daemon(kept: Path, bus: Bus) -> None:
    """Nor, in the end, a bus."""
    refused = voicetype_("last")
    assert refused.returncode == 1
    assert refused.stderr.startswith("The voicetype daemon is not running.\n")
    write(kept, [Said("kept"), Said("older")])
    assert voicetype_("last").stdout == "kept\n"
    bus.kill()
    assert voicetype_("last").stdout == "kept\n"
    refused = voicetype_("last", "--type")
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
