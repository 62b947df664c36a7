"""Any way to type, with the focused field itself as a witness.

Two things are had of it:

1. *Nothing is typed into a password field*, whatever way it is. Where the focus goes into one, the
   observer is told that it is elsewhere.
2. *A way that can't hear the user may erase all the same.* It says Erasing.NONE, because it can't know
   who else typed. What it can't hear, the field shows: before anything is erased, and again between
   groups of backspaces, it must have the focus, and the text before its caret must end with what was
   typed there. Then it is ours, whoever typed meanwhile.

The record of what was typed belongs to the typist thread. Where the focus is, is noted under a lock,
since both the keyboard's thread and the reader's tell it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from threading import Lock

from voicetype.accessibility import Field, Reader
from voicetype.core import patch as patches
from voicetype.core.events import Erasing, FocusChanged, Patch, UserTyped
from voicetype.core.evidence import SPARE, agrees
from voicetype.core.patch import graphemes
from voicetype.errors import Interruption, PatchInterrupted
from voicetype.keyboard import Claim, Keyboard, KeyboardLost, Observer, Purpose
from voicetype.keyboard.typable import typable

_GROUP = 20  # backspaces between two looks
_CONTEXT = 24  # graphemes before those to be erased that must stand, too
_RECORD = 4_000  # graphemes; more than may ever be erased
_SHOWN_S = 0.4  # until a program has taken the keys that it was sent
_POLL_S = 0.005
_MOVING_S = 0.15  # until a program has told where the user's key or click moved the focus


class WitnessedKeyboard:
    """Implements `Keyboard` around another. The typist thread owns it."""

    def __init__(self, keyboard: Keyboard, reader: Reader) -> None:
        self._keyboard, self._reader = keyboard, reader
        self._observer: Observer = lambda _: None
        self._whereabouts = _Whereabouts(self._observer)
        self._witness: Field | None = None  # the claimed field, where erasing stands on its evidence
        self._typed = ""  # there, since the claim; of earlier claims too where it continues them

    @property
    def name(self) -> str:
        """The way that types."""
        return self._keyboard.name

    def open(self, observer: Observer) -> None:
        """Open the way to type, then follow the focus. Raises KeyboardError as that way does."""
        self._observer, self._whereabouts = observer, _Whereabouts(observer)
        self._keyboard.open(self._whereabouts.heard)
        self._reader.open(self._whereabouts.moved)

    def claim(self) -> Claim:
        """Claim as the way to type does, and ask the field what it is; see the protocol."""
        self._whereabouts.forget()
        claim = self._keyboard.claim()
        field = self._reader.find()
        deaf = claim.erasing is Erasing.NONE and not claim.preedit
        if deaf and field is not None and field.readable:
            claim = replace(claim, erasing=Erasing.KEYS, continues=self._continues(field))
            self._witness = field
        else:
            self._witness = None
        if not claim.continues:
            self._typed = ""
        self._whereabouts.claim(told=field is not None, witness=self._witness)
        return claim if field is None else _informed(claim, field)

    def apply(self, patch: Patch) -> None:
        """Type where nothing speaks against it; see the protocol."""
        self._refuse_elsewhere(0)
        if self._witness is None:
            self._keyboard.apply(patch)
            return
        if self._whereabouts.take_touch():
            self._typed = ""
        erased = 0
        for group in _groups(patch):
            if group.backspaces:
                self._refuse_unproven(group.backspaces, erased)
            self._apply(group, erased)
            erased += group.backspaces

    def read(self, characters: int) -> str | None:
        """What the way to type says, else what the field does: the claimed one, or the one with the focus."""
        said = self._keyboard.read(characters)
        if said is not None:
            return said
        field = self._witness or self._reader.focused
        return None if field is None else self._reader.read(field, characters)

    def release(self) -> None:
        """Release the way to type."""
        self._keyboard.release()

    def close(self) -> None:
        """Close both."""
        self._reader.close()
        self._keyboard.close()

    def _continues(self, field: Field) -> bool:
        touched = self._whereabouts.take_touch()
        same = self._witness is not None and self._witness.place == field.place
        return same and not touched and bool(self._typed) and self._stands(_CONTEXT)

    def _refuse_elsewhere(self, erased: int) -> None:
        self._whereabouts.settle(self._reader)
        if self._whereabouts.elsewhere:
            raise PatchInterrupted(Interruption.FOCUS, erased, 0)

    def _refuse_unproven(self, backspaces: int, erased: int) -> None:
        """What is to be erased must stand before the caret, once the program has taken all keys."""
        known = backspaces <= len(graphemes(self._typed))
        until_s = time.monotonic() + _SHOWN_S
        while not (known and self._stands(backspaces + _CONTEXT)):
            self._refuse_elsewhere(erased)
            if not known or time.monotonic() >= until_s:
                self._typed = ""
                self._observer(UserTyped())
                raise PatchInterrupted(Interruption.FOREIGN_INPUT, erased, 0)
            time.sleep(_POLL_S)
        self._refuse_elsewhere(erased)

    def _stands(self, count: int) -> bool:
        """Whether the last `count` graphemes that were typed stand before the caret of the witness."""
        expected = "".join(graphemes(self._typed)[-count:])
        read = self._reader.read(self._witness, len(expected) + SPARE) if self._witness else None
        return read is not None and agrees(read, expected)

    def _apply(self, group: Patch, erased: int) -> None:
        try:
            self._keyboard.apply(group)
        except PatchInterrupted as stop:
            self._note(group, stop.erased, stop.typed)
            raise PatchInterrupted(stop.reason, erased + stop.erased, stop.typed) from stop
        self._note(group, group.backspaces, len(graphemes(group.text)))

    def _note(self, group: Patch, erased: int, typed: int) -> None:
        text = "".join(map(typable, graphemes(group.text)))
        self._typed = patches.partly(self._typed, replace(group, text=text), erased, typed)
        self._typed = "".join(graphemes(self._typed)[-_RECORD:])


class _Whereabouts:
    """Where the focus is, as the way to type (`heard`) and the reader (`moved`) tell it on their threads."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._lock = Lock()
        self._claimed = self._told = False
        self._witness: Field | None = None
        self._field: Field | None = None  # that has the focus
        self._ours = True  # as the way to type has it
        self._touched = False
        self._moving = False  # the focus may be, since something was heard
        self._heard_s = 0.0  # monotonic

    @property
    def elsewhere(self) -> bool:
        """Whether the focus is in a password field, or not in the field that stands witness."""
        field, witness = self._field, self._witness
        if field is not None and field.password:
            return True
        return witness is not None and (field is None or field.place != witness.place)

    def forget(self) -> None:
        """A claim will be made; what has the focus will be told anew."""
        with self._lock:
            self._claimed, self._ours, self._moving = False, True, False
            self._field = self._witness = None

    def claim(self, *, told: bool, witness: Field | None) -> None:
        """A claim was made. `told`: the program tells its focus; `witness`: the only field to type into."""
        with self._lock:
            self._claimed, self._told, self._witness = True, told, witness

    def heard(self, event: FocusChanged | UserTyped | KeyboardLost) -> None:
        """Pass on what the way to type tells."""
        with self._lock:
            self._moving, self._heard_s = True, time.monotonic()
            if isinstance(event, UserTyped):
                self._touched = True
            elif isinstance(event, FocusChanged):
                self._ours = event.ours
                event = FocusChanged(ours=event.ours and not self.elsewhere)
        self._observer(event)

    def moved(self, field: Field | None) -> None:
        """Tell where the focus came to be elsewhere, or back."""
        with self._lock:
            before = self.elsewhere
            self._field = field
            changed, ours = self.elsewhere != before, self._ours and not self.elsewhere
        if changed and self._claimed:
            self._observer(FocusChanged(ours))

    def take_touch(self) -> bool:
        """Whether the way to type told of the user's keys since this was last asked."""
        with self._lock:
            touched, self._touched = self._touched, False
            return touched

    def settle(self, reader: Reader) -> None:
        """After a key of the user's, wait until it can have moved the focus, and ask the program where it is.

        A program that is slow to take the key is slow to answer as well.
        """
        with self._lock:
            moving, self._moving = self._moving and self._told, False
        _ = reader.focused  # by now it is known what the last change of it led to
        if moving:
            time.sleep(max(0.0, self._heard_s + _MOVING_S - time.monotonic()))
            reader.find()


def _informed(claim: Claim, field: Field) -> Claim:
    """With what the field says of itself where the way to type did not know."""
    purpose = claim.purpose
    if field.password:
        purpose = Purpose.PASSWORD
    elif field.terminal and purpose is Purpose.TEXT:
        purpose = Purpose.TERMINAL
    return replace(claim, app=claim.app or field.application, purpose=purpose)


def _groups(patch: Patch) -> Iterator[Patch]:
    """`patch` in parts of at most 20 backspaces, the last with its text."""
    left = patch.backspaces
    while left > _GROUP:
        yield replace(patch, backspaces=_GROUP, text="", draft=0)
        left -= _GROUP
    yield replace(patch, backspaces=left)
