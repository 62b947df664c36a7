"""Commands carried out: the text of utterances that follow each other. Pure.

The theory. Some commands reach back: a sign takes the place of the punctuation that the model has put before
it, what is scratched goes. So the last utterances are written together, and each time anew from what is
known of them then: if the heavy model thinks better of a command, what it did is undone by itself.
Rule 1. The model's own punctuation goes where a sign is commanded, and what ends no sentence goes before any
command. A word behind a sign has a capital where a sentence begins; elsewhere a small word has none.
Rule 2. "Scratch that" takes back what was said before it in its utterance or, where that is nothing, the
utterance before; said again, the one before that. "Undo that" brings it back, as long as nothing else was
said.
Rule 3. What stands and can't be taken back (`Unit.sealed`) is neither scratched nor changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple

from voicetype.core import agreement, wording
from voicetype.core.commands import Case, Command, Deed
from voicetype.core.rewriting import Token, book_of
from voicetype.core.wording import key

_SIGNS = " ,.;:!?…"
_SOFT = " ,;:"  # what a model writes before a command, and ends no sentence with
_ENDS = ".!?…"
_FIRST = re.compile(r"\s*\S+")


class Place(Enum):
    """Where in a sentence the next word stands."""

    AS_SAID = "as said"
    BEGINS = "begins"
    GOES_ON = "goes on"


@dataclass(frozen=True, slots=True)
class Manner:
    """How the next word is written, and all until it is said otherwise."""

    attached: bool = False  # without a space
    place: Place = Place.AS_SAID
    next: Case = Case.AS_SAID
    until_off: Case = Case.AS_SAID


@dataclass(frozen=True, slots=True)
class Unit:
    """What an utterance says. `sealed`: what stands of it and can't be taken back."""

    tokens: tuple[Token, ...]
    sealed: str = ""
    language: str = ""


class Written(NamedTuple):
    """The text of an utterance. `attached`: to what is before it; `said`: its end is not a command's."""

    text: str = ""
    attached: bool = False
    said: bool = False

    def placed(self, last: str) -> str:
        """It as it is typed behind a character."""
        text = self.text.lstrip(" ") if not last or last.isspace() else self.text
        return text if self.attached else wording.join(last, text)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The text of each utterance, and how it went.

    `manners`: how what follows each is written. `refused`: how often it could scratch nothing; `flattened`:
    how often a space had to do for its line breaks. `stops`: the first one that ends the dictation.
    `scratched`: something was taken back.
    """

    written: tuple[Written, ...]
    manners: tuple[Manner, ...]
    refused: tuple[int, ...]
    flattened: tuple[int, ...]
    stops: int | None
    scratched: bool


def write(units: Sequence[Unit], manner: Manner, *, new_lines: bool) -> Outcome:
    """What the utterances come to, behind others that leave `manner`."""
    manners: list[Manner] = []
    refused, flattened = [0] * len(units), [0] * len(units)
    moment, later, scratched, stops = _Moment(_Page((), manner)), list[_Moment](), False, None
    for n, unit in enumerate(units):
        moment = moment.next(n)
        for at, token in enumerate(unit.tokens if stops is None else ()):
            match token:
                case Command(Deed.STOP):
                    moment, stops = moment.on(_softened(moment.page)), n
                    break
                case Command(Deed.UNDO) if later:
                    moment = later.pop().at(n)
                case Command(Deed.SCRATCH | Deed.UNDO):
                    later.append(moment)
                    back = _scratched(moment, units, n, at)
                    refused[n] += back is None
                    scratched, moment = scratched or back is not None, back or moment
                case Command():
                    later.clear()
                    flattened[n] += token.deed is Deed.LINE and not new_lines
                    moment = moment.on(_carried_out(moment.page, token, new_lines=new_lines))
                case str():
                    later.clear()
                    text = token if new_lines else wording.one_line(token)
                    moment = moment.on(_said(moment.page, text, unit.language))
        manners.append(moment.page.manner)
    texts = moment.page.padded(len(units)).written
    return Outcome(texts, tuple(manners), tuple(refused), tuple(flattened), stops, scratched)


@dataclass(frozen=True, slots=True)
class _Page:
    """What is written, one text of each utterance so far, and how what follows is."""

    written: tuple[Written, ...]
    manner: Manner

    def padded(self, count: int) -> _Page:
        missing = count - len(self.written)
        return replace(self, written=self.written + (Written(),) * missing) if missing > 0 else self

    def ending(self, last: Written, manner: Manner) -> _Page:
        return _Page((*self.written[:-1], last), manner)


class _Moment(NamedTuple):
    """While an utterance is written: the page, as it was before it, and before those that left some text."""

    page: _Page
    before: _Page | None = None
    past: tuple[_Page, ...] = ()
    number: int = -1

    def on(self, page: _Page) -> _Moment:
        return self._replace(page=page)

    def next(self, number: int) -> _Moment:
        """At the beginning of another utterance."""
        past = self.past
        if self.before is not None and self.page.padded(self.number + 1).written[self.number].text:
            past = (*past, self.before)
        page = self.page.padded(number + 1)
        return _Moment(page, page, past, number)

    def at(self, number: int) -> _Moment:
        """The same, in an utterance that is written now."""
        return self if number == self.number else self.next(number)


def _scratched(moment: _Moment, units: Sequence[Unit], n: int, at: int) -> _Moment | None:
    """Before what was said last; None where there is nothing that could be taken back."""
    if moment.page.written[n].text:
        assert moment.before is not None
        said, follows = units[n].tokens[:at], units[n].tokens[at + 1 :]
        if units[n].sealed and _distance(units[n].sealed, said) < _distance(units[n].sealed, follows):
            return None
        return _Moment(moment.before, moment.before, moment.past, n)
    if not moment.past:
        return None
    page = moment.past[-1].padded(n + 1)
    for unit, now, then in zip(units, moment.page.written, page.written, strict=False):
        if unit.sealed and now != then:
            return None
    return _Moment(page, page, moment.past[:-1], n)


def _distance(sealed: str, tokens: Sequence[Token]) -> int:
    """How far what is sealed is from a beginning of the text."""
    text = "".join(token for token in tokens if isinstance(token, str))
    return agreement.distance(wording.split(sealed.strip()), wording.split(text.strip()))


def _carried_out(page: _Page, command: Command, *, new_lines: bool) -> _Page:
    """A command that writes something, or says how something is written."""
    between = command.deed in (Deed.SIGN, Deed.JOINING, Deed.APART)
    page = _bared(page) if between else _softened(page)
    last, manner = page.written[-1], page.manner
    match command.deed:
        case Deed.NEXT:
            return replace(page, manner=replace(manner, next=command.case))
        case Deed.UNTIL_OFF:
            return replace(page, manner=replace(manner, until_off=command.case))
        case Deed.LINE:
            text = last.text.rstrip(" ") + command.text if new_lines else last.text
            breaks = replace(manner, attached=manner.attached and not new_lines, place=Place.BEGINS)
            return page.ending(last._replace(text=text, said=False), breaks)
    space = command.deed in (Deed.OPENING, Deed.APART) and not manner.attached
    text = last.text + (wording.join(last.text, command.text) if space else command.text)
    attached = last.attached if last.text else not space and command.text[0] != " "
    follows = command.deed in (Deed.OPENING, Deed.JOINING)
    return page.ending(
        Written(text, attached), replace(manner, attached=follows, place=_place_behind(command, manner.place))
    )


def _place_behind(command: Command, place: Place) -> Place:
    sign = command.text.strip()
    if sign in _ENDS:
        return Place.BEGINS
    return Place.GOES_ON if sign in _SOFT or command.deed in (Deed.JOINING, Deed.APART) else place


def _bared(page: _Page) -> _Page:
    """Without the model's punctuation at the end of what was said last, perhaps in an utterance before."""
    for at in range(len(page.written) - 1, -1, -1):
        last = page.written[at]
        if last.text:
            bare = last.text.rstrip(_SIGNS)
            if not (last.said and bare):
                return page
            return replace(
                page, written=(*page.written[:at], last._replace(text=bare), *page.written[at + 1 :])
            )
    return page


def _softened(page: _Page) -> _Page:
    last = page.written[-1]
    return page.ending(last._replace(text=last.text.rstrip(_SOFT)), page.manner) if last.said else page


def _said(page: _Page, said: str, language: str) -> _Page:
    """With more text."""
    last, manner = page.written[-1], page.manner
    said = _in_case(said.lstrip(" "), manner, language)
    if not last.text:
        written = Written(said, manner.attached, said=True)
    else:
        text = last.text + (said if manner.attached else wording.join(last.text, said))
        written = Written(text, last.attached, said=True)
    return page.ending(written, Manner(until_off=manner.until_off))


def _in_case(text: str, manner: Manner, language: str) -> str:
    """With the capitals that are commanded."""
    if manner.until_off is not Case.AS_SAID:
        text = re.sub(r"\S+", lambda word: _cased(word[0], manner.until_off), text)
    case = manner.next
    if case is Case.AS_SAID and manner.place is Place.BEGINS:
        case = Case.CAPITAL
    elif case is Case.AS_SAID and manner.place is Place.GOES_ON and manner.until_off is Case.AS_SAID:
        book, first = book_of(language), _FIRST.match(text)
        case = Case.LOWER if book and first and key(first[0]) in book.small else case
    return _FIRST.sub(lambda word: _cased(word[0], case), text, count=1)


def _cased(word: str, case: Case) -> str:
    match case:
        case Case.UPPER:
            return word.upper()
        case Case.LOWER:
            return word.lower()
        case Case.CAPITAL:
            at = next((n for n, c in enumerate(word) if c.isalpha()), 0)
            return word[:at] + word[at : at + 1].upper() + word[at + 1 :]
    return word
