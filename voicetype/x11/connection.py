"""A connection to the X server, and its raw events.

XI2 raw events of version 2.1 or later: python-xlib asks for 2.0, under which a raw event goes to nobody
but the client that holds a grab.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import Any

from Xlib import error
from Xlib.display import Display
from Xlib.ext import ge, xinput

LOST = (error.ConnectionClosedError, error.XError, OSError, ValueError)
"""What python-xlib raises when the server is gone: ValueError comes from select() on a closed socket."""

_RAW_KEYS = xinput.RawKeyPressMask | xinput.RawKeyReleaseMask
_RAW_BUTTONS = xinput.RawButtonPressMask
WHEEL = range(4, 8)
"""Buttons that scroll: they move no caret."""


class NoDisplay(Exception):
    """There is no X server to talk to; the text says why."""


@dataclass(frozen=True, slots=True)
class RawKey:
    """A key went down or up on some keyboard, whoever has the focus or a grab. No autorepeat."""

    keycode: int
    pressed: bool


@dataclass(frozen=True, slots=True)
class RawButton:
    """A mouse button went down somewhere. `at_ms`: the server's time, in milliseconds."""

    button: int
    at_ms: int


def connect() -> Display:
    """A connection of its own for one thread. Raises NoDisplay."""
    if not os.environ.get("DISPLAY"):
        raise NoDisplay("DISPLAY is not set")
    try:
        display = Display()
    except (error.DisplayError, error.ConnectionClosedError, OSError, OverflowError) as failure:
        raise NoDisplay(str(failure)) from failure
    display.set_error_handler(_ignore)
    return display


def has_extensions(display: Display, *names: str) -> list[str]:
    """Which of these extensions the server lacks."""
    return [name for name in names if not display.query_extension(name)]


def announce_xi2(display: Display) -> None:
    """Say which version this client speaks. To be called once, before `select_raw`."""
    xinput.XIQueryVersion(
        display=display.display,
        opcode=display.display.get_extension_major(xinput.extname),
        major_version=2,
        minor_version=2,
    )


def select_raw(display: Display, *, wanted: bool = True) -> None:
    """Ask for the raw key and button events of everybody, or no more for them."""
    # One event each: "all devices" would report the keyboard and the master it is attached to.
    mask = _RAW_KEYS | _RAW_BUTTONS if wanted else 0
    display.screen().root.xinput_select_events([(xinput.AllMasterDevices, mask)])


def raw(event: Any) -> RawKey | RawButton | None:
    """The raw event in an X event, if it is one."""
    if event.type != ge.GenericEventCode or not isinstance(event.data, bytes):
        return None
    at_ms, detail = struct.unpack_from("=II", event.data, 2)  # after the device (2 bytes)
    match event.evtype:
        case xinput.RawKeyPress:
            return RawKey(detail, pressed=True)
        case xinput.RawKeyRelease:
            return RawKey(detail, pressed=False)
        case xinput.RawButtonPress:
            return RawButton(detail, at_ms)
    return None


def _ignore(_error: object, _request: object) -> None:
    """Errors without a reply: a window that we watched died. python-xlib would print them."""
