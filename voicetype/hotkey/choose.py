"""Which way to hear the push-to-talk key: a pure choice from the wanted name and the session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from voicetype.ways import Choice, Refusal, is_wayland


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the session without opening anything.

    `keyboards`: whether the kernel's keyboards may be read.
    """

    display: bool
    wayland: bool
    bus: bool
    keyboards: bool

    @staticmethod
    def of(environment: Mapping[str, str], *, bus: bool, keyboards: bool) -> Facts:
        """By the variables of the session. An X display under Wayland is XWayland's."""
        return Facts(bool(environment.get("DISPLAY")), is_wayland(environment), bus, keyboards)


def detect(wanted: str, facts: Facts) -> Choice:
    """Choose; `wanted` is one of the values of hotkey.way. A way that was asked for is always tried.

    On X11 nothing comes after the grab: where a program has taken the key, hearing it from the kernel
    would have both act on it.
    """
    if wanted != "auto":
        return Choice((wanted,))
    if facts.display and not facts.wayland:
        return Choice(("x11",))
    refusals = {each.way: each for each in _refusals(facts)}
    ways = tuple(way for way in ("portal", "evdev") if way not in refusals)
    return Choice(ways, tuple(refusals.values()))


def _refusals(facts: Facts) -> list[Refusal]:
    """Why not, off X11."""
    if facts.wayland:
        x11 = Refusal(
            "x11",
            "Under Wayland a key is heard on X11 only while a window of XWayland has the focus.",
            "Let the desktop's portal or the kernel tell of the key, or log in with an X11 session.",
        )
    else:
        x11 = Refusal("x11", "There is no X display.", "Start voicetype inside your desktop session.")
    refusals = [x11]
    if not facts.bus:
        refusals.append(
            Refusal("portal", "There is no session bus.", "Start voicetype inside your desktop session.")
        )
    elif not facts.wayland:
        refusals.append(
            Refusal("portal", "There is no desktop.", "Start voicetype inside your desktop session.")
        )
    if not facts.keyboards:
        refusals.append(
            Refusal(
                "evdev",
                "No keyboard may be read.",
                "`sudo usermod -aG input $USER`, then log in again; every program can hear your keys then.",
            )
        )
    return refusals
