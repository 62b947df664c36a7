"""Which window has the focus: the compositor tells of each window when it is activated."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from voicetype.wayland.connection import Connection
from voicetype.wayland.protocols import ToplevelManager, ToplevelProxy

_ACTIVATED = 2


@dataclass(eq=False, slots=True)
class Window:
    """A toplevel window."""

    proxy: ToplevelProxy = field(repr=False)
    app: str = ""
    active: bool = False
    active_next: bool = False  # once `done` comes


class Toplevels:
    """The windows. On the connection's thread; `changed` is called there when another one has the focus."""

    def __init__(self, connection: Connection, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._windows: list[Window] = []  # the one that was activated last at the end
        self._manager = None
        if connection.offers(ToplevelManager):
            self._manager = connection.bind(ToplevelManager)
            self._manager.dispatcher["toplevel"] = self._opened
            connection.roundtrip()
            connection.roundtrip()  # what the windows say of themselves comes after they are named

    @property
    def known(self) -> bool:
        """Whether the compositor tells at all."""
        return self._manager is not None

    @property
    def active(self) -> Window | None:
        """The window that has the focus."""
        return next((window for window in reversed(self._windows) if window.active), None)

    def _opened(self, _: object, proxy: ToplevelProxy) -> None:
        window = Window(proxy)
        self._windows.append(window)
        proxy.dispatcher["app_id"] = lambda _, app: setattr(window, "app", app)
        proxy.dispatcher["state"] = lambda _, states: self._state(window, states)
        proxy.dispatcher["done"] = lambda _: self._done(window)
        proxy.dispatcher["closed"] = lambda _: self._closed(window)

    def _state(self, window: Window, states: bytes) -> None:
        window.active_next = _ACTIVATED in struct.unpack(f"={len(states) // 4}I", states)

    def _done(self, window: Window) -> None:
        if window.active != window.active_next:
            window.active = window.active_next
            self._windows.remove(window)
            self._windows.append(window)
            self._changed()

    def _closed(self, window: Window) -> None:
        self._windows.remove(window)
        window.proxy.destroy()
        if window.active:
            self._changed()
