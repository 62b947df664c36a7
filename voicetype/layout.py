"""What a terminal shows: how wide a text is, where it wraps, which words are dim. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from voicetype.core.events import Patch
from voicetype.core.patch import apply, graphemes
from voicetype.core.stream import Typed

DIM, BOLD, PLAIN = "\x1b[2m", "\x1b[1m", "\x1b[0m"


def clean(text: str, newline: str = "\n") -> str:
    """`text` without control characters, which a terminal would obey."""
    shown = text.replace("\n", newline)
    return "".join(c if c == "\n" or (c >= " " and not "\x7f" <= c <= "\x9f") else "·" for c in shown)


def cells(text: str) -> int:
    """The columns that a terminal gives to `text`."""
    return sum(_width(cluster) for cluster in graphemes(text))


def _width(cluster: str) -> int:
    if "\ufe0f" in cluster or unicodedata.east_asian_width(cluster[0]) in "WF":
        return 2
    return 0 if unicodedata.combining(cluster[0]) else 1


def wrap(text: str, width: int) -> list[str]:
    """Rows of no more than `width` columns, broken at spaces; a longer word is cut. At least one row."""
    rows: list[str] = []
    for paragraph in text.split("\n"):
        row, taken = "", 0
        for word in paragraph.split(" "):
            wide = cells(word)
            if taken + bool(row) + wide <= width:
                row, taken = (f"{row} {word}" if row else word), taken + bool(row) + wide
                continue
            if row:
                rows.append(row)
            *full, row = _pieces(word, width)
            rows += full
            taken = cells(row)
        rows.append(row)
    return rows


def _pieces(word: str, width: int) -> list[str]:
    pieces = [""]
    for cluster in graphemes(word):
        if cells(pieces[-1] + cluster) > width and pieces[-1]:
            pieces.append("")
        pieces[-1] += cluster
    return pieces


def tail(rows: list[str], most: int) -> list[str]:
    """The last `most` rows; "…" stands for those before."""
    return rows if len(rows) <= most else ["…", *rows[-(most - 1) :]]


def typed(screen: str, event: Typed) -> str:
    """`screen` after a patch of the stream; one that erases more than is known of erases what is."""
    return apply(screen, Patch(min(event.backspaces, len(graphemes(screen))), event.text))


def shaded(rows: list[str], dim_words: int) -> list[str]:
    """The rows with their last `dim_words` words dim."""
    lines: list[str] = []
    for row in reversed(rows):
        words = row.split(" ")
        spoken = sum(1 for word in words if word)
        if dim_words <= 0:
            lines.append(f"{BOLD}{row}{PLAIN}")
        elif spoken <= dim_words:
            lines.append(f"{DIM}{row}{PLAIN}")
        else:
            at = _cut(row, spoken - dim_words)
            lines.append(f"{BOLD}{row[:at]}{PLAIN}{DIM}{row[at:]}{PLAIN}")
        dim_words -= spoken
    return lines[::-1]


def _cut(row: str, words: int) -> int:
    """Where the first `words` words of a row end."""
    at = 0
    for _ in range(words):
        at += len(row[at:]) - len(row[at:].lstrip(" "))
        end = row.find(" ", at)
        at = len(row) if end < 0 else end
    return at


def keys(typed: Typed) -> str:
    """What a patch did: ⌫3 "rld"."""
    erased = f"⌫{typed.backspaces} " if typed.backspaces else ""
    return f'{erased}"{clean(typed.text, newline="⏎")}"'


def summary(stats: Mapping[str, float | int]) -> str:
    """The figures in one line: "audio 4.5 s · backspaces 3"."""
    return " · ".join(_figure(name, value) for name, value in stats.items())


def _figure(name: str, value: float) -> str:
    for ending, unit in (("_s", "s"), ("_mb", "MB")):
        if name.endswith(ending):
            return f"{name.removesuffix(ending).replace('_', ' ')} {value:.5g} {unit}"
    return f"{name.replace('_', ' ')} {value:.5g}"
