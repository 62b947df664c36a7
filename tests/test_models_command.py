"""`voicetype models`: what it prints for people and for scripts, and what it says that it does."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from voicetype import cli
from voicetype.engine import EngineOptions, models, speeds
from voicetype.engine.catalogue import MODELS, PRESETS


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home of the test's own; the hub is not asked, and no package index is there."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "HF_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    for name in ("HF_HUB_CACHE", "LC_ALL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return tmp_path


def put(home: Path, name: str) -> Path:
    """A model of our own making, where models are kept."""
    folder = home / "XDG_DATA_HOME/voicetype/models" / name
    folder.mkdir(parents=True)
    for file in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (folder / file).write_text("{}")
    (folder / "model.bin").write_bytes(b"weights " * 1_000_000)
    return folder


def configured(home: Path, content: str) -> None:
    """Write the configuration file."""
    file = home / "XDG_CONFIG_HOME/voicetype/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(content)


def listed(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """The lines of the table by their first word."""
    assert cli.main(["models", "list"]) == 0
    return {line.split(" ")[0]: line for line in capsys.readouterr().out.splitlines()}


def spaced(line: str) -> str:
    """With one blank between two words."""
    return " ".join(line.split())


class Timed:
    """A loaded model that is so fast."""

    name = "base"

    def measure(self) -> float:
        """Seconds."""
        return 0.314


def test_the_table(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(home, "base")
    configured(home, "[models]\npreset = 'light-multilingual'\n[engine]\nthreads = 3\n")
    speeds.learn("", Timed(), EngineOptions(threads=3))
    lines = listed(capsys)
    assert set(lines) >= {*MODELS, *PRESETS, "model", "preset"}
    assert spaced(lines["base"]) == "base confirms 145 MB 180 MB 99 languages 0.31 s here"
    assert spaced(lines["tiny"]) == "tiny drafts 76 MB 115 MB 99 languages – hub"
    assert lines["small.en"].split()[1] == "484"
    assert spaced(lines["light-multilingual"]) == "light-multilingual tiny base 295 MB now"
    assert not lines["multilingual"].endswith("now")
    assert max(map(len, lines.values())) <= 100


def test_models_of_the_users_own_are_marked_too(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = put(home, "mine")
    configured(home, f"[models]\npreset = 'light'\nfast = '{mine}'\nheavy = 'turbo'\n")
    assert cli.main(["models"]) == 0
    out = capsys.readouterr().out
    assert f"drafts now: {mine}\n" in out
    assert (
        next(line for line in out.splitlines() if line.startswith("large-v3-turbo")).split()[1] == "confirms"
    )
    assert " now\n" not in out


def test_one_model_in_both_roles(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configured(home, "[models]\npreset = 'light'\nfast = 'base'\nheavy = 'base'\n")
    assert listed(capsys)["base"].split()[1] == "both"


def test_the_table_for_scripts(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = put(home, "tiny.en")
    configured(home, "[models]\npreset = 'english'\n")
    for argv in (
        ["models", "--format", "json"],
        ["models", "list", "--format", "json"],
        ["models", "--format", "json", "list"],
    ):
        assert cli.main(argv) == 0
        told = json.loads(capsys.readouterr().out)
        assert set(told) == {"folder", "models", "presets"}
        assert told["folder"] == str(there.parent)
        by_name = {model["name"]: model for model in told["models"]}
        assert list(by_name) == list(MODELS)
        assert by_name["tiny.en"] == {
            "name": "tiny.en",
            "size_mb": 76,
            "memory_mb": 115,
            "languages": "English",
            "speed_s": 0.0,
            "present": True,
            "source": "cache",
            "path": str(there),
            "role": "fast",
        }
        assert (by_name["small.en"]["role"], by_name["base"]["role"]) == ("heavy", "")
        assert (by_name["base"]["path"], by_name["base"]["present"]) == ("", False)
        presets = {preset["name"]: preset for preset in told["presets"]}
        assert list(presets) == list(PRESETS)
        assert presets["english"] == {
            "name": "english",
            "fast": "tiny.en",
            "heavy": "small.en",
            "memory_mb": 535,
            "configured": True,
        }


def test_get_says_what_it_does(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = put(home, "small")
    assert cli.main(["models", "get", "small"]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == (f"{there}\n", "small is here already.\n")
    assert cli.main(["models", "get", "medium"]) == 1
    err = capsys.readouterr().err
    assert err.splitlines()[0] == "medium comes from the hub: 1528 MB."
    assert "The model medium can't be had" in err


def test_a_wrong_name_is_told_before_anything_is_fetched(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "get", "medium", "smal"]) == 1
    err = capsys.readouterr().err
    assert "There is no model called 'smal'." in err
    assert "small" in err.splitlines()[-1]
    assert "medium comes" not in err


def test_get_without_names_takes_those_that_are_configured(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny, base = put(home, "tiny.en"), put(home, "base")
    configured(home, "[models]\npreset = 'light'\n")
    assert cli.main(["models", "get"]) == 0
    assert capsys.readouterr().out.splitlines() == [str(tiny), str(base)]
    assert cli.main(["models", "get", "base", "base"]) == 0
    assert capsys.readouterr().out.splitlines() == [str(base)]


def test_remove_says_what_is_free_again(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = put(home, "small")
    assert cli.main(["models", "remove", "small"]) == 0
    assert capsys.readouterr().out == "small is removed; 8 MB are free again.\n"
    assert not there.exists()
    put(home, "base")
    assert cli.main(["models", "remove", "base.en"]) == 1
    err = capsys.readouterr().err
    assert err == "The model base.en is not on this machine.\nDid you mean base?\n"
    assert cli.main(["models", "remove", "bse"]) == 1
    assert "There is no model called 'bse'." in capsys.readouterr().err


def test_a_model_that_is_in_use_can_be_removed(home: Path) -> None:
    """Linux keeps what is open until it is closed."""
    there = put(home, "small")
    with (there / "model.bin").open("rb") as weights:
        models.remove("small")
        assert not there.exists()
        assert len(weights.read()) == os.fstat(weights.fileno()).st_size == 8_000_000


@pytest.mark.parametrize(
    ("strategy", "roles", "got"),
    [
        ("dual", {"tiny.en": "fast", "base": "heavy"}, ["tiny.en", "base"]),
        ("cascaded", {"tiny.en": "fast", "base": "heavy"}, ["tiny.en", "base"]),
        ("single", {"base": "both"}, ["base"]),
        ("gated", {"base": "both"}, ["base"]),
        ("remote", {"tiny.en": "fast", "base": "relief"}, ["tiny.en"]),
        ("streaming", {"tiny.en": "relief", "base": "relief"}, []),
    ],
)
def test_the_models_of_a_strategy(
    home: Path, capsys: pytest.CaptureFixture[str], strategy: str, roles: dict[str, str], got: list[str]
) -> None:
    for name in got:
        put(home, name)
    configured(home, f"[models]\npreset = 'light'\n[engine]\nstrategy = '{strategy}'\n")
    assert cli.main(["models", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)["models"]
    assert {each["name"]: each["role"] for each in told if each["role"]} == roles
    assert cli.main(["models", "get"]) == 0
    out, said = capsys.readouterr()
    assert [Path(line).name for line in out.splitlines()] == got
    assert said.count("could stand by") == [*roles.values()].count("relief")
