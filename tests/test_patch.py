"""Patches: the shallowest, never splitting what a user sees as one character."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicetype.core.events import Patch
from voicetype.core.patch import apply, graphemes, make, partly

PIECES = [
    "a",
    "b",
    " ",
    "é",
    "e\u0301",
    "🙂",
    "👍🏽",
    "👩‍👩‍👧",
    "🇩🇪",
    "한",
    "\u1112\u1161\u11ab",
    "का",
    "東",
    ".",
]
TEXT = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("abc", 3),
        ("e\u0301a\u0308", 2),
        ("👍🏽", 1),
        ("👩‍👩‍👧‍👦!", 2),
        ("🇩🇪🇫🇷", 2),
        ("🇩🇪🇫", 2),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", 2),
        ("각", 1),
        ("किताब", 3),
        ("❤️", 1),
        ("1️⃣2", 2),
        ("日本語", 3),
    ],
)
def test_graphemes(text: str, count: int) -> None:
    assert len(graphemes(text)) == count
    assert "".join(graphemes(text)) == text


def test_only_the_differing_end_is_typed_again() -> None:
    assert make("the quick fax", "the quick fox") == Patch(2, "ox")
    assert make("hello", "hello world") == Patch(0, " world")
    assert make("hello world", "hello") == Patch(6, "")
    assert make("same", "same") is None


def test_a_grapheme_is_not_split() -> None:
    assert make("👍🏽", "👍🏿") == Patch(1, "👍🏿")
    assert make("e", "e\u0301") == Patch(1, "e\u0301")


def test_keep_limits_what_stands() -> None:
    assert make("hello", "hello.", keep=0) == Patch(5, "hello.")


@given(TEXT, TEXT)
def test_a_patch_leads_from_one_to_the_other(old: str, new: str) -> None:
    made = make(old, new)
    assert (old if made is None else apply(old, made)) == new


@given(TEXT, TEXT)
def test_a_patch_is_the_shallowest(old: str, new: str) -> None:
    made = make(old, new)
    if made is not None and made.backspaces:
        kept = len(graphemes(old)) - made.backspaces
        assert graphemes(old)[kept : kept + 1] != graphemes(new)[kept : kept + 1]


@given(TEXT, TEXT, st.data())
def test_a_patch_done_in_parts_is_the_patch(old: str, new: str, data: st.DataObject) -> None:
    made = make(old, new)
    if made is None:
        return
    erased = data.draw(st.integers(0, made.backspaces))
    assert old.startswith(partly(old, made, erased, 0))
    typed = data.draw(st.integers(0, len(graphemes(made.text))))
    assert new.startswith(partly(old, made, made.backspaces, typed))


def test_more_backspaces_than_text_is_refused() -> None:
    with pytest.raises(ValueError, match="3 of 3 backspaces on 2"):
        apply("ab", Patch(3, ""))
