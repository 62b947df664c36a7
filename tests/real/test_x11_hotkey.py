"""The push-to-talk key on a real X server, alone and while text is typed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.real.xserver import (
    CAPS_LOCK,
    CONTROL_R,
    ESCAPE,
    F8,
    F9,
    F10,
    KEY_A,
    KEY_C,
    SHIFT_L,
    App,
    Desktop,
    desktop,
    own_desktop,
    wait_until,
)
from voicetype.core.events import FocusChanged, Patch, UserTyped
from voicetype.errors import HotkeyError, PatchInterrupted
from voicetype.hotkey import Key, KeyEvent
from voicetype.hotkey.x11 import X11Hotkey
from voicetype.keyboard import KeyboardLost
from voicetype.keyboard.x11 import X11Keyboard
from voicetype.x11 import connection
from voicetype.x11.listening import Listening, close
from voicetype.x11.own_keys import OwnKeys

__all__ = ["desktop", "own_desktop"]  # fixtures

pytestmark = pytest.mark.real


class Hearing:
    """An open hotkey, and what it reported; with it the keyboard that types meanwhile."""

    def __init__(self, key: str) -> None:
        self.events: list[KeyEvent] = []
        self.typed: list[FocusChanged | UserTyped | KeyboardLost] = []
        self.own_keys = OwnKeys()
        self.hotkey = X11Hotkey(key, self.own_keys)
        self.keyboard = X11Keyboard(100, self.own_keys)
        self.hotkey.open(self.events.append)
        self.keyboard.open(self.typed.append)

    def hears(self, *keys: Key) -> None:
        """Wait until exactly these came."""
        wait_until(lambda: len(self.events) >= len(keys), f"{keys}, so far {self.events}")
        assert [event.key for event in self.events] == list(keys)
        times = [event.time_s for event in self.events]
        assert times == sorted(times)


@contextmanager
def hearing(key: str = "Control_R") -> Iterator[Hearing]:
    hearing = Hearing(key)
    try:
        yield hearing
    finally:
        hearing.keyboard.close()
        hearing.hotkey.close()
        hearing.hotkey.close()


@pytest.fixture(scope="module")
def terminal(desktop: Desktop) -> App:
    return desktop.terminal()


@pytest.fixture
def received(desktop: Desktop, terminal: App) -> Iterator[App]:
    """A terminal that writes down every byte; focused, and empty for this test."""
    terminal.file.write_bytes(b"")
    desktop.user.focus(terminal.title)
    wait_until(lambda: desktop.user.focused_title() == terminal.title, "focus")
    yield terminal
    for keycode in (CONTROL_R, SHIFT_L, F9):
        desktop.user.release(keycode)


def test_no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(HotkeyError) as caught:
        X11Hotkey("Control_R", OwnKeys()).open(lambda _: None)
    assert "DISPLAY" in caught.value.sentence


@pytest.mark.usefixtures("desktop")
def test_unknown_key() -> None:
    with pytest.raises(HotkeyError) as caught:
        X11Hotkey("Controll_R", OwnKeys()).open(lambda _: None)
    assert "Control_R" in caught.value.hint


def test_a_key_that_is_held_when_we_begin_to_hear_is_let_go_of(desktop: Desktop) -> None:
    """So it is where a changed configuration puts one hotkey in another's place."""
    with hearing() as before:
        desktop.user.press(CONTROL_R)
        before.hears(Key.DOWN)
    with hearing() as after:
        desktop.user.release(CONTROL_R)
        desktop.user.tap(CONTROL_R)
        after.hears(Key.UP, Key.DOWN, Key.UP)


@pytest.mark.usefixtures("desktop")
def test_a_key_that_this_keyboard_lacks() -> None:
    with pytest.raises(HotkeyError, match="no key F35"):
        X11Hotkey("F35", OwnKeys()).open(lambda _: None)


@pytest.mark.usefixtures("desktop")
def test_a_taken_key() -> None:
    with hearing("F9"), pytest.raises(HotkeyError, match="taken"):
        X11Hotkey("F9", OwnKeys()).open(lambda _: None)
    with hearing("F9"):
        pass


@pytest.mark.usefixtures("received")
def test_hold(desktop: Desktop) -> None:
    with hearing() as h:
        desktop.user.press(CONTROL_R)
        h.hears(Key.DOWN)
        desktop.user.release(CONTROL_R)
        h.hears(Key.DOWN, Key.UP)
        assert h.typed == []


def test_locks_and_modifiers_do_not_hide_it(desktop: Desktop, received: App) -> None:
    with hearing("F9") as h:
        desktop.user.tap(CAPS_LOCK)
        desktop.user.tap(77)  # Num Lock
        desktop.user.press(SHIFT_L)
        desktop.user.tap(F9)
        desktop.user.release(SHIFT_L)
        desktop.user.tap(77)
        desktop.user.tap(CAPS_LOCK)
        h.hears(Key.OTHER, Key.OTHER, Key.OTHER, Key.DOWN, Key.UP, Key.OTHER, Key.OTHER)
    desktop.user.tap(KEY_A)
    received.shows("a")  # and no F9


def test_no_autorepeat(desktop: Desktop, received: App) -> None:
    """A terminal shows each press of F9 as bytes; a repeat would come after 0.66 s."""
    with hearing("F9") as h:
        desktop.user.press(F9)
        h.keyboard.claim()
        for _ in range(4):
            h.keyboard.apply(Patch(0, "0123456789 0123456789"))
        desktop.user.release(F9)
        h.hears(Key.DOWN, Key.UP)
        assert h.typed == []
        received.shows("0123456789 0123456789" * 4)
    desktop.user.tap(F9)
    received.shows("0123456789 0123456789" * 4 + "\x1b[20~")


def test_autorepeat_is_given_back(desktop: Desktop) -> None:
    before = desktop.user.autorepeats()
    with hearing("F9"):
        assert desktop.user.autorepeats() != before
    assert desktop.user.autorepeats() == before


def test_a_shortcut_with_the_key_still_works(desktop: Desktop, received: App) -> None:
    with hearing() as h:
        desktop.user.press(CONTROL_R)
        desktop.user.tap(KEY_C)
        desktop.user.release(CONTROL_R)
        received.shows("\x03")
        h.hears(Key.DOWN, Key.OTHER, Key.UP)


@pytest.mark.usefixtures("received")
def test_escape(desktop: Desktop) -> None:
    with hearing() as h:
        desktop.user.tap(ESCAPE)
        h.hears(Key.ESCAPE)


def test_typing_while_it_is_held(desktop: Desktop, received: App) -> None:
    with hearing() as h:
        h.keyboard.claim()
        desktop.user.press(CONTROL_R)
        for word in ("Hello", " Wörld", " Я", " go", "on"):
            h.keyboard.apply(Patch(0, word))
        h.hears(Key.DOWN)
        assert desktop.user.modifiers() == 4
        received.shows("Hello Wörld Я goon")
        desktop.user.tap(KEY_C)
        desktop.user.release(CONTROL_R)
        received.shows("Hello Wörld Я goon\x03")
        h.hears(Key.DOWN, Key.OTHER, Key.UP)
        assert desktop.user.modifiers() == 0


@pytest.mark.parametrize("after_s", [0.0, 0.03, 0.06, 0.1, 0.12, 0.14, 0.16, 0.2])
def test_a_release_while_text_is_typed(desktop: Desktop, received: App, after_s: float) -> None:
    with hearing() as h:
        h.keyboard.claim()
        desktop.user.press(CONTROL_R)
        release = threading.Timer(after_s, desktop.user.release, [CONTROL_R])
        release.start()
        h.keyboard.apply(Patch(0, "some words"))
        release.join()
        h.hears(Key.DOWN, Key.UP)
        received.shows("some words")
        wait_until(lambda: desktop.user.modifiers() == 0, "no modifier sticks")
        desktop.user.tap(CONTROL_R)
        h.hears(Key.DOWN, Key.UP, Key.DOWN, Key.UP)


@pytest.mark.parametrize("key", ["Control_R", "F9"])
def test_taps_while_text_is_typed_lose_nothing(desktop: Desktop, received: App, key: str) -> None:
    keycode = CONTROL_R if key == "Control_R" else F9

    def tap() -> None:
        for _ in range(5):
            desktop.user.press(keycode)
            time.sleep(0.02)  # no hand is faster
            desktop.user.release(keycode)
            time.sleep(0.02)

    text = "no letter of this text is lost, whatever the user taps"
    with hearing(key) as h:
        h.keyboard.claim()
        taps = threading.Timer(0.1, tap)
        taps.start()
        h.keyboard.apply(Patch(0, text))
        taps.join()
        h.hears(*[Key.DOWN, Key.UP] * 5)
        wait_until(lambda: len(received.text) == len(text), "all of it")
        if keycode == F9:  # a letter may go out in the moment after Control
            assert received.text == text
        assert h.typed == []


def test_another_key_while_text_is_typed(desktop: Desktop, received: App) -> None:
    with hearing() as h:
        h.keyboard.claim()
        desktop.user.press(CONTROL_R)
        other = threading.Timer(0.1, desktop.user.tap, [KEY_A])
        other.start()
        with pytest.raises(PatchInterrupted) as caught:
            h.keyboard.apply(Patch(0, "forty characters are typed in this patch"))
        other.join()
        desktop.user.release(CONTROL_R)
        h.hears(Key.DOWN, Key.OTHER, Key.UP)
        assert h.typed == [UserTyped()]
        wait_until(lambda: len(received.text) == caught.value.typed + 1, "all of it")


@pytest.fixture
def moved(desktop: Desktop) -> Iterator[Callable[[int, int], None]]:
    """Swaps what two keys mean, as another layout may; it is undone afterwards."""
    before: dict[int, int] = {}

    def swap(one: int, other: int) -> None:
        now = {code: desktop.user.keysym(code) for code in (one, other)}
        for code, keysym in now.items():
            before.setdefault(code, keysym)
        desktop.user.bind(one, now[other])
        desktop.user.bind(other, now[one])

    yield swap
    for code, keysym in before.items():
        desktop.user.bind(code, keysym)


@pytest.mark.usefixtures("received")
def test_a_layout_that_moves_the_key(desktop: Desktop, moved: Callable[[int, int], None]) -> None:
    repeats = desktop.user.autorepeats()
    with hearing("F9") as h:
        desktop.user.press(F9)
        h.hears(Key.DOWN)
        moved(F9, F8)
        h.hears(Key.DOWN, Key.UP)  # nobody waits for a release that is another key's
        desktop.user.release(F9)
        desktop.user.tap(F8)
        h.hears(Key.DOWN, Key.UP, Key.DOWN, Key.UP)
    assert desktop.user.autorepeats() == repeats


def test_a_new_layout_in_mid_dictation_leaves_escape_ours(
    desktop: Desktop, received: App, moved: Callable[[int, int], None]
) -> None:
    with hearing("F9") as h:
        h.hotkey.dictating(True)
        wait_until(lambda: h.own_keys.reserved == {F9, ESCAPE}, "Escape is taken")
        moved(F9, F8)
        wait_until(lambda: h.own_keys.reserved == {F8, ESCAPE}, "the new place is taken")
        desktop.user.tap(ESCAPE)
        h.hears(Key.ESCAPE)
        desktop.user.tap(KEY_A)
        received.shows("a")
        moved(ESCAPE, F10)
        wait_until(lambda: h.own_keys.reserved == {F8, F10}, "the new Escape is taken")
        h.hotkey.dictating(False)
        wait_until(lambda: h.own_keys.reserved == {F8}, "Escape is given back")


@pytest.mark.usefixtures("received")
def test_a_failed_start_gives_everything_back(desktop: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    repeats, own_keys = desktop.user.autorepeats(), OwnKeys()

    def fail(_display: object) -> None:
        raise RuntimeError("no events")

    monkeypatch.setattr(connection, "select_raw", fail)
    with pytest.raises(RuntimeError):
        X11Hotkey("F9", own_keys).open(lambda _: None)
    assert desktop.user.autorepeats() == repeats
    assert own_keys.reserved == frozenset()
    monkeypatch.undo()
    with hearing("F9"):
        pass


@pytest.mark.usefixtures("desktop")
def test_what_is_posted_after_the_end_is_dropped() -> None:
    display = connection.connect()
    listening = Listening(display, "listening", lambda _: None, lambda: None)
    done: list[int] = []
    listening.post(lambda: done.append(1))
    listening.catch_up(10)
    listening.stop()
    listening.post(lambda: done.append(2))
    close(display)
    assert done == [1]


@pytest.mark.usefixtures("desktop")
def test_dictating_while_it_is_closed() -> None:
    for _ in range(5):
        hotkey = X11Hotkey("F9", OwnKeys())
        hotkey.open(lambda _: None)
        closing = threading.Thread(target=hotkey.close)
        closing.start()
        for active in [True, False] * 50:
            hotkey.dictating(active)
        closing.join()
        hotkey.dictating(True)


def test_the_server_dies(own_desktop: Desktop) -> None:
    with hearing() as h:
        own_desktop.server.kill()
        own_desktop.server.wait()
        wait_until(lambda: h.typed == [FocusChanged(ours=False), KeyboardLost()], "it is reported")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_failing_observer_leaves_no_frozen_keyboard(desktop: Desktop, received: App) -> None:
    def fail(_event: KeyEvent) -> None:
        raise RuntimeError("an error of the daemon's")

    hotkey = X11Hotkey("F9", OwnKeys())
    hotkey.open(fail)
    desktop.user.tap(F9)
    desktop.user.tap(KEY_A)
    wait_until(lambda: received.text.endswith("a"), "the keyboard works")
    hotkey.close()
    desktop.user.tap(F9)


def test_escape_is_ours_while_a_dictation_runs(desktop: Desktop, received: App) -> None:
    with hearing() as heard:
        desktop.user.tap(ESCAPE)
        received.shows("\x1b")
        wait_until(lambda: heard.typed == [UserTyped()], "it is the user's")
        heard.hotkey.dictating(True)
        wait_until(lambda: len(heard.own_keys.reserved) > 1, "Escape is taken")
        desktop.user.tap(ESCAPE)
        heard.hears(Key.ESCAPE, Key.ESCAPE)
        heard.keyboard.claim()  # the watcher has seen it, too, while it was ours
        heard.hotkey.dictating(False)
        wait_until(lambda: len(heard.own_keys.reserved) == 1, "Escape is given back")
        desktop.user.tap(ESCAPE)
        received.shows("\x1b\x1b")
        heard.hears(Key.ESCAPE, Key.ESCAPE, Key.ESCAPE)
        wait_until(lambda: heard.typed == [UserTyped()] * 2, "this one, too")
