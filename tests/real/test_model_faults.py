"""Faults of real models: files that change, vanish or don't fit, and a call that never ends."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.real.daemon import demo, need_models
from voicetype.engine import EngineOptions, models
from voicetype.engine.whisper import Whisper
from voicetype.errors import ModelError
from voicetype.making import open_model

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder of models of our own, with both of the light preset, of which tiny.en may be damaged."""
    need_models("tiny.en", "base")
    shutil.copytree(models.ensure("tiny.en"), tmp_path / "models/tiny.en")
    (tmp_path / "models/base").mkdir()
    for file in models.ensure("base").iterdir():
        (tmp_path / "models/base" / file.name).symlink_to(file)
    return tmp_path / "models"


def damage(path: Path) -> None:
    """One bit in the middle."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        (byte,) = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))


@pytest.mark.parametrize("name", ["model.bin", "tokenizer.json", "config.json", "vocabulary.txt"])
def test_a_model_of_which_one_bit_has_changed_is_not_loaded(shelf: Path, name: str) -> None:
    folder = shelf / "tiny.en"
    open_model(folder, "tiny.en", EngineOptions(), str(shelf))
    damage(folder / name)
    with pytest.raises(ModelError, match=f"tiny.en is not loaded: .*{name} is not what was fetched"):
        open_model(folder, "tiny.en", EngineOptions(), str(shelf))


def test_what_the_library_itself_would_load_without_a_word(shelf: Path) -> None:
    """Why the hashes are looked at: a weight may be anything."""
    damage(shelf / "tiny.en/model.bin")
    Whisper(shelf / "tiny.en", "tiny.en").warm_up()


REPLAY = """
import resource, shutil, sys
from dataclasses import replace
from pathlib import Path
from voicetype.audio import Recording, read_recording
from voicetype.config import Config, ModelsConfig
from voicetype.dictations import Dictations
from voicetype.keyboard.dummy import DummyKeyboard
from voicetype.making import make_pair, settings

def heard(pair, path):
    told = []
    dictations = Dictations(pair.fast, pair.heavy, DummyKeyboard())
    dictations.open()
    how = replace(settings(Config()), language="en", realtime=False)
    pair.dictating(True)
    recording = Recording(read_recording(path), realtime=False)
    text = dictations.dictate(recording, how, told.append).finished.result()
    pair.dictating(False)
    dictations.close()
    failures = [each for each in told if isinstance(each, Exception)]
    for each in failures:
        print("told:", each)
    print("text:", text)
    print("unverified:", told[-1].stats["unverified"])

chosen = ModelsConfig(preset="light", folder=sys.argv[1], unload_after_s=0)
pair = make_pair(Config(language="en", models=chosen), lambda error: print("failed:", error))
"""
"""A dictation of a recording by the real pipeline, and what it tells."""


def run(script: str, *arguments: str) -> list[str]:
    """What a script printed that begins as `REPLAY` does."""
    command = [sys.executable, "-c", REPLAY + script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr[-3000:])
    return done.stdout.splitlines()


def one(lines: list[str], label: str) -> str:
    (found,) = (line.removeprefix(label).strip() for line in lines if line.startswith(label))
    return found


def test_files_that_are_deleted_while_they_are_in_use_are_not_missed(shelf: Path) -> None:
    lines = run(
        """
assert pair.wait_ready()
shutil.rmtree(sys.argv[1])
heard(pair, sys.argv[2])
pair.close()
""",
        str(shelf),
        str(demo("demo-thanks.g722")),
    )
    assert "asterisk" in one(lines, "text:").casefold()
    assert one(lines, "unverified:") == "0"
    assert not [line for line in lines if line.startswith(("told:", "failed:"))]


def test_a_heavy_model_that_was_deleted_while_it_rested_leaves_the_fast_one(shelf: Path) -> None:
    """And the drafts it can't confirm are marked."""
    lines = run(
        """
assert pair.wait_ready()
pair._rest()
shutil.rmtree(sys.argv[1] + "/base")
heard(pair, sys.argv[2])
print("names:", pair.names(), pair.ready(), pair.failure)
pair.close()
""",
        str(shelf),
        str(demo("demo-thanks.g722")),
    )
    assert "asterisk" in one(lines, "text:").casefold()
    assert int(one(lines, "unverified:")) > 0
    assert "model.bin is gone" in one(lines, "failed:")
    assert "The heavy model is missing" in one(lines, "told:")
    assert one(lines, "names:") == "('tiny.en', '') True None"


def test_a_heavy_model_that_does_not_fit_into_the_memory_leaves_the_fast_one(shelf: Path) -> None:
    """The address space is full when it comes back, and has room for what the fast one does."""
    lines = run(
        """
assert pair.wait_ready()
pair._rest()
def used(): return int(Path("/proc/self/statm").read_text().split()[0]) * 4096
resource.setrlimit(resource.RLIMIT_AS, (used() + 90 * 10**6, resource.RLIM_INFINITY))
heard(pair, sys.argv[2])
print("names:", pair.names())
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
pair.close()
""",
        str(shelf),
        str(demo("demo-thanks.g722")),
    )
    assert "asterisk" in one(lines, "text:").casefold()
    assert "base found no memory" in one(lines, "failed:")
    assert int(one(lines, "unverified:")) > 0
    assert one(lines, "names:") == "('tiny.en', '')"


def test_the_program_ends_with_its_own_code_while_a_call_goes_on(shelf: Path) -> None:
    """Also where nobody waited for it: Python, and then C++, would abort."""
    script = """
import sys, threading
from pathlib import Path
import numpy as np
from voicetype import calls, waiting
from voicetype.engine import EngineOptions
from voicetype.listening import Window
from voicetype.making import open_model
from voicetype.workers import Effort, Request, Worker
waiting.LEAST_PATIENCE_S = 0.4
worker, answered = Worker("heavy"), threading.Event()
worker.take(open_model(Path(sys.argv[1], "base"), "base", EngineOptions(), sys.argv[1]))
def done(window, outcome):
    print("told:", outcome, flush=True)
    answered.set()
noise = np.random.default_rng(0).normal(0, 0.1, 16000 * 29).astype(np.float32)
worker.submit(Request(Window(0, 0, noise, True, final=True), Effort("en", 10), done))
answered.wait()
assert calls.running()
print("said to the end")
sys.exit(calls.leave(7))
"""
    command = [sys.executable, "-c", script, str(shelf)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 7, (done.returncode, done.stdout, done.stderr[-3000:])
    assert "does not answer any more" in done.stdout
    assert done.stdout.endswith("said to the end\n")
