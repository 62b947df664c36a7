"""Where two models disagree: the heavy one judges the words that stand, beside its own.

The heavy model is not always the one that is right. What it finds plausible of the words that stand is left
as it stands; only where it doubts them do its own words take their place. On 105 recordings of read English
tiny.en alone makes 10.7 % word errors, base with five beams 9.2 %, and the two together 8.6 % (8.6 to 8.9 %
for thresholds from 0.03 to 0.3; above, the heavy model's own errors come back: 9.2 % at 0.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from voicetype.core.wording import Words, key

PLAUSIBLE = 0.3
"""The probability from which a word that stands is left as it is."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands of an utterance, for the heavy model to judge.

    A pass in mid-speech need not say again what it thinks of the first `confirmed` words.
    """

    text: str = ""
    confirmed: int = 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a model thinks of a draft: of each word, and whether its last word ends where speech does."""

    probabilities: tuple[float, ...] = ()
    whole: bool = False

    def plausible(self, confirmed: int) -> bool:
        """Whether there is a draft, and it doubts none of its words behind the confirmed ones."""
        return bool(self.probabilities) and min(self.probabilities[confirmed:], default=1.0) >= PLAUSIBLE


def judge(standing: Words, probabilities: Sequence[float], said: Words) -> Words:
    """The words that stand, with those of `said` in the place of what the heavy model doubts.

    `probabilities`: what it gives each word of `standing`, in its place. Words that are missing show in
    a doubt of the next one; what it says beyond the last one is added.
    """
    judged: list[str] = []
    mended = False
    blocks = SequenceMatcher(None, [*map(key, standing)], [*map(key, said)], autojunk=False)
    for kind, i, j, k, m in blocks.get_opcodes():
        doubted = min(probabilities[i : j + (kind == "insert")], default=0.0) < PLAUSIBLE
        match kind:
            case "equal":
                judged += said[k:m] if mended else standing[i:j]
            case "delete":
                judged += [standing[n] for n in range(i, j) if probabilities[n] >= PLAUSIBLE]
            case _ if doubted:
                judged += said[k:m]
            case _:
                beyond = said[k + j - i : m] if j == len(standing) else ()
                judged += standing[i:j] + beyond
        mended |= doubted and kind != "equal"
    return tuple(judged)


def wary(words: Words, probabilities: Sequence[float]) -> tuple[float, ...]:
    """The probabilities, none for a word that says the one before again: a repetition is likely to itself."""
    again = (n > 0 and key(words[n - 1]) == key(word) for n, word in enumerate(words))
    return tuple(0.0 if twice else p for twice, p in zip(again, probabilities, strict=True))


def word_probabilities(words: Words, pieces: Sequence[tuple[str, float]]) -> tuple[float, ...]:
    """The least probability of the letters and digits of each word.

    `pieces`: what the words are made of, in order, however they are cut; what stands beyond the words is
    left out. Punctuation doubts no word.
    """
    least = [1.0] * len(words)
    owners = [n for n, word in enumerate(words) for c in word if not c.isspace()]
    spoken = ((c, probability) for piece, probability in pieces for c in piece if not c.isspace())
    for owner, (c, probability) in zip(owners, spoken, strict=False):
        if c.isalnum():
            least[owner] = min(least[owner], probability)
    return tuple(least)
