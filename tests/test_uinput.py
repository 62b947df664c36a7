"""Typing by uinput: what the kernel is given, read as a desktop would; and what its layouts can't type."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.input_devices import (
    BUTTON_LEFT,
    KEY_A,
    KEY_CTRL_R,
    KEY_ENTER,
    KEY_SHIFT_L,
    KEY_SHIFT_R,
    Machine,
    machine,
    typed,
    unpacked_setup,
    wait_until,
)
from voicetype.core.events import Erasing, FocusChanged, NewLine, Patch, UserTyped
from voicetype.errors import Interruption, KeyboardError, PatchInterrupted
from voicetype.evdev.layouts import InUse
from voicetype.evdev.xkb import Names
from voicetype.keyboard import KeyboardLost
from voicetype.keyboard import uinput as way
from voicetype.keyboard.uinput import UinputKeyboard

ASCII = "The quick brown Fox, (jumps) 0123 @#$%^&*[]{}|\\~ 'over' \"it\"!"
CREATE, SETUP, ENABLE_TYPE, ENABLE_KEY, ENABLE_LED = (
    *(0x5501, 0x405C5503, 0x40045564),
    *(0x40045565, 0x40045569),
)
"""UI_DEV_CREATE, UI_DEV_SETUP, UI_SET_EVBIT, UI_SET_KEYBIT, UI_SET_LEDBIT of linux/uinput.h on 64 bits."""


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no desktop that has to take the new keyboard in."""
    monkeypatch.setattr(way, "_PLUGGED_IN_S", 0.0)


@pytest.fixture
def devices(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path) as devices:
        yield devices


@dataclass
class Typing:
    """A keyboard that is open, what it reported, and what reached the kernel."""

    devices: Machine
    keyboard: UinputKeyboard
    layout: str
    seen: list[FocusChanged | UserTyped | KeyboardLost] = field(default_factory=list)

    def type(self, text: str, backspaces: int = 0) -> None:
        self.keyboard.apply(Patch(backspaces, text))

    def interrupted(self, text: str, backspaces: int = 0) -> PatchInterrupted:
        with pytest.raises(PatchInterrupted) as caught:
            self.type(text, backspaces)
        return caught.value

    @property
    def text(self) -> str:
        """What the desktop has been typed since it was last asked."""
        return typed(self.devices.recorder.changes(), self.layout)


@contextmanager
def typing(
    devices: Machine, layout: str = "us", speed: int = 5000, used: Callable[[], InUse] | None = None
) -> Iterator[Typing]:
    keyboard = UinputKeyboard(speed, devices.seat, used or (lambda: InUse(Names(layout), active=0)))
    typing = Typing(devices, keyboard, layout)
    keyboard.open(typing.seen.append)
    try:
        yield typing
    finally:
        keyboard.close()
        keyboard.close()


def test_the_keyboard_is_made_as_the_kernel_wants_it(devices: Machine) -> None:
    with typing(devices):
        requests = devices.recorder.requests
    numbers = [number for number, _ in requests]
    assert numbers[0] == ENABLE_TYPE
    assert numbers[-3:-1] == [SETUP, CREATE]
    assert numbers[-1] == 0x5502  # UI_DEV_DESTROY
    assert (ENABLE_TYPE, 17) in requests
    assert (ENABLE_LED, 1) in requests
    assert {each for number, each in requests if number == ENABLE_KEY} == set(range(1, 256))
    (setup,) = [each for number, each in requests if number == SETUP]
    assert unpacked_setup(setup) == (6, "voicetype keyboard")


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("us", ASCII),
        ("gb", ASCII + "£"),
        ("de", "Die Größe, über Öl: 10 € „gut“ {x} @ y/z?"),
        ("fr", "Déjà vu à 3 h, ça c'est où ? 100 € et 12%"),
        ("ru", "Съешь же ещё этих мягких булок, да выпей чаю."),
        ("gr", "αβγ Σαν ως"),
        ("us(dvorak)", "Pack my box, with 5 dozen 'jugs'"),
    ],
)
def test_text_is_exact_in_each_layout(devices: Machine, layout: str, text: str) -> None:
    names = Names(*layout.rstrip(")").split("("))
    with typing(devices, layout, used=lambda: InUse(names, active=0)) as it:
        it.type(text)
        assert typed(devices.recorder.changes(), names.layout, variant=names.variant) == text


def test_a_patch_erases_and_types(devices: Machine) -> None:
    with typing(devices) as it:
        it.type("The quick brown fax")
        it.type("ox.", backspaces=2)
        assert it.text == "The quick brown fax\b\box."


def test_control_characters_are_spaces(devices: Machine) -> None:
    with typing(devices) as it:
        it.type("one\ntwo\tthree\x1b")
        assert it.text == "one two three "


@pytest.mark.parametrize("layout", ["us", "de", "us(dvorak)"])
@pytest.mark.parametrize("key", NewLine)
def test_line_breaks_where_they_may_be(devices: Machine, layout: str, key: NewLine) -> None:
    held = {KEY_SHIFT_L, KEY_SHIFT_R} if key is NewLine.SHIFT_RETURN else set()
    names = Names(*layout.rstrip(")").split("("))
    with typing(devices, layout, used=lambda: InUse(names, active=0)) as it:
        it.keyboard.apply(Patch(0, "\n", new_lines=key))
        changes = devices.recorder.changes()
    pressed = [code for code, down in changes if down]
    assert pressed[-1] == KEY_ENTER
    assert {*pressed[:-1]} <= held
    assert bool(pressed[:-1]) is bool(held)
    assert sorted(pressed) == sorted(code for code, down in changes if not down)


@pytest.mark.parametrize("text", ["naïve", "na日", "na😀", "nai\u0308", "na€"])
def test_a_character_that_the_layout_lacks_ends_the_patch_before_it(devices: Machine, text: str) -> None:
    with typing(devices) as it:
        it.type("abc")
        stopped = it.interrupted(text, backspaces=1)
        assert (stopped.reason, stopped.erased, stopped.typed) == (Interruption.UNTYPABLE, 1, 2)
        assert it.text == "abc\bna"


def test_caps_lock_changes_the_keys_and_not_the_text(devices: Machine) -> None:
    with typing(devices) as it:
        devices.recorder.lamp(1, True)
        it.type("Caps Lock 1!")
        assert typed(devices.recorder.changes(), caps_lock=True) == "Caps Lock 1!"
        devices.recorder.lamp(0, True)  # Num Lock
        devices.recorder.lamp(1, False)
        it.type("Off")
        assert it.text == "Off"


def test_nothing_may_be_erased_where_the_field_is_not_known(devices: Machine) -> None:
    with typing(devices) as it:
        claim = it.keyboard.claim()
        assert (claim.erasing, claim.continues, claim.preedit) == (Erasing.NONE, False, False)
        assert it.keyboard.read(5) is None


@pytest.mark.parametrize("layout", ["us", "de"])
def test_of_several_layouts_only_what_they_agree_on_is_typed(devices: Machine, layout: str) -> None:
    with typing(devices, layout, used=lambda: InUse(Names("us,de"))) as it:
        it.type("What 123")
        assert it.text == "What 123"
        stopped = it.interrupted("oxygen")  # y is elsewhere
        assert (stopped.reason, stopped.typed) == (Interruption.UNTYPABLE, 2)
        assert it.text == "ox"


def test_the_one_of_several_layouts_that_is_on(devices: Machine) -> None:
    with typing(devices, used=lambda: InUse(Names("us,ru"), active=1)) as it:
        it.type("Привет")
        assert typed(devices.recorder.changes(), "ru") == "Привет"


def test_layouts_without_a_letter_in_common(devices: Machine) -> None:
    keyboard = UinputKeyboard(250, devices.seat, lambda: InUse(Names("us,ru")))
    with pytest.raises(KeyboardError) as caught:
        keyboard.open(lambda _: None)
    assert "us,ru" in caught.value.sentence
    assert "XKB_DEFAULT_LAYOUT" in caught.value.hint
    assert not devices.recorder.requests


def test_a_layout_that_there_is_not(devices: Machine) -> None:
    keyboard = UinputKeyboard(250, devices.seat, lambda: InUse(Names("klingon")))
    with pytest.raises(KeyboardError) as caught:
        keyboard.open(lambda _: None)
    assert "klingon" in caught.value.sentence


def test_another_layout_is_taken_up_by_the_next_claim(devices: Machine) -> None:
    used = InUse(Names("us"), active=0)
    with typing(devices, used=lambda: used) as it:
        it.type("yz")
        assert it.text == "yz"
        used = InUse(Names("de"), active=0)
        it.keyboard.claim()
        it.type("yzö")
        assert typed(devices.recorder.changes(), "de") == "yzö"


def test_typing_waits_while_a_modifier_is_held(devices: Machine) -> None:
    keyboard = devices.plug()
    keyboard.held.add(KEY_CTRL_R)
    with typing(devices) as it:
        thread = threading.Thread(target=it.type, args=("words",))
        thread.start()
        assert it.text == ""
        keyboard.release(KEY_CTRL_R)
        thread.join(20)
        assert it.text == "words"


def test_a_modifier_that_stays_held_ends_the_patch(devices: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(way, "_HELD_S", 0.02)
    keyboard = devices.plug()
    keyboard.held.add(KEY_SHIFT_L)
    with typing(devices) as it:
        stopped = it.interrupted("words", backspaces=1)
        assert (stopped.reason, stopped.erased, stopped.typed) == (Interruption.FOREIGN_INPUT, 0, 0)
        assert it.text == ""
        assert it.seen == []


@pytest.mark.parametrize("code", [KEY_A, BUTTON_LEFT])
def test_the_users_own_keys_and_clicks_are_told(devices: Machine, code: int) -> None:
    device = devices.plug(keys=[code])
    with typing(devices) as it:
        it.type("abc")
        device.tap(code)
        wait_until(lambda: it.seen == [UserTyped()], "it is told")
        stopped = it.interrupted("d", backspaces=1)
        assert (stopped.reason, stopped.erased, stopped.typed) == (Interruption.FOREIGN_INPUT, 0, 0)
        it.type("d")
        assert it.text == "abcd"


def test_a_key_in_the_middle_of_a_patch_ends_it(devices: Machine) -> None:
    keyboard = devices.plug()
    with typing(devices, speed=100) as it:
        pressed = threading.Timer(0.2, keyboard.tap, [KEY_A])
        pressed.start()
        stopped = it.interrupted("x" * 200)
        pressed.join()
        assert stopped.reason is Interruption.FOREIGN_INPUT
        assert 0 < stopped.typed < 200
        assert it.text == "x" * stopped.typed


def test_modifiers_alone_are_not_typing(devices: Machine) -> None:
    keyboard = devices.plug()
    with typing(devices) as it:
        keyboard.tap(KEY_SHIFT_L)
        keyboard.tap(KEY_A)
        wait_until(lambda: bool(it.seen), "the other key is told")
        assert it.seen == [UserTyped()]


def test_without_keyboards_that_may_be_read(devices: Machine) -> None:
    devices.plug(forbidden=True)
    with typing(devices) as it:
        it.type("abc")
        assert it.text == "abc"


def test_the_kernel_takes_no_more(devices: Machine) -> None:
    with typing(devices) as it:
        it.type("ab")
        devices.recorder.ours.close()
        stopped = it.interrupted("cd")
        assert (stopped.reason, stopped.typed) == (Interruption.BROKEN, 0)
        assert it.seen == [KeyboardLost()]


@pytest.mark.parametrize(
    ("refusal", "words"),
    [(PermissionError(13, "Permission denied"), "--uinput"), (FileNotFoundError(2, "No such"), "modprobe")],
)
def test_uinput_is_not_to_be_had(devices: Machine, refusal: OSError, words: str) -> None:
    def refuse(_: object) -> None:
        raise refusal

    devices.recorder.plug_in = refuse  # type: ignore[assignment, method-assign]
    with pytest.raises(KeyboardError) as caught:
        UinputKeyboard(250, devices.seat, lambda: InUse(Names(), active=0)).open(lambda _: None)
    assert words in caught.value.hint
    assert "/dev/uinput" in caught.value.sentence


def test_it_must_be_open(devices: Machine) -> None:
    keyboard = UinputKeyboard(250, devices.seat)
    for call in (keyboard.claim, lambda: keyboard.apply(Patch(0, "a"))):
        with pytest.raises(KeyboardError):
            call()
