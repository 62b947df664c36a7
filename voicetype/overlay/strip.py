"""The overlay's window and what is in it. All of it is GTK's thread's."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from voicetype.control import State
from voicetype.errors import DesktopError
from voicetype.overlay.layout import LINES, MARK, Area, bounded, newest, position
from voicetype.x11.connection import NoDisplay
from voicetype.x11.shape import Rectangle, reshape, rounded

_WIDTH, _SHARE = 640, 0.6  # pixels; of the screen's width at most
_BARS, _BAR_WIDTH, _BAR_LOW, _BAR_HIGH, _BAR_GAP = 7, 4, 4, 34, 3
_RADIUS, _PADDING, _GAP = 16, 18, 16
_TALLEST = "Ág日ก😀"  # what a line may be made of: fonts differ in height
_LEFT_TO_RIGHT, _RIGHT_TO_LEFT = "\u200e", "\u200f"

_NAME = "voicetype-overlay"
_STYLE = f"""
#{_NAME} {{ background: none; }}
#{_NAME} .strip {{ background: #15171c; padding: 10px {_PADDING}px; }}
#{_NAME}.composited .strip {{
  background: rgba(18, 20, 25, 0.88); border: 1px solid rgba(255, 255, 255, 0.14); border-radius: {_RADIUS}px;
}}
#{_NAME} label {{ color: #f3f5f8; font-size: 12.5pt; text-shadow: none; }}
#{_NAME}.waiting label {{ color: #a9b0bd; }}
#{_NAME} .bar {{ background: #6fd3b8; border-radius: 2px; min-height: 0; min-width: 0; }}
#{_NAME}.finishing .bar {{ background: #7b8290; }}
"""

_WAITING = {State.LISTENING: "Listening …", State.FINISHING: "Finishing …"}
"""The states in which it is seen, and what it says while there is no text yet."""


class Strip:
    """A window that no window manager manages, that never has the focus, and lets clicks through."""

    def __init__(self, place: str) -> None:
        """Unseen at first. Raises DesktopError where it could take the focus or a click."""
        from gi.repository import Gdk, Gtk

        display = Gdk.Display.get_default()
        if "X11" not in type(display).__name__:
            raise DesktopError(
                "No overlay: without an X server it would take the focus.",
                'Start XWayland, or set desktop.overlay = "never".',
            )
        self._display, self._place = display, place
        self._outline: list[Rectangle] = []
        self._state, self._text = State.IDLE, ""
        self._window: Any = Gtk.Window(type=Gtk.WindowType.POPUP, name=_NAME)
        self._meter = _Meter(Gtk)
        self._label: Any = Gtk.Label(xalign=0.0)
        self._fill(Gtk, Gdk)
        self._forget = self._style(Gtk)
        self._window.realize()
        self._reshape()

    def show(self, state: State) -> None:
        """Be seen, or not."""
        if state == self._state:
            return
        self._state = state
        self._mark("finishing", state == State.FINISHING)
        if state not in _WAITING:
            self._window.hide()
            self.text("")
            self._meter.clear()
        elif self._window.get_visible():
            self._write()
        else:
            self._appear()

    def level(self, level: float) -> None:
        """The newest of the bars."""
        if self._state in _WAITING:
            self._meter.add(level)

    def text(self, draft: str) -> None:
        """The text so far."""
        if draft != self._text:
            self._text = draft if self._state in _WAITING else ""
            self._write()
            self._raise()

    def destroy(self) -> None:
        """Be gone."""
        self._forget()
        self._window.destroy()

    def _fill(self, gtk: Any, gdk: Any) -> None:
        window = self._window
        window.set_accept_focus(False)
        window.set_focus_on_map(False)
        window.set_keep_above(True)
        window.set_type_hint(gdk.WindowTypeHint.NOTIFICATION)  # compositors give the focus to none of these
        window.set_resizable(False)
        if visual := window.get_screen().get_rgba_visual():
            window.set_visual(visual)
        strip = gtk.Box(spacing=_GAP)
        strip.get_style_context().add_class("strip")
        strip.pack_start(self._meter.box, False, False, 0)
        strip.pack_start(self._label, True, True, 0)
        strip.show_all()
        window.add(strip)
        window.connect("size-allocate", lambda *_: self._reshape())

    def _style(self, gtk: Any) -> Callable[[], None]:
        """Dress it, and follow a compositor that comes or goes; returns what lets go of the screen again."""
        screen, style = self._window.get_screen(), gtk.CssProvider()
        style.load_from_data(_STYLE.encode())
        # Above the user's own style sheet: a theme for other windows must not make this one illegible.
        gtk.StyleContext.add_provider_for_screen(screen, style, gtk.STYLE_PROVIDER_PRIORITY_USER + 1)
        following = screen.connect("composited-changed", lambda _: self._reshape())

        def forget() -> None:
            screen.disconnect(following)
            gtk.StyleContext.remove_provider_for_screen(screen, style)

        return forget

    def _appear(self) -> None:
        _, x, y = self._display.get_default_seat().get_pointer().get_position()
        monitor = self._display.get_monitor_at_point(x, y).get_workarea()
        area = Area(monitor.x, monitor.y, monitor.width, monitor.height)
        self._size(min(_WIDTH, int(_SHARE * area.width)))
        self._write()
        _, wanted = self._window.get_preferred_size()
        self._window.move(*position(area, (x, y), (wanted.width, wanted.height), self._place))
        self._window.show()
        self._outline = []  # GDK undoes it as it shows a window for the first time
        self._reshape()
        self._raise()

    def _size(self, width: int) -> None:
        """The label's size for a strip of this width: two lines of whatever script."""
        lines = self._label.create_pango_layout("\n".join([_TALLEST] * LINES))
        across = width - 2 * _PADDING - _GAP - self._meter.width
        self._label.set_size_request(across, lines.get_pixel_size()[1])

    def _write(self) -> None:
        text = bounded(self._text)
        self._mark("waiting", not text)
        if not text:
            self._label.set_xalign(0.0)
        self._label.set_text(self._lines(text) if text else _WAITING.get(self._state, ""))

    def _lines(self, text: str) -> str:
        from gi.repository import Pango

        layout = self._label.create_pango_layout(MARK)
        across = self._label.get_size_request()[0] - layout.get_pixel_size()[0]
        layout.set_text(text, -1)
        layout.set_width(across * Pango.SCALE)
        layout.set_wrap(Pango.WrapMode.WORD_CHAR)
        starts = [line.start_index for line in layout.get_lines_readonly()]
        is_rtl = Pango.find_base_dir(text, -1) == Pango.Direction.RTL
        self._label.set_xalign(1.0 if is_rtl else 0.0)
        return newest(text, starts, _RIGHT_TO_LEFT if is_rtl else _LEFT_TO_RIGHT)

    def _raise(self) -> None:
        """On top again: another window like this may have come since."""
        if self._window.get_visible():
            self._window.get_window().raise_()

    def _mark(self, name: str, is_on: bool) -> None:
        context = self._window.get_style_context()
        (context.add_class if is_on else context.remove_class)(name)

    def _reshape(self) -> None:
        """Round corners: drawn where a compositor blends them, else cut out."""
        if not self._window.get_realized():
            return
        composited = self._window.get_screen().is_composited()
        self._mark("composited", composited)
        size, scale = self._window.get_allocation(), self._window.get_scale_factor()
        across, down = size.width * scale, size.height * scale
        outline = [(0, 0, across, down)] if composited else rounded(across, down, _RADIUS * scale)
        if outline == self._outline:
            return
        self._outline = outline
        self._display.sync()  # the window must be the server's before another connection names it
        try:
            reshape(self._window.get_window().get_xid(), outline)
        except NoDisplay as error:
            raise DesktopError(
                f"No overlay: clicks would not reach what is below ({error}).",
                'Set desktop.overlay = "never".',
            ) from error


class _Meter:
    """The last levels as bars, the newest at the end."""

    def __init__(self, gtk: Any) -> None:
        self.width = _BARS * _BAR_WIDTH + (_BARS - 1) * _BAR_GAP
        self._levels = deque([0.0] * _BARS, maxlen=_BARS)
        self.box: Any = gtk.Box(spacing=_BAR_GAP, valign=gtk.Align.CENTER)
        self.box.set_size_request(self.width, _BAR_HIGH)
        self._bars = [gtk.Box(valign=gtk.Align.CENTER) for _ in range(_BARS)]
        for bar in self._bars:
            bar.get_style_context().add_class("bar")
            self.box.pack_start(bar, False, False, 0)
        self.clear()

    def add(self, level: float) -> None:
        self._levels.append(level)
        for bar, each in zip(self._bars, self._levels, strict=True):
            bar.set_size_request(_BAR_WIDTH, _BAR_LOW + round(each * (_BAR_HIGH - _BAR_LOW)))

    def clear(self) -> None:
        for _ in range(_BARS):
            self.add(0.0)
