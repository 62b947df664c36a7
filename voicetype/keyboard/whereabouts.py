"""Where the focus is, for a way to type that has the field as its witness (`witnessed`)."""

from __future__ import annotations

import time
from threading import Lock

from voicetype.accessibility import Field, Reader
from voicetype.core.events import FocusChanged, UserTyped
from voicetype.keyboard import KeyboardLost, Observer

_MOVING_S = 0.15  # until a program has told where the user's key or click moved the focus


class Whereabouts:
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

    @property
    def several_lines(self) -> bool | None:
        """What the field that has the focus says of itself."""
        field = self._field
        return None if field is None else field.several_lines

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
