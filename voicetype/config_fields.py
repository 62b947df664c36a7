"""The fields that the dataclasses of `voicetype.config` are made of: what a key may hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

V = TypeVar("V", covariant=True)

Fault = Callable[[str, str], str]
"""The rule that a text of the user's own is against, with its key ("" in a list); "" where it is right."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a number may be, both ends included."""

    low: float
    high: float


class _Own(Mapping[str, V]):
    """A table of the user's own keys, in the order of the file. It can't be changed."""

    __slots__ = ("_own",)

    def __init__(self, own: Mapping[str, V] | None = None) -> None:
        self._own = dict(own or {})

    def __getitem__(self, key: str) -> V:
        return self._own[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._own)

    def __len__(self) -> int:
        return len(self._own)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and [*self.items()] == [*other.items()]

    def __hash__(self) -> int:
        return hash(tuple(self.items()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._own})"


class Words(_Own[str]):
    """A word or a text for each key."""

    __slots__ = ()


class Sections(_Own[Any]):
    """A dataclass of settings for each key, all of the same class."""

    __slots__ = ()


def setting(default: object, purpose: str) -> Any:
    """A field that holds any value of its kind; `purpose` is its comment in the default file."""
    return field(default=default, metadata={"purpose": purpose})


def number(default: float, low: float, high: float, purpose: str) -> Any:
    """A field that holds a number between two limits."""
    return field(default=default, metadata={"limits": Limits(low, high), "purpose": purpose})


def choice(default: str, allowed: Collection[str], purpose: str, meaning: str = "") -> Any:
    """A field that holds one of some words; `meaning` stands for them where they are too many to list."""
    return field(
        default=default,
        metadata={"allowed": frozenset(allowed), "meaning": meaning, "purpose": purpose},
    )


def several(allowed: Collection[str], purpose: str, meaning: str = "") -> Any:
    """A field that holds a list of some words, each once, none by default."""
    return field(
        default=(),
        metadata={"allowed": frozenset(allowed), "meaning": meaning, "purpose": purpose},
    )


def table(allowed: Collection[str], purpose: str) -> Any:
    """A field that holds `Words`: one of some words for each key of the user's own, none by default."""
    return field(default=Words(), metadata={"allowed": frozenset(allowed), "meaning": "", "purpose": purpose})


def own_texts(fault: Fault, purpose: str) -> Any:
    """A field that holds a list of texts of the user's own, each once; they are private, and never shown."""
    return field(default=(), metadata={"fault": fault, "purpose": purpose})


def own_table(fault: Fault, purpose: str) -> Any:
    """A field that holds `Words`: a text for each key, both of the user's own, which are private."""
    return field(default=Words(), metadata={"fault": fault, "purpose": purpose})


def sections(of: object, purpose: str, allowed: Collection[str] = (), meaning: str = "") -> Any:
    """A field that holds `Sections`: for each key, one of `allowed` where that is told, what `of` may hold.

    `of` is a dataclass, with the defaults.
    """
    metadata = {"of": of, "keys": frozenset(allowed), "meaning": meaning, "purpose": purpose}
    return field(default=Sections(), metadata=metadata)
