"""Typing by uinput: a keyboard that the kernel takes for one that is plugged in.

It works everywhere, on Wayland and on the console, and knows least, so it is the last resort:

1. *Keys, not characters.* What a key types is decided by the desktop's layout. It is asked for and
   compiled; a character that it has no key for ends the patch before that character. Where several
   layouts are in use and nobody says which is on, only what is the same in all of them is typed.
2. *No field.* Where the keys go is not known, so nothing that was typed may be erased again
   (`Erasing.NONE`) unless the field can be read by other means.
3. *No lifting.* A modifier that the user holds on another keyboard can't be let go of here. Where
   the keyboards may be read, typing waits until it is up; where they may not, it can't be known.
4. *A grapheme is whole.* All keys of one go to the kernel in one write.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event

from voicetype.core.events import Erasing, Patch, UserTyped
from voicetype.core.patch import graphemes
from voicetype.errors import Interruption, KeyboardError
from voicetype.evdev import layouts
from voicetype.evdev.devices import BUTTONS, KEYS, KeyChange, Seat, VirtualKeyboard
from voicetype.evdev.layouts import InUse
from voicetype.evdev.listening import Listening
from voicetype.evdev.xkb import BACKSPACE, Layout, NoLayout, Stroke
from voicetype.keyboard import Claim, KeyboardLost, Observer
from voicetype.keyboard.progress import Progress, Stop
from voicetype.keyboard.typable import keyed

_PLUGGED_IN_S = 1.0  # a new keyboard is not heard at once: udev looks at it, then the desktop does
_HELD_S = 1.0  # a held modifier is waited for so long; then the session may think again

LayoutInUse = Callable[[], InUse]


@dataclass(slots=True)
class _Keys:
    """The layout in use, and how each character is typed in it, without and with Caps Lock."""

    names: InUse
    backspace: Stroke
    modifiers: frozenset[int]
    plain: dict[str, Stroke] = field(default_factory=dict)
    locked: dict[str, Stroke] = field(default_factory=dict)


class UinputKeyboard:
    """Types with keys of its own. The typist thread owns it; the observer is called on another."""

    name = "uinput"

    def __init__(
        self, characters_per_s: int, seat: Seat | None = None, layout: LayoutInUse | None = None
    ) -> None:
        self._interval_s = 1 / characters_per_s
        self._seat = seat or Seat()
        self._layout = layout or (lambda: layouts.in_use(os.environ))
        self._device: VirtualKeyboard | None = None
        self._listening: Listening | None = None
        self._keys: _Keys | None = None
        self._touched = Event()
        self._next_s = 0.0  # monotonic: when the next key may be sent

    def open(self, observer: Observer) -> None:
        """Plug the keyboard in. Raises KeyboardError where that is not allowed, or its layout unknown."""
        self._observer = observer
        self._keys = _compile(self._layout())
        try:
            self._device = self._seat.plug_in(KEYS)
        except OSError as refused:
            raise _no_uinput(refused) from refused
        self._next_s = time.monotonic() + _PLUGGED_IN_S
        with suppress(OSError):  # without it, the user's keys are not heard; a claim erases nothing anyway
            self._listening = Listening(self._seat, self._heard)

    def claim(self) -> Claim:
        """Whatever has the focus; that is not known. Raises KeyboardError for a layout that can't be used."""
        self._opened()
        now = self._layout()
        if self._keys is None or now != self._keys.names:
            self._keys = _compile(now)
        self._touched.clear()
        return Claim(erasing=Erasing.NONE)

    def apply(self, patch: Patch) -> None:
        """Erase and type; see the protocol. Stops before a character that the layout lacks."""
        device, keys = self._opened()
        progress = Progress()
        with progress.told(OSError):
            if self._touched.is_set():
                if patch.backspaces:
                    # Made before the user's key was heard of: what it would erase may be the user's.
                    raise Stop(Interruption.FOREIGN_INPUT)
                self._touched.clear()
            try:
                self._type(device, keys, patch, progress)
            except OSError:
                self._observer(KeyboardLost())
                raise

    def read(self, _: int) -> str | None:
        """The kernel does not know what a window shows."""
        return None

    def release(self) -> None:
        """Nothing is taken for a dictation alone."""

    def close(self) -> None:
        """Unplug the keyboard, listen no more."""
        listening, self._listening = self._listening, None
        if listening:
            listening.close()
        device, self._device = self._device, None
        if device:
            device.close()

    def _type(self, device: VirtualKeyboard, keys: _Keys, patch: Patch, progress: Progress) -> None:
        for _ in range(patch.backspaces):
            self._check(keys)
            _strike(device, [keys.backspace])
            progress.erased += 1
        for cluster in graphemes(patch.text):
            self._check(keys)
            known = keys.locked if device.caps_lock() else keys.plain
            strokes = [known.get(character) for character in keyed(cluster, patch.new_lines)]
            if not all(strokes):
                raise Stop(Interruption.UNTYPABLE)
            _strike(device, [stroke for stroke in strokes if stroke])
            progress.typed += 1

    def _check(self, keys: _Keys) -> None:
        """Before each grapheme: may it be sent? Waits for its turn first."""
        now = time.monotonic()
        time.sleep(max(0.0, self._next_s - now))
        self._next_s = max(now, self._next_s) + self._interval_s
        if self._listening and not self._listening.wait_until_up(keys.modifiers, _HELD_S):
            raise Stop(Interruption.FOREIGN_INPUT)
        if self._touched.is_set():
            raise Stop(Interruption.FOREIGN_INPUT)

    def _heard(self, change: KeyChange) -> None:
        """On the listening thread: a key or a button of the user's own."""
        modifiers = self._keys.modifiers if self._keys else frozenset()
        if change.pressed and change.code not in modifiers and change.code in (*KEYS, *BUTTONS):
            self._touched.set()
            self._observer(UserTyped())

    def _opened(self) -> tuple[VirtualKeyboard, _Keys]:
        if self._device is None or self._keys is None:
            raise KeyboardError("The uinput keyboard is not plugged in.", "Start voicetype again.")
        return self._device, self._keys


def _strike(device: VirtualKeyboard, strokes: list[Stroke]) -> None:
    changes = []
    for stroke in strokes:
        changes += [KeyChange(code, pressed=True) for code in (*stroke.held, stroke.code)]
        changes += [KeyChange(code, pressed=False) for code in (stroke.code, *reversed(stroke.held))]
    device.send(changes)


def _compile(used: InUse) -> _Keys:
    """How to type in a layout. Raises KeyboardError where it is unknown, or types next to nothing."""
    try:
        layout = Layout(used.names)
    except NoLayout as missing:
        raise KeyboardError(
            f"The keyboard layout can't be told: {missing}.",
            "Set XKB_DEFAULT_LAYOUT to the layout you use, as in XKB_DEFAULT_LAYOUT=de.",
        ) from missing
    try:
        groups = range(layout.groups) if used.active is None else [min(used.active, layout.groups - 1)]
        keys = _Keys(used, Stroke(min(layout.codes(BACKSPACE))), layout.modifiers())
        keys.plain = layout.strokes(groups, caps_lock=False)
        keys.locked = layout.strokes(groups, caps_lock=True)
    finally:
        layout.close()
    if not any(character.isalpha() for character in keys.plain):
        raise KeyboardError(
            f"There are several keyboard layouts, {used.names.layout}, and nobody tells which one is on.",
            "Set XKB_DEFAULT_LAYOUT to the one that you dictate in, or use another way to type.",
        )
    return keys


def _no_uinput(refused: OSError) -> KeyboardError:
    if isinstance(refused, PermissionError):
        return KeyboardError(
            "You may not plug in a keyboard: /dev/uinput is not yours to write to.",
            "Allow it with `install/install.sh --uinput`, which asks for root, or use another way to type.",
        )
    return KeyboardError(
        f"There is no /dev/uinput to plug a keyboard in: {refused.strerror}.",
        "Load it with `sudo modprobe uinput`, or use another way to type.",
    )
