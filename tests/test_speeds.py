"""How fast the models are on this machine: measured once, and shown for this machine alone."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from voicetype.engine import EngineOptions, speeds
from voicetype.errors import ModelError

HOW = EngineOptions(threads=2)


class Timed:
    """A loaded model that takes these times, in order."""

    def __init__(self, name: str, *times_s: float) -> None:
        self.name = name
        self.times_s = list(times_s)

    def measure(self) -> float:
        """The next one."""
        return self.times_s.pop(0)


class Failing(Timed):
    """A loaded model that can't be measured."""

    def measure(self) -> float:
        """Raise."""
        raise ModelError("It failed.", "Try another.")


def test_a_model_is_measured_once(tmp_path: Path) -> None:
    folder = str(tmp_path / "models")
    assert speeds.of(folder, HOW) == {}
    speeds.learn(folder, Timed("base", 0.31), HOW)
    speeds.learn(folder, Timed("base"), HOW)
    speeds.learn(folder, Timed("turbo", 2.5), HOW)
    assert speeds.of(folder, HOW) == {"base": 0.31, "large-v3-turbo": 2.5}


def test_of_two_quick_measurements_the_better_one_counts(tmp_path: Path) -> None:
    model = Timed("tiny.en", 0.15, 0.12)
    speeds.learn(str(tmp_path), model, HOW)
    assert speeds.of(str(tmp_path), HOW) == {"tiny.en": 0.12}
    assert not model.times_s


@pytest.mark.parametrize(
    "other",
    [replace(HOW, threads=1), replace(HOW, compute_type="float32"), replace(HOW, device="cuda")],
)
def test_another_way_of_computing_has_a_speed_of_its_own(tmp_path: Path, other: EngineOptions) -> None:
    speeds.learn(str(tmp_path), Timed("base", 0.31), HOW)
    assert speeds.of(str(tmp_path), other) == {}
    speeds.learn(str(tmp_path), Timed("base", 0.62), other)
    assert speeds.of(str(tmp_path), other) == {"base": 0.62}
    assert speeds.of(str(tmp_path), HOW) == {"base": 0.31}


def test_another_machines_speeds_are_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home folder may be shared between machines."""
    speeds.learn(str(tmp_path), Timed("base", 0.31), HOW)
    other = tmp_path / "cpuinfo"
    other.write_text("processor\t: 0\nmodel name\t: Abacus 3\n")
    monkeypatch.setattr(speeds, "_CPU_INFO", other)
    assert speeds.processor().startswith("Abacus 3 x ")
    assert speeds.of(str(tmp_path), HOW) == {}
    monkeypatch.setattr(speeds, "_CPU_INFO", tmp_path / "none")
    assert speeds.processor()


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"base": "fast"}', '"base"', "\xff"])
def test_a_broken_file_is_ignored_and_replaced(tmp_path: Path, content: str) -> None:
    (tmp_path / speeds.FILE).write_text(content, "latin-1")
    assert speeds.of(str(tmp_path), HOW) == {}
    speeds.learn(str(tmp_path), Timed("base", 0.31), HOW)
    assert speeds.of(str(tmp_path), HOW) == {"base": 0.31}


@pytest.mark.parametrize("value", ["-1", "0", "NaN", "Infinity", "9" * 400, "true", "null", "[]"])
def test_what_is_no_speed_is_not_shown(tmp_path: Path, value: str) -> None:
    speeds.learn(str(tmp_path), Timed("base", 0.31), HOW)
    file = tmp_path / speeds.FILE
    file.write_text(file.read_text().replace("0.31", value))
    assert speeds.of(str(tmp_path), HOW) == {}


def test_a_folder_of_the_users_is_not_measured(tmp_path: Path) -> None:
    speeds.learn(str(tmp_path), Timed("/models/mine"), HOW)
    assert not list(tmp_path.iterdir())


def test_what_goes_wrong_is_told_to_the_log_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "voicetype")
    (tmp_path / "file").touch()
    speeds.learn(str(tmp_path / "file"), Timed("base", 0.31), HOW)
    speeds.learn(str(tmp_path), Failing("base"), HOW)
    ours = [record.levelno for record in caplog.records if record.name == speeds.__name__]
    assert ours == [logging.DEBUG] * 2


def test_two_processes_lose_nothing_of_each_other(tmp_path: Path) -> None:
    names = ("tiny.en", "tiny", "base.en", "base", "small", "medium")
    threads = [
        threading.Thread(target=speeds.learn, args=(str(tmp_path), Timed(name, 0.5), HOW)) for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(speeds.of(str(tmp_path), HOW)) == set(names)
    assert len(json.loads((tmp_path / speeds.FILE).read_text())) == len(names)
