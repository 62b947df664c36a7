"""One connection that types: from `open` to `close`.

Three promises, and what keeps them:

1. *The text is exact.* A character is typed with the keys that the active layout has for it, all
   others with spare keycodes (`x11_strokes`). The server is asked a question after each character:
   Chromium loses keys without it.
2. *No key lands elsewhere.* All that matters is asked anew for each character and each backspace
   (`x11_striking`). Between groups the watcher catches up with all that was sent, and so does a program
   that can tell.
3. *The count is exact.* Erased and typed graphemes are counted as they are sent; a grapheme is
   never left half.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from voicetype.core.events import Patch
from voicetype.core.patch import graphemes
from voicetype.errors import Interruption, KeyboardError
from voicetype.keyboard import Claim, Observer
from voicetype.keyboard.progress import Progress, Stop
from voicetype.keyboard.typable import keyed
from voicetype.keyboard.x11_lift import Lift
from voicetype.keyboard.x11_striking import Striking
from voicetype.keyboard.x11_watch import Watch
from voicetype.x11 import connection
from voicetype.x11.connection import LOST
from voicetype.x11.listening import close
from voicetype.x11.own_keys import OwnKeys

_GROUP = 20  # keys between two waits for those who listen
_EXTENSIONS = ("XTEST", "XInputExtension", "XKEYBOARD")


class Typing:
    """A connection, its watcher and its spare keycodes. Raises NoDisplay, KeyboardError."""

    def __init__(self, own_keys: OwnKeys, observer: Observer, interval_s: float) -> None:
        self._display = connection.connect()
        self._interval_s = interval_s
        self._next_s = 0.0  # monotonic: when the next key may be sent
        try:
            self._refuse_without_extensions()
            self._watch = Watch(own_keys, observer)
            self._striking = Striking(self._display, own_keys, self._watch)
        except BaseException:
            close(self._display)
            raise

    def claim(self) -> Claim:
        target = self._striking.target
        same = target.claim()
        self._watch.settle()
        continues = same and not self._watch.noted.touched
        self._watch.follow(target.window)
        instance, app = target.owner()
        return Claim(continues, app, instance)

    def apply(self, patch: Patch, progress: Progress) -> None:
        striking, noted = self._striking, self._watch.noted
        with striking.notices.listening():
            self._watch.settle()
            if noted.touched:
                if patch.backspaces:
                    # Made before the user's key was heard of: what it would erase may be the user's.
                    raise Stop(Interruption.FOREIGN_INPUT)
                noted.forget_touch()
                striking.notices.take(striking.strokes.keymap)
            striking.need_focus()
            striking.strokes.read()
            text = [keyed(cluster, patch.new_lines) for cluster in graphemes(patch.text)]
            self._prepare(text)
            lift = Lift(self._display, self._watch, striking.send)
            try:
                self._erase(patch.backspaces, lift, progress)
                self._type(text, lift, progress)
                self._display.sync()
            finally:
                lift.restore()
                if striking.pointer_is_taken:
                    noted.touch()

    def close(self) -> None:
        self._watch.close()
        with suppress(*LOST):
            self._striking.strokes.close()
        close(self._display)

    def _prepare(self, text: Sequence[str]) -> None:
        """What takes time, before anything is erased."""
        self._striking.strokes.bind("".join(text))

    def _erase(self, backspaces: int, lift: Lift, progress: Progress) -> None:
        for count in range(backspaces):
            self._check(count)
            self._striking.strike(self._striking.strokes.backspace, lift, erases=True)
            progress.erased += 1

    def _type(self, text: Sequence[str], lift: Lift, progress: Progress) -> None:
        for count, cluster in enumerate(text):
            self._check(count)
            find = partial(self._striking.strokes.grapheme, cluster, text[count + 1 :])
            self._striking.strike(find, lift)
            progress.typed += 1

    def _check(self, count: int) -> None:
        """Before each grapheme: may it be sent? Waits for its turn first, so that the answer is fresh."""
        self._pace()
        if count and count % _GROUP == 0:
            self._striking.catch_up()
            self._watch.settle()
        if self._watch.noted.gone:
            raise Stop(Interruption.BROKEN)
        if self._watch.noted.touched:
            self._striking.need_focus()
            raise Stop(Interruption.FOREIGN_INPUT)

    def _pace(self) -> None:
        now = time.monotonic()
        time.sleep(max(0.0, self._next_s - now))
        self._next_s = max(now, self._next_s) + self._interval_s

    def _refuse_without_extensions(self) -> None:
        if lacking := connection.has_extensions(self._display, *_EXTENSIONS):
            raise KeyboardError(
                f"The X server lacks {', '.join(lacking)}.",
                "Use the desktop's own X server, or one that offers these extensions.",
            )
