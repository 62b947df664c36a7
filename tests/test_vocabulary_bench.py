"""What `tests.bench.vocabulary` counts."""

from __future__ import annotations

from tests.bench.vocabulary import Counted


def test_hits_and_what_other_words_suffer() -> None:
    counted = Counted(frozenset({"ada", "bo"}))
    counted.add(["ada", "met", "bo", "and", "ada"], ["ada", "met", "beau", "and", "bo"])
    assert (counted.spoken, counted.hits, counted.false) == (3, 2, 0)
    counted.add(["nobody", "was", "there"], ["ada", "was", "there"])
    assert (counted.spoken, counted.hits, counted.false) == (3, 2, 1)
    assert counted.cells() == "2/3 | 1 | 37.5 % | 33.3 %"
