"""The overlay: a strip on top of all windows with the microphone's level and the newest words.

It never takes the focus, and every click goes through it: on X11 by a window that no window manager manages.
On Wayland it is one of XWayland's. Dictated text goes nowhere from here but on the screen.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from voicetype.control import Status
from voicetype.overlay.strip import Strip
from voicetype.toolkit import Toolkit
from voicetype.ways import is_wayland

log = logging.getLogger(__name__)

_MOST = 100  # levels and texts that may wait to be shown: some seconds


def refusal(value: str, environment: Mapping[str, str]) -> str:
    """Why desktop.overlay = `value` means no overlay in this `environment`, a sentence; empty: show it."""
    if value == "always":
        return ""
    if value == "never":
        return "No overlay: it is not wanted (desktop.overlay)."
    if is_wayland(environment):
        return (
            "No overlay: on Wayland an ordinary window would take the focus."
            ' desktop.overlay = "always" shows one through XWayland.'
        )
    return "" if environment.get("DISPLAY") else "No overlay: there is no display."


class Overlay:
    """The strip. Every method but `open` returns at once; GTK's thread does the work."""

    def __init__(self, toolkit: Toolkit, place: str) -> None:
        """`place`: "foot" of the screen, or near the "pointer"."""
        self._toolkit = toolkit
        self._place = place
        self._strip: Strip | None = None  # GTK's thread's alone
        self._posted = self._done = 0  # each written by one thread after the other, and by GTK's alone
        self._told = False

    def open(self) -> None:
        """Make it, unseen. Raises DesktopError where it could take the focus or a click."""
        self._toolkit.call(self._make)

    def show(self, status: Status) -> None:
        """Be seen while it listens or finishes."""
        self._post(lambda strip: strip.show(status.state))

    def level(self, level: float) -> None:
        """How loud it is, 0.0 to 1.0, about ten times a second."""
        if not self._is_late():
            self._post(lambda strip: strip.level(level))

    def text(self, draft: str) -> None:
        """The text so far, of which the end is shown."""
        if not self._is_late():
            self._post(lambda strip: strip.text(draft))

    def close(self) -> None:
        """Be gone. Safe to call twice, and without `open`."""
        self._toolkit.post(self._end)

    def _is_late(self) -> bool:
        """Whether the desktop is so far behind that what passes by need not be shown."""
        late = self._posted - self._done >= _MOST
        if late and not self._told:
            log.warning("The desktop does not answer: the overlay stands still until it does.")
        self._told = late
        return late

    def _post(self, work: Callable[[Strip], None]) -> None:
        def do() -> None:
            self._done += 1
            if self._strip is not None:
                work(self._strip)

        self._posted += 1
        self._toolkit.post(do)

    def _make(self) -> None:
        self._strip = Strip(self._place)

    def _end(self) -> None:
        if self._strip is not None:
            self._strip.destroy()
        self._strip = None
