"""Windows: which one has the focus, what it is in, whose it is; and whether keys reach it at all.

A *toplevel* here is a child of the root: a window manager's frame, or the program's own window where
nobody frames it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from Xlib import X, Xatom, error
from Xlib.display import Display

PING = "_NET_WM_PING"
"""What a program says that answers when it is asked whether it hangs."""

_GONE = (error.BadWindow, error.BadDrawable)
_DEPTH = 3  # of frames around a program's window


def focus(display: Display) -> int:
    """The id of the window with the input focus; 0 where none has it."""
    found = display.get_input_focus().focus
    # Not a window, but a number: none, or PointerRoot, where keys go wherever the pointer is.
    return 0 if isinstance(found, int) else int(found.id)


def under_pointer(display: Display) -> list[int]:
    """The windows that the pointer is in, from the toplevel down; none on the root's own ground."""
    found: list[int] = []
    resource = display.screen().root
    try:
        while inner := resource.query_pointer().child:
            found.append(int(inner.id))
            resource = inner
    except _GONE:
        return []
    return found


def is_hidden(display: Display, window: int) -> bool:
    """Whether a toplevel is one that window managers give the focus when no window has it."""
    try:
        resource = _resource(display, window)
        size = resource.get_geometry()
        invisible = resource.get_attributes().win_class == X.InputOnly
    except _GONE:
        return True
    return bool(invisible or (size.width <= 1 and size.height <= 1))


def toplevel(display: Display, window: int) -> int:
    """The toplevel that `window` is in, or is; 0 if gone."""
    try:
        return [each.id for each in _upwards(display, window)][-1] if window else 0
    except _GONE:
        return 0


def owner(display: Display, window: int) -> tuple[str, str]:
    """WM_CLASS, instance and class, of the program whose window `window` is; empty where it has none.

    The focus may be on a subwindow without a class, below the program's own window, or on the frame
    above it.
    """
    try:
        upwards = list(_upwards(display, window))
        for each in (*upwards, *_downwards(upwards[-1], _DEPTH)):
            # Whoever set it may have left out the second part; python-xlib's own method wants both.
            found = each.get_full_property(Xatom.WM_CLASS, X.AnyPropertyType)
            if found and found.format == 8:
                instance, _, rest = bytes(found.value).decode("latin-1").partition("\0")
                return instance, rest.partition("\0")[0]
    except _GONE:
        pass
    return "", ""


def answering(display: Display, window: int) -> int:
    """The window that answers pings, of the program whose window `window` is; 0 where it answers none."""
    ping = display.intern_atom(PING)
    try:
        for each in _upwards(display, window):
            if ping in (each.get_wm_protocols() or ()):
                return int(each.id)
    except _GONE:
        pass
    return 0


def _upwards(display: Display, window: int) -> Iterator[Any]:
    """A window and all that it is in, but the root."""
    root = display.screen().root.id
    resource = _resource(display, window)
    yield resource
    while (above := resource.query_tree().parent) and above.id != root:
        resource = above
        yield resource


def _downwards(window: Any, depth: int) -> Iterator[Any]:
    """What is in a window, the topmost first."""
    for each in reversed(window.query_tree().children) if depth else ():
        yield each
        yield from _downwards(each, depth - 1)


def _resource(display: Display, window: int) -> Any:
    return display.create_resource_object("window", window)


class Grabs:
    """Asks whether another program has grabbed the keyboard or the pointer.

    With the keyboard grabbed, keys go there, whichever window has the focus. A lock screen does it, a
    password prompt, a menu, a window manager's list of windows. The pointer is grabbed as long as a button
    is down, and before that by a window manager: it hands a click on when it has raised the window.

    The question is a grab of our own that can't succeed, since its window is never shown. The server
    refuses it for that only when nobody else holds the device, and nothing happens to anybody's focus. It
    knows the grabs of XI2, too, for they are of the same devices.
    """

    def __init__(self, display: Display) -> None:
        self._never_shown = display.screen().root.create_window(
            -1, -1, 1, 1, 0, X.CopyFromParent, X.InputOnly, X.CopyFromParent
        )

    def is_keyboard_held(self) -> bool:
        """Whether keys go to another program than the one with the focus."""
        status = self._never_shown.grab_keyboard(False, X.GrabModeAsync, X.GrabModeAsync, X.CurrentTime)
        return bool(status != X.GrabNotViewable)

    def is_pointer_held(self) -> bool:
        """Whether a click may not have come to its program yet."""
        asynchronous = X.GrabModeAsync, X.GrabModeAsync
        status = self._never_shown.grab_pointer(False, 0, *asynchronous, X.NONE, X.NONE, X.CurrentTime)
        return bool(status != X.GrabNotViewable)
