"""The file as it is written and shown: the commented default, every value, single choices."""

from __future__ import annotations

import dataclasses
import errno
import os
import re
import stat
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from voicetype.config import Config
from voicetype.config_fields import Words
from voicetype.config_file import as_toml, flat, load, override
from voicetype.config_showing import explain, initial_text, plain
from voicetype.config_writing import initialise, save
from voicetype.core.events import Patching
from voicetype.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the default configuration lies; neither it nor its folder is there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "voicetype" / "config.toml"


def refusal(values: Mapping[str, object], path: Path) -> ConfigError:
    """What `save` says; it must have left the file and its folder as they were."""
    before = [(each, each.read_bytes()) for each in sorted(path.parent.iterdir()) if each.is_file()]
    with pytest.raises(ConfigError) as refused:
        save(values, path)
    assert [(each, each.read_bytes()) for each in sorted(path.parent.iterdir()) if each.is_file()] == before
    assert refused.value.hint
    return refused.value


# The commented default file.


def uncommented(text: str) -> str:
    return re.sub(r"^# (?=\w+ = )", "", text, flags=re.MULTILINE)


def test_the_default_file_changes_nothing(file: Path) -> None:
    assert initialise() == file
    assert load() == Config()
    sections = {
        f.name for f in dataclasses.fields(Config) if dataclasses.is_dataclass(getattr(Config(), f.name))
    }
    assert tomllib.loads(file.read_text()).keys() == sections
    assert list(file.parent.iterdir()) == [file]  # nothing unfinished is left


def test_every_line_of_it_may_be_taken_into_force(tmp_path: Path) -> None:
    file = tmp_path / "all.toml"
    file.write_text(uncommented(initial_text(file)))
    assert load(file) == Config()
    assert all(line.endswith("# from the file") for line in explain(file) if " = " in line)


def test_it_says_what_each_key_is_for_and_may_hold(file: Path) -> None:
    text = initial_text(file)
    assert text.startswith(f"# The configuration of voicetype: {file}\n")
    assert (
        "\n\n# two models that go together; auto: by language, memory and processor\n"
        '# one of accurate, auto, english, light, light-multilingual, multilingual\n# preset = "auto"\n'
    ) in text
    assert "# from 0 to 3\n# vad_aggressiveness = 2\n" in text
    assert '# one of diff, replace, window\n# patching = "diff"\n' in text
    assert "# each is a language code of Whisper (en, de, zh …)\n# languages = []\n" in text
    assert max(map(len, text.splitlines())) <= 100 or len(str(file)) > 60


def test_a_file_that_is_there_is_not_overwritten(file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_text("language = 'de'")
    with pytest.raises(ConfigError, match="There is a configuration file already") as refused:
        initialise()
    assert "remove it" in refused.value.hint
    assert file.read_text() == "language = 'de'"
    with pytest.raises(ConfigError, match="There is a configuration file already"):
        initialise(file.parent)  # a folder is not overwritten either


def test_a_name_that_no_comment_may_hold(tmp_path: Path) -> None:
    file = tmp_path / "a\nlanguage = 3 \x7f\udcff.toml"
    initialise(file)
    assert load(file) == Config()
    assert explain(file)[0] == f"# {tmp_path}/a?language = 3 ??.toml"


@pytest.mark.parametrize("write", [initialise, lambda path: save({"language": "de"}, path)])
def test_where_nothing_can_be_written(tmp_path: Path, write: Any) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"can't be (written|read): Not a directory\."):
        write(tmp_path / "file" / "config.toml")
    with pytest.raises(ConfigError, match=r"can't be written: "):
        write(Path("/proc/voicetype/config.toml"))
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    with pytest.raises(ConfigError, match=r"can't be (written|read): "):
        write(tmp_path / "loop.toml")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_and_a_file_without_permission(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(ConfigError, match=r"can't be written: Permission denied\."):
        initialise(tmp_path / "closed" / "config.toml")
    (tmp_path / "config.toml").write_text("")
    (tmp_path / "config.toml").chmod(0o400)
    refused = refusal({"language": "de"}, tmp_path / "config.toml")
    assert refused.sentence.endswith("can't be written: it is read-only.")


def test_a_disk_that_is_full_leaves_the_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config.toml"
    file.write_text("language = 'fr'\n")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    refused = refusal({"language": "de"}, file)
    assert refused.sentence == f"{file} can't be written: No space left on device."
    assert refused.hint.startswith("Make room")


# Every value, and where it comes from.


def test_explain_names_every_value_and_its_origin(file: Path) -> None:
    assert "not there" in explain()[0]
    file.parent.mkdir(parents=True)
    file.write_text("languages = ['de']\n[audio]\nend_s = 0.8\n")
    lines = explain()
    assert lines[0] == f"# {file}"
    assert "end_s = 0.8                            # from the file" in lines
    assert 'languages = ["de"]                     # from the file' in lines
    assert 'language = "locale"                    # default' in lines
    assert "[typing.applications]                  # default" in lines
    # The lines are a configuration file themselves, with the same values.
    again = file.with_name("again.toml")
    again.write_text("\n".join(lines))
    assert load(again) == load()
    assert all("# from the file" in line for line in explain(again) if "=" in line)


@pytest.mark.usefixtures("file")
def test_explain_says_what_auto_comes_to_here(tmp_path: Path) -> None:
    here = {"language": "de", "models.preset": "light (tiny.en + base)", "models.fast": "a\nb"}
    lines = explain(None, here)
    assert 'preset = "auto"                        # default; here: light (tiny.en + base)' in lines
    assert 'language = "locale"                    # default; here: de' in lines
    again = tmp_path / "again.toml"
    again.write_text("\n".join(lines))
    assert load(again) == Config()


def test_explain_refuses_what_load_refuses(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("models = 3")
    with pytest.raises(ConfigError, match="it is a section"):
        explain(tmp_path / "bad.toml")
    with pytest.raises(ConfigError, match="There is no configuration file"):
        explain(tmp_path / "missing.toml")


# Single choices.


def test_a_choice_is_written_where_the_default_stood(file: Path) -> None:
    save({"language": "de", "models.preset": "light", "audio.device": "USB", "languages": ("de", "en")})
    expected = initial_text(file)
    for old, new in (
        ('# language = "locale"', 'language = "de"'),
        ("# languages = []", 'languages = ["de", "en"]'),
        ('# preset = "auto"', 'preset = "light"'),
    ):
        assert expected.count(old) == 1
        expected = expected.replace(old, new)
    audio = expected.index("[audio]")
    expected = expected[:audio] + expected[audio:].replace('# device = ""', 'device = "USB"')
    assert file.read_text() == expected


@pytest.mark.parametrize(
    ("before", "values", "after"),
    [
        (
            "# mine\nlanguage = 'fr'   # at home\n",
            {"language": "de"},
            '# mine\nlanguage = "de"   # at home\n',
        ),
        (
            "[audio]\nend_s = 0.8 # long\n\n[typing]\n",
            {"audio.end_s": 1},
            "[audio]\nend_s = 1.0 # long\n\n[typing]\n",
        ),
        ("[models]\nfast = 'tiny'\n", {"language": "de"}, "language = \"de\"\n\n[models]\nfast = 'tiny'\n"),
        (
            "[models]\nfast = 'tiny'\n",
            {"models.preset": "light"},
            "[models]\nfast = 'tiny'\npreset = \"light\"\n",
        ),
        ("models.fast = 'tiny'\n", {"models.fast": "base"}, 'models.fast = "base"\n'),
        ("models = { fast = 'tiny' } # x\n", {"models.fast": "base"}, 'models = { fast = "base" } # x\n'),
        (
            "language = 'fr'\n",
            {"typing.patching": Patching.WINDOW},
            "language = 'fr'\n\n[typing]\npatching = \"window\"\n",
        ),
        (
            "[typing.applications]\n# mine\nkitty = 'off' # why\n",
            {"typing.applications": {"kitty": "in-place", "*term*": "off"}},
            '[typing.applications]\n# mine\nkitty = "in-place" # why\n"*term*" = "off"\n',
        ),
        (
            "[typing.applications]\nkitty = 'off'\nfoot = 'off' # never\n\n[audio]\nend_s = 1\n",
            {"typing.applications": {"foot": "off"}},
            "[typing.applications]\nfoot = 'off' # never\n\n[audio]\nend_s = 1\n",
        ),
        (
            "[typing.applications]\nkitty = 'off'\n",
            {"typing.drafts": False},
            "[typing]\ndrafts = false\n\n[typing.applications]\nkitty = 'off'\n",
        ),
        # A note of the user's own is no line of the default file.
        (
            "# language = 'fr' in Paris\n# language = \"fr\"\n",
            {"language": "de"},
            '# language = \'fr\' in Paris\n# language = "fr"\nlanguage = "de"\n',
        ),
        ('#language = "locale"\n', {"language": "de"}, 'language = "de"\n'),
        (
            '[audio]\n# device = ""\n[models]\n# device = "auto"\n',
            {"models.device": "cpu"},
            '[audio]\n# device = ""\n[models]\ndevice = "cpu"\n',
        ),
        # A line inside a text is no comment.
        (
            "[models]\nfast = '''\n# heavy = \"\"\n'''\n",
            {"models.heavy": "small"},
            "[models]\nfast = '''\n# heavy = \"\"\n'''\nheavy = \"small\"\n",
        ),
        ("\ufefflanguage = 'fr'\r\n", {"language": "de"}, '\ufefflanguage = "de"\r\n'),
        (
            "[audio]\r\nend_s = 1\r\n",
            {"audio.sounds": True},
            "[audio]\r\nend_s = 1\r\nsounds = true\r\n",
        ),
        ("language = 'fr'", {"language": "fr"}, 'language = "fr"'),
        ("", {}, ""),
    ],
)
def test_all_else_stays(tmp_path: Path, before: str, values: Mapping[str, object], after: str) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(before.encode())
    save(values, file)
    assert file.read_bytes().decode() == after


@pytest.mark.parametrize(
    ("text", "values", "sentence"),
    [
        ("", {"language": "klingon"}, 'the choice: language is "klingon"; it must be'),
        ("", {"language": "de", "modells.fast": "x"}, "the choice: there is no key modells."),
        ("", {"models": {"fast": "x"}}, "the choice: models is a section."),
        ("", {"audio.end_s": float("nan")}, "the choice: audio.end_s is nan; it must be from 0.1 to 5."),
        ("", {"models.fast": "\udcff"}, "can't be written: '\\udcff' is no character."),
        ("language = 3", {"language": "de"}, "config.toml: language is 3; it must be"),
        ("beam_size = 3", {"language": "de"}, "config.toml: there is no key beam_size."),
        ("models = 3", {"models.fast": "x"}, "config.toml: models is 3; it is a section"),
        ("[audio", {"language": "de"}, "config.toml is not valid TOML"),
    ],
)
def test_what_is_not_written(tmp_path: Path, text: str, values: Mapping[str, object], sentence: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    assert sentence in refusal(values, file).sentence


def test_files_that_no_choice_is_written_into(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"language = '\xe9'")
    assert "is not UTF-8 text (byte 12)." in refusal({"language": "de"}, tmp_path / "latin.toml").sentence
    (tmp_path / "folder.toml").mkdir()
    assert "is a folder" in refusal({"language": "de"}, tmp_path / "folder.toml").sentence
    os.mkfifo(tmp_path / "pipe.toml")
    assert "is not a regular file" in refusal({"language": "de"}, tmp_path / "pipe.toml").sentence


def test_a_link_stays_a_link_and_a_mode_a_mode(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    real, link = tmp_path / "dotfiles" / "voicetype.toml", tmp_path / "config.toml"
    link.symlink_to("dotfiles/voicetype.toml")
    save({"language": "de"}, link)  # as it dangles
    assert load(real).language == "de"
    for mode in (0o640, 0o600):
        real.chmod(mode)
        save({"language": "fr" if mode == 0o600 else "es"}, link)
        assert stat.S_IMODE(real.stat().st_mode) == mode
    assert link.is_symlink()
    assert load(link).language == load(real).language == "fr"
    assert sorted(tmp_path.iterdir()) == [link, real.parent]
    assert list(real.parent.iterdir()) == [real]


def test_a_new_file_has_the_mode_that_the_user_wants(tmp_path: Path) -> None:
    # In a program of its own: a process has one umask for all its threads.
    code = "import os, sys; os.umask(0o027); from voicetype.config_writing import initialise; initialise()"
    environment = os.environ | {"XDG_CONFIG_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=60)
    assert stat.S_IMODE((tmp_path / "voicetype" / "config.toml").stat().st_mode) == 0o640


def test_what_stands_already_is_not_written_again(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    save({"language": "de"}, file)
    before = file.stat()
    save({"language": "de"}, file)
    assert file.stat() == before


# Whatever the choices.


KEYS = st.characters(exclude_characters="#=\n", exclude_categories=["Cs"])  # or `settled` is led astray


def rules_of(name: str) -> Mapping[str, Any]:
    """What a key may hold, as its field tells it."""
    *parents, key = name.split(".")
    section: Any = Config()
    for parent in parents:
        section = getattr(section, parent)
    return {field.name: field.metadata for field in dataclasses.fields(section)}[key]


OWN = st.text(KEYS, max_size=9).map(lambda text: f"a{text}".strip())
FREE = ("models.fast", "models.heavy", "models.folder", "audio.device", "hotkey.key")


def values_of(default: object, name: str) -> st.SearchStrategy[object]:
    """Values that a key may hold."""
    rules = rules_of(name)
    match rules:
        case {"fault": fault} if isinstance(default, Words):
            pairs = st.tuples(OWN, OWN).filter(lambda pair: not fault(*pair))
            return st.lists(pairs, max_size=3, unique_by=lambda pair: pair[0]).map(dict)
        case {"fault": fault}:
            return st.lists(OWN.filter(lambda text: not fault("", text)), unique=True, max_size=3)
        case {"of": of, "keys": allowed}:
            below = {n: values_of(v, f"vocabulary.{n}") for n, v in flat(of)}
            keys = st.sampled_from(sorted(allowed)) if allowed else st.text(KEYS)
            return st.dictionaries(keys, st.fixed_dictionaries({}, optional=below), max_size=2)
        case {"allowed": allowed}:
            words = st.sampled_from(sorted(allowed))
            if isinstance(default, Words):
                return st.dictionaries(st.text(KEYS), words, max_size=3)
            return st.lists(words, unique=True) if isinstance(default, tuple) else words
        case {"limits": limits}:
            low, high = limits.low, limits.high
            return st.floats(low, high) if isinstance(default, float) else st.integers(low, high)
    match default:
        case bool():
            return st.booleans()
        case Enum():
            return st.sampled_from(type(default))
    return st.text() if name in FREE else st.just(default)


choices = st.lists(st.sampled_from(list(flat(Config()))), max_size=5, unique_by=lambda item: item[0]).flatmap(
    lambda items: st.fixed_dictionaries({name: values_of(value, name) for name, value in items})
)
notes = st.lists(st.sampled_from(["", "# a note", "#", "# x = 3", "# language = 'fr'", '# device = "auto"']))


@st.composite
def files(draw: st.DrawFn) -> str:
    """A file with some values, in some sections and places, and notes between them."""
    lines = draw(notes)
    section = ""
    for name, value in flat(override(Config(), draw(choices))):
        parent, _, key = name.rpartition(".")
        if parent != section and draw(st.booleans()):
            lines += [f"[{parent}]", *draw(notes)]
            section = parent
        if parent == section and draw(st.booleans()):
            lines += [
                f"{key} = {as_toml(plain(value))}{draw(st.sampled_from(['', ' # kept']))}",
                *draw(notes),
            ]
    return "\n".join(lines) + draw(st.sampled_from(["", "\n", "\n\n"]))


def settled(text: str) -> list[str]:
    """The lines that hold no value in force and are no heading, but for empty ones."""
    # A value may hold what `splitlines` takes for a line's end.
    lines = (line for line in text.split("\n") if line and not line.startswith("["))
    return [line for line in lines if " = " not in line.partition("#")[0]]


@given(files() | st.just(initial_text(Path("x"))), choices)
@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
def test_whatever_is_saved_is_loaded_and_the_rest_is_kept(
    tmp_path: Path, text: str, values: dict[str, object]
) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(text.encode())
    before = load(file)
    save(values, file)
    assert load(file) == override(before, values)
    new = file.read_bytes().decode()
    defaults = {f"# {name.rpartition('.')[2]} = {as_toml(value)}" for name, value in flat(Config())}
    kept = [line for line in settled(text) if line not in defaults]
    assert [line for line in settled(new) if line not in defaults] == kept
    again = file.read_bytes()
    save(values, file)
    assert file.read_bytes() == again
