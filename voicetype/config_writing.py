"""The configuration file as it is written: the commented default, and single choices."""

from __future__ import annotations

import copy
import errno
import fcntl
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path
from typing import Any

from voicetype import whole_files
from voicetype.config import Config
from voicetype.config_file import (
    Table,
    as_toml,
    default_path,
    flat,
    override,
    parsed,
    read_text,
    validated,
)
from voicetype.config_showing import has, initial_text, plain, printable
from voicetype.errors import ConfigError
from voicetype.folders import make


def initialise(path: Path | None = None) -> Path:
    """Write the commented default file where there is none; returns where. Raises ConfigError."""
    path = path or default_path()
    if path.exists():
        raise ConfigError(
            f"There is a configuration file already: {path}.",
            "Edit it; or remove it, and run this again for a new one.",
        )
    _write(path, initial_text(path))
    return path


def save(values: Mapping[str, object], path: Path | None = None) -> None:
    """Write some choices, by dotted name ("models.fast"), into the file; all else in it stays as it is.

    A file that is not there is made from the commented default. Raises ConfigError, for values against the
    rules and for a file that can't be used or written; then nothing is changed.
    """
    change(lambda _: values, path)


def change(choices: Callable[[Config], Mapping[str, object]], path: Path | None = None) -> None:
    """`save` the choices that are made of the configuration in the file; nobody else saves meanwhile."""
    path = path or default_path()
    with _alone(path):
        text = read_text(path)
        text = initial_text(path) if text is None else text
        new = text.removeprefix("\ufeff")
        table = parsed(new, path)
        for name, value in _validated_values(choices(validated(table, str(path)))).items():
            new, table = _with(new, table, name, value, path)
        if "\r\n" in text and not re.search(r"(?<!\r)\n", text):
            new = re.sub(r"(?<!\r)\n", "\r\n", new)
        new = "\ufeff" * text.startswith("\ufeff") + new
        if new != text or not path.exists():
            _write(path, new)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait until no other process of ours saves into this folder, where it can be locked, and keep it so."""
    try:
        folder = os.open(Path(os.path.realpath(path)).parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (OSError, ValueError):  # who makes the file finds out why
        yield
        return
    try:
        with suppress(OSError):  # some network folders can't
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _validated_values(values: Mapping[str, object]) -> dict[str, object]:
    """The values as TOML knows them, under the rules of the file. Raises ConfigError."""
    wanted = {name: value.value if isinstance(value, Enum) else value for name, value in values.items()}
    checked = dict(flat(override(Config(), wanted, "the choice")))
    for name in wanted:
        if name not in checked:
            raise ConfigError(f"the choice: {name} is a section.", "Choose each of its keys by its own name.")
    return {name: plain(checked[name]) for name in wanted}


def _with(text: str, table: Table, name: str, value: object, path: Path) -> tuple[str, Table]:
    """The text of a file, and what it holds, with one value changed. Raises ConfigError."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    wanted = _set(table, name, value)
    *parents, key = name.split(".")
    try:
        document = tomlkit.parse(text if has(table, name) else _uncommented(text, table, name))
        inner: Any = document
        for parent in parents:
            inner = inner.setdefault(parent, tomlkit.table())
        _put(inner, key, value)
        new = tomlkit.dumps(document)
        done = _filled(parsed(new, path)) == _filled(wanted)
    except (TOMLKitError, ConfigError):
        done = False
    if not done:  # one of the rarer ways to write TOML
        raise ConfigError(
            f"{name} can't be changed in {path}, as that is written.",
            f"Change it there yourself: {name} = {as_toml(value)}",
        )
    return new, wanted


def _filled(table: Table) -> Table:
    """Without the tables that hold nothing, which say nothing."""
    below = {key: _filled(value) if isinstance(value, dict) else value for key, value in table.items()}
    return {key: value for key, value in below.items() if value != {}}


def _put(inner: Any, key: str, value: object) -> None:
    """A value in its place in a document; of a table or list, the lines that stay keep their comments."""
    old = inner.get(key)
    if isinstance(value, dict) and isinstance(old, dict):
        for own in [own for own in old if own not in value]:
            del old[own]
        for own, each in value.items():
            if old.get(own) != each:
                _put(old, own, each)
        if list(old) == list(value):
            return
    if isinstance(value, list) and isinstance(old, list):
        for each in [each for each in old if each not in value]:
            old.remove(each)
        for each in value[len(old) :]:
            old.append(each)
        if old == value:
            return
    inner[key] = value


def _uncommented(text: str, table: Table, name: str) -> str:
    """`text` with the line in force that the commented default file has for a key; as it is without one."""
    key = name.rpartition(".")[2]
    default = plain(dict(flat(Config()))[name])
    wanted = _set(table, name, default)
    line = re.compile(rf"^#[ \t]*(?={key}[ \t]*=)", re.MULTILINE)
    for found in line.finditer(text):
        candidate = text[: found.start()] + text[found.end() :]
        # Keys of the same name are in several sections, and a multi-line text may hold anything.
        with suppress(ConfigError):
            if parsed(candidate, Path()) == wanted:
                return candidate
    return text


def _set(table: Table, name: str, value: object) -> dict[str, Any]:
    changed = copy.deepcopy(dict(table))
    *parents, key = name.split(".")
    inner = changed
    for parent in parents:
        inner = inner.setdefault(parent, {})
    inner[key] = value
    return changed


def _write(path: Path, text: str) -> None:
    """The whole file or nothing; where `path` is a link, the file that it leads to. Raises ConfigError."""
    try:
        target = Path(os.path.realpath(path))
        if target.is_symlink():  # it leads to itself
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        make(target.parent)
        if target.exists() and not os.access(target, os.W_OK):  # a new file in its place would be no obstacle
            raise PermissionError(0, "it is read-only")
        whole_files.write(target, text.encode())
    except UnicodeEncodeError as error:
        raise ConfigError(
            f"{printable(path)} can't be written: {error.object[error.start]!a} is no character.",
            "A TOML file is UTF-8: rename what has that name.",
        ) from error
    except OSError as error:
        file_there = isinstance(error, FileExistsError)  # so mkdir says that a part of the path is no folder
        raise ConfigError(
            f"{path} can't be written: {os.strerror(errno.ENOTDIR) if file_there else error.strerror}.",
            "Make room, or make the folder and the file your own; `--config FILE` names another place.",
        ) from error
