"""Where two models disagree: whose word stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicetype.core import agreement
from voicetype.core.verification import PLAUSIBLE, judge, wary
from voicetype.core.wording import Words, key, split

SURE, DOUBTED = (1 + PLAUSIBLE) / 2, PLAUSIBLE / 2


@pytest.mark.parametrize(
    ("standing", "said", "judged"),
    [
        # "~": doubted
        ("I saw a ship", "I saw a sheep", "I saw a ship"),
        ("I saw a ~ship", "I saw a sheep", "I saw a sheep"),
        ("i saw ~a ship there", "I saw the ship there.", "i saw the ship there."),
        ("I saw a ship", "I saw a ship there", "I saw a ship there"),
        ("", "I saw", "I saw"),
        # a word too many, and one that is missing before a doubted one
        ("I well saw a ship", "I saw a ship", "I well saw a ship"),
        ("I ~well saw a ship", "I saw a ship", "I saw a ship"),
        ("I ~a ship", "I saw a ship", "I saw a ship"),
        ("~um I saw", "I saw", "I saw"),
        # each place is judged for itself
        ("I sow a ~ship there", "I saw a sheep there", "I sow a sheep there"),
        ("I ~sow a ship there", "I saw a sheep there", "I saw a ship there"),
        # beyond the last word, also where that is said otherwise
        ("I saw a ship", "I saw a sheep over there", "I saw a ship over there"),
    ],
)
def test_judge(standing: str, said: str, judged: str) -> None:
    words = split(standing)
    sure = [DOUBTED if "~" in word else SURE for word in words]
    bare = split(standing.replace("~", ""))
    assert "".join(judge(bare, sure, split(said))).strip() == judged


SAID = st.lists(st.sampled_from([" a", " A,", " b", " c", " C.", " d"]), max_size=8).map(tuple)
PROBABILITIES = st.floats(0, 1)


def keys(words: Words) -> list[str]:
    return [*map(key, words)]


@given(SAID, SAID)
def test_what_is_plausible_stands(standing: Words, said: Words) -> None:
    judged = judge(standing, [SURE] * len(standing), said)
    assert judged[: len(standing)] == standing
    rest = judged[len(standing) :]
    assert rest == said[len(said) - len(rest) :]
    if agreement.common(standing, said) == len(standing):
        assert rest == said[len(standing) :]


@given(SAID, SAID)
def test_where_all_is_doubted_the_heavy_model_is_believed(standing: Words, said: Words) -> None:
    """What both say keeps its spelling up to the first mend."""
    judged = judge(standing, [DOUBTED] * len(standing), said)
    assert keys(judged) == keys(said)
    same = agreement.common(standing, said)
    assert judged[:same] == standing[:same] or judged[same:] == said[same:]


@given(SAID, SAID, st.data())
def test_every_word_is_one_of_the_two_models(standing: Words, said: Words, data: st.DataObject) -> None:
    sure = [data.draw(PROBABILITIES) for _ in standing]
    judged = judge(standing, sure, said)
    assert set(judged) <= set(standing) | set(said)
    assert judge(standing, sure, standing) == standing
    assert judge((), (), said) == said
    plausible = [word for word, p in zip(standing, sure, strict=True) if p >= PLAUSIBLE]
    if len(plausible) == len(standing):
        assert judged[: len(standing)] == standing


def test_a_word_that_is_said_again_is_doubted() -> None:
    assert wary(split("It it must must be."), (0.9,) * 5) == (0.9, 0.0, 0.9, 0.0, 0.9)
