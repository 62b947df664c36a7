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


WRONG = min(agreement.SURE_FIRST, agreement.SURE_TWICE) / 2
DOUBTFUL = (agreement.SURE_TWICE + agreement.SURE_ONCE) / 2
LIKELY = (agreement.SURE_ONCE + agreement.SURE_NEWEST) / 2
SURE = 1.0


@pytest.mark.parametrize(
    ("shown", "previous", "current", "probabilities", "whole", "calm"),
    [
        # the newest word, which may be cut
        ("", "", "a b", (SURE, SURE), False, "a b"),
        ("", "", "a b", (SURE, LIKELY), False, "a"),
        ("", "", "a b", (SURE, LIKELY), True, "a b"),
        ("", "a b", "a b", (SURE, LIKELY), False, "a b"),
        ("", "", "a b", (), False, "a"),
        ("", "", "a b", (), True, "a b"),
        # a doubtful word, and all that stands behind it
        ("", "", "a b c d", (SURE, DOUBTFUL, SURE, SURE), False, "a"),
        ("", "", "a b c d", (SURE, DOUBTFUL, SURE, SURE), True, "a"),
        ("a", "a b c d", "a b c d e", (SURE, DOUBTFUL, SURE, SURE, SURE), False, "a b c d e"),
        ("a", "a b c d", "a b c d", (SURE, WRONG, SURE, SURE), True, "a"),
        # a word that stands is not doubted again
        ("a b c", "a b c", "a b c d", (WRONG, WRONG, WRONG, SURE), False, "a b c d"),
        # a word that stands goes only when contradicted twice
        ("a b c", "a b c", "a x c d", (SURE, SURE, SURE, SURE), False, "a b c d"),
        ("a b c", "a x c", "a x c d", (SURE, SURE, SURE, SURE), False, "a x c d"),
        ("a b c", "a x c", "a x c d", (SURE, SURE, DOUBTFUL, DOUBTFUL), False, "a x c"),
        ("a b c", "a b c", "a b", (SURE, SURE), False, "a b c"),
        # or at the end, when a pause shows that it was made up there
        ("a b c", "a b c", "a b", (SURE, SURE), True, "a b"),
        ("a b c", "a b c", "a b.", (WRONG, WRONG), True, "a b."),
        ("a b c", "a b c", "a x", (SURE, SURE), True, "a b c"),
        ("a b", "a b", "", (), True, "a b"),
        ("a b c d", "a b c d", "a", (SURE,), True, "a b c d"),
        # the end of a sentence is told by what follows
        ("", "", "a b.", (SURE, SURE), False, "a b"),
        ("", "", "a b.", (SURE, SURE), True, "a b."),
        ("a b", "a b", "a b.", (SURE, SURE), True, "a b."),
        ("a b", "a b.", "a b. C", (SURE, SURE, SURE), False, "a b. C"),
        ("a b", "a b.", "a b, c", (SURE, SURE, WRONG), False, "a b"),
        # and keeps its spelling
        ("And so", "and so", "and so my", (SURE, SURE, SURE), True, "And so my"),
        ("And so", "and so my", "and so my fellow", (), False, "And so my"),
    ],
)
def test_calm(
    shown: str, previous: str, current: str, probabilities: tuple[float, ...], whole: bool, calm: str
) -> None:
    seen = agreement.calm(words(shown), words(previous), words(current), probabilities, whole=whole)
    assert "".join(seen) == calm


SAID = st.lists(st.sampled_from([" a", " A,", " b", " c", " d."]), max_size=7).map(tuple)


def keys(said: wording.Words) -> list[str]:
    return [*map(wording.key, said)]


@given(SAID, SAID, SAID, st.booleans(), st.data())
def test_what_a_draft_shows(
    shown: wording.Words, previous: wording.Words, current: wording.Words, whole: bool, data: st.DataObject
) -> None:
    sure = [data.draw(st.floats(0, 1)) for _ in current]
    seen = agreement.calm(shown, previous, current, sure, whole=whole)
    if seen == shown:
        return  # nothing better is known
    agreed, twice = agreement.common(shown, current), agreement.common(previous, current)
    ends_sooner = whole and agreed == len(current)
    kept = agreed if ends_sooner or twice > agreed else len(shown)
    assert keys(seen)[:kept] == keys(shown)[:kept]  # only what was contradicted twice goes, or made up
    assert seen[: max(0, kept - 1)] == shown[:kept][:-1]  # the last one may have its comma now
    new = seen[kept:]
    begin = agreed if kept == agreed else agreement.covered(shown, current)
    heard = current[begin : begin + len(new)]
    assert new == (heard if whole else wording.open_ended(heard))
    surer = [max(p, data.draw(st.floats(0, 1))) for p in sure]
    assert keys(agreement.calm(shown, previous, current, surer, whole=whole))[: len(seen)] == keys(seen)
    certain = agreement.calm(shown, previous, current, [1.0] * len(current), whole=whole)
    assert keys(certain)[kept:] == keys(current)[begin:]


@given(SAID, SAID, st.booleans(), st.data())
def test_no_new_word_is_shown_behind_one_that_is_doubted(
    previous: wording.Words, current: wording.Words, whole: bool, data: st.DataObject
) -> None:
    sure = [data.draw(st.sampled_from([WRONG, DOUBTFUL, LIKELY, SURE])) for _ in current]
    seen = agreement.calm((), previous, current, sure, whole=whole)
    lenient = max(1, agreement.common(previous, current))  # of the first word no model is sure
    heard = current[: len(seen)]
    assert seen == (heard if whole else wording.open_ended(heard))
    assert WRONG not in sure[: len(seen)]
    assert DOUBTFUL not in sure[lenient : len(seen)]
    if len(seen) < len(current):
        held = sure[len(seen)]
        newest = 0 < len(seen) == len(current) - 1 and not whole
        assert held == WRONG or (held == DOUBTFUL and len(seen) >= lenient) or (held == LIKELY and newest)


@pytest.mark.parametrize(
    ("text", "open_ended"),
    [("a b.", "a b"), ("a. b", "a. b"), ("a b?!", "a b"), ("a 3.5%", "a 3.5%"), ("a …", "a …"), ("", "")],
)
def test_the_end_of_a_sentence_is_left_open(text: str, open_ended: str) -> None:
    assert "".join(wording.open_ended(words(text))) == open_ended


@pytest.mark.parametrize(
    ("word", "other", "punctuated"),
    [
        (" a", " a,", " a,"),
        (" a", " A,", " a"),
        (" a", " ab", " a"),
        (" a,", " a.", " a."),
        (" a.", " a", " a"),
        (" a", " a", " a"),
        ("a", " a.", "a"),
    ],
)
def test_a_word_takes_the_punctuation_of_the_same_word_alone(word: str, other: str, punctuated: str) -> None:
    assert wording.punctuated(word, other) == punctuated


@pytest.mark.parametrize(
    ("said", "longer", "onward"),
    [
        ("a b", "a b c", "a b c"),
        ("a b", "A, b, c", "a b, c"),
        ("a b", "a b.", "a b."),
        ("a b", "a x, c", "a b c"),
        ("", "a b", "a b"),
        ("a b", "", "a b"),
        ("a.", "a, b", "a, b"),
    ],
)
def test_onward(said: str, longer: str, onward: str) -> None:
    assert "".join(agreement.onward(words(said), words(longer))) == onward


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
