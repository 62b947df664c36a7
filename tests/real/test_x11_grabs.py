"""Programs that take the keyboard while the focus stays where it was: nothing of ours may reach them."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from functools import partial

import pytest
from Xlib.display import Display

from tests.real.x11_typing import Field, Grabber, Typing, during, typing
from tests.real.xserver import (
    ESCAPE,
    F8,
    F9,
    App,
    Desktop,
    desktop,
    wait_until,
)
from voicetype.core.events import FocusChanged, Patch, UserTyped
from voicetype.errors import Interruption, KeyboardError, PatchInterrupted
from voicetype.hotkey.x11 import X11Hotkey
from voicetype.x11.windows import Grabs

__all__ = ["desktop"]  # a fixture

pytestmark = pytest.mark.real

ALT, TAB, VOLUME_UP = 64, 23, 123
LOST, BACK = FocusChanged(ours=False), FocusChanged(ours=True)


@pytest.fixture(scope="module")
def gtk(desktop: Desktop, other: App) -> App:
    assert other.text == ""  # it opens first: a window that opens late takes the focus
    return desktop.gtk()


@pytest.fixture(scope="module")
def other(desktop: Desktop) -> App:
    return desktop.tk()


@pytest.fixture
def view(desktop: Desktop, gtk: App) -> Iterator[App]:
    """A GTK text view with the focus, in which the texts of all tests add up."""
    desktop.hand_focus(gtk.title)
    wait_until(lambda: not is_grabbed(), "the keyboard is free")
    yield gtk
    desktop.user.focus(gtk.title)


def is_grabbed() -> bool:
    display = Display()
    try:
        return Grabs(display).is_keyboard_held()
    finally:
        display.close()


def begin(view: App, t: Typing, text: str) -> str:
    """Claim and type; returns all that stands now."""
    before = view.text
    t.keyboard.claim()
    t.type(text)
    view.shows(before + text)
    return before + text


def reported(t: Typing, times: int) -> bool:
    """Whether the focus went and came back, at least so often, and nothing else happened."""
    return len(t.seen) >= 2 * times and t.seen == [LOST, BACK] * (len(t.seen) // 2)


def refused(t: Typing) -> None:
    """Neither typed nor claimed."""
    with pytest.raises(PatchInterrupted) as stopped:
        t.type("secret", backspaces=3)
    assert (stopped.value.erased, stopped.value.typed) == (0, 0)
    with pytest.raises(PatchInterrupted) as stopped:
        t.type("secret")
    assert (stopped.value.reason, stopped.value.erased, stopped.value.typed) == (Interruption.FOCUS, 0, 0)
    with pytest.raises(KeyboardError, match="whole keyboard") as claimed:
        t.keyboard.claim()
    assert "lock screen" in claimed.value.hint


@pytest.mark.parametrize("xi2", [False, True])
def test_nothing_is_typed_while_another_program_has_the_keyboard(view: App, xi2: bool) -> None:
    with typing() as t, Grabber() as grabber:
        stands = begin(view, t, "one two")
        grabber.grab(xi2=xi2)
        wait_until(lambda: t.seen == [LOST], "it is reported")
        refused(t)
        assert grabber.keys() == []
        grabber.let_go()
        wait_until(lambda: t.seen == [LOST, BACK], "the end of it is reported")
        with pytest.raises(PatchInterrupted) as stopped:
            t.type("deux", backspaces=3)
        assert stopped.value.reason is Interruption.FOREIGN_INPUT, "sealed: it may have typed for the user"
        assert not t.keyboard.claim().continues
        t.type(" three.")
        view.shows(stands + " three.")


@pytest.mark.parametrize("seed", range(6))
def test_a_grab_at_any_moment_of_a_patch(desktop: Desktop, view: App, seed: int) -> None:
    chance = random.Random(seed)
    field = Field(desktop, view)
    with typing(250) as t, Grabber() as grabber:
        field.begin(t, "0123456789" * 4)

        def grab() -> None:
            time.sleep(chance.uniform(0.01, 0.35))
            grabber.grab(xi2=seed % 2 == 1)

        stopped = field.apply(t, Patch(40, "abcdefghij" * 6), grab)
        assert stopped is not None
        assert stopped.reason is Interruption.FOCUS
        assert grabber.keys() == []
        grabber.let_go()
        field.shows()
        wait_until(partial(reported, t, 1), "the end of it is reported")
        t.type(".")
        view.shows(field.stands + ".")


def test_a_shortcut_of_the_window_manager(desktop: Desktop, view: App) -> None:
    """As long as a key is held that a program has taken, it has all other keys, too."""
    with typing(250) as t, Grabber() as grabber:
        grabber.take(VOLUME_UP)
        stands = begin(view, t, "one two")
        desktop.user.press(VOLUME_UP)
        try:
            wait_until(lambda: t.seen == [LOST], "it is reported")
            refused(t)
        finally:
            desktop.user.release(VOLUME_UP)
        wait_until(lambda: t.seen[-1] == BACK, "the end of it is reported")
        assert set(grabber.keys()) == {VOLUME_UP}
        t.type(" three.")
        view.shows(stands + " three.")


def test_a_shortcut_that_began_the_dictation_may_still_be_down(desktop: Desktop, view: App) -> None:
    """`voicetype toggle`, bound to a key in a window manager."""
    with typing() as t, Grabber() as grabber:
        grabber.take(F8)
        desktop.user.press(F8)
        stands = view.text

        def let_go() -> None:
            time.sleep(0.3)
            desktop.user.release(F8)

        with during(let_go):
            t.keyboard.claim()
        t.type("one.")
        view.shows(stands + "one.")


def test_the_list_of_windows(desktop: Desktop, view: App, other: App) -> None:
    """openbox takes the keyboard while Alt is held with Tab."""
    with typing(250) as t:
        stands = begin(view, t, "one two")
        desktop.user.press(ALT)
        desktop.user.tap(TAB)
        try:
            wait_until(lambda: LOST in t.seen, "it is reported")
            refused(t)
        finally:
            desktop.user.tap(ESCAPE)
            desktop.user.release(ALT)
        wait_until(lambda: t.seen[-1] == BACK, "the end of it is reported")
        t.type(" three.")
        view.shows(stands + " three.")
        assert other.text == ""


@pytest.mark.parametrize("menu", ["GTK text", "Tk text", "xterm"])
def test_a_menu(desktop: Desktop, menu: str) -> None:
    start = {"GTK text": desktop.gtk, "Tk text": desktop.tk, "xterm": desktop.terminal}
    app = start[menu]()
    with typing(250) as t:
        stands = begin(app, t, "one two")
        desktop.user.click(3, app.title)
        wait_until(lambda: UserTyped() in t.seen, "the click is reported")
        if menu == "GTK text":
            wait_until(lambda: LOST in t.seen, "the menu is reported")
            refused(t)
            desktop.user.tap(ESCAPE)
            wait_until(lambda: t.seen[-1] == BACK, "its end is reported")
        t.type(" three.")
        app.shows(stands + " three.")
    app.end()


LOCKS = {
    "i3lock": ["i3lock", "-n"],
    "a password prompt": ["/usr/lib/openssh/gnome-ssh-askpass", "Password?"],
}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_screen_or_a_password_prompt(view: App, name: str) -> None:
    if not shutil.which(LOCKS[name][0]):
        pytest.skip(f"not installed: {LOCKS[name][0]}")
    with typing(250) as t:
        stands = begin(view, t, "one two")
        lock = subprocess.Popen(LOCKS[name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            wait_until(lambda: LOST in t.seen, "it is reported")
            wait_until(is_grabbed, "it has the keyboard")
            refused(t)
        finally:
            lock.terminate()
            lock.communicate()
        wait_until(lambda: t.seen[-1] == BACK, "its end is reported")
        t.type(" three.")
        view.shows(stands + " three.")


def test_nothing_is_erased_while_a_click_may_be_on_its_way(view: App) -> None:
    """A busy window manager holds a click back; the keys behind it would come before it."""
    with typing(250) as t, Grabber() as grabber:
        stands = begin(view, t, "one two")
        grabber.grab_pointer()
        with pytest.raises(PatchInterrupted) as stopped:
            t.type("deux", backspaces=3)
        assert (stopped.value.reason, stopped.value.erased) == (Interruption.FOREIGN_INPUT, 0)
        t.type(" three")  # or it is a menu, and stays
        with pytest.raises(PatchInterrupted) as stopped:
            t.type("trois", backspaces=5)
        assert (stopped.value.reason, stopped.value.erased) == (Interruption.FOREIGN_INPUT, 0)
        grabber.let_go()
        t.type(".")
        view.shows(stands + " three.")


def test_nothing_is_typed_while_a_mouse_button_is_down(desktop: Desktop, view: App) -> None:
    """The user may be selecting a passage, which a key would take the place of."""
    with typing(250) as t:
        stands = begin(view, t, "one two")
        desktop.user.press_button(1, view.title)
        try:
            for _ in range(2):
                with pytest.raises(PatchInterrupted) as stopped:
                    t.type(" three")
                assert (stopped.value.reason, stopped.value.typed) == (Interruption.FOREIGN_INPUT, 0)
        finally:
            desktop.user.release_button(1)
        t.type(" three.")
        view.shows(stands + " three.")


def test_our_own_hotkey_is_no_grab(desktop: Desktop, view: App) -> None:
    """It takes its key for a moment, and lets go of the keyboard at once."""
    field = Field(desktop, view)
    with typing(250) as t:
        hotkey = X11Hotkey("F9", t.own_keys)
        hotkey.open(lambda _: None)
        try:
            field.begin(t, "one two")

            def press() -> None:
                for _ in range(20):
                    desktop.user.tap(F9)
                    time.sleep(0.005)

            assert field.apply(t, Patch(7, "three four five six seven. " * 2), press) is None
            desktop.user.press(F9)
            assert t.keyboard.claim().continues
            t.type(".", backspaces=2)
            desktop.user.release(F9)
            view.shows(field.stands[:-2] + ".")
            assert t.seen == []
        finally:
            hotkey.close()


def test_a_focus_that_was_elsewhere_for_a_moment_is_reported(desktop: Desktop, view: App, other: App) -> None:
    """The watcher may look when it is back; the session would wait for its return for ever."""
    with typing() as t:
        stands = begin(view, t, "one ")
        for n in range(10):
            desktop.user.focus(other.title)
            with pytest.raises(PatchInterrupted):
                t.type("no")
            desktop.user.focus(view.title)
            wait_until(partial(reported, t, n + 1), "its return is reported")
        t.type("two")
        view.shows(stands + "two")
        assert other.text == ""
