"""From what stands on the screen to what should stand there, with the fewest keys.

Only the end of a text can be reached without moving the caret, so the shallowest patch keeps the
longest common beginning, erases the rest and types the new rest. Lengths are user-perceived
characters: a grapheme is erased by one BackSpace and never split.
"""

from __future__ import annotations

import unicodedata

from voicetype.core.events import Patch

_JOINER = "\u200d"
_MARKS = frozenset({"Mn", "Me", "Mc"})


def graphemes(text: str) -> list[str]:
    """Split `text` into user-perceived characters; joined again they are `text`.

    A working subset of the extended grapheme clusters of Unicode TR 29: combining marks and
    variation selectors, ZWJ sequences, skin tones, flags, Hangul jamo.
    """
    clusters: list[str] = []
    for character in text:
        if clusters and _extends(clusters[-1], character):
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


def make(on_screen: str, wanted: str, *, epoch: int = 0, keep: int | None = None) -> Patch | None:
    """The shallowest patch from `on_screen` to `wanted`; None where they are the same.

    `keep`: keep no more than this many graphemes of the common beginning (0 types all of it again).
    """
    if on_screen == wanted:
        return None
    old, new = graphemes(on_screen), graphemes(wanted)
    common = 0
    limit = min(len(old), len(new), len(old) if keep is None else keep)
    while common < limit and old[common] == new[common]:
        common += 1
    return Patch(len(old) - common, "".join(new[common:]), epoch)


def apply(screen: str, patch: Patch) -> str:
    """`screen` after `patch`. Raises ValueError where the patch erases more than there is."""
    return partly(screen, patch, patch.backspaces, len(graphemes(patch.text)))


def partly(screen: str, patch: Patch, erased: int, typed: int) -> str:
    """`screen` after the first `erased` backspaces and `typed` graphemes of `patch`."""
    clusters = graphemes(screen)
    if not 0 <= erased <= min(patch.backspaces, len(clusters)):
        raise ValueError(f"{erased} of {patch.backspaces} backspaces on {len(clusters)} characters")
    return "".join(clusters[: len(clusters) - erased] + graphemes(patch.text)[:typed])
