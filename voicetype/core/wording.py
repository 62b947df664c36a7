"""Words and the space between them. A word carries the space before it: joined, words are the text."""

from __future__ import annotations

import re
import unicodedata

Words = tuple[str, ...]

# Scripts written without spaces (Han, kana; Thai, Lao, Tibetan, Burmese, Khmer): each character is a word of
# its own, with the marks on it and the punctuation around it.
_UNSPACED = (
    "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    "\u0e00-\u0eff\u0f00-\u109f\u1780-\u17ff"
)
_OPENING = re.escape("([{<«“‘（［｛「『【〈《〔")
_WORD = re.compile(
    rf"[^\S\n]*(?:\n|[{_OPENING}]*[{_UNSPACED}](?:(?![{_OPENING}])[^\w\s])*|[^\s{_UNSPACED}]+)"
)
_CHARACTER = re.compile(rf"[{_UNSPACED}]")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}\u3000-\u303f\uff00-\uffef]")
_PAUSING = ",.;:!?…，。；：！？、"
_CLOSING = frozenset(",.;:!?)]}%…”’»，。、；：！？）］｝」』】〉》〕")
_MARKS = frozenset({"Mn", "Mc", "Me"})


def clean(text: str) -> str:
    """A model's text as it may be typed: NFC, one line, single spaces, no control characters.

    A text of punctuation alone (a model's word for silence) is no text.
    """
    printable = "".join(
        " " if c.isspace() else c
        for c in unicodedata.normalize("NFC", text)
        if c.isspace() or c.isprintable()
    )
    line = " ".join(printable.split())
    return line if any(c.isalnum() for c in line) else ""


def split(text: str) -> Words:
    """The words of a text, each with the space before it; joined, they are the text again.

    Of a cleaned one; of one with line breaks, each of which is a word, without spaces at its end.
    """
    return tuple(_WORD.findall(text))


def key(word: str) -> str:
    """What makes two words the same: letters and digits, without case and punctuation."""
    if word.isascii():
        return "".join(filter(str.isalnum, word.lower())) or word.strip() or word
    if (whole := word.strip().rstrip(_PAUSING).casefold()).isalnum():  # most are, and it's quick
        return whole
    folded = ((c, each) for c in word if spoken(c) for each in c.casefold())
    bare = "".join(each for c, each in folded if each.isalnum() or each == c)  # "İ" folds into two
    return bare if any(map(str.isalnum, bare)) else word.strip() or word


def spoken(c: str) -> bool:
    """Whether a character is a letter or a digit, or a mark on one, which in many scripts is a vowel."""
    return c.isalnum() or unicodedata.category(c) in _MARKS


def unspaced(word: str) -> bool:
    """Whether a word is a character of a script without spaces, several of which may make a word."""
    return bool(_CHARACTER.search(word))


def open_ended(words: Words) -> Words:
    """Without the punctuation behind the last word: whether a sentence ends there, what follows will tell."""
    if not words:
        return words
    bare = words[-1].rstrip(_PAUSING)
    return (*words[:-1], bare) if bare.strip() else words


def punctuated(word: str, other: str) -> str:
    """The word with the punctuation that `other` has behind it, if they differ in nothing else."""
    return other if word.rstrip(_PAUSING) == other.rstrip(_PAUSING) else word


def join(before: str, text: str) -> str:
    """`text` as it is typed behind `before`: with a space where the script and the punctuation want one."""
    if not text or not before or before[-1].isspace() or text[0].isspace():
        return text
    if text[0] in _CLOSING or (_IS_UNSPACED.match(before[-1]) and _IS_UNSPACED.match(text[0])):
        return text
    return " " + text


def one_line(text: str) -> str:
    """`text` where no new line may be typed: a space stands for each, with those around it."""
    return re.sub(r"\s*\n\s*", " ", text)


def follow(before: Words, words: Words) -> Words:
    """`words` as they stand behind `before`: the first one with the space that it needs."""
    if not before or not words:
        return words
    return (join(before[-1], words[0]), *words[1:])
