"""Any way to type, with the focused field itself as a witness.

Three things are had of it:

1. *Nothing is typed into a password field*, whatever way it is. Where the focus goes into one, the
   observer is told that it is elsewhere.
2. *A way that can't hear the user may erase all the same.* It says Erasing.NONE, because it can't know
   who else typed. What it can't hear, the field shows: before anything is erased, and again between
   groups of backspaces, it must have the focus, and the text before its caret must end with what was
   typed there. Then it is ours, whoever typed meanwhile.
3. *A new line is typed where it begins one.* A field says whether it has several; what has the focus is
   asked once more before each, since the user may have gone on to a form's next field.

Everything here belongs to the typist thread; `whereabouts` has where the focus is.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from voicetype.accessibility import Field, Reader
from voicetype.core import patch as patches
from voicetype.core.events import Erasing, Patch, UserTyped
from voicetype.core.evidence import SPARE, agrees
from voicetype.core.patch import graphemes
from voicetype.errors import Interruption, PatchInterrupted
from voicetype.keyboard import Claim, Keyboard, Observer, Purpose
from voicetype.keyboard.typable import typable
from voicetype.keyboard.whereabouts import Whereabouts

_GROUP = 20  # backspaces between two looks
_CONTEXT = 24  # graphemes before those to be erased that must stand, too
_RECORD = 4_000  # graphemes; more than may ever be erased
_SHOWN_S = 0.4  # until a program has taken the keys that it was sent
_POLL_S = 0.005


class WitnessedKeyboard:
    """Implements `Keyboard` around another. The typist thread owns it."""

    def __init__(self, keyboard: Keyboard, reader: Reader) -> None:
        self._keyboard, self._reader = keyboard, reader
        self._observer: Observer = lambda _: None
        self._whereabouts = Whereabouts(self._observer)
        self._witness: Field | None = None  # the claimed field, where erasing stands on its evidence
        self._several_lines = False  # the claimed field says so
        self._typed = ""  # there, since the claim; of earlier claims too where it continues them

    @property
    def name(self) -> str:
        """The way that types."""
        return self._keyboard.name

    def open(self, observer: Observer) -> None:
        """Open the way to type, then follow the focus. Raises KeyboardError as that way does."""
        self._observer, self._whereabouts = observer, Whereabouts(observer)
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
        self._several_lines = field is not None and field.several_lines is True
        return claim if field is None else _informed(claim, field)

    def apply(self, patch: Patch) -> None:
        """Type where nothing speaks against it; see the protocol."""
        self._refuse_elsewhere(0)
        if self._witness is None:
            self._refuse_break(patch)
            self._keyboard.apply(patch)
            return
        if self._whereabouts.take_touch():
            self._typed = ""
        erased = typed = 0
        for group in _groups(patch):
            if group.backspaces:
                self._refuse_unproven(group.backspaces, erased)
            self._refuse_break(group, erased, typed)
            self._apply(group, erased, typed)
            erased += group.backspaces
            typed += len(graphemes(group.text))

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

    def _refuse_elsewhere(self, erased: int, typed: int = 0) -> None:
        self._whereabouts.settle(self._reader)
        if self._whereabouts.elsewhere:
            raise PatchInterrupted(Interruption.FOCUS, erased, typed)

    def _refuse_break(self, patch: Patch, erased: int = 0, typed: int = 0) -> None:
        """A line break must not go into a field of one line: the user may have gone to one in this window."""
        if patch.new_lines is None or "\n" not in patch.text:
            return
        if typed:
            self._refuse_elsewhere(erased, typed)
        says = self._whereabouts.several_lines
        if says is False or (self._several_lines and not says):
            raise PatchInterrupted(Interruption.FOCUS, erased, typed)

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

    def _apply(self, group: Patch, erased: int, typed: int) -> None:
        try:
            self._keyboard.apply(group)
        except PatchInterrupted as stop:
            self._note(group, stop.erased, stop.typed)
            raise PatchInterrupted(stop.reason, erased + stop.erased, typed + stop.typed) from stop
        self._note(group, group.backspaces, len(graphemes(group.text)))

    def _note(self, group: Patch, erased: int, typed: int) -> None:
        text = "".join(typable(cluster, group.new_lines) for cluster in graphemes(group.text))
        self._typed = patches.partly(self._typed, replace(group, text=text), erased, typed)
        self._typed = "".join(graphemes(self._typed)[-_RECORD:])


def _informed(claim: Claim, field: Field) -> Claim:
    """With what the field says of itself where the way to type did not know."""
    purpose = claim.purpose
    if field.password:
        purpose = Purpose.PASSWORD
    elif field.terminal and purpose is Purpose.TEXT:
        purpose = Purpose.TERMINAL
    several_lines = claim.several_lines if field.several_lines is None else field.several_lines
    return replace(claim, app=claim.app or field.application, purpose=purpose, several_lines=several_lines)


def _groups(patch: Patch) -> Iterator[Patch]:
    """`patch` in parts of at most 20 backspaces, then its text, each line break at the begin of a part."""
    left = patch.backspaces
    while left > _GROUP:
        yield replace(patch, backspaces=_GROUP, text="", draft=0)
        left -= _GROUP
    first, *lines = patch.text.split("\n")
    yield replace(patch, backspaces=left, text=first)
    for line in lines:
        yield replace(patch, backspaces=0, text=f"\n{line}")
