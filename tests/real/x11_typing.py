"""A keyboard that types on a private X server, what stands where it typed, and who takes the keys away."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType

import pytest
from Xlib import X
from Xlib.display import Display
from Xlib.error import ConnectionClosedError
from Xlib.ext import ge, xinput

from tests.real.xserver import CONTROL_R, DEADLINE_S, KEY_A, KEY_X, App, Desktop, wait_until
from voicetype.core import patch as patches
from voicetype.core.events import FocusChanged, Patch, UserTyped
from voicetype.errors import PatchInterrupted
from voicetype.keyboard import KeyboardLost
from voicetype.keyboard.x11 import X11Keyboard
from voicetype.x11 import connection
from voicetype.x11.own_keys import OwnKeys

STICKY_KEYS, SLOW_KEYS, BOUNCE_KEYS = 1 << 3, 1 << 1, 1 << 2
END = 115
SHIFT, CAPS, CONTROL, NUM_LOCK = 1, 2, 4, 16


class Typing:
    """A keyboard that is open, and what it reported."""

    def __init__(self, characters_per_s: int) -> None:
        self.seen: list[FocusChanged | UserTyped | KeyboardLost] = []
        self.own_keys = OwnKeys()
        self.keyboard = X11Keyboard(characters_per_s, self.own_keys)
        self.keyboard.open(self.seen.append)

    def type(self, text: str, backspaces: int = 0) -> None:
        self.keyboard.apply(Patch(backspaces, text))

    def interrupted(self, patch: Patch, meanwhile: Callable[[], None]) -> PatchInterrupted:
        """Apply a patch while something happens on another thread; it must be interrupted."""
        with during(meanwhile), pytest.raises(PatchInterrupted) as caught:
            self.keyboard.apply(patch)
        return caught.value


@contextmanager
def during(meanwhile: Callable[[], None]) -> Iterator[None]:
    """Something else happens on another thread."""
    other = threading.Thread(target=meanwhile)
    other.start()
    try:
        yield
    finally:
        other.join()


@contextmanager
def typing(characters_per_s: int = 2000) -> Iterator[Typing]:
    """A keyboard, open until the end."""
    typing = Typing(characters_per_s)
    try:
        yield typing
    finally:
        typing.keyboard.close()


def line(received: str) -> str:
    """What a terminal's driver would make of these keys: BackSpace erases."""
    found: list[str] = []
    for character in received:
        if character in "\b\x7f":
            del found[-1:]
        else:
            found.append(character)
    return "".join(found)


class Grabber:
    """A program that takes the whole keyboard for itself, as a lock screen or a menu does."""

    def __init__(self) -> None:
        self._display = Display()
        screen = self._display.screen()
        self._window = screen.root.create_window(
            0, 0, 50, 50, 0, screen.root_depth, override_redirect=True, event_mask=X.KeyPressMask
        )
        self._window.map()
        self._display.sync()

    def __enter__(self) -> Grabber:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.let_go()

    def grab(self, *, xi2: bool = False) -> None:
        """Like an old program, or like GTK 3 and the shells of desktops."""
        if xi2:
            master = self._display.xinput_query_device(xinput.AllMasterDevices).devices
            keyboard = next(each.deviceid for each in master if each.use == xinput.MasterKeyboard)
            answer = self._window.xinput_grab_device(
                keyboard,
                X.CurrentTime,
                xinput.GrabModeAsync,
                xinput.GrabModeAsync,
                False,
                xinput.KeyPressMask,
            )
            assert answer.status == X.GrabSuccess
        else:
            status = self._window.grab_keyboard(False, X.GrabModeAsync, X.GrabModeAsync, X.CurrentTime)
            assert status == X.GrabSuccess

    def grab_pointer(self) -> None:
        """As a window manager does with a click until it hands it on, or a menu."""
        asynchronous = X.GrabModeAsync, X.GrabModeAsync
        status = self._window.grab_pointer(False, 0, *asynchronous, X.NONE, X.NONE, X.CurrentTime)
        assert status == X.GrabSuccess

    def take(self, keycode: int) -> None:
        """Take one key while it is held, with all others, as a window manager's shortcut does."""
        self._display.screen().root.grab_key(keycode, X.AnyModifier, False, X.GrabModeAsync, X.GrabModeAsync)
        self._display.sync()

    def let_go(self) -> None:
        """End the grab by ending the program."""
        with suppress(ConnectionClosedError):
            self._display.close()

    def keys(self) -> list[int]:
        """The keycodes that came here."""
        self._display.sync()
        found = []
        while self._display.pending_events():
            event = self._display.next_event()
            if event.type == X.KeyPress:
                found.append(event.detail)
            elif event.type == ge.GenericEventCode and event.evtype == xinput.KeyPress:
                found.append(event.data.detail)
        return found


class Spy:
    """Hears every key and button of everybody, in the order in which the server took them."""

    def __init__(self) -> None:
        self._display = Display()
        connection.announce_xi2(self._display)
        connection.select_raw(self._display)
        self._display.sync()

    def __enter__(self) -> Spy:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._display.close()

    def pressed(self) -> list[connection.RawKey | connection.RawButton]:
        """What went down since the last look."""
        self._display.sync()
        found = []
        while self._display.pending_events():
            event = connection.raw(self._display.next_event())
            if isinstance(event, connection.RawButton) or (event and event.pressed):
                found.append(event)
        return found


class Xkb:
    """Locks, latches and the accessibility settings of the keyboard, by libX11."""

    _CORE = 0x100

    def __init__(self) -> None:
        self._x = ctypes.CDLL("libX11.so.6")
        self._x.XOpenDisplay.restype = ctypes.c_void_p
        self._display = ctypes.c_void_p(self._x.XOpenDisplay(None))
        self._x.XkbQueryExtension(self._display, None, None, None, None, None)

    def __enter__(self) -> Xkb:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._x.XCloseDisplay(self._display)

    def enable(self, controls: int, *, on: bool = True) -> None:
        self._x.XkbChangeEnabledControls(self._display, self._CORE, controls, controls if on else 0)
        self._x.XSync(self._display, 0)

    def lock_group(self, group: int) -> None:
        self._x.XkbLockGroup(self._display, self._CORE, group)
        self._x.XSync(self._display, 0)

    def latch_group(self, group: int) -> None:
        self._x.XkbLatchGroup(self._display, self._CORE, group)
        self._x.XSync(self._display, 0)

    def unlatch(self) -> None:
        self._x.XkbLatchModifiers(self._display, self._CORE, 0xFF, 0)
        self._x.XSync(self._display, 0)

    def lock(self, modifiers: int, *, on: bool = True) -> None:
        self._x.XkbLockModifiers(self._display, self._CORE, modifiers, modifiers if on else 0)
        self._x.XSync(self._display, 0)

    def state(self) -> tuple[int, int, int]:
        """The active group, the latched modifiers, the locked ones."""
        found = (ctypes.c_uint8 * 32)()
        self._x.XkbGetState(self._display, self._CORE, ctypes.byref(found))
        return found[0], found[8], found[9]


class Field:
    """A program that stands ready, and what must stand in it by the keyboard's word."""

    def __init__(self, desktop: Desktop, app: App) -> None:
        self.desktop, self.app = desktop, app
        desktop.hand_focus(app.title)
        self.go_to_the_end()
        self.stands = self.text

    def go_to_the_end(self) -> None:
        """The user moves the caret there; a terminal's is."""
        if "terminal" not in self.app.title:
            self.desktop.user.press(CONTROL_R)
            self.desktop.user.tap(END)
            self.desktop.user.release(CONTROL_R)

    @property
    def text(self) -> str:
        """In a terminal, too."""
        return line(self.app.text)

    def wait_for_keys(self) -> None:
        """A window may have the focus before it is ready for keys."""

        def takes_keys() -> bool:
            self.desktop.user.tap(KEY_A)
            return self.text.endswith("a")

        wait_until(takes_keys, "it takes keys")
        self.desktop.user.tap(KEY_X)
        wait_until(lambda: self.text.endswith("x"), "it takes all of them")
        self.stands = self.text

    def begin(self, t: Typing, text: str) -> None:
        """Claim, type, and see it there."""
        t.keyboard.claim()
        t.type(text)
        self.stands += text
        self.shows()

    def apply(self, t: Typing, patch: Patch, meanwhile: Callable[[], None]) -> PatchInterrupted | None:
        """A patch, and what happens during it; returns what interrupted it."""
        before, stopped = self.stands, None
        self.stands = patches.apply(before, patch)
        with during(meanwhile):
            try:
                t.keyboard.apply(patch)
            except PatchInterrupted as error:
                stopped = error
                self.stands = patches.partly(before, patch, error.erased, error.typed)
        return stopped

    def shows(self) -> None:
        """Wait until exactly that stands there."""
        deadline = time.monotonic() + DEADLINE_S / 4
        while self.text != self.stands and time.monotonic() < deadline:
            time.sleep(0.005)
        text, stands = self.text, self.stands
        same = next((n for n, pair in enumerate(zip(text, stands, strict=False)) if len(set(pair)) > 1), 0)
        assert text == stands, f"{text[same:]!r} for {stands[same:]!r} at {same} of {len(stands)}"
