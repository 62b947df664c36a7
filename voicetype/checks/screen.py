"""The session, its display, the way to type, and the push-to-talk key."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from voicetype import client
from voicetype.checks import Finding, bad, good, worse
from voicetype.config import Config
from voicetype.errors import HotkeyError, KeyboardError
from voicetype.hotkey.x11 import X11Hotkey
from voicetype.keyboard import choose
from voicetype.x11 import connection
from voicetype.x11.own_keys import OwnKeys

_NEEDED = ("XTEST", "XInputExtension", "XKEYBOARD")
_INSIDE = "Start voicetype inside your desktop session."


def session(_: Config) -> Finding:
    """What kind it is, and which of its displays answer."""
    kind = os.environ.get("XDG_SESSION_TYPE", "")
    answers, refusals = [], []
    for name, ask in (("WAYLAND_DISPLAY", _ask_wayland), ("DISPLAY", _ask_x11)):
        if os.environ.get(name):
            try:
                answers.append(ask())
            except (OSError, connection.NoDisplay) as error:
                refusals.append(f"{name}={os.environ[name]} does not answer ({error})")
    told = "; ".join([*answers, *refusals]) or "neither DISPLAY nor WAYLAND_DISPLAY is set"
    told = f"{kind} session: {told}" if kind else told
    if refusals:
        return worse(told, _INSIDE)
    return good(told) if answers else worse(told, _INSIDE)


def keyboard(config: Config) -> Finding:
    """The way to type, and whether the display lets us."""
    try:
        way = choose.detect(config.typing.keyboard, os.environ)
    except KeyboardError as error:
        return bad(error.sentence, error.hint)
    if way == "dummy":
        return worse("dummy: what you say is only printed", 'Set typing.keyboard to "auto" to have it typed.')
    if way != "x11":
        return good(f"{way}; it is tried when a dictation begins")
    try:
        display = connection.connect()
    except connection.NoDisplay as error:
        return bad(f"There is no X display to type on: {error}.", _INSIDE)
    try:
        lacking = connection.has_extensions(display, *_NEEDED)
    finally:
        display.close()
    if lacking:
        return bad(f"The X server lacks {', '.join(lacking)}.", "Use the desktop's own X server.")
    return good(f"x11: the display {os.environ['DISPLAY']} takes keys (XTEST)")


def hotkey(config: Config) -> Finding:
    """Whether the push-to-talk key can be had; it is taken for a moment."""
    key = config.hotkey.key
    if not key:
        return worse(
            "hotkey.key is empty", "Dictate with `voicetype toggle`, bound to a key of your desktop."
        )
    if not _is_typed_on_x11(config):
        return worse(
            "only X11 lets voicetype take a key", "Bind `voicetype toggle` to a key of your desktop."
        )
    if client.is_running() and str(client.properties().get("Hotkey", "")).endswith(f": {key}"):
        return good(f"{key}: the running daemon holds it")
    held = X11Hotkey(key, OwnKeys())
    try:
        held.open(lambda _: None)
    except HotkeyError as error:
        return worse(error.sentence, error.hint)
    held.close()
    return good(f"{key}: it could be taken")


def _is_typed_on_x11(config: Config) -> bool:
    try:
        return choose.detect(config.typing.keyboard, os.environ) == "x11"
    except KeyboardError:
        return False


def _ask_x11() -> str:
    """Raises NoDisplay."""
    display = connection.connect()
    try:
        screen = display.screen()
        size = f"{screen.width_in_pixels} × {screen.height_in_pixels}"
    finally:
        display.close()
    return f"the X display {os.environ['DISPLAY']} answers ({size})"


def _ask_wayland() -> str:
    """Raises OSError."""
    name = os.environ["WAYLAND_DISPLAY"]
    path = Path(os.environ.get("XDG_RUNTIME_DIR", "/")) / name
    with socket.socket(socket.AF_UNIX) as asked:
        asked.settimeout(2)
        asked.connect(str(path))
    return f"the Wayland display {name} answers"
