"""Editors that change what is typed: what a patch does in them, and that their policy keeps it right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.fakes import FakeKeyboard, LevelDetector
from tests.test_daemon import House, Rig, result
from voicetype.config_fields import Words
from voicetype.control import State
from voicetype.core.events import Patch
from voicetype.daemon import Daemon
from voicetype.keyboard import Claim

BEFORE = "Dear Ann, "
Dictate = Callable[["Editor", str, str, str], str]


class Editor(FakeKeyboard):
    """The user's text stands before the caret, and what an editor puts there behind it."""

    app = ""

    def __init__(self) -> None:
        super().__init__()
        self.text = BEFORE
        self.behind = ""
        self.field = Claim(app=self.app)

    def apply(self, made: Patch) -> None:
        """Key by key."""
        for _ in range(made.backspaces):
            self.backspace()
        for character in made.text:
            self.key(character)
        self.patches.append(made)

    def backspace(self) -> None:
        self.text = self.text[:-1]

    def key(self, character: str) -> None:
        self.text += character


class Office(Editor):
    """Corrects: three full stops become one character."""

    app = "libreoffice-writer"

    def key(self, character: str) -> None:
        super().key(character)
        if self.text.endswith("..."):
            self.text = self.text[:-3] + "…"


class Completer(Editor):
    """Completes: a full stop takes the only word that begins so."""

    app = "Code"

    def key(self, character: str) -> None:
        if character == "." and self.text.endswith("tw"):
            self.text += "isted_pair"
        super().key(character)


class Closer(Editor):
    """Closes: a bracket comes with its other half, which is typed over, and goes with it."""

    app = "jetbrains-pycharm"

    def key(self, character: str) -> None:
        if self.behind.startswith(character):
            self.behind = self.behind[1:]
        elif character == "(":
            self.behind = ")" + self.behind
        super().key(character)

    def backspace(self) -> None:
        if self.text.endswith("(") and self.behind.startswith(")"):
            self.behind = self.behind[1:]
        super().backspace()


class Cell(Editor):
    """Completes the line behind the caret, selected: the next BackSpace takes that alone."""

    app = "gnumeric"

    def key(self, character: str) -> None:
        super().key(character)
        self.behind = "!" if self.text.endswith(" tw") else ""

    def backspace(self) -> None:
        if self.behind:
            self.behind = ""
        else:
            super().backspace()


@pytest.fixture
def dictate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dictate]:
    """Dictates into an editor: draft, what the heavy model says, and what stands before that is heard.

    "": nothing is waited for, and the built-in rules hold; else a rule of the user's own says in-place.
    """
    monkeypatch.setattr("voicetype.listening_loop.VoiceActivity", LevelDetector)
    rigs: list[Rig] = []

    def dictated(editor: Editor, draft: str, confirmed: str, stands: str) -> str:
        house = House()
        rig = Rig(house, Daemon(house, lambda: None))
        rigs.append(rig)
        house.dictations.use(editor)
        own = Words({"*": "in-place"} if stands else {})
        house.settings = replace(house.settings, applications=own)
        house.fast.says, house.heavy.says = lambda _: draft, lambda _: confirmed
        house.heavy.gate.clear()
        rig.daemon.start({})
        house.mouths[0].speak(40)
        house.wait_for(lambda: stands in editor.text)
        text = rig.daemon.stop()
        house.heavy.gate.set()
        said = result(text)
        house.wait_for(lambda: house.states()[-1] is State.IDLE)
        return said

    yield dictated
    for rig in rigs:
        rig.daemon.close()
        rig.house.close()


def by_hand(kind: type[Editor], text: str) -> tuple[str, str]:
    """What the editor makes of a text that somebody types without a mistake."""
    editor = kind()
    for character in text:
        editor.key(character)
    return editor.text, editor.behind


CASES = [
    (Office, "one... two", "won three", "…"),
    (Completer, "tw. one", "two. One", "pair"),
    (Closer, "one (two) three", "One, two, three", ")"),
    (Cell, "one tw", "One two", "tw"),
]


@pytest.mark.parametrize(("kind", "draft", "confirmed", "_"), CASES)
def test_the_policy_keeps_it_right(
    dictate: Dictate, kind: type[Editor], draft: str, confirmed: str, _: str
) -> None:
    editor = kind()
    assert dictate(editor, draft, confirmed, "") == confirmed
    assert (editor.text, editor.behind) == by_hand(kind, confirmed)
    assert all(made.backspaces == 0 for made in editor.patches)


@pytest.mark.parametrize(("kind", "draft", "confirmed", "stands"), [CASES[0], CASES[1], CASES[3]])
def test_what_a_patch_does_without_it(
    dictate: Dictate, kind: type[Editor], draft: str, confirmed: str, stands: str
) -> None:
    """The count is wrong, so that too much goes, or too little."""
    editor = kind()
    assert dictate(editor, draft, confirmed, stands) == confirmed
    assert any(made.backspaces for made in editor.patches)
    assert (editor.text, editor.behind) != by_hand(kind, confirmed)


def test_a_patch_that_is_too_deep_takes_the_users_text(
    dictate: Dictate,
) -> None:
    editor = Office()
    dictate(editor, "one... two", "won three", "… two")
    assert not editor.text.startswith(BEFORE)
