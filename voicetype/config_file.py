"""A TOML file -> `Config`: every key optional, nothing unknown or out of range let through.

The dataclasses of `voicetype.config` say which keys there are and what each may hold; a field that is
added there can be set in the file at once. `voicetype.config_writing` shows and writes such files.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import tomllib
from collections.abc import Collection, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, get_origin, get_type_hints

from voicetype.config import Config, Limits, Words
from voicetype.errors import ConfigError
from voicetype.folders import config_home

T = TypeVar("T")
Table = Mapping[str, Any]

_OPTIONAL = "Every key has a default: without the file voicetype works too."
_KINDS = {str: "a text in quotes", int: "a whole number", float: "a number", bool: "true or false"}


def default_path() -> Path:
    """Where the configuration is looked for; the file need not be there."""
    return config_home() / "voicetype" / "config.toml"


def load(path: Path | None = None) -> Config:
    """The configuration in `path`; without one the default file, or the defaults where that is missing.

    Raises ConfigError, which names the file, the key and what it may hold.
    """
    return validated(read(path), str(path or default_path()))


def read(path: Path | None = None) -> Table:
    """What is written in the file, not validated; {} where there is no default file. Raises ConfigError."""
    text = read_text(path or default_path())
    if text is not None:
        return parsed(text, path or default_path())
    if path is None:
        return {}
    raise ConfigError(f"There is no configuration file {path}.", _OPTIONAL)


def validated(table: Table, origin: str) -> Config:
    """The configuration that a table makes. Raises ConfigError, whose sentence begins with `origin`."""
    return _build(Config(), table, origin, "")


def override(config: Config, values: Mapping[str, object], origin: str = "the command line") -> Config:
    """`config` with some values replaced, by dotted name ("models.fast"), under the rules of the file.

    Raises ConfigError, for an unknown name too.
    """
    for name, value in values.items():
        table: Any = value
        for key in reversed(name.split(".")):
            table = {key: table}
        config = _build(config, table, origin, "")
    return config


def flat(config: Any, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every value by its dotted name: those of a section before what is below it, as TOML needs it."""
    values = [(f.name, getattr(config, f.name)) for f in dataclasses.fields(config)]
    values.sort(key=lambda item: isinstance(item[1], Words))
    for name, value in values:
        if not dataclasses.is_dataclass(value):
            yield f"{prefix}{name}", value
    for name, value in values:
        if dataclasses.is_dataclass(value):
            yield from flat(value, f"{prefix}{name}.")


def as_toml(value: object) -> str:
    """A value as a TOML file holds it, on one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            # A JSON text is a TOML basic string, except that TOML has DEL escaped.
            return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
        case tuple() | list():
            return f"[{', '.join(as_toml(each) for each in value)}]"
        case Mapping():
            return "{" + ", ".join(f"{as_toml(key)} = {as_toml(each)}" for key, each in value.items()) + "}"
    return str(value)


def rule(kind: Any, rules: Mapping[str, Any]) -> str:
    """What a field may hold beyond its kind ("from 0 to 3"), by its metadata; "" where anything will do."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _words_of([member.value for member in kind])
    if "allowed" in rules:
        each = rules["meaning"] or _words_of(rules["allowed"])
        return f"each is {each}" if kind is Words or get_origin(kind) is tuple else each
    return _range(rules["limits"]) if "limits" in rules else ""


def read_text(path: Path) -> str | None:
    """The file as it stands, with its own line ends; None where there is none. Raises ConfigError."""
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe would be waited for
            raise ConfigError(f"{path} is not a regular file.", _OPTIONAL)
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except IsADirectoryError:
        raise ConfigError(f"{path} is a folder, not a configuration file.", _OPTIONAL) from None
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}.", _OPTIONAL) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path} is not UTF-8 text (byte {error.start}).", "Save it as UTF-8 in your editor."
        ) from error


def parsed(text: str, path: Path) -> Table:
    """The table that a text of the file `path` makes. Raises ConfigError."""
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        # ValueError: TOMLDecodeError is one, and a number of 5000 digits raises a plain one.
        what = str(error).replace("at end of document", f"at its end, line {text.count(chr(10)) + 1}")
        raise ConfigError(f"{path} is not valid TOML: {what}.", _OPTIONAL) from error


def _build(base: T, table: Table, origin: str, prefix: str) -> T:
    """The dataclass `base` with what a table says; what the table leaves out stays. Raises ConfigError."""
    hints = get_type_hints(type(base))
    fields = {f.name: f for f in dataclasses.fields(base)}  # type: ignore[arg-type]  # T is a dataclass
    values = {}
    for key, value in table.items():
        name = f"{prefix}{key}"
        if key not in fields:
            raise _unknown(name, hints, origin, prefix)
        old = getattr(base, key)
        if not dataclasses.is_dataclass(old):
            values[key] = _value(hints[key], fields[key].metadata, value, origin, name)
        elif isinstance(value, Mapping):
            values[key] = _build(old, value, origin, f"{name}.")
        else:
            raise _bad(origin, name, value, f"it is a section: write [{name}]")
    return dataclasses.replace(base, **values)  # type: ignore[type-var]  # it is one


def _value(kind: Any, rules: Mapping[str, Any], value: object, origin: str, name: str) -> object:
    """`value` as a field of this kind holds it. Raises ConfigError."""
    if get_origin(kind) is tuple:
        return _words(rules, value, origin, name)
    if kind is Words:
        return _table(rules, value, origin, name)
    if issubclass(kind, Enum):
        return kind(_one_of([member.value for member in kind], value, origin, name))
    return _plain(kind, rules, value, origin, name)


def _words(rules: Mapping[str, Any], value: object, origin: str, name: str) -> tuple[str, ...]:
    """A list of some words, each once. Raises ConfigError, which names the first wrong one: languages[1]."""
    if not isinstance(value, list | tuple):
        raise _bad(origin, name, value, "it must be a list of texts in quotes, in brackets")
    words: list[str] = []
    for place, each in enumerate(value):
        word = _one_of(rules["allowed"], each, origin, f"{name}[{place}]", rules["meaning"])
        if word in words:
            raise _bad(origin, f"{name}[{place}]", word, "it is in the list already", "Take one of them out.")
        words.append(word)
    return tuple(words)


def _table(rules: Mapping[str, Any], value: object, origin: str, name: str) -> Words:
    """A word for each key of the user's own. Raises ConfigError, which names the first wrong one."""
    if not isinstance(value, Mapping):
        raise _bad(origin, name, value, f"it is a table: write [{name}], and below it a line for each")
    for key, word in value.items():
        if isinstance(word, Mapping):
            where = f"{name}[{_shortened(as_toml(key))}]"
            raise _bad(origin, where, word, "it must be a word; a name with a dot in it is written in quotes")
    return Words(
        {
            key: _one_of(rules["allowed"], word, origin, f"{name}[{_shortened(as_toml(key))}]")
            for key, word in value.items()
        }
    )


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


def _one_of(allowed: Collection[str], value: object, origin: str, name: str, meaning: str = "") -> str:
    if isinstance(value, str) and value in allowed:
        return value
    near = difflib.get_close_matches(str(value).lower(), sorted(allowed), 1)
    hint = f"Did you mean {json.dumps(near[0])}?" if near else ""
    raise _bad(origin, name, value, f"it must be {meaning or _words_of(allowed)}", hint)


def _words_of(allowed: Collection[str]) -> str:
    return f"one of {', '.join(sorted(allowed))}"


def _bad(origin: str, name: str, value: object, rule: str, hint: str = "") -> ConfigError:
    shown = _shortened(as_toml(value))
    default = dict(flat(Config())).get(name.partition("[")[0])
    remedy = f"The default is {as_toml(default)}." if default is not None else "Leave it out for the default."
    return ConfigError(f"{origin}: {name} is {shown}; {rule}.", hint or remedy)


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"


def _unknown(name: str, hints: Mapping[str, Any], origin: str, prefix: str) -> ConfigError:
    """The error for a key that is not there, with the nearest that is, wherever it is."""
    key = name.rpartition(".")[2]
    siblings = difflib.get_close_matches(key, list(hints), 1)
    if siblings:
        hint = f"Did you mean {prefix}{siblings[0]}?"
    else:
        everywhere = {full.rpartition(".")[2]: full for full, _ in flat(Config())}
        near = difflib.get_close_matches(key, list(everywhere), 1)
        known = f"The keys here are {', '.join(hints)}."
        hint = f"Did you mean {everywhere[near[0]]}?" if near else known
    return ConfigError(f"{origin}: there is no key {name}.", hint)


def _range(limits: Limits) -> str:
    if math.isinf(limits.high):
        return f"at least {limits.low:g}"
    return f"from {limits.low:g} to {limits.high:g}"
