"""What a value of the configuration file may be: a rule for each kind of field, a sentence for all else."""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
from collections.abc import Collection, Iterator, Mapping
from enum import Enum
from typing import Any, get_origin

from voicetype.config import Config
from voicetype.config_fields import Limits, Sections, Words
from voicetype.errors import ConfigError

_KINDS = {str: "a text in quotes", int: "a whole number", float: "a number", bool: "true or false"}


def flat(config: Any, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every value by its dotted name: those of a section before what is below it, as TOML needs it."""
    values = [(f.name, getattr(config, f.name)) for f in dataclasses.fields(config)]
    values.sort(key=lambda item: isinstance(item[1], Words | Sections))
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


def checked(kind: Any, rules: Mapping[str, Any], value: object, origin: str, name: str) -> object:
    """`value` as a field of this kind holds it. Raises ConfigError."""
    if "fault" in rules:
        return _own(kind, rules, value, origin, name)
    if get_origin(kind) is tuple:
        return _words(rules, value, origin, name)
    if kind is Words:
        return _table(rules, value, origin, name)
    if issubclass(kind, Enum):
        return kind(one_of([member.value for member in kind], value, origin, name))
    return _plain(kind, rules, value, origin, name)


def _words(rules: Mapping[str, Any], value: object, origin: str, name: str) -> tuple[str, ...]:
    """A list of some words, each once. Raises ConfigError, which names the first wrong one: languages[1]."""
    if not isinstance(value, list | tuple):
        raise bad(origin, name, value, "it must be a list of texts in quotes, in brackets")
    words: list[str] = []
    for place, each in enumerate(value):
        word = one_of(rules["allowed"], each, origin, f"{name}[{place}]", rules["meaning"])
        if word in words:
            raise bad(origin, f"{name}[{place}]", word, "it is in the list already", "Take one of them out.")
        words.append(word)
    return tuple(words)


def _table(rules: Mapping[str, Any], value: object, origin: str, name: str) -> Words:
    """A word for each key of the user's own. Raises ConfigError, which names the first wrong one."""
    if not isinstance(value, Mapping):
        raise bad(origin, name, value, f"it is a table: write [{name}], and below it a line for each")
    for key, word in value.items():
        if isinstance(word, Mapping):
            where = f"{name}[{shortened(as_toml(key))}]"
            raise bad(origin, where, word, "it must be a word; a name with a dot in it is written in quotes")
    return Words(
        {
            key: one_of(rules["allowed"], word, origin, f"{name}[{shortened(as_toml(key))}]")
            for key, word in value.items()
        }
    )


def _own(kind: Any, rules: Mapping[str, Any], value: object, origin: str, name: str) -> object:
    """Texts of the user's own, as a list or as `Words`. Raises ConfigError, which shows none of them.

    It names the first wrong one by its place, for the sentence may be logged: vocabulary.hotwords[1].
    """
    if kind is Words:
        if not isinstance(value, Mapping):
            raise refused(origin, name, f"it is a table: write [{name}], and below it a line for each")
        items = list(value.items())
    else:
        if not isinstance(value, list | tuple):
            raise refused(origin, name, "it must be a list of texts in quotes, in brackets")
        items = [("", each) for each in value]
    for place, (key, each) in enumerate(items):
        if not isinstance(each, str):
            raise refused(origin, f"{name}[{place}]", "it must be a text in quotes, and so must its key")
        if fault := rules["fault"](key, each):
            raise refused(origin, f"{name}[{place}]", fault)
        if ("", each) in items[:place]:
            raise refused(origin, f"{name}[{place}]", "it is in the list already")
    return Words(dict(items)) if kind is Words else tuple(each for _, each in items)


def refused(origin: str, name: str, rule: str) -> ConfigError:
    """The error for what is the user's own, which it does not show."""
    return ConfigError(
        f"{origin}: {name} can't be used: {rule}.", "Mend it, or take it out; [0] is the first."
    )


def _plain(kind: type, rules: Mapping[str, Any], value: object, origin: str, name: str) -> object:
    if kind is float and type(value) is int:
        value = float(value) if abs(value) < 2**53 else math.inf
    # `type`, not isinstance: true is no number here.
    if type(value) is not kind:
        raise bad(origin, name, value, f"it must be {_KINDS[kind]}")
    if "allowed" in rules:
        return one_of(rules["allowed"], value, origin, name, rules["meaning"])
    if "limits" in rules:
        limits: Limits = rules["limits"]
        # Written so that nan fails.
        if not (isinstance(value, int | float) and limits.low <= value <= limits.high):
            raise bad(origin, name, value, f"it must be {_range(limits)}")
    return value


def one_of(allowed: Collection[str], value: object, origin: str, name: str, meaning: str = "") -> str:
    if isinstance(value, str) and value in allowed:
        return value
    near = difflib.get_close_matches(str(value).lower(), sorted(allowed), 1)
    hint = f"Did you mean {json.dumps(near[0])}?" if near else ""
    raise bad(origin, name, value, f"it must be {meaning or _words_of(allowed)}", hint)


def _words_of(allowed: Collection[str]) -> str:
    return f"one of {', '.join(sorted(allowed))}"


def bad(origin: str, name: str, value: object, rule: str, hint: str = "") -> ConfigError:
    shown = shortened(as_toml(value))
    default = dict(flat(Config())).get(name.partition("[")[0])
    remedy = f"The default is {as_toml(default)}." if default is not None else "Leave it out for the default."
    return ConfigError(f"{origin}: {name} is {shown}; {rule}.", hint or remedy)


def shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"


def _range(limits: Limits) -> str:
    if math.isinf(limits.high):
        return f"at least {limits.low:g}"
    return f"from {limits.low:g} to {limits.high:g}"
