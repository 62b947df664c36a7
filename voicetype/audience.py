"""Who is told what happens: the console, the bus, and what is seen and heard on the desktop.

All but the console can be missing: each says so once, and the others carry on.
"""

from __future__ import annotations

import logging
from pathlib import Path

from voicetype.config import Config
from voicetype.console import Printer
from voicetype.control import Control, State, Status
from voicetype.core.events import TranscriptSegment
from voicetype.core.stream import StreamEvent
from voicetype.dbus import NoBus, Service
from voicetype.errors import DesktopError, VoicetypeError
from voicetype.frames import FrameSource
from voicetype.look import Look
from voicetype.meter import Metered
from voicetype.sounds import START_S, Sounds

log = logging.getLogger(__name__)


class Audience:
    """Opened by the main thread, configured by the daemon's; `tell` and `note` are for any thread."""

    def __init__(self, printer: Printer) -> None:
        """`printer`: it holds up nobody."""
        self._printer = printer
        self._bus: Service | None = None
        self._look: Look | None = None
        self._sounds: Sounds | None = None
        self._state = State.IDLE
        self._noted = ""

    def open_bus(self, control: Control) -> None:
        """Own the name on the session bus. Raises AlreadyRunning."""
        self._bus = service = Service(control)  # before it opens: what changes meanwhile is announced, too
        try:
            service.open()
        except NoBus as error:
            self._bus = None
            self.tell(error)

    def open_look(self, control: Control, config: Config, file: Path) -> None:
        """The tray, the overlay and the sounds that the configuration in `file` wants."""
        self._look = Look(control, self.tell, file)
        self.configure(config)

    @property
    def has_tray(self) -> bool:
        """Whether there is a menu."""
        return self._look is not None and self._look.has_tray

    def configure(self, config: Config) -> None:
        """Show and play what the configuration wants from now on."""
        if config.audio.sounds is not (self._sounds is not None):
            sounds, self._sounds = self._sounds, Sounds(self.tell) if config.audio.sounds else None
            if sounds:
                sounds.close()
        if self._look:
            self._look.configure(config.desktop)

    def close(self) -> None:
        """Nothing is seen or heard any more, and the bus is given back."""
        if self._look:
            self._look.close()
        if self._sounds:
            self._sounds.close()
            self._sounds.join()
        if self._bus:
            self._bus.close()

    def listening_to(self, source: FrameSource) -> FrameSource:
        """The source with its level shown, and without our own sound in its beginning."""
        mute_s = START_S if self._sounds else 0.0
        return Metered(source, self._level, mute_s)

    def note(self, sentence: str) -> None:
        """What the program is doing, for people; not the same twice in a row."""
        if sentence != self._noted:
            self._noted = sentence
            self._printer.note(sentence)

    def tell(self, news: StreamEvent | VoicetypeError | Status) -> None:
        """What happened, to everyone."""
        match news:
            case Status():
                self._now(news)
            case VoicetypeError():
                self._problem(news)
            case _:
                self._printer(news)
                if isinstance(news, TranscriptSegment):
                    self._said(news)

    def _now(self, status: Status) -> None:
        self.note(describe(status))
        if self._bus:
            self._bus.state_changed(status)
        if self._look:
            self._look.show(status)
        if self._sounds and status.state is not self._state:
            if status.state is State.LISTENING:
                self._sounds.play_start()
            elif self._state is State.LISTENING:
                self._sounds.play_stop()
        self._state = status.state

    def _problem(self, error: VoicetypeError) -> None:
        self._printer.problem(error.sentence, error.hint)
        if self._bus:
            self._bus.problem(error)
        if self._look and not isinstance(error, DesktopError):
            self._look.problem(error)

    def _said(self, segment: TranscriptSegment) -> None:
        if self._bus:
            self._bus.segment(segment)
        if self._look:
            self._look.text(segment.text)

    def _level(self, level: float) -> None:
        if self._look:
            self._look.level(level)


def describe(status: Status) -> str:
    """A status as a line."""
    if status.state is State.ERROR:
        return "A model is missing; nothing can be dictated."
    if not status.ready and status.state is State.IDLE:
        return f"Loading {' and '.join(dict.fromkeys((status.fast_model, status.heavy_model)))} ..."
    if status.state is State.IDLE and not (status.fast_model and status.heavy_model):
        return f"Ready: {status.fast_model or status.heavy_model} alone ({status.language})."
    if status.state is State.IDLE:
        return f"Ready: {status.fast_model} drafts, {status.heavy_model} confirms ({status.language})."
    return f"{status.state.value.capitalize()} ..."
