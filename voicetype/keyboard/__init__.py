"""Ways to put text into the focused window; `Keyboard` is the seam, the adapters never import each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from voicetype.core.events import Erasing, FocusChanged, Patch, UserTyped


@dataclass(frozen=True, slots=True)
class KeyboardLost:
    """The display is gone, and with it every window; this keyboard will not type again."""


class Purpose(StrEnum):
    """What the focused field says it is for."""

    TEXT = "text"  # or it does not say
    TERMINAL = "terminal"
    PASSWORD = "password"  # a PIN, too: nothing is ever typed there


@dataclass(frozen=True, slots=True)
class Claim:
    """The focused field, as far as a way to type can tell.

    `continues`: it is the field of the last claim, and the caret still stands behind our text.
    `app`: the X11 WM_CLASS (the class, its second part) or the Wayland app id; empty where it is not known.
    `instance`: the first part of WM_CLASS; empty elsewhere.
    `preedit`: the field shows drafts as preedit (`Patch.draft`).
    `several_lines`: the field says that it has several lines, or just one; None: it does not say.
    """

    continues: bool = False
    app: str = ""
    instance: str = ""
    purpose: Purpose = Purpose.TEXT
    erasing: Erasing = Erasing.KEYS
    preedit: bool = False
    several_lines: bool | None = None


Observer = Callable[[FocusChanged | UserTyped | KeyboardLost], None]

Held = Callable[[bool], None]
"""Told whether the user's own keys go through a keyboard, by the thread that hands them on: at least every
second that they do, and once that they no longer do. Who falls silent between is hung and has to be ended.
"""


class Keyboard(Protocol):
    """A way to type. All methods but `close` are called on the typist thread only.

    The observer is called on a thread of the adapter's own, at any time between `open` and `close`.
    """

    @property
    def name(self) -> str:
        """The way, as the configuration spells it: "x11", "ibus", "dummy"."""

    def open(self, observer: Observer) -> None:
        """Connect and start to watch the focus and the user's own keys and clicks.

        Raises KeyboardError where this way to type is not to be had.
        """

    def claim(self) -> Claim:
        """Remember the focused field: patches go there and nowhere else until the next claim.

        The claim continues where it is the field of the last claim and neither a key nor a click of the
        user's own, nor a change of focus, came since the last patch. Raises KeyboardError where no field
        has the focus.
        """

    def apply(self, patch: Patch) -> None:
        """Erase and type; returns when the window has been sent all of it. Control characters become spaces,
        and line breaks too unless the patch says what they are typed with.

        Raises PatchInterrupted, with what was done of it, when the focus moved, the user typed or
        clicked, or the display is gone.
        """

    def read(self, characters: int) -> str | None:
        """The last `characters` code points before the caret, as the application itself says; fewer where
        there are no more; a preedit is not among them. None where it does not say.
        """

    def release(self) -> None:
        """The dictation is over: what stands is committed, and what only a dictation wants is given back
        (the user's input method, most of all). The claim stays. Safe to call twice.
        """

    def close(self) -> None:
        """Give back every spare keycode and stop watching. Safe to call twice and after a failure."""
