"""The configuration file as it is written and shown: the commented default, every value, single choices."""

from __future__ import annotations

import copy
import dataclasses
import errno
import os
import re
import textwrap
from collections.abc import Mapping
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any, get_type_hints

from voicetype import whole_files
from voicetype.config import Config, Words
from voicetype.config_file import (
    Table,
    as_toml,
    default_path,
    flat,
    override,
    parsed,
    read,
    read_text,
    rule,
    validated,
)
from voicetype.errors import ConfigError
from voicetype.folders import make

_COLUMNS = 100  # of the comments
_BESIDE = 38  # columns of a value that a comment stands beside


def initial_text(path: Path) -> str:
    """A file for `path` in which every key stands with its default, all of it commented out."""
    lines = [
        f"# The configuration of voicetype: {_printable(path)}",
        "#",
        "# Every key stands here with its default; to change one, take the # away before it. A change",
        "# takes effect at once. `voicetype config` shows every value, and what auto means on this machine.",
    ]
    section = ""
    for name, value in flat(Config()):
        parent, _, key = name.rpartition(".")
        if isinstance(value, Words):
            lines += ["", "", *_about(name), f"[{name}]"]
            section = name
            continue
        if parent != section:
            lines += ["", "", f"[{parent}]"]
            section = parent
        lines += ["", *_about(name), f"# {key} = {as_toml(value)}"]
    return "\n".join([*lines, ""])


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


def explain(path: Path | None = None, here: Mapping[str, str] | None = None) -> list[str]:
    """Every value as TOML, each with where it comes from: the lines can be pasted into the file.

    `here`: what some of them come to on this machine, by dotted name. Raises ConfigError.
    """
    table, where = read(path), path or default_path()
    config = validated(table, str(where))
    missing = (
        "" if where.exists() else " (not there: these are the defaults; `voicetype config init` writes it)"
    )
    lines = [f"# {_printable(where)}{missing}"]
    section = ""
    for name, value in flat(config):
        parent, _, key = name.rpartition(".")
        origin = "from the file" if _has(table, name) else "default"
        if isinstance(value, Words):
            lines += ["", f"{f'[{name}]':<{_BESIDE}} # {origin}"]
            lines += [
                f"{f'{as_toml(own)} = {as_toml(word)}':<{_BESIDE}} # {origin}" for own, word in value.items()
            ]
            section = name
            continue
        if parent != section:
            lines += ["", f"[{parent}]"]
            section = parent
        meant = f"; here: {_printable(here[name])}" if here and name in here else ""
        lines.append(f"{f'{key} = {as_toml(value)}':<{_BESIDE}} # {origin}{meant}")
    return lines


def save(values: Mapping[str, object], path: Path | None = None) -> None:
    """Write some choices, by dotted name ("models.fast"), into the file; all else in it stays as it is.

    A file that is not there is made from the commented default. Raises ConfigError, for values against the
    rules and for a file that can't be used or written; then nothing is changed.
    """
    path = path or default_path()
    plain = _validated_values(values)
    text = read_text(path)
    text = initial_text(path) if text is None else text
    new = text.removeprefix("\ufeff")
    table = parsed(new, path)
    validated(table, str(path))
    for name, value in plain.items():
        new, table = _with(new, table, name, value, path)
    if "\r\n" in text and not re.search(r"(?<!\r)\n", text):
        new = re.sub(r"(?<!\r)\n", "\r\n", new)
    new = "\ufeff" * text.startswith("\ufeff") + new
    if new != text or not path.exists():
        _write(path, new)


def _validated_values(values: Mapping[str, object]) -> dict[str, object]:
    """The values as TOML knows them, under the rules of the file. Raises ConfigError."""
    wanted = {name: value.value if isinstance(value, Enum) else value for name, value in values.items()}
    checked = dict(flat(override(Config(), wanted, "the choice")))
    for name in wanted:
        if name not in checked:
            raise ConfigError(f"the choice: {name} is a section.", "Choose each of its keys by its own name.")
    return {name: _plain(checked[name]) for name in wanted}


def _plain(value: object) -> object:
    match value:
        case Enum():
            return value.value
        case Words():
            return {own: str(word) for own, word in value.items()}
        case tuple():
            return list(value)
    return value


def _with(text: str, table: Table, name: str, value: object, path: Path) -> tuple[str, Table]:
    """The text of a file, and what it holds, with one value changed. Raises ConfigError."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    wanted = _set(table, name, value)
    *parents, key = name.split(".")
    try:
        document = tomlkit.parse(text if _has(table, name) else _uncommented(text, table, name))
        inner: Any = document
        for parent in parents:
            inner = inner.setdefault(parent, tomlkit.table())
        _put(inner, key, value)
        new = tomlkit.dumps(document)
        done = parsed(new, path) == wanted
    except (TOMLKitError, ConfigError):
        done = False
    if not done:  # one of the rarer ways to write TOML
        raise ConfigError(
            f"{name} can't be changed in {path}, as that is written.",
            f"Change it there yourself: {name} = {as_toml(value)}",
        )
    return new, wanted


def _put(inner: Any, key: str, value: object) -> None:
    """A value in its place in a document; of a table, the lines that stay keep their comments."""
    if isinstance(value, dict) and key in inner:
        table = inner[key]
        for own in [own for own in table if own not in value]:
            del table[own]
        for own, word in value.items():
            if table.get(own) != word:
                table[own] = word
        if list(table) == list(value):
            return
    inner[key] = value


def _uncommented(text: str, table: Table, name: str) -> str:
    """`text` with the line in force that the commented default file has for a key; as it is without one."""
    key = name.rpartition(".")[2]
    default = _plain(dict(flat(Config()))[name])
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


def _has(table: Table, name: str) -> bool:
    key, _, rest = name.partition(".")
    return key in table and (not rest or _has(table[key], rest))


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
            f"{_printable(path)} can't be written: {error.object[error.start]!a} is no character.",
            "A TOML file is UTF-8: rename what has that name.",
        ) from error
    except OSError as error:
        file_there = isinstance(error, FileExistsError)  # so mkdir says that a part of the path is no folder
        raise ConfigError(
            f"{path} can't be written: {os.strerror(errno.ENOTDIR) if file_there else error.strerror}.",
            "Make room, or make the folder and the file your own; `--config FILE` names another place.",
        ) from error


def _about(name: str) -> list[str]:
    """What a key is for, and what it may hold, as comments."""
    *parents, key = name.split(".")
    section: Any = Config()
    for parent in parents:
        section = getattr(section, parent)
    metadata = {field.name: field.metadata for field in dataclasses.fields(section)}[key]
    about = (metadata["purpose"], rule(get_type_hints(type(section))[key], metadata))
    return [f"# {line}" for each in about for line in textwrap.wrap(each, _COLUMNS - 2)]


def _printable(path: Path | str) -> str:
    """A path or name that can stand in a comment."""
    return "".join(each if each.isprintable() else "?" for each in str(path))
