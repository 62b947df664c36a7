"""Typing on Wayland into Chromium, which tells less than others do and reads keys in its own way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from tests.real.browser import TEXTAREA, Browser, running_browser
from tests.real.script import Script
from tests.real.test_wayland import SPOKEN, WAYS, dictate, script
from tests.real.wayland import KEY_X, Compositor, compositor
from tests.real.xserver import App, wait_until
from voicetype.core.events import Erasing, NewLine, Patch, UserTyped
from voicetype.keyboard import Purpose

pytestmark = pytest.mark.real

__all__ = ["compositor", "script"]


@pytest.fixture(scope="module")
def browser(compositor: Compositor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    options = ("--ozone-platform=wayland", "--enable-wayland-ime")
    folder = tmp_path_factory.mktemp("browser")
    with running_browser(cast(Any, compositor), folder, *options) as browser:
        yield browser


@pytest.fixture(scope="module")
def page(browser: Browser) -> App:
    return browser.open(TEXTAREA)


@pytest.mark.parametrize("script", sorted(WAYS), indirect=True)
@pytest.mark.parametrize("spoken", sorted(SPOKEN))
def test_the_page_has_what_was_dictated(page: App, script: Script, spoken: str) -> None:
    if spoken == "emoji" and script.keyboard.name == "virtual-keyboard":
        pytest.skip("Chromium keeps 16 bits of a key's character on Wayland")
    before = page.text
    text = dictate(script, *SPOKEN[spoken])
    wait_until(lambda: page.text == before + text, "all of it arrives")
    assert not [each for each in script.heard if each != UserTyped()]


@pytest.mark.parametrize("script", sorted(WAYS), indirect=True)
def test_line_breaks_where_they_may_be(page: App, script: Script) -> None:
    """Chromium takes a character alone for a key."""
    before = page.text
    script.keyboard.claim()
    for text, draft in (("one", 0), ("\n", 0), ("\n", 0), ("two", 2), ("\nthree", 3)):
        script.keyboard.apply(Patch(0, text, draft=draft, new_lines=NewLine.SHIFT_RETURN))
    script.keyboard.release()
    page.shows(before + "one\n\ntwo\nthree")


def test_a_program_that_does_not_answer_is_not_asked_again(script: Script, page: App) -> None:
    """It tells its text when it is entered, so that the first claim promises what does not hold."""
    for _ in range(2):
        dictate(script, *SPOKEN["ASCII"])
    script.begin()
    assert (script.claim.erasing, script.claim.preedit) == (Erasing.NONE, True)
    assert script.keyboard.read(5) is None
    assert page.text.endswith("And more of it.")


def test_a_key_of_the_user_s_follows_the_draft(script: Script, compositor: Compositor, page: App) -> None:
    before = page.text
    script.begin()
    script.speak()
    script.draft("some words that")
    shown = script.session.on_screen
    compositor.user.tap(KEY_X)
    wait_until(lambda: page.text == before + shown + "x", "the key arrives behind the draft")


def test_a_password_field_says_what_it_is(script: Script, browser: Browser) -> None:
    browser.open('<input type="password" autofocus>')
    script.begin()
    assert script.claim.purpose is Purpose.PASSWORD
