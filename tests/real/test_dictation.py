"""From sound to window: real speech, two real models, a real X server, the application's own text."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bench.score import normalise, word_errors
from tests.real.daemon import Daemon, need_models, running_daemon
from tests.real.soundserver import SoundServer
from tests.real.xserver import CONTROL_R, ESCAPE, RETURN, Desktop, wait_until
from voicetype.core import patch
from voicetype.core.events import Patch

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

SAID = "congratulations you have successfully installed and executed the asterisk open source pbx"


@pytest.fixture
def env(own_desktop: Desktop, sound_server: SoundServer, tmp_path: Path) -> dict[str, str]:
    """What the daemon and the commands see: the desktop, the microphone, the bus, no configuration."""
    home = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "DISPLAY": own_desktop.name}
    return {**os.environ, **sound_server.env, **home}


@pytest.fixture
def daemon(env: dict[str, str]) -> Iterator[Daemon]:
    with running_daemon(env) as daemon:
        yield daemon


def speak_holding_the_key(desktop: Desktop, sound: SoundServer, daemon: Daemon, recording: Path) -> list[str]:
    """Hold Right Ctrl, speak, let go. Returns what stood in the application before the speech had ended."""
    stood: list[str] = []
    app = desktop.apps[-1]
    before = app.text
    desktop.user.press(CONTROL_R)
    daemon.wait_for(lambda: bool(daemon.of("started")), "the microphone is open")
    speech = sound.play(recording)
    while speech.poll() is None:
        if app.text != before and (not stood or app.text != stood[-1]):
            stood.append(app.text)
        try:
            speech.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    desktop.user.release(CONTROL_R)
    daemon.wait_for(lambda: bool(daemon.of("finished")), "the text is confirmed")
    return stood


def check_words(text: str) -> None:
    assert word_errors(normalise(SAID), normalise(text)) <= 2, text


def check_stream(daemon: Daemon, text: str) -> None:
    """The patches rebuild the text, and the application's text is what the stream said."""
    screen = ""
    for event in daemon.of("patch"):
        screen = patch.apply(screen, Patch(event["backspaces"], event["text"]))
    assert screen == text == daemon.of("finished")[-1]["text"]


def test_hold_the_key_and_speak_into_a_gtk_text(
    own_desktop: Desktop, sound_server: SoundServer, daemon: Daemon, sentence: Path
) -> None:
    app = own_desktop.gtk()
    subprocess.run(["xdotool", "type", "Dear all: "], env=daemon.env, check=True)
    app.shows("Dear all: ")
    stood = speak_holding_the_key(own_desktop, sound_server, daemon, sentence)
    text = daemon.of("finished")[-1]["text"]
    app.shows("Dear all: " + text)
    assert stood, "nothing stood there before the speech had ended"
    assert all(state.startswith("Dear all: ") for state in stood)
    check_words(text)
    check_stream(daemon, text)
    assert own_desktop.user.modifiers() == 0


def test_hold_the_key_and_speak_into_a_terminal(
    own_desktop: Desktop, sound_server: SoundServer, daemon: Daemon, sentence: Path
) -> None:
    app = own_desktop.terminal()
    stood = speak_holding_the_key(own_desktop, sound_server, daemon, sentence)
    text = daemon.of("finished")[-1]["text"]
    wait_until(lambda: as_seen(app.text) == text, "the terminal has the text")
    assert stood
    assert not set(app.text) & set("\r\n\t\x1b"), "no Enter, Tab or Escape came by"
    check_words(text)


def as_seen(received: str) -> str:
    """What the bytes that a terminal received leave on its line."""
    line = ""
    for character in received:
        line = line[:-1] if character in "\x7f\x08" else line + character
    return line


def test_a_line_of_a_terminal_is_what_stop_returned(
    own_desktop: Desktop, sound_server: SoundServer, daemon: Daemon, sentence: Path
) -> None:
    app = own_desktop.terminal("line_terminal.py")
    assert daemon.voicetype("start").returncode == 0
    daemon.wait_for(lambda: bool(daemon.of("started")), "the microphone is open")
    assert sound_server.play(sentence).wait(60) == 0
    stopped = daemon.voicetype("stop")
    assert stopped.returncode == 0
    own_desktop.user.tap(RETURN)
    app.shows(stopped.stdout.strip() + "\n")
    check_words(stopped.stdout)


def test_by_gdbus_with_the_states_in_between(
    own_desktop: Desktop, sound_server: SoundServer, daemon: Daemon, sentence: Path
) -> None:
    app = own_desktop.gtk()
    assert gdbus(daemon, "Start", "{}") == "()"
    assert daemon.status()["State"] == "listening"
    assert sound_server.play(sentence).wait(60) == 0
    answer = gdbus(daemon, "Stop")
    text = daemon.of("finished")[-1]["text"]
    assert text in answer.replace("\\'", "'")
    app.shows(text)
    daemon.wait_for(lambda: daemon.status()["State"] == "idle", "the daemon is idle again")
    assert gdbus(daemon, "Stop") == "('',)"


def gdbus(daemon: Daemon, member: str, *arguments: str) -> str:
    name, path = "org.voicetype.Daemon1", "/org/voicetype/Daemon1"
    command = ["gdbus", "call", "--session", "-d", name, "-o", path, "-m", f"{name}.{member}", *arguments]
    done = subprocess.run(command, env=daemon.env, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


def test_a_second_daemon_says_so_and_leaves_the_first_alone(own_desktop: Desktop, daemon: Daemon) -> None:
    second = daemon.voicetype("run", "--preset", "light")
    assert second.returncode == 0
    assert "voicetype is running already" in second.stdout + second.stderr
    assert "Traceback" not in second.stderr
    assert daemon.status()["State"] == "idle"
    assert own_desktop.user.modifiers() == 0


def test_escape_cancels_and_takes_back_what_stood(
    own_desktop: Desktop, sound_server: SoundServer, daemon: Daemon, sentence: Path
) -> None:
    app = own_desktop.gtk()
    own_desktop.user.tap(CONTROL_R)  # hands-free
    daemon.wait_for(lambda: bool(daemon.of("started")), "the microphone is open")
    speech = sound_server.play(sentence)
    daemon.wait_for(lambda: bool(app.text), "a draft stands")
    own_desktop.user.tap(ESCAPE)
    daemon.wait_for(lambda: bool(daemon.of("finished")), "the dictation ends")
    app.shows(daemon.of("finished")[-1]["text"])
    assert app.text == ""
    speech.kill()
    speech.wait()


def test_a_tap_dictates_hands_free_until_the_next(
    own_desktop: Desktop, sound_server: SoundServer, daemon: Daemon, sentence: Path
) -> None:
    app = own_desktop.gtk()
    own_desktop.user.tap(CONTROL_R)
    daemon.wait_for(lambda: bool(daemon.of("started")), "the microphone is open")
    assert sound_server.play(sentence).wait(60) == 0
    own_desktop.user.tap(CONTROL_R)
    daemon.wait_for(lambda: bool(daemon.of("finished")), "the text is confirmed")
    app.shows(daemon.of("finished")[-1]["text"])
    check_words(app.text)


def test_another_window_gets_nothing(
    own_desktop: Desktop, sound_server: SoundServer, daemon: Daemon, sentence: Path
) -> None:
    other, app = own_desktop.gtk(), own_desktop.gtk()
    daemon.voicetype("start")
    speech = sound_server.play(sentence)
    daemon.wait_for(lambda: bool(app.text), "a draft stands")
    own_desktop.user.focus(other.title)
    wait_until(lambda: own_desktop.user.focused_title() == other.title, "the focus moves")
    standing = app.text
    assert speech.wait(60) == 0
    text = daemon.voicetype("stop").stdout
    assert other.text == ""
    assert app.text.startswith(standing[:3])
    check_words(text)  # nothing is lost: the command has the whole text


def test_the_daemon_ends_with_the_display(own_desktop: Desktop, daemon: Daemon) -> None:
    daemon.voicetype("start")
    own_desktop.server.kill()
    assert daemon.process.wait(20) == 1
    wait_until(lambda: any("The display is gone." in line for line in daemon.said), "a sentence")
    assert not any("Traceback" in line for line in daemon.said)


def test_no_window_no_dictation_and_no_open_microphone(
    own_desktop: Desktop, sound_server: SoundServer, daemon: Daemon, sentence: Path
) -> None:
    before = recording_streams(daemon)
    for _ in range(12):
        refused = daemon.voicetype("start")
        assert refused.returncode == 1
        assert "No window has the focus." in refused.stderr
    assert recording_streams(daemon) == before
    app = own_desktop.gtk()
    assert daemon.voicetype("start").returncode == 0
    assert sound_server.play(sentence).wait(60) == 0
    text = daemon.voicetype("stop").stdout.strip()
    app.shows(text)
    check_words(text)


def test_a_storm_of_calls(own_desktop: Desktop, daemon: Daemon) -> None:
    """A hundred dictations begun and dropped at once: the daemon lives, and no microphone stays open."""
    own_desktop.gtk()
    before = recording_streams(daemon)
    name, path = "org.voicetype.Daemon1", "/org/voicetype/Daemon1"
    call = f"gdbus call --session -d {name} -o {path} -m {name}"
    calls = "; ".join(f"{call}.{member}" for member in ("Toggle", "Cancel", "Toggle", "Stop"))
    storm = ["sh", "-c", f"for each in $(seq 50); do {calls}; done >/dev/null 2>&1"]
    clients = [subprocess.Popen(storm, env=daemon.env) for _ in range(2)]
    for client in clients:
        client.wait(150)
    daemon.wait_for(lambda: daemon.status().get("State") == "idle", "the daemon is idle again")
    daemon.wait_for(lambda: recording_streams(daemon) == before, "every microphone is closed")


def recording_streams(daemon: Daemon) -> int:
    command = ["pactl", "list", "short", "source-outputs"]
    return len(
        subprocess.run(
            command, env=daemon.env, capture_output=True, text=True, check=True
        ).stdout.splitlines()
    )


def test_a_terminated_daemon_leaves_what_stands(
    own_desktop: Desktop, sound_server: SoundServer, daemon: Daemon, sentence: Path
) -> None:
    app = own_desktop.gtk()
    daemon.voicetype("start")
    speech = sound_server.play(sentence)
    daemon.wait_for(lambda: bool(app.text), "a draft stands")
    daemon.process.terminate()
    assert daemon.process.wait(20) == 0
    assert app.text
    assert not any("Traceback" in line for line in daemon.said)
    assert own_desktop.user.modifiers() == 0
    speech.kill()
    speech.wait()


def replayed(recording: Path, *options: str) -> list[dict[str, Any]]:

    command = [sys.executable, "-m", "voicetype", "replay", str(recording), "--format", "jsonl", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No configuration of the user's."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("options", [["--realtime"], [], ["--patching", "window"], ["--patching", "replace"]])
def test_replay_is_a_well_formed_stream(sentence: Path, options: list[str]) -> None:

    need_models("tiny.en", "base")
    events = replayed(sentence, "--preset", "light", *options)
    assert events[0].keys() == {"type", "timestamp", "fast", "heavy"}
    assert (events[0]["fast"], events[0]["heavy"]) == ("tiny.en", "base")
    screen, ids = "", {"draft": [-1], "confirmed": [-1]}
    for event in events[1:-1]:
        match event["type"]:
            case "patch":
                screen = patch.apply(screen, Patch(event["backspaces"], event["text"]))
            case "segment":
                ids[event["confidence"]].append(event["window_id"])
                if event["confidence"] == "confirmed":
                    assert event["corrects_window_ids"][-1] == event["window_id"]
                else:
                    assert "corrects_window_ids" not in event
            case kind:
                assert kind == "dropped"
    for seen in ids.values():
        assert seen == sorted(set(seen))
    corrected = [n for e in events if "corrects_window_ids" in e for n in e["corrects_window_ids"]]
    assert corrected == list(range(corrected[-1] + 1))
    assert events[-1]["type"] == "finished"
    assert screen == events[-1]["text"]
    check_words(screen)
