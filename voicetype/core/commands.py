"""Spoken commands: which words are one, and what it does. Pure; the words are in `command_tables`.

A command is found by letters and digits alone, whatever its case, hyphens and spaces: models write "new
line", "New-line." and "newline". Three things make its words ordinary ones: an article before them ("a new
line"), the end of a sentence among them ("it is new. Line 5 says"), and the word for "literal".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from voicetype.core.wording import Words, key

_ENDS = (".", "!", "?", "…")  # a sentence


class Listening(StrEnum):
    """Which words are taken for commands."""

    OFF = "off"
    CLEAR = "clear"  # those that nobody says by accident; the others where an utterance has no other words
    ALL = "all"  # all of them, wherever they are said


class Deed(Enum):
    """What a command does."""

    SIGN = "sign"  # stands behind the word before
    OPENING = "opening"  # stands before the word that follows
    JOINING = "joining"  # stands between two words without a space
    APART = "apart"  # stands between two words with spaces
    LINE = "line"  # one line break, or two
    NEXT = "next"  # how the next word is written
    UNTIL_OFF = "until off"  # how all words are written until it is said otherwise
    SCRATCH = "scratch"  # what was said last goes
    UNDO = "undo"  # what was scratched comes back; else as SCRATCH
    STOP = "stop"  # the dictation ends


class Case(Enum):
    """How a word is written."""

    AS_SAID = "as said"
    CAPITAL = "capital"
    UPPER = "upper"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class Command:
    """A command. `text`: the sign, or the line breaks; `case`: how words are written."""

    deed: Deed
    text: str = ""
    case: Case = Case.AS_SAID


@dataclass(frozen=True, slots=True)
class Phrases:
    """Commands by their words. Each is compared by its letters and digits, joined."""

    spoken: Mapping[str, tuple[Command, ...]]
    by_key: Mapping[str, tuple[Command, ...]] = field(init=False, repr=False, compare=False)
    beginnings: Set[str] = field(init=False, repr=False, compare=False)
    longest: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Sort them by what is compared."""
        keys = {tuple(map(key, words.split())): commands for words, commands in self.spoken.items()}
        begun = {"".join(each[:n]) for each in keys for n in range(1, len(each))}
        object.__setattr__(self, "by_key", {"".join(each): commands for each, commands in keys.items()})
        object.__setattr__(self, "beginnings", begun)
        object.__setattr__(self, "longest", max(map(len, keys), default=0))


@dataclass(frozen=True, slots=True)
class Book:
    """The commands of a language.

    `clear`: nobody says them by accident; `every`: those and the others. Behind one of the `literal` words a
    command is its words, and behind one of the `articles`. `small`: words that have a capital only where a
    sentence begins.
    """

    clear: Phrases
    every: Phrases
    literal: Set[str]
    articles: Set[str]
    small: Set[str]


@dataclass(frozen=True, slots=True)
class Spoken:
    """Words among which commands are looked for. `keys`: of each, what is compared."""

    words: Words
    keys: Sequence[str]

    def ends(self, at: int) -> bool:
        """Whether the model ends a sentence behind a word."""
        return self.words[at].endswith(_ENDS)


@dataclass(frozen=True, slots=True)
class Found:
    """What a phrase commands, its key, and the word behind it."""

    commands: tuple[Command, ...]
    key: str
    end: int


def find(spoken: Spoken, at: int, phrases: Phrases) -> Found | None:
    """The longest phrase whose words stand at a place."""
    joined, found = "", None
    for end in range(at + 1, min(at + phrases.longest, len(spoken.words)) + 1):
        joined += spoken.keys[end - 1]
        if commands := phrases.by_key.get(joined):
            found = Found(commands, joined, end)
        if spoken.ends(end - 1):
            break
    return found if found and not _is_in_number(spoken, at, found.end) else None


def begins(spoken: Spoken, at: int, phrases: Phrases, book: Book) -> bool:
    """Whether all words from a place on are the beginning of a longer phrase."""
    if len(spoken.words) - at >= phrases.longest or follows_article(spoken, at, book):
        return False
    return "".join(spoken.keys[at:]) in phrases.beginnings and not spoken.ends(len(spoken.words) - 1)


def follows_article(spoken: Spoken, at: int, book: Book) -> bool:
    """Whether the words at a place are a thing that is spoken of."""
    return at > 0 and spoken.keys[at - 1] in book.articles and spoken.words[at - 1][-1:].isalnum()


def _is_in_number(spoken: Spoken, begin: int, end: int) -> bool:
    """Whether it is the point in "three point five"."""
    around = (*spoken.keys[max(0, begin - 1) : begin], *spoken.keys[end : end + 1])
    return len(around) == 2 and begin > 0 and all(map(str.isdigit, around))
