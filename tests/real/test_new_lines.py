"""A new line where it begins one, in real programs; and where Return would do something else, none.

What the keys do is measured here as well, since the rules stand on it (`policies.new_line`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.real.accessibility import Accessible, accessible
from tests.real.browser import EDITABLE, INPUT, TEXTAREA, Browser
from tests.real.xserver import App, Desktop, wait_until
from voicetype.accessibility.atspi import AtspiReader
from voicetype.config_fields import Words
from voicetype.core.events import NewLine, Patch, Terms
from voicetype.core.evidence import SPARE, agrees
from voicetype.dictations import Dictations
from voicetype.errors import Interruption, PatchInterrupted
from voicetype.keyboard import Claim, Purpose
from voicetype.keyboard.witnessed import WitnessedKeyboard
from voicetype.keyboard.x11 import X11Keyboard
from voicetype.keyboard.x11_clipboard import ClipboardKeyboard
from voicetype.policies import terms
from voicetype.settings import Settings
from voicetype.workers import Worker
from voicetype.x11.own_keys import OwnKeys

__all__ = ["accessible"]  # fixture

pytestmark = pytest.mark.real

SHIFT_RETURN, RETURN = NewLine
TAB, KEY_X = 23, 53

# As those of messages are: Return sends.
SENDS = """
field.addEventListener("keydown", event => {
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    field[field.value === undefined ? "innerText" : "value"] = "sent " + text();
    report();
});
"""
FORM = """
const form = document.createElement("form");
document.body.append(form); form.append(field); field.focus();
form.addEventListener("submit", event => {
    event.preventDefault(); field.value = "sent " + field.value; report();
});
"""
# What takes the keys for a terminal in a page (xterm.js).
TERMINAL = '<textarea class="xterm-helper-textarea" autofocus></textarea>'

Opens = Callable[[Desktop, Browser], App]


def script(name: str, *options: str) -> Opens:
    return lambda desktop, _: desktop.script(name, name, *options)


SEVERAL: dict[str, Opens] = {
    "GTK 3": script("gtk_lines.py", "view"),
    "PyQt5": script("qt_lines.py", "QTextEdit", "PyQt5"),
    "PyQt6": script("qt_lines.py", "QPlainTextEdit", "PyQt6"),
    "textarea": lambda _, browser: browser.open(TEXTAREA, SENDS),
    "contenteditable": lambda _, browser: browser.open(EDITABLE, SENDS),
}
ONE: dict[str, Opens] = {
    "GTK 3": script("gtk_lines.py", "entry"),
    "PyQt5": script("qt_lines.py", "QLineEdit", "PyQt5"),
    "PyQt6": script("qt_lines.py", "QLineEdit", "PyQt6"),
    "input": lambda _, browser: browser.open(INPUT, FORM),
}
UNKNOWN: dict[str, Opens] = {"text": script("tk_lines.py", "text"), "entry": script("tk_lines.py", "entry")}
# What Shift+Return does in a field of one line: GTK and Qt pass over it, a page does not.
IN_ONE = {"GTK 3": "", "PyQt5": "", "PyQt6": "", "input": "sent "}
KEYS = (SHIFT_RETURN, RETURN, None)


@pytest.fixture(scope="module")
def browser(accessible: Accessible) -> Browser:
    accessible.enable()
    return accessible.browser()


class House:
    """What types, and takes back; no model hears anything."""

    def __init__(self, keyboard: X11Keyboard) -> None:
        self.x11 = keyboard
        self.keyboard = WitnessedKeyboard(keyboard, AtspiReader(enable=False))
        self._workers = [Worker(role) for role in ("fast", "heavy")]
        self.dictations = Dictations(self._workers[0], self._workers[1], self.keyboard)
        self.dictations.open()

    def claim(self, known: bool | None = None) -> Claim:
        """Claim the field; where it is to tell of itself, once it does."""
        claims = [self.keyboard.claim()]

        def claimed() -> bool:
            claims.append(self.keyboard.claim())
            return claims[-1].several_lines is known

        wait_until(claimed, f"the field says {known} of having several lines")
        return claims[-1]

    def undo(self, typed: str) -> None:
        """Once the field tells of what was typed."""
        read = self.keyboard.read
        wait_until(lambda: agrees(read(len(typed) + SPARE) or "", typed), f"{typed!r} is read")
        self.dictations.undo(Settings())

    def close(self) -> None:
        self.dictations.close()
        for worker in self._workers:
            worker.close()


@contextmanager
def house(keyboard: X11Keyboard | None = None) -> Iterator[House]:
    made = House(keyboard or X11Keyboard(2000, OwnKeys()))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def typing(accessible: Accessible) -> Iterator[House]:  # noqa: ARG001  # the display
    with house() as made:
        yield made


@contextmanager
def opened(opens: Opens, accessible: Accessible, browser: Browser) -> Iterator[App]:
    app = opens(accessible.desktop, browser)
    yield app
    app.end()


def rules(key: NewLine | None) -> Settings:
    return Settings(new_lines=Words({"*": key} if key else {}))


def press(typing: House, key: NewLine) -> None:
    """Whatever has the focus."""
    typing.x11.claim()
    typing.x11.apply(Patch(0, "one\ntwo", new_lines=key))


def press_x(desktop: Desktop, app: App) -> None:
    """A key of the user's; a toolkit may lose the first that comes with the focus."""

    def seen() -> bool:
        desktop.user.tap(KEY_X)
        with suppress(AssertionError):
            wait_until(lambda: app.text != "", "x stands there", 1)
        return app.text == "x"

    wait_until(seen, "x stands there")


@pytest.mark.parametrize("field", SEVERAL)
def test_lines_in_a_field_that_has_several(
    accessible: Accessible, browser: Browser, typing: House, field: str
) -> None:
    with opened(SEVERAL[field], accessible, browser) as app:
        given = terms(typing.claim(True), Terms(), {}).new_lines
        assert given is SHIFT_RETURN
        typing.keyboard.apply(Patch(0, "one\ntwo", new_lines=given))
        app.shows("one\ntwo")
        typing.keyboard.apply(Patch(5, "ly\nthree\nfive", new_lines=given))
        app.shows("only\nthree\nfive")
        typing.keyboard.apply(Patch(4, "four", new_lines=given))
        app.shows("only\nthree\nfour")
        typing.dictations.type("\n\nmore\nof it", Settings())
        wait_until(lambda: app.text.endswith("\nmore\nof it"), "it is typed again")
        assert app.text.startswith("only\nthree\nfour\n\n")
        typing.undo("\n\nmore\nof it")
        wait_until(lambda: app.text.rstrip() == "only\nthree\nfour", "it is taken back")


@pytest.mark.parametrize("field", ONE)
def test_none_in_a_field_of_one_line(
    accessible: Accessible, browser: Browser, typing: House, field: str
) -> None:
    """Whatever the user's rule says of the application; and what the keys would do there."""
    with opened(ONE[field], accessible, browser) as app:
        typing.claim(False)
        for key in KEYS:
            typing.dictations.type("one\n\ntwo", rules(key))
        app.shows("one two one two one two")
        typing.undo("one two one two one two")
        press(typing, SHIFT_RETURN)
        app.shows(f"{IN_ONE[field]}one two one twoonetwo")
        press(typing, RETURN)
        app.shows(f"{IN_ONE[field]}sent one two one twoonetwoonetwo")


def test_a_rule_speaks_for_a_field_that_says_nothing(
    accessible: Accessible, browser: Browser, typing: House
) -> None:
    with opened(UNKNOWN["text"], accessible, browser) as app:
        press_x(accessible.desktop, app)
        assert typing.claim(None).app == "Tk"
        for key in KEYS:
            typing.dictations.type("one\ntwo", rules(key))
        app.shows("xone\ntwo one\ntwo one two")


def test_without_a_rule_it_has_none(accessible: Accessible, browser: Browser, typing: House) -> None:
    with opened(UNKNOWN["entry"], accessible, browser) as app:
        press_x(accessible.desktop, app)
        typing.claim(None)
        typing.dictations.type("one\ntwo", Settings())
        app.shows("xone two")
        press(typing, SHIFT_RETURN)
        app.shows("sent xone twoonetwo")


def test_no_line_of_a_shell_is_run(accessible: Accessible, typing: House) -> None:
    app = accessible.desktop.shell()
    app.begin()
    typing.keyboard.claim()
    for key in KEYS:
        typing.dictations.type("one\ntwo", rules(key))
    wait_until(lambda: app.text == "echo one two one two one two", "all of it stands in one line")
    app.end()


def test_what_a_terminal_would_be_given(accessible: Accessible, typing: House) -> None:
    app = accessible.desktop.terminal()
    for key in NewLine:
        press(typing, key)
    app.shows("one\rtwoone\rtwo")
    app.end()


def test_nor_in_a_terminal_of_a_page(accessible: Accessible, browser: Browser, typing: House) -> None:
    with opened(lambda _, browser: browser.open(TERMINAL), accessible, browser) as app:
        assert typing.claim(False).purpose is Purpose.TERMINAL
        typing.dictations.type("one\ntwo", rules(SHIFT_RETURN))
        app.shows("one two")


@pytest.mark.parametrize("name", ["cm-content", "inputarea", "ace_text-input"])
def test_nor_in_an_editor_of_code_in_a_page(
    accessible: Accessible, browser: Browser, typing: House, name: str
) -> None:
    """A notebook runs a cell at Shift+Return."""
    element = f'<div class="cm {name}" contenteditable autofocus></div>'
    with opened(lambda _, browser: browser.open(element), accessible, browser) as app:
        typing.claim(False)
        typing.dictations.type("one\ntwo", Settings())
        app.shows("one two")


def test_return_alone_would_send_a_message(accessible: Accessible, browser: Browser, typing: House) -> None:
    with opened(SEVERAL["textarea"], accessible, browser) as app:
        press(typing, RETURN)
        app.shows("sent onetwo")


def test_not_where_the_user_has_gone_to_a_field_of_one_line(accessible: Accessible, typing: House) -> None:
    """In the same window, so that the text still goes there."""
    app = accessible.fields("GTK 3")
    claim = typing.claim(True)
    given = terms(claim, Terms(), {}).new_lines
    typing.keyboard.apply(Patch(0, "one\ntwo", new_lines=given))
    app.shows("one\ntwo\n\n")
    accessible.desktop.user.tap(TAB)
    accessible.desktop.user.tap(KEY_X)
    app.shows("one\ntwo\nx\n")
    typing.keyboard.apply(Patch(0, "three", new_lines=given))
    app.shows("one\ntwo\nxthree\n")
    with pytest.raises(PatchInterrupted) as caught:
        typing.keyboard.apply(Patch(0, " four\nfive", new_lines=given))
    assert caught.value.reason is Interruption.FOCUS
    app.shows("one\ntwo\nxthree\n")
    app.end()


@pytest.mark.parametrize("field", ["GTK 3", "textarea"])
def test_a_paste_brings_its_own(accessible: Accessible, browser: Browser, field: str) -> None:
    with (
        opened(SEVERAL[field], accessible, browser) as app,
        house(ClipboardKeyboard(2000, OwnKeys())) as pasting,
    ):
        pasting.claim(True)
        pasting.dictations.type("one\ntwo", Settings())
        app.shows("one\ntwo")
        pasting.undo("one\ntwo")
        app.shows("")
