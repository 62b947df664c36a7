"""Words and the space between them. A word carries the space before it: joined, words are the text."""

from __future__ import annotations

import re
import unicodedata

Words = tuple[str, ...]

# Scripts written without spaces: each character is a word of its own.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f"
_WORD = re.compile(rf"\s*(?:[{_UNSPACED}]|[^\s{_UNSPACED}]+)")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}\u3000-\u303f\uff00-\uffef]")
_PAUSING = ",.;:!?…，。；：！？、"
_CLOSING = frozenset(",.;:!?)]}%…”’»")


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
    """The words of a cleaned text, each with the space before it; joined, they are the text again."""
    return tuple(_WORD.findall(text))


def key(word: str) -> str:
    """What makes two words the same: letters and digits, without case and punctuation."""
    bare = "".join(c for c in word.casefold() if c.isalnum())
    return bare or word.strip()


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


def follow(before: Words, words: Words) -> Words:
    """`words` as they stand behind `before`: the first one with the space that it needs."""
    if not before or not words:
        return words
    return (join(before[-1], words[0]), *words[1:])
