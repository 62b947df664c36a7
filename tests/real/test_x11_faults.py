"""What goes wrong while a patch is typed into a real program: not a character outside our text may suffer.

The moments are random, with fixed seeds. Each test compares the program's own text with what the keyboard
says that it did.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from functools import partial

import pytest
from Xlib.display import Display

from tests.real.x11_typing import (
    BOUNCE_KEYS,
    CAPS,
    NUM_LOCK,
    SHIFT,
    SLOW_KEYS,
    STICKY_KEYS,
    Field,
    Spy,
    Xkb,
    typing,
)
from tests.real.xserver import (
    CONTROL_R,
    KEY_X,
    MENU,
    SHIFT_L,
    SUPER_L,
    App,
    Desktop,
    desktop,
    own_desktop,
    wait_until,
)
from voicetype.core import patch as patches
from voicetype.core.events import FocusChanged, Patch, UserTyped
from voicetype.errors import Interruption, KeyboardError, PatchInterrupted
from voicetype.x11.connection import RawButton
from voicetype.x11.windows import Grabs

__all__ = ["desktop", "own_desktop"]  # fixtures

pytestmark = pytest.mark.real

PACE = 250  # characters a second, as configured by default
ROUNDS = 3  # of each fault at random moments: few, for the time that they take
PROGRAMS = ("gtk", "tk", "terminal")
ALT, LEVEL_3, BACKSPACE = 64, 108, 22
DRAFT = "the quick brown fo jumps over the lazy dog and "
MENDED = "The quick brown fo, jumping over the lazy dog; été ≠ winter 日本 "
PATCH = Patch(len(DRAFT), MENDED)
LASTS_S = (PATCH.backspaces + len(MENDED)) / PACE
TWO_SCRIPTS = "Hello, дом (yes/no?) “été” 100% "
MIXED = "Hello, Straße (yes/no?) “été” Съешь ещё [этих] мягких булок z/y {q@w} ~ 100% "


@pytest.fixture(scope="module")
def apps(desktop: Desktop) -> dict[str, App]:
    """The programs to type into; their texts add up over all tests."""
    return {name: getattr(desktop, name)() for name in PROGRAMS}


@pytest.fixture(params=PROGRAMS)
def field(request: pytest.FixtureRequest, desktop: Desktop, apps: dict[str, App]) -> Field:
    return Field(desktop, apps[request.param])


@pytest.fixture
def gtk(desktop: Desktop, apps: dict[str, App]) -> Field:
    return Field(desktop, apps["gtk"])


@pytest.fixture
def layout(desktop: Desktop) -> Iterator[Callable[[str], None]]:
    yield desktop.layout
    desktop.layout("us")


def at(moment_s: float, act: Callable[[], None]) -> Callable[[], None]:
    """Something that happens so long after the patch has begun."""

    def later() -> None:
        time.sleep(moment_s)
        act()

    return later


def when(condition: Callable[[], bool], act: Callable[[], None]) -> Callable[[], None]:
    """Something that happens as soon as the program has come so far."""

    def later() -> None:
        wait_until(condition, "the program comes so far")
        act()

    return later


def has_come_to(field: Field, typed: int) -> bool:
    """Whether much of the draft is erased, or all of it and so many characters of PATCH are typed."""
    return MENDED[:typed] in field.text if typed else not field.text.endswith(DRAFT[20:])


def has_grown_to(field: Field, length: int) -> bool:
    return len(field.text) >= length


def stages(stands: str) -> list[str]:
    """All that may stand in the course of PATCH."""
    erased = [patches.partly(stands, PATCH, n, 0) for n in range(PATCH.backspaces)]
    return erased + [patches.partly(stands, PATCH, PATCH.backspaces, n) for n in range(len(MENDED) + 1)]


def pointer_is_held() -> bool:
    display = Display()
    try:
        return Grabs(display).is_pointer_held()
    finally:
        display.close()


def tap_key(desktop: Desktop, keycode: int, held_s: float) -> None:
    """Press a key as long as a finger does, or as a program does that sends keys."""
    desktop.user.press(keycode)
    time.sleep(held_s)
    desktop.user.release(keycode)


def ends(app: App, text: str) -> bool:
    return app.text.endswith(text)


def test_a_program_that_drops_backspaces(desktop: Desktop) -> None:
    """What it keeps too much of is ours; nothing before it is erased."""
    app = desktop.script("deaf", "gtk_deaf.py")
    field = Field(desktop, app)
    with typing(PACE) as t:
        field.begin(t, "What the user wrote. ")
        user = field.stands
        t.keyboard.claim()
        on_screen = ""
        for wanted in (DRAFT, "The quick brown fo, jumping", "The", "The end.", "", "Done!"):
            patch = patches.make(on_screen, wanted)
            assert patch is not None
            t.keyboard.apply(patch)
            on_screen = wanted
        wait_until(partial(ends, app, "Done!"), "the text arrives")
        assert app.text.startswith(user)
        assert len(app.text) > len(user + on_screen), "some were dropped"
    app.end()


def test_the_focus_moves_at_any_moment(desktop: Desktop, apps: dict[str, App], field: Field) -> None:
    other = next(app for app in apps.values() if app is not field.app)
    others = Field(desktop, other)
    desktop.hand_focus(field.app.title)
    chance, stopped = random.Random(1), 0
    with typing(PACE) as t:
        for _ in range(ROUNDS):
            field.begin(t, DRAFT)
            move = at(chance.uniform(0, LASTS_S), partial(desktop.user.focus, other.title))
            interrupted = field.apply(t, PATCH, move)
            if interrupted:
                assert interrupted.reason is Interruption.FOCUS
                stopped += 1
            field.shows()
            others.shows()
            desktop.hand_focus(field.app.title)
    assert stopped > 0


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("typed", [0, 20])
def test_the_window_is_killed(desktop: Desktop, gtk: Field, name: str, typed: int) -> None:
    """While it is erased, and while it is typed; the window manager gives the focus to another window."""
    app = getattr(desktop, name)()
    field = Field(desktop, app)
    field.wait_for_keys()
    with typing(PACE) as t:
        field.begin(t, DRAFT)
        stands = stages(field.stands)
        stopped = field.apply(t, PATCH, when(partial(has_come_to, field, typed), app.end))
        assert stopped is not None
        assert stopped.reason is Interruption.FOCUS
        assert field.text in stands[: stopped.erased + stopped.typed + 1]
        with pytest.raises(PatchInterrupted):
            t.type("lost")
        desktop.hand_focus(gtk.app.title)
        gtk.shows()


def test_another_window_in_the_place_of_one_that_dies(desktop: Desktop) -> None:
    app = desktop.script("successor", "gtk_successor.py")
    field = Field(desktop, app)
    second = app.file.with_suffix(".second")
    with typing(PACE) as t:
        field.begin(t, DRAFT)
        stopped = field.apply(t, PATCH, at(0.1, partial(app.process.send_signal, signal.SIGUSR1)))
        assert stopped is not None
        assert stopped.reason is Interruption.FOCUS
        wait_until(second.exists, "the other window opens")
        wait_until(lambda: desktop.user.focused_title() == app.title, "it gets the focus")
        wait_until(lambda: FocusChanged(ours=False) in t.seen, "it is reported")
        with pytest.raises(PatchInterrupted):
            t.type("not here", backspaces=3)
        assert second.read_text() == "the user's own text"
        assert not t.keyboard.claim().continues
    app.end()


@pytest.mark.parametrize("finger", [True, False])
def test_a_key_of_the_users_at_any_moment(desktop: Desktop, field: Field, finger: bool) -> None:
    """The "x" stands where it was typed; behind it there is nothing of ours, and it is not erased."""
    chance, held_s = random.Random(2), 0.03 if finger else 0.0
    with typing(PACE) as t:
        for _ in range(ROUNDS):
            field.begin(t, DRAFT)
            key = at(chance.uniform(0, LASTS_S * 0.9), partial(tap_key, desktop, KEY_X, held_s))
            stopped = field.apply(t, PATCH, key)
            assert stopped is not None
            assert stopped.reason is Interruption.FOREIGN_INPUT
            wait_until(lambda: UserTyped() in t.seen, "it is reported")
            field.stands += "x"
            field.shows()


@pytest.mark.parametrize("keycode", [KEY_X, BACKSPACE])
def test_a_key_that_the_user_holds(desktop: Desktop, gtk: Field, keycode: int) -> None:
    """It repeats, and what it repeats (or erases, if it is BackSpace) is the user's."""
    with typing(PACE) as t:
        gtk.begin(t, DRAFT)
        desktop.user.press(keycode)
        try:
            wait_until(lambda: abs(len(gtk.text) - len(gtk.stands)) > 3, "it repeats")
            for _ in range(2):  # also when that is known
                with pytest.raises(PatchInterrupted) as stopped:
                    t.type("gone", backspaces=4)
                assert (stopped.value.erased, stopped.value.typed) == (0, 0)
                t.type("")
        finally:
            desktop.user.release(keycode)
        wait_until(lambda: UserTyped() in t.seen, "it is reported")
        if keycode == KEY_X:
            assert gtk.text.rstrip("x") == gtk.stands
        else:
            assert gtk.stands.startswith(gtk.text)


def test_the_user_holds_a_key_of_our_text(desktop: Desktop, gtk: Field) -> None:
    with typing(PACE) as t:
        gtk.begin(t, DRAFT)
        desktop.user.press(KEY_X)
        t.type("six boxes")
        desktop.user.release(KEY_X)
        wait_until(lambda: gtk.text.endswith("six boxes"), "the text arrives")
        assert set(gtk.text.removeprefix(gtk.stands).removesuffix("six boxes")) == {"x"}


def test_a_click_of_the_users_at_any_moment(desktop: Desktop, field: Field) -> None:
    """It may move the caret into our text: not a key goes there."""
    chance = random.Random(3)
    with typing(PACE) as t, Spy() as spy:
        for _ in range(ROUNDS):
            field.begin(t, DRAFT)
            spy.pressed()
            click = at(chance.uniform(0, LASTS_S * 0.9), partial(desktop.user.click, 1, field.app.title))
            stopped = field.apply(t, PATCH, click)
            assert stopped is not None
            assert stopped.reason is Interruption.FOREIGN_INPUT
            assert isinstance(spy.pressed()[-1], RawButton)
            field.shows()
            with pytest.raises(PatchInterrupted):
                t.type("gone", backspaces=4)
            wait_until(lambda: not pointer_is_held(), "the window manager hands the click on")
            field.go_to_the_end()


@pytest.mark.parametrize("keycode", [CONTROL_R, SHIFT_L, ALT, SUPER_L, LEVEL_3])
def test_a_modifier_held_and_let_go_in_the_middle(
    desktop: Desktop, field: Field, layout: Callable[[str], None], keycode: int
) -> None:
    if keycode == LEVEL_3:
        layout("de")
    chance = random.Random(keycode)
    with typing(PACE) as t:
        for _ in range(ROUNDS // 2):
            field.begin(t, DRAFT)

            def press() -> None:
                for _ in range(4):
                    time.sleep(chance.uniform(0, LASTS_S / 6))
                    desktop.user.press(keycode)
                    time.sleep(chance.uniform(0, LASTS_S / 6))
                    desktop.user.release(keycode)

            assert field.apply(t, PATCH, press) is None
            field.shows()
            wait_until(lambda: desktop.user.modifiers() == 0, "no modifier sticks")
        assert t.seen == []


def test_another_group_in_the_middle(desktop: Desktop, field: Field, layout: Callable[[str], None]) -> None:
    """Each key event carries the group that it was pressed in."""
    layout("us,ru")
    chance = random.Random(4)
    with typing(PACE) as t:
        field.begin(t, TWO_SCRIPTS)

        def switch() -> None:
            for _ in range(8):
                time.sleep(chance.uniform(0, 0.12))
                desktop.user.tap(MENU)

        assert field.apply(t, Patch(len(TWO_SCRIPTS), TWO_SCRIPTS * 3), switch) is None
        field.shows()
        assert t.seen == []


def test_another_layout_in_the_middle(field: Field, layout: Callable[[str], None]) -> None:
    """A program looks up a key when it comes to it, so a few that are on their way may be other ones to it
    (of any keyboard's); but all that is sent once the layout has changed is right.
    """
    before = field.text
    with typing(PACE) as t:
        t.keyboard.claim()

        def switch() -> None:
            for name in ("de", "us(dvorak)", "us,ru"):
                wait_until(partial(has_grown_to, field, len(field.text) + len(MIXED)), "some text arrives")
                layout(name)

        assert field.apply(t, Patch(0, MIXED * 5), switch) is None
        wait_until(lambda: field.text.endswith(MIXED), "the end is right")
        typed = field.text.removeprefix(before)
        equal = sum(
            block.size for block in SequenceMatcher(None, typed, MIXED * 5, False).get_matching_blocks()
        )
        assert equal >= len(MIXED * 5) - 3 * 20
        assert t.seen == []


def test_another_layout_between_two_patches(field: Field, layout: Callable[[str], None]) -> None:
    with typing(PACE) as t:
        for name in ("de", "us,ru", "fr"):
            layout(name)
            field.begin(t, MIXED)


@pytest.mark.parametrize("group", [1, 2, 3])
def test_a_group_locked(gtk: Field, layout: Callable[[str], None], group: int) -> None:
    """The third and fourth have no place in the keymap that programs of old read."""
    layout("us,ru,gr,de")
    with typing(PACE) as t, Xkb() as xkb:
        xkb.lock_group(group)
        gtk.begin(t, MIXED)
        assert xkb.state()[0] == group


def test_a_group_latched(gtk: Field, layout: Callable[[str], None]) -> None:
    """For one key, which is the user's."""
    layout("us,ru")
    with typing(PACE) as t, Xkb() as xkb:
        xkb.latch_group(1)
        gtk.begin(t, "Hello")
        assert xkb.state()[0] == 1
        gtk.desktop.user.tap(KEY_X)
        gtk.stands += "ч"
        gtk.shows()


@pytest.mark.parametrize("modifiers", [CAPS, NUM_LOCK, SHIFT, CAPS | NUM_LOCK])
def test_modifiers_locked(field: Field, modifiers: int) -> None:
    with typing(PACE) as t, Xkb() as xkb:
        xkb.lock(modifiers)
        try:
            field.begin(t, DRAFT)
            field.apply(t, PATCH, lambda: None)
            field.shows()
            assert xkb.state()[2] == modifiers
        finally:
            xkb.lock(modifiers, on=False)


def test_caps_lock_switched_off_in_the_middle(gtk: Field) -> None:
    with typing(PACE) as t, Xkb() as xkb:
        for on in (True, False):
            xkb.lock(CAPS, on=on)
            gtk.begin(t, DRAFT)
            gtk.apply(t, PATCH, at(0.2, partial(gtk.desktop.user.tap, 66)))
            gtk.shows()
            assert xkb.state()[2] == (0 if on else CAPS)
        xkb.lock(CAPS, on=False)


def test_sticky_keys(desktop: Desktop, field: Field) -> None:
    """A modifier that is tapped is meant for the user's next key."""
    with typing(PACE) as t, Xkb() as xkb:
        xkb.enable(STICKY_KEYS)
        try:
            desktop.user.tap(SHIFT_L)
            assert xkb.state()[1] == SHIFT
            field.begin(t, DRAFT)
            field.apply(t, PATCH, lambda: None)
            field.shows()
            assert xkb.state()[1] == SHIFT
            desktop.user.tap(KEY_X)
            field.stands += "X"
            field.shows()
            desktop.user.press(CONTROL_R)
            field.begin(t, DRAFT)
            desktop.user.release(CONTROL_R)
        finally:
            xkb.unlatch()
            xkb.enable(STICKY_KEYS, on=False)


@pytest.mark.parametrize("controls", [SLOW_KEYS, BOUNCE_KEYS])
def test_a_keyboard_that_takes_no_short_presses(gtk: Field, controls: int) -> None:
    with typing(PACE) as t, Xkb() as xkb:
        xkb.enable(controls)
        try:
            with pytest.raises(KeyboardError, match="keys are on"):
                t.keyboard.claim()
        finally:
            xkb.enable(controls, on=False)
        gtk.begin(t, "hello")


@pytest.mark.parametrize("typed", [0, 20])
def test_the_display_server_is_killed(own_desktop: Desktop, typed: int) -> None:
    """While it is erased, and while it is typed."""
    field = Field(own_desktop, own_desktop.gtk())
    field.wait_for_keys()
    with typing(PACE) as t:
        field.begin(t, DRAFT)
        stands = stages(field.stands)
        stopped = field.apply(t, PATCH, when(partial(has_come_to, field, typed), own_desktop.server.kill))
        assert stopped is not None
        assert stopped.reason is Interruption.BROKEN
        assert (stopped.typed > 0) == (typed > 0)
        # It may have taken one more, and died before it said so.
        assert field.text in stands[: stopped.erased + stopped.typed + 2]
        with pytest.raises(KeyboardError):
            t.keyboard.claim()
