"""The doctor's table: what it makes of findings, and of checks that crash or hang."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

import voicetype
from voicetype import cli, doctor
from voicetype.checks import Finding, Verdict, bad, files, good, screen, service, sound, worse
from voicetype.config import Config, HotkeyConfig, ModelsConfig, TypingConfig
from voicetype.doctor import Check, Line, can_dictate, examine, table


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A home of the test's own, no desktop, no bus, no sound."""
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "HF_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    for name in (
        "DBUS_SESSION_BUS_ADDRESS",
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "XDG_SESSION_TYPE",
        "PULSE_SERVER",
    ):
        monkeypatch.delenv(name, raising=False)


def lines_of(**findings: Finding) -> list[Line]:
    return [Line(name.replace("_", " "), finding) for name, finding in findings.items()]


FINE, WITHOUT, MISSING = good("there"), worse("not there", "Get it."), bad("not there", "Get it.")


@pytest.mark.parametrize(
    ("findings", "works"),
    [
        ({"microphone": FINE, "hotkey": FINE, "session_bus": FINE}, True),
        ({"microphone": MISSING, "hotkey": FINE, "session_bus": FINE}, False),
        ({"tray": WITHOUT, "hotkey": FINE, "session_bus": WITHOUT}, True),
        ({"tray": WITHOUT, "hotkey": WITHOUT, "session_bus": FINE}, True),
        ({"tray": FINE, "hotkey": WITHOUT, "session_bus": WITHOUT}, False),  # no way to begin
    ],
)
def test_what_dictation_can_do_without(findings: dict[str, Finding], works: bool) -> None:
    assert can_dictate(lines_of(**findings)) is works
    assert doctor.fields(lines_of(**findings))["works"] is works


def test_the_table() -> None:
    assert table(lines_of(microphone=FINE, tray=WITHOUT, disk=MISSING)).splitlines() == [
        "✓ microphone  there",
        "– tray        not there",
        "              → Get it.",
        "✗ disk        not there",
        "              → Get it.",
    ]


def test_a_check_that_crashes_or_hangs_is_a_line() -> None:
    release = threading.Event()

    def crash(_: Config) -> Finding:
        raise ZeroDivisionError("oh")

    def hang(_: Config) -> Finding:
        release.wait(60)
        return good("late")

    def leave(_: Config) -> Finding:
        raise SystemExit(3)

    checks: Mapping[str, Check] = {"one": crash, "two": hang, "three": leave, "four": lambda _: good("fine")}
    _, one, two, three, four = examine(None, checks, patience_s=0.2)
    release.set()
    assert one.finding.verdict is two.finding.verdict is three.finding.verdict is Verdict.BAD
    assert one.finding.result == "the check failed: ZeroDivisionError: oh"
    assert two.finding.result == "no answer within 0.2 s"
    assert [one.hung, two.hung, three.hung, four.hung] == [False, True, False, False]
    assert four.finding == good("fine")


def test_a_configuration_that_is_wrong_is_a_line_too(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("langauge = 'de'")
    seen: list[Config] = []

    def look(config: Config) -> Finding:
        seen.append(config)
        return FINE

    first, *_ = examine(wrong, {"one": look})
    assert first.finding == bad(f"{wrong}: there is no key langauge.", "Did you mean language?")
    assert seen == [Config()]
    first, *_ = examine(None, {})
    assert first.finding.verdict is Verdict.GOOD
    assert "(not there: defaults)" in first.finding.result


def test_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(doctor, "CHECKS", {"microphone": lambda _: FINE, "hotkey": lambda _: FINE})
    assert cli.main(["doctor", "--no-typing"]) == 0
    out, err = capsys.readouterr()
    assert [line[0] for line in out.splitlines()] == ["✓", "✓", "✓"]
    assert err == ""
    monkeypatch.setattr(doctor, "CHECKS", {"microphone": lambda _: MISSING})
    assert cli.main(["doctor", "--no-typing", "--format", "json"]) == 1
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert told["works"] is False
    assert told["checks"][1] == {
        "check": "microphone",
        "verdict": "bad",
        "result": "not there",
        "remedy": "Get it.",
    }
    assert err.startswith("Dictation can't work here yet: microphone.\n")


def test_the_command_ends_though_a_library_hangs() -> None:
    code = (
        "import atexit, functools, sys, threading\n"
        "from voicetype import cli, doctor\n"
        "forever = threading.Event()\n"
        "atexit.register(forever.wait)\n"  # as a library that cleans up would
        "hang = {'display': lambda _: forever.wait()}\n"
        "doctor.examine = functools.partial(doctor.examine, checks=hang, patience_s=0.1)\n"
        "sys.exit(cli.main(['doctor']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(voicetype.__file__).parent.parent)},
    )
    assert done.returncode == 1
    assert "✗ display        no answer within 0.1 s" in done.stdout
    assert done.stderr.startswith("Dictation can't work here yet: display.")


# What is found where nothing is


@pytest.mark.parametrize(
    ("check", "verdict", "told"),
    [
        (screen.session, Verdict.WORSE, "neither DISPLAY nor WAYLAND_DISPLAY is set"),
        (screen.keyboard, Verdict.BAD, "There is no desktop to type on"),
        (screen.hotkey, Verdict.WORSE, "x11: There is no X display."),
        (sound.sound_server, Verdict.WORSE, "none runs"),
        (service.session_bus, Verdict.WORSE, "There is no session bus."),
        (service.daemon, Verdict.WORSE, "not running"),
        (files.disk, Verdict.GOOD, "GB free"),
    ],
)
def test_a_bare_machine(check: Check, verdict: Verdict, told: str) -> None:
    finding = check(Config())
    assert finding.verdict is verdict
    assert told in finding.result
    assert bool(finding.remedy) is (verdict is not Verdict.GOOD)


def test_what_was_set_otherwise() -> None:
    dummy = Config(typing=TypingConfig(keyboard="dummy"))
    assert screen.keyboard(dummy).verdict is Verdict.WORSE
    assert "hotkey.key is empty" in screen.hotkey(Config(hotkey=HotkeyConfig(key=""))).result
    assert "nothing is typed" in screen.hotkey(dummy).result


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # python-xlib leaves its sockets
def test_displays_that_do_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-7")
    monkeypatch.setenv("DISPLAY", ":12345")
    told = screen.session(Config())
    assert told.verdict is Verdict.WORSE
    assert "WAYLAND_DISPLAY=wayland-7 does not answer" in told.result
    assert "DISPLAY=:12345 does not answer" in told.result
    monkeypatch.delenv("WAYLAND_DISPLAY")
    assert screen.keyboard(Config()).verdict is Verdict.BAD


def test_a_wayland_session_that_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.setenv("XDG_SESSION_TYPE", "wayland")
    monkeypatch.chdir(tmp_path)  # a socket's path may have 108 bytes
    with socket.socket(socket.AF_UNIX) as compositor:
        compositor.bind("wayland-0")
        compositor.listen()
        told = screen.session(Config())
    assert told == good("wayland session: the Wayland display wayland-0 answers")
    assert "compositor offers no" in screen.keyboard(Config()).result


def test_models(tmp_path: Path) -> None:
    config = Config(models=ModelsConfig(preset="light", folder=str(tmp_path)))
    assert "tiny.en and base: not on this machine" in files.both_models(config).result
    for name in ("tiny.en", "base"):
        (tmp_path / name).mkdir()
        for file in ("config.json", "model.bin"):
            (tmp_path / name / file).write_text("{}")
    assert files.both_models(config) == good("tiny.en and base are here, whole")
    (tmp_path / "base" / "model.bin").unlink()
    assert files.both_models(config).remedy.startswith("Fetch 145 MB")
    (tmp_path / "base" / "model.bin").write_text("{}")
    german = Config(language="de", models=ModelsConfig(preset="light-multilingual", folder=str(tmp_path)))
    told = files.both_models(german)  # as where the hub can't be reached: the daemon goes on with base
    assert (told.verdict, told.result) == (
        Verdict.WORSE,
        "tiny: not on this machine; until then base will do",
    )
    assert told.remedy.startswith("Fetch 76 MB")
    named = ModelsConfig(preset="light-multilingual", fast="tiny", folder=str(tmp_path))
    assert files.both_models(Config(models=named)).verdict is Verdict.BAD  # which nothing takes the place of
    unknown = files.both_models(Config(models=ModelsConfig(preset="light", fast="tinny")))
    assert unknown.result == "There is no model called 'tinny'."
    assert "tiny" in unknown.remedy
    folder = files.both_models(Config(models=ModelsConfig(preset="light", fast="/nonexistent/model")))
    assert folder.result == "There is no whole model in the folder /nonexistent/model."


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**8))
    config = Config(models=ModelsConfig(preset="light", folder=str(tmp_path / "not/yet/there")))
    assert files.disk(config).verdict is Verdict.BAD
