"""A connection to the X server, and what python-xlib lacks.

* XI2 raw events of version 2.1 or later: python-xlib asks for 2.0, under which a raw event goes to
  nobody but the client that holds a grab.
* XKB's locked modifiers: Caps Lock and sticky keys can be let go without pressing a key.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import Any

from Xlib import X, error
from Xlib.display import Display
from Xlib.ext import ge, xinput
from Xlib.protocol import rq

LOST = (error.ConnectionClosedError, error.XError, OSError, ValueError)
"""What python-xlib raises when the server is gone: ValueError comes from select() on a closed socket."""

_RAW_KEYS = xinput.RawKeyPressMask | xinput.RawKeyReleaseMask
_RAW_BUTTONS = xinput.RawButtonPressMask
_CORE_KEYBOARD = 0x100  # XkbUseCoreKbd


class NoDisplay(Exception):
    """There is no X server to talk to; the text says why."""


@dataclass(frozen=True, slots=True)
class RawKey:
    """A key went down or up on some keyboard, whoever has the focus or a grab. No autorepeat."""

    keycode: int
    pressed: bool


@dataclass(frozen=True, slots=True)
class RawButton:
    """A mouse button went down somewhere."""

    button: int


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


def select_raw(display: Display) -> None:
    """Ask for the raw key and button events of everybody."""
    xinput.XIQueryVersion(
        display=display.display,
        opcode=display.display.get_extension_major(xinput.extname),
        major_version=2,
        minor_version=2,
    )
    # One event each: "all devices" would report the keyboard and the master it is attached to.
    display.screen().root.xinput_select_events([(xinput.AllMasterDevices, _RAW_KEYS | _RAW_BUTTONS)])


def raw(event: Any) -> RawKey | RawButton | None:
    """The raw event in an X event, if it is one."""
    if event.type != ge.GenericEventCode or not isinstance(event.data, bytes):
        return None
    (detail,) = struct.unpack_from("=I", event.data, 6)  # after the device (2 bytes) and the time (4)
    match event.evtype:
        case xinput.RawKeyPress:
            return RawKey(detail, pressed=True)
        case xinput.RawKeyRelease:
            return RawKey(detail, pressed=False)
        case xinput.RawButtonPress:
            return RawButton(detail)
    return None


def use_xkb(display: Display) -> None:
    """Say that this client speaks XKB, which the requests below need."""
    _UseExtension(display=display.display, opcode=_xkb(display), major=1, minor=0)


def locked_modifiers(display: Display) -> int:
    """The mask of modifiers that are locked: on without a key being held."""
    return int(_GetState(display=display.display, opcode=_xkb(display), device=_CORE_KEYBOARD).locked)


def lock_modifiers(display: Display, affected: int, locked: int) -> None:
    """Lock or unlock the modifiers in the mask `affected`, and let go of latched ones among them."""
    _LatchLockState(
        display=display.display,
        opcode=_xkb(display),
        device=_CORE_KEYBOARD,
        affected_locks=affected,
        locks=locked,
        affected_latches=affected,
    )


def _xkb(display: Display) -> int:
    return int(display.query_extension("XKEYBOARD").major_opcode)


def _ignore(_error: object, _request: object) -> None:
    """Errors without a reply: a window that we watched died. python-xlib would print them."""


class _UseExtension(rq.ReplyRequest):  # type: ignore[misc]  # python-xlib is not typed
    _request = rq.Struct(
        rq.Card8("opcode"), rq.Opcode(0), rq.RequestLength(), rq.Card16("major"), rq.Card16("minor")
    )
    _reply = rq.Struct(rq.ReplyCode(), rq.Pad(1), rq.Card16("sequence_number"), rq.ReplyLength(), rq.Pad(24))


class _GetState(rq.ReplyRequest):  # type: ignore[misc]
    _request = rq.Struct(rq.Card8("opcode"), rq.Opcode(4), rq.RequestLength(), rq.Card16("device"), rq.Pad(2))
    _reply = rq.Struct(
        rq.ReplyCode(),
        rq.Pad(1),
        rq.Card16("sequence_number"),
        rq.ReplyLength(),
        rq.Pad(3),  # all modifiers, those of keys, latched ones
        rq.Card8("locked"),
        rq.Pad(20),
    )


class _LatchLockState(rq.Request):  # type: ignore[misc]
    _request = rq.Struct(
        rq.Card8("opcode"),
        rq.Opcode(5),
        rq.RequestLength(),
        rq.Card16("device"),
        rq.Card8("affected_locks"),
        rq.Card8("locks"),
        rq.Pad(2),
        rq.Card8("affected_latches"),
        rq.Pad(5),
    )


def focus(display: Display) -> int:
    """The id of the window with the input focus; 0 where none has it."""
    found = display.get_input_focus().focus
    # Not a window, but a number: none, or PointerRoot, where keys go wherever the pointer is.
    return 0 if isinstance(found, int) else int(found.id)


def is_hidden(display: Display, window: int) -> bool:
    """Whether a toplevel window is one that window managers give the focus when no window has it."""
    try:
        resource = display.create_resource_object("window", window)
        size = resource.get_geometry()
        invisible = resource.get_attributes().win_class == X.InputOnly
    except (error.BadWindow, error.BadDrawable):
        return True
    return bool(invisible or (size.width <= 1 and size.height <= 1))


def toplevel(display: Display, window: int) -> int:
    """The child of the root that `window` is in: the window manager's frame, or itself; 0 if gone."""
    root = display.screen().root.id
    try:
        while window:
            above = display.create_resource_object("window", window).query_tree().parent
            if not above or above.id == root:
                break
            window = above.id
    except error.BadWindow:
        return 0
    return window
