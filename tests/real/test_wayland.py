"""Typing on Wayland: real dictations into real programs on sway, and what may come between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from threading import Thread, Timer

import pytest

from tests.real.script import Script
from tests.real.wayland import (
    BACKSPACE,
    CONTROL_R,
    ENTER,
    F9,
    KEY_A,
    KEY_X,
    SHIFT_L,
    Compositor,
    compositor,
    own_compositor,
)
from tests.real.xserver import App, wait_until
from voicetype.core.events import Erasing, FocusChanged, NewLine, Patch, UserTyped
from voicetype.errors import Interruption, KeyboardError, PatchInterrupted
from voicetype.keyboard import KeyboardLost, Purpose
from voicetype.keyboard.process import ProcessKeyboard
from voicetype.proof import Proof
from voicetype.wayland.globals import INPUT_METHOD, TOPLEVELS, VIRTUAL_KEYBOARD, offered

pytestmark = pytest.mark.real

__all__ = ["compositor", "own_compositor"]

CODES = {"a": 30, "b": 48, "c": 46, "d": 32, "e": 18, "f": 33}

WAYS = {"virtual-keyboard": "virtual_keyboard", "input-method": "input_method"}

SPOKEN = {
    # drafts, one after the other, and what is confirmed in the end
    "ASCII": (
        ["the quick", "the quick brown fax", "the quick brown fax jumps"],
        "The quick brown fox jumps.",
    ),
    "accents": (
        ["le cœur a", "le cœur a ses résons", "le cœur a ses raisons"],
        "Le cœur a ses raisons, où ça ?",
    ),
    "Greek": (["καλημέρα", "καλημέρα κοσμε", "καλημέρα κόσμε"], "Καλημέρα, κόσμε."),
    "CJK": (["你好 世", "你好 世界 早上", "你好 世界 早上好"], "你好, 世界 早上好。"),
    "emoji": (["party 🎉", "party 🎉 with 👩‍💻", "party 🎉 with 👩‍💻 and"], "Party 🎉 with 👩‍💻 and 👍🏽 🇫🇷"),
}


def way(name: str, reserved: Callable[[], Collection[int]] = tuple) -> ProcessKeyboard:
    module = f"voicetype.keyboard.{WAYS[name]}"
    return ProcessKeyboard(name, module, {"characters_per_s": 300}, reserved)


@pytest.fixture
def script(request: pytest.FixtureRequest, compositor: Compositor) -> Iterator[Script]:
    """By the way that the test is marked with, else as an input method; `compositor` is up by then."""
    assert compositor
    script = Script(way(getattr(request, "param", "input-method")))
    yield script
    script.keyboard.close()


by_keys = pytest.mark.parametrize("script", ["virtual-keyboard"], indirect=True)
both_ways = pytest.mark.parametrize("script", sorted(WAYS), indirect=True)


@pytest.fixture(scope="module")
def gtk(compositor: Compositor) -> App:
    return compositor.gtk()


@pytest.fixture(scope="module")
def foot(compositor: Compositor) -> App:
    return compositor.terminal()


@pytest.fixture(params=["gtk", "foot"])
def app(request: pytest.FixtureRequest, compositor: Compositor) -> App:
    """Each of both programs, with the focus."""
    app = request.getfixturevalue(request.param)
    assert isinstance(app, App)
    compositor.focus(app)
    return app


def dictate(script: Script, drafts: list[str], confirmed: str) -> str:
    """Drafts, a confirmation of the first utterance that comes when the second has begun; the text."""
    script.begin()
    script.speak(1)
    for each in drafts:
        script.draft(each, 1)
    script.speak(2)
    script.draft("and more", 2)
    script.confirm(confirmed, 1)
    script.draft("and more of", 2)
    script.confirm("And more of it.", 2)
    return script.end()


# ── the matrix ───────────────────────────────────────────────────────────────────────────────────


@both_ways
@pytest.mark.parametrize("spoken", sorted(SPOKEN))
def test_the_program_has_what_was_dictated(app: App, script: Script, spoken: str) -> None:
    before = app.text
    text = dictate(script, *SPOKEN[spoken])
    assert text.endswith("nd more of it.")
    app.shows(before + script.session.before + text if script.claim.continues else before + text)
    assert not script.heard
    if script.claim.preedit:
        assert text == f"{SPOKEN[spoken][1]} And more of it."
    else:
        assert script.claim.erasing is Erasing.NONE
        assert script.erased == 0


@both_ways
def test_line_breaks_where_they_may_be(script: Script, compositor: Compositor) -> None:
    """Erased as well; the field tells the caret's line alone."""
    app = compositor.gtk("gtk_lines.py", "view")
    script.keyboard.claim()
    for patch, stands in (
        (Patch(0, "one"), "one"),
        (Patch(0, "\ntwo"), "one\ntwo"),
        (Patch(4, "\n"), "one\n"),
        (Patch(0, "\n"), "one\n\n"),
        (Patch(3, "ly\nso"), "only\nso"),
    ):
        script.keyboard.apply(replace(patch, new_lines=NewLine.SHIFT_RETURN))
        app.shows(stands)
        assert not Proof(script.keyboard.read).denied(stands)
    script.keyboard.apply(Patch(0, "\nthe end"))
    app.shows("only\nso the end")
    app.end()


@both_ways
def test_what_they_would_do_in_a_field_of_one_line(script: Script, compositor: Compositor) -> None:
    app = compositor.gtk("gtk_lines.py", "entry")
    assert script.keyboard.claim().several_lines is None
    for key in NewLine:
        script.keyboard.apply(Patch(0, "one\ntwo", new_lines=key))
    pressed = script.keyboard.name == "virtual-keyboard"
    app.shows("sent onetwoonetwo" if pressed else "one\ntwoone\ntwo")
    app.end()


# ── what a claim says ────────────────────────────────────────────────────────────────────────────


@by_keys
def test_a_claim_by_keys_names_the_program_and_allows_no_erasing(script: Script, app: App, gtk: App) -> None:
    script.begin()
    assert script.claim.app == ("gtk_text.py" if app is gtk else "foot")
    assert (script.claim.erasing, script.claim.preedit, script.claim.continues) == (
        Erasing.NONE,
        False,
        False,
    )
    assert script.keyboard.read(10) is None


def test_a_field_that_tells_its_text_may_be_mended(script: Script, compositor: Compositor, gtk: App) -> None:
    compositor.focus(gtk)
    script.begin()
    assert (script.claim.erasing, script.claim.preedit) == (Erasing.EXACT, True)
    assert script.claim.purpose is Purpose.TEXT
    assert script.keyboard.read(5) == gtk.text[-5:]


def test_a_terminal_is_only_appended_to(script: Script, compositor: Compositor, foot: App) -> None:
    compositor.focus(foot)
    script.begin()
    assert (script.claim.erasing, script.claim.preedit) == (Erasing.NONE, True)
    assert script.claim.purpose is Purpose.TERMINAL
    assert script.keyboard.read(5) is None


def test_the_next_dictation_continues_behind_the_last(
    script: Script, compositor: Compositor, gtk: App
) -> None:
    compositor.focus(gtk)
    before = gtk.text
    for _ in range(2):
        script.begin()
        script.speak()
        script.draft("one")
        script.confirm("One.")
        script.end()
    assert script.claim.continues
    gtk.shows(before + "One. One.")


def test_the_last_dictation_can_be_taken_back_after_its_end(
    script: Script, compositor: Compositor, gtk: App
) -> None:
    compositor.focus(gtk)
    before = gtk.text
    script.begin()
    script.speak()
    script.confirm("Take this back.")
    script.end()
    gtk.shows(before + "Take this back.")
    script.keyboard.apply(Patch(len("Take this back."), ""))
    gtk.shows(before)


def test_what_the_user_typed_since_is_not_taken_back(
    script: Script, compositor: Compositor, gtk: App
) -> None:
    compositor.focus(gtk)
    before = gtk.text
    script.begin()
    script.speak()
    script.confirm("Keep.")
    script.end()
    gtk.shows(before + "Keep.")
    compositor.user.tap(KEY_X)
    gtk.shows(before + "Keep.x")
    with pytest.raises(PatchInterrupted) as stopped:
        script.keyboard.apply(Patch(5, ""))
    assert (stopped.value.erased, stopped.value.typed) == (0, 0)
    gtk.shows(before + "Keep.x")


# ── drafts as preedit ────────────────────────────────────────────────────────────────────────────


def test_a_draft_is_shown_and_is_not_the_program_s_text(
    script: Script, compositor: Compositor, gtk: App
) -> None:
    compositor.focus(gtk)
    before = gtk.text
    script.begin()
    script.speak()
    script.draft("underlined words here")
    assert gtk.text == before
    assert script.session.on_screen
    assert script.keyboard.read(9) == before[-9:]
    script.confirm("Underlined words here.")
    script.end()
    gtk.shows(before + "Underlined words here.")


def test_a_draft_can_be_seen(script: Script, compositor: Compositor, foot: App, tmp_path: Path) -> None:
    """The terminal of the tests shows nothing of what it is sent: what can be seen is the draft."""
    compositor.focus(foot)
    seen = [compositor.picture(tmp_path / "0.png")]
    script.begin()
    script.speak()
    for draft in ("underlined words", "underlined words that grow"):
        script.draft(draft)
        wait_until(lambda: compositor.picture(tmp_path / "1.png") not in seen, "the draft is painted")
        seen.append(compositor.picture(tmp_path / "1.png"))
    script.confirm("Underlined words that grow.")
    script.end()
    wait_until(lambda: compositor.picture(tmp_path / "2.png") not in seen[1:], "the draft has gone")


@pytest.mark.parametrize("key", [KEY_X, BACKSPACE, ENTER])
def test_a_key_of_the_user_s_finds_the_draft_committed(
    script: Script, compositor: Compositor, app: App, gtk: App, key: int
) -> None:
    before = app.text
    script.begin()
    script.speak()
    script.draft("some words that")
    shown = script.session.on_screen
    assert shown.startswith("Some") or shown.startswith("some")
    compositor.user.tap(key)
    done = {
        KEY_X: lambda text: text + "x",
        BACKSPACE: lambda text: text[:-1] if app is gtk else text + "\x7f",
        ENTER: lambda text: text + ("\n" if app is gtk else "\r"),
    }[key](before + shown)
    app.shows(done)
    script.wait_for(lambda: UserTyped() in script.heard, wait_until)
    script.draft("some words that go on")
    script.confirm("Some words that go on.")
    script.end()
    wait_until(lambda: app.text.endswith("go on."), "the rest arrives")
    assert app.text.startswith(done)


def test_modifiers_and_the_push_to_talk_key_leave_the_draft_alone(compositor: Compositor, gtk: App) -> None:
    compositor.focus(gtk)
    before = gtk.text
    script = Script(way("input-method", lambda: {F9}))
    compositor.user.press(CONTROL_R)
    try:
        script.begin()
        script.speak()
        script.draft("held while")
        compositor.user.release(CONTROL_R)
        compositor.user.tap(SHIFT_L)
        compositor.user.tap(F9)
        script.draft("held while spoken")
        assert gtk.text == before
        script.confirm("Held while spoken.")
        script.end()
        gtk.shows(before + "Held while spoken.")
        assert not script.heard
    finally:
        script.keyboard.close()


def test_a_shifted_key_of_the_user_s_stays_shifted(script: Script, compositor: Compositor, gtk: App) -> None:
    compositor.focus(gtk)
    before = gtk.text
    script.begin()
    script.speak()
    script.draft("capital follows now")
    shown = script.session.on_screen
    compositor.user.press(SHIFT_L)
    compositor.user.tap(KEY_A)
    compositor.user.release(SHIFT_L)
    compositor.user.tap(KEY_A)
    gtk.shows(before + shown + "Aa")


def test_a_key_that_is_down_when_the_keys_are_given_back_comes_up(
    script: Script, compositor: Compositor, gtk: App
) -> None:
    compositor.focus(gtk)
    script.begin()
    script.speak()
    script.draft("a key stays")
    compositor.user.press(KEY_X)
    script.wait_for(lambda: UserTyped() in script.heard, wait_until)
    script.end()
    wait_until(lambda: gtk.text.endswith("x"), "the key arrives")
    compositor.user.release(KEY_X)
    length = len(gtk.text)
    compositor.user.tap(KEY_A)
    wait_until(lambda: gtk.text.endswith("a"), "the next key arrives")
    assert gtk.text[length:].strip("x") == "a"  # it has not repeated since


# ── password fields ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("options", [("purpose",), ()])
def test_a_password_is_not_dictated(script: Script, compositor: Compositor, options: tuple[str, ...]) -> None:
    """Where the field does not say that it is one, it is known once a character stands in it."""
    app = compositor.gtk("gtk_password.py", *options)
    typed = "" if options else "x"
    try:
        if typed:
            compositor.user.tap(KEY_X)
        app.shows(typed)
        script.begin()
        assert script.claim.purpose is Purpose.PASSWORD
        with pytest.raises(PatchInterrupted):
            script.keyboard.apply(Patch(0, "secret"))
        assert app.text == typed
    finally:
        app.end()


# ── faults ───────────────────────────────────────────────────────────────────────────────────────


@both_ways
def test_nothing_is_typed_into_the_window_that_got_the_focus(
    script: Script, compositor: Compositor, gtk: App, foot: App
) -> None:
    compositor.focus(gtk)
    before, other = gtk.text, foot.text
    script.begin()
    script.speak()
    script.draft("first words")
    script.confirm("First words are", final=False)
    compositor.focus(foot)
    script.wait_for(lambda: FocusChanged(ours=False) in script.heard, wait_until)
    script.draft("First words are here and there")
    with pytest.raises(PatchInterrupted) as stopped:
        script.keyboard.apply(Patch(0, "wrong"))
    assert stopped.value.reason is Interruption.FOCUS
    assert foot.text == other
    assert gtk.text.startswith(before)
    compositor.focus(gtk)
    script.wait_for(lambda: script.heard[-1] == FocusChanged(ours=True), wait_until)
    script.confirm("First words are here and there.")
    script.end()
    wait_until(lambda: gtk.text.endswith("there."), "the rest is typed when the focus is back")
    assert foot.text == other


@by_keys
def test_a_focus_that_moves_in_the_middle_of_a_patch_stops_it(
    script: Script, compositor: Compositor, gtk: App, foot: App
) -> None:
    compositor.focus(gtk)
    before, other = gtk.text, foot.text
    script.begin()
    text = "abcdefghij" * 60
    mover = Timer(0.3, compositor.focus, (foot,))
    mover.start()
    with pytest.raises(PatchInterrupted) as stopped:
        script.keyboard.apply(Patch(0, text))
    mover.join()
    assert stopped.value.reason is Interruption.FOCUS
    typed = stopped.value.typed
    assert 0 < typed < len(text)
    landed = len(gtk.text) - len(before)
    wait_until(lambda: len(gtk.text) + len(foot.text) - len(before + other) == typed, "all keys arrive")
    assert len(foot.text) - len(other) <= 1  # the one that was on its way
    assert text.startswith(gtk.text[len(before) :])
    assert landed <= typed


@both_ways
def test_a_window_that_is_killed_is_let_go_of(script: Script, compositor: Compositor, foot: App) -> None:
    app = compositor.gtk()
    script.begin()
    script.speak()
    script.draft("to be lost soon")
    other = foot.text
    app.end()
    script.wait_for(lambda: FocusChanged(ours=False) in script.heard, wait_until)
    with pytest.raises(PatchInterrupted):
        script.keyboard.apply(Patch(0, "wrong"))
    assert foot.text == other


def test_a_click_of_the_user_s_elsewhere_in_the_field_is_respected(
    script: Script, compositor: Compositor
) -> None:
    app = compositor.gtk()
    script.begin()
    script.speak()
    script.confirm("Clicked.")
    script.speak(2)
    script.draft("into the middle", 2)
    app.shows("Clicked.")
    draft = script.session.on_screen.removeprefix("Clicked.")
    assert draft
    x, y = compositor.place(app)
    compositor.user.click(x + 2, y + 8)
    script.wait_for(lambda: UserTyped() in script.heard, wait_until)
    app.shows(draft + "Clicked.")  # where the caret is now; it would be lost otherwise
    with pytest.raises(PatchInterrupted) as stopped:
        script.keyboard.apply(Patch(3, "wrong"))
    assert stopped.value.reason is Interruption.FOREIGN_INPUT
    script.end()
    app.end()


def test_a_click_takes_committed_text_out_of_reach(script: Script, compositor: Compositor) -> None:
    app = compositor.gtk()
    script.begin()
    script.keyboard.apply(Patch(0, "one two three"))
    x, y = compositor.place(app)
    compositor.user.click(x + 2, y + 8)
    script.wait_for(lambda: UserTyped() in script.heard, wait_until)
    with pytest.raises(PatchInterrupted):
        script.keyboard.apply(Patch(5, "3"))
    script.keyboard.apply(Patch(0, "zero "))
    app.shows("zero one two three")
    app.end()


def test_text_that_the_program_has_changed_is_not_erased(script: Script, compositor: Compositor) -> None:
    app = compositor.gtk("gtk_capitals.py")
    try:
        script.begin()
        script.keyboard.apply(Patch(0, "one two"))
        app.shows("ONE TWO")
        with pytest.raises(PatchInterrupted) as stopped:
            script.keyboard.apply(Patch(3, "2"))
        assert stopped.value.reason is Interruption.FOREIGN_INPUT
        assert (stopped.value.erased, stopped.value.typed) == (0, 0)
        script.keyboard.apply(Patch(0, " three"))
        app.shows("ONE TWO THREE")
    finally:
        app.end()


@both_ways
def test_the_child_killed_in_the_middle_of_a_patch(script: Script, compositor: Compositor, gtk: App) -> None:
    compositor.focus(gtk)
    script.begin()
    before = gtk.text
    Timer(0.3, os.kill, (child_of(script), signal.SIGKILL)).start()
    with pytest.raises(PatchInterrupted) as stopped:
        type_for_ever(script)
    assert (stopped.value.reason, stopped.value.erased, stopped.value.typed) == (Interruption.BROKEN, 0, 0)
    script.wait_for(lambda: FocusChanged(ours=False) in script.heard, wait_until)
    assert gtk.text.startswith(before)
    compositor.user.tap(KEY_X)  # the grab of the dead is over
    wait_until(lambda: gtk.text.endswith("x"), "the user's keys arrive")
    standing = gtk.text
    script.heard.clear()
    script.begin()
    script.speak()
    script.confirm("Again.")
    script.end()
    wait_until(lambda: gtk.text.startswith(standing) and gtk.text.endswith("Again."), "it types again")


def test_a_child_that_hangs_does_not_keep_the_user_s_keys(
    script: Script, compositor: Compositor, gtk: App
) -> None:
    compositor.focus(gtk)
    script.begin()
    script.speak()
    script.draft("words that are never")
    os.kill(child_of(script), signal.SIGSTOP)
    script.wait_for(lambda: FocusChanged(ours=False) in script.heard, wait_until)
    before = gtk.text
    compositor.user.tap(KEY_X)
    gtk.shows(before + "x")
    with pytest.raises(PatchInterrupted) as stopped:
        script.keyboard.apply(Patch(0, "finished"))
    assert stopped.value.reason is Interruption.BROKEN
    script.begin()
    script.speak()
    script.confirm("Once more.")
    script.end()
    gtk.shows(before + "xOnce more.")


def test_a_child_that_hangs_while_it_writes(script: Script, compositor: Compositor, gtk: App) -> None:
    compositor.focus(gtk)
    script.begin()
    Timer(0.3, os.kill, (child_of(script), signal.SIGSTOP)).start()
    with pytest.raises(PatchInterrupted) as stopped:
        type_for_ever(script)
    assert stopped.value.reason is Interruption.BROKEN


def test_a_long_rest_with_a_draft_is_no_hanging(script: Script, compositor: Compositor, gtk: App) -> None:
    compositor.focus(gtk)
    before = gtk.text
    script.begin()
    script.speak()
    script.draft("still there after a while")
    rested = time.monotonic() + 3.5
    while time.monotonic() < rested:
        script.take_in()
        assert not script.heard
    shown = script.session.on_screen
    compositor.user.tap(KEY_X)
    gtk.shows(before + shown + "x")


def child_of(script: Script) -> int:
    """The process that the keyboard runs in: the one that was started last."""
    assert script
    python = [each for each in children(os.getpid()) if b"keyboard.process" in command(each)]
    return python[-1]


def command(process: int) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes()


def type_for_ever(script: Script) -> None:
    while True:
        script.keyboard.apply(Patch(0, "words and ", draft=5))


@pytest.mark.parametrize("name", sorted(WAYS))
def test_the_compositor_killed(own_compositor: Compositor, name: str) -> None:
    own_compositor.terminal()
    script = Script(way(name))
    try:
        script.begin()
        script.speak()
        script.draft("the last words")
        own_compositor.process.kill()
        script.wait_for(lambda: KeyboardLost() in script.heard, wait_until)
        assert FocusChanged(ours=False) in script.heard
        with pytest.raises(PatchInterrupted) as stopped:
            script.keyboard.apply(Patch(0, "nowhere"))
        assert stopped.value.reason is Interruption.BROKEN
        with pytest.raises(KeyboardError):
            script.keyboard.claim()
    finally:
        script.keyboard.close()


# ── other input methods ──────────────────────────────────────────────────────────────────────────


def test_another_input_method_has_the_seat(script: Script, compositor: Compositor, gtk: App) -> None:
    compositor.focus(gtk)
    script.begin()
    second = way("input-method")
    with pytest.raises(KeyboardError) as refused:
        second.open(lambda _: None)
    assert "virtual-keyboard" in refused.value.hint
    script.end()
    second.open(lambda _: None)  # between dictations the seat is free
    try:
        second.claim()
        before = gtk.text
        script.begin()
        assert (script.claim.preedit, script.claim.erasing) == (False, Erasing.NONE)
        script.speak()
        script.confirm("By keys, then.")
        script.end()
        gtk.shows(before + script.session.text)
    finally:
        second.close()


def test_a_program_without_text_input_is_typed_into_by_keys(script: Script, compositor: Compositor) -> None:
    app = compositor.gtk(method="gtk-im-context-simple")
    try:
        text = dictate(script, *SPOKEN["accents"])
        assert (script.claim.preedit, script.claim.erasing) == (False, Erasing.NONE)
        app.shows(text)
    finally:
        app.end()


def test_a_program_that_answers_late_is_dictated_into(script: Script, compositor: Compositor) -> None:
    app = compositor.gtk()
    try:
        os.kill(app.process.pid, signal.SIGSTOP)
        script.begin()
        os.kill(app.process.pid, signal.SIGCONT)
        assert not script.claim.preedit
        for utterance, text in enumerate(["Late.", "Late. But here."], 1):
            script.speak(utterance)
            script.confirm(text.split(". ")[-1], utterance)
            app.shows(text)
        assert not script.heard
    finally:
        app.end()


# ── long texts, held keys ────────────────────────────────────────────────────────────────────────


def test_a_text_longer_than_a_message(script: Script, compositor: Compositor) -> None:
    app = compositor.gtk()
    long = "naïve café 漢字 " * 400
    try:
        script.begin()
        script.keyboard.apply(Patch(0, long, draft=2000))
        script.keyboard.apply(Patch(0, "", draft=0))
        app.shows(long)
    finally:
        app.end()


@by_keys
def test_a_held_control_key_makes_no_shortcuts(script: Script, compositor: Compositor, app: App) -> None:
    before = app.text
    compositor.user.press(CONTROL_R)
    try:
        script.begin()
        script.speak()
        script.confirm("Quit, cut, paste: qxv.")
        script.end()
        app.shows(before + "Quit, cut, paste: qxv.")
    finally:
        compositor.user.release(CONTROL_R)


@by_keys
def test_control_characters_become_spaces(script: Script, app: App) -> None:
    before = app.text
    script.begin()
    script.keyboard.apply(Patch(0, "a\tb\nc\x1bd\re"))
    app.shows(before + "a b c d e")


@by_keys
def test_backspaces_reach_gtk(script: Script, compositor: Compositor, gtk: App) -> None:
    """Nobody asks for them of this way by itself; evidence of what stands may allow them."""
    compositor.focus(gtk)
    before = gtk.text
    script.begin()
    script.keyboard.apply(Patch(0, "some wrong words"))
    script.keyboard.apply(Patch(11, "right ones"))
    gtk.shows(before + "some right ones")


@by_keys
def test_a_program_that_rests_in_the_middle_loses_nothing(script: Script, compositor: Compositor) -> None:
    """Nor its connection, which the compositor ends where too much is unread."""
    app = compositor.gtk()
    text = "naïve fox jumps " * 40
    waker = Timer(5.0, os.kill, (app.process.pid, signal.SIGCONT))
    try:
        script.begin()
        os.kill(app.process.pid, signal.SIGSTOP)
        waker.start()
        script.keyboard.apply(Patch(0, text))
        app.shows(text)
    finally:
        waker.join()
        app.end()


@by_keys
def test_more_characters_than_a_keyboard_has_keys(script: Script, compositor: Compositor) -> None:
    app = compositor.gtk()
    many = "".join(chr(0x4E00 + each) for each in range(400)) + "and back again"
    try:
        script.begin()
        script.keyboard.apply(Patch(0, many))
        app.shows(many)
    finally:
        app.end()


# ── processes ────────────────────────────────────────────────────────────────────────────────────

DAEMON = """
import sys, time
from tests.real.test_wayland import way
from voicetype.core.events import Patch

keyboard = way(sys.argv[1])
keyboard.open(lambda _: None)
keyboard.claim()
keyboard.apply(Patch(0, "written down", draft=4))
print("shown", flush=True)
if sys.argv[2] == "stay":
    time.sleep(60)
keyboard.close()
"""


@pytest.mark.parametrize("name", sorted(WAYS))
def test_nothing_is_left_of_a_daemon_that_is_killed(compositor: Compositor, name: str) -> None:
    app = compositor.gtk()
    daemon = subprocess.Popen(
        [sys.executable, "-c", DAEMON, name, "stay"],
        env=compositor.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert daemon.stdout is not None
        assert daemon.stdout.readline() == "shown\n"
        child = Path(f"/proc/{children(daemon.pid)[0]}")
        daemon.kill()
        daemon.communicate()
        wait_until(lambda: not child.exists(), "the child ends")
        app.shows("written down")
        compositor.user.tap(KEY_X)
        app.shows("written downx")
        second = way("input-method")
        second.open(lambda _: None)  # raises where the dead one still had the seat
        second.close()
    finally:
        app.end()


@pytest.mark.parametrize("name", sorted(WAYS))
def test_the_library_s_crash_at_exit_is_nobody_s(compositor: Compositor, name: str) -> None:
    app = compositor.gtk()
    try:
        ended = subprocess.run(
            [sys.executable, "-X", "faulthandler", "-c", DAEMON, name, "leave"],
            env=compositor.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "shown\n", "")
    finally:
        app.end()


def children(parent: int) -> list[int]:
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(each) for each in listed.split()]


def test_what_the_compositor_offers_is_read_from_its_socket(compositor: Compositor) -> None:
    assert compositor
    assert {VIRTUAL_KEYBOARD, INPUT_METHOD, TOPLEVELS, "wl_seat"} <= offered()
    assert offered({**os.environ, "WAYLAND_DISPLAY": "nowhere"}) == frozenset()


def test_no_key_of_the_user_s_is_lost_while_drafts_come_and_go(
    script: Script, compositor: Compositor, app: App
) -> None:
    """In bursts, with pauses between; dictation after dictation, each of many drafts."""
    before, letters = app.text, "abcdef" * 40
    chance = Random(6)

    def type_() -> None:
        for letter in letters:
            compositor.user.tap(CODES[letter])
            if chance.random() < 0.3:
                time.sleep(chance.uniform(0.0, 0.05))

    typing, dictated = Thread(target=type_), ""
    typing.start()
    while typing.is_alive():
        script.begin()
        for utterance in range(1, 4):
            script.speak(utterance)
            script.draft("ONE TWO THREE FOUR", utterance)
            script.draft("ONE TWO THREE FOUR FIVE SIX", utterance)
            script.confirm("ONE TWO THREE FOUR FIVE SIX.", utterance)
        dictated += script.end()
    typing.join()

    def arrived() -> str:
        return app.text[len(before) :].replace(" ", "")  # one more where a dictation continues the last

    dictated = dictated.replace(" ", "")
    wait_until(lambda: len(arrived()) >= len(letters + dictated), "all of it arrives")
    assert "".join(each for each in arrived() if each in CODES) == letters
    assert "".join(each for each in arrived() if each not in CODES) == dictated
