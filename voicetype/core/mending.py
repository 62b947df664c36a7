"""What a confirmation may change of the words that stand: the price of a mend against its worth.

A mend erases all that stands behind it: a word that is mended late costs far more keys than it has letters,
and the next pass may want it otherwise again. So a mend is made where it is worth its keys: in mid-speech,
where the heavy model hears a cut window and will hear the words again, close to the end alone; at a pause,
further back; and at the end, when it is the last word, almost anywhere. What is not worth its keys stays as
it stands, the more so the less the heavy model itself is sure of it. A word's case, punctuation or hyphen is
worth a few keys, so it is mended near the end, or several at once, or behind a word that is mended anyway.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import NamedTuple

from voicetype.core import wording
from voicetype.core.wording import Words, key


@dataclass(frozen=True, slots=True)
class Worth:
    """How many characters may be erased to mend a word, and to mend the case or punctuation of one."""

    word: int
    spelling: int


IN_SPEECH = Worth(word=12, spelling=2)
AT_PAUSE = Worth(word=25, spelling=8)
AT_END = Worth(word=70, spelling=20)
"""Where the curve of `tests.bench.policy` bends: beyond, a word that is mended costs far more keys."""

UNSEEN = Worth(word=10_000, spelling=10_000)
"""Of words that do not stand on the screen: to mend them costs nothing."""


def mend(standing: Words, said: Words, worth: Worth, gains: Sequence[float] = ()) -> Words:
    """The words that are to stand once a heavy pass has `said` its own of all of them.

    Of the places where the two differ, those from one of them on are mended: the first one from which on the
    mends together are worth the characters that they erase. `gains`: what each word said gains over what
    stands, from 0 to 1; those that are not told count whole.
    """
    mended, gained = standing, 0.0
    for each in _differences(standing, said):
        before = standing[: each.standing]
        wanted = before + wording.follow(before, said[each.said :])
        gain = max(gains[each.said : max(each.said_to, each.said + 1)], default=1.0)
        gained += each.words * worth.word * gain + each.spellings * worth.spelling
        if erased(standing, wanted) <= gained:
            mended = wanted
    return mended


class _Difference(NamedTuple):
    """Where the two differ: from which word on of each, up to which one of what is said, and how much."""

    standing: int
    said: int
    said_to: int
    words: int = 0
    spellings: int = 0


def _differences(standing: Words, said: Words) -> Iterator[_Difference]:
    """Where the two differ, last first."""
    blocks = SequenceMatcher(None, [*map(key, standing)], [*map(key, said)], autojunk=False).get_opcodes()
    for kind, i, j, k, m in reversed(blocks):
        if kind == "equal":
            for back in range(1, j - i + 1):
                if standing[j - back] != said[m - back]:
                    yield _Difference(j - back, m - back, m - back + 1, spellings=1)
        elif key("".join(standing[i:j])) == key("".join(said[k:m])):  # with or without a hyphen or a space
            yield _Difference(i, k, m, spellings=1)
        else:
            yield _Difference(i, k, m, words=max(j - i, m - k))


def erased(standing: Words, wanted: Words) -> int:
    """How many characters of what stands go on the way to what is wanted."""
    before, after = "".join(standing), "".join(wanted)
    pairs = enumerate(zip(before, after, strict=False))
    return len(before) - next((n for n, (a, b) in pairs if a != b), min(len(before), len(after)))
