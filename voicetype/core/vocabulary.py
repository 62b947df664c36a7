"""The user's own words: what the models are to expect, and what is typed in place of what is heard. Pure.

Some of it holds everywhere, some in one language, some in one application: the more particular comes last,
and is what holds where both say something of the same words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import pairwise

from voicetype.core import wording
from voicetype.core.replacements import Pattern, Replacements
from voicetype.core.wording import Words, key


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds in one place."""

    hotwords: tuple[str, ...] = ()
    replacements: tuple[tuple[str, str], ...] = ()
    patterns: tuple[Pattern, ...] = ()

    def and_those(self, more: Terms) -> Terms:
        """With `more`, which comes last."""
        return Terms(
            (*(word for word in self.hotwords if word not in more.hotwords), *more.hotwords),
            self.replacements + more.replacements,
            self.patterns + more.patterns,
        )


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What holds where. `languages`: by code; `applications`: by shell pattern, in the user's order."""

    everywhere: Terms = Terms()
    languages: tuple[tuple[str, Terms], ...] = ()
    applications: tuple[tuple[str, Terms], ...] = ()
    here: Terms = Terms()  # of the application that is typed into

    def at(self, app: str, instance: str) -> Vocabulary:
        """What holds in the windows of an application, by both its names, whatever their case."""
        names = {app.lower(), instance.lower()} - {""}
        here = Terms()
        for pattern, terms in self.applications:
            if any(fnmatchcase(name, pattern.lower()) for name in names):
                here = here.and_those(terms)
        return self if here == self.here else replace(self, here=here)

    def replacements(self, language: str) -> Replacements:
        """What is typed in place of what is heard in a language, by its code; "" where it is not known."""
        return _replacements(self, language)

    def hotwords(self, language: str) -> tuple[str, ...]:
        """What the models are to expect in a language, the most important last."""
        return _in(self, language).hotwords


def without_echoes(
    words: Words, probabilities: Sequence[float], hotwords: tuple[str, ...]
) -> Sequence[float]:
    """The probabilities, none for a word that begins a hotword right behind the one before it in their list.

    Where nobody speaks a model says what it was told to expect, one after the other, and finds that likely.
    """
    if len(hotwords) < 2:
        return probabilities
    each = [wording.split(hotword) for hotword in hotwords]
    in_order = {(key(a[-1]), key(b[0])) for a, b in pairwise(filter(None, each))}
    echoed = (n > 0 and (key(words[n - 1]), key(word)) in in_order for n, word in enumerate(words))
    return tuple(0.0 if echo else p for echo, p in zip(echoed, probabilities, strict=False))


def _in(vocabulary: Vocabulary, language: str) -> Terms:
    of_language = dict(vocabulary.languages).get(language, Terms())
    return vocabulary.everywhere.and_those(of_language).and_those(vocabulary.here)


@lru_cache(maxsize=32)
def _replacements(vocabulary: Vocabulary, language: str) -> Replacements:
    terms = _in(vocabulary, language)
    return Replacements(terms.replacements, terms.patterns)
