"""Ways to put text into the focused window; `Keyboard` is the seam, the adapters never import each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from voicetype.core.events import FocusChanged, Patch, UserTyped


@dataclass(frozen=True, slots=True)
class KeyboardLost:
    """The display is gone, and with it every window; this keyboard will not type again."""


Observer = Callable[[FocusChanged | UserTyped | KeyboardLost], None]


class Keyboard(Protocol):
    """A way to type. All methods but `close` are called on the typist thread only.

    The observer is called on a thread of the adapter's own, at any time between `open` and `close`.
    """

    @property
    def name(self) -> str:
        """The way, as the configuration spells it: "x11", "dummy"."""

    def open(self, observer: Observer) -> None:
        """Connect and start to watch the focus and the user's own keys and clicks.

        Raises KeyboardError where this way to type is not to be had.
        """

    def claim(self) -> bool:
        """Remember the focused window: patches go there and nowhere else until the next claim.

        Returns whether it is the window of the last claim and neither a key nor a click of the
        user's own, nor a change of focus, came since the last patch (the caret still stands behind
        our text). Raises KeyboardError where no window has the focus.
        """

    def apply(self, patch: Patch) -> None:
        """Erase and type; returns when the window has been sent all of it.

        Raises PatchInterrupted, with what was done of it, when the focus moved, the user typed or
        clicked, or the display is gone.
        """

    def close(self) -> None:
        """Give back every spare keycode and stop watching. Safe to call twice and after a failure."""
