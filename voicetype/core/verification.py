"""Where two models disagree: the heavy one judges the words that stand, beside its own.

The heavy model is not always the one that is right. What it finds plausible of the words that stand is left
as it stands; where it doubts them, its own words take their place if it finds those likelier, and how much
likelier says what a mend is worth (`mending`). On 106 recordings of read English tiny.en alone makes 10.9 %
word errors, base with five beams 9.3 %, and the two together 8.4 % (thresholds of 0.1 to 0.3; above, the
heavy model's own errors come back: 9.2 % at 0.5).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from voicetype.core import wording
from voicetype.core.wording import Words, key

PLAUSIBLE = 0.3
"""The probability from which a word that stands is left as it is."""

STEADFAST = 0.2
"""What the other words must gain more where the words that stand were confirmed before: cut at another place,
the same model says another thing, and changes its mind again."""

MADE_UP = -1.5
MADE_UP_DRAFT = -2.3
"""The belief (`belief`) below which a text is made up: one that is to last and that no draft speaks for, and
a draft's. In windows of 1.5 s and more of 28 noises without a word (13 recorded), no draft and 1 % of the
heavy model's texts are above. Of read speech in six languages no draft and 5 % of its texts are below; with
noise at 5 and 10 dB, mostly where the window cuts a word, 7 and 16 %, both at once 7 %."""

_IMPOSSIBLE = 1e-6


@dataclass(frozen=True, slots=True)
class Standing:
    """What was said of an utterance so far, for the heavy model to judge: also words that are held back.

    A pass in mid-speech need not say again what it thinks of the first `confirmed` words. `vouched`: a model
    was sure enough of some of it to show that.
    """

    text: str = ""
    confirmed: int = 0
    vouched: bool = True


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a model thinks of a text: of each word, and whether its last word ends where speech does."""

    probabilities: tuple[float, ...] = ()
    whole: bool = False

    def plausible(self, confirmed: int) -> bool:
        """Whether there is a text, and it doubts none of its words behind the confirmed ones."""
        return bool(self.probabilities) and min(self.probabilities[confirmed:], default=1.0) >= PLAUSIBLE


def judge(
    standing: Words, judged: Sequence[float], said: Words, own: Sequence[float], confirmed: int = 0
) -> tuple[Words, tuple[float, ...]]:
    """The words that stand, with those of `said` in the place of what the heavy model doubts.

    `judged` and `own`: the probabilities that it gives each word of `standing`, and of what it `said` itself,
    in its place. Returned with each word: what it gains over what stood there, from 0 (it stood there) to 1
    (it is certain, or stands beyond the end). Of two ways to say a place, that is the difference of their
    probabilities, given that it is one of the two. A place reaches to the next word, which is unlikely behind
    a wrong or a missing one, and behind one that was cut off, however likely that is itself. What it says
    beyond the end and does not believe itself is made up, of the silence or the noise there.
    """
    words: list[str] = []
    gains: list[float] = []
    mended, carried = False, 0.0  # the gain of words that went: it counts with the next one

    def add(new: Sequence[str], gain: float) -> None:
        words.extend(wording.follow(tuple(words), tuple(new)))
        gains.extend([gain] * len(new))

    blocks = SequenceMatcher(None, [*map(key, standing)], [*map(key, said)], autojunk=False)
    for kind, i, j, k, m in blocks.get_opcodes():
        at_end = j == len(standing)
        if kind == "equal":
            both = said[k:m] if mended else standing[i:j]
            add(both[:1], carried)
            add(both[1:], 0.0)
            carried = 0.0
        elif kind == "insert" and at_end:
            add(_believed_end(said[k:m], own[k:m]) if standing else said[k:m], 1.0)
        elif kind == "delete" and at_end:  # no word follows that would tell
            add([standing[n] for n in range(i, j) if judged[n] >= PLAUSIBLE], 0.0)
        else:
            gain = _gain(judged[i : j + 1], own[k : m + 1], alike=at_end)
            gain -= STEADFAST if i < confirmed and j <= confirmed else 0.0
            doubted = min(judged[i : j + 1], default=0.0) < PLAUSIBLE
            if doubted and gain > 0:
                add(said[k:m], gain)
                mended, carried = True, gain if k == m else 0.0
            else:
                add(standing[i:j], 0.0)
                more = k + j - i
                add(_believed_end(said[more:m], own[more:m]) if at_end else (), 1.0)
    return tuple(words), tuple(gains)


def _believed_end(words: Words, probabilities: Sequence[float]) -> Words:
    """The words, or none where the model that says them does not believe them."""
    return () if belief(probabilities, 1.0) < MADE_UP else words


def _gain(standing: Sequence[float], said: Sequence[float], *, alike: bool) -> float:
    """How much more probable the words said are than those that stand, from -1 to 1.

    `alike`: no word follows that would tell; as many words of each are compared.
    """
    size = min(len(standing), len(said)) if alike else None
    return math.tanh((_log(said[:size]) - _log(standing[:size])) / 2)


def _log(probabilities: Sequence[float]) -> float:
    return sum(math.log(max(_IMPOSSIBLE, p)) for p in probabilities)


def belief(probabilities: Sequence[float], speech: float) -> float:
    """How much a model believes what it says: 0 wholly, less the less.

    The mean log probability of its words, and that of somebody speaking at all: each alone is a weak sign of
    a breath or a noise. Of somebody who surely speaks (`speech` 1.0) the words alone tell. A word that is
    said again (`wary`) tells nothing: a short word alone is often heard twice.
    """
    told = [p for p in probabilities if p] or probabilities
    return _log(told) / len(told) + _log([speech]) if told else 0.0


def wary(words: Words, probabilities: Sequence[float]) -> tuple[float, ...]:
    """The probabilities, none for a word that says the one before again: a repetition is likely to itself."""
    again = (n > 0 and key(words[n - 1]) == key(word) for n, word in enumerate(words))
    return tuple(0.0 if twice else p for twice, p in zip(again, probabilities, strict=True))


def word_probabilities(words: Words, pieces: Sequence[tuple[str, float]]) -> tuple[float, ...]:
    """The least probability of the letters and digits of each word; of dots in the place of one, of those.

    `pieces`: what the words are made of, in order, however they are cut; what stands beyond the words is
    left out. Other punctuation doubts no word.
    """
    least = [1.0] * len(words)
    owners = [n for n, word in enumerate(words) for c in word if not c.isspace()]
    spoken = ((c, probability) for piece, probability in pieces for c in piece if not c.isspace())
    for owner, (c, probability) in zip(owners, spoken, strict=False):
        if wording.spoken(c) or not words[owner].strip(" .…"):
            least[owner] = min(least[owner], probability)
    return tuple(least)
