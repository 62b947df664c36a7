"""What is typed in place of what is heard."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicetype.core.replacements import Replacements
from voicetype.core.wording import Words, split
from voicetype.own_words import Expression

RULES = Replacements(
    (
        ("cube control", "kubectl"),
        ("new york", "NY"),
        ("new york city", "NYC"),
        ("e-mail", "mail"),
        ("Siobahn", "Siobhan"),
        ("um", ""),
        ("gonna", "going to"),
        ("c++", "Rust"),
        ("机器学习", "ML"),
        ("don't know", "dunno"),
    )
)


def typed(text: str, rules: Replacements = RULES) -> str:
    words, left_out = rules.apply(split(text), open_ended=False)
    assert left_out == 0
    return "".join(words)


@pytest.mark.parametrize(
    ("heard", "wanted"),
    [
        ("run cube control now", "run kubectl now"),
        ("run CUBE Control, now", "run kubectl, now"),
        ("It runs. Cube control too", "It runs. Kubectl too"),
        ('"Cube control."', '"Kubectl."'),  # neither side of the rule has a capital: a sentence begins
        ("siobahn said", "Siobhan said"),
        ("cube, control", "kubectl"),  # models are free with commas
        ("cube. Control", "cube. Control"),
        ('cube "control"', 'cube "control"'),
        ("cubes control", "cubes control"),
        ("ice cube controls", "ice cube controls"),
        ("cube-control it", "kubectl it"),
        ("an e mail, an e-mail, an email", "an mail, an mail, an email"),
        ("in New York and New York City.", "in NY and NYC."),
        ("Gonna rain? I'm gonna.", "Going to rain? I'm going to."),
        ("c and C++", "c and Rust"),
        ("I don’t know.", "I dunno."),
        ("我爱机器学习吧", "我爱ML吧"),
        ("Um, the dog", "The dog"),
        ("the, um, dog", "the, dog"),
        ("the dog, um. Then", "the dog. Then"),
        ("the dog. Um, um. Then", "the dog. Then"),
        ("um", ""),
        ("Um. Um.", ""),
        ("", ""),
    ],
)
def test_what_is_typed(heard: str, wanted: str) -> None:
    assert typed(heard) == wanted


@pytest.mark.parametrize(
    ("heard", "wanted", "left_out"),
    [
        ("I say cube", "I say", 1),
        ("I say cube con", "I say", 2),  # the window cuts the word
        ("I say cube cat", "I say cube cat", 0),
        ("I say cube.", "I say cube.", 0),  # another sentence
        ("in new york", "in", 2),  # perhaps the city
        ("in new york today", "in NY today", 0),
        ("in New York city", "in NYC", 0),
        ("cub", "cub", 0),  # the beginning of a word alone holds nothing back
        ("我爱机器", "我爱", 2),
        ("I don't", "I", 1),
        ("", "", 0),
    ],
)
def test_what_may_become_more_waits(heard: str, wanted: str, left_out: int) -> None:
    words, out = RULES.apply(split(heard), open_ended=True)
    assert ("".join(words), out) == (wanted, left_out)


def test_the_last_rule_for_the_same_words_holds() -> None:
    assert typed("a b", Replacements((("a", "x"), ("A", "y"), ("b", "z")))) == "y z"


def test_nothing_is_replaced_twice() -> None:
    assert typed("a b", Replacements((("a", "b"), ("b", "a")))) == "b a"


def test_no_rule_changes_nothing() -> None:
    words = ("a", " b")
    assert Replacements().apply(words, open_ended=True) == (words, 0)
    assert Replacements().apply(words, open_ended=True)[0] is words
    assert not Replacements()
    assert RULES


PATTERNS = Replacements(
    (("per cent", "percent"),),
    (Expression(r"(?i)\bversion (\d+) point (\d+)\b", r"v\1.\2"), Expression(r"(\d+) percent\b", r"\1 %")),
)


@pytest.mark.parametrize(
    ("heard", "wanted"),
    [
        ("Version 3 point 5, version 3 point 6.", "v3.5, v3.6."),
        ("10 per cent of it", "10 % of it"),
        ("ten percent", "ten percent"),
    ],
)
def test_patterns_come_last(heard: str, wanted: str) -> None:
    assert typed(heard, PATTERNS) == wanted


@pytest.mark.parametrize(
    ("heard", "wanted", "left_out"),
    [
        ("the version 3", "the", 2),
        ("the version 3 point", "the", 3),
        ("the version 3 point 5 is", "the v3.5 is", 0),
        ("the version of it", "the version of it", 0),
        ("it is 5", "it is", 1),
        ("it is 5 per", "it is", 2),
        ("it is 5 dogs", "it is 5 dogs", 0),
    ],
)
def test_what_a_pattern_may_match_waits(heard: str, wanted: str, left_out: int) -> None:
    words, out = PATTERNS.apply(split(heard), open_ended=True)
    assert ("".join(words), out) == (wanted, left_out)


def test_a_pattern_that_matches_anything_does_not_hold_all_back() -> None:
    greedy = Replacements((), (Expression("a.*z", "x"),))
    held, free = split("a" + " b" * 8), split("a" + " b" * 40)
    assert greedy.apply(held, open_ended=True) == ((), len(held))
    assert greedy.apply(free, open_ended=True) == (free, 0)


vocabulary = st.sampled_from(["a", "b", "ab", "c.", "D", "e-f", "机", "器", "um,", "“a”"])
texts = st.lists(vocabulary, max_size=12).map(lambda words: split(" ".join(words)))
rules = st.lists(
    st.tuples(st.lists(vocabulary, min_size=1, max_size=3).map(" ".join), vocabulary | st.just(""))
)


@given(words=texts, plain=rules)
def test_any_words_stay_words(words: Words, plain: list[tuple[str, str]]) -> None:
    some = Replacements(tuple(plain))
    new, left_out = some.apply(words, open_ended=False)
    assert left_out == 0
    assert split("".join(new)) == new
    early, left_out = some.apply(words, open_ended=True)
    assert 0 <= left_out <= len(words)
    whole, _ = some.apply(words[: len(words) - left_out], open_ended=False)
    assert early == whole


@given(words=texts, plain=rules)
def test_of_words_that_come_one_by_one_none_is_taken_back(words: Words, plain: list[tuple[str, str]]) -> None:
    """Where nothing is left out of the text: that moves punctuation of the words before."""
    some = Replacements(tuple((heard, typed) for heard, typed in plain if typed))
    shown = ["".join(some.apply(words[:n], open_ended=True)[0]) for n in range(len(words) + 1)]
    shown.append("".join(some.apply(words, open_ended=False)[0]))
    assert all(later.startswith(earlier) for earlier, later in pairwise(shown))
