"""Keys and clicks that go to other programs leave what was typed ours, and all others do not."""

from __future__ import annotations

import subprocess
import time
from types import TracebackType

import pytest
from Xlib import X, Xatom
from Xlib.display import Display

from tests.real.x11_typing import Grabber, Typing, typing
from tests.real.xserver import F8, F9, KEY_X, SUPER_L, App, Desktop, User, desktop, wait_until
from voicetype.core.events import FocusChanged, UserTyped
from voicetype.errors import PatchInterrupted
from voicetype.x11 import windows

__all__ = ["desktop"]  # a fixture

pytestmark = pytest.mark.real

LOST, BACK = FocusChanged(ours=False), FocusChanged(ours=True)
LONGER_THAN_A_MOMENT_S = 0.25  # in which a grab of the keyboard is noticed


@pytest.fixture(scope="module")
def other(desktop: Desktop) -> App:
    return desktop.tk()


@pytest.fixture(scope="module")
def gtk(desktop: Desktop, other: App) -> App:
    assert other.text == ""  # it opens first: a window that opens late takes the focus
    return desktop.gtk()


@pytest.fixture
def view(desktop: Desktop, gtk: App) -> App:
    desktop.hand_focus(gtk.title)
    return gtk


def begin(view: App, t: Typing, text: str) -> str:
    """Claim and type; returns what stood before."""
    before = view.text
    t.keyboard.claim()
    t.type(text)
    view.shows(before + text)
    return before


def taken_back(view: App, t: Typing, before: str, count: int) -> bool:
    """Whether it is ours still; if so, it is erased."""
    if not t.keyboard.claim().continues:
        return False
    t.type("", backspaces=count)
    view.shows(before)
    return True


@pytest.mark.parametrize("held_s", [0.0, LONGER_THAN_A_MOMENT_S])
def test_a_shortcut_is_not_typing(desktop: Desktop, view: App, held_s: float) -> None:
    with typing() as t, Grabber() as grabber:
        grabber.take(F8)
        before = begin(view, t, "one two")
        for _ in range(3):
            desktop.user.press(F8)
            time.sleep(held_s)
            desktop.user.release(F8)
        assert taken_back(view, t, before, 7), t.seen
        assert UserTyped() not in t.seen
        assert {*grabber.keys()} == {F8}


def test_a_shortcut_with_a_modifier(desktop: Desktop, view: App) -> None:
    with typing() as t, Grabber() as grabber:
        grabber.take(KEY_X)
        before = begin(view, t, "one two")
        desktop.user.press(SUPER_L)
        desktop.user.tap(KEY_X)
        desktop.user.release(SUPER_L)
        assert taken_back(view, t, before, 7), t.seen
        assert t.seen == []


def test_a_key_behind_a_shortcut_is_typing(desktop: Desktop, view: App) -> None:
    with typing() as t, Grabber() as grabber:
        grabber.take(F8)
        before = begin(view, t, "one two")
        desktop.user.tap(F8)
        desktop.user.tap(KEY_X)
        assert not taken_back(view, t, before, 7)
        assert UserTyped() in t.seen
        view.shows(before + "one twox")


def test_a_key_while_a_shortcut_is_down_is_typing(desktop: Desktop, view: App) -> None:
    """The program that has the keyboard may hand it on."""
    with typing() as t, Grabber() as grabber:
        grabber.take(F8)
        before = begin(view, t, "one two")
        desktop.user.press(F8)
        desktop.user.tap(KEY_X)
        desktop.user.release(F8)
        assert not taken_back(view, t, before, 7)


@pytest.mark.parametrize(("keycode", "typing_it"), [(KEY_X, True), (F8, False)])
def test_a_key_that_is_handed_on_may_be_typing(view: App, keycode: int, typing_it: bool) -> None:
    """Some take a key and let it through; and openbox lets go of the keyboard while the key is down."""
    display = Display()
    user = User(Display())
    try:
        root = display.screen().root
        root.grab_key(keycode, X.AnyModifier, False, X.GrabModeAsync, X.GrabModeSync)
        display.sync()
        with user, typing() as t:
            before = begin(view, t, "one two")
            user.press(keycode)
            while display.next_event().type != X.KeyPress:
                pass
            display.allow_events(X.ReplayKeyboard, X.CurrentTime)
            display.sync()
            user.release(keycode)
            view.shows(before + ("one twox" if typing_it else "one two"))
            assert taken_back(view, t, before, 7) is not typing_it
    finally:
        display.close()


def test_a_key_that_opens_a_popup_is_typing(desktop: Desktop, view: App) -> None:
    """It goes to the program, which takes the keyboard then."""
    with typing() as t, Grabber() as grabber:
        before = begin(view, t, "one two")
        desktop.user.press(KEY_X)
        grabber.grab()
        desktop.user.release(KEY_X)
        grabber.let_go()
        wait_until(lambda: UserTyped() in t.seen, "it is reported")
        assert not taken_back(view, t, before, 7)


class Panel:
    """A panel of another program that does not take the focus."""

    def __init__(self, *, popup: bool = False) -> None:
        self._display = Display()
        screen = self._display.screen()
        self._window = screen.root.create_window(
            600, 500, 200, 40, 0, screen.root_depth, override_redirect=popup, event_mask=X.ButtonPressMask
        )
        kind = self._display.intern_atom("_NET_WM_WINDOW_TYPE_DOCK")
        self._window.change_property(self._display.intern_atom("_NET_WM_WINDOW_TYPE"), Xatom.ATOM, 32, [kind])
        self._window.set_wm_hints(flags=1, input=0)
        self._window.map()
        self._display.sync()

    def __enter__(self) -> Panel:
        wait_until(self._is_pointed_at, "it is shown")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._display.close()

    def click(self) -> None:
        """As a hand does: the button is down for a while."""
        wait_until(self._is_pointed_at, "the pointer is on it")
        self._display.xtest_fake_input(X.ButtonPress, 1)
        self._display.sync()
        time.sleep(0.2)
        self._display.xtest_fake_input(X.ButtonRelease, 1)
        self._display.sync()

    def _is_pointed_at(self) -> bool:
        root = self._display.screen().root
        at = root.translate_coords(self._window, 100, 20)  # the window manager may move it
        self._display.xtest_fake_input(X.MotionNotify, x=at.x, y=at.y)
        self._display.sync()
        return self._window.id in windows.under_pointer(self._display)


@pytest.mark.parametrize("popup", [False, True])
def test_a_click_on_the_panel_is_not_typing(desktop: Desktop, view: App, popup: bool) -> None:
    with Panel(popup=popup) as panel, typing() as t:
        desktop.hand_focus(view.title)  # a window that opens may take the focus
        before = begin(view, t, "one two")
        panel.click()
        assert taken_back(view, t, before, 7), t.seen
        assert t.seen == []


def test_a_click_into_the_window_is_typing(desktop: Desktop, view: App) -> None:
    with Panel(), typing() as t:
        desktop.hand_focus(view.title)  # a window that opens may take the focus
        before = begin(view, t, "one two")
        desktop.user.click(1, view.title)
        assert not taken_back(view, t, before, 7)
        assert t.seen == [UserTyped()]


def test_a_click_into_a_menu_of_the_program_is_typing(desktop: Desktop, view: App) -> None:
    with typing() as t:
        before = begin(view, t, "one two")
        desktop.user.click(3, view.title)
        wait_until(lambda: LOST in t.seen, "the menu has the keyboard")
        t.seen.clear()
        # Beside the pointer, where the menu is.
        subprocess.run(["xdotool", "mousemove_relative", "20", "20", "click", "1"], check=True, timeout=20)
        wait_until(lambda: UserTyped() in t.seen, "it is reported")
        desktop.user.tap(9)
        wait_until(lambda: BACK in t.seen, "the menu is gone")
        assert not taken_back(view, t, before, 7)


def test_a_menu_of_another_program(desktop: Desktop, view: App) -> None:
    """It takes the keyboard for as long as it is open; a program that does so unasked may be anything."""
    with Panel() as panel, typing() as t:
        desktop.hand_focus(view.title)  # a window that opens may take the focus
        before = begin(view, t, "one two")
        panel.click()
        with Grabber() as menu:
            menu.grab()
            wait_until(lambda: t.seen == [LOST], "it is reported")
        wait_until(lambda: t.seen == [LOST, BACK], "its end is reported")
        assert taken_back(view, t, before, 7), t.seen


def test_a_focus_that_goes_while_a_shortcut_has_the_keyboard(desktop: Desktop, view: App, other: App) -> None:
    with typing() as t, Grabber() as grabber:
        grabber.take(F9)
        before = begin(view, t, "one two")
        desktop.user.press(F9)
        wait_until(lambda: t.seen == [LOST], "it is reported")
        desktop.user.focus(other.title)
        with pytest.raises(PatchInterrupted):
            t.type("no")
        desktop.user.focus(view.title)
        desktop.user.release(F9)
        wait_until(lambda: t.seen == [LOST, BACK], "its end is reported")
        assert not taken_back(view, t, before, 7)
