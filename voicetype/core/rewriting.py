"""What is made of what was said: the user's replacements, and commands told from text. Pure.

The models judge and compare the words as they were said, so a replacement costs no patch and confuses no
verification; what is wanted on the screen is made of those words in two steps.
Step 1, here. `told` divides an utterance's words into text and commands. Only what the heavy model has said
is a command; words that it has not said yet, and that are one, or begin one, wait with all behind them. At
the end of an utterance nothing waits any more: what is no command then is text.
Step 2, in `writing`. The commands are carried out, over the last utterances together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from voicetype.core import commands
from voicetype.core.commands import Book, Command, Listening, Phrases, Spoken
from voicetype.core.vocabulary import Vocabulary
from voicetype.core.wording import Words, key

Token = str | Command
"""What an utterance consists of: text, with the space before it, and commands."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the user wants made of what is said. `language`: where an utterance tells none."""

    commands: Listening = Listening.OFF
    language: str = ""
    vocabulary: Vocabulary = Vocabulary()

    @property
    def none(self) -> bool:
        """Whether every word is typed as it is said."""
        every = (self.vocabulary.everywhere, self.vocabulary.here, *dict(self.vocabulary.languages).values())
        return self.commands is Listening.OFF and not any(t.replacements or t.patterns for t in every)


@dataclass(frozen=True, slots=True)
class Said:
    """The words of an utterance: the first `sure` ones are confirmed.

    `heavy`: the heavy model's own newest text, for a confirmation may leave others as they stand. `over`: no
    more will follow.
    """

    words: Words
    sure: int
    heavy: str
    over: bool
    language: str


class Told(NamedTuple):
    """Text and commands; `waits`: words that may be a command are left out."""

    tokens: tuple[Token, ...] = ()
    waits: bool = False


@lru_cache(maxsize=16)
def book_of(language: str) -> Book | None:
    """The commands of a language, where there are any."""
    from voicetype.core.command_tables import BOOKS  # who gives no commands has no use for them

    return BOOKS.get(language)


def told(said: Said, rules: Rules) -> Told:
    """Text and commands of an utterance, with the user's replacements."""
    language = said.language or rules.language
    book = book_of(language) if rules.commands is not Listening.OFF else None
    runs, waits = _divided(said, book, rules.commands) if book else ([[*said.words]], False)
    replacements, tokens = rules.vocabulary.replacements(language), list[Token]()
    for run in runs:
        if isinstance(run, tuple):
            tokens += run
            continue
        typed, _ = replacements.apply(tuple(run), open_ended=not said.over and run is runs[-1])
        if text := "".join(typed):
            tokens.append(text)
    return Told(tuple(tokens), waits)


_Runs = list[list[str] | tuple[Command, ...]]
"""Words that are no command, and commands."""


class _Heard(NamedTuple):
    """Words among which phrases are looked for: the first `sure` are confirmed; `heavy` confirms a phrase."""

    spoken: Spoken
    sure: int
    heavy: str
    over: bool


def _divided(said: Said, book: Book, listening: Listening) -> tuple[_Runs, bool]:
    """Runs of words, and commands; whether words wait."""
    spoken = Spoken(said.words, [*map(key, said.words)])
    heard = _Heard(spoken, said.sure, key(said.heavy), said.over)
    if listening is Listening.ALL:
        return _runs(heard, book.every, book)
    clear = _runs(heard, book.clear, book)
    believed = _Heard(spoken, len(said.words), "".join(spoken.keys), said.over)
    if _has_text(_runs(believed, book.every, book)):
        return clear
    alone = _runs(heard, book.every, book)
    if said.over or alone == clear:
        return clear if _has_text(alone) else alone
    return [], True  # until its end tells whether the utterance has no other words


def _has_text(divided: tuple[_Runs, bool]) -> bool:
    return any(isinstance(run, list) for run in divided[0])


def _runs(heard: _Heard, phrases: Phrases, book: Book) -> tuple[_Runs, bool]:
    """With the commands among some phrases."""
    spoken, count = heard.spoken, len(heard.spoken.words)
    runs: _Runs = []
    at = 0
    while at < count:
        literal = spoken.keys[at] in book.literal
        if not heard.over and (commands.begins(spoken, at, phrases, book) or (literal and at == count - 1)):
            return runs, True
        found = commands.find(spoken, at + literal, book.every if literal else phrases)
        end = found.end if found else at + 1
        if found is None or commands.follows_article(spoken, at, book):
            _add(runs, spoken.words[at:end])
        elif literal:
            _add(runs, spoken.words[at + 1 : end])
        elif end <= heard.sure and found.key in heard.heavy:
            runs.append(found.commands)
        elif end > heard.sure and not heard.over:
            return runs, True
        else:
            _add(runs, spoken.words[at:end])
        at = end
    return runs, False


def _add(runs: _Runs, words: Words) -> None:
    """Words behind others, or behind a command: there the model's punctuation alone is none."""
    last = runs[-1] if runs else None
    if isinstance(last, list):
        last += words
    elif last is None or any(c.isalnum() for c in "".join(words)):
        runs.append([*words])
