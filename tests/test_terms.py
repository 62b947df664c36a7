"""On what terms text stands in a field: what is shown, what may be erased, preedit, and another field."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import Screen
from tests.test_session import confirmed, dictations, draft
from voicetype.core import patch
from voicetype.core.events import (
    Cancelled,
    Claimed,
    Erasing,
    Event,
    FocusChanged,
    Patch,
    PatchApplied,
    Patching,
    Showing,
    SpeechStarted,
    Started,
    Stopped,
    Terms,
    UserTyped,
)
from voicetype.core.patch import graphemes
from voicetype.core.session import Session
from voicetype.keyboard.composing import Composed, change

APPEND = Terms(Showing.STABLE, depth=0)
FINAL = Terms(Showing.FINAL, depth=0)
PREEDIT = Terms(erasing=Erasing.EXACT, preedit=True)
PREEDIT_ALONE = Terms(erasing=Erasing.NONE, preedit=True)


FIRM: Sequence[Event] = (
    confirmed(0, 1, "one two three four", pause=True),
    confirmed(0, 2, "one two three four", pause=True),
)
"""Of which two words are stable."""


def dictated(terms: Terms, *events: Event) -> Screen:
    screen = Screen(Session(), before="theirs: ")
    for event in (Started(terms=terms), SpeechStarted(0, 0), *events):
        screen.feed(event)
        screen.type_all()
    return screen


WRONG: Sequence[Event] = (
    draft(0, 1, "the quick brown fax", pause=True),
    confirmed(0, 2, "a quick brown fox jumps over it", pause=True),
    confirmed(0, 3, "a quick brown fox jumps over it.", pause=True),
    draft(0, 4, "a quick brown fox jumps over it there", pause=True),
    confirmed(0, 5, "The quick brown fox jumps over it.", final=True),
    Stopped(),
)


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        (Terms(), "The quick brown fox jumps over it."),
        (Terms(depth=9), "the quick brown fox jumps over it."),
        (Terms(erasing=Erasing.EXACT), "The quick brown fox jumps over it."),
        (Terms(erasing=Erasing.NONE), "a quick brown fox jumps over it."),
        (Terms(depth=0), "a quick brown fox jumps over it."),
        (APPEND, "a quick brown fox jumps over it."),
        (FINAL, "The quick brown fox jumps over it."),
        (PREEDIT, "The quick brown fox jumps over it."),
        (PREEDIT_ALONE, "The quick brown fox jumps over it."),
    ],
)
def test_what_stands_at_the_end(terms: Terms, text: str) -> None:
    screen = dictated(terms, *WRONG)
    assert screen.session.finished
    assert screen.session.text == text
    assert screen.text == f"theirs: {text}"
    if terms.depth == 0 or (terms.erasing is Erasing.NONE and not terms.preedit):
        assert screen.erased == 0


def test_a_correction_deeper_than_the_cap_is_made_behind_it() -> None:
    said = confirmed(0, 2, "never quick brown fix", pause=True)
    screen = dictated(Terms(depth=5), draft(0, 1, "the quick brown fox", pause=True), said)
    assert screen.text == "theirs: the quick brown fix"
    assert screen.session.done == "the quick brown"


@pytest.mark.parametrize("kept", ["x̂", "👩‍👩‍👧", "🇩🇪", "क्षि", "\u1100\u119e", "😀", "≠"])
def test_what_a_backspace_may_erase_in_part_is_not_erased(kept: str) -> None:
    """With keys; an input method counts characters."""
    events = (draft(0, 1, f"one {kept} two", pause=True), confirmed(0, 2, "one so too.", final=True))
    assert dictated(Terms(), *events).text == f"theirs: one {kept} too."
    assert dictated(Terms(erasing=Erasing.EXACT), *events).text == "theirs: one so too."


def test_only_what_the_heavy_model_has_said_twice_is_stable_and_not_its_end() -> None:
    screen = dictated(APPEND, draft(0, 1, "the quick brown fox jumps", pause=True))
    assert screen.text == "theirs: "
    for n, said, stable in (
        (2, "the quick, brown fox jumps", ""),
        (3, "the quick, brown fox jumps over", "the quick, brown"),
        (4, "the quick, brown ox jumps over it", "the quick, brown"),
        (5, "the quick, brown ox jumps over it there", "the quick, brown ox jumps"),
    ):
        screen.feed(confirmed(0, n, said, pause=True))
        screen.type_all()
        assert screen.text == f"theirs: {stable}"


def test_an_utterance_that_is_shown_when_it_is_over_is_shown_whole() -> None:
    screen = dictated(FINAL, confirmed(0, 2, "the quick", pause=True))
    assert screen.text == "theirs: "
    screen.feed(confirmed(0, 3, "The quick fox.", final=True))
    screen.type_all()
    assert screen.text == "theirs: The quick fox."


# ── preedit ──────────────────────────────────────────────────────────────────────────────────────


class Field:
    """A field with an input method: what an adapter makes of the session's patches."""

    def __init__(self, terms: Terms) -> None:
        self.screen = Screen(Session())
        self.standing = Composed()
        self.deleted = 0
        self.feed(Started(terms=terms))
        self.feed(SpeechStarted(0, 0))

    def feed(self, *events: Event) -> None:
        for event in events:
            self.screen.feed(event)
            while self.screen.waiting:
                made = self.screen.waiting.pop(0)
                self.standing, done = change(self.standing, made)
                self.deleted += len(graphemes(done.delete))
                self.screen.feed(PatchApplied())


def test_a_draft_is_preedit_until_it_is_confirmed() -> None:
    field = Field(PREEDIT)
    field.feed(draft(0, 1, "the quick brown fax", pause=True))
    assert field.standing == Composed("", "the quick brown fax")
    field.feed(confirmed(0, 2, "the quick brown fox jumps over it", pause=True))
    assert field.standing == Composed("", "the quick brown fox jumps over it")
    field.feed(confirmed(0, 3, "the quick brown fox jumps over it", pause=True))
    assert field.standing == Composed("the quick brown fox jumps", " over it")
    assert field.deleted == 0
    field.feed(confirmed(0, 4, "the quick brown fix jumps over it", final=True))
    assert field.standing == Composed("the quick brown fix jumps over it", "")
    assert field.deleted == len("ox jumps")
    assert field.screen.session.done == "the quick brown fix jumps over it"


def test_where_nothing_can_be_deleted_only_the_last_word_is_committed() -> None:
    field = Field(PREEDIT_ALONE)
    field.feed(confirmed(0, 2, "the quick brown fax", pause=True))
    assert field.standing == Composed("", "the quick brown fax")
    field.feed(confirmed(0, 3, "the quick brown fox.", final=True))
    assert field.standing == Composed("the quick brown fox.", "")


def test_a_draft_that_is_confirmed_as_it_stands_is_committed() -> None:
    field = Field(PREEDIT)
    field.feed(draft(0, 1, "hello", pause=True), confirmed(0, 2, "hello", final=True))
    assert field.standing == Composed("hello", "")
    assert field.screen.session.done == "hello"


def test_a_preedit_goes_with_the_focus_and_comes_back_with_it() -> None:
    field = Field(PREEDIT)
    field.feed(*FIRM)
    assert field.standing == Composed("one two", " three four")
    field.feed(FocusChanged(ours=False))
    assert field.screen.session.done == "one two"
    assert field.screen.session.untyped == "three four"
    field.standing = Composed()
    field.feed(FocusChanged(ours=True))
    assert field.standing == Composed("", " three four")


def test_a_patch_that_met_a_lost_focus_leaves_what_was_committed() -> None:
    screen = Screen(Session())
    for event in (Started(terms=PREEDIT), SpeechStarted(0, 0), *FIRM):
        screen.feed(event)
        screen.type_all()
    screen.feed(draft(0, 3, "one two three four five", pause=True))
    screen.type_part(0, 0, lost=True)
    assert screen.session.done == "one two"
    assert screen.session.untyped == "three four five"


def test_a_preedit_goes_with_a_focus_that_is_back_before_the_patch_has_failed() -> None:
    screen = Screen(Session())
    for event in (Started(terms=PREEDIT), SpeechStarted(0, 0), *FIRM):
        screen.feed(event)
        screen.type_all()
    screen.feed(draft(0, 3, "one two three four five", pause=True))
    screen.feed(FocusChanged(ours=False))
    screen.feed(FocusChanged(ours=True))
    screen.type_part(0, 0, lost=False)
    assert screen.session.done == "one two"
    assert screen.waiting == [Patch(0, " three four five", screen.session.epoch, 16)]


def test_a_key_of_the_users_commits_the_draft() -> None:
    field = Field(PREEDIT)
    field.feed(draft(0, 1, "one two", pause=True), UserTyped())
    assert field.screen.session.done == "one two"


def test_what_a_key_has_committed_does_not_go_with_the_focus() -> None:
    screen = Screen(Session())
    for event in (Started(terms=PREEDIT), SpeechStarted(0, 0), *FIRM):
        screen.feed(event)
        screen.type_all()
    screen.feed(draft(0, 3, "one two three four five", pause=True))
    screen.feed(UserTyped())
    screen.feed(FocusChanged(ours=False))
    screen.type_part(0, 0, lost=False)
    assert screen.session.done == "one two three four"
    assert screen.session.untyped == "five"


def test_a_preedit_can_be_changed_also_where_the_application_denies_what_was_committed() -> None:
    field = Field(PREEDIT)
    field.feed(*FIRM)
    field.screen.feed(draft(0, 3, "one two three four five", pause=True))
    field.standing, _ = change(field.standing, field.screen.waiting.pop())
    field.screen.feed(PatchApplied(doubted=True))
    assert field.screen.session.done == "one two"
    field.feed(confirmed(0, 4, "One two three for five.", final=True))
    assert field.standing == Composed("one two three for five.", "")
    assert field.deleted == 0


def late(first: str, *, standing: str) -> Screen:
    """The last word on an utterance comes when the next one stands whole, deeper than a mend may reach."""
    screen = dictated(
        Terms(depth=10), *([draft(0, 1, standing, pause=True)] if standing else []), SpeechStarted(1, 0)
    )
    for event in (draft(1, 2, "seven eight nine ten", pause=True), confirmed(0, 3, first, final=True)):
        screen.feed(event)
        screen.type_all()
    screen.feed(confirmed(1, 4, "seven eight nine ten eleven", final=True))
    screen.type_all()
    return screen


def test_what_is_said_late_of_an_utterance_does_not_land_in_the_next_one() -> None:
    screen = late("one two tree four", standing="one two three")
    assert screen.text == "theirs: one two three seven eight nine ten eleven"


def test_a_whole_utterance_that_comes_late_is_typed_all_the_same() -> None:
    """Between two words of the next, since it can't be typed before them: it is not lost."""
    screen = late("one two", standing="")
    whole = "theirs: one two seven eight nine ten eleven"
    assert sorted(screen.text.split()) == sorted(whole.split())
    assert "one two" in screen.text


# ── another field, and undo ──────────────────────────────────────────────────────────────────────


def test_a_dictation_goes_on_in_another_field() -> None:
    screen = dictated(Terms(), draft(0, 1, "one two", pause=True), FocusChanged(ours=False))
    screen.feed(draft(0, 2, "one two three", pause=True))
    assert not screen.waiting
    screen.text = "other: "
    screen.feed(Claimed(FINAL, empty=True))
    screen.feed(confirmed(0, 3, "One two three four.", final=True))
    screen.type_all()
    assert screen.text == "other: three four."
    assert screen.session.text == "one two three four."
    assert screen.session.undoable == "three four."
    assert screen.session.out_of_reach


def test_a_dictation_that_goes_from_field_to_field_says_no_word_twice() -> None:
    screen = dictated(Terms())
    fields, said = [], ""
    for n, word in enumerate(["gnu", "general", "public", "license", "version", "june"], 1):
        screen.text, said = "", f"{said} {word}".strip()
        screen.feed(draft(0, n, said, pause=True))
        screen.type_all()
        fields.append(screen.text)
        screen.feed(FocusChanged(ours=False))
        screen.feed(Claimed(Terms(), empty=True))
    assert fields == said.split()
    screen.feed(confirmed(0, 9, f"{said}.", final=True))
    screen.type_all()
    assert screen.session.text == said


def test_in_another_field_text_is_set_apart_from_what_may_stand_there() -> None:
    screen = dictated(Terms(), draft(0, 1, "one two", pause=True), FocusChanged(ours=False))
    screen.text = "other"
    screen.feed(Claimed(FINAL))
    screen.feed(confirmed(0, 3, "One two three four.", final=True))
    screen.type_all()
    assert screen.text == "other three four."
    assert screen.session.text == "one two three four."


def test_what_can_be_undone() -> None:
    screen = dictated(Terms(), draft(0, 1, "one two", pause=True))
    assert screen.session.undoable == "one two"
    screen.feed(confirmed(0, 2, "One two.", final=True))
    screen.type_all()
    assert screen.session.undoable == "One two."
    assert not screen.session.out_of_reach


@pytest.mark.parametrize("intrusion", [UserTyped(), FocusChanged(ours=False)])
def test_nothing_can_be_undone_behind_an_intrusion(intrusion: Event) -> None:
    screen = dictated(Terms(), draft(0, 1, "one two", pause=True), intrusion)
    assert screen.session.undoable == ""
    assert screen.session.out_of_reach


def test_a_patch_under_way_when_the_user_types_can_not_be_undone_either() -> None:
    screen = dictated(Terms())
    screen.feed(draft(0, 1, "one two", pause=True))
    screen.feed(UserTyped())
    screen.type_all()
    assert screen.text == "theirs: one two"
    assert screen.session.undoable == ""


def test_a_cancelled_dictation_leaves_nothing_to_undo() -> None:
    screen = dictated(Terms(), draft(0, 1, "one two", pause=True), Cancelled())
    assert screen.text == "theirs: "
    assert screen.session.undoable == ""


def test_what_the_application_denies_is_not_erased_any_more() -> None:
    screen = dictated(Terms())
    screen.feed(draft(0, 1, "the quick brown fax", pause=True))
    screen.waiting.pop()
    screen.text += "the quick brwn fax"
    screen.feed(PatchApplied(doubted=True))
    screen.feed(confirmed(0, 2, "The quick brown fox jumps.", final=True))
    screen.type_all()
    assert screen.text == "theirs: the quick brwn fax jumps."
    assert screen.erased == 0
    assert screen.session.undoable == " jumps."
    assert screen.session.out_of_reach


def test_what_is_expected_before_the_caret() -> None:
    screen = dictated(PREEDIT, *FIRM)
    screen.feed(draft(0, 3, "one two three four five", pause=True))
    assert screen.session.expected == "one two"
    screen.type_all()
    screen.feed(confirmed(0, 4, "One two three.", final=True))
    assert screen.session.expected == "One two three."


def test_no_more_is_expected_than_might_be_erased_and_a_little() -> None:
    screen = dictated(
        Terms(depth=10), confirmed(0, 1, "one two three four five six seven eight nine", final=True)
    )
    screen.feed(SpeechStarted(1, 1))
    screen.feed(draft(1, 2, "ten", pause=True))
    assert screen.session.expected == "two three four five six seven eight nine ten"[-34:]


TERMS = st.builds(
    Terms,
    st.sampled_from(Showing),
    st.sampled_from(Erasing),
    st.sampled_from([0, 3, 20, 200]),
    st.booleans(),
)


@settings(max_examples=400, deadline=None)
@given(dictations(), TERMS, st.sampled_from(Patching), st.data())
def test_every_patch_keeps_to_the_terms(
    happenings: list[Event], terms: Terms, patching: Patching, data: st.DataObject
) -> None:
    screen = Screen(Session(patching), before="theirs: ")
    screen.feed(Started(terms=terms))
    standing = Composed()
    for event in happenings:
        screen.feed(event)
        in_time: bool = data.draw(st.booleans())
        while screen.waiting and in_time:
            standing = typed(screen, standing, terms)
    while screen.waiting:
        standing = typed(screen, standing, terms)
    assert screen.session.finished
    assert standing == Composed(screen.session.done)
    assert screen.text == f"theirs: {screen.session.text}"


def typed(screen: Screen, standing: Composed, terms: Terms) -> Composed:
    """One patch, by an adapter that checks the terms."""
    made: Patch = screen.waiting.pop(0)
    standing, done = change(standing, made)
    if terms.erasing is Erasing.NONE:
        assert done.delete == ""
    assert len(graphemes(done.delete)) <= terms.depth
    assert terms.erasing is not Erasing.KEYS or patch.simple(done.delete)
    assert terms.preedit or not standing.preedit
    screen.text = patch.apply(screen.text, made)
    screen.feed(PatchApplied())
    return standing
