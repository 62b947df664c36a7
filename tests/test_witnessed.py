"""A way to type with the field as its witness; and whether two texts are the same to a user."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from tests.fakes import FakeKeyboard, FakeReader
from voicetype.accessibility import Field, Place
from voicetype.core.events import Erasing, FocusChanged, NewLine, Patch, UserTyped
from voicetype.core.evidence import agrees
from voicetype.errors import Interruption, PatchInterrupted
from voicetype.keyboard import Claim, KeyboardLost, Purpose, whereabouts
from voicetype.keyboard import witnessed as module
from voicetype.keyboard.witnessed import WitnessedKeyboard

EDITOR = Field(Place(":1.1", "/editor"), "editor", readable=True)
OTHER = Field(Place(":1.1", "/other"), "editor", readable=True)
PASSWORD = Field(Place(":1.1", "/password"), "editor", password=True)
TERMINAL = Field(Place(":1.2", "/terminal"), "terminal", terminal=True, readable=True)
LABEL = Field(Place(":1.1", "/label"), "editor")

DEAF = Claim(erasing=Erasing.NONE)


class Way(FakeKeyboard):
    """A way that claims what it is told to."""

    def __init__(self, claimed: Claim) -> None:
        super().__init__()
        self.claimed = claimed
        self.reads: str | None = None
        self.typed: Callable[[Patch], object] = lambda _: None
        """Called after each patch."""

    def apply(self, made: Patch) -> None:
        super().apply(made)
        self.typed(made)

    def claim(self) -> Claim:
        return self.claimed

    def read(self, _: int) -> str | None:
        return self.reads


@dataclass
class Rig:
    """A way to type, a field that says what was typed, and what the observer was told."""

    way: Way
    reader: FakeReader
    keyboard: WitnessedKeyboard
    told: list[FocusChanged | UserTyped | KeyboardLost] = field(default_factory=list)

    def type(self, *patches: Patch) -> None:
        for each in patches:
            self.keyboard.apply(each)

    def refused(self, patch: Patch) -> PatchInterrupted:
        with pytest.raises(PatchInterrupted) as caught:
            self.keyboard.apply(patch)
        return caught.value


def rig(focused: Field | None, claimed: Claim = DEAF) -> Rig:
    way = Way(claimed)
    reader = FakeReader(focused, lambda: way.text)
    made = Rig(way, reader, WitnessedKeyboard(way, reader))
    made.keyboard.open(made.told.append)
    return made


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SHOWN_S", 0.02)
    monkeypatch.setattr(whereabouts, "_MOVING_S", 0.01)


def test_a_deaf_way_may_erase_where_the_field_can_be_read() -> None:
    one = rig(EDITOR)
    assert one.keyboard.claim() == Claim(app="editor", erasing=Erasing.KEYS)
    one.type(Patch(0, "the quick fax"), Patch(2, "ox"), Patch(12, ""))
    assert one.way.text == "t"
    assert one.told == []


@pytest.mark.parametrize("focused", [None, LABEL])
def test_without_evidence_nothing_is_promised(focused: Field | None) -> None:
    one = rig(focused)
    assert one.keyboard.claim().erasing is Erasing.NONE
    one.type(Patch(0, "text"))
    assert one.reader.asked == []


@pytest.mark.parametrize(
    "claimed",
    [Claim(), Claim(erasing=Erasing.EXACT, preedit=True), Claim(erasing=Erasing.NONE, preedit=True)],
)
def test_who_hears_the_user_or_has_preedit_is_left_alone(claimed: Claim) -> None:
    one = rig(EDITOR, claimed)
    assert one.keyboard.claim() == Claim(app="editor", erasing=claimed.erasing, preedit=claimed.preedit)
    one.way.text = "x" * 50
    one.type(Patch(45, "ab", draft=1))
    assert one.way.patches == [Patch(45, "ab", draft=1)]
    assert one.reader.asked == []


def test_what_the_field_is() -> None:
    assert rig(PASSWORD, Claim(app="Mine")).keyboard.claim() == Claim(app="Mine", purpose=Purpose.PASSWORD)
    assert rig(TERMINAL).keyboard.claim().purpose is Purpose.TERMINAL
    password = Claim(purpose=Purpose.PASSWORD)
    assert rig(TERMINAL, password).keyboard.claim().purpose is Purpose.PASSWORD


@pytest.mark.parametrize("claimed", [Claim(), DEAF])
def test_nothing_is_typed_into_a_password_field(claimed: Claim) -> None:
    one = rig(PASSWORD, claimed)
    one.keyboard.claim()
    stop = one.refused(Patch(0, "text"))
    assert (stop.reason, stop.erased, stop.typed) == (Interruption.FOCUS, 0, 0)
    assert one.way.text == ""


@pytest.mark.parametrize("claimed", [Claim(), DEAF])
def test_the_focus_goes_into_a_password_field_and_back(claimed: Claim) -> None:
    one = rig(EDITOR, claimed)
    one.keyboard.claim()
    one.type(Patch(0, "ab"))
    one.reader.move(PASSWORD)
    assert one.refused(Patch(0, "c")).reason is Interruption.FOCUS
    one.way.observer(FocusChanged(ours=True))  # the window's, which it never lost
    one.reader.move(EDITOR)
    one.type(Patch(0, "c"))
    assert one.way.text == "abc"
    assert one.told == [FocusChanged(ours=False), FocusChanged(ours=False), FocusChanged(ours=True)]


def test_after_a_key_of_the_users_the_program_is_asked_where_the_focus_is() -> None:
    one = rig(EDITOR, Claim())
    one.keyboard.claim()
    one.reader.field = PASSWORD  # which it has not told yet
    one.type(Patch(0, "a"))
    one.way.observer(UserTyped())
    assert one.refused(Patch(0, "b")).reason is Interruption.FOCUS
    assert one.way.text == "a"
    assert one.told == [UserTyped(), FocusChanged(ours=False)]


def test_a_deaf_way_types_into_the_claimed_field_alone() -> None:
    one = rig(EDITOR)
    one.keyboard.claim()
    one.reader.move(OTHER)
    assert one.refused(Patch(0, "c")).reason is Interruption.FOCUS
    one.reader.move(None)
    assert one.refused(Patch(0, "c")).reason is Interruption.FOCUS
    one.keyboard.claim()
    one.type(Patch(0, "c"))  # what has the focus is not known: as without a witness
    assert one.told == [FocusChanged(ours=False)]


def test_a_way_that_hears_goes_where_its_window_has_the_focus() -> None:
    one = rig(EDITOR, Claim())
    one.keyboard.claim()
    one.reader.move(OTHER)
    one.type(Patch(0, "c"))
    assert one.told == []


def test_what_the_user_typed_is_not_erased() -> None:
    one = rig(EDITOR)
    one.keyboard.claim()
    one.type(Patch(0, "draft"))
    one.way.text += "!"
    stop = one.refused(Patch(2, "x"))
    assert (stop.reason, stop.erased, stop.typed) == (Interruption.FOREIGN_INPUT, 0, 0)
    assert one.way.text == "draft!"
    assert one.told == [UserTyped()]
    one.type(Patch(0, " more"), Patch(2, "st"))  # what comes after it is ours again
    assert one.way.text == "draft! most"


def test_the_user_types_between_two_groups() -> None:
    one = rig(EDITOR)
    one.keyboard.claim()
    one.type(Patch(0, "x" * 30 + "y" * 30))
    texts = iter(["x" * 30 + "y" * 30, "x" * 30 + "y" * 10 + "Z"])
    one.reader.says = lambda: next(texts, "Z")
    stop = one.refused(Patch(50, "new"))
    assert (stop.reason, stop.erased, stop.typed) == (Interruption.FOREIGN_INPUT, 20, 0)
    assert one.way.patches[-1] == Patch(20, "")


def test_the_focus_moves_between_two_groups() -> None:
    one = rig(EDITOR)
    one.keyboard.claim()
    one.type(Patch(0, "x" * 60))

    def says() -> str:
        if len(one.way.text) == 40:
            one.reader.move(OTHER)
        return one.way.text

    one.reader.says = says
    stop = one.refused(Patch(50, "new"))
    assert (stop.reason, stop.erased, stop.typed) == (Interruption.FOCUS, 20, 0)
    assert one.told == [FocusChanged(ours=False)]


def test_a_program_that_is_slow_to_show_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SHOWN_S", 10.0)
    one = rig(EDITOR)
    one.keyboard.claim()
    one.type(Patch(0, "draft"))
    shown = iter(["", "dra", "draf", "draft"])
    one.reader.says = lambda: next(shown)
    one.type(Patch(1, "p"))
    assert one.way.text == "drafp"


def test_an_inner_interruption_counts_what_went_before() -> None:
    one = rig(EDITOR)
    one.keyboard.claim()
    one.type(Patch(0, "x" * 60))
    one.way.interruptions = [None, PatchInterrupted(Interruption.BROKEN, 7, 0)]
    stop = one.refused(Patch(50, "new"))
    assert (stop.reason, stop.erased, stop.typed) == (Interruption.BROKEN, 27, 0)
    one.type(Patch(33, "so it is known what stands"))
    assert one.way.text == "so it is known what stands"


def test_no_more_is_read_than_is_needed() -> None:
    one = rig(EDITOR)
    one.keyboard.claim()
    one.type(Patch(0, "x" * 500), Patch(3, ""))
    assert max(one.reader.asked) < 3 + 24 + 16


def test_more_is_never_erased_than_was_typed() -> None:
    one = rig(EDITOR)
    one.way.text = "the user's own "
    one.keyboard.claim()
    one.type(Patch(0, "ab"))
    stop = one.refused(Patch(3, ""))
    assert (stop.reason, stop.erased) == (Interruption.FOREIGN_INPUT, 0)
    assert one.way.text == "the user's own ab"


def test_a_line_break_is_expected_as_it_was_typed() -> None:
    one = rig(EDITOR)
    one.keyboard.claim()
    one.type(Patch(0, "a\nb"))
    one.way.text = "a b"
    one.type(Patch(1, "c"))
    assert one.way.text == "a c"


def test_a_claim_continues_where_our_text_still_stands() -> None:
    one = rig(EDITOR)
    assert not one.keyboard.claim().continues
    assert not one.keyboard.claim().continues  # nothing was typed
    one.type(Patch(0, "first."))
    assert one.keyboard.claim().continues
    one.type(Patch(6, "again"))
    one.way.text += " and the user's"
    assert not one.keyboard.claim().continues
    one.type(Patch(0, "x"))
    one.way.observer(UserTyped())
    assert not one.keyboard.claim().continues
    one.type(Patch(0, "x"))
    one.reader.field = OTHER
    assert not one.keyboard.claim().continues


def test_reading() -> None:
    one = rig(EDITOR, Claim())
    one.keyboard.claim()
    one.way.text = "in the field"
    assert one.keyboard.read(5) == "field"
    one.way.reads = "by itself"
    assert one.keyboard.read(5) == "by itself"
    one.way.reads = None
    one.reader.move(PASSWORD)
    assert one.keyboard.read(5) is None
    one.reader.move(None)
    assert one.keyboard.read(5) is None


def test_closing_closes_both() -> None:
    one = rig(EDITOR)
    one.keyboard.close()
    assert one.reader.closed


@pytest.mark.parametrize(
    ("read", "expected", "same"),
    [
        ("the quick fox", "quick fox", True),
        ("the quick fox", "quick fax", False),
        ("fox", "quick fox", False),
        ("", "", True),
        ("anything", "", True),
        ("no\u00a0break\u00a0", "no break ", True),  # HTML
        ("cafe\u0301", "caf\u00e9", True),
        ("caf\u00e9", "cafe\u0301", True),
        ("cafe", "caf\u00e9", False),
        ("see \ufffc there", "see  there", True),  # a picture
        ("\ufffcword", "word", True),  # a paragraph
        ("日本語 한국", "語 한국", True),
        ("ok 😀👍🏽 🇩🇪", "😀👍🏽 🇩🇪", True),
        ("👍", "👍🏽", False),
        ("❤", "❤\ufe0f", False),
        ("\ufffd😀", "😀", True),  # the first half of what stands before
        ("a b", "a\nb", True),  # line breaks are typed as spaces
        ("a\nb", "a\nb", True),
        ("a\u2028b", "a\nb", True),  # what Qt makes of Shift+Return
        ("a\u2028b", "a b", False),
        ("a\nb", "a b", False),
        ("fox\n", "fox", False),  # the next BackSpace would join the user's lines
        ("Fox", "fox", False),
    ],
)
def test_whether_a_field_shows_what_was_typed(read: str, expected: str, same: bool) -> None:
    assert agrees(read, expected) is same


LINES = replace(EDITOR, several_lines=True)
LINE = replace(OTHER, several_lines=False)
BREAK = Patch(0, "one\ntwo", new_lines=NewLine.SHIFT_RETURN)


@pytest.mark.parametrize("claimed", [DEAF, Claim()])
def test_the_field_says_whether_it_has_several_lines(claimed: Claim) -> None:
    assert rig(LINES, claimed).keyboard.claim().several_lines is True
    assert rig(LINE, replace(claimed, several_lines=True)).keyboard.claim().several_lines is False
    assert rig(EDITOR, replace(claimed, several_lines=True)).keyboard.claim().several_lines is True
    assert rig(None, claimed).keyboard.claim().several_lines is None


@pytest.mark.parametrize("claimed", [DEAF, Claim()])
def test_a_line_break_goes_into_a_field_that_has_several(claimed: Claim) -> None:
    one = rig(LINES, claimed)
    one.keyboard.claim()
    one.type(BREAK, Patch(5, "", new_lines=NewLine.SHIFT_RETURN))
    assert one.way.text == "on"


def test_it_goes_where_a_rule_speaks_for_a_field_that_says_nothing() -> None:
    one = rig(LABEL, Claim())
    one.keyboard.claim()
    one.type(BREAK)
    assert one.way.text == "one\ntwo"


@pytest.mark.parametrize("now", [LINE, LABEL, None])
def test_it_does_not_follow_the_user_into_another_field(now: Field | None) -> None:
    """In the same window, where other text still goes."""
    one = rig(LINES, Claim())
    one.keyboard.claim()
    one.reader.move(now)
    one.type(Patch(0, "plain", new_lines=NewLine.SHIFT_RETURN))
    stopped = one.refused(BREAK)
    assert (stopped.reason, stopped.typed) == (Interruption.FOCUS, 0)
    assert one.way.text == "plain"


def test_a_way_that_can_t_hear_the_user_looks_before_each_line_break() -> None:
    one = rig(LINES)
    one.keyboard.claim()
    one.way.typed = lambda patch: one.reader.move(LINE) if "two" in patch.text else None
    stopped = one.refused(Patch(0, "one\ntwo\nthree", new_lines=NewLine.SHIFT_RETURN))
    assert (stopped.reason, stopped.typed) == (Interruption.FOCUS, 7)
    assert one.way.text == "one\ntwo"


def test_a_line_break_that_is_typed_as_a_space_goes_anywhere() -> None:
    one = rig(LINE, Claim())
    one.keyboard.claim()
    one.type(Patch(0, "one\ntwo"))
    assert one.way.patches == [Patch(0, "one\ntwo")]
