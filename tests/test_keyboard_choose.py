"""Which ways to type are tried in which session, and which one it is in the end."""

from __future__ import annotations

import logging

import pytest

from tests.fakes import FakeKeyboard
from voicetype.config import KEYBOARDS
from voicetype.errors import KeyboardError
from voicetype.keyboard import Keyboard, Observer
from voicetype.keyboard.choose import Offers, detect
from voicetype.keyboard.first import FirstKeyboard
from voicetype.wayland.globals import INPUT_METHOD, TOPLEVELS, VIRTUAL_KEYBOARD
from voicetype.ways import Refusal

WLROOTS = frozenset({INPUT_METHOD, VIRTUAL_KEYBOARD, TOPLEVELS, "wl_seat"})


@pytest.mark.parametrize(
    ("offers", "ways"),
    [
        (Offers(display=True), ["x11"]),
        (Offers(display=True, ibus=True, portal=True, uinput=True), ["x11", "ibus"]),
        (Offers(), []),
        (Offers(uinput=True), []),
        (Offers(wayland=True), []),
        (Offers(wayland=True, display=True), []),  # XWayland reaches few programs
        (Offers(wayland=True, protocols=WLROOTS), ["input-method", "virtual-keyboard"]),
        (Offers(wayland=True, protocols=frozenset({VIRTUAL_KEYBOARD, TOPLEVELS})), ["virtual-keyboard"]),
        (Offers(wayland=True, protocols=frozenset({VIRTUAL_KEYBOARD})), []),  # nor tell which window it is
        (
            Offers(wayland=True, protocols=frozenset({INPUT_METHOD, TOPLEVELS})),
            [],
        ),  # it could not pass the user's keys on
        (Offers(wayland=True, ibus=True, portal=True), ["ibus", "portal"]),  # GNOME
        (Offers(wayland=True, portal=True, uinput=True), ["portal", "uinput"]),  # KDE
        (
            Offers(wayland=True, protocols=WLROOTS, ibus=True, portal=True, uinput=True),
            ["input-method", "ibus", "virtual-keyboard", "portal", "uinput"],
        ),
    ],
)
def test_what_is_tried(offers: Offers, ways: list[str]) -> None:
    choice = detect("auto", offers)
    assert list(choice.ways) == ways
    refused = {each.way for each in choice.refused}
    assert refused.isdisjoint(ways)
    assert refused or ways == ["x11", "ibus"]
    assert all(each.sentence and each.remedy for each in choice.refused)


@pytest.mark.parametrize("wanted", [each for each in KEYBOARDS if each != "auto"])
def test_what_is_wanted_is_the_only_one(wanted: str) -> None:
    assert detect(wanted, Offers(display=True, wayland=True, protocols=WLROOTS)).ways == (wanted,)


@pytest.mark.parametrize("offers", [Offers(), Offers(display=True)])
def test_nothing_is_pasted_that_was_not_asked_for(offers: Offers) -> None:
    assert "clipboard" not in detect("auto", offers).ways


class Missing(FakeKeyboard):
    closed = 0

    def open(self, _: Observer) -> None:
        raise KeyboardError("It is not there.", "Install it.")

    def close(self) -> None:
        Missing.closed += 1


def first(*ways: type[FakeKeyboard]) -> FirstKeyboard:
    def made(kind: type[FakeKeyboard], name: str) -> Keyboard:
        keyboard = kind()
        keyboard.name = name
        return keyboard

    return FirstKeyboard(
        [(f"way {n}", lambda n=n, kind=kind: made(kind, f"way {n}")) for n, kind in enumerate(ways)],  # type: ignore[misc]
        [Refusal("other", "It is not offered.", "Ask for it.")],
    )


def test_the_first_that_opens_is_taken_and_the_failures_are_kept(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    keyboard = first(Missing, FakeKeyboard, FakeKeyboard)
    assert keyboard.name == "way 0"
    keyboard.open(lambda _: None)
    assert keyboard.name == "way 1"
    assert [each.way for each in keyboard.refused] == ["other", "way 0"]
    assert caplog.messages == ["way 0: It is not there."]
    assert not keyboard.claim().continues
    keyboard.close()
    with pytest.raises(KeyboardError):
        keyboard.claim()


def test_what_fails_is_closed_and_counted_once_when_it_is_tried_again() -> None:
    keyboard, before = first(Missing, FakeKeyboard), Missing.closed
    for _ in range(2):
        keyboard.open(lambda _: None)
        keyboard.close()
    assert Missing.closed - before == 2
    assert [each.way for each in keyboard.refused] == ["other", "way 0"]


def test_where_none_opens_each_says_why(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with pytest.raises(KeyboardError) as caught:
        first(Missing).open(lambda _: None)
    assert not caplog.messages, "the user would read it twice"
    assert "other: It is not offered. Ask for it." in caught.value.sentence
    assert "way 0: It is not there. Install it." in caught.value.sentence


def test_a_single_reason_is_said_as_it_is() -> None:
    keyboard = FirstKeyboard([("way", Missing)], [])
    with pytest.raises(KeyboardError) as caught:
        keyboard.open(lambda _: None)
    assert (caught.value.sentence, caught.value.hint) == ("It is not there.", "Install it.")
