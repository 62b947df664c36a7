"""The parts by their configuration: choices that hold, files that change, and what can't be."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.deadline import wait_until
from tests.fakes import FakeTranscriber
from voicetype import hotkeys, keyboards, logs, making
from voicetype.audience import Audience
from voicetype.config import Config
from voicetype.config_fields import Words
from voicetype.config_file import load
from voicetype.core.events import Showing
from voicetype.core.stream import StreamEvent
from voicetype.desktop import Desktop, wish
from voicetype.engine import models
from voicetype.errors import ConfigError, HotkeyError, KeyboardError, ModelError
from voicetype.hotkey import KeyEvent
from voicetype.hotkey.dummy import DummyHotkey
from voicetype.keyboard.dummy import DummyKeyboard

BASE = """\
language = "en"  # mine
[models]
preset = "light"
[typing]
keyboard = "dummy"
[desktop]
tray = false
overlay = "never"
"""


@dataclass
class Paper:
    """A printer that keeps what is printed."""

    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __call__(self, event: StreamEvent) -> None:
        """No dictation runs here."""

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)

    def problem(self, sentence: str, hint: str) -> None:
        assert hint
        self.problems.append(sentence)


@dataclass
class Rig:
    desktop: Desktop
    file: Path
    paper: Paper

    def write(self, text: str) -> None:
        """As an editor would."""
        self.file.write_text(text)


Start = Callable[..., Rig]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Start]:
    """A desktop whose models are false."""
    monkeypatch.setattr(models, "ensure", lambda name, *_: Path(name))
    monkeypatch.setattr(making, "open_model", lambda _folder, name, *_: FakeTranscriber(name, str))
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    started: list[Desktop] = []

    def begin(text: str = BASE, **once: object) -> Rig:
        file = tmp_path / "config.toml"
        file.write_text(text)
        paper = Paper()
        named = {name.replace("__", "."): value for name, value in once.items()}
        made = Desktop(wish(file, named), Audience(paper))
        made.open(lambda _: None, lambda: None)
        assert made.models.wait_ready()
        started.append(made)
        return Rig(made, file, paper)

    yield begin
    for each in started:
        each.close()
    logs.configure()


def showing(rig: Rig) -> Showing:
    return rig.desktop.settings.terms.showing


def test_a_choice_holds_from_the_next_dictation_on_and_stands_in_the_file(start: Start) -> None:
    rig = start()
    rig.desktop.change({"typing.drafts": False, "audio.end_s": 1.0}, keep=True)
    assert showing(rig) is Showing.DRAFTS  # a dictation may be running
    assert rig.desktop.config.typing.drafts is False
    rig.desktop.settle()
    assert showing(rig) is Showing.FINAL
    assert rig.desktop.settings.rules.end_s == 1.0
    assert load(rig.file).typing.drafts is False
    assert "# mine" in rig.file.read_text()
    assert len(rig.paper.notes) == 2


def test_a_rule_for_an_application_holds_from_the_next_dictation_on(start: Start) -> None:
    rig = start()
    rig.write(f'{BASE}\n[typing.applications]\n"*kitty*" = "in-place"\n')
    rig.desktop.reload()
    rig.desktop.settle()
    assert rig.desktop.settings.applications == Words({"*kitty*": "in-place"})
    assert "typing.applications is now *kitty*: in-place (was empty)." in rig.paper.notes
    rig.desktop.change({"typing.drafts": False}, keep=True)
    assert '\n[typing.applications]\n"*kitty*" = "in-place"\n' in rig.file.read_text()
    assert load(rig.file).typing.applications == Words({"*kitty*": "in-place"})


def test_what_is_logged_follows_the_file_unless_the_command_line_says(start: Start) -> None:
    rig, theirs = start(logs__level="debug"), logging.getLogger("a_library")
    ours = logging.getLogger("voicetype.x")
    assert ours.isEnabledFor(logging.DEBUG)
    rig.write(f'{BASE}\n[logs]\nlevel = "error"\n[logs.libraries]\na_library = "info"\n')
    rig.desktop.reload()
    assert not theirs.isEnabledFor(logging.INFO)
    rig.desktop.settle()
    assert theirs.isEnabledFor(logging.INFO)
    assert ours.isEnabledFor(logging.DEBUG)
    rig.write(BASE)
    rig.desktop.reload()
    rig.desktop.settle()
    assert not theirs.isEnabledFor(logging.INFO)


def test_our_own_change_of_the_file_is_no_news(start: Start) -> None:
    rig = start()
    rig.desktop.change({"typing.drafts": False}, keep=True)
    rig.desktop.settle()
    rig.paper.notes.clear()
    rig.desktop.reload()
    rig.desktop.settle()
    assert rig.paper.notes == []


def test_what_scripts_set_holds_until_the_end_and_is_not_written(start: Start) -> None:
    rig = start()
    rig.desktop.change({"models.fast": "base.en", "models.heavy": "small.en"}, keep=False)
    rig.desktop.settle()
    assert rig.file.read_text() == BASE
    rig.write(BASE.replace("light", "english"))
    rig.desktop.reload()  # what was set once is stronger
    assert rig.desktop.config.models.fast == "base.en"


def test_a_choice_in_the_tray_is_stronger_than_the_command_line(start: Start) -> None:
    rig = start(typing__drafts=False)
    assert showing(rig) is Showing.FINAL
    rig.desktop.change({"typing.drafts": True}, keep=True)
    rig.desktop.settle()
    assert showing(rig) is Showing.DRAFTS


def test_a_file_that_changes_is_read_and_told(start: Start) -> None:
    rig = start()
    rig.write(BASE.replace("light", "english") + "[hotkey]\ntap_s = 0.5\n")
    rig.desktop.reload()
    rig.desktop.settle()
    assert rig.desktop.tap_s == 0.5
    assert any("models.preset" in note and "english" in note for note in rig.paper.notes)
    assert rig.desktop.models.heavy.wait_ready()


@pytest.mark.parametrize(
    "text",
    [
        "language = ",
        BASE + "[hotkey]\ntap = 3\n",
        BASE.replace('"en"', '"de"'),  # the light preset's tiny.en hears English alone
        BASE.replace("[typing]", 'heavy = "huge"\n[typing]'),
    ],
)
def test_a_file_that_can_not_be_used_changes_nothing(start: Start, text: str) -> None:
    rig = start()
    before = rig.desktop.config
    rig.write(text)
    with pytest.raises((ConfigError, ModelError)):
        rig.desktop.reload()
    rig.desktop.settle()
    assert rig.desktop.config == before
    assert rig.desktop.settings.language == "en"
    rig.write(BASE.replace("light", "english"))
    rig.desktop.reload()  # it was mended
    assert rig.desktop.config.models.preset == "english"


def test_a_file_that_is_gone_means_the_defaults(start: Start) -> None:
    rig = start(typing__keyboard="dummy")
    rig.file.unlink()
    rig.desktop.reload()
    assert rig.desktop.config.models.preset == "auto"
    assert rig.desktop.config.typing.keyboard == "dummy"


def test_that_file_is_gone_and_another_one_is_not_read(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "voicetype").mkdir()
    (tmp_path / "voicetype" / "config.toml").write_text("audio.end_s = 2.0\n")  # the usual one
    rig = start(typing__keyboard="dummy")
    rig.file.unlink()
    rig.desktop.reload()
    assert rig.desktop.config.audio.end_s == Config().audio.end_s
    rig.file.symlink_to(rig.file)  # leads to itself
    with pytest.raises(ConfigError, match="can't be read"):
        rig.desktop.reload()


@pytest.mark.parametrize("keep", [True, False])
def test_the_same_models_chosen_again_are_tried_again(
    start: Start, monkeypatch: pytest.MonkeyPatch, keep: bool
) -> None:
    def none(name: str, *_: object) -> Path:
        raise ModelError(f"The model {name} can't be had.", "Check the connection.")

    rig, choice = start(), {"models.fast": "tiny.en", "models.heavy": "small.en"}
    monkeypatch.setattr(models, "ensure", none)
    rig.desktop.change(choice, keep=keep)
    rig.desktop.settle()
    wait_until(lambda: rig.paper.problems == ["The model tiny.en can't be had."], "it is told")
    rig.desktop.settle()
    monkeypatch.setattr(models, "ensure", lambda name, *_: Path(name))
    rig.desktop.change(choice, keep=keep)
    rig.desktop.settle()
    wait_until(lambda: rig.desktop.models.names() == ("tiny.en", "small.en"), "the new model")


@pytest.mark.parametrize("keep", [True, False])
def test_what_can_not_go_together_is_refused_and_not_written(start: Start, keep: bool) -> None:
    rig = start()
    with pytest.raises(ConfigError, match=r"tiny\.en knows English alone"):
        rig.desktop.change({"language": "de"}, keep=keep)
    with pytest.raises(ModelError, match="no model called 'huge'"):
        rig.desktop.change({"models.fast": "huge"}, keep=keep)
    assert rig.file.read_text() == BASE
    assert rig.desktop.config.language == "en"


def test_a_choice_that_can_not_be_written_holds_all_the_same(start: Start) -> None:
    rig = start()
    rig.write("language = ")  # broken meanwhile, by hand
    with pytest.raises(ConfigError):
        rig.desktop.change({"typing.drafts": False}, keep=True)
    rig.desktop.settle()
    assert showing(rig) is Showing.FINAL
    assert rig.file.read_text() == "language = "


class OtherKeyboard(DummyKeyboard):
    name = "other"


class OtherHotkey(DummyHotkey):
    name = "other: F9"


def test_another_way_to_type_and_another_key(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = start()
    assert rig.desktop.ways == ("dummy", "none")
    monkeypatch.setattr(keyboards, "chosen", lambda *_: OtherKeyboard())
    monkeypatch.setattr(hotkeys, "chosen", lambda *_: OtherHotkey())
    rig.desktop.change({"typing.characters_per_s": 100}, keep=False)
    rig.desktop.settle()
    assert rig.desktop.ways == ("other", "other: F9")


def test_a_way_to_type_that_is_not_to_be_had_leaves_the_old_one(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise KeyboardError("There is no such display.", "Start one.")

    rig = start()
    monkeypatch.setattr(keyboards, "chosen", none)
    rig.desktop.change({"typing.characters_per_s": 100}, keep=False)
    rig.desktop.settle()
    assert rig.desktop.ways == ("dummy", "none")
    assert rig.paper.problems == ["There is no such display."]
    rig.desktop.settle()
    assert len(rig.paper.problems) == 1  # said once


def test_a_key_that_is_taken_is_told_and_toggle_remains(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Taken(OtherHotkey):
        def open(self, observer: Callable[[KeyEvent], None]) -> None:
            raise HotkeyError(f"The key F9 is taken ({observer.__name__}).", "Choose another one.")

    rig = start()
    monkeypatch.setattr(hotkeys, "chosen", lambda *_: Taken())
    rig.desktop.change({"hotkey.key": "F9"}, keep=False)
    rig.desktop.settle()
    assert rig.desktop.ways == ("dummy", "none")
    assert len(rig.paper.problems) == 1
