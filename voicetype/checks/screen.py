"""The session, its display, the way to type, and the push-to-talk key."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from voicetype import client, hotkeys, surroundings
from voicetype.checks import Finding, bad, good, worse
from voicetype.config import Config
from voicetype.errors import HotkeyError
from voicetype.hotkey import NOT_YET, TAKEN_BACK
from voicetype.ways import Refusal
from voicetype.x11 import connection
from voicetype.x11.own_keys import OwnKeys

_NEEDED = ("XTEST", "XInputExtension", "XKEYBOARD")
_PORTAL = "portal"
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
    choice = surroundings.choose(config.typing.keyboard)
    if not choice.ways:
        first = choice.refused[0]
        return bad(first.sentence, first.remedy)
    way = choice.ways[0]
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
    """Whether the push-to-talk key can be had; it is taken for a moment, but by a portal."""
    key = config.hotkey.key
    if not key:
        return worse(
            "hotkey.key is empty", "Dictate with `voicetype toggle`, bound to a key of your desktop."
        )
    if not hotkeys.is_wanted(config):
        return worse("no key is taken where nothing is typed", 'Set typing.keyboard to "auto".')
    if held := _held(key):
        return good(f"{held}: the running daemon holds it")
    choice = hotkeys.candidates(config)
    refused = list(choice.refused)
    for way in choice.ways:
        try:
            return good(_taken(way, key))
        except HotkeyError as error:
            refused.append(Refusal(way, error.sentence, error.hint))
    if len(refused) == 1:
        return worse(refused[0].sentence, refused[0].remedy)
    return worse(
        " ".join(f"{each.way}: {each.sentence}" for each in refused),
        "Bind `voicetype toggle` to a key of your desktop; `voicetype install` prints the line for yours.",
    )


def _held(key: str) -> str:
    """The key that the running daemon has, if it is the one; a portal's is the desktop's choice."""
    hotkey = str(client.properties().get("Hotkey", "")) if client.is_running() else ""
    way, _, held = hotkey.partition(": ")
    told = way == _PORTAL and held not in (NOT_YET, TAKEN_BACK)
    return held if held == key or told else ""


def _taken(way: str, key: str) -> str:
    """How it could be taken. Raises HotkeyError. A portal is not tried: it would ask the user."""
    if way == _PORTAL:
        if surroundings.has_portal("GlobalShortcuts"):
            return "the desktop's portal gives one; it asks when voicetype starts"
        raise HotkeyError("This desktop has no portal for shortcuts (GlobalShortcuts).", "")
    taken = hotkeys.make(way, key, OwnKeys())
    try:
        taken.open(lambda _: None)
    finally:
        taken.close()
    return f"{key}: it could be taken" if way == "x11" else f"{key}: it is heard ({way})"


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
