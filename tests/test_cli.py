"""The commands: exit codes, sentences, help, and how little `status` needs to load."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

import voicetype
from voicetype import cli
from voicetype.arguments import parser, with_default_command
from voicetype.commands.options import asked, configuration
from voicetype.config import MODEL_PRESETS, Config, ModelsConfig
from voicetype.core.events import Patching

ROOT = Path(voicetype.__file__).parent.parent


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A home of the test's own, and no session bus."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "HF_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)


def child(code: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a program of one line in the project."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | environ
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )


def test_a_failure_is_a_sentence_and_a_hint(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cli.main(["status"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0] == "There is no session bus."
    assert len(err.splitlines()) == 2
    (tmp_path / "bad.toml").write_text("beam_size = 3")
    assert cli.main(["config", "--config", str(tmp_path / "bad.toml")]) == 1
    out, err = capsys.readouterr()
    assert err.splitlines() == [
        f"{tmp_path}/bad.toml: there is no key beam_size.",
        "Did you mean engine.beam_size?",
    ]


def test_without_a_home_that_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", nobody)
    for argv in (["config"], ["doctor"], ["models", "get"], ["run"]):
        assert cli.main(argv) == 1
        assert capsys.readouterr().err.startswith("There is no home folder: ")
    assert cli.main(["--help"]) == 0


@pytest.mark.parametrize(
    "argv",
    [
        ["--help"],
        ["--version"],
        *(
            [command, "--help"]
            for command in ("run", "replay", "transcribe", "models", "config", "status", "listen", "doctor")
        ),
        ["models", "get", "--help"],
    ],
)
def test_help_is_no_failure(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(argv) == 0
    assert capsys.readouterr().out


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["--help"])
    shown = capsys.readouterr().out
    for line in ("examples:", "voicetype replay talk.wav --realtime", "exit codes: 0 done"):
        assert line in shown


def test_the_examples_of_the_help_parse() -> None:
    for line in (parser().epilog or "").splitlines():
        if line.startswith("  voicetype"):
            words = line.split("  ")[1].split(" > ")[0].split()
            parser().parse_args(with_default_command(words[1:]))


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["dance"], "invalid choice: 'dance'"),
        (["replay"], "required: FILE"),
        (["replay", "x", "--realtme"], "unrecognized arguments: --realtme"),
        (["replay", "x", "--format", "xml"], "invalid choice: 'xml'"),
        (["run", "--patching", "dif"], 'must be one of diff, replace, window. Did you mean "diff"?'),
        (["run", "--keyboard", "x12"], 'Did you mean "x11"?'),
        (["--preset", "lite"], 'Did you mean "light"?'),
        (["start", "--language", "klingon"], 'language is "klingon"'),
        (["models", "remove"], "required: NAME"),
        (["status", "now"], "unrecognized arguments: now"),
    ],
)
def test_usage(argv: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err
    assert err.startswith("usage: voicetype")


@pytest.mark.parametrize(
    ("argv", "full"),
    [
        ([], ["run"]),
        (["--fast", "tiny"], ["run", "--fast", "tiny"]),
        (["--config", "status"], ["run", "--config", "status"]),
        (["--config=x", "--verbose"], ["run", "--config=x", "--verbose"]),
        (["--verbose", "status"], ["--verbose", "status"]),
        (["--config", "x", "status"], ["--config", "x", "status"]),
        (["--help"], ["--help"]),
        (["status"], ["status"]),
        (["--config"], ["run", "--config"]),
    ],
)
def test_without_a_command_it_runs(argv: list[str], full: list[str]) -> None:
    assert with_default_command(argv) == full


def config_of(*argv: str) -> Config:
    return asked(parser().parse_args(with_default_command(argv)))


def test_settings_of_the_command_line(tmp_path: Path) -> None:
    config = config_of("--fast", "tiny", "--language", "de", "--patching", "window", "--keyboard", "dummy")
    assert config.models == ModelsConfig(fast="tiny")
    assert (config.language, config.typing.patching, config.typing.keyboard) == (
        "de",
        Patching.WINDOW,
        "dummy",
    )
    file = tmp_path / "my.toml"
    file.write_text("[models]\npreset = 'english'\nheavy = 'medium'\n")
    for argv in (["--config", str(file), "run"], ["run", "--config", str(file)]):
        assert config_of(*argv).models == ModelsConfig(preset="english", heavy="medium")
    assert config_of("--config", str(file), "--preset", "light").models == ModelsConfig(preset="light")
    light = config_of("--config", str(file), "--preset", "light", "--heavy", "small").models
    assert light == ModelsConfig(preset="light", heavy="small")


def test_what_is_left_open_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    config = configuration(parser().parse_args(["run"]))
    assert config.language == "de"
    assert config.models.preset in ("light-multilingual", "multilingual")
    assert configuration(parser().parse_args(["run", "--preset", "light"])).language == "en"


def test_the_help_names_every_preset(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["run", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    named = shown.partition("--preset NAME ")[2].partition(" --")[0]
    assert set(named.replace(" or ", ", ").split(", ")) == set(MODEL_PRESETS)


def test_config_init_writes_a_file_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    usual = tmp_path / "XDG_CONFIG_HOME" / "voicetype" / "config.toml"
    for argv, file in (
        (["config", "init"], usual),
        (["config", "init", "--config", str(tmp_path / "a" / "my.toml")], tmp_path / "a" / "my.toml"),
        (["--config", str(tmp_path / "other.toml"), "config", "init"], tmp_path / "other.toml"),
    ):
        assert cli.main(argv) == 0
        assert str(file) in capsys.readouterr().out
        assert "# preset = " in file.read_text()
        assert cli.main(argv) == 1
        assert "There is a configuration file already" in capsys.readouterr().err


def test_config_shows_what_is_decided_here(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    for name in ("WAYLAND_DISPLAY", "XDG_SESSION_TYPE", "DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert cli.main(["config"]) == 0
    shown = capsys.readouterr().out
    assert 'language = "locale"                    # default; here: fr\n' in shown
    assert "# default; here: none. There is no desktop to type on" in shown


def test_config_shows_values_and_origins(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text("language = 'de'")
    assert cli.main(["--config", str(file), "config"]) == 0
    shown = capsys.readouterr().out
    assert 'language = "de"                        # from the file' in shown
    assert "beam_size = 5                          # default" in shown
    assert cli.main(["config", "--path"]) == 0
    assert capsys.readouterr().out == f"{tmp_path}/XDG_CONFIG_HOME/voicetype/config.toml\n"


def test_models_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models"]) == cli.main(["models", "list"]) == 0
    assert "tiny.en" in capsys.readouterr().out
    assert cli.main(["models", "get", "tinny"]) == 1
    assert "There is no model called 'tinny'." in capsys.readouterr().err
    assert cli.main(["models", "remove", "tiny"]) == 1
    assert "not on this machine" in capsys.readouterr().err


PROPERTIES: Mapping[str, object] = {"State": "idle", "Ready": True, "Language": "auto"}


def test_status(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("voicetype.client.properties", lambda: PROPERTIES)
    assert cli.main(["status"]) == 0
    assert capsys.readouterr().out == "State       idle\nReady       yes\nLanguage    auto\n"
    assert cli.main(["status", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out).items() >= PROPERTIES.items()


def test_clients_say_what_they_ask(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[object] = []

    def call(member: str, signature: str = "", *arguments: object, **_: float) -> list[object]:
        asked.append((member, signature, *arguments))
        return ["The text."] if member == "Stop" else []

    monkeypatch.setattr("voicetype.client.call", call)
    assert [cli.main([each]) for each in ("start", "stop", "toggle", "cancel", "undo")] == [0] * 5
    assert asked == [("Start", "a{sv}", {}), ("Stop", ""), ("Toggle", ""), ("Cancel", ""), ("UndoLast", "")]
    assert capsys.readouterr().out == "The text.\n"


def test_ctrl_c_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def call(*_: object, **__: object) -> list[object]:
        raise KeyboardInterrupt

    monkeypatch.setattr("voicetype.client.call", call)
    assert cli.main(["stop"]) == 130
    assert capsys.readouterr() == ("", "")


def test_a_reader_that_leaves_is_no_noise() -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", "input(); import voicetype.cli as c, sys; sys.exit(c.main(['config']))"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.write(b"\n")
        process.stdin.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 130


def test_a_printer_whose_reader_has_left_ends_the_program() -> None:
    """As in `voicetype run --format jsonl | head -1`: the main thread waits, another one prints."""
    code = (
        "import os, sys, threading\n"
        "from voicetype import cli, console\n"
        "from voicetype.core.stream import Dropped\n"
        "def run(options):\n"
        "    reader, writer = os.pipe(); os.close(reader); os.dup2(writer, 1)\n"
        "    printer = console.printer(console.Format.JSONL)\n"
        "    threading.Thread(target=lambda: printer(Dropped('fast', 1, 1.0))).start()\n"
        "    threading.Event().wait()\n"
        "from voicetype.commands import dictation; dictation.run = run\n"
        "sys.exit(cli.main(['run']))\n"
    )
    ended = child(code)
    assert ended.stderr == ""
    assert ended.returncode in (130, -signal.SIGINT)


@pytest.mark.parametrize("argv", [["status"], ["toggle"], ["config"], ["--help"]])
def test_nothing_heavy_is_loaded(argv: list[str]) -> None:
    code = (
        f"import sys; from voicetype.cli import main; main({argv!r})\n"
        "heavy = {'numpy', 'faster_whisper', 'ctranslate2', 'reactivex', 'Xlib', 'sounddevice', 'tqdm',"
        " 'huggingface_hub', 'webrtcvad', 'av', 'onnxruntime'}\n"
        "print('loaded:', sorted(heavy & set(sys.modules)))\n"
    )
    assert child(code).stdout.splitlines()[-1] == "loaded: []"


def test_the_log_is_plain_and_says_nothing_of_the_libraries_chatter() -> None:
    code = (
        "import logging; from voicetype import logs\n"
        "logs.configure(); logs.configure()\n"
        "ours, theirs = logging.getLogger('voicetype.x'), logging.getLogger('faster_whisper')\n"
        "ours.debug('dictated'); ours.info('ready'); ours.warning('hm')\n"
        "theirs.info('chatter'); theirs.warning('old file')\n"
        "logs.configure('debug'); ours.debug('more')\n"
    )
    assert child(code).stderr.splitlines() == [
        "ready",
        "warning: voicetype.x: hm",
        "warning: faster_whisper: old file",
        "debug: voicetype.x: more",
    ]


def test_the_module_is_a_program() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "voicetype", "--version"], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert ended.stdout == f"voicetype {voicetype.__version__}\n"


def test_what_is_said_while_a_library_turns_stderr_away_is_not_lost() -> None:
    code = """
import os, sys
from voicetype import cli
def run(options):
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    print("a sentence", file=sys.stderr)
    os.write(2, b"a library\\n")
    return 0
cli.import_module = lambda name: sys.modules["__main__"]
cli.main(["devices"])
"""
    assert child(code).stderr == "a sentence\n"
