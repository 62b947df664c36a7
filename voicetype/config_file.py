"""A TOML file -> `Config`: every key optional, nothing unknown or out of range let through.

The dataclasses of `voicetype.config` say which keys there are and what each may hold; a field that is
added there can be set in the file at once. `voicetype.config_showing` shows such files, and
`voicetype.config_writing` writes them.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from voicetype.config import Config, TermsConfig
from voicetype.config_fields import Sections
from voicetype.config_rules import as_toml, bad, checked, flat, one_of, refused, rule, shortened
from voicetype.errors import ConfigError
from voicetype.folders import config_home

__all__ = [
    "Table",
    "as_toml",
    "default_path",
    "flat",
    "load",
    "override",
    "parsed",
    "read",
    "read_text",
    "rule",
    "validated",
]

T = TypeVar("T")
Table = Mapping[str, Any]

_OPTIONAL = "Every key has a default: without the file voicetype works too."


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
            raise _unknown(name, hints, origin, prefix, own=isinstance(base, TermsConfig))
        old, rules = getattr(base, key), fields[key].metadata
        if not (dataclasses.is_dataclass(old) or isinstance(old, Sections)):
            values[key] = checked(hints[key], rules, value, origin, name)
        elif not isinstance(value, Mapping):
            raise bad(origin, name, value, f"it is a section: write [{name}]")
        elif isinstance(old, Sections):
            values[key] = Sections(
                {own: _section(rules, own, each, origin, name) for own, each in value.items()}
            )
        else:
            values[key] = _build(old, value, origin, f"{name}.")
    return dataclasses.replace(base, **values)  # type: ignore[type-var]  # it is one


def _section(rules: Mapping[str, Any], own: str, table: object, origin: str, parent: str) -> Any:
    """A section under a name of the user's own. Raises ConfigError."""
    if rules["keys"]:
        one_of(rules["keys"], own, origin, f"a name in {parent}", rules["meaning"])
    name = f"{parent}[{shortened(as_toml(own))}]"
    if not isinstance(table, Mapping):
        raise refused(origin, name, f"it is a section: write [{parent}.{shortened(as_toml(own))}]")
    return _build(rules["of"], table, origin, f"{name}.")


def _unknown(name: str, hints: Mapping[str, Any], origin: str, prefix: str, *, own: bool) -> ConfigError:
    """The error for a key that is not there, with the nearest that is, wherever it is.

    `own`: among the user's own words it may be one of them, which is private, and not shown.
    """
    key = name.removeprefix(prefix)
    siblings = difflib.get_close_matches(key, list(hints), 1)
    if siblings:
        hint = f"Did you mean {prefix}{siblings[0]}?"
    elif own:
        section = prefix.removesuffix(".").replace("[", ".").replace("]", "")
        return ConfigError(
            f"{origin}: there is a key in [{section}] that is none of {', '.join(hints)}.",
            f"What is heard, and is to be typed otherwise, stands in [{section}.replacements].",
        )
    else:
        everywhere = {full.rpartition(".")[2]: full for full, _ in flat(Config())}
        near = difflib.get_close_matches(key, list(everywhere), 1)
        known = f"The keys here are {', '.join(hints)}."
        hint = f"Did you mean {everywhere[near[0]]}?" if near else known
    return ConfigError(f"{origin}: there is no key {name}.", hint)
