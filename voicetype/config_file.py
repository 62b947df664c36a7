"""A TOML file -> `Config`: every key optional, nothing unknown or out of range let through.

The dataclasses of `voicetype.config` say which keys there are and what each may hold; a field that is
added there can be set in the file at once.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from voicetype.config import Config, Limits
from voicetype.errors import ConfigError

T = TypeVar("T")
Table = Mapping[str, Any]

_KINDS = {str: "a text in quotes", int: "a whole number", float: "a number", bool: "true or false"}


def default_path() -> Path:
    """Where the configuration is looked for; the file need not be there."""
    folder = os.environ.get("XDG_CONFIG_HOME", "")
    # The XDG rules have a relative folder ignored.
    base = Path(folder) if os.path.isabs(folder) else Path.home() / ".config"
    return base / "voicetype" / "config.toml"


def load(path: Path | None = None) -> Config:
    """The configuration in `path`; without one the default file, or the defaults where that is missing.

    Raises ConfigError, which names the file, the key and what it may hold.
    """
    return _load(path)[1]


def explain(path: Path | None = None) -> list[str]:
    """Every value as TOML, each with where it comes from: the lines can be pasted into the file."""
    table, config = _load(path)
    where = path or default_path()
    head = f"# {where}" if where.exists() else f"# {where} (not there: these are the defaults)"
    lines = [head]
    section = ""
    for name, value in _flat(config):
        parent, _, key = name.rpartition(".")
        if parent != section:
            lines += ["", f"[{parent}]"]
            section = parent
        origin = "from the file" if _has(table, name) else "default"
        lines.append(f"{f'{key} = {_toml(value)}':<38} # {origin}")
    return lines


def override(config: Config, values: Mapping[str, object], origin: str = "the command line") -> Config:
    """`config` with some values replaced, by dotted name ("models.fast"), under the rules of the file."""
    for name, value in values.items():
        config = _replaced(config, name.split("."), value, origin, name)
    return config


def _load(path: Path | None) -> tuple[Table, Config]:
    table = _read(path or default_path(), required=path is not None)
    return table, _build(Config, table, str(path or default_path()), "")


def _read(path: Path, *, required: bool) -> Table:
    """The file's own table; {} where a file that need not be there is missing."""
    hint = "Every key has a default: without the file voicetype works too."
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe would be waited for
            raise ConfigError(f"{path} is not a regular file.", hint)
        text = path.read_text(encoding="utf-8-sig")
        return tomllib.loads(text)
    except FileNotFoundError:
        if not required:
            return {}
        raise ConfigError(f"There is no configuration file {path}.", hint) from None
    except IsADirectoryError:
        raise ConfigError(f"{path} is a folder, not a configuration file.", hint) from None
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}.", hint) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path} is not UTF-8 text (byte {error.start}).", "Save it as UTF-8 in your editor."
        ) from error
    except (ValueError, RecursionError) as error:
        # ValueError: TOMLDecodeError is one, and a number of 5000 digits raises a plain one.
        what = str(error).replace("at end of document", f"at its end, line {text.count(chr(10)) + 1}")
        raise ConfigError(f"{path} is not valid TOML: {what}.", hint) from error


def _build(kind: type[T], table: Table, origin: str, prefix: str) -> T:
    """A dataclass from a table; what the table leaves out keeps its default."""
    hints = get_type_hints(kind)
    fields = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]  # T is a dataclass
    values = {}
    for key, value in table.items():
        name = f"{prefix}{key}"
        if key not in fields:
            raise _unknown(name, hints, origin, prefix)
        values[key] = _value(hints[key], fields[key].metadata, value, origin, name)
    return kind(**values)


def _value(kind: Any, rules: Mapping[str, Any], value: object, origin: str, name: str) -> object:
    """`value` as a field of this kind holds it. Raises ConfigError."""
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, Mapping):
            raise _bad(origin, name, value, f"it is a section: write [{name}]")
        return _build(kind, value, origin, f"{name}.")  # type: ignore[arg-type]  # it is a class
    if isinstance(kind, type) and issubclass(kind, Enum):
        allowed = [member.value for member in kind]
        return kind(_one_of(allowed, value, origin, name))
    return _plain(kind, rules, value, origin, name)


def _plain(kind: type, rules: Mapping[str, Any], value: object, origin: str, name: str) -> object:
    if kind is float and type(value) is int:
        value = float(value) if abs(value) < 2**53 else math.inf
    # `type`, not isinstance: true is no number here.
    if type(value) is not kind:
        raise _bad(origin, name, value, f"it must be {_KINDS[kind]}")
    if "allowed" in rules:
        return _one_of(rules["allowed"], value, origin, name, rules["meaning"])
    if "limits" in rules:
        limits: Limits = rules["limits"]
        # Written so that nan fails.
        if not (isinstance(value, int | float) and limits.low <= value <= limits.high):
            raise _bad(origin, name, value, f"it must be {_range(limits)}")
    return value


def _one_of(allowed: Iterable[str], value: object, origin: str, name: str, meaning: str = "") -> str:
    words = sorted(allowed)
    if isinstance(value, str) and value in words:
        return value
    near = difflib.get_close_matches(str(value).lower(), words, 1)
    raise _bad(
        origin,
        name,
        value,
        f"it must be {meaning or 'one of ' + ', '.join(words)}",
        f"Did you mean {json.dumps(near[0])}?" if near else "",
    )


def _bad(origin: str, name: str, value: object, rule: str, hint: str = "") -> ConfigError:
    shown = _toml(value)
    shown = shown if len(shown) <= 60 else f"{shown[:60]}…"
    default = _default(name)
    remedy = f"The default is {_toml(default)}." if default is not None else "Leave it out for the default."
    return ConfigError(f"{origin}: {name} is {shown}; {rule}.", hint or remedy)


def _unknown(name: str, hints: Mapping[str, Any], origin: str, prefix: str) -> ConfigError:
    """The error for a key that is not there, with the nearest that is, wherever it is."""
    key = name.rpartition(".")[2]
    siblings = difflib.get_close_matches(key, list(hints), 1)
    if siblings:
        hint = f"Did you mean {prefix}{siblings[0]}?"
    else:
        everywhere = {full.rpartition(".")[2]: full for full, _ in _flat(Config())}
        near = difflib.get_close_matches(key, list(everywhere), 1)
        known = f"The keys here are {', '.join(hints)}."
        hint = f"Did you mean {everywhere[near[0]]}?" if near else known
    return ConfigError(f"{origin}: there is no key {name}.", hint)


def _replaced(config: Any, keys: list[str], value: object, origin: str, name: str) -> Any:
    key, *rest = keys
    if rest:
        changed = _replaced(getattr(config, key), rest, value, origin, name)
    else:
        rules = {f.name: f.metadata for f in dataclasses.fields(config)}[key]
        changed = _value(get_type_hints(type(config))[key], rules, value, origin, name)
    return dataclasses.replace(config, **{key: changed})


def _flat(config: Any, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every value by its dotted name: those of a section before its subsections, as TOML needs it."""
    values = [(f.name, getattr(config, f.name)) for f in dataclasses.fields(config)]
    for name, value in values:
        if not dataclasses.is_dataclass(value):
            yield f"{prefix}{name}", value
    for name, value in values:
        if dataclasses.is_dataclass(value):
            yield from _flat(value, f"{prefix}{name}.")


def _default(name: str) -> object:
    return dict(_flat(Config())).get(name)


def _has(table: Table, name: str) -> bool:
    key, _, rest = name.partition(".")
    return key in table and (not rest or _has(table[key], rest))


def _range(limits: Limits) -> str:
    if math.isinf(limits.high):
        return f"at least {limits.low:g}"
    return f"from {limits.low:g} to {limits.high:g}"


def _toml(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(str(value), ensure_ascii=False)  # a TOML basic string
        case tuple() | list():
            return f"[{', '.join(_toml(each) for each in value)}]"
        case Mapping():
            return "{" + ", ".join(f"{json.dumps(key)} = {_toml(each)}" for key, each in value.items()) + "}"
    return str(value)
