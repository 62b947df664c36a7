"""The configuration as it is shown: the commented default file, and every value with where it comes from."""

from __future__ import annotations

import dataclasses
import re
import textwrap
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, get_type_hints

from voicetype.config import Config
from voicetype.config_fields import Sections, Words
from voicetype.config_file import Table, as_toml, default_path, flat, read, rule, validated

_COLUMNS = 100  # of the comments
_BESIDE = 38  # columns of a value that a comment stands beside


def initial_text(path: Path) -> str:
    """A file for `path` in which every key stands with its default, all of it commented out."""
    lines = [
        f"# The configuration of voicetype: {printable(path)}",
        "#",
        "# Every key stands here with its default; to change one, take the # away before it. A change",
        "# takes effect at once. `voicetype config` shows every value, and what auto means on this machine.",
    ]
    section = ""
    for name, value in flat(Config()):
        parent, _, key = name.rpartition(".")
        if isinstance(value, Words | Sections):
            heading = [f"[{name}]"] if isinstance(value, Words) else []
            lines += ["", "", *_about(name), *heading]
            section = name
            continue
        if parent != section:
            lines += ["", "", f"[{parent}]"]
            section = parent
        lines += ["", *_about(name), f"# {key} = {as_toml(value)}"]
    return "\n".join([*lines, ""])


def explain(path: Path | None = None, here: Mapping[str, str] | None = None) -> list[str]:
    """Every value as TOML, each with where it comes from: the lines can be pasted into the file.

    `here`: what some of them come to on this machine, by dotted name. Raises ConfigError.
    """
    table, where = read(path), path or default_path()
    config = validated(table, str(where))
    missing = (
        "" if where.exists() else " (not there: these are the defaults; `voicetype config init` writes it)"
    )
    lines = [f"# {printable(where)}{missing}"]
    section = ""
    for name, value in flat(config):
        parent, _, key = name.rpartition(".")
        origin = "from the file" if has(table, name) else "default"
        if isinstance(value, Words | Sections):
            lines += _tables(name, plain(value), origin)
            section = name
            continue
        if parent != section:
            lines += ["", f"[{parent}]"]
            section = parent
        meant = f"; here: {printable(here[name])}" if here and name in here else ""
        lines.append(f"{f'{key} = {as_toml(value)}':<{_BESIDE}} # {origin}{meant}")
    return lines


def _tables(name: str, table: Any, origin: str) -> list[str]:
    """A table of the user's own, and those below it."""
    lines = ["", f"{f'[{name}]':<{_BESIDE}} # {origin}"]
    for own, value in table.items():
        if not isinstance(value, dict):
            lines.append(f"{f'{_key(own)} = {as_toml(value)}':<{_BESIDE}} # {origin}")
    for own, value in table.items():
        if isinstance(value, dict):
            lines += _tables(f"{name}.{_key(own)}", value, origin)
    return lines


def _key(own: str) -> str:
    """A key as a TOML file holds it: in quotes, unless it is a plain word."""
    return own if re.fullmatch("[A-Za-z0-9_-]+", own) else as_toml(own)


def plain(value: object) -> object:
    match value:
        case Enum():
            return value.value
        case Words():
            return {own: str(word) for own, word in value.items()}
        case Sections():
            return {own: _told(section) for own, section in value.items()}
        case tuple():
            return list(value)
    return value


def _told(section: Any) -> dict[str, object]:
    """What a section says beyond the defaults."""
    defaults = dict(flat(type(section)()))
    return {name: plain(value) for name, value in flat(section) if value != defaults[name]}


def has(table: Table, name: str) -> bool:
    key, _, rest = name.partition(".")
    return key in table and (not rest or has(table[key], rest))


def _about(name: str) -> list[str]:
    """What a key is for, and what it may hold, as comments."""
    *parents, key = name.split(".")
    section: Any = Config()
    for parent in parents:
        section = getattr(section, parent)
    metadata = {field.name: field.metadata for field in dataclasses.fields(section)}[key]
    about = (metadata["purpose"], rule(get_type_hints(type(section))[key], metadata))
    return [f"# {line}" for each in about for line in textwrap.wrap(each, _COLUMNS - 2)]


def printable(path: Path | str) -> str:
    """A path or name that can stand in a comment."""
    return "".join(each if each.isprintable() else "?" for each in str(path))
