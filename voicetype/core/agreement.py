"""What two hypotheses of the same speech have in common, word by word, blind to case and punctuation."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from voicetype.core import wording
from voicetype.core.wording import Words, key


def common(one: Words, other: Words) -> int:
    """How many words the two have in common at their beginnings."""
    for n, (a, b) in enumerate(zip_longest(one, other)):
        if a is None or b is None or key(a) != key(b):
            return n
    return len(one)


def covered(said: Words, longer: Words) -> int:
    """How many of the first words of `longer` say what `said` says.

    The beginning of `longer` with the smallest edit distance (Levenshtein, on words) to all of
    `said`; of equally near ones the longest, so that a misheard last word counts as said rather
    than being said twice.
    """
    row = _distances(said, longer)
    best = min(row)
    return max(m for m, distance in enumerate(row) if distance == best)


def distance(said: Words, longer: Words) -> int:
    """How many words `said` differs in from that beginning of `longer`."""
    return min(_distances(said, longer))


def _distances(said: Words, longer: Words) -> list[int]:
    """The edit distance of `said` to each beginning of `longer`."""
    row = list(range(len(longer) + 1))
    keys = [key(word) for word in longer]
    for n, word in enumerate(map(key, said), 1):
        diagonal, row[0] = row[0], n
        for m, other in enumerate(keys, 1):
            diagonal, row[m] = row[m], min(row[m] + 1, row[m - 1] + 1, diagonal + (word != other))
    return row


def beyond(said: Words, longer: Words) -> Words:
    """The words of `longer` that `said` does not reach."""
    return longer[covered(said, longer) :]


def onward(said: Words, longer: Words) -> Words:
    """`said` and what `longer` says beyond it; the last word of `said` is punctuated as `longer` does."""
    reached = covered(said, longer)
    if not said or not reached:
        return said + wording.follow(said, longer[reached:])
    last = wording.punctuated(said[-1], wording.follow(said[:-1], longer[reached - 1 : reached])[0])
    return (*said[:-1], last, *wording.follow(said, longer[reached:]))


_MADE_UP = 2  # words at most that a window's end makes a model say beyond what was spoken

SURE_NEWEST = 0.85
SURE_ONCE = 0.6
SURE_TWICE = 0.25
SURE_FIRST = 0.2
"""How probable a new word must be to be shown: the newest one, which the window's end may have cut; one that
stands before it; one that the hypothesis before had too; and a phrase's first one, of which models are seldom
sure. A wrong word costs the keys of all that is said until it is mended, a right one that is held back waits
for the next hypothesis: `tests.bench.policy` draws the curve."""


def calm(
    shown: Words, previous: Words, current: Words, probabilities: Sequence[float], *, whole: bool
) -> Words:
    """The words to show for a draft, given what is `shown` and the hypothesis before it.

    A shown word keeps its spelling, and goes only when two hypotheses in a row contradict it. New words
    are shown up to the first one that is not probable enough. `probabilities`: of each word of `current`,
    or none. `whole`: the draft ends in a pause, so that its newest word is not cut. Elsewhere a model ends
    the sentence because the window ends: that punctuation waits for the word behind it. And what a whole
    draft does not say any more at its end was made up.
    """
    agreed, twice = common(shown, current), common(previous, current)
    ends_sooner = whole and 0 < agreed == len(current) >= len(shown) - _MADE_UP
    contradicted = agreed < len(shown) and (ends_sooner or twice > agreed)
    kept = shown[:agreed] if contradicted else shown
    begin = agreed if contradicted or agreed == len(shown) else covered(shown, current)
    end = begin
    while end < len(current):
        newest = end == len(current) - 1 and not whole
        needed = SURE_TWICE if end < twice else SURE_NEWEST if newest else SURE_ONCE
        if not shown and end == 0:
            needed = min(needed, SURE_FIRST)
        if (probabilities[end] if end < len(probabilities) else SURE_ONCE) < needed:
            break
        end += 1
    if end == begin and not whole:
        return shown  # nothing better is known
    words = onward(kept if end > begin or ends_sooner else shown, current[:end])
    return words if whole else wording.open_ended(words)


def restart(words: Words) -> int | None:
    """Where a hypothesis of unfinished speech begins to say again what it said; None where it does not.

    A window that ends in mid-speech tempts a model to finish the sentence and begin it anew: "We have
    had. We have had such". The sign is an end that stands before already: at the beginning (its last
    word may differ, being cut off), just before, or, of four words and more, anywhere. Speech that does
    repeat itself ("It was here that ... It was here that ...") goes on differently and is shown then.
    Two characters of a script without spaces count as a word.
    """
    keys = [key(word) for word in words]
    each = 2 if words and wording.unspaced(words[-1]) else 1
    for at in range(2 * each, len(keys) + 1 - 2 * each):
        end = keys[at:]
        size = len(end)
        again = end == keys[:size] or (size > 2 * each and end[:-1] == keys[: size - 1])
        twice = end == keys[at - size : at] if size <= at else False
        anywhere = size > 4 * each - 1 and any(end == keys[n : n + size] for n in range(at - size + 1))
        if again or twice or anywhere:
            return at
    return None
