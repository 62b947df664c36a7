"""How many BackSpaces a grapheme takes, in each kind of field: only where that is one in all, we erase it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.real.browser import EDITABLE, INPUT, TEXTAREA, Browser, browser
from tests.real.xserver import BACKSPACE, App, Desktop, desktop, wait_until
from voicetype.core.events import Patch
from voicetype.core.patch import graphemes, simple
from voicetype.keyboard.x11 import X11Keyboard
from voicetype.x11.own_keys import OwnKeys

__all__ = ["browser", "desktop"]  # fixtures

pytestmark = pytest.mark.real

READLINE, GTK, CODE_POINTS, CHROMIUM = range(4)
"""The ways to erase; Qt and Tk take the last code point."""


@dataclass(frozen=True)
class Field:
    """A kind of field, and its way to erase."""

    way: int
    open: Callable[[Desktop, Browser], App]


FIELDS = {
    "readline": Field(READLINE, lambda desktop, _: desktop.shell()),
    "GTK 3 text view": Field(GTK, lambda desktop, _: desktop.gtk()),
    "GTK 3 entry": Field(GTK, lambda desktop, _: desktop.gtk_entry()),
    "QTextEdit 5": Field(CODE_POINTS, lambda desktop, _: desktop.qt("PyQt5", "QTextEdit")),
    "QLineEdit 5": Field(CODE_POINTS, lambda desktop, _: desktop.qt("PyQt5", "QLineEdit")),
    "QTextEdit 6": Field(CODE_POINTS, lambda desktop, _: desktop.qt("PyQt6", "QTextEdit")),
    "QLineEdit 6": Field(CODE_POINTS, lambda desktop, _: desktop.qt("PyQt6", "QLineEdit")),
    "Tk text": Field(CODE_POINTS, lambda desktop, _: desktop.tk()),
    "Tk entry": Field(CODE_POINTS, lambda desktop, _: desktop.tk_entry()),
    "Chromium textarea": Field(CHROMIUM, lambda _, browser: browser.open(TEXTAREA)),
    "Chromium input": Field(CHROMIUM, lambda _, browser: browser.open(INPUT)),
    "Chromium editable": Field(CHROMIUM, lambda _, browser: browser.open(EDITABLE)),
}
CERTAIN = "aéßΩάᾧйệ日がぱ한…€½☺⭐≤أآकกبש、ﬁ "
"""One BackSpace each, everywhere."""

# The grapheme | readline, GTK, code points, Chromium. 0: what stands before it is erased with it.
# Tk 8.6's entry is not tried outside the basic plane: it takes half a character, and shows garbage then.
UNCERTAIN = {
    "x\u0302": (1, 1, 2, 2),
    "q\u0323\u0307": (1, 1, 3, 3),
    "a\ufe0e": (1, 1, 2, 1),
    "❤\ufe0f": (1, 1, 2, 1),
    "1\ufe0f\u20e3": (1, 1, 3, 1),
    "👍🏽": (2, 1, 2, 1),
    "👨‍👩‍👧": (3, 1, 5, 1),
    "🇩🇪": (2, 1, 2, 1),
    "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f": (1, 7, 7, 1),
    "葛\U000e0100": (1, 2, 2, 1),
    "\u1140\u1161": (1, 2, 2, 2),  # jamo
    "कि": (2, 2, 2, 2),
    "நி": (2, 2, 2, 2),
    "কো": (2, 1, 2, 2),
    "ที่": (1, 3, 3, 3),
    "بَّ": (1, 3, 3, 3),
    "שׁ": (1, 2, 2, 2),
    "ကို": (1, 3, 3, 3),
    # Of one code point: GTK erases only the stroke, the mark.
    "≠": (1, 2, 1, 1),
    "ۂ": (1, 2, 1, 1),
    "ऩ": (1, 2, 1, 1),
    # Without a width.
    "\u200b": (0, 1, 1, 1),
    "\u2060": (0, 1, 1, 1),
    # One each here, but Tk's entry: see above.
    "😀": (1, 1, 1, 1),
    "𠮷": (1, 1, 1, 1),
}


@pytest.fixture(scope="module")
def keyboard(desktop: Desktop) -> Iterator[X11Keyboard]:
    desktop.layout("us")
    keyboard = X11Keyboard(1000, OwnKeys())
    keyboard.open(lambda _: None)
    yield keyboard
    keyboard.close()


@pytest.fixture(scope="module", params=FIELDS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def field(name: str, desktop: Desktop, browser: Browser) -> Iterator[App]:
    app = FIELDS[name].open(desktop, browser)
    yield app
    if FIELDS[name].way != CHROMIUM:  # which ends with all its pages
        app.end()
        # A window manager that is behind gives the focus away when it comes to the end of a window.
        wait_until(lambda: not desktop.user.sees(app.title), f"{app.title} is gone")


def stands(field: App) -> str:
    """An editable element ends with a line break, and may have a space that does not break."""
    return field.text.rstrip("\n").replace("\xa0", " ")


def test_the_rule_is_true() -> None:
    assert [each for each in graphemes(CERTAIN) if not simple(each)] == []
    assert [each for each in UNCERTAIN if simple(each)] == []


def test_one_backspace_is_certain(desktop: Desktop, keyboard: X11Keyboard, field: App) -> None:
    desktop.hand_focus(field.title)
    before = stands(field)
    keyboard.claim()
    keyboard.apply(Patch(0, CERTAIN))
    expected = before + CERTAIN
    wait_until(lambda: stands(field) == expected, "the text stands")
    while expected != before:
        desktop.user.tap(BACKSPACE)
        expected = expected[:-1]
        wait_until(lambda expected=expected: stands(field) == expected, f"{expected!r} stands")  # type: ignore[misc]


def test_those_we_do_not_erase(desktop: Desktop, keyboard: X11Keyboard, name: str, field: App) -> None:
    way = FIELDS[name].way
    tried = [each for each in UNCERTAIN if name != "Tk entry" or max(each) <= "\uffff"]
    found = {each: backspaces(desktop, keyboard, field, each) for each in tried}
    assert found == {each: UNCERTAIN[each][way] for each in tried}


def backspaces(desktop: Desktop, keyboard: X11Keyboard, field: App, grapheme: str) -> int:
    """How many it takes until the grapheme is gone; 0 where more is gone then."""
    desktop.hand_focus(field.title)
    before = stands(field) + "|x"
    keyboard.claim()
    keyboard.apply(Patch(0, "|x" + grapheme))
    now = before + grapheme
    wait_until(lambda: stands(field) == now, f"{grapheme!r} stands")
    count = 0
    while len(now) > len(before):
        desktop.user.tap(BACKSPACE)
        count += 1
        wait_until(lambda now=now: stands(field) != now, f"{grapheme!r} is erased")  # type: ignore[misc]
        now = stands(field)
    return count if now == before else 0
