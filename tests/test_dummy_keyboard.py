"""The keyboard that types into a string."""

from __future__ import annotations

import pytest

from voicetype.core.events import Patch
from voicetype.errors import KeyboardError
from voicetype.hotkey import Hotkey
from voicetype.hotkey.dummy import DummyHotkey
from voicetype.keyboard import Keyboard
from voicetype.keyboard.dummy import DummyKeyboard


def opened() -> DummyKeyboard:
    keyboard = DummyKeyboard()
    keyboard.open(lambda _: None)
    return keyboard


def test_text_is_the_patches_in_order() -> None:
    keyboard = opened()
    for patch in (Patch(0, "the quick brown fax"), Patch(2, "ox."), Patch(0, " 👍🏽"), Patch(1, "")):
        keyboard.apply(patch)
    assert keyboard.text == "the quick brown fox. "


def test_an_impossible_patch_is_refused() -> None:
    keyboard = opened()
    keyboard.apply(Patch(0, "ab"))
    with pytest.raises(KeyboardError):
        keyboard.apply(Patch(3, "c"))
    assert keyboard.text == "ab"


def test_the_window_stays_the_same() -> None:
    keyboard: Keyboard = opened()
    assert not keyboard.claim().continues
    assert keyboard.claim().continues
    keyboard.close()
    keyboard.close()


def test_no_hotkey_does_nothing() -> None:
    hotkey: Hotkey = DummyHotkey()
    hotkey.open(lambda _: None)
    hotkey.close()
    assert hotkey.name == "none"
