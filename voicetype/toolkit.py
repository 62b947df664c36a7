"""GTK, on a thread of its own: its main loop, and the only thread that may touch it.

It is optional: `gi` comes from the system's packages, and a plain environment has none. On Wayland GTK speaks
X11 where XWayland runs: there, a window can be placed, and can do without the focus.

When the X server is gone, Xlib would end the whole process; here its thread alone stands still, so that the
daemon ends in order.
"""

from __future__ import annotations

import atexit
import ctypes
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

from voicetype.errors import DesktopError

log = logging.getLogger(__name__)

_T = TypeVar("_T")

_GOODBYE_S = 2.0

_IO_ERROR = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


class Toolkit:
    """The loop and its thread "gtk". Every method is for any thread. Opened and closed once."""

    def __init__(self) -> None:
        self._opened: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="gtk", daemon=True)
        self._glib: Any = None
        self._loop: Any = None
        self._lost = _IO_ERROR(self._display_lost)  # kept: Xlib knows its address alone
        self._lock = threading.Lock()
        self._over = False
        self._asked: set[Future[Any]] = set()
        """What `call` waits for; under the lock, as is `_over`."""

    def open(self) -> None:
        """Start the loop. Raises DesktopError where there is no GTK 3 or no display."""
        self._thread.start()
        self._opened.result()

    def post(self, work: Callable[[], object]) -> None:
        """Let GTK's thread do `work` soon; what it raises is logged. Nothing is done after `close`."""

        def do() -> bool:
            try:
                work()
            except Exception:  # a window that fails must not end the loop of the others
                log.exception("a part of the desktop failed")
            return False

        if self._glib is not None:
            self._glib.idle_add(do)

    def call(self, work: Callable[[], _T]) -> _T:
        """What `work` returns, or raises, on GTK's thread. Not to be called there.

        Raises DesktopError where the loop is over, or ends meanwhile.
        """
        answer: Future[_T] = Future()
        with self._lock:
            if self._glib is None or self._over:
                raise _closed()
            self._asked.add(answer)
        self.post(lambda: self._answer(answer, work))
        return answer.result()

    def close(self) -> None:
        """End the loop. Safe to call twice, and without `open`."""
        if self._loop is not None:
            self.post(self._loop.quit)
        if self._thread.ident is not None and not self._over:
            self._thread.join(_GOODBYE_S)

    def _answer(self, answer: Future[_T], work: Callable[[], _T]) -> None:
        with self._lock:
            self._asked.discard(answer)
        try:
            answer.set_result(work())
        except BaseException as error:  # noqa: BLE001  # handed to the caller, who waits for it
            answer.set_exception(error)

    def _run(self) -> None:
        try:
            self._begin()
        except BaseException as error:  # noqa: BLE001  # handed to `open`, which waits for it
            self._opened.set_exception(error)
            return
        self._opened.set_result(None)
        self._loop.run()
        self._end()

    def _end(self) -> None:
        """Nothing is done any more; who waits is told."""
        with self._lock:
            self._over = True
            abandoned, self._asked = self._asked, set()
        for answer in abandoned:
            answer.set_exception(_closed())

    def _display_lost(self, _: int | None) -> int:
        """Xlib's handler, on GTK's thread: were it to return, Xlib would end the process.

        It holds Xlib's lock for good, so that what is cleaned up at the interpreter's exit (pystray's icon)
        must not get to it: what is registered last comes first.
        """
        atexit.register(os._exit, 1)
        atexit.register(logging.shutdown)
        self._end()
        threading.Event().wait()
        return 0

    def _begin(self) -> None:
        try:
            import gi

            gi.require_version("Gtk", "3.0")
            gi.require_version("Gdk", "3.0")
            from gi.repository import Gdk

            Gdk.set_allowed_backends("x11,*")  # before Gtk, which connects as it is imported
            from gi.repository import GLib, Gtk
        except (ImportError, ValueError) as error:
            raise DesktopError(
                "GTK 3 is not there for this Python: no tray icon and no overlay.",
                "Install python3-gi and gir1.2-gtk-3.0; an environment needs --system-site-packages.",
            ) from error
        if not Gtk.init_check()[0]:
            raise DesktopError(
                "GTK finds no display: no tray icon and no overlay.", "Start voicetype inside your desktop."
            )
        with suppress(OSError):  # no libX11: then GTK does not use it
            ctypes.CDLL("libX11.so.6").XSetIOErrorHandler(self._lost)
        self._glib, self._loop = GLib, GLib.MainLoop()


def _closed() -> DesktopError:
    return DesktopError(
        "The desktop's part of voicetype has ended.", "Start voicetype again, inside your desktop."
    )
