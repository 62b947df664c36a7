"""The configuration file: what it may say, and what is said of one that can't be used."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicetype import config_file
from voicetype.config import Config, ModelsConfig
from voicetype.config_fields import Words
from voicetype.config_file import load, override
from voicetype.core.events import Patching
from voicetype.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the default configuration lies; it is not there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "voicetype").mkdir()
    return tmp_path / "voicetype" / "config.toml"


def refusal(file: Path, text: str) -> ConfigError:
    file.write_text(text)
    with pytest.raises(ConfigError) as refused:
        load(file)
    assert str(file) in refused.value.sentence
    assert refused.value.hint
    return refused.value


def test_without_a_file_everything_is_default(file: Path) -> None:
    assert load() == Config()
    file.write_text("")
    assert load() == load(file) == Config()


def test_the_default_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    for value in ("", "relative"):
        monkeypatch.setenv("XDG_CONFIG_HOME", value)
        assert config_file.default_path() == Path("/home/ada/.config/voicetype/config.toml")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/etc/ada")
    assert config_file.default_path() == Path("/etc/ada/voicetype/config.toml")


def test_values_of_every_kind(file: Path) -> None:
    file.write_text(
        "\ufefflanguage = 'de'\r\n[models]\nfast = 'tiny'\n[audio]\nend_s = 1\nvad_aggressiveness = 0\n"
        "[typing]\npatching = 'replace'\n[engine]\nverification = false\n"
    )
    config = load()
    assert config.language == "de"
    assert config.models == ModelsConfig(fast="tiny")
    assert config.audio.end_s == 1.0
    assert type(config.audio.end_s) is float
    assert config.audio.vad_aggressiveness == 0
    assert config.typing.patching is Patching.REPLACE
    assert config.engine.verification is False


def test_a_table_of_the_users_own_keys(file: Path) -> None:
    file.write_text("[typing.applications]\nZ = 'off'\n'*.a' = 'in-place'\n[typing]\ndrafts = false\n")
    own = load().typing.applications
    assert [*own.items()] == [("Z", "off"), ("*.a", "in-place")]
    assert own != Words({"*.a": "in-place", "Z": "off"})  # the first that matches holds
    assert own == Words(own)
    assert hash(own) == hash(Words(own))
    assert load().typing.drafts is False
    assert Config().typing.applications == Words()


def test_a_dictation_goes_by_the_configuration() -> None:
    from voicetype.making import settings  # here, since it loads everything

    assert settings(override(Config(), {"engine.verification": False})).verification is False


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        ("audio.vad_agressiveness = 1", "no key audio.vad_agressiveness.", "mean audio.vad_aggressiveness?"),
        ("beam_size = 3", "no key beam_size.", "mean engine.beam_size?"),
        ("[audio]\nbeam_sise = 3", "no key audio.beam_sise.", "mean engine.beam_size?"),
        ("[modells]\nfast = 'x'", "no key modells.", "mean models?"),
        ("audio.zzz = 1", "no key audio.zzz.", "The keys here are device, vad_aggressiveness, pre_roll_s"),
        ("audio.vad_aggressiveness = 4", "is 4; it must be from 0 to 3.", "default is 2."),
        ("audio.vad_aggressiveness = 1.0", "is 1.0; it must be a whole number.", "default is 2."),
        ("audio.pre_roll_s = 2.01", "audio.pre_roll_s is 2.01; it must be from 0 to 2.", "default is 0.5."),
        ("audio.pre_roll_s = nan", "is nan; it must be from 0 to 2.", "default is 0.5."),
        ("audio.pre_roll_s = '0.3'", 'is "0.3"; it must be a number.', "default is 0.5."),
        ("engine.fast_interval_samples = 1599", "from 1600 to 80000", "default is 4000."),
        ("engine.beam_size = 0", "it must be from 1 to 10.", "default is 5."),
        ("engine.beam_size = true", "is true; it must be a whole number.", "default is 5."),
        ("engine.verification = 1", "is 1; it must be true or false.", "default is true."),
        ("engine.verification = 'no'", 'is "no"; it must be true or false.', "default is true."),
        ("engine.threads = 0", "it must be from 1", "default is 1."),
        ("typing.characters_per_s = 10", "it must be from 20 to 1000.", "default is 250."),
        ("hotkey.tap_s = -0.1", "it must be from 0 to 2.", "default is 0.35."),
        ("typing.patching = 'Diff'", "it must be one of diff, replace, window.", 'mean "diff"?'),
        ("typing.patching = 7", "it must be one of diff, replace, window.", 'default is "diff".'),
        (
            "typing.keyboard = 'x12'",
            "it must be one of auto, clipboard, dummy, ",
            'mean "x11"?',
        ),
        ("models.preset = 'lite'", "one of accurate, auto, english, light, light-mult", 'mean "light"?'),
        ("models.fast = 3", "it must be a text in quotes.", 'default is "".'),
        ("language = 'klingon'", 'is "klingon"; it must be "auto", "locale" or a language code', "default"),
        ("language = 'local'", 'language is "local"', 'mean "locale"?'),
        ("languages = 'de'", 'is "de"; it must be a list of texts in quotes, in brackets.', "default is []."),
        (
            "languages = ['de', 'klingon']",
            'languages[1] is "klingon"; it must be a language',
            "default is []",
        ),
        ("languages = ['Dee']", 'languages[0] is "Dee"; it must be a language code', 'Did you mean "de"?'),
        ("languages = ['auto']", 'languages[0] is "auto"; it must be a language code', ""),
        ("languages = ['de', 3]", "languages[1] is 3; it must be a language code", ""),
        ("languages = [['de']]", 'languages[0] is ["de"]; it must be', ""),
        ("languages = ['de', 'en', 'de']", 'languages[2] is "de"; it is in the list already.', "Take one"),
        (
            "typing.applications = 'off'",
            'is "off"; it is a table: write [typing.applications], and',
            "is {}.",
        ),
        (
            "[typing.applications]\nkitty = 'append'",
            'applications["kitty"] is "append"; it must be one of append-only, final-only, in-place, off.',
            'mean "append-only"?',
        ),
        ("[typing.applications]\n'*' = true", 'applications["*"] is true; it must be one of', "is {}."),
        ("[typing.applications.kitty]\nx = 'off'", 'applications["kitty"] is {"x" = "off"}; it must', ""),
        ("typing.applications.org.a = 'off'", "with a dot in it is written in quotes.", ""),
        ("[typing.application]\nx = 'off'", "no key typing.application.", "mean typing.applications?"),
        ("desktop.overlay = 'yes'", "it must be one of always, auto, never.", 'default is "auto".'),
        ("models.unload_after_s = -1", "it must be from 0 to 86400.", "default is 600."),
        ("audio = 3", "audio is 3; it is a section: write [audio].", "Leave it out"),
        ("audio = [1, 2]", "audio is [1, 2]; it is a section", "Leave it out"),
        (f"models.fast = ['{'x' * 500}']", "…; it must be a text in quotes.", "default"),
        ("a = ", "is not valid TOML", "line 1"),
        ("language = 'de'\nlanguage = 'fr'", "line 2", ""),
        ("[audio\nend_s = 1", "(at line 1, column 7)", ""),
        ("x = 'abc\n\n", "at its end, line 3", ""),
        ("x = [[[", "at its end, line 1", ""),
        ("engine.beam_size = 1" + "0" * 5_000, "is not valid TOML", ""),
        ("x = " + "[" * 5_000, "is not valid TOML", ""),
    ],
)
def test_what_is_refused(file: Path, text: str, sentence: str, hint: str) -> None:
    refused = refusal(file, text)
    assert sentence in refused.sentence
    assert hint in refused.hint + refused.sentence
    assert len(refused.sentence) < 400


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no configuration file"):
        load(tmp_path / "missing.toml")
    with pytest.raises(ConfigError, match=r"is a folder, not a configuration file\."):
        load(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"language = '\xe9'")
    with pytest.raises(ConfigError, match=r"is not UTF-8 text \(byte 12\)\."):
        load(tmp_path / "latin.toml")
    loop = tmp_path / "loop.toml"
    loop.symlink_to(loop)
    with pytest.raises(ConfigError, match="can't be read"):
        load(loop)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(file: Path) -> None:
    file.touch(mode=0)
    with pytest.raises(ConfigError, match=r"can't be read: Permission denied\."):
        load()


def test_override_obeys_the_rules_of_the_file() -> None:
    config = override(Config(), {"models.fast": "tiny", "language": "de", "typing.patching": "window"})
    assert config.models.fast == "tiny"
    assert config.language == "de"
    assert config.typing.patching is Patching.WINDOW
    assert override(config, {"languages": ["de", "en"]}) == dataclasses.replace(
        config, languages=("de", "en")
    )


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("models.preset", "huge", "the command line: models.preset is"),
        ("modells.preset", "light", "the command line: there is no key modells."),
        ("models.first", "tiny", "the command line: there is no key models.first."),
        ("language.of.mine", "de", 'the command line: language is {"of" = {"mine" = "de"}}; it must be'),
        ("models", "light", "the command line: models is"),
        ("", "light", "the command line: there is no key ."),
        (".", "light", "the command line: there is no key ."),
        ("languages", [None], "the command line: languages[0] is None;"),
    ],
)
def test_override_refuses_what_the_file_may_not_say(name: str, value: object, sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        override(Config(), {name: value})
    assert refused.value.sentence.startswith(sentence)
    assert refused.value.hint


def test_every_number_has_limits_and_every_key_a_purpose() -> None:
    for section in dataclasses.fields(Config):
        part = getattr(Config(), section.name)
        for field in dataclasses.fields(part) if dataclasses.is_dataclass(part) else []:
            assert field.metadata["purpose"], f"{section.name}.{field.name}"
            if type(getattr(part, field.name)) in (int, float):
                assert "limits" in field.metadata, f"{section.name}.{field.name}"


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates()
names = st.sampled_from(["language", "models", "audio", "engine", "typing", "fast", "end_s", "patching"])
tables = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(names | st.text(), inner), max_leaves=8
)


def config_or_sentence(table: dict[str, Any]) -> None:
    refused = None
    try:
        assert isinstance(config_file.validated(table, "file"), Config)
    except ConfigError as error:
        refused = error
    assert refused is None or (refused.sentence.startswith("file: ") and refused.hint)


@given(st.dictionaries(names | st.text(), tables))
def test_any_table_is_a_config_or_a_sentence(table: dict[str, Any]) -> None:
    config_or_sentence(table)


@given(st.text())
def test_any_text_is_a_config_or_a_sentence(text: str) -> None:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    config_or_sentence(table)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.toml")
    with pytest.raises(ConfigError, match="is not a regular file"):
        load(tmp_path / "config.toml")
