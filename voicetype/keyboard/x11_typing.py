"""One connection that types: from `open` to `close`.

Three promises, and what keeps them:

1. *The text is exact.* A character is typed with the keys that the active layout has for it, all
   others with spare keycodes (`x11_spares`). The keymap is read again before each text. The server
   is asked a question after each character: Chromium loses keys without it.
2. *No key lands elsewhere.* Each character and each backspace is sent only if no key or click of the
   user's was heard (`x11_watch`), no modifier is down (`x11_lift`), and the claimed window has the
   focus. Between those answers and our key the modifiers or the focus could change, so they are one
   act: the server is grabbed for them, a fraction of a millisecond (without it, a busy machine put a
   character into the next window now and then). Between groups the watcher catches up with all that
   was sent.
3. *The count is exact.* Erased and typed graphemes are counted as they are sent; a grapheme is
   never left half.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from Xlib import X

from voicetype.core.events import Patch
from voicetype.core.patch import graphemes
from voicetype.errors import Interruption, KeyboardError
from voicetype.keyboard import Observer
from voicetype.keyboard.typable import typable
from voicetype.keyboard.x11_keymap import BACKSPACE, Stroke
from voicetype.keyboard.x11_lift import Lift
from voicetype.keyboard.x11_spares import Spares
from voicetype.keyboard.x11_watch import Watch, read_keymap
from voicetype.x11 import connection
from voicetype.x11.connection import LOST
from voicetype.x11.listening import close
from voicetype.x11.own_keys import OwnKeys

_GROUP = 20  # keys between two full checks
_EXTENSIONS = ("XTEST", "XInputExtension", "XKEYBOARD")


class Stop(Exception):
    """A patch must not go on."""

    def __init__(self, reason: Interruption) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Progress:
    """Graphemes of a patch that were sent."""

    erased: int = 0
    typed: int = 0


class Typing:
    """A connection, its watcher and its spare keycodes. Raises NoDisplay, KeyboardError."""

    def __init__(self, own_keys: OwnKeys, observer: Observer, interval_s: float) -> None:
        self._display = connection.connect()
        self._own_keys = own_keys
        self._interval_s = interval_s
        self._next_s = 0.0  # monotonic: when the next key may be sent
        self._claimed = 0  # the toplevel window
        self._focus = 0  # the window in it that had the focus
        try:
            self._refuse_without_extensions()
            connection.use_xkb(self._display)
            self._keymap = read_keymap(self._display)
            self._watch = Watch(own_keys, observer)
        except BaseException:
            close(self._display)
            raise
        self._spares = Spares(self._display)

    def claim(self) -> bool:
        now = self._look()
        if not now or connection.is_hidden(self._display, now):
            raise KeyboardError(
                "No window has the focus.", "Click into the window that you want to type into."
            )
        self._watch.settle()
        continues = now == self._claimed and not self._watch.noted.touched
        self._claimed = now
        self._watch.follow(now)
        return continues

    def apply(self, patch: Patch, progress: Progress) -> None:
        self._watch.settle()
        if self._watch.noted.touched:
            if patch.backspaces:
                # Made before the user's key was heard of: what it would erase may be the user's.
                raise Stop(Interruption.FOREIGN_INPUT)
            self._watch.noted.forget_touch()
        self._check_all()
        self._keymap = read_keymap(self._display)
        self._spares.look_again(self._keymap)
        text = [typable(cluster) for cluster in graphemes(patch.text)]
        self._bind("".join(text))
        lift = Lift(self._display, self._watch, self._send)
        try:
            self._erase(patch.backspaces, lift, progress)
            self._type(text, lift, progress)
            self._display.sync()
        finally:
            lift.restore()

    def close(self) -> None:
        self._watch.close()
        with suppress(*LOST):
            self._spares.give_back(read_keymap(self._display))
        close(self._display)

    def _erase(self, backspaces: int, lift: Lift, progress: Progress) -> None:
        keys = self._keymap.keycodes(BACKSPACE)
        if backspaces and not keys:
            raise Stop(Interruption.BROKEN)
        for count in range(backspaces):
            self._check(count)
            self._strike_there([Stroke(keys[0])], lift)
            progress.erased += 1

    def _type(self, text: Sequence[str], lift: Lift, progress: Progress) -> None:
        for count, cluster in enumerate(text):
            strokes = [
                self._stroke(character, cluster[index:], text[count + 1 :])
                for index, character in enumerate(cluster)
            ]
            self._check(count)
            self._strike_there(strokes, lift)
            progress.typed += 1

    def _stroke(self, character: str, rest: str, text: Sequence[str]) -> Stroke:
        """How to type a character; binds it, and what comes after it, where a batch has run out."""
        found = self._known(character)
        if found is None:
            self._bind(rest + "".join(text))
            found = self._known(character)
        if found is None:
            raise Stop(Interruption.BROKEN)  # a keyboard without a single spare keycode
        return found

    def _known(self, character: str) -> Stroke | None:
        return self._keymap.stroke(character) or self._spares.stroke(character)

    def _bind(self, text: str) -> None:
        missing = [character for character in text if self._keymap.stroke(character) is None]
        self._spares.bind(missing, self._keymap)

    def _check(self, count: int) -> None:
        """Before each grapheme: may it be sent? Waits for its turn first, so that the answer is fresh."""
        self._pace()
        if count and count % _GROUP == 0:
            self._watch.settle()
            self._check_all()
        if self._watch.noted.gone:
            raise Stop(Interruption.BROKEN)
        if self._watch.noted.touched:
            self._check_all()
            raise Stop(Interruption.FOREIGN_INPUT)

    def _strike_there(self, strokes: Sequence[Stroke], lift: Lift) -> None:
        """Send the keys of a grapheme to the claimed window, or none of them. Raises Stop."""
        with self._undisturbed():
            if lift.is_needed(self._keymap):
                lift.lift(self._keymap)
            if connection.focus(self._display) != self._focus:
                self._check_all()
            for stroke in strokes:
                self._strike(stroke)
                self._display.sync()

    @contextmanager
    def _undisturbed(self) -> Iterator[None]:
        """No other program's request is served meanwhile. Nothing in it may wait for another connection."""
        self._display.grab_server()
        try:
            yield
        finally:
            self._display.ungrab_server()
            self._display.flush()

    def _check_all(self) -> None:
        if not self._claimed or self._look() != self._claimed:
            raise Stop(Interruption.FOCUS)

    def _look(self) -> int:
        """The toplevel window that keys go to; 0 where none does."""
        self._focus = connection.focus(self._display)
        return connection.toplevel(self._display, self._focus)

    def _pace(self) -> None:
        now = time.monotonic()
        time.sleep(max(0.0, self._next_s - now))
        self._next_s = max(now, self._next_s) + self._interval_s

    def _strike(self, stroke: Stroke) -> None:
        for keycode in stroke.modifiers:
            self._send(keycode, True)
        self._send(stroke.keycode, True)
        self._send(stroke.keycode, False)
        for keycode in reversed(stroke.modifiers):
            self._send(keycode, False)

    def _send(self, keycode: int, pressed: bool) -> None:
        self._own_keys.announce(keycode, pressed)
        self._display.xtest_fake_input(X.KeyPress if pressed else X.KeyRelease, keycode)

    def _refuse_without_extensions(self) -> None:
        if lacking := connection.has_extensions(self._display, *_EXTENSIONS):
            raise KeyboardError(
                f"The X server lacks {', '.join(lacking)}.",
                "Use the desktop's own X server, or one that offers these extensions.",
            )
