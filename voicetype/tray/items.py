"""The tray's menu as values: its lines, and what they ask for when they are chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class Command(Enum):
    """A choice that needs nothing more."""

    TOGGLE = "toggle"
    UNDO = "undo"
    OPEN_CONFIGURATION = "open configuration"
    DOCTOR = "doctor"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class Configure:
    """Settings to change, by dotted name."""

    values: tuple[tuple[str, object], ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """A text for the clipboard."""

    text: str


@dataclass(frozen=True, slots=True)
class TypeAgain:
    """A text for the focused window."""

    text: str


Action: TypeAlias = Command | Configure | Copy | TypeAgain


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the menu. `checked` is None where it has no mark; a mark of `radio` is a dot."""

    label: str
    action: Action | None = None
    checked: bool | None = None
    radio: bool = False
    enabled: bool = True
    submenu: tuple[Item, ...] = ()


SEPARATOR = Item("")
Menu: TypeAlias = tuple[Item, ...]


def shortened(text: str, most: int) -> str:
    """On one line, of no more than `most` characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1].rstrip() + "…"


def switch(label: str, checked: bool, values: Mapping[str, object]) -> Item:
    """On or off; `values`: the settings that turn it."""
    return Item(label, Configure(tuple(values.items())), checked=checked)


def radio(label: str, values: Mapping[str, object], checked: bool) -> Item:
    """One of several; `values`: the settings that choose it."""
    return Item(label, Configure(tuple(values.items())), checked=checked, radio=True)


def more(items: Iterable[Item]) -> list[Item]:
    """A submenu for what few will want; none where there is nothing of the kind."""
    below = tuple(items)
    return [Item("More", submenu=below)] if below else []


def submenu(label: str, *items: Item) -> Item:
    """A menu below. Two separators in a row, and one at an end, are none."""
    kept: list[Item] = []
    for item in items:
        if item != SEPARATOR or (kept and kept[-1] != SEPARATOR):
            kept.append(item)
    while kept and kept[-1] == SEPARATOR:
        kept.pop()
    return Item(label, submenu=tuple(kept))
