"""Sending the keys of one grapheme to the claimed window, or none of them.

A grapheme is sent only if all of this holds: no key or click of the user's came (`x11_notices`), nobody
holds the keyboard or the pointer and the claimed window has the focus (`x11_target`), no modifier is on
(`x11_lift`), the layout is the one that was read (`x11_strokes`). Between those answers and our key all
this could change, so they are one act: the server is grabbed for them, a fraction of a millisecond.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto

from Xlib import X
from Xlib.display import Display

from voicetype.errors import Interruption
from voicetype.keyboard.progress import Stop
from voicetype.keyboard.x11_keymap import Stroke
from voicetype.keyboard.x11_lift import Lift
from voicetype.keyboard.x11_notices import Notices
from voicetype.keyboard.x11_strokes import Strokes
from voicetype.keyboard.x11_target import Target
from voicetype.keyboard.x11_watch import Watch
from voicetype.x11 import xkb
from voicetype.x11.own_keys import OwnKeys

_MOMENT_S = 0.1  # a grab of the keyboard that is let go of by then was none
_CLICK_S = 0.5  # in which a window manager hands a click on
_TRIES = 50  # for one grapheme, when the layout changes each time


class _Obstacle(Enum):
    """Why a grapheme can't be sent yet."""

    GRABBED = auto()
    CLICKED = auto()
    REMAPPED = auto()


class Striking:
    """What must be known before a key is sent. The typist thread owns it."""

    def __init__(self, display: Display, own_keys: OwnKeys, watch: Watch) -> None:
        self._display = display
        self._own_keys = own_keys
        self._watch = watch
        self.notices = Notices(display, own_keys, xkb.use(display))
        self.target = Target(display)
        self.strokes = Strokes(display, self.catch_up)
        self._down: frozenset[int] = frozenset()  # keys that the user holds
        self.pointer_is_taken = False  # by a menu that stays open, most of all; text may be typed meanwhile

    def catch_up(self) -> bool:
        """Wait until the program has come to all that was sent; False where it does not tell."""
        return self.notices.wait_for_echo(self.target.answering, self.strokes.keymap)

    def strike(self, find: Callable[[], list[Stroke]], lift: Lift, *, erases: bool = False) -> None:
        """Send a grapheme. Raises Stop.

        `find` says with which keys; it is asked again where the layout has changed.
        """
        for _ in range(_TRIES):
            strokes = find()
            if not strokes:
                raise Stop(Interruption.UNTYPABLE)
            with self._undisturbed():
                obstacle = self._obstacle(lift, erases=erases)
                if obstacle is None:
                    for stroke in strokes:
                        self._strike(stroke)
                        self._display.sync()
                    return
            self._overcome(obstacle, erases=erases)
        raise Stop(Interruption.UNTYPABLE)

    def send(self, keycode: int, pressed: bool) -> None:
        """One own key event."""
        self._own_keys.announce(keycode, pressed)
        self._display.xtest_fake_input(X.KeyPress if pressed else X.KeyRelease, keycode)

    def need_focus(self) -> None:
        """Raises Stop where the focus is elsewhere."""
        if not self.target.has_focus():
            self._stop_elsewhere()

    def _obstacle(self, lift: Lift, *, erases: bool) -> _Obstacle | None:
        """What keeps the next keys from the claimed window, or from being what they were. Raises Stop."""
        self.need_focus()
        if self.target.is_grabbed():
            return _Obstacle.GRABBED
        keymap = self.strokes.keymap
        state = xkb.state(self._display)
        if lift.is_needed(state, keymap):
            lift.lift(state, keymap)
            state = xkb.state(self._display)
        self._down = self._keys_down()
        clicked = self.target.is_clicked()
        notice = self.notices.take(keymap)
        if notice.touched or (erases and (self._down & keymap.writing_keys) - self._own_keys.reserved):
            self._watch.noted.touch()
            raise Stop(Interruption.FOREIGN_INPUT)
        self.pointer_is_taken &= clicked
        if clicked and (erases or not self.pointer_is_taken):
            return _Obstacle.CLICKED
        return _Obstacle.REMAPPED if notice.remapped or state.group != keymap.group else None

    def _overcome(self, obstacle: _Obstacle, *, erases: bool) -> None:
        match obstacle:
            case _Obstacle.REMAPPED:
                self.strokes.read()
            case _Obstacle.GRABBED:
                if not self.target.wait_for_keyboard(_MOMENT_S):
                    self._stop_elsewhere()
            case _Obstacle.CLICKED:
                if not self.target.wait_for_click(_CLICK_S):
                    if erases or self.target.is_button_down():
                        self._watch.noted.touch()
                        raise Stop(Interruption.FOREIGN_INPUT)
                    self.pointer_is_taken = True

    def _stop_elsewhere(self) -> None:
        # The focus may be back by the time that the watcher looks, and its return would not be reported.
        self._watch.lost_sight()
        raise Stop(Interruption.FOCUS)

    @contextmanager
    def _undisturbed(self) -> Iterator[None]:
        """No other program's request is served meanwhile. Nothing in it may wait for another connection."""
        self._display.grab_server()
        try:
            yield
        finally:
            self._display.ungrab_server()
            self._display.flush()

    def _strike(self, stroke: Stroke) -> None:
        if stroke.keycode in self._down:
            self.send(stroke.keycode, False)  # the server passes over the press of a key that is down
        for keycode in stroke.modifiers:
            self.send(keycode, True)
        self.send(stroke.keycode, True)
        self.send(stroke.keycode, False)
        for keycode in reversed(stroke.modifiers):
            self.send(keycode, False)

    def _keys_down(self) -> frozenset[int]:
        bits = self._display.query_keymap()
        return frozenset(8 * n + bit for n, byte in enumerate(bits) for bit in range(8) if byte >> bit & 1)
