"""Typing into real programs on a real X server, with a user who interferes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.real.x11_typing import typing
from tests.real.xserver import (
    CAPS_LOCK,
    CONTROL_R,
    KEY_A,
    KEY_X,
    MENU,
    RETURN,
    SHIFT_L,
    SUPER_L,
    App,
    Desktop,
    User,
    desktop,
    own_desktop,
    wait_until,
)
from voicetype.core.events import FocusChanged, NewLine, Patch, UserTyped
from voicetype.errors import Interruption, KeyboardError, PatchInterrupted
from voicetype.keyboard.x11 import X11Keyboard
from voicetype.keyboard.x11_watch import Noted
from voicetype.x11.own_keys import OwnKeys

__all__ = ["desktop", "own_desktop"]  # fixtures

pytestmark = pytest.mark.real

FAST = 2000
SLOW = 100

ASCII = "The quick brown Fox, (jumps) 0123 @#$%^&*[]{}|\\~ 'over' \"it\"!"
LATIN = "café señor über Straße"
SYMBOLS = "€5 – “so…”"
GREEK = "αβγ Σίς"
CYRILLIC = "Съешь же Ёж"
CJK = "日本語 한국"
EMOJI = "ok 😀👍🏽 🇩🇪"
SAMPLES = {
    "ascii": ASCII,
    "latin": LATIN,
    "symbols": SYMBOLS,
    "greek": GREEK,
    "cyrillic": CYRILLIC,
    "cjk": CJK,
    "emoji": EMOJI,
}


@contextmanager
def layout(desktop: Desktop, name: str) -> Iterator[None]:
    desktop.layout(name)
    try:
        yield
    finally:
        desktop.layout("us")


@pytest.fixture(scope="module")
def gtk(desktop: Desktop) -> App:
    return desktop.gtk()


@pytest.fixture
def view(desktop: Desktop, gtk: App) -> Iterator[App]:
    """The GTK text view, focused and empty."""
    desktop.user.focus(gtk.title)
    wait_until(lambda: desktop.user.focused_title() == gtk.title, "focus")
    yield gtk
    for keycode in (CONTROL_R, SHIFT_L, SUPER_L):
        desktop.user.release(keycode)
    clear(desktop.user, gtk)


def clear(user: User, app: App) -> None:
    """Select all and delete, as often as it takes: a toolkit that reads a new keymap may miss a shortcut."""
    user.focus(app.title)

    def emptied() -> bool:
        user.press(CONTROL_R)
        user.tap(KEY_A)
        user.release(CONTROL_R)
        user.tap(119)  # Delete
        with suppress(AssertionError):
            app.shows("")
        return app.text == ""

    wait_until(emptied, "the text view is empty")


def test_open_without_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(KeyboardError) as caught:
        X11Keyboard(FAST, OwnKeys()).open(lambda _: None)
    assert "DISPLAY" in caught.value.hint


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # python-xlib leaves sockets
def test_open_on_a_display_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":9753")
    with pytest.raises(KeyboardError):
        X11Keyboard(FAST, OwnKeys()).open(lambda _: None)


def test_every_kind_of_program(own_desktop: Desktop) -> None:
    text = f"{ASCII} é ü € “…” α Ж 日"
    for start in (own_desktop.terminal, own_desktop.tk):
        app = start()
        with typing() as t:
            t.keyboard.claim()
            t.type(text)
            app.shows(text)
        app.end()


def test_the_line_of_a_terminal(own_desktop: Desktop) -> None:
    app = own_desktop.terminal("line_terminal.py")
    with typing(200) as t:
        t.keyboard.claim()
        t.type("echo hällo wörld €")
        t.type("é ok", backspaces=9)
        own_desktop.user.tap(RETURN)
        app.shows("echo hällé ok\n")
    app.end()


@pytest.mark.parametrize(("program", "owner"), [("gtk", "Gtk_text.py"), ("tk", "Tk"), ("terminal", "XTerm")])
def test_a_claim_names_the_program(desktop: Desktop, program: str, owner: str) -> None:
    """Under a window manager's frame, and with the focus on a subwindow (GTK)."""
    app = getattr(desktop, program)()
    with typing() as t:
        claim = t.keyboard.claim()
        assert (claim.app, claim.instance.lower()) == (owner, owner.lower())
    app.end()


def test_patches_mend_the_middle(view: App) -> None:
    with typing() as t:
        t.keyboard.claim()
        t.type("hello wörld 日本")
        t.type("ürld", backspaces=8)
        view.shows("hello ürld")
        t.type("e\u0301 done", backspaces=3)
        view.shows("hello üé done")


def test_no_enter_and_no_tab(view: App) -> None:
    with typing() as t:
        t.keyboard.claim()
        t.type("one\ntwo\tthree\x1b.")
        view.shows("one two three .")


def test_caps_lock_changes_nothing(desktop: Desktop, view: App) -> None:
    desktop.user.tap(CAPS_LOCK)
    with typing() as t:
        t.keyboard.claim()
        t.type("Mixed Case é я Я ß")
        view.shows("Mixed Case é я Я ß")
    assert desktop.user.modifiers() == 2
    desktop.user.tap(CAPS_LOCK)
    assert desktop.user.modifiers() == 0


@pytest.mark.parametrize("held", [(CONTROL_R,), (SHIFT_L,), (SUPER_L,), (64,), (CONTROL_R, SHIFT_L)])
def test_held_modifiers(desktop: Desktop, view: App, held: tuple[int, ...]) -> None:
    with typing() as t:
        t.keyboard.claim()
        for keycode in held:
            desktop.user.press(keycode)
        before = desktop.user.modifiers()
        t.type("Hello, wörld Я")
        t.type("!", backspaces=1)
        view.shows("Hello, wörld !")
        t.keyboard.apply(Patch(0, "\nnew", new_lines=NewLine.SHIFT_RETURN))
        view.shows("Hello, wörld !\nnew")
        t.type("", backspaces=4)
        view.shows("Hello, wörld !")
        assert desktop.user.modifiers() == before
        for keycode in held:
            desktop.user.release(keycode)
        assert desktop.user.modifiers() == 0
        assert t.seen == []
        assert t.keyboard.claim().continues


@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.1, 0.15, 0.19, 0.2, 0.21, 0.25])
def test_a_key_released_while_lifted_does_not_stick(desktop: Desktop, view: App, after_s: float) -> None:
    with typing(SLOW) as t:
        t.keyboard.claim()
        desktop.user.press(CONTROL_R)
        release = threading.Timer(after_s, desktop.user.release, [CONTROL_R])
        release.start()
        t.type("twenty characters ok")
        release.join()
        view.shows("twenty characters ok")
        wait_until(lambda: desktop.user.modifiers() == 0, "no modifier sticks")


def test_a_modifier_pressed_meanwhile_is_lifted_too(desktop: Desktop, view: App) -> None:
    with typing(SLOW) as t:
        t.keyboard.claim()
        press = threading.Timer(0.1, desktop.user.press, [CONTROL_R])
        press.start()
        t.type("forty characters are typed in this patch")
        press.join()
        view.shows("forty characters are typed in this patch")
        assert desktop.user.modifiers() == 4
        desktop.user.release(CONTROL_R)
        assert desktop.user.modifiers() == 0


@pytest.mark.usefixtures("view")
def test_pace() -> None:
    with typing(200) as t:
        t.keyboard.claim()
        began = time.monotonic()
        t.type("x" * 60)
        t.type("", backspaces=40)
        assert time.monotonic() - began >= 99 / 200


def test_focus_moves_in_the_middle(desktop: Desktop, view: App) -> None:
    other = desktop.terminal()
    desktop.user.focus(view.title)
    wait_until(lambda: desktop.user.focused_title() == view.title, "focus")
    with typing(SLOW) as t:
        t.keyboard.claim()
        t.type("0123456789")
        patch = Patch(5, "abcdefghij" * 8)

        def switch() -> None:
            wait_until(lambda: view.text.startswith("01234abcdefghijab"), "some text")
            desktop.user.focus(other.title)

        stopped = t.interrupted(patch, switch)
        assert stopped.reason is Interruption.FOCUS
        assert stopped.erased == 5
        assert 12 <= stopped.typed < 30
        view.shows("01234" + patch.text[: stopped.typed])
        assert other.text == ""
        with pytest.raises(PatchInterrupted) as caught:
            t.type("not here")
        assert (caught.value.reason, caught.value.erased, caught.value.typed) == (Interruption.FOCUS, 0, 0)
        wait_until(lambda: FocusChanged(ours=False) in t.seen, "the focus is reported")
        desktop.user.focus(view.title)
        wait_until(lambda: t.seen[-1] == FocusChanged(ours=True), "its return is reported")
        assert other.text == ""
    other.end()


def test_focus_moves_while_erasing(desktop: Desktop, view: App) -> None:
    other = desktop.terminal()
    desktop.user.focus(view.title)
    with typing(SLOW) as t:
        t.keyboard.claim()
        text = "0123456789" * 6
        t.type(text)

        def switch() -> None:
            wait_until(lambda: len(view.text) < 50, "some is erased")
            desktop.user.focus(other.title)

        stopped = t.interrupted(Patch(60, "x"), switch)
        assert (stopped.reason, stopped.typed) == (Interruption.FOCUS, 0)
        view.shows(text[: 60 - stopped.erased])
        assert other.text == ""
    other.end()


def test_a_key_of_the_users_in_the_middle(desktop: Desktop, view: App) -> None:
    with typing(SLOW) as t:
        t.keyboard.claim()

        def interfere() -> None:
            wait_until(lambda: len(view.text) >= 10, "some text")
            desktop.user.tap(KEY_X)

        stopped = t.interrupted(Patch(0, "aaaaa" * 12), interfere)
        assert stopped.reason is Interruption.FOREIGN_INPUT
        assert 10 <= stopped.typed < 20
        wait_until(lambda: len(view.text) == stopped.typed + 1, "all keys arrive")
        assert view.text.replace("x", "") == "a" * stopped.typed
        wait_until(lambda: t.seen == [UserTyped()], "it is reported")
        assert not t.keyboard.claim().continues


def test_the_same_key_as_ours(desktop: Desktop, view: App) -> None:
    """Only the count tells the user's "a" from ours."""
    with typing(SLOW) as t:
        t.keyboard.claim()

        def interfere() -> None:
            wait_until(lambda: len(view.text) >= 10, "some text")
            desktop.user.tap(KEY_A)

        stopped = t.interrupted(Patch(0, "aaaaa" * 12), interfere)
        assert stopped.reason is Interruption.FOREIGN_INPUT
        view.shows("a" * (stopped.typed + 1))


def test_own_typing_is_not_the_users(desktop: Desktop, view: App) -> None:
    with typing(FAST) as t:
        t.keyboard.claim()
        desktop.user.press(CONTROL_R)
        for _ in range(20):
            t.type("Some TEXT 日")
            t.type("", backspaces=11)
        desktop.user.release(CONTROL_R)
        view.shows("")
        assert t.seen == []


def test_claim_continues(desktop: Desktop, view: App) -> None:
    with typing() as t:
        assert not t.keyboard.claim().continues
        t.type("one")
        assert t.keyboard.claim().continues
        desktop.user.tap(SHIFT_L)
        assert t.keyboard.claim().continues
        desktop.user.tap(KEY_X)
        assert not t.keyboard.claim().continues
        assert not t.keyboard.claim().continues
        t.type("two")
        assert t.keyboard.claim().continues
        desktop.user.click(4, view.title)
        assert t.keyboard.claim().continues
        desktop.user.click(1, view.title)
        assert not t.keyboard.claim().continues
        view.shows("onextwo")


def test_nothing_is_erased_once_the_user_typed(desktop: Desktop, view: App) -> None:
    with typing() as t:
        t.keyboard.claim()
        t.type("one two")
        desktop.user.tap(KEY_X)
        with pytest.raises(PatchInterrupted) as caught:
            t.type("deux", backspaces=3)
        assert caught.value.reason is Interruption.FOREIGN_INPUT
        t.type(" three")
        view.shows("one twox three")


def test_a_key_in_the_moment_of_looking_counts(view: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's key is noted right after the typist has asked."""

    def asked(noted: Noted) -> bool:
        answer = noted._touched
        noted.touch()
        return answer

    with typing() as t:
        t.keyboard.claim()
        t.type("one two")
        with monkeypatch.context() as patch:
            patch.setattr(Noted, "touched", property(asked))
            with pytest.raises(PatchInterrupted) as caught:
                t.type("deux", backspaces=3)
        assert (caught.value.reason, caught.value.erased) == (Interruption.FOREIGN_INPUT, 0)
        view.shows("one two")


def test_the_window_dies(own_desktop: Desktop) -> None:
    app = own_desktop.gtk()
    with typing(SLOW) as t:
        t.keyboard.claim()

        def kill() -> None:
            wait_until(lambda: len(app.text) >= 10, "some text")
            app.end()

        stopped = t.interrupted(Patch(0, "x" * 100), kill)
        assert stopped.reason is Interruption.FOCUS
        assert stopped.typed >= 10
        with pytest.raises(KeyboardError, match="No window"):
            t.keyboard.claim()


def test_the_server_dies(own_desktop: Desktop) -> None:
    app = own_desktop.gtk()
    with typing(SLOW) as t:
        t.keyboard.claim()

        def kill() -> None:
            wait_until(lambda: len(app.text) >= 10, "some text")
            own_desktop.server.kill()

        stopped = t.interrupted(Patch(0, "x" * 100), kill)
        assert stopped.reason is Interruption.BROKEN
        assert stopped.typed >= 10
        with pytest.raises(PatchInterrupted):
            t.type("more")
        with pytest.raises(KeyboardError):
            t.keyboard.claim()


@pytest.mark.parametrize(
    ("layouts", "sample"),
    [
        *[("us", sample) for sample in SAMPLES],
        *[("de", sample) for sample in ("ascii", "latin", "symbols", "cjk")],
        *[("fr", sample) for sample in ("ascii", "latin", "emoji")],
        *[("us(dvorak)", sample) for sample in ("ascii", "cyrillic")],
        *[("us(intl)", sample) for sample in ("ascii", "latin")],
        *[("ru", sample) for sample in ("ascii", "cyrillic", "symbols")],
        ("gr", "greek"),
        ("us,de", "ascii"),
    ],
)
def test_any_text_on_any_layout(desktop: Desktop, view: App, layouts: str, sample: str) -> None:
    with typing() as t, layout(desktop, layouts):
        t.keyboard.claim()
        t.type(SAMPLES[sample])
        view.shows(SAMPLES[sample])


@pytest.mark.parametrize("sample", ["ascii", "cyrillic", "symbols"])
def test_second_group_active(desktop: Desktop, view: App, sample: str) -> None:
    with typing() as t, layout(desktop, "us,ru"):
        desktop.user.tap(MENU)
        t.keyboard.claim()
        t.type(SAMPLES[sample])
        view.shows(SAMPLES[sample])


def test_more_missing_characters_than_spare_keycodes(view: App) -> None:
    text = "".join(chr(0x4E00 + 7 * n) for n in range(25))
    with typing() as t:
        t.keyboard.claim()
        t.type(text)
        view.shows(text)


@pytest.mark.usefixtures("view")
def test_spare_keycodes_are_given_back(desktop: Desktop) -> None:
    before = desktop.user.keymap()
    with typing() as t:
        t.keyboard.claim()
        t.type(f"{GREEK} {CJK} {EMOJI}")
        assert desktop.user.keymap() != before
    assert desktop.user.keymap() == before
    t.keyboard.close()


def test_a_new_layout_in_between(desktop: Desktop, view: App) -> None:
    with typing() as t:
        t.keyboard.claim()
        t.type("yz 日本")
        with layout(desktop, "de"):
            t.type("yz 日本 €")
        t.type("yz 日本")
        view.shows("yz 日本yz 日本 €yz 日本")
