"""Editors that change what is typed: a patch in place goes wrong in them, their policy keeps it right.

Each of them does to a person's typing what it does here. A person types no word twice, though: a draft
sets off what the editor does by itself, and the patch that takes the draft back does not take that back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.real.browser import TEXTAREA, Browser, browser
from tests.real.script import Script
from tests.real.xserver import App, Desktop, desktop
from voicetype.core.events import (
    Confidence,
    Showing,
    SpeechStarted,
    Started,
    Stopped,
    Terms,
    TranscriptSegment,
)
from voicetype.keyboard.x11 import X11Keyboard
from voicetype.x11.own_keys import OwnKeys

__all__ = ["browser", "desktop"]  # fixtures

pytestmark = pytest.mark.real

APPEND_ONLY = Terms(showing=Showing.STABLE, depth=0)
FINAL_ONLY = Terms(showing=Showing.FINAL, depth=0)

CLOSING = """
field.value = "f()"; field.setSelectionRange(2, 2);
field.addEventListener("keydown", event => {
    const at = field.selectionStart;
    if (event.key === ")" && field.value[at] === ")") {
        event.preventDefault(); field.setSelectionRange(at + 1, at + 1);
    } else if (event.key === "(") {
        event.preventDefault(); field.setRangeText("()"); field.setSelectionRange(at + 1, at + 1); report();
    }
});
"""
REWRITING = """
field.value = "Dear Ann, "; field.setSelectionRange(10, 10);
field.addEventListener("input", () => {
    const at = field.selectionStart;
    if (field.value.slice(at - 3, at) === "...") field.setRangeText("…", at - 3, at, "end");
});
"""


@dataclass(frozen=True)
class Case:
    """An editor, a draft that it changes, what was really said; and what stands there then.

    `right`: as it would if somebody typed what was said. `wrong`: after a patch in place.
    """

    open: Callable[[Desktop, Browser], App]
    draft: str
    said: str
    right: str
    wrong: str


def code(before: str, behind: str) -> Callable[[Desktop, Browser], App]:
    return lambda desktop, _: desktop.script("code", "editor_code.py", before, behind)


def shell(desktop: Desktop, _: Browser) -> App:
    app = desktop.shell("magic_shell.rc")
    app.begin()
    return app


CASES = {
    # The draft's bracket is typed over the user's own, and erased with the draft.
    "an editor that closes brackets": Case(code("f(", ")\n"), "a) b", "a, b", "f(a, b)\n", "f(a, b\n"),
    # The line stays where the draft's word has moved it.
    "an editor that indents": Case(
        code("if x:\n    ", "\n"), "else: no", "else known", "if x:\n    else known\n", "if x:\nelse known\n"
    ),
    # The first BackSpace erases what was completed.
    "an entry that completes": Case(
        lambda desktop, _: desktop.script("entry", "editor_completing.py", "remember the milk"),
        "remember the mi",
        "remember the fee",
        "remember the fee",
        "remember the mfee",
    ),
    "a page that closes brackets": Case(
        lambda _, browser: browser.open(TEXTAREA, CLOSING), "a) b", "a, b", "f(a, b)", "f(a, b"
    ),
    # Three characters have become one: the patch erases one of the user's own.
    "a page that rewrites": Case(
        lambda _, browser: browser.open(TEXTAREA, REWRITING),
        "so... now",
        "see now",
        "Dear Ann, see now",
        "Dear Ann,ee now",
    ),
    "a shell that expands": Case(shell, "so !! now", "so it now", "echo so it now", "echo so make ait now"),
    "a prompt that draws its own line": Case(
        lambda desktop, _: desktop.terminal("editor_terminal.py"),
        "and btw now",
        "and but now",
        "to Ann: and but now",
        "to Ann: and by the wut now",
    ),
}


@pytest.fixture(scope="module")
def script(desktop: Desktop) -> Iterator[Script]:  # noqa: ARG001  # the display
    keyboard = X11Keyboard(1000, OwnKeys())
    yield Script(keyboard)
    keyboard.close()


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def editor(case: Case, desktop: Desktop, browser: Browser) -> Iterator[App]:
    app = case.open(desktop, browser)
    yield app
    app.end()


def dictate(script: Script, case: Case, terms: Terms) -> int:
    """The draft stands, then what was said is confirmed in two parts. Returns how much was erased."""
    script.erased = 0
    script.keyboard.claim()
    script.take_in()
    script.feed(Started(terms=terms))
    script.feed(SpeechStarted(1, 0))
    script.feed(TranscriptSegment(1, case.draft, Confidence.DRAFT, 1, to_pause=True))
    begun, _, _ = case.said.rpartition(" ")
    for window, text in enumerate((begun, case.said), 2):
        final = text == case.said
        sure = (1.0,) * len(text.split())
        script.feed(
            TranscriptSegment(1, text, Confidence.CONFIRMED, window, to_pause=final, final=final, gains=sure)
        )
    script.feed(Stopped())
    assert script.session.finished
    assert script.session.text == case.said
    return script.erased


def test_a_patch_in_place_goes_wrong(script: Script, case: Case, editor: App) -> None:
    """The reducer believes that what was said stands there."""
    assert dictate(script, case, Terms()) > 0
    editor.shows(case.wrong)


@pytest.mark.parametrize("terms", [APPEND_ONLY, FINAL_ONLY], ids=["append-only", "final-only"])
def test_its_policy_keeps_it_right(script: Script, case: Case, editor: App, terms: Terms) -> None:
    assert dictate(script, case, terms) == 0
    editor.shows(case.right)
