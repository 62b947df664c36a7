"""What a streaming server said of one utterance, result by result.

A server says the same speech again and again: interim results of what it has not settled, each in the place
of the last, then final ones, which follow each other and never change. Its own ideas of pauses cut the
utterance into several of those. Results that come late or twice are put where they belong, or left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from voicetype.core import agreement, wording
from voicetype.core.agreement import SURE_NEWEST, SURE_ONCE, SURE_TWICE
from voicetype.core.wording import Words

HELD = SURE_TWICE - 0.05
"""How probable a word is made that waits for a second result. A tick hears the newest result, an old one too:
without this, a result that is asked for twice would vouch for itself."""


@dataclass(frozen=True, slots=True)
class Said:
    """A word, with the space before it. `at`: its middle, seconds since the utterance's start.

    `probability`: None where the server does not tell.
    """

    text: str
    at: float
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What a server says of a stretch of the sound, in seconds since the utterance's start.

    `final`: it says nothing else of it later.
    """

    start: float
    end: float
    words: tuple[Said, ...]
    final: bool = False


@dataclass(frozen=True, slots=True)
class Streamed:
    """All of it so far. `results` counts them."""

    finals: tuple[Result, ...] = ()
    interim: Result | None = None
    before: Words = ()  # the words as they were before the newest result
    results: int = 0

    def after(self, result: Result) -> Streamed:
        """With one more result."""
        known = replace(self, results=self.results + 1)
        if self._is_stale(result):
            return known
        before = tuple(said.text for said in self._said())
        if not result.final:
            return replace(known, interim=result, before=before)
        finals = tuple(sorted((*self.finals, result), key=lambda each: each.start))
        late = self.interim is not None and self.interim.start > result.start
        return replace(known, finals=finals, interim=self.interim if late else None, before=before)

    def reaches(self, other: Streamed) -> bool:
        """Whether it says as much as another one did."""
        return len(list(self._said())) >= len(list(other._said()))

    def heard(self, begin: float, end: float, *, whole: bool = False) -> tuple[str, tuple[float, ...]]:
        """The text between two times, and how sure each of its words is (`wording.split`).

        What is final is sure. `whole`: the end is no cut through a word.
        """
        said = [each for each in self._said() if begin <= each.at < end]
        text, owners = "", list[int]()
        for n, each in enumerate(said):
            piece = each.text if text else each.text.lstrip()
            owners += [n] * len(piece)
            text += piece
        text = text if wording.clean(text) else ""
        sure = self._sure(said, whole=whole)
        return text, tuple(_least(wording.split(text), [sure[n] for n in owners]))

    def _is_stale(self, result: Result) -> bool:
        """Whether it comes late, or again: what is final of that stretch is known."""
        if result.final:
            return result in self.finals
        return any(each.end > each.start and result.start <= each.start for each in self.finals)

    def _said(self) -> Iterator[Said]:
        """Every word, each with the space that it needs behind the one before."""
        last = ""
        for result in (*self.finals, *([self.interim] if self.interim else [])):
            for said in result.words:
                yield replace(said, text=wording.join(last, said.text))
                last = said.text

    def _sure(self, said: Sequence[Said], *, whole: bool) -> list[float]:
        final = sum(len(each.words) for each in self.finals)
        words = tuple(each.text for each in self._said())
        agreed = agreement.common(self.before, words)
        first = next((n for n, each in enumerate(self._said()) if said and each == said[0]), 0)
        sure = []
        for n, each in enumerate(said, first):
            newest = n == len(words) - 1 and not whole
            needed = SURE_NEWEST if newest else SURE_ONCE
            told = SURE_ONCE if each.probability is None else each.probability
            sure.append(1.0 if n < final else told if n < agreed or told >= needed else min(told, HELD))
        return sure


def _least(words: Words, sure: Sequence[float]) -> Iterator[float]:
    """Of each word, the least that any of its characters has."""
    at = 0
    for word in words:
        yield min(sure[at : at + len(word)])
        at += len(word)
