"""Which language each utterance is in, where nobody has told: the heavy model hears it.

The theory. Of one second of speech a model tells the language every other time, of three nearly always; but
it knows when it knows. Over 57 recordings in nine languages base was right in 33 % after half a second, 56 %
after one, 79 % after two, 93 % after three; where it was half sure or more, in 17 of 31, 31 of 36, 43 of 43
and 52 of 53.
Rule 1. Each of the heavy model's windows tells the language anew, until one of three seconds or more is sure:
that is settled for the utterance.
Rule 2. Where a model is not sure, what was spoken before is presumed; few people change in mid-dictation.
Rule 3. Drafts are heard in what the heavy model has told of the utterance; until it has, in what is presumed.
Only where that is nothing, the fast model decides by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

AUTO = "auto"
"""Stands for a language that is to be heard."""

SURE = 0.5
"""A language is believed whose probability among all is at least this."""

SETTLED_S = 3.0
"""Seconds of an utterance after which its language is settled, if it is sure."""

_KEPT = 4  # utterances that windows may still come of


@dataclass(frozen=True, slots=True)
class Told:
    """What the heavy model said of an utterance's language."""

    utterance: int
    language: str
    settled: bool


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is known. `presumed`: a code, or empty; `certain`: it was settled once."""

    presumed: str = ""
    certain: bool = False
    told: tuple[Told, ...] = ()

    def for_heavy(self, utterance: int) -> str:
        """The language in which to confirm an utterance, a code or "auto"."""
        known = self._of(utterance)
        return known.language if known and known.settled else AUTO

    def for_fast(self, utterance: int) -> str:
        """The language in which to draft an utterance, a code or "auto"."""
        known = self._of(utterance)
        return known.language if known else self.presumed or AUTO

    def after(self, utterance: int, language: str, probability: float, heard_s: float) -> Spoken:
        """With what the heavy model told of an utterance's first `heard_s` seconds."""
        known = self._of(utterance)
        if not language or (known and known.settled):
            return self
        sure = probability >= SURE
        settled = sure and heard_s >= SETTLED_S
        believed = settled or (sure and not self.certain)
        others = [told for told in self.told if told.utterance != utterance]
        return Spoken(
            language if believed else self.presumed,
            self.certain or settled,
            (*others[1 - _KEPT :], Told(utterance, language, settled)),
        )

    def _of(self, utterance: int) -> Told | None:
        return next((told for told in self.told if told.utterance == utterance), None)
