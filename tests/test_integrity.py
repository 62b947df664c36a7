"""Whether a model's files are those that were fetched; nothing is loaded."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.test_models import FILES, fake, only
from voicetype.engine import integrity
from voicetype.engine.models import ensure
from voicetype.engine.store import MANIFEST, State, state
from voicetype.errors import ModelError


@pytest.fixture(autouse=True)
def nothing_of_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """One that was fetched from the hub."""
    return ensure("small", str(tmp_path / "models"), fetches=only(fake()))


def flip(path: Path, at: int = -1) -> None:
    """Change one byte, and neither the size nor the time."""
    before, content = path.stat(), bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def say(model: Path, change: Callable[[dict[str, object]], object]) -> None:
    """Change what the manifest says."""
    manifest = json.loads((model / MANIFEST).read_text())
    change(manifest)
    (model / MANIFEST).write_text(json.dumps(manifest))


def test_what_was_fetched_is_loaded(model: Path) -> None:
    integrity.check(model, "small")
    assert integrity.intact(model)


@pytest.mark.parametrize("name", [*FILES])
def test_a_byte_that_changed_in_any_file_is_refused(model: Path, name: str) -> None:
    flip(model / name)
    assert state(model) is State.WHOLE  # its size is right
    with pytest.raises(ModelError, match=f"small is not loaded: .*{name} is not what was fetched") as caught:
        integrity.check(model, "small")
    assert "voicetype models get small" in caught.value.hint
    assert (model / name).exists()


def test_a_file_that_came_later_is_refused(model: Path) -> None:
    (model / "preprocessor_config.json").write_text("{}")
    with pytest.raises(ModelError, match="preprocessor_config"):
        integrity.check(model, "small")


def test_a_folder_that_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.bin is gone"):
        integrity.check(tmp_path / "base", "base")


def test_a_file_that_is_gone_is_refused(model: Path) -> None:
    (model / "vocabulary.txt").unlink()
    with pytest.raises(ModelError, match="vocabulary"):
        integrity.check(model, "small")


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"files": {}}', '{"name": [], "source": "wheels", "files": {}}']
)
def test_a_manifest_that_says_nothing_is_refused(model: Path, text: str) -> None:
    (model / MANIFEST).write_text(text)
    with pytest.raises(ModelError, match="manifest"):
        integrity.check(model, "small")


def test_what_comes_in_wheels_is_known_by_the_catalogue_whatever_the_manifest_says(model: Path) -> None:
    integrity.check(model, "base")
    say(model, lambda manifest: manifest.update(name="base", source="wheels"))
    with pytest.raises(ModelError, match=r"model\.bin is not what was fetched"):
        integrity.check(model, "base")


def test_a_folder_of_the_users_own_is_taken_as_it_is(tmp_path: Path) -> None:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    integrity.check(tmp_path, str(tmp_path))


def test_of_a_model_of_the_users_own_no_name_can_be_fetched(model: Path) -> None:
    flip(model / "model.bin")
    with pytest.raises(ModelError) as caught:
        integrity.check(model, str(model))
    assert "models get" not in caught.value.hint


@pytest.mark.parametrize("name", [*FILES])
def test_in_the_hubs_cache_a_blob_is_what_its_name_says(tmp_path: Path, name: str) -> None:
    """Large files go by their SHA-256, small ones by Git's name of a blob."""
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots/main"
    blobs.mkdir()
    snapshot.mkdir(parents=True)
    for file, content in FILES.items():
        git = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        blob = hashlib.sha256(content).hexdigest() if file == "model.bin" else git
        (blobs / blob).write_bytes(content)
        (snapshot / file).symlink_to(f"../../blobs/{blob}")
    integrity.check(snapshot, "small")
    flip((snapshot / name).resolve())
    with pytest.raises(ModelError, match="is not what was fetched"):
        integrity.check(snapshot, "small")


def test_who_asks_for_it_gets_it_anew(model: Path) -> None:
    """`voicetype models get`; at a start alone, nothing is fetched that is there."""
    flip(model / "model.bin")
    place, calls = str(model.parent), list[str]()
    assert ensure("small", place, fetches=only(fake(calls=calls))) == model
    assert calls == []
    assert not integrity.intact(model)
    assert ensure("small", place, fetches=only(fake(calls=calls)), thorough=True) == model
    assert calls == ["small"]
    integrity.check(model, "small")
    ensure("small", place, fetches=only(fake(calls=calls)), thorough=True)
    assert calls == ["small"]


def test_what_is_damaged_stays_until_the_new_one_is_there(model: Path) -> None:
    flip(model / "model.bin")

    def refused(*_: object) -> tuple[Path, str]:
        raise ModelError("the model hub can't be reached", "Check the connection.")

    with pytest.raises(ModelError, match="can't be had"):
        ensure("small", str(model.parent), fetches=only(refused), thorough=True)
    assert (model / "model.bin").exists()
