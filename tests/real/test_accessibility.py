"""Reading the focused field of real programs over a real accessibility bus."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.real.accessibility import Accessible, accessible, own_accessible
from tests.real.browser import EDITABLE, INPUT, TEXTAREA, Browser
from tests.real.xserver import CONTROL_R, KEY_A, RETURN, App, wait_until
from voicetype.accessibility import Field
from voicetype.accessibility.atspi import AtspiReader
from voicetype.core.events import Patch
from voicetype.core.evidence import SPARE, agrees
from voicetype.keyboard.x11 import X11Keyboard
from voicetype.x11.own_keys import OwnKeys

__all__ = ["accessible", "own_accessible"]  # fixtures

pytestmark = pytest.mark.real

TEXT = "The café, αβγ Σίς, 日本語 한국, ok 😀 👍 – “so…”"
PASSWORD = "<input type=password autofocus>"
TAB, LEFT, DELETE = 23, 113, 119
TOOLKITS = ["GTK 3", "PyQt5", "PyQt6"]


class Reading:
    """A reader that is open, what its observer was told, and a keyboard for what there is to read."""

    def __init__(self, enable: bool) -> None:
        self.seen: list[Field | None] = []
        self.reader = AtspiReader(enable)
        self.reader.open(self.seen.append)
        self._keyboard = X11Keyboard(500, OwnKeys())
        self._keyboard.open(lambda _: None)

    def type(self, text: str, backspaces: int = 0) -> None:
        self._keyboard.claim()
        self._keyboard.apply(Patch(0, ""))  # forgets the user's keys
        self._keyboard.apply(Patch(backspaces, text))

    def close(self) -> None:
        self._keyboard.close()
        self.reader.close()

    def find(self, is_it: Callable[[Field], bool], what: str) -> Field:
        """The field that has the focus, once it is the one that is meant: programs tell a little late."""
        found: list[Field] = []

        def there() -> bool:
            field = self.reader.find()
            found[:] = [field] if field is not None and is_it(field) else []
            return bool(found)

        wait_until(there, f"the focus is found: {what}")
        return found[0]

    def shows(self, field: Field, text: str) -> None:
        def shown() -> bool:
            return agrees(self.reader.read(field, len(text) + SPARE) or "", text)

        wait_until(shown, f"{text!r} is read")
        assert (self.reader.read(field, len(text)) or "").replace("\u00a0", " ") == text


@contextmanager
def reading(enable: bool = False) -> Iterator[Reading]:
    one = Reading(enable)
    try:
        yield one
    finally:
        one.close()


@pytest.fixture(scope="module", params=TOOLKITS)
def fields(accessible: Accessible, request: pytest.FixtureRequest) -> Iterator[App]:
    app = accessible.fields(request.param)
    yield app
    app.end()


@pytest.fixture(scope="module")
def browser(accessible: Accessible) -> Browser:
    accessible.enable()
    return accessible.browser()


def test_text_is_read_back_as_it_was_typed(accessible: Accessible, fields: App) -> None:
    accessible.desktop.hand_focus(fields.title)
    with reading() as one:
        field = one.find(lambda field: field.readable, fields.title)
        assert field.application
        one.type(TEXT)
        one.shows(field, TEXT)
        one.type("mended 😀!", backspaces=10)
        one.shows(field, TEXT[:-10] + "mended 😀!")
        fields.shows(TEXT[:-10] + "mended 😀!\n\n")
        assert one.reader.read(field, 3) == " 😀!"


def test_the_caret_and_the_selection(accessible: Accessible, fields: App) -> None:
    user = accessible.desktop.user
    accessible.desktop.hand_focus(fields.title)
    with reading() as one:
        field = one.find(lambda field: field.readable, fields.title)
        user.press(CONTROL_R)
        user.tap(KEY_A)
        user.release(CONTROL_R)
        wait_until(lambda: one.reader.read(field, 5) is None, "a selection can't be read")
        user.tap(DELETE)
        wait_until(lambda: one.reader.read(field, 5) == "", "it is empty")
        one.type("one two")
        one.shows(field, "one two")
        user.tap(LEFT)
        one.shows(field, "one tw")
        user.tap(RETURN)
        wait_until(lambda: one.reader.read(field, 3) == "tw\n", "a line break is read")


def test_a_password_field_is_told_and_never_read(accessible: Accessible, fields: App) -> None:
    user = accessible.desktop.user
    accessible.desktop.hand_focus(fields.title)
    with reading() as one:
        first = one.find(lambda field: field.readable, fields.title)
        user.tap(TAB)
        wait_until(lambda: one.reader.focused not in (None, first), "the entry has the focus")
        assert one.reader.focused is not None
        assert one.reader.focused.readable
        user.tap(TAB)
        wait_until(lambda: bool(one.reader.focused and one.reader.focused.password), "the password field")
        field = one.reader.find()
        assert field is not None
        assert (field.password, field.readable) == (True, False)
        assert one.reader.read(field, 5) is None
        user.tap(KEY_A)
        wait_until(lambda: fields.text.endswith("\na"), "the password is typed")
        assert one.reader.read(field, 5) is None
        assert one.reader.read(first, 5) is None  # it has the focus no more
        user.tap(22)
        user.press(50)
        user.tap(TAB)
        user.tap(TAB)
        user.release(50)
        wait_until(lambda: one.reader.focused == first, "back again")
        assert field in one.seen


@pytest.mark.parametrize("field", [TEXTAREA, INPUT, EDITABLE])
def test_chromium(browser: Browser, field: str) -> None:
    page = browser.open(field)
    with reading() as one:
        found = one.find(lambda field: field.readable and field.application == "Chromium", field)
        wait_until(lambda: one.reader.read(found, 5) == "", "the field of this page is read")
        one.type(TEXT + " ")
        one.shows(found, TEXT + " ")
        one.type("mended 😀!", backspaces=11)
        one.shows(found, TEXT[:-10] + "mended 😀!")
        page.shows(TEXT[:-10] + "mended 😀!")


def test_chromium_paragraphs(accessible: Accessible, browser: Browser) -> None:
    browser.open(EDITABLE)
    user = accessible.desktop.user
    with reading() as one:
        found = one.find(lambda field: field.readable and field.application == "Chromium", "the page")
        wait_until(lambda: one.reader.read(found, 5) == "", "the field of this page is read")
        one.type("first")
        one.shows(found, "first")
        user.tap(RETURN)
        wait_until(lambda: one.reader.read(found, 2) == "t\n", "a paragraph begins with a line break")
        one.type("second")
        one.shows(found, "second")
        assert one.reader.read(found, 99) == "first\nsecond"


def test_a_password_in_chromium(browser: Browser) -> None:
    browser.open(PASSWORD)
    with reading() as one:
        field = one.find(lambda field: field.password, "the password field")
        assert one.reader.read(field, 5) is None


def test_the_focus_goes_to_a_program_that_does_not_offer_itself(accessible: Accessible, fields: App) -> None:
    accessible.desktop.hand_focus(fields.title)
    with reading() as one:
        field = one.find(lambda field: field.readable, fields.title)
        terminal = accessible.desktop.terminal()
        wait_until(lambda: one.reader.focused is None, "the field has lost the focus")
        assert one.reader.find() is None
        assert one.reader.read(field, 5) is None
        terminal.end()


def test_a_program_ends(accessible: Accessible) -> None:
    app = accessible.fields("GTK 3")
    with reading() as one:
        field = one.find(lambda field: field.readable, app.title)
        app.end()
        wait_until(lambda: one.reader.focused != field, "the field is gone")
        assert one.reader.read(field, 5) is None


def test_a_program_that_hangs_costs_one_wait(accessible: Accessible) -> None:
    app = accessible.fields("GTK 3")
    with reading() as one:
        field = one.find(lambda field: field.readable, app.title)
        app.process.send_signal(signal.SIGSTOP)
        try:
            assert one.reader.read(field, 5) is None
            assert one.reader.find() == field  # what was known of it
            before_s = time.process_time()
            for _ in range(100):
                assert one.reader.read(field, 5) is None
            assert time.process_time() - before_s < 5
        finally:
            app.process.send_signal(signal.SIGCONT)
        wait_until(lambda: one.reader.read(field, 5) == "", "it answers again")
    app.end()


def test_the_accessibility_bus_dies_and_another_comes(own_accessible: Accessible) -> None:
    app = own_accessible.fields("GTK 3")
    with reading() as one:
        field = one.find(lambda field: field.readable, app.title)
        seen = list(one.seen)
        own_accessible.kill()
        wait_until(lambda: one.reader.read(field, 5) is None, "the bus is gone")
        wait_until(lambda: one.reader.focused is None, "the bus is gone")
        assert one.seen == seen  # nobody said that the focus moved
        app.end()
        own_accessible.revive()
        own_accessible.fields("GTK 3")
        again = one.find(lambda field: field.readable, "a program on the new bus")
        assert one.reader.read(again, 5) == ""


def test_programs_are_asked_to_offer_themselves_while_it_is_wanted(own_accessible: Accessible) -> None:
    assert not own_accessible.is_enabled()
    with reading(enable=True) as one:
        wait_until(own_accessible.is_enabled, "it is enabled")
        assert one.reader.find() is None
    assert not own_accessible.is_enabled()
    own_accessible.enable()
    with reading(enable=True) as one:
        one.reader.find()
    assert own_accessible.is_enabled()  # as it was


def test_chromium_offers_itself_where_it_was_asked_to(own_accessible: Accessible) -> None:
    """It looks when it starts, and not again."""
    browser = own_accessible.browser()
    with reading(enable=True) as one:
        wait_until(own_accessible.is_enabled, "it is enabled")
        page = browser.open(TEXTAREA)
        field = one.find(lambda field: field.readable, page.title)
        one.type("text")
        one.shows(field, "text")


def test_without_a_session_bus(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
    caplog.set_level(logging.DEBUG, "voicetype")
    reader = AtspiReader(enable=True)
    reader.open(lambda _: None)
    assert reader.find() is None
    assert reader.focused is None
    reader.close()
    records = [each for each in caplog.records if each.name.startswith("voicetype")]
    assert {each.levelno for each in records} == {logging.DEBUG}


def test_closing_is_safe_at_any_time() -> None:
    reader = AtspiReader(enable=False)
    reader.close()
    assert reader.find() is None
    reader.open(lambda _: None)
    reader.close()
    reader.close()
    assert reader.find() is None
