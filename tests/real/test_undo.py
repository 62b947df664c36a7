"""What was typed is taken back, in real programs on a real X server, and what is the user's stays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.real.xserver import KEY_X, App, Desktop, desktop, wait_until
from voicetype.config_fields import Words
from voicetype.dictations import Dictations
from voicetype.errors import KeyboardError, UndoError
from voicetype.keyboard.x11 import X11Keyboard
from voicetype.settings import Settings
from voicetype.workers import Worker
from voicetype.x11.own_keys import OwnKeys

__all__ = ["desktop"]  # fixture

pytestmark = pytest.mark.real

LONG = "The quick brown fox jumps over the lazy dog, über Straße und Brücke. " * 2


@contextmanager
def dictations() -> Iterator[Dictations]:
    """What types and takes back; no model hears anything."""
    workers = [Worker(role) for role in ("fast", "heavy")]
    made = Dictations(workers[0], workers[1], X11Keyboard(2000, OwnKeys()))
    made.open()
    try:
        yield made
    finally:
        made.close()
        for worker in workers:
            worker.close()


def press_x(desktop: Desktop, app: App) -> None:
    """A key of the user's; a toolkit may lose the first that comes with the focus."""

    def seen() -> bool:
        desktop.user.tap(KEY_X)
        with suppress(AssertionError):
            app.shows("x")
        return app.text == "x"

    wait_until(seen, "x stands there")


@pytest.mark.parametrize("toolkit", ["gtk", "tk", "gtk_entry", "tk_entry"])
def test_all_of_it_and_nothing_else(desktop: Desktop, toolkit: str) -> None:
    app = getattr(desktop, toolkit)()
    press_x(desktop, app)
    with dictations() as typed:
        typed.type(LONG, Settings())
        app.shows("x" + LONG)
        typed.undo(Settings())
        app.shows("x")
        with pytest.raises(UndoError, match="nothing to take back"):
            typed.undo(Settings())
        typed.type("one", Settings())
        typed.type("two", Settings())
        app.shows("xone two")
        typed.undo(Settings())
        app.shows("xone")
    app.end()


def test_not_behind_a_key_of_the_users(desktop: Desktop) -> None:
    app = desktop.gtk()
    press_x(desktop, app)
    with dictations() as typed:
        typed.type("mine", Settings())
        app.shows("xmine")
        desktop.user.tap(KEY_X)
        app.shows("xminex")
        with pytest.raises(UndoError, match="you typed or clicked since"):
            typed.undo(Settings())
    app.shows("xminex")
    app.end()


def test_not_in_another_window(desktop: Desktop) -> None:
    other = desktop.tk()
    press_x(desktop, other)  # it has the focus, and takes it from nobody any more
    app = desktop.gtk()
    press_x(desktop, app)
    with dictations() as typed:
        typed.type("mine", Settings())
        app.shows("xmine")
        desktop.hand_focus(other.title)
        for sentence in ("can't be taken back", "nothing to take back"):  # nor when it is asked for again
            with pytest.raises(UndoError, match=sentence):
                typed.undo(Settings())
        other.shows("x")
        app.shows("xmine")
    other.end()
    app.end()


def test_by_the_class_of_a_window(desktop: Desktop) -> None:
    app = desktop.terminal()
    with dictations() as typed:
        typed.type("mine", Settings())
        app.shows("mine")
        with pytest.raises(UndoError, match="its policy is append-only"):
            typed.undo(Settings())
        typed.undo(Settings(applications=Words({"xterm": "in-place"})))
        app.shows("mine\x7f\x7f\x7f\x7f")  # the program writes down every key
        with pytest.raises(KeyboardError, match="does not type into XTerm"):
            typed.type("more", Settings(applications=Words({"XT*": "off"})))
    app.end()
