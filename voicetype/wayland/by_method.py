"""Typing as an input method: drafts are preedit, which the application shows underlined.

1. *Committed text is deleted only where it is seen to be ours.* A field that tells its surrounding text
   allows it, after a look at what stands before the caret; one that does not is only appended to.
2. *The preedit is nobody's but ours.* It is changed as a whole, costs no keys, and is gone when the field
   loses the focus.
3. *The user comes first.* From the first preedit on the user's keys come to us first (`wayland.grab`): a
   key that types or moves commits the preedit, then goes to the application, and all that stands is let go
   of. The same where the field says that somebody else changed its text (a click moves the caret). The
   keys, and after a dictation the seat with them, are given back once the user rests.
4. Where the focused window has no text field that knows input methods, keys are typed into it, as
   `by_keys` does and as careful: nothing is erased.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from voicetype.core.events import Erasing, FocusChanged, Patch, UserTyped
from voicetype.errors import Interruption, KeyboardError
from voicetype.keyboard import Claim, Held, Observer, Purpose
from voicetype.keyboard.composing import said
from voicetype.keyboard.progress import Progress, Stop
from voicetype.wayland.adapter import lacking, no_focus
from voicetype.wayland.connection import Connection
from voicetype.wayland.field import Field, Surrounding
from voicetype.wayland.grab import Grab
from voicetype.wayland.keys import Keys
from voicetype.wayland.method import Unavailable
from voicetype.wayland.protocols import InputMethodManager, VirtualKeyboardManager
from voicetype.wayland.seat import Seat
from voicetype.wayland.toplevels import Toplevels, Window
from voicetype.wayland.writing import Writing

_END_S, _LOOK_S = 1.0, 0.05  # at the end the user is waited for, for a while


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a claim is: a visit to a field, or (0) a window that has none."""

    window: Window | None
    visit: int = 0


class ByMethod:
    """Writes into the focused field. On the connection's thread."""

    def __init__(
        self, connection: Connection, observer: Observer, held: Held, options: Mapping[str, Any]
    ) -> None:
        """`options`: see `keyboard.input_method`.

        Raises KeyboardError where the compositor lacks the protocol, or has an input method.
        """
        if not connection.offers(InputMethodManager):
            raise lacking([InputMethodManager.name])
        self._connection, self._observer, self.keys_held = connection, observer, held
        self._claimed: _Place | None = None
        self._ours = False
        self._touched = False  # by the user, since the last patch
        self._leaving = False  # the seat, once the keys are given back
        self._left: Surrounding | None = None  # what the claimed field told when it was left
        offered = connection.offers(VirtualKeyboardManager)
        self._keys = Keys(connection, 1 / options["characters_per_s"]) if offered else None
        self._grab = Grab(connection, lambda: options.get("reserved", ()), self)
        self._writing = Writing(connection, self._grab)
        self._seat = Seat(connection, self._writing, self._field_changed)
        self._toplevels = Toplevels(connection, self._look)
        try:
            self._enter()
        except Unavailable:
            raise _taken() from None
        self.release()

    def claim(self) -> Claim:
        self._leaving = False
        self._writing.settle()
        with suppress(Unavailable):
            self._enter()
        self._connection.roundtrip()
        field, window = self._writing.field, self._toplevels.active
        if field.active:
            return self._claim_field(field, window)
        if window is None or self._keys is None:
            raise no_focus()
        self._take(_Place(window))
        return Claim(app=window.app, erasing=Erasing.NONE)

    def apply(self, patch: Patch, progress: Progress) -> None:
        self._connection.roundtrip()
        self._come_back()
        self._writing.calm()
        self._check()
        if self._claimed and self._claimed.visit:
            self._write(patch)
        elif self._keys:
            self._keys.apply(patch, self._check, progress)

    def read(self, characters: int) -> str | None:
        """Without our preedit, which is not the field's text. What one that does not answer told is old."""
        self._connection.roundtrip()
        seen = self._writing.field.surrounding
        if not self._ours or seen is None or not self._writing.answers:
            return None
        return said(seen.before, self._writing.composed.committed, characters)

    def release(self) -> None:
        """What is shown is not taken away; the seat is free for the user's own input method."""
        if self._writing.settle():
            self._writing.hear_answer()
        self._leaving = True
        self._grab.rest()
        if not self._grab.held:
            self._leave()

    def close(self) -> None:
        self.release()
        deadline_s = time.monotonic() + _END_S
        while self._grab.held and time.monotonic() < deadline_s:
            self._connection.wait_until(lambda: False, _LOOK_S)
            self._grab.rest()
        self._grab.let_go()

    # the seat

    def _enter(self) -> None:
        """Be the seat's input method. Raises Unavailable."""
        claimed, self._claimed = self._claimed, None  # whether this is its field is for the caller to say
        try:
            self._seat.take(_app(self._toplevels.active))
        finally:
            self._claimed = claimed

    def _leave(self) -> None:
        if self._writing.method:
            self._left = self._seat.leave()

    def _come_back(self) -> None:
        """To the field of the claim, where the seat was given back since."""
        claimed = self._claimed
        if self._writing.method is None and claimed and claimed.visit:
            with suppress(Unavailable):
                self._enter()
            here = self._here()
            self._ours = self._continues(self._writing.field, here.window)
            self._claimed = here if self._ours else claimed

    # claims

    def _claim_field(self, field: Field, window: Window | None) -> Claim:
        self._writing.enter(_app(window))
        continues = self._continues(field, window)
        if continues:
            self._claimed, self._ours = _Place(window, field.visit), True
        else:
            self._take(_Place(window, field.visit))
        selected = field.surrounding is not None and field.surrounding.selected
        return Claim(
            continues,
            _app(window),
            purpose=field.purpose,
            erasing=Erasing.EXACT if self._writing.answers and not selected else Erasing.NONE,
            preedit=field.purpose is not Purpose.PASSWORD,
            several_lines=field.several_lines,
        )

    def _continues(self, field: Field, window: Window | None) -> bool:
        """Whether the caret is where the last dictation left it, behind its text."""
        claimed = self._claimed
        if claimed is None or claimed.window is not window or self._touched:
            return False
        same = field.visit == claimed.visit or field.surrounding == self._left
        return same and self._writing.composed.committed != "" and self._writing.stands()

    def _take(self, place: _Place) -> None:
        self._claimed, self._ours, self._touched = place, True, False
        self._writing.begin()

    def _here(self) -> _Place:
        field = self._writing.field
        return _Place(self._toplevels.active, field.visit if field.active else 0)

    def _check(self) -> None:
        """May the next be written? Raises Stop."""
        here = self._ours and self._claimed == self._here()
        if not here or self._writing.field.purpose is Purpose.PASSWORD:
            raise Stop(Interruption.FOCUS)

    def _write(self, patch: Patch) -> None:
        if self._touched and patch.backspaces:
            raise Stop(Interruption.FOREIGN_INPUT)  # what it would erase may be the user's
        if self._touched:
            self._take(self._here())
        try:
            self._writing.write(patch)
        except Stop:
            self._user_touched()
            raise
        if not self._ours:
            raise Stop(Interruption.FOCUS)  # before or after: what can be known is that the preedit is gone

    # what the user does

    def key_pressed(self) -> None:
        """See `grab.Hearer`."""
        if self._ours:
            self._user_touched()

    def keys_free(self) -> None:
        """See `grab.Hearer`."""
        if self._leaving:
            self._leave()

    def _user_touched(self) -> None:
        self._writing.settle()
        self._writing.begin()
        self._touched = True
        self._observer(UserTyped())

    def _field_changed(self, before: Field, after: Field) -> None:
        claimed = self._claimed
        if claimed is None:
            return
        if before.visit != after.visit or before.active != after.active:
            if before.active and before.visit == claimed.visit:
                self._left = before.surrounding
            self._look()
        elif not self._touched and self._ours and claimed == self._here():
            self._hear(before, after)

    def _hear(self, before: Field, after: Field) -> None:
        if self._writing.changed_by_user(before, after):
            self._user_touched()

    def _look(self) -> None:
        """Whether the claimed field has the focus."""
        if self._claimed is None or (self._claimed.visit and self._writing.method is None):
            return
        here = self._here()
        if self._answers_late(here):
            self._take(here)
        ours = here == self._claimed or self._is_back(here)
        if ours == self._ours:
            return
        self._ours = ours
        if ours:
            self._take(here)
            self._touched = True
        else:
            self._writing.begin()  # the compositor has taken the preedit
            self._grab.release()
        self._observer(FocusChanged(ours=ours))

    def _answers_late(self, here: _Place) -> bool:
        """Whether the claimed window had a field all the time, and no time to tell of it."""
        claimed = self._claimed
        if claimed is None or claimed.visit or not self._seat.new:
            return False
        return here.visit != 0 and here.window is claimed.window

    def _is_back(self, here: _Place) -> bool:
        """The same window, and a field that tells the same as the one we left."""
        claimed = self._claimed
        if claimed is None or claimed.window is None or not (claimed.visit and here.visit):
            return False
        return here.window is claimed.window and self._writing.field.surrounding == self._left


def _app(window: Window | None) -> str:
    return window.app if window else ""


def _taken() -> KeyboardError:
    return KeyboardError(
        "Another input method serves this session (fcitx5, ibus).",
        "End it, or set typing.keyboard to virtual-keyboard.",
    )
