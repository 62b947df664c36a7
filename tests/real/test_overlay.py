"""The overlay over real windows: seen, but never in the way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from Xlib import X, Xutil
from Xlib.display import Display
from Xlib.error import BadWindow

from tests.real.xserver import KEY_A, Desktop, desktop, wait_until

__all__ = ["desktop"]  # a fixture

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
APP = ROOT / "tests" / "real" / "apps" / "overlay.py"
SCREEN = (1024, 768)
DARK, WHITE = 120, 0xFFFFFF
SAID = "a secret that was dictated"
LONG = "one two three four five six seven eight nine ten " * 30

Box = tuple[int, int, int, int]
"""x, y, width, height."""


class Strip:
    """The overlay's process, and what an X client of its own sees of it."""

    def __init__(self, display: str, place: str, errors: Path) -> None:
        self.errors = errors
        self._file = errors.open("w")
        self._process = subprocess.Popen(
            [sys.executable, str(APP), place],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._file,
            text=True,
            env={**os.environ, "DISPLAY": display, "PYTHONPATH": str(ROOT), "NO_AT_BRIDGE": "1"},
        )
        self._display = Display(display)
        self.gone()  # the last one's; its number may be used again
        self._answers("open")

    def tell(self, what: str, value: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([what, value]) + "\n")
        self._process.stdin.flush()
        self._answers("done")

    def box(self) -> Box | None:
        """Where it is seen, if it is."""
        for window in self._display.screen().root.query_tree().children:
            with suppress(BadWindow):
                attributes, size = window.get_attributes(), window.get_geometry()
                is_seen = attributes.override_redirect and attributes.map_state == X.IsViewable
                if is_seen and size.width > 100:
                    return size.x, size.y, size.width, size.height
        return None

    def seen(self) -> Box:
        wait_until(lambda: self.box() is not None, "the overlay")
        found = self.box()
        assert found is not None
        return found

    def gone(self) -> None:
        wait_until(lambda: self.box() is None, "no overlay")

    def end(self) -> None:
        with self._process, self._file:
            assert self._process.stdin is not None
            self._process.stdin.close()
            try:
                assert self._process.wait(20) == 0
            finally:
                self._process.kill()
                self._display.close()

    def _answers(self, word: str) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == json.dumps(word), self.errors.read_text()


@pytest.fixture
def made(desktop: Desktop, tmp_path: Path) -> Iterator[Callable[[str], Strip]]:
    """Makes overlays; afterwards none has complained or told what was dictated."""
    if subprocess.run([sys.executable, "-c", "import gi"], check=False, capture_output=True).returncode:
        pytest.skip("gi is not there for this Python: python3-gi, --system-site-packages")
    strips: list[Strip] = []

    def make(place: str) -> Strip:
        strips.append(Strip(desktop.name, place, tmp_path / f"errors-{len(strips)}"))
        return strips[-1]

    yield make
    for strip in strips:
        strip.end()
        errors = strip.errors.read_text()
        assert SAID not in errors
        assert "Traceback" not in errors
        assert "CRITICAL" not in errors


@pytest.fixture
def strip(made: Callable[[str], Strip]) -> Strip:
    return made("foot")


class Below:
    """A white window that fills the screen, and the clicks that it gets."""

    def __init__(self) -> None:
        self.display = Display()
        screen = self.display.screen()
        self.window = screen.root.create_window(
            0, 0, *SCREEN, 0, screen.root_depth,
            background_pixel=WHITE, event_mask=X.ButtonPressMask,
        )  # fmt: skip
        self.window.set_wm_name("below")
        self.window.set_wm_normal_hints(flags=Xutil.USPosition | Xutil.USSize)
        self.window.map()
        self.display.sync()
        wait_until(lambda: self.brightness(500, 300) == 255, "a white window")

    def brightness(self, x: int, y: int) -> int:
        """0 to 255, of the screen's pixel."""
        image = self.display.screen().root.get_image(x, y, 1, 1, X.ZPixmap, 0xFFFFFFFF)
        return int(max(image.data[:3]))

    def pixels(self, box: Box) -> bytes:
        return bytes(self.display.screen().root.get_image(*box, X.ZPixmap, 0xFFFFFFFF).data)

    def click(self, x: int, y: int) -> tuple[int, int]:
        """Click there on the screen; where the click came to this window, as the screen has it."""
        self.display.xtest_fake_input(X.MotionNotify, x=x, y=y)
        for kind in (X.ButtonPress, X.ButtonRelease):
            self.display.xtest_fake_input(kind, 1)
        self.display.sync()
        wait_until(lambda: self.display.pending_events() > 0, "a click in the window below")
        event = self.display.next_event()
        return event.root_x, event.root_y

    def raise_(self) -> None:
        self.window.configure(stack_mode=X.Above)
        self.display.sync()


@pytest.fixture
def below(desktop: Desktop) -> Iterator[Below]:
    below = Below()
    wait_until(lambda: desktop.user.sees("below"), "a managed window")
    yield below
    below.display.close()


def middle(box: Box) -> tuple[int, int]:
    return box[0] + box[2] // 2, box[1] + box[3] // 2


@pytest.mark.parametrize("kind", ["gtk", "terminal"])
def test_the_focus_and_the_keys_stay_where_they_are(desktop: Desktop, strip: Strip, kind: str) -> None:
    app = desktop.gtk() if kind == "gtk" else desktop.terminal()
    typed = ""

    def types() -> None:
        nonlocal typed
        assert desktop.user.focused_title() == app.title
        desktop.user.tap(KEY_A)
        typed += "a"
        app.shows(typed)

    strip.tell("show", "listening")
    strip.seen()
    types()
    strip.tell("text", SAID)
    strip.tell("level", 0.7)
    types()
    strip.tell("show", "finishing")
    types()
    strip.tell("show", "idle")
    strip.gone()
    types()
    strip.tell("show", "listening")
    strip.seen()
    types()


def test_it_is_seen_while_it_listens_and_finishes_alone(strip: Strip) -> None:
    assert strip.box() is None
    for state, is_seen in (("listening", True), ("finishing", True), ("idle", False), ("error", False)):
        strip.tell("show", state)
        strip.seen() if is_seen else strip.gone()
    strip.tell("text", SAID)
    strip.tell("level", 0.5)
    assert strip.box() is None
    strip.tell("show", "listening")
    strip.seen()
    strip.tell("close", None)
    strip.gone()
    strip.tell("show", "listening")
    assert strip.box() is None


def test_it_is_above_a_window_that_fills_the_screen(below: Below, strip: Strip) -> None:
    strip.tell("show", "listening")
    x, y, width, height = strip.seen()
    assert (below.brightness(x - 3, y + height // 2), below.brightness(x + width // 2, y - 3)) == (255, 255)
    spot = x + 10, y + height // 2
    wait_until(lambda: below.brightness(*spot) < DARK, "the overlay above the window")
    below.raise_()
    strip.tell("text", SAID)
    wait_until(lambda: below.brightness(*spot) < DARK, "the overlay above the window that was raised")
    strip.tell("show", "idle")
    wait_until(lambda: below.brightness(*spot) == 255, "the window without the overlay")


def test_a_click_goes_through_to_what_is_below(below: Below, strip: Strip) -> None:
    strip.tell("show", "listening")
    spot = middle(strip.seen())
    wait_until(lambda: below.brightness(*spot) < DARK, "the overlay")
    assert below.click(*spot) == spot
    strip.tell("show", "idle")
    strip.tell("show", "listening")
    strip.seen()
    assert below.click(*spot) == spot, "a second time"


def test_what_was_said_is_seen_as_it_was_said(below: Below, strip: Strip) -> None:
    """Changed text changes the picture; what looks like markup is text; of a long text, the end is seen."""

    def picture(text: str, is_not: bytes) -> bytes:
        strip.tell("text", text)
        wait_until(lambda: below.pixels(box) != is_not, f"{text!r} in the picture")
        return below.pixels(box)

    strip.tell("show", "listening")
    box = strip.seen()
    wait_until(lambda: below.brightness(*middle(box)) < DARK, "the overlay")
    plain = picture("so on", below.pixels(box))
    marked = picture("<b>so on</b> &amp; <broken", plain)
    long = picture(LONG, marked)
    picture(LONG + "eleven", long)
    assert strip.box() == box, "its size and place stay"
    picture("日本語 ก 😀 שלום " * 30, long)
    assert strip.box() == box


def test_the_level_is_seen(below: Below, strip: Strip) -> None:
    def bright(columns: range) -> int:
        """How many pixels of the meter are lit."""
        lit = below.pixels((box[0] + columns.start, box[1], len(columns), box[3]))
        return sum(max(lit[each : each + 3]) > DARK for each in range(0, len(lit), 4))

    strip.tell("show", "listening")
    box = strip.seen()
    wait_until(lambda: below.brightness(*middle(box)) < DARK, "the overlay")
    meter = range(10, 70)
    wait_until(lambda: bright(meter) > 0, "the meter at rest")
    at_rest = bright(meter)
    for _ in range(7):
        strip.tell("level", 1.0)
    wait_until(lambda: bright(meter) > 4 * at_rest, "a loud voice")
    for _ in range(7):
        strip.tell("level", 0.0)
    wait_until(lambda: bright(meter) == at_rest, "silence")


@pytest.mark.parametrize("pointer", [(0, 0), (1023, 0), (0, 767), (1023, 767), (500, 400)])
def test_near_the_pointer_it_is_on_the_screen_and_not_under_it(
    below: Below, made: Callable[[str], Strip], pointer: tuple[int, int]
) -> None:
    below.display.xtest_fake_input(X.MotionNotify, x=pointer[0], y=pointer[1])
    below.display.sync()
    strip = made("pointer")
    strip.tell("show", "listening")
    x, y, width, height = strip.seen()
    assert x >= 0
    assert y >= 0
    assert x + width <= SCREEN[0]
    assert y + height <= SCREEN[1]
    assert not y <= pointer[1] < y + height
    assert min(abs(y - pointer[1]), abs(y + height - pointer[1])) < 100


@pytest.mark.skipif(not shutil.which("picom"), reason="picom is not installed")
def test_with_a_compositor_one_sees_through(below: Below, strip: Strip) -> None:
    """One that starts while it is seen, too."""
    strip.tell("show", "listening")
    x, y, width, height = strip.seen()
    spot = x + width // 2, y + height - 6
    wait_until(lambda: below.brightness(*spot) < DARK, "the overlay")
    opaque = below.brightness(*spot)
    picom = subprocess.Popen(["picom", "--backend", "xrender"], stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: opaque < below.brightness(*spot) < DARK, "the window below, dimly")
        assert below.click(*spot) == spot
    finally:
        picom.kill()
        picom.wait()
    wait_until(lambda: below.brightness(*spot) == opaque, "opaque again")
