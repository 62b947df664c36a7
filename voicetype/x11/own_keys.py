"""Which key events are voicetype's own.

The X server does not say who sent a key. What it does promise is one raw event for each press and
release, in the same order for every client. So the typist says what it is about to send, and
each listener crosses it off when it comes back:

1. Announce, then send: an event is in every ledger before the server can report it.
2. A listener asks its ledger once for each raw key event. Entries are counted, not marked: when the
   user and the typist release the same key at once, exactly one of the two events is the user's,
   and it does not matter which.
3. A ledger that is empty again has seen everything up to the last own event, and thereby every
   event of the user's that came before it.
4. The server swallows the press of a key that is down already, so an entry may wait for an event
   that never comes. It expires, or the next press of that key by the user would count as ours.
"""

from __future__ import annotations

import time
from collections import deque
from threading import Condition

_EXPIRY_S = 3.0
_OFFSET = 8  # between a code of the kernel's and a keycode


class Ledger:
    """One listener's account of own key events that are on their way. Made by `OwnKeys.ledger`."""

    def __init__(self, changed: Condition) -> None:
        self._changed = changed
        self._in_flight: dict[tuple[int, bool], deque[float]] = {}

    def announce(self, keycode: int, pressed: bool) -> None:
        """Expect one event. Called by `OwnKeys`."""
        with self._changed:
            self._in_flight.setdefault((keycode, pressed), deque()).append(time.monotonic())

    def is_own(self, keycode: int, pressed: bool) -> bool:
        """Whether this event is voicetype's; crosses it off."""
        key = (keycode, pressed)
        oldest = time.monotonic() - _EXPIRY_S
        with self._changed:
            sent = self._in_flight.get(key, deque())
            while sent and sent[0] < oldest:
                sent.popleft()
            own = bool(sent)
            if own:
                sent.popleft()
            if not sent:
                self._in_flight.pop(key, None)
            self._changed.notify_all()
        return own

    def settle(self, timeout_s: float) -> bool:
        """Wait until nothing is on its way; what has not come by then is given up."""
        with self._changed:
            settled = self._changed.wait_for(lambda: not self._in_flight, timeout_s)
            self._in_flight.clear()
        return settled


class OwnKeys:
    """Own key events, told to every listener. One object, given to the keyboard and to the hotkey."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._ledgers: list[Ledger] = []
        self._reserved: frozenset[int] = frozenset()

    @property
    def reserved(self) -> frozenset[int]:
        """Keycodes whose press is not typing: the push-to-talk key. Empty without a hotkey."""
        return self._reserved

    @property
    def reserved_codes(self) -> frozenset[int]:
        """The same as the kernel numbers keys."""
        return frozenset(keycode - _OFFSET for keycode in self._reserved)

    def reserve(self, keycodes: frozenset[int]) -> None:
        """Say which keycodes these are; the hotkey knows."""
        self._reserved = keycodes

    def reserve_codes(self, codes: frozenset[int]) -> None:
        """The same as the kernel numbers keys."""
        self.reserve(frozenset(code + _OFFSET for code in codes))

    def ledger(self) -> Ledger:
        """An account for one more listener, until `forget`."""
        ledger = Ledger(self._changed)
        with self._changed:
            self._ledgers.append(ledger)
        return ledger

    def forget(self, ledger: Ledger) -> None:
        """The listener is gone; nobody crosses off its entries any more."""
        with self._changed:
            if ledger in self._ledgers:
                self._ledgers.remove(ledger)

    def announce(self, keycode: int, pressed: bool) -> None:
        """An own event is about to be sent."""
        with self._changed:
            ledgers = tuple(self._ledgers)
        for ledger in ledgers:
            ledger.announce(keycode, pressed)
