"""Which way to type: a pure choice from the wanted name and what the session offers."""

from __future__ import annotations

from dataclasses import dataclass

from voicetype.wayland.globals import INPUT_METHOD, TOPLEVELS, VIRTUAL_KEYBOARD
from voicetype.ways import Choice, Refusal


@dataclass(frozen=True, slots=True)
class Offers:
    """What the session has to type with.

    `display`: an X display is named. `wayland`: it is a Wayland session. `protocols`: what its compositor
    speaks, by the names of the protocols' globals. `ibus`: its daemon runs and can be spoken to. `portal`:
    the RemoteDesktop portal answers. `uinput`: the kernel's device may be written.
    """

    display: bool = False
    wayland: bool = False
    protocols: frozenset[str] = frozenset()
    ibus: bool = False
    portal: bool = False
    uinput: bool = False


def detect(wanted: str, offers: Offers) -> Choice:
    """The ways to try, in order; `wanted` is one of `config.KEYBOARDS`, and the only one unless it is "auto".

    * X11: XTEST is exact in every program, and hears the user's own keys.
    * Wayland: an X display reaches only the few programs under XWayland, so "auto" does not take it. An
      input method comes first, since its drafts are preedit and its deletions are counted in characters; then
      keys, which are typed blindly; the kernel's device comes last, which knows no text, only keys.

    The clipboard is never taken unless it is asked for.
    """
    if wanted != "auto":
        return Choice((wanted,))
    if not offers.wayland:
        return _on_x11(offers)
    offered = {
        "input-method": {INPUT_METHOD, VIRTUAL_KEYBOARD, TOPLEVELS} <= offers.protocols,
        "ibus": offers.ibus,
        "virtual-keyboard": {VIRTUAL_KEYBOARD, TOPLEVELS} <= offers.protocols,
        "portal": offers.portal,
        "uinput": offers.uinput,
    }
    refused = (*(_REFUSALS[way] for way, there in offered.items() if not there), _REFUSALS["x11"])
    return Choice(tuple(way for way, there in offered.items() if there), refused)


def _on_x11(offers: Offers) -> Choice:
    offered = {"x11": offers.display, "ibus": offers.display and offers.ibus}
    refused = tuple(
        (_NO_DISPLAY if way == "x11" else _REFUSALS[way]) for way, there in offered.items() if not there
    )
    return Choice(tuple(way for way, there in offered.items() if there), refused)


_NO_DISPLAY = Refusal(
    "x11",
    "There is no desktop to type on: neither DISPLAY nor WAYLAND_DISPLAY is set.",
    "Start voicetype inside your desktop session, or set typing.keyboard to dummy.",
)
_REFUSALS = {
    each.way: each
    for each in (
        Refusal(
            "x11",
            "In a Wayland session an X display reaches only programs that run under XWayland.",
            "Set typing.keyboard to x11 if those are the ones you dictate into.",
        ),
        Refusal(
            "input-method",
            "The compositor offers no input method (input-method-unstable-v2, with keyboard and windows).",
            "sway, river, labwc and Hyprland do.",
        ),
        Refusal(
            "virtual-keyboard",
            "The compositor offers no virtual keyboard (virtual-keyboard-unstable-v1, with windows).",
            "sway, river, labwc, Hyprland and others do.",
        ),
        Refusal(
            "ibus",
            "No IBus daemon runs.",
            "Start it: `ibus-daemon --daemonize --xim`; GNOME does by itself.",
        ),
        Refusal(
            "portal",
            "No RemoteDesktop portal answers on the session bus.",
            "Install xdg-desktop-portal and the part of it for your desktop (KDE and GNOME have one).",
        ),
        Refusal(
            "uinput",
            "/dev/uinput can't be written.",
            "`install/install.sh --uinput` installs the rule that lets you.",
        ),
    )
}
