"""The same through the real xdg-desktop-portal, with a desktop of our own behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real.bus import Bus
from tests.real.portal_backend import Backend, real_portal, version
from tests.real.portals import bare_bus
from tests.real.test_portals import SAMPLE, Heard, Typing, refusal, token
from tests.real.xserver import wait_until
from voicetype.core.events import FocusChanged, NewLine, Patch
from voicetype.errors import HotkeyError
from voicetype.hotkey import Key

pytestmark = pytest.mark.real

__all__ = ["bare_bus", "real_portal", "token"]


def test_text_arrives(real_portal: Backend, token: Path) -> None:
    typing = Typing(token).open()
    typing.type(SAMPLE + "xx")
    typing.keyboard.apply(Patch(2, ".\n", new_lines=NewLine.SHIFT_RETURN))
    wait_until(lambda: real_portal.field.text == SAMPLE + ".\n", "the text is there")
    wait_until(lambda: not real_portal.field.down, "every key is let go of")
    assert real_portal.field.faults == []
    typing.keyboard.close()


def test_the_user_is_asked_once(bare_bus: Bus, real_portal: Backend, token: Path) -> None:
    """By a portal that can keep a permission: since version 2."""
    for word in ("one ", "two ", "three"):
        typing = Typing(token).open()
        typing.type(word)
        typing.keyboard.close()
        wait_until(lambda: not real_portal.sessions, "the session ends")
    assert real_portal.field.text == "one two three"
    asked = (1, 2) if version(bare_bus) >= 2 else (3, 0)
    assert (real_portal.questions, real_portal.restored) == asked


def test_a_token_that_is_none_is_forgotten(real_portal: Backend, token: Path) -> None:
    token.parent.mkdir()
    token.write_text("this is no token", "utf-8")
    typing = Typing(token).open()
    typing.type("a")
    wait_until(lambda: real_portal.field.text == "a", "the text is there")
    assert real_portal.questions == 1
    assert not token.exists() or token.read_text("utf-8") != "this is no token"
    typing.keyboard.close()


def test_the_user_says_no_and_then_yes(real_portal: Backend, token: Path) -> None:
    typing = Typing(token).open()
    real_portal.user = 1
    assert "not allowed" in refusal(typing.keyboard.claim).sentence
    real_portal.user = 0
    typing.type("a")
    wait_until(lambda: real_portal.field.text == "a", "the text is there")
    typing.keyboard.close()


def test_the_user_takes_it_back(real_portal: Backend, token: Path) -> None:
    typing = Typing(token).open()
    typing.type("a")
    real_portal.close_sessions()
    wait_until(lambda: typing.told == [FocusChanged(ours=False)], "the observer is told")
    real_portal.sessions.clear()
    typing.type("b")
    wait_until(lambda: real_portal.field.text == "ab", "the text is there")
    typing.keyboard.close()


def test_the_shortcut_is_pressed_and_let_go(real_portal: Backend) -> None:
    heard = Heard().open()
    assert heard.hotkey.name == "portal: Press F9"
    real_portal.shortcut("Activated")
    real_portal.shortcut("Deactivated")
    heard.becomes(Key.DOWN, Key.UP)
    heard.hotkey.close()
    wait_until(lambda: not real_portal.sessions, "the session ends")


def test_who_wants_no_key_gets_none(real_portal: Backend) -> None:
    real_portal.user = 1
    with pytest.raises(HotkeyError):
        Heard().open()
