"""The push-to-talk key from the kernel: where no desktop tells of keys, on Wayland and the console.

The key is only listened to. To keep it from programs, every key of the keyboard would have to be taken and
given back through a keyboard of our own, and a crash in the middle would leave the user without one. So the
focused program sees the key as well, and Escape, too. Pressing the key is not typing (`OwnKeys.reserved`).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from voicetype.errors import HotkeyError
from voicetype.evdev.devices import KEYS, KeyChange, Seat
from voicetype.evdev.listening import Listening
from voicetype.evdev.xkb import Layout, Names, NoLayout
from voicetype.hotkey import Key, KeyEvent
from voicetype.x11.own_keys import OwnKeys

_HINT = (
    "Add yourself to the group that may hear them, `sudo usermod -aG input $USER`, and log in again; any"
    " program of yours can hear every key then. Or bind `voicetype toggle` to a key of your desktop."
)


class EvdevHotkey:
    """A key of any keyboard that may be read. `open` and `close` belong to one thread.

    The observer is called on another.
    """

    def __init__(self, key: str, own_keys: OwnKeys, seat: Seat | None = None) -> None:
        self._key = key
        self._own_keys = own_keys
        self._seat = seat or Seat()
        self._listening: Listening | None = None

    @property
    def name(self) -> str:
        """For people."""
        return f"evdev: {self._key}"

    def open(self, observer: Callable[[KeyEvent], None]) -> None:
        """Hear the key. Raises HotkeyError for an unknown key, and where no keyboard may be read."""
        codes, escape = _codes(self._key)
        meaning = _Meaning(codes, escape, observer)
        try:
            listening = Listening(self._seat, meaning.receive)
        except OSError as missing:
            raise HotkeyError(f"There are no input devices: {missing.strerror}.", _HINT) from missing
        if codes.isdisjoint(listening.codes):
            heard = listening.codes & set(KEYS)
            listening.close()
            raise HotkeyError(
                f"No keyboard has the key {self._key}." if heard else "No keyboard may be read.",
                "Choose another in the configuration, hotkey.key." if heard else _HINT,
            )
        self._listening = listening
        self._own_keys.reserve_codes(codes)

    def dictating(self, active: bool) -> None:
        """Escape is heard and can't be taken."""

    def close(self) -> None:
        """Hear it no more."""
        listening, self._listening = self._listening, None
        if listening:
            self._own_keys.reserve(frozenset())
            listening.close()


class _Meaning:
    """What a key is to push-to-talk. The listening thread's."""

    def __init__(
        self, codes: frozenset[int], escape: frozenset[int], observer: Callable[[KeyEvent], None]
    ) -> None:
        self._codes = codes
        self._escape = escape
        self._observer = observer

    def receive(self, change: KeyChange) -> None:
        """A key went down or up."""
        if change.code in self._codes:
            self._report(Key.DOWN if change.pressed else Key.UP)
        elif change.pressed and change.code in KEYS:
            self._report(Key.ESCAPE if change.code in self._escape else Key.OTHER)

    def _report(self, key: Key) -> None:
        self._observer(KeyEvent(key, time.monotonic()))


def _codes(name: str) -> tuple[frozenset[int], frozenset[int]]:
    """The codes of the key of this name, and those of Escape. Raises HotkeyError.

    Keys that are held to talk are in the same place on every layout, or nearly.
    """
    try:
        layout = Layout(Names())
    except NoLayout as missing:
        raise HotkeyError(
            f"The names of keys can't be told: {missing}.", "Install the package libxkbcommon0."
        ) from missing
    try:
        if codes := layout.codes(name):
            return codes, layout.codes("Escape")
        near = layout.near(name)
    finally:
        layout.close()
    raise HotkeyError(
        f"There is no key called {name!r}.",
        f"Did you mean {' or '.join(near)}?" if near else "`wev` or `xev` shows the name of a key.",
    )
