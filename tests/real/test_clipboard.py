"""Pasting into real programs on a real X server, and what becomes of what was on the clipboard."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.real.xserver import (
    APPS,
    CONTROL_R,
    KEY_A,
    App,
    Desktop,
    desktop,
    own_desktop,
    wait_until,
)
from voicetype.core.events import FocusChanged, Patch, UserTyped
from voicetype.errors import Interruption, KeyboardError, PatchInterrupted
from voicetype.keyboard import KeyboardLost
from voicetype.keyboard import x11_clipboard as way
from voicetype.keyboard.x11_clipboard import ClipboardKeyboard
from voicetype.x11.own_keys import OwnKeys

__all__ = ["desktop", "own_desktop"]  # fixtures

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not shutil.which("xclip"), reason="not installed: xclip"),
]

TEXT = 'Hello, Wörld: αβγ, "日本語" and 😀. '
TABLE_BYTES = 300_000


class Clipboard:
    """What other programs see of it, and the programs that own it."""

    def __init__(self, display: str, folder: Path, stack: ExitStack) -> None:
        self._environment = {**os.environ, "DISPLAY": display}
        self._folder, self._stack = folder, stack
        self._numbers = count()

    def copy(self, data: bytes, target: str = "UTF8_STRING", selection: str = "clipboard") -> None:
        """xclip owns it, in the background."""
        subprocess.run(
            ["xclip", "-in", "-selection", selection, "-target", target],
            input=data,
            check=True,
            timeout=20,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def owner(self, script: str, argument: str) -> tuple[subprocess.Popen[bytes], Path]:
        """A program that owns it, or watches it; and its file."""
        file = self._folder / f"owner-{next(self._numbers)}"
        python = sys.executable if script == "slow_owner.py" else "/usr/bin/python3"
        process = subprocess.Popen(
            [python, str(APPS / script), str(file), argument],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        wait_until(lambda: file.exists() or process.poll() is not None, f"{script} starts")
        if process.poll() is not None:
            pytest.skip(f"{script} does not run here")
        return process, file

    def read(self, target: str = "UTF8_STRING", selection: str = "clipboard") -> bytes:
        """As another program reads it; nothing where it holds nothing of the kind."""
        command = ["xclip", "-out", "-selection", selection, "-target", target]
        done = subprocess.run(command, capture_output=True, timeout=20, check=False, env=self._environment)
        return done.stdout

    def everything(self) -> dict[str, bytes]:
        questions = {"TARGETS", "MULTIPLE", "TIMESTAMP", "SAVE_TARGETS"}
        return {
            name: self.read(name) for name in self.read("TARGETS").decode().split() if name not in questions
        }


@pytest.fixture
def clipboard(desktop: Desktop, tmp_path: Path) -> Iterator[Clipboard]:
    with ExitStack() as stack:
        yield Clipboard(desktop.name, tmp_path, stack)


class Typing:
    """A keyboard that is open, and what it reported."""

    def __init__(self, keys: str) -> None:
        self.seen: list[FocusChanged | UserTyped | KeyboardLost] = []
        self.keyboard = ClipboardKeyboard(1000, OwnKeys(), keys)
        self.keyboard.open(self.seen.append)

    def type(self, text: str, backspaces: int = 0) -> None:
        self.keyboard.apply(Patch(backspaces, text))

    def interrupted(self, text: str, backspaces: int = 0) -> PatchInterrupted:
        with pytest.raises(PatchInterrupted) as caught:
            self.type(text, backspaces)
        return caught.value


@contextmanager
def typing(keys: str = "auto") -> Iterator[Typing]:
    typing = Typing(keys)
    try:
        typing.keyboard.claim()
        yield typing
    finally:
        typing.keyboard.close()
        typing.keyboard.close()


@pytest.fixture(scope="module")
def gtk(desktop: Desktop) -> App:
    return desktop.gtk()


@pytest.fixture
def view(desktop: Desktop, gtk: App) -> App:
    """The GTK text view, focused and empty."""

    def emptied() -> bool:
        desktop.user.focus(gtk.title)
        desktop.user.press(CONTROL_R)
        desktop.user.tap(KEY_A)
        desktop.user.release(CONTROL_R)
        desktop.user.tap(119)  # Delete
        return gtk.text == ""

    wait_until(lambda: emptied() and desktop.user.focused_title() == gtk.title, "the view is empty")
    return gtk


def test_a_text_is_pasted_and_mended(view: App, clipboard: Clipboard) -> None:
    clipboard.copy(b"before")
    with typing() as it:
        it.type(TEXT)
        view.shows(TEXT)
        it.type("\u2026 end.", backspaces=4)
        view.shows(TEXT[:-4] + "\u2026 end.")
        assert clipboard.read() == b"before"
    assert not [each for each in it.seen if isinstance(each, UserTyped)]


@pytest.mark.parametrize("start", [Desktop.tk, Desktop.qt, Desktop.gtk_entry])
def test_into_other_toolkits(desktop: Desktop, clipboard: Clipboard, start: Callable[[Desktop], App]) -> None:
    app = start(desktop)
    text = "Wörld αβγ 日本語. "
    try:
        clipboard.copy(b"before")
        with typing() as it:
            it.type(text)
            it.type("x", backspaces=1)
            app.shows(text[:-1] + "x")
            assert clipboard.read() == b"before"
    finally:
        app.end()


def test_a_terminal_is_pasted_into_by_its_own_keys(desktop: Desktop, clipboard: Clipboard) -> None:
    """xterm pastes the primary selection, which is put back as well."""
    terminal = desktop.terminal()
    try:
        clipboard.copy(b"before")
        clipboard.copy(b"selected", selection="primary")
        with typing() as it:
            it.type("echo 日本")
            terminal.shows("echo 日本")
            assert clipboard.read() == b"before"
            assert clipboard.read(selection="primary") == b"selected"
    finally:
        terminal.end()


def test_keys_that_the_user_chose(view: App, clipboard: Clipboard) -> None:
    clipboard.copy(b"before")
    with typing("Shift+Insert") as it:
        it.type("chosen")
        view.shows("chosen")
        assert clipboard.read() == b"before"


@pytest.mark.parametrize("layout", ["ru", "de", "us(dvorak)"])
def test_in_another_layout(desktop: Desktop, view: App, clipboard: Clipboard, layout: str) -> None:
    clipboard.copy(b"before")
    desktop.layout(f"us,{layout}" if layout == "ru" else layout)
    try:
        with typing() as it:
            it.type("Grüße")
            view.shows("Grüße")
    finally:
        desktop.layout("us")


def test_line_breaks_are_spaces(view: App) -> None:
    with typing() as it:
        it.type("one\ntwo\r\tthree")
        view.shows("one two  three")


def test_all_formats_of_a_program_are_put_back(view: App, clipboard: Clipboard) -> None:
    clipboard.owner("clipboard_owner.py", str(TABLE_BYTES))
    before = clipboard.everything()
    assert len(before["application/x-table"]) == TABLE_BYTES
    assert {"text/html", "image/png", "UTF8_STRING"} <= set(before)
    with typing() as it:
        it.type("pasted. ")
        view.shows("pasted. ")
        assert clipboard.everything() == before
        it.type("And again.")
        view.shows("pasted. And again.")
        assert clipboard.everything() == before


def test_a_large_picture_goes_in_pieces_both_ways(view: App, clipboard: Clipboard) -> None:
    picture = bytes(number * number % 253 for number in range(TABLE_BYTES))
    clipboard.copy(picture, "image/png")
    with typing() as it:
        it.type("pasted")
        view.shows("pasted")
        assert clipboard.read("TARGETS").split() == [b"TARGETS", b"image/png"]
        assert clipboard.read("image/png") == picture


def test_an_empty_clipboard_stays_empty(view: App, clipboard: Clipboard) -> None:
    process, _ = clipboard.owner("clipboard_owner.py", "1")  # it takes the place of whoever was there
    process.kill()
    process.wait()
    with typing() as it:
        it.type("pasted")
        view.shows("pasted")
        assert clipboard.read("TARGETS") == b""


def test_an_owner_that_dies_after_the_paste_does_not_take_it_along(view: App, clipboard: Clipboard) -> None:
    process, _ = clipboard.owner("clipboard_owner.py", "1000")
    with typing() as it:
        it.type("pasted")
        view.shows("pasted")
        process.kill()
        process.wait()
        assert clipboard.read("text/html") == b"<b>bold</b>"


def test_what_the_user_copies_next_is_theirs(view: App, clipboard: Clipboard) -> None:
    clipboard.copy(b"before")
    with typing() as it:
        it.type("one ")
        clipboard.copy(b"copied meanwhile")
        it.type("two")
        view.shows("one two")
        assert clipboard.read() == b"copied meanwhile"


def test_a_clipboard_manager_takes_it_over_at_the_end(view: App, clipboard: Clipboard) -> None:
    clipboard.copy(b"before")
    clipboard.owner("slow_owner.py", "saver")
    with typing() as it:
        it.type("pasted")
        view.shows("pasted")
    assert clipboard.read() == b"before"


def test_what_the_user_copied_last_is_not_handed_over(view: App, clipboard: Clipboard) -> None:
    with typing() as it:
        it.type("pasted")
        view.shows("pasted")
        clipboard.copy(b"copied last")
        _, file = clipboard.owner("slow_owner.py", "saver")
    assert clipboard.read() == b"copied last"
    assert file.read_text() == ""


def test_a_clipboard_manager_neither_counts_nor_keeps_what_was_dictated(
    view: App, clipboard: Clipboard
) -> None:
    clipboard.copy(b"before")
    _, file = clipboard.owner("slow_owner.py", "manager")
    with typing() as it:
        it.type("secret words")
        view.shows("secret words")
        wait_until(lambda: "nothing" in file.read_text(), "the manager has asked")
        assert "secret" not in file.read_text()
        assert clipboard.read() == b"before"


def test_a_program_that_does_not_read(
    desktop: Desktop, clipboard: Clipboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This terminal knows no Control+v; a manager's reading must not be taken for the paste."""
    monkeypatch.setattr(way, "_PATIENCE_S", 0.5)
    terminal = desktop.terminal()
    try:
        clipboard.copy(b"before")
        clipboard.owner("slow_owner.py", "manager")
        with typing("Control+Shift+v") as it:
            stopped = it.interrupted("never read")
            assert (stopped.reason, stopped.erased, stopped.typed) == (Interruption.UNREAD, 0, 0)
            assert clipboard.read() == b"before"
    finally:
        terminal.end()


def test_the_owner_says_nothing(view: App, clipboard: Clipboard, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can't be kept is not overwritten: nothing is erased either."""
    monkeypatch.setattr(way, "_PATIENCE_S", 0.5)
    with typing() as it:
        it.type("abc")
        for manner in ("silent", "endless"):
            process, _ = clipboard.owner("slow_owner.py", manner)
            with pytest.raises(KeyboardError) as caught:
                it.type("x", backspaces=1)
            assert "kept" in caught.value.sentence
            assert not isinstance(caught.value, PatchInterrupted)
            process.kill()
            process.wait()
        it.type("d")
        view.shows("abcd")


def test_a_format_that_is_listed_and_refused(view: App, clipboard: Clipboard) -> None:
    clipboard.owner("slow_owner.py", "unwilling")
    with typing() as it:
        it.type("pasted")
        view.shows("pasted")
        assert clipboard.everything() == {"UTF8_STRING": b"mine"}


def test_a_held_key_is_lifted_for_the_paste(desktop: Desktop, view: App) -> None:
    with typing() as it:
        desktop.user.press(CONTROL_R)
        it.type("held ")
        it.type("on", backspaces=1)
        assert desktop.user.modifiers() & 4
        desktop.user.release(CONTROL_R)
        view.shows("heldon")


def test_a_key_of_the_users_own_ends_the_patch_before_it_pastes(
    desktop: Desktop, view: App, clipboard: Clipboard
) -> None:
    clipboard.copy(b"before")
    with typing() as it:
        it.type("abc")
        view.shows("abc")
        desktop.user.tap(KEY_A)
        stopped = it.interrupted("x", backspaces=1)
        assert (stopped.reason, stopped.erased, stopped.typed) == (Interruption.FOREIGN_INPUT, 0, 0)
        view.shows("abca")
        assert clipboard.read() == b"before"


def test_the_window_loses_the_focus(desktop: Desktop, view: App, clipboard: Clipboard) -> None:
    clipboard.copy(b"before")
    other = desktop.tk()
    try:
        desktop.hand_focus(other.title)  # a window manager that is behind would give it away later
        desktop.hand_focus(view.title)
        with typing() as it:
            it.type("abc")
            view.shows("abc")
            desktop.user.focus(other.title)
            wait_until(lambda: desktop.user.focused_title() == other.title, "the other has the focus")
            stopped = it.interrupted("x")
            assert (stopped.reason, stopped.typed) == (Interruption.FOCUS, 0)
            assert other.text == ""
            view.shows("abc")
            assert clipboard.read() == b"before"
    finally:
        other.end()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_display_goes(own_desktop: Desktop) -> None:
    own_desktop.gtk()
    with typing() as it:
        it.type("abc")
        threading.Timer(0.1, own_desktop.server.kill).start()
        own_desktop.server.wait()
        stopped = it.interrupted("def")
        assert (stopped.reason, stopped.typed) == (Interruption.BROKEN, 0)


def test_without_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(KeyboardError) as caught:
        ClipboardKeyboard(250, OwnKeys()).open(lambda _: None)
    assert "DISPLAY" in caught.value.hint


def test_a_wayland_session_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    with pytest.raises(KeyboardError) as caught:
        ClipboardKeyboard(250, OwnKeys()).open(lambda _: None)
    assert "Wayland" in caught.value.sentence
    assert "typing.keyboard" in caught.value.hint
