"""What a confirmation may change of the words that stand, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicetype.core import mending, patch, wording
from voicetype.core.mending import Worth
from voicetype.core.wording import Words, clean, key, split

NOTHING = Worth(word=0, spelling=0)
WORD = Worth(word=20, spelling=0)
SPELLING = Worth(word=0, spelling=8)
ALL = Worth(word=1000, spelling=1000)


def mend(standing: str, said: str, worth: Worth, gains: Sequence[float] = ()) -> str:
    return "".join(mending.mend(split(standing), split(said), worth, gains))


def test_the_end_is_worth_more_than_a_pause_and_that_more_than_mid_speech() -> None:
    assert mending.IN_SPEECH.word < mending.AT_PAUSE.word < mending.AT_END.word
    assert mending.IN_SPEECH.spelling < mending.AT_PAUSE.spelling < mending.AT_END.spelling


@pytest.mark.parametrize(
    ("behind", "is_mended"), [("", True), (" over there", True), (" and so on and so on and so on", False)]
)
def test_a_word_is_mended_where_it_is_worth_what_stands_behind_it(behind: str, is_mended: bool) -> None:
    standing, said = f"I saw a ship{behind}", f"I saw a sheep{behind}"
    assert mend(standing, said, WORD) == (said if is_mended else standing)
    assert mend(standing, said, NOTHING) == standing
    assert mend(standing, said, ALL) == said


def test_mends_together_are_worth_what_none_is_alone() -> None:
    behind = " and so on and so on and so on"
    said = "that sheep stinks further" + behind
    assert mend("this sheep stinks further" + behind, said, WORD) == "this sheep stinks further" + behind
    assert mend("this ship sinks faster" + behind, said, WORD) == said


@pytest.mark.parametrize(("gain", "is_mended"), [(0.0, False), (0.5, False), (0.7, True), (1.0, True)])
def test_a_mend_is_worth_the_less_the_less_it_gains(gain: float, is_mended: bool) -> None:
    """Here it costs 13 keys."""
    standing, said = "I saw a ship over there", "I saw a sheep over there"
    assert mend(standing, said, WORD, (0, 0, 0, gain, 0, 0)) == (said if is_mended else standing)


def test_the_gain_of_words_that_go_is_the_next_ones() -> None:
    assert mend("I well saw", "I saw", WORD, (0, 1)) == "I saw"
    assert mend("I well saw", "I saw", WORD, (1, 0)) == "I well saw"


def test_spelling_gains_nothing_and_counts_whole() -> None:
    assert mend("so it", "So it", SPELLING, (0, 0)) == "So it"


def test_words_whose_gain_is_not_told_count_whole() -> None:
    assert mend("I saw a ship", "I saw a sheep", WORD, (0, 0, 0)) == "I saw a sheep"


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        ("fat-mutton here", "fat mutton here"),
        ("fat mutton here", "fat-mutton here"),
        ("a notebook here", "a note-book here"),
        ("every one here", "everyone here"),
    ],
)
def test_a_hyphen_or_a_space_is_spelling(standing: str, said: str) -> None:
    assert mend(standing, said, Worth(word=1000, spelling=0)) == standing
    assert mend(standing, said, Worth(word=0, spelling=20)) == said


def test_a_mend_that_is_dear_leaves_the_cheap_ones_behind_it() -> None:
    standing = "I saw a ship and so on and so on and so on to the see"
    said = "I saw a sheep and so on and so on and so on to the sea"
    assert mend(standing, said, WORD) == "I saw a ship and so on and so on and so on to the sea"


def test_a_few_keys_are_given_for_spelling() -> None:
    assert mend("but it certainly was so", "But it certainly was So.", SPELLING) == "but it certainly was So."
    assert mend("it was so much better", "it was So much better", SPELLING) == "it was so much better"
    assert mend("so it", "So it.", SPELLING) == "So it."
    assert mend("so it", "So it.", NOTHING) == "so it."


def test_behind_a_mended_word_the_spelling_is_free() -> None:
    standing, said = "and so I say my fello Americans", "And so, I say my fellow, Americans!"
    assert mend(standing, said, WORD) == "and so I say my fellow, Americans!"


def test_what_is_said_beyond_costs_no_key() -> None:
    assert mend("and so", "And so my fellow Americans.", NOTHING) == "and so my fellow Americans."
    assert mend("and so", "And so.", NOTHING) == "and so."


def test_words_that_were_not_said_go_where_they_are_worth_it() -> None:
    assert mend("I saw a ship you", "I saw a ship", WORD) == "I saw a ship"
    assert mend("you", "", WORD) == ""
    assert mend("you", "", NOTHING) == "you"


def test_a_first_word_that_stays_keeps_its_space() -> None:
    """Where it was not said, and is dearer than what stands behind it."""
    standing, said = "incomprehensibilities and so", "And so"
    assert mend(standing, said, Worth(word=10, spelling=8)) == "incomprehensibilities And so"


WORDS = ["the", "The", "quick,", "quick", "fox", "Fox.", "naive", "a"]
SAID = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join).map(split)
KEYS = st.integers(0, 80)
WORTH = st.builds(Worth, KEYS, KEYS)


def keys(words: Words) -> list[str]:
    return [*map(key, words)]


@given(SAID, SAID)
def test_what_is_erased_is_what_the_patch_erases(standing: Words, wanted: Words) -> None:
    made = patch.make("".join(standing), "".join(wanted), epoch=0)
    assert mending.erased(standing, wanted) == (made.backspaces if made else 0)


@given(SAID, SAID, WORTH)
def test_what_a_confirmation_may_change(standing: Words, said: Words, worth: Worth) -> None:
    mended = mending.mend(standing, said, worth)
    assert (
        any(  # a beginning stands, the rest is as it was said
            mended == standing[:n] + wording.follow(standing[:n], rest)
            for n in range(len(standing) + 1)
            for rest in [said[m:] for m in range(len(said) + 1)]
        )
        or mended == standing
    )
    most = worth.word * (len(standing) + len(said)) + worth.spelling * len(standing)
    assert mending.erased(standing, mended) <= most
    assert mending.erased(standing, mending.mend(standing, said, NOTHING)) == 0
    dearer = Worth(worth.word + 10, worth.spelling + 10)
    assert mending.erased(standing, mending.mend(standing, said, dearer)) >= mending.erased(standing, mended)


@given(SAID, SAID, WORTH, st.data())
def test_what_gains_more_is_mended_rather(
    standing: Words, said: Words, worth: Worth, data: st.DataObject
) -> None:
    gains = [data.draw(st.floats(0, 1)) for _ in said]
    surer = [max(gain, data.draw(st.floats(0, 1))) for gain in gains]

    def erased(gains: Sequence[float]) -> int:
        return mending.erased(standing, mending.mend(standing, said, worth, gains))

    assert erased(gains) <= erased(surer) <= erased(())
    assert mending.mend(standing, said, worth, [1.0] * len(said)) == mending.mend(standing, said, worth)


@given(SAID, SAID, WORTH)
def test_words_stay_words(standing: Words, said: Words, worth: Worth) -> None:
    text = "".join(mending.mend(standing, said, worth))
    assert text == clean(text)
    assert set(split(text.casefold().translate({ord(c): None for c in ",."}))) <= {
        prefix + word for word in ("the", "quick", "fox", "naive", "a") for prefix in ("", " ")
    }


@given(SAID, SAID, WORTH)
def test_where_nothing_stands_or_all_is_worth_it_the_confirmation_does(
    standing: Words, said: Words, worth: Worth
) -> None:
    assert mending.mend((), said, worth) == said
    assert mending.mend(standing, said, ALL) == said
    assert mending.mend(standing, standing, worth) == standing


@given(SAID, st.data())
def test_the_same_words_stay_the_same(standing: Words, data: st.DataObject) -> None:
    said = tuple(data.draw(st.sampled_from([word, word.upper(), word + "!"])) for word in standing)
    mended = mending.mend(standing, said, data.draw(WORTH))
    assert keys(mended) == keys(standing)
