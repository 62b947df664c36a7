"""What a confirmation may change of the words that stand: the price of a mend against its worth.

A mend erases all that stands behind it: a word that is mended late costs far more keys than it has letters,
and the next pass may want it otherwise again. So a mend is made where it is worth its keys: in mid-speech,
where the heavy model hears a cut window and will hear the words again, close to the end alone; at a pause,
further back; and at the end, when it is the last word, almost anywhere. What is not worth its keys stays as
it stands. A word's case or punctuation is worth a few keys, so it is mended near the end, or several at once,
or behind a word that is mended anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from voicetype.core import wording
from voicetype.core.wording import Words, key


@dataclass(frozen=True, slots=True)
class Worth:
    """How many characters may be erased to mend a word, and to mend the case or punctuation of one."""

    word: int
    spelling: int


IN_SPEECH = Worth(word=15, spelling=2)
AT_PAUSE = Worth(word=30, spelling=8)
AT_END = Worth(word=80, spelling=20)
"""From `tests.bench.policy`: dearer mends buy no words there, cheaper ones cost them."""


def mend(standing: Words, said: Words, worth: Worth) -> Words:
    """The words that are to stand once a heavy pass has `said` its own of all of them.

    Of the places where the two differ, those from one of them on are mended: the first one from which on the
    mends together are worth the characters that they erase.
    """
    mended, gain = standing, 0
    for n, m, words, spellings in _differences(standing, said):
        wanted = standing[:n] + wording.follow(standing[:n], said[m:])
        gain += words * worth.word + spellings * worth.spelling
        if erased(standing, wanted) <= gain:
            mended = wanted
    return mended


def _differences(standing: Words, said: Words) -> Iterator[tuple[int, int, int, int]]:
    """Where the two differ, last first: the place in each, how many words do, and how many spellings."""
    blocks = SequenceMatcher(None, [*map(key, standing)], [*map(key, said)], autojunk=False).get_opcodes()
    for kind, i, j, k, m in reversed(blocks):
        if kind != "equal":
            yield i, k, max(j - i, m - k), 0
            continue
        for back in range(1, j - i + 1):
            if standing[j - back] != said[m - back]:
                yield j - back, m - back, 0, 1


def erased(standing: Words, wanted: Words) -> int:
    """How many characters of what stands go on the way to what is wanted."""
    before, after = "".join(standing), "".join(wanted)
    pairs = enumerate(zip(before, after, strict=False))
    return len(before) - next((n for n, (a, b) in pairs if a != b), min(len(before), len(after)))
