"""Which way to type: a pure choice from the wanted name and the environment."""

from __future__ import annotations

from collections.abc import Mapping

from voicetype.errors import KeyboardError


def detect(wanted: str, environment: Mapping[str, str]) -> str:
    """The name of a keyboard, never "auto"; `wanted` is one of `config.KEYBOARDS`.

    Raises KeyboardError where there is none.

    Under Wayland an X display reaches only the few programs that run under XWayland, so "auto"
    does not take it for a way to type; whoever wants it says "x11".
    """
    if wanted != "auto":
        return wanted
    if _is_wayland(environment):
        raise KeyboardError(
            "This is a Wayland session, and voicetype can type on X11 only so far.",
            "Log in with an X11 (Xorg) session, or set typing.keyboard to x11 for XWayland windows.",
        )
    if not environment.get("DISPLAY"):
        raise KeyboardError(
            "There is no desktop to type on: neither DISPLAY nor WAYLAND_DISPLAY is set.",
            "Start voicetype inside your desktop session, or set typing.keyboard to dummy.",
        )
    return "x11"


def _is_wayland(environment: Mapping[str, str]) -> bool:
    return bool(environment.get("WAYLAND_DISPLAY")) or environment.get("XDG_SESSION_TYPE") == "wayland"
