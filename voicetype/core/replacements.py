"""What is typed in place of what is heard: the user's own words, and regular expressions. Pure.

Words are replaced where they stand whole, whatever their case; the punctuation around them stays. Among
several that begin at the same word, the longest holds. A match is on words, so that scripts without spaces,
of which each character is a word, match anywhere.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from voicetype.core import wording
from voicetype.core.wording import Words

_AROUND = "\"'“”„‚‘’«»‹›()[]{}¡¿.,;:!?…，。；：！？、「」『』《》"
_ENDING = ".!?…。！？"
_PAUSING = ",;:，；：、"
_LONGEST = 12  # words that may wait for more: an expression that matches anything would hold all of them back


class Pattern(Protocol):
    """A regular expression, and what is typed in place of what it matches."""

    def replaced(self, text: str) -> str:
        """The text with every match replaced."""

    def open_from(self, text: str) -> int:
        """Where a match begins that more text may complete; the length of `text` where none does."""


@dataclass(frozen=True, slots=True)
class Replacements:
    """`plain`: what is heard, and what is typed; the last of several for the same words holds."""

    plain: tuple[tuple[str, str], ...] = ()
    patterns: tuple[Pattern, ...] = ()
    _by_first: Mapping[str, tuple[_Rule, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Sort the rules by the word that they begin with."""
        object.__setattr__(self, "_by_first", _sorted(self.plain))

    def __bool__(self) -> bool:
        return bool(self.plain or self.patterns)

    def apply(self, words: Words, *, open_ended: bool) -> tuple[Words, int]:
        """The words as they are to be typed, and how many of `words` at the end are left out of them.

        They are where they may be the beginning of a longer match: only where more may follow (`open_ended`).
        """
        if not self or not words:
            return words, 0
        pieces = self._replaced(words, open_ended)
        if open_ended and self.patterns:
            pieces = self._closed(pieces)
        text = "".join(piece.text for piece in pieces)
        for pattern in self.patterns:
            text = pattern.replaced(text)
        return wording.split(text.rstrip()), len(words) - sum(piece.words for piece in pieces)

    def _replaced(self, words: Words, open_ended: bool) -> list[_Piece]:
        heard = [_heard(word) for word in words]
        pieces: list[_Piece] = []
        at, left_out = 0, None  # the first of the words before that nothing is typed for
        while at < len(words) and not (open_ended and self._begins(heard, at)):
            length, rule = self._longest(heard, at)
            text = (
                words[at]
                if rule is None
                else _typed(rule, heard[max(0, at - 1) : at], heard[at : at + length])
            )
            if not text:
                left_out = left_out or heard[at]
                _end(pieces, heard[at + length - 1].behind)
            elif left_out:
                text, left_out = _instead_of(left_out, text), None
            pieces.append(_Piece(text, length))
            at += length
        return pieces

    def _begins(self, heard: list[_Heard], at: int) -> bool:
        """Whether all that is left may be the beginning of a rule that is longer."""
        return any(_may_become(heard[at:], rule.parts) for rule in self._of(heard[at]))

    def _longest(self, heard: list[_Heard], at: int) -> tuple[int, _Rule | None]:
        """How many words the longest rule takes that matches here; one, of no rule, where none does."""
        for rule in self._of(heard[at]):
            if length := _matched(heard[at : at + len(rule.parts)], rule.parts):
                return length, rule
        return 1, None

    def _of(self, heard: _Heard) -> tuple[_Rule, ...]:
        return self._by_first.get(heard.parts[0], ()) if heard.parts else ()

    def _closed(self, pieces: list[_Piece]) -> list[_Piece]:
        """Without those at the end that a pattern may yet match."""
        text = "".join(piece.text for piece in pieces)
        open_from = min(pattern.open_from(text) for pattern in self.patterns)
        kept, length = 0, 0
        while kept < len(pieces) and length + len(pieces[kept].text) <= open_from:
            length += len(pieces[kept].text)
            kept += 1
        return pieces if len(pieces) - kept > _LONGEST else pieces[:kept]


class _Piece(NamedTuple):
    """What is typed of some of the words."""

    text: str
    words: int


class _Rule(NamedTuple):
    """What is heard, part by part, and what is typed; `lower`: neither has a capital."""

    parts: tuple[str, ...]
    typed: str
    lower: bool


class _Heard(NamedTuple):
    """A word in its parts: space, what stands before it, itself, what stands behind it."""

    space: str
    before: str
    word: str
    behind: str
    parts: tuple[str, ...]


def _sorted(plain: tuple[tuple[str, str], ...]) -> Mapping[str, tuple[_Rule, ...]]:
    """The rules by their first part, the longest first."""
    rules = {}
    for heard, typed in plain:
        parts = heard_as(heard)
        lower = heard == heard.lower() and typed == typed.lower()
        if parts:
            rules[parts] = _Rule(parts, typed.strip(), lower)
    by_first: dict[str, list[_Rule]] = {}
    for parts in sorted(rules, key=len, reverse=True):
        by_first.setdefault(parts[0], []).append(rules[parts])
    return {first: tuple(those) for first, those in by_first.items()}


def heard_as(text: str) -> tuple[str, ...]:
    """What is compared of a text that is heard, part by part; nothing where no word is in it."""
    return tuple(part for word in wording.split(wording.clean(text)) for part in _heard(word).parts)


def _heard(word: str) -> _Heard:
    """With a hyphen in it, a word is several: "e-mail" is "e mail", too."""
    bare = word.lstrip()
    space, begun = word[: len(word) - len(bare)], bare.lstrip(_AROUND)
    core = begun.rstrip(_AROUND)
    folded = unicodedata.normalize("NFC", core.casefold().replace("’", "'"))
    parts = tuple(filter(None, folded.replace("‐", "-").replace("‑", "-").split("-")))
    return _Heard(space, bare[: len(bare) - len(begun)], core, begun[len(core) :], parts)


def _matched(heard: list[_Heard], parts: tuple[str, ...]) -> int:
    """How many words these parts are; 0 where they are not what is heard."""
    at = 0
    for count, each in enumerate(heard):
        if not each.parts or each.parts != parts[at : at + len(each.parts)] or (at and each.before):
            return 0
        at += len(each.parts)
        if at == len(parts):
            return count + 1
        if each.behind.strip(_PAUSING):  # another sentence
            return 0
    return 0


def _may_become(heard: list[_Heard], parts: tuple[str, ...]) -> bool:
    """Whether these parts go on behind all that is heard, of which the last word may be cut."""
    said = [part for each in heard[: len(parts)] for part in each.parts]
    if len(heard) > len(parts) or not 0 < len(said) <= len(parts):
        return False
    apart = any(each.before or not each.parts for each in heard[1:])
    if apart or any(each.behind.strip(_PAUSING) for each in heard):
        return False
    *whole, last = said
    if tuple(whole) != parts[: len(whole)]:
        return False
    wanted = parts[len(whole)]
    return len(said) < len(parts) if last == wanted else bool(whole) and wanted.startswith(last)


def _typed(rule: _Rule, earlier: list[_Heard], words: list[_Heard]) -> str:
    """What is typed for words behind earlier ones; where a sentence begins, with a capital as it is heard."""
    if not rule.typed:
        return ""
    first, last = words[0], words[-1]
    begins = not earlier or bool(earlier[-1].behind.strip(_PAUSING))
    capital = rule.lower and begins and first.word[:1].isupper()
    return first.space + first.before + (_capital(rule.typed) if capital else rule.typed) + last.behind


def _instead_of(left_out: _Heard, text: str) -> str:
    """What is typed next, in the place of words that nothing is typed for."""
    text = text.lstrip()
    return left_out.space + (_capital(text) if left_out.word[:1].isupper() else text)


def _end(pieces: list[_Piece], behind: str) -> None:
    """A sentence ends, behind a word that nothing is typed for."""
    ending = behind.strip(_PAUSING)[:1]
    typed = [place for place, piece in enumerate(pieces) if piece.text]
    if not typed or ending not in _ENDING or not ending:
        return
    last = pieces[typed[-1]]
    if last.text[-1] not in _ENDING:
        pieces[typed[-1]] = last._replace(text=last.text.rstrip(_PAUSING) + ending)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
