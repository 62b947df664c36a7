"""A way that can't hear the user types into real programs, with the field as its witness."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.real.accessibility import Accessible, accessible, own_accessible
from tests.real.browser import EDITABLE, INPUT, TEXTAREA, Browser
from tests.real.xserver import KEY_A, App, wait_until
from voicetype.accessibility.atspi import AtspiReader
from voicetype.core.events import Erasing, FocusChanged, Patch, UserTyped
from voicetype.core.evidence import SPARE, agrees
from voicetype.errors import Interruption, PatchInterrupted
from voicetype.keyboard import Claim, Keyboard, KeyboardLost, Observer, Purpose
from voicetype.keyboard.witnessed import WitnessedKeyboard
from voicetype.keyboard.x11 import X11Keyboard
from voicetype.x11.own_keys import OwnKeys

__all__ = ["accessible", "own_accessible"]  # fixtures

pytestmark = pytest.mark.real

TEXT = "Café αβγ 日本語 😀 ok, the quick brown fox jumps over it"
PASSWORD = "<input type=password autofocus>"
TAB = 23


class DeafKeyboard:
    """XTEST keys into whatever has the focus; it does not know what the user does."""

    name = "deaf"

    def __init__(self) -> None:
        self._keyboard = X11Keyboard(500, OwnKeys())

    def open(self, _: Observer) -> None:
        self._keyboard.open(lambda _: None)

    def claim(self) -> Claim:
        return Claim(erasing=Erasing.NONE)

    def apply(self, patch: Patch) -> None:
        self._keyboard.claim()
        self._keyboard.apply(Patch(0, ""))  # forgets what it heard
        self._keyboard.apply(patch)

    def read(self, _: int) -> None:
        return None

    def release(self) -> None:
        """Nothing is held."""

    def close(self) -> None:
        self._keyboard.close()


class Typing:
    """A keyboard with a witness, and what its observer was told."""

    def __init__(self, keyboard: Keyboard) -> None:
        self.told: list[FocusChanged | UserTyped | KeyboardLost] = []
        self.reader = AtspiReader(enable=False)
        self.keyboard = WitnessedKeyboard(keyboard, self.reader)
        self.keyboard.open(self.told.append)

    def claim(self, wanted: Callable[[Claim], bool]) -> Claim:
        """Claim, once the program has told of its focus."""
        claims = [self.keyboard.claim()]

        def claimed() -> bool:
            claims.append(self.keyboard.claim())
            return wanted(claims[-1])

        wait_until(claimed, "the field is claimed")
        return claims[-1]

    def claim_readable(self) -> Claim:
        return self.claim(lambda claim: claim.erasing is Erasing.KEYS and self.keyboard.read(1) is not None)

    def shows(self, text: str) -> None:
        def shown() -> bool:
            return agrees(self.keyboard.read(len(text) + SPARE) or "", text)

        wait_until(shown, f"{text!r} is read")

    def refused(self, patch: Patch) -> PatchInterrupted:
        with pytest.raises(PatchInterrupted) as caught:
            self.keyboard.apply(patch)
        return caught.value


@contextmanager
def typing(keyboard: Keyboard | None = None) -> Iterator[Typing]:
    one = Typing(keyboard or DeafKeyboard())
    try:
        yield one
    finally:
        one.keyboard.close()


@pytest.fixture(scope="module")
def browser(accessible: Accessible) -> Browser:
    accessible.enable()
    return accessible.browser()


@pytest.fixture
def gtk(accessible: Accessible) -> Iterator[App]:
    app = accessible.fields("GTK 3")
    yield app
    app.end()


def mend(one: Typing) -> str:
    """A draft, a mended word, a late correction deeper than a group, and what then stands."""
    one.keyboard.apply(Patch(0, TEXT[:30]))
    one.keyboard.apply(Patch(0, TEXT[30:]))
    one.shows(TEXT)  # a program that shows its first emoji reads fonts for a while
    one.keyboard.apply(Patch(2, "you"))
    one.keyboard.apply(Patch(45, "😀 – mended, “so”"))
    text = (TEXT[:-2] + "you")[:-45] + "😀 – mended, “so”"
    one.shows(text)
    return text


@pytest.mark.parametrize("toolkit", ["GTK 3", "PyQt5", "PyQt6"])
def test_drafts_are_mended_on_evidence(accessible: Accessible, toolkit: str) -> None:
    app = accessible.fields(toolkit)
    with typing() as one:
        assert one.claim_readable().app
        app.shows(mend(one) + "\n\n")
        assert one.told == []
        assert one.keyboard.claim().continues
    app.end()


@pytest.mark.parametrize("field", [TEXTAREA, INPUT, EDITABLE])
def test_drafts_are_mended_on_evidence_in_chromium(browser: Browser, field: str) -> None:
    page = browser.open(field)
    with typing() as one:
        one.claim(lambda claim: claim.erasing is Erasing.KEYS and one.keyboard.read(1) == "")
        page.shows(mend(one))
        assert one.told == []


def test_the_users_key_is_not_erased(accessible: Accessible, gtk: App) -> None:
    with typing() as one:
        one.claim_readable()
        one.keyboard.apply(Patch(0, "a draft"))
        one.shows("a draft")
        accessible.desktop.user.tap(KEY_A)
        one.shows("a drafta")
        stop = one.refused(Patch(5, "text"))
        assert (stop.reason, stop.erased, stop.typed) == (Interruption.FOREIGN_INPUT, 0, 0)
        gtk.shows("a drafta\n\n")
        assert one.told == [UserTyped()]
        one.keyboard.apply(Patch(0, " and mire"))
        one.keyboard.apply(Patch(3, "ore"))
        gtk.shows("a drafta and more\n\n")
        assert one.keyboard.claim().continues


@pytest.mark.parametrize("lost", ["backspace", "character"])
def test_a_program_that_loses_every_tenth_key(accessible: Accessible, lost: str) -> None:
    app = accessible.fields("GTK 3", lost)
    with typing() as one:
        one.claim_readable()
        one.keyboard.apply(Patch(0, "x" * 30 + "y" * 40))
        stop = one.refused(Patch(50, "new"))
        assert stop.reason is Interruption.FOREIGN_INPUT
        assert stop.typed == 0
        if lost == "backspace":
            assert stop.erased == 20
            app.shows("x" * 30 + "y" * 22 + "\n\n")  # two were lost, and no more was erased
        else:
            assert stop.erased == 0
            app.shows("x" * 27 + "y" * 36 + "\n\n")
    app.end()


def test_the_focus_moves_to_another_field(accessible: Accessible, gtk: App) -> None:
    user = accessible.desktop.user
    with typing() as one:
        one.claim_readable()
        one.keyboard.apply(Patch(0, "a draft"))
        user.tap(TAB)
        wait_until(lambda: FocusChanged(ours=False) in one.told, "the focus has moved")
        assert one.refused(Patch(5, "text")).reason is Interruption.FOCUS
        assert one.refused(Patch(0, "text")).reason is Interruption.FOCUS
        user.tap(TAB)
        user.tap(TAB)
        wait_until(lambda: one.told[-1] == FocusChanged(ours=True), "it is back")
        gtk.shows("a draft\n\n")


def test_the_focus_moves_to_another_window(accessible: Accessible, gtk: App) -> None:
    with typing() as one:
        one.claim_readable()
        one.keyboard.apply(Patch(0, "a draft"))
        terminal = accessible.desktop.terminal()
        wait_until(lambda: FocusChanged(ours=False) in one.told, "the focus has moved")
        assert one.refused(Patch(5, "text")).reason is Interruption.FOCUS
        assert one.keyboard.claim().erasing is Erasing.NONE  # a terminal that does not offer itself
        one.keyboard.apply(Patch(0, "ls"))
        terminal.shows("ls")
        gtk.shows("a draft\n\n")
        terminal.end()


@pytest.mark.parametrize("deaf", [True, False])
def test_never_into_a_password_field(accessible: Accessible, gtk: App, deaf: bool) -> None:
    user = accessible.desktop.user
    with typing(DeafKeyboard() if deaf else X11Keyboard(500, OwnKeys())) as one:
        one.claim_readable()
        one.keyboard.apply(Patch(0, "a draft"))
        user.tap(TAB)
        user.tap(TAB)
        heard = [FocusChanged(ours=False)] if deaf else [UserTyped(), UserTyped()]
        wait_until(lambda: one.told[: len(heard)] == heard, "the keys are heard, or where they led")
        assert one.refused(Patch(0, "secret")).reason is Interruption.FOCUS
        assert FocusChanged(ours=False) in one.told
        assert one.claim(lambda claim: claim.purpose is Purpose.PASSWORD).erasing
        assert one.refused(Patch(0, "secret")).reason is Interruption.FOCUS
        assert one.keyboard.read(5) is None
        gtk.shows("a draft\n\n")


def test_never_into_a_password_field_of_chromium(browser: Browser) -> None:
    page = browser.open(PASSWORD)
    with typing(X11Keyboard(500, OwnKeys())) as one:
        one.claim(lambda claim: claim.purpose is Purpose.PASSWORD)
        assert one.refused(Patch(0, "secret")).reason is Interruption.FOCUS
        page.shows("")


def test_a_way_that_hears_the_user_is_read_by_its_field(gtk: App) -> None:
    with typing(X11Keyboard(500, OwnKeys())) as one:
        claim = one.claim_readable()
        assert replace(claim, app="", instance="", continues=False) == Claim(several_lines=True)
        one.keyboard.apply(Patch(0, TEXT))
        one.shows(TEXT)
        gtk.shows(TEXT + "\n\n")


def test_a_program_that_hangs_does_not_hold_up_typing(gtk: App) -> None:
    with typing() as one:
        one.claim_readable()
        one.keyboard.apply(Patch(0, "a draft"))
        one.shows("a draft")
        gtk.process.send_signal(signal.SIGSTOP)
        try:
            one.keyboard.apply(Patch(0, " and more"))
            assert one.refused(Patch(3, "st")).reason is Interruption.FOREIGN_INPUT
            assert one.keyboard.read(5) is None
        finally:
            gtk.process.send_signal(signal.SIGCONT)
        gtk.shows("a draft and more\n\n")


def test_the_accessibility_bus_dies(own_accessible: Accessible) -> None:
    app = own_accessible.fields("PyQt5")  # GTK 3 itself may hang or end without the bus
    with typing() as one:
        one.claim_readable()
        one.keyboard.apply(Patch(0, "a draft"))
        one.shows("a draft")
        own_accessible.kill()
        wait_until(lambda: one.keyboard.read(5) is None, "the bus is gone")
        assert one.refused(Patch(3, "st")).reason is Interruption.FOREIGN_INPUT
        one.keyboard.apply(Patch(0, " and more"))
        app.shows("a draft and more\n\n")
        assert one.keyboard.claim().erasing is Erasing.NONE
