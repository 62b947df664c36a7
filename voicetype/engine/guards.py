"""What keeps a short window from going wrong: its shape, and the guards behind it.

A window is the speech with a tail of zero *audio* (the sign for the model that the speech is over; without it
stock models loop) and a floor on its length. Guards stand behind that: tests for a text that says itself
again, and a ladder of longer windows for what fails them, the last of which is the padded window that the
model was trained on.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from voicetype.core.agreement import restart
from voicetype.core.events import SAMPLE_RATE
from voicetype.core.verification import belief
from voicetype.core.wording import split, unspaced
from voicetype.engine import Hypothesis

LONGEST_S = 30.0
"""What a model hears at once."""

# More than a fast talker's. By language, as many a letter: a fifth of one to a half, up to one, up to three.
_TOKENS_PER_S = 8.0
_MORE_TOKENS_PER_S = (
    (20.0, "ar ba be el fa he hi hy ja kk ko mn mr ne ps sa sd ta tg th tt ur yi yo yue zh"),
    (40.0, "am as bn bo gu ka km kn lo ml my pa si te"),
)
_SPARE_TOKENS = 6
_MOST_TOKENS = 224  # half of the places that a decoder knows; the other half are a prompt's
_FASTEST_PER_S = 30.0  # characters
_CUT_OFF = 8  # characters
_SYLLABLES = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]")
_COMPRESSIBLE = 2.4  # openai/whisper's own sign of a loop: text length / zlib length


@dataclass(frozen=True, slots=True)
class WindowShape:
    """How audio is laid into a window. Seconds: the zero tail behind the speech, and the least length."""

    tail_s: float
    floor_s: float

    def samples(self, speech_samples: int) -> int:
        """The window's length in samples for so much speech, at most 30 s of it."""
        wanted = max(speech_samples + round(self.tail_s * SAMPLE_RATE), round(self.floor_s * SAMPLE_RATE))
        return min(wanted, round(LONGEST_S * SAMPLE_RATE))


_LONGER = (WindowShape(5.0, 10.0), WindowShape(LONGEST_S, LONGEST_S))

DRAFTS = (WindowShape(2.56, 5.0), *_LONGER)
CONFIRMATIONS = (WindowShape(3.5, 7.0), *_LONGER)
"""Ladders: the windows that are tried, one after the other, until a text passes the guards.

Word errors over 106 recordings of read English by the first rung (tail, floor): tiny.en (2.56, 5) 10.9 %,
(5, 10) 10.3 %, padded 10.2 %; base with five beams 9.3 %, 9.1 %, 9.7 %, and where it judges tiny.en's words
8.6 %, (3.5, 7) 8.4 %, (5, 10) 8.4 %. A draft is wanted soon and is heard again; a confirmation is to last.
"""


class Verdict(Enum):
    """What the guards say of a text."""

    TRUSTED = "trusted"
    LOOPED = "looped"  # it says itself again
    OVERFULL = "overfull"  # more than so much speech holds, or as compressible as a loop

    def next_rung(self, rung: int, *, careful: bool) -> int | None:
        """The rung of the ladder to try after this one, counted from 0; None where the text is taken.

        A draft is worth no second pass for a loop: what stands before it is as good as a draft gets. In a
        text that is to last, the padded window tells a loop from somebody who did say it twice.
        """
        last = len(DRAFTS) - 1 if careful else 1
        if rung >= last or self is Verdict.TRUSTED or (self is Verdict.LOOPED and not careful):
            return None
        return last if self is Verdict.LOOPED else rung + 1


@dataclass(frozen=True, slots=True)
class Heard:
    """What a window gave.

    `once`: the text until it says itself again; `probabilities`: of its words, where they are told; `speech`:
    that anybody speaks in the `speech_s` seconds that were heard.
    """

    text: str
    verdict: Verdict
    once: str = ""
    probabilities: tuple[float, ...] = ()
    speech: float = 1.0
    speech_s: float = LONGEST_S

    @property
    def hypothesis(self) -> Hypothesis:
        """The text, and how sure the model is of each of its words."""
        return Hypothesis(self.text, self.probabilities[: len(split(self.text))])

    def made_up(self, probabilities: Sequence[float], bound: float) -> bool:
        """Whether it is less than this that the model believes it, or nobody can say it."""
        return belief(probabilities, self.speech) < bound or rushed(self.text, self.speech_s)


def most_tokens(language: str, speech_s: float) -> int:
    """How many tokens a text of so many seconds of speech may have: one that goes on for longer is a loop."""
    return min(round(speech_s * _tokens_per_s(language)) + _SPARE_TOKENS, _MOST_TOKENS)


def _tokens_per_s(language: str) -> float:
    more = (rate for rate, languages in _MORE_TOKENS_PER_S if language in languages.split())
    return next(more, _TOKENS_PER_S)


def loop_start(tokens: list[int], language: str = "") -> int | None:
    """Where a hypothesis begins to say itself again; None where it does not.

    A loop is a run of tokens that stands twice in a row: of four or more tokens, or several times for
    shorter ones, since people do say "no, no, no" and "very, very". Where a letter takes more tokens, so does
    a run: four may be two letters.
    """
    each = round(_tokens_per_s(language) / _TOKENS_PER_S)
    for size in range(1, len(tokens) // 2 + 1):
        wanted = size * (4 if size <= each else 2 if size < 4 * each else 1)
        repeated = 0
        for at in range(size, len(tokens)):
            repeated = repeated + 1 if tokens[at] == tokens[at - size] else 0
            if repeated >= wanted:
                return at - repeated + 1
    return None


def without_restart(text: str) -> str:
    """The text up to where it begins anew: four words or more of it, or fewer behind the end of a sentence.

    Without that end, people do say two or three words again. Two characters may be a word (`restart`).
    """
    words = split(text)
    at = restart(words)
    if at is None:
        return text
    least = 8 if unspaced(words[-1]) else 4
    if len(words) - at < least and words[at - 1][-1] not in ".?!…。？！":
        return text
    return "".join(words[:at])


def rushed(text: str, speech_s: float) -> bool:
    """Whether a text is more than anybody says in so many seconds, as what a model makes of a click is.

    The fastest speakers come to some 30 characters a second, of those that are a syllable or a word to half
    of it; a word that is cut off is made whole.
    """
    return len(text) + len(_SYLLABLES.findall(text)) > _FASTEST_PER_S * speech_s + _CUT_OFF


def compressible(text: str) -> bool:
    """Whether a long text compresses like a loop (openai/whisper's own sign and threshold)."""
    raw = text.encode()
    return len(raw) > 100 and len(raw) / len(zlib.compress(raw)) > _COMPRESSIBLE
