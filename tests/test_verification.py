"""Where two models disagree: whose word stands, and what it gains."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicetype.core import agreement
from voicetype.core.verification import (
    MADE_UP,
    MADE_UP_DRAFT,
    PLAUSIBLE,
    STEADFAST,
    belief,
    judge,
    wary,
)
from voicetype.core.wording import Words, key, split

SURE, DOUBTED = (1 + PLAUSIBLE) / 2, PLAUSIBLE / 2
MARKS = {"~": DOUBTED, "%": DOUBTED / 2}


def marked(text: str) -> tuple[Words, list[float]]:
    """Words and their probabilities: "~" before a word is doubted, "%" still less probable."""
    words = split(text)
    sure = [MARKS.get(word.strip()[0], SURE) for word in words]
    return split("".join(c for c in text if c not in MARKS)), sure


def gain(standing: float, said: float) -> float:
    """Of two ways to say a place: how much more probable the second one is."""
    return (said - standing) / (said + standing)


@pytest.mark.parametrize(
    ("standing", "said", "judged"),
    [
        ("I saw a ship", "I saw a sheep", "I saw a ship"),
        ("I saw a ~ship", "I saw a sheep", "I saw a sheep"),
        ("i saw ~a ship there", "I saw the ship there.", "i saw the ship there."),
        ("I saw a ship", "I saw a ship there", "I saw a ship there"),
        ("", "I saw", "I saw"),
        # of two doubted words the likelier one
        ("I saw a %ship", "I saw a ~sheep", "I saw a sheep"),
        ("I saw a ~ship", "I saw a %sheep", "I saw a ship"),
        ("I saw a ~ship", "I saw a ~sheep", "I saw a ship"),
        # the next word tells, which is less probable behind a wrong one
        ("I ~saw ~a ship", "I %sow a ship", "I sow a ship"),
        ("I ~saw a ship", "I ~sow %a ship", "I saw a ship"),
        # a word too many, and one that is missing before a doubted one
        ("I well saw a ship", "I saw a ship", "I well saw a ship"),
        ("I ~well saw a ship", "I saw a ship", "I saw a ship"),
        ("I ~well saw a ship", "I %saw a ship", "I well saw a ship"),
        ("I ~a ship", "I saw a ship", "I saw a ship"),
        ("I ~a ship", "I %saw a ship", "I a ship"),
        ("~um I saw", "I saw", "I saw"),
        # each place is judged for itself
        ("I sow a ~ship there", "I saw a sheep there", "I sow a sheep there"),
        ("I ~sow a ship there", "I saw a sheep there", "I saw a ship there"),
        # one that was cut off is likely itself, and the next one is not
        ("I saw a batt ~there", "I saw a battleship there", "I saw a battleship there"),
        # beyond the last word, also where that is said otherwise
        ("I saw a ship", "I saw a sheep over there", "I saw a ship over there"),
        ("I saw a ~ship", "I saw a %sheep over there", "I saw a ship over there"),
        ("I saw a ~ship", "I saw a sheep ~over %there", "I saw a sheep over there"),
        ("I saw a ship ~you", "I saw a ship", "I saw a ship"),
        # what nobody believes there, as of a noise behind the last word
        ("I saw a ship", "I saw a ship. ~Thank ~you.", "I saw a ship"),
        ("I saw a ship", "I saw a ship. ~Thank you.", "I saw a ship Thank you."),
        ("I saw a ship", "I saw a sheep ~over %there", "I saw a ship"),
    ],
)
def test_whose_word_stands(standing: str, said: str, judged: str) -> None:
    words, _ = judge(*marked(standing), *marked(said))
    assert "".join(words).strip() == judged


@pytest.mark.parametrize(
    ("standing", "said", "gains"),
    [
        ("I saw a ship", "I saw a ship", (0, 0, 0, 0)),
        ("I saw a ship", "I saw a sheep", (0, 0, 0, 0)),
        ("I saw a ~ship", "I saw a sheep", (0, 0, 0, gain(DOUBTED, SURE))),
        ("I saw ~a ship", "I saw the ship", (0, 0, gain(DOUBTED, SURE), 0)),
        ("I ~a ship", "I saw a ship", (0, gain(DOUBTED, SURE * SURE), 0, 0)),
        # beyond the end
        ("I saw a", "I saw a ship there", (0, 0, 0, 1, 1)),
        ("I saw a ship", "I saw a sheep there", (0, 0, 0, 0, 1)),
        ("", "I saw", (1, 1)),
        # what went counts with the next word, and at the end with none
        ("I ~well saw a ship", "I saw a ship", (0, gain(DOUBTED, 1), 0, 0)),
        ("I ~well saw a ship there", "I saw a sheep there", (0, gain(DOUBTED, 1), 0, 0, 0)),
        ("I saw a ship ~you", "I saw a ship", (0, 0, 0, 0)),
    ],
)
def test_what_each_word_gains(standing: str, said: str, gains: tuple[float, ...]) -> None:
    assert judge(*marked(standing), *marked(said))[1] == pytest.approx(gains)


@pytest.mark.parametrize("more", [-0.1, 0.1])
def test_words_that_were_confirmed_before_are_mended_for_more(more: float) -> None:
    """Each is mended where it is doubted and less likely, a confirmed one where it is much less so."""
    enough = STEADFAST + more
    standing, said = split("I saw a ship"), split("I saw a sheep")
    judged, own = [SURE] * 3 + [DOUBTED], [SURE] * 3 + [DOUBTED * (1 + enough) / (1 - enough)]
    assert judge(standing, judged, said, own, confirmed=3)[0] == said
    assert judge(standing, judged, said, own, confirmed=4)[0] == (said if more > 0 else standing)


def test_what_is_impossible_can_be_compared() -> None:
    assert judge((" a",), [0.0], (" b",), [0.0]) == ((" a",), (0.0,))
    words, gains = judge((" a",), [0.0], (" b",), [1.0])
    assert words == (" b",)
    assert gains == pytest.approx((1.0,), abs=1e-3)


SAID = st.lists(st.sampled_from([" a", " A,", " b", " c", " C.", " d"]), max_size=8).map(tuple)
PROBABILITIES = st.floats(0, 1)


def keys(words: Words) -> list[str]:
    return [*map(key, words)]


def probable(data: st.DataObject, words: Words) -> list[float]:
    return [data.draw(PROBABILITIES) for _ in words]


@given(SAID, SAID, st.data())
def test_what_is_plausible_stands(standing: Words, said: Words, data: st.DataObject) -> None:
    sure = [data.draw(st.floats(PLAUSIBLE, 1)) for _ in standing]
    own = probable(data, said)
    judged, gains = judge(standing, sure, said, own)
    assert judged[: len(standing)] == standing
    assert gains == (0.0,) * len(standing) + (1.0,) * (len(judged) - len(standing))
    rest = judged[len(standing) :]
    assert rest == said[len(said) - len(rest) :]
    if agreement.common(standing, said) == len(standing):
        believed = not standing or belief(own[len(standing) :], 1.0) >= MADE_UP
        assert rest == (said[len(standing) :] if believed else ())


@given(SAID, SAID)
def test_where_all_is_doubted_the_heavy_model_is_believed_that_is_certain(
    standing: Words, said: Words
) -> None:
    """What both say keeps its spelling up to the first mend."""
    judged, _ = judge(standing, [DOUBTED] * len(standing), said, [1.0] * len(said))
    assert keys(judged) == keys(said)
    same = agreement.common(standing, said)
    assert judged[:same] == standing[:same] or judged[same:] == said[same:]


@given(SAID, SAID, st.data())
def test_every_word_is_one_of_the_two_models_and_has_its_gain(
    standing: Words, said: Words, data: st.DataObject
) -> None:
    sure, own = probable(data, standing), probable(data, said)
    judged, gains = judge(standing, sure, said, own, data.draw(st.integers(0, len(standing))))
    assert set(judged) <= set(standing) | set(said)
    assert len(gains) == len(judged)
    assert all(0 <= each <= 1 for each in gains)


@given(SAID, st.data())
def test_where_both_say_the_same_nothing_changes(standing: Words, data: st.DataObject) -> None:
    sure = probable(data, standing)
    confirmed = data.draw(st.integers(0, len(standing)))
    assert judge(standing, sure, standing, sure, confirmed) == (standing, (0.0,) * len(standing))


@given(SAID, st.data())
def test_where_nothing_stands_the_heavy_model_is_believed(said: Words, data: st.DataObject) -> None:
    assert judge((), (), said, probable(data, said)) == (said, (1.0,) * len(said))


def test_a_word_that_is_said_again_is_doubted() -> None:
    assert wary(split("It it must must be."), (0.9,) * 5) == (0.9, 0.0, 0.9, 0.0, 0.9)


def test_a_model_believes_a_text_by_its_words_and_by_somebody_speaking() -> None:
    assert belief((), 0.5) == 0
    assert belief((1.0, 1.0), 1.0) == 0
    assert belief((0.25, 1.0), 1.0) == pytest.approx(math.log(0.5))
    assert belief((1.0,), 0.2) == pytest.approx(math.log(0.2))
    assert belief((0.5, 0.5), 0.2) == pytest.approx(math.log(0.1))
    assert belief((0.0,), 0.0) < belief((0.0, 1.0), 0.0) < 2 * MADE_UP_DRAFT
    assert belief((0.5, 0.0), 1.0) == belief((0.5,), 1.0)  # a word that is said again


def test_at_the_end_the_doubted_words_alone_go() -> None:
    standing = split("So we should um go home uh")
    sure = (DOUBTED, SURE, SURE, DOUBTED, SURE, SURE, DOUBTED)
    assert judge(standing, sure, (), ())[0] == split(" we should go home")


def test_words_of_both_stand_apart() -> None:
    words, gains = judge(split("No. we"), (SURE, DOUBTED), ("No.", "it"), (SURE, SURE))
    assert (words, len(gains)) == (split("No. it"), 2)
