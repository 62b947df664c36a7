"""The push-to-talk key from the kernel's records: keyboards that come, go, repeat and lose events."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.input_devices import (
    BUTTON_LEFT,
    DOWN,
    KEY,
    KEY_A,
    KEY_CTRL_L,
    KEY_CTRL_R,
    KEY_ESC,
    KEY_F9,
    KEY_PAUSE,
    REL,
    REPEAT,
    SYN,
    UP,
    Machine,
    machine,
    wait_until,
)
from voicetype.errors import HotkeyError
from voicetype.evdev import xkb
from voicetype.evdev.devices import OWN_NAME
from voicetype.hotkey import Key, KeyEvent
from voicetype.hotkey.evdev import EvdevHotkey
from voicetype.x11.own_keys import OwnKeys

SYN_DROPPED = 3


@pytest.fixture
def devices(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path) as devices:
        yield devices


class Heard:
    """What the observer was told, and the codes of the keys that are not typing."""

    def __init__(self) -> None:
        self.events: list[KeyEvent] = []
        self.own_keys = OwnKeys()

    @property
    def keys(self) -> list[Key]:
        return [event.key for event in self.events]

    def become(self, *keys: Key) -> None:
        wait_until(lambda: len(self.keys) >= len(keys), f"{keys} after {self.keys}")
        assert self.keys == list(keys)


@contextmanager
def hotkey(devices: Machine, key: str = "Control_R") -> Iterator[Heard]:
    heard = Heard()
    hotkey = EvdevHotkey(key, heard.own_keys, devices.seat)
    hotkey.open(heard.events.append)
    try:
        yield heard
    finally:
        hotkey.close()
        hotkey.close()


def test_pressing_the_key_is_not_typing(devices: Machine) -> None:
    devices.plug()
    with hotkey(devices) as heard:
        assert heard.own_keys.reserved_codes == {KEY_CTRL_R}
        assert heard.own_keys.reserved == {KEY_CTRL_R + 8}
    assert heard.own_keys.reserved == set()


def test_press_release_and_what_else_is_pressed(devices: Machine) -> None:
    keyboard = devices.plug()
    with hotkey(devices) as heard:
        keyboard.press(KEY_CTRL_R)
        keyboard.press(KEY_A)
        keyboard.release(KEY_A)
        keyboard.tap(KEY_ESC)
        keyboard.release(KEY_CTRL_R)
        heard.become(Key.DOWN, Key.OTHER, Key.ESCAPE, Key.UP)
    times = [event.time_s for event in heard.events]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("name", "code"), [("F9", KEY_F9), ("Pause", KEY_PAUSE), ("Menu", 127), ("XF86AudioMute", 113)]
)
def test_keys_are_named_as_in_x(devices: Machine, name: str, code: int) -> None:
    keyboard = devices.plug()
    with hotkey(devices, name) as heard:
        keyboard.tap(code)
        heard.become(Key.DOWN, Key.UP)


def test_autorepeat_is_no_key(devices: Machine) -> None:
    keyboard = devices.plug()
    with hotkey(devices) as heard:
        keyboard.press(KEY_CTRL_R)
        for _ in range(30):
            keyboard.send((KEY, KEY_CTRL_R, REPEAT))
        keyboard.release(KEY_CTRL_R)
        heard.become(Key.DOWN, Key.UP)


def test_a_mouse_is_no_other_key(devices: Machine) -> None:
    keyboard, mouse = devices.plug(), devices.plug("mouse", [BUTTON_LEFT])
    with hotkey(devices) as heard:
        mouse.send((REL, 0, 5))
        mouse.tap(BUTTON_LEFT)
        keyboard.tap(KEY_CTRL_R)
        heard.become(Key.DOWN, Key.UP)


def test_two_keyboards_hold_one_key(devices: Machine) -> None:
    """It is up when the last of them lets go."""
    first, second = devices.plug(), devices.plug("another", [KEY_CTRL_R, KEY_A])
    with hotkey(devices) as heard:
        first.press(KEY_CTRL_R)
        heard.become(Key.DOWN)
        second.press(KEY_CTRL_R)
        second.tap(KEY_A)
        heard.become(Key.DOWN, Key.OTHER)
        first.release(KEY_CTRL_R)
        first.tap(KEY_ESC)
        heard.become(Key.DOWN, Key.OTHER, Key.ESCAPE)
        second.release(KEY_CTRL_R)
        heard.become(Key.DOWN, Key.OTHER, Key.ESCAPE, Key.UP)


def test_a_keyboard_that_is_plugged_in_later(devices: Machine) -> None:
    devices.plug()
    with hotkey(devices) as heard:
        late = devices.plug()
        assert late.asked.wait(60)
        late.tap(KEY_CTRL_R)
        heard.become(Key.DOWN, Key.UP)


def test_a_new_keyboard_that_may_be_read_a_moment_later(devices: Machine) -> None:
    first = devices.plug()
    with hotkey(devices) as heard:
        late = devices.plug(forbidden=True)
        first.tap(KEY_A)
        heard.become(Key.OTHER)
        devices.allow(late)
        assert late.asked.wait(60)
        late.tap(KEY_CTRL_R)
        heard.become(Key.OTHER, Key.DOWN, Key.UP)


def test_an_unplugged_keyboard_lets_go_of_the_key(devices: Machine) -> None:
    first, second = devices.plug(), devices.plug()
    with hotkey(devices) as heard:
        second.press(KEY_CTRL_R)
        heard.become(Key.DOWN)
        second.unplug()
        heard.become(Key.DOWN, Key.UP)
        first.tap(KEY_CTRL_R)
        heard.become(Key.DOWN, Key.UP, Key.DOWN, Key.UP)


def test_every_keyboard_may_go(devices: Machine) -> None:
    only = devices.plug()
    with hotkey(devices) as heard:
        only.unplug()
        again = devices.plug()
        assert again.asked.wait(60)
        again.tap(KEY_CTRL_R)
        heard.become(Key.DOWN, Key.UP)


def test_a_key_that_is_held_already_is_let_go_of(devices: Machine) -> None:
    keyboard = devices.plug()
    keyboard.held.add(KEY_CTRL_R)
    with hotkey(devices) as heard:
        keyboard.release(KEY_CTRL_R)
        heard.become(Key.UP)


def test_events_that_the_kernel_lost_are_made_up_for(devices: Machine) -> None:
    keyboard = devices.plug()
    with hotkey(devices) as heard:
        keyboard.press(KEY_CTRL_R)
        heard.become(Key.DOWN)
        keyboard.held.discard(KEY_CTRL_R)  # the release is among the lost
        keyboard.send((SYN, SYN_DROPPED, 0))
        heard.become(Key.DOWN, Key.UP)
        keyboard.held.add(KEY_CTRL_R)
        keyboard.send((SYN, SYN_DROPPED, 0))
        heard.become(Key.DOWN, Key.UP, Key.DOWN)


def test_what_voicetype_types_is_not_heard(devices: Machine) -> None:
    keyboard, own = devices.plug(), devices.plug(OWN_NAME)
    with hotkey(devices) as heard:
        own.tap(KEY_CTRL_R)
        own.tap(KEY_A)
        keyboard.tap(KEY_ESC)
        heard.become(Key.ESCAPE)


def test_other_control_key_is_another_key(devices: Machine) -> None:
    keyboard = devices.plug()
    with hotkey(devices) as heard:
        keyboard.send((KEY, KEY_CTRL_L, DOWN), (KEY, KEY_CTRL_R, DOWN), (KEY, KEY_CTRL_L, UP))
        heard.become(Key.OTHER, Key.DOWN)


def test_an_unknown_key(devices: Machine) -> None:
    devices.plug()
    with pytest.raises(HotkeyError) as caught:
        EvdevHotkey("Contrl_R", OwnKeys(), devices.seat).open(lambda _: None)
    assert "Contrl_R" in caught.value.sentence
    assert "Control_R" in caught.value.hint


def test_a_key_that_no_keyboard_has(devices: Machine) -> None:
    devices.plug(keys=range(1, 60))
    with pytest.raises(HotkeyError) as caught:
        EvdevHotkey("F9", OwnKeys(), devices.seat).open(lambda _: None)
    assert "F9" in caught.value.sentence
    assert "hotkey.key" in caught.value.hint


@pytest.mark.parametrize("there", [True, False])
def test_no_keyboard_may_be_read(devices: Machine, there: bool) -> None:
    if there:
        devices.plug(forbidden=True)
    with pytest.raises(HotkeyError) as caught:
        EvdevHotkey("F9", OwnKeys(), devices.seat).open(lambda _: None)
    assert "read" in caught.value.sentence
    assert "usermod -aG input" in caught.value.hint
    assert "voicetype toggle" in caught.value.hint


def test_a_machine_without_input_devices(devices: Machine) -> None:
    devices.folder = devices.folder / "nothing"
    with pytest.raises(HotkeyError) as caught:
        EvdevHotkey("F9", OwnKeys(), devices.seat).open(lambda _: None)
    assert "input devices" in caught.value.sentence


def test_without_the_library_of_layouts(devices: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise OSError("cannot open shared object file")

    xkb.library.cache_clear()
    monkeypatch.setattr(ctypes, "CDLL", missing)
    try:
        with pytest.raises(HotkeyError) as caught:
            EvdevHotkey("F9", OwnKeys(), devices.seat).open(lambda _: None)
    finally:
        xkb.library.cache_clear()
    assert "libxkbcommon0" in caught.value.hint
