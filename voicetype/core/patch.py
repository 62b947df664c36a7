"""From what stands on the screen to what should stand there, with the fewest keys.

Only the end of a text can be reached without moving the caret, so the shallowest patch keeps the
longest common beginning, erases the rest and types the new rest. Lengths are user-perceived
characters: a grapheme is erased by one BackSpace and never split.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import takewhile

from voicetype.core.events import Erasing, Patch, Terms

# Erased whole although composed: Latin, Greek, Cyrillic, Arabic with hamza, kana, Hangul syllables. Of others
# ("≠") GTK erases the mark alone.
_ERASED_WHOLE = re.compile("[\u0000-\u052f\u0622-\u0626\u1e00-\u1fff\u3040-\u30ff\uac00-\ud7a3]")
_HALF_SYLLABLES = re.compile("[\u1160-\u11ff\ud7b0-\ud7ff\uff9e\uff9f]")
_JOINER = "\u200d"
_MARKS = frozenset({"Mn", "Me", "Mc"})


def graphemes(text: str) -> list[str]:
    """Split `text` into user-perceived characters; joined again they are `text`.

    A working subset of the extended grapheme clusters of Unicode TR 29: combining marks and
    variation selectors, ZWJ sequences, skin tones, flags, Hangul jamo.
    """
    if text.isascii():
        return list(text)
    clusters: list[str] = []
    for character in text:
        if not (character < "\x80" or "\xc0" <= character < "\u0300") and (  # those extend nothing
            clusters and _extends(clusters[-1], character)
        ):
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters


def _extends(cluster: str, character: str) -> bool:
    if character == _JOINER or unicodedata.category(character) in _MARKS:
        return not cluster[-1].isspace()
    if "\U0001f3fb" <= character <= "\U0001f3ff" or "\U000e0020" <= character <= "\U000e007f":
        return not cluster[-1].isspace()
    if cluster[-1] == _JOINER:
        return unicodedata.category(character) == "So"
    if _is_regional(character):
        return _is_regional(cluster[0]) and len(cluster) == 1
    return _jamo_joins(cluster[-1], character)


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _jamo_joins(before: str, character: str) -> bool:
    """Hangul: leading consonants take vowels, vowels take trailing consonants (TR 29, GB6 to GB8)."""
    if "\u1160" <= character <= "\u11a7":
        return "\u1100" <= before <= "\u11a7" or _is_open_syllable(before)
    if "\u11a8" <= character <= "\u11ff":
        return "\u1160" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7a3"
    return "\u1100" <= character <= "\u115f" and "\u1100" <= before <= "\u115f"


def _is_open_syllable(character: str) -> bool:
    return "\uac00" <= character <= "\ud7a3" and (ord(character) - 0xAC00) % 28 == 0


def simple(text: str) -> bool:
    """Whether one BackSpace erases each character of `text`, which is NFC, in every program, for certain.

    Measured in readline, GTK 3, Qt 5 and 6, Tk and Chromium (`tests/real/test_graphemes.py`): of what has
    several code points some erase the whole, some a part.
    """
    return all(map(_is_simple, graphemes(text)))


def _is_simple(cluster: str) -> bool:
    if len(cluster) > 1 or cluster > "\uffff":
        return False  # Tk's entry takes half of an astral character, and corrupts its own text
    if cluster == "\n":
        return True
    if unicodedata.category(cluster)[0] in "MC" or _HALF_SYLLABLES.match(cluster):
        return False  # marks go with their base; readline takes what is before a zero width, too
    return bool(_ERASED_WHOLE.match(cluster)) or unicodedata.normalize("NFD", cluster) == cluster


def out_of_reach(on_screen: str, wanted: str, terms: Terms, draft: int) -> int:
    """How many graphemes at the beginning of `on_screen` must stand although `wanted` differs there.

    0 where every patch from one to the other keeps to `terms`. `draft`: how many at the end are preedit.
    What can't be reached ends with a word, where one ends before the preedit begins.
    """
    old, new = graphemes(on_screen), graphemes(wanted)
    committed = old[: len(old) - draft]
    first = len(committed) - _erasable(committed, terms)
    if old[:first] == new[:first]:
        return 0
    while first < len(committed) and not committed[first].isspace():
        first += 1
    return first


def _erasable(committed: Sequence[str], terms: Terms) -> int:
    """How many graphemes at the end of a committed text may be erased."""
    if terms.erasing is Erasing.NONE:
        return 0
    last = committed[max(0, len(committed) - terms.depth) :]
    if terms.erasing is Erasing.EXACT:
        return len(last)
    return sum(1 for _ in takewhile(simple, reversed(last)))


def make(on_screen: str, wanted: str, *, epoch: int = 0, keep: int | None = None) -> Patch | None:
    """The shallowest patch from `on_screen` to `wanted`; None where they are the same.

    `keep`: keep no more than this many graphemes of the common beginning (0 types all of it again).
    """
    if on_screen == wanted:
        return None
    old, new = graphemes(on_screen), graphemes(wanted)
    kept = common(on_screen, wanted) if keep is None else min(keep, common(on_screen, wanted))
    return Patch(len(old) - kept, "".join(new[kept:]), epoch)


def common(one: str, other: str) -> int:
    """How many graphemes the two have in common at their beginnings."""
    pairs = zip(graphemes(one), graphemes(other), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def apply(screen: str, patch: Patch) -> str:
    """`screen` after `patch`. Raises ValueError where the patch erases more than there is."""
    return partly(screen, patch, patch.backspaces, len(graphemes(patch.text)))


def partly(screen: str, patch: Patch, erased: int, typed: int) -> str:
    """`screen` after the first `erased` backspaces and `typed` graphemes of `patch`."""
    clusters = graphemes(screen)
    if not 0 <= erased <= min(patch.backspaces, len(clusters)):
        raise ValueError(f"{erased} of {patch.backspaces} backspaces on {len(clusters)} characters")
    return "".join(clusters[: len(clusters) - erased] + graphemes(patch.text)[:typed])
