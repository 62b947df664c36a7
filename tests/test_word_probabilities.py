"""What the tokens of a text say of its words."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicetype.core.verification import word_probabilities
from voicetype.core.wording import clean, split


@pytest.mark.parametrize(
    ("text", "pieces", "probabilities"),
    [
        ("", [], ()),
        ("", [(" beyond", 0.1)], ()),
        ("one two", [(" one", 0.9), (" two", 0.4)], (0.9, 0.4)),
        ("one two", [(" on", 0.9), ("e", 0.3), (" t", 0.8), ("wo", 0.7)], (0.3, 0.7)),
        ("one, two.", [(" one", 0.9), (",", 0.1), (" two", 0.8), (".", 0.2)], (0.9, 0.8)),
        ("“one” – two", [(" “", 0.1), ("one", 0.9), ("”", 0.1), (" –", 0.1), (" two", 0.8)], (0.9, 1.0, 0.8)),
        ("one ... two", [(" one", 0.9), (" ...", 0.1), (" two", 0.8)], (0.9, 0.1, 0.8)),  # a word is left out
        ("की", [("क", 0.9), ("ी", 0.4)], (0.4,)),
        ("one", [(" one", 0.9), (" two", 0.1)], (0.9,)),
        ("don't", [(" don", 0.9), ("'t", 0.6)], (0.6,)),
        ("東京", [("東", 0.9), ("京", 0.4)], (0.9, 0.4)),
        ("東京", [("東京", 0.4)], (0.4, 0.4)),  # a token of two words
    ],
)
def test_the_probabilities_of_words(
    text: str, pieces: list[tuple[str, float]], probabilities: tuple[float, ...]
) -> None:
    assert word_probabilities(split(text), pieces) == probabilities


LETTERS = st.text("ab ,.'é東京", max_size=30).map(clean)
PROBABILITY = st.floats(0, 1)


@given(LETTERS, st.data())
def test_a_word_is_as_probable_as_its_least_letters_however_they_are_cut(
    text: str, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(text) - 1)))))
    ends = [0, *cuts, len(text)]
    pieces = [(text[a:b], data.draw(PROBABILITY)) for a, b in pairwise(ends)]
    of_each = [probability for piece, probability in pieces for _ in piece]
    at, expected = 0, []
    for word in split(text):
        dots = not word.strip(" .")  # which stand for a word that is left out
        spoken = [of_each[at + n] for n, c in enumerate(word) if c.isalnum() or (dots and c == ".")]
        expected.append(min(spoken, default=1.0))
        at += len(word)
    beyond = [(" beyond", 0.0)] if data.draw(st.booleans()) else []
    assert word_probabilities(split(text), pieces + beyond) == tuple(expected)
