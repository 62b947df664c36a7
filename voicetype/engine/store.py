"""The folder where models are kept: what is in it, and how one gets in whole or not at all.

A model lives in `STORE/NAME` with a `manifest.json` of its files' sizes and hashes. It is put together in
`STORE/.NAME.unfinished`, beside it, and moved into place by one rename, so what has the name is whole.
A lock file keeps two processes from fetching the same model; the system lets go of it when its owner dies.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

from voicetype.errors import ModelError
from voicetype.folders import data_home

WEIGHTS = "model.bin"
MANIFEST = "manifest.json"
DATA_FILES = (
    "config.json",
    "preprocessor_config.json",
    "tokenizer.json",
    "vocabulary.txt",
    "vocabulary.json",
    WEIGHTS,
)
"""All that is ever taken from a download; the newer models have their vocabulary in JSON."""

NO_MANIFEST = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
"""What one that is none raises, read or taken apart: JSON has infinite sizes, and names with NUL."""

_NEEDED = ("config.json", WEIGHTS)
_BLOCK = 1 << 20


class State(Enum):
    """What stands under a model's name."""

    ABSENT = "absent"
    BROKEN = "broken"
    WHOLE = "whole"


class NoSpace(ModelError):
    """The disk is full; no other source will help."""

    def __init__(self, name: str, place: Path) -> None:
        sentence = f"The disk is full: the model {name} does not fit in {place}."
        super().__init__(sentence, "Free some space, or set models.folder to a folder on another disk.")


def place(folder: str, environment: dict[str, str] | None = None) -> Path:
    """Where models are kept: `folder` when it is set, else the XDG data folder's. Raises ModelError."""
    if folder:
        try:
            return Path(folder).expanduser()
        except RuntimeError as error:
            raise ModelError(
                f"models.folder is {folder}, and nobody here has that home.", "Write the whole path."
            ) from error
    return data_home(os.environ if environment is None else environment) / "voicetype" / "models"


def state(model: Path) -> State:
    """Compare a model's files with its manifest: sizes only, since this is asked at every start.

    A folder without a manifest was put there by hand, and is whole when it has what a model needs.
    """
    try:
        if not model.is_dir():
            return State.ABSENT
        if (written := manifest(model)) is None:
            whole = all((model / name).is_file() for name in _NEEDED)
        else:
            sizes = {name: int(entry["size"]) for name, entry in written["files"].items()}
            whole = WEIGHTS in sizes and all((model / n).stat().st_size == size for n, size in sizes.items())
    except (OSError, *NO_MANIFEST):  # OSError also for a path that is too long, or leads where we may not go
        return State.BROKEN
    return State.WHOLE if whole else State.BROKEN


def manifest(model: Path) -> Any:
    """What is written of a model's files, if anything; a hostile one may be of any shape.

    Raises OSError, and one of NO_MANIFEST for what can't be understood.
    """
    path = model / MANIFEST
    if not os.path.lexists(path):
        return None
    if not path.is_file():  # a pipe would be waited for
        raise ValueError("It is no plain file.")
    return json.loads(path.read_text("utf-8"))


def unfinished(store: Path, name: str) -> Path:
    """Where a model is put together."""
    return store / f".{name}.unfinished"


@contextmanager
def locked(store: Path, name: str) -> Iterator[None]:
    """Wait until no other process fetches or removes this model, and keep it so."""
    try:
        store.mkdir(parents=True, exist_ok=True)
        lock = (store / f".{name}.lock").open("a")
    except OSError as error:
        hint = "Make the folder writable, or set models.folder to another one."
        raise ModelError(f"Models can't be kept in {store}: {error.strerror}.", hint) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def disk_errors(name: str, store: Path) -> Iterator[None]:
    """Turn the disk's refusals into sentences."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpace(name, store) from error
        raise ModelError(
            f"The model {name} can't be written to {store}: {error.strerror or error}.",
            "Look at the folder's owner and permissions, or set models.folder to another one.",
        ) from error


def check_space(name: str, store: Path, needed_bytes: int) -> None:
    """Raise NoSpace before a long download that can't end well."""
    if shutil.disk_usage(store).free < needed_bytes:
        raise NoSpace(name, store)


def settle(store: Path, name: str, files: Path, source: str, sha256: str = "") -> Path:
    """Check the files of a finished download, write the manifest, and move them to their name.

    `sha256` is what model.bin must have; empty when its source told none. Raises ModelError when it has not.
    """
    entries: dict[str, dict[str, int | str]] = {}
    for path in sorted(files.iterdir()):
        entries[path.name] = {"size": path.stat().st_size, "sha256": _sha256(path)}
    missing = [needed for needed in _NEEDED if needed not in entries]
    if missing or (sha256 and entries[WEIGHTS]["sha256"] != sha256):
        shutil.rmtree(unfinished(store, name))
        reason = f"it has no {missing[0]}" if missing else "its checksum is wrong"
        raise ModelError(
            f"What was fetched as {name} is not that model: {reason}.", "Try it again; it was deleted."
        )
    manifest = {"name": name, "source": source, "files": entries}
    (files / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    return _move(store, name, files)


def remove(store: Path, name: str) -> int:
    """Delete a model and what is left of its downloads; the bytes that they had."""
    freed = size_of(store / name) + size_of(unfinished(store, name))
    _discard(store, name)
    shutil.rmtree(unfinished(store, name), ignore_errors=True)
    return freed


def size_of(folder: Path) -> int:
    """Bytes of all files below `folder`; files may come and go meanwhile."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except OSError:
            continue
    return total


def _move(store: Path, name: str, files: Path) -> Path:
    """Give the files of a whole model its name."""
    for path in files.iterdir():
        _flush(path)
    _discard(store, name)
    os.replace(files, store / name)
    shutil.rmtree(unfinished(store, name), ignore_errors=True)
    return store / name


def _discard(store: Path, name: str) -> None:
    """Take a model's name away first, so that a half-deleted one never has it."""
    doomed = store / f".{name}.removed"
    shutil.rmtree(doomed, ignore_errors=True)
    if (store / name).is_dir():
        os.replace(store / name, doomed)
        shutil.rmtree(doomed, ignore_errors=True)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _flush(path: Path) -> None:
    # Without it, a power cut soon after the rename leaves the name with empty files.
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
