"""Words, what joins them, and what two hypotheses share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicetype.core import agreement, wording


def words(text: str) -> wording.Words:
    return wording.split(text)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  hello   world ", "hello world"),
        ("one\ntwo\tthree", "one two three"),
        ("cafe\u0301", "café"),
        ("a\x07b\x1b[0m", "ab[0m"),
        ("...", ""),
        (" . ", ""),
        ("", ""),
        ("¿Qué?", "¿Qué?"),
    ],
)
def test_clean(raw: str, clean: str) -> None:
    assert wording.clean(raw) == clean


@given(st.text())
def test_split_loses_nothing(text: str) -> None:
    cleaned = wording.clean(text)
    assert "".join(wording.split(cleaned)) == cleaned


def test_scripts_without_spaces_are_split_by_character() -> None:
    assert wording.split("我用Python写") == ("我", "用", "Python", "写")


@pytest.mark.parametrize(
    ("before", "text", "joined"),
    [
        ("", "a", "a"),
        ("a", "b", " b"),
        ("a ", "b", "b"),
        ("a", ", b", ", b"),
        ("a.", "B", " B"),
        ("東", "京", "京"),
        ("東", "a", " a"),
        ("a", "", ""),
    ],
)
def test_join(before: str, text: str, joined: str) -> None:
    assert wording.join(before, text) == joined


def test_words_are_the_same_whatever_their_case_and_punctuation() -> None:
    assert agreement.common(words("And so, my"), words("and so my fellow")) == 3
    assert agreement.common(words("and so"), words("and no")) == 1


@pytest.mark.parametrize(
    ("said", "longer", "rest"),
    [
        ("a b c", "a b c d e", " d e"),
        ("a x c", "a b c d", " d"),
        ("a b Americ", "a b Americans ask", " ask"),
        ("a b", "a b", ""),
        ("", "a b", "a b"),
        ("a b c d", "b c d e", " e"),
        ("one two three", "one too", ""),
    ],
)
def test_beyond(said: str, longer: str, rest: str) -> None:
    assert "".join(agreement.beyond(words(said), words(longer))) == rest


def test_a_shown_word_keeps_its_spelling() -> None:
    assert agreement.calm(words("And so"), words("and so"), words("and so my"), whole=True) == words(
        "And so my"
    )


@given(st.lists(st.sampled_from("abcd"), max_size=8), st.lists(st.sampled_from("abcd"), max_size=8))
def test_what_is_covered_is_a_beginning(said: list[str], longer: list[str]) -> None:
    covered = agreement.covered(tuple(said), tuple(longer))
    assert 0 <= covered <= len(longer)
    assert agreement.covered(tuple(said), tuple(said)) == len(said)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("We have had such a skirmish. We have had", "We have had such a skirmish."),
        ("Rejoin the unit. Rejoin the un", "Rejoin the unit."),
        (
            "one two three. She called to mind her father. She called to mind",
            "one two three. She called to mind her father.",
        ),
        ("very good very good", "very good"),
        ("no no no", "no no no"),
        ("It was here that dinners were made. It was here that lobster was", None),
        ("what your country can do for you ask what you can do", None),
        ("", None),
    ],
)
def test_a_text_that_begins_again_is_cut(text: str, kept: str | None) -> None:
    at = agreement.restart(words(text))
    assert "".join(words(text)[:at]) == (text if kept is None else kept)
