"""What two hypotheses of the same speech have in common, word by word, blind to case and punctuation."""

from __future__ import annotations

from itertools import zip_longest

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
    row = list(range(len(longer) + 1))
    keys = [key(word) for word in longer]
    for n, word in enumerate(map(key, said), 1):
        diagonal, row[0] = row[0], n
        for m, other in enumerate(keys, 1):
            diagonal, row[m] = row[m], min(row[m] + 1, row[m - 1] + 1, diagonal + (word != other))
    best = min(row)
    return max(m for m, distance in enumerate(row) if distance == best)


def beyond(said: Words, longer: Words) -> Words:
    """The words of `longer` that `said` does not reach."""
    return longer[covered(said, longer) :]


def calm(shown: Words, previous: Words, current: Words, *, whole: bool) -> Words:
    """The words to show for a draft, given what is `shown` and the hypothesis before it.

    A shown word keeps its spelling, and goes only when two hypotheses in a row contradict it. The
    newest word is held back until it is said twice, or the draft is `whole` (it ends in a pause):
    it is cut off by the window's end as often as not.
    """
    agreed = common(shown, current)
    if agreed == len(shown) or common(previous, current) > agreed:
        words = shown[:agreed] + current[agreed:]
    else:
        words = shown + beyond(shown, current)
    sure = whole or common(previous, current) == len(current) or len(words) <= len(shown)
    return words if sure else words[:-1]


def restart(words: Words) -> int | None:
    """Where a hypothesis of unfinished speech begins to say again what it said; None where it does not.

    A window that ends in mid-speech tempts a model to finish the sentence and begin it anew: "We have
    had. We have had such". The sign is an end that stands before already: at the beginning (its last
    word may differ, being cut off), just before, or, of four words and more, anywhere. Speech that does
    repeat itself ("It was here that ... It was here that ...") goes on differently and is shown then.
    """
    keys = [key(word) for word in words]
    for at in range(2, len(keys) - 1):
        end = keys[at:]
        size = len(end)
        again = end == keys[:size] or (size > 2 and end[:-1] == keys[: size - 1])
        twice = end == keys[at - size : at] if size <= at else False
        anywhere = size > 3 and any(end == keys[n : n + size] for n in range(at - size + 1))
        if again or twice or anywhere:
            return at
    return None
