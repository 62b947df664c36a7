"""Typing by pasting, on X11: for programs that take keys wrongly, and only where the user chose it.

1. *What was on the clipboard is kept first*, in all its formats; where that can't be done, nothing is pasted.
2. *The text is on the clipboard for a moment*, for the claimed window's program alone, and the keys that
   paste are sent there, as carefully as any key (`x11_typing`).
3. *What was there is put back once the program has read the text*; where it never does, after a time limit,
   and then nothing counts as typed.

Erasing is by BackSpace. A paste is slow (all formats are read, a program is waited for), so it is meant
for text that is final.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from fnmatch import fnmatchcase

from Xlib import Xatom

from voicetype.errors import Interruption, KeyboardError
from voicetype.keyboard import Observer
from voicetype.keyboard.progress import Progress, Stop
from voicetype.keyboard.typable import RETURN
from voicetype.keyboard.x11 import X11Keyboard
from voicetype.keyboard.x11_contents import Contents, Reader, Unreadable
from voicetype.keyboard.x11_keymap import Stroke
from voicetype.keyboard.x11_lift import Lift
from voicetype.keyboard.x11_selection import Selections, client_of
from voicetype.keyboard.x11_typing import Typing
from voicetype.x11 import connection, windows
from voicetype.x11.listening import close
from voicetype.x11.own_keys import OwnKeys

_PATIENCE_S = 3.0  # for the program that is pasted into, and for the one whose clipboard is kept

_SHIFT, _CONTROL, _INSERT = (0xFFE1,), (0xFFE3,), 0xFF63
_KEYS = {
    "Control+v": (ord("v"), _CONTROL),
    "Control+Shift+v": (ord("v"), _CONTROL + _SHIFT),
    "Shift+Insert": (_INSERT, _SHIFT),
}

# By WM_CLASS, the class in lower case. The old terminals know Shift+Insert alone, and paste the primary
# selection by it.
_OLD_TERMINALS = ("xterm", "uxterm", "urxvt", "rxvt*", "st-*", "st", "mlterm", "eterm", "aterm")
_TERMINALS = (
    *("*terminal*", "konsole", "alacritty", "kitty", "terminator", "tilix", "guake", "yakuake", "tilda"),
    *("*wezterm*", "*ghostty*", "foot*", "qterminal", "terminology", "ptyxis", "org.gnome.console", "kgx"),
)


class ClipboardKeyboard(X11Keyboard):
    """Types by pasting into the focused window of an X display. The typist thread owns it.

    `keys`: what pastes: "Control+v", "Control+Shift+v", "Shift+Insert", or "auto", which goes by the program.
    """

    name = "clipboard"

    def __init__(self, characters_per_s: int, own_keys: OwnKeys, keys: str = "auto") -> None:
        super().__init__(characters_per_s, own_keys)
        self._paste_keys = keys

    def open(self, observer: Observer) -> None:
        """Connect and watch. Raises KeyboardError without an X display of its own."""
        if os.environ.get("WAYLAND_DISPLAY"):
            raise KeyboardError(
                "Pasting works on X11 only; this is a Wayland session.",
                "Set typing.keyboard to auto, which finds another way to type.",
            )
        super().open(observer)

    def _connect(self, observer: Observer) -> Typing:
        return _Pasting(self._own_keys, observer, self._interval_s, self._paste_keys)


class _Pasting(Typing):
    """Typing that pastes. Raises NoDisplay, KeyboardError."""

    def __init__(self, own_keys: OwnKeys, observer: Observer, interval_s: float, keys: str) -> None:
        super().__init__(own_keys, observer, interval_s)
        self._keys = keys
        self._before: dict[int, Contents] = {}
        try:
            self._reading = connection.connect()
            self._reader = Reader(self._reading)
            self._selections = Selections()
        except BaseException:
            super().close()
            raise

    def close(self) -> None:
        super().close()
        self._selections.close()
        close(self._reading)

    def _prepare(self, text: Sequence[str]) -> None:
        """Keep what is on the clipboard, before anything is erased. Raises KeyboardError."""
        self._before = {}
        if not text:
            return
        names = [self._display.intern_atom("CLIPBOARD")]
        if self._keys_here() == "Shift+Insert":
            names.append(Xatom.PRIMARY)
        for selection in names:
            try:
                kept = self._selections.kept(selection)
                self._before[selection] = kept or self._reader.read(selection, _PATIENCE_S)
            except Unreadable as error:
                raise KeyboardError(
                    f"What is on the clipboard can't be kept: {error}.",
                    "Copy something small, or set typing.keyboard to another way to type.",
                ) from error

    def _type(self, text: Sequence[str], lift: Lift, progress: Progress) -> None:
        if not text:
            return
        self._check(0)
        client = client_of(self._display, windows.focus(self._display))
        whole = "".join(text).replace(RETURN, "\n")  # no key is pressed for a line break
        if not self._selections.offer(self._before, whole, client):
            raise Stop(Interruption.FOREIGN_INPUT)  # the user has copied something else this very moment
        try:
            self._striking.strike(self._paste_strokes, lift)
            self._display.sync()
            if not self._selections.wait_until_read(_PATIENCE_S):
                raise Stop(Interruption.UNREAD)
            progress.typed = len(text)
        finally:
            self._selections.withdraw()

    def _keys_here(self) -> str:
        if self._keys != "auto":
            return self._keys
        program = self._striking.target.owner()[1].lower()
        if any(fnmatchcase(program, each) for each in _OLD_TERMINALS):
            return "Shift+Insert"
        if any(fnmatchcase(program, each) for each in _TERMINALS):
            return "Control+Shift+v"
        return "Control+v"

    def _paste_strokes(self) -> list[Stroke]:
        """Empty on a keyboard that lacks one of these keys."""
        keysym, modifiers = _KEYS[self._keys_here()]
        keymap = self._striking.strokes.keymap
        keys = [keymap.keycodes(each)[:1] for each in (keysym, *modifiers)]
        if not all(keys):
            return []
        (key,), *held = keys
        return [Stroke(key, tuple(code for (code,) in held))]
