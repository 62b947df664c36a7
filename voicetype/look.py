"""What is seen of the daemon: the icon in the tray and the overlay, both of GTK, and both optional."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from voicetype.config import DesktopConfig
from voicetype.control import Control, Status
from voicetype.engine.catalogue import PRESETS
from voicetype.errors import AudioError, DesktopError, VoicetypeError
from voicetype.overlay import Overlay, refusal
from voicetype.sound_process import devices
from voicetype.toolkit import Toolkit
from voicetype.tray import Offers, Tray

log = logging.getLogger(__name__)


class Look:
    """Opened and closed as the configuration wants; what can't be had is told once.

    `configure` and `close` are for one thread at a time, the others for any.
    """

    def __init__(self, control: Control, tell: Callable[[DesktopError], None], file: Path) -> None:
        """`file`: the configuration's."""
        self._control, self._tell = control, tell
        presets = {name: (pair.fast, pair.heavy) for name, pair in PRESETS.items()}
        self._offers = Offers(microphones, presets, file)
        self._toolkit: Toolkit | None = None
        self._tray: Tray | None = None
        self._overlay: Overlay | None = None
        self._config = DesktopConfig(tray=False, overlay="never")
        self._status: Status | None = None

    @property
    def has_tray(self) -> bool:
        """Whether there is an icon with a menu."""
        return self._tray is not None

    def configure(self, config: DesktopConfig) -> None:
        """Open what is wanted now, and close what is not any more."""
        before, self._config = self._config, config
        told = ""
        for changed, change in (
            (config.tray != before.tray, self._change_tray),
            (
                (config.overlay, config.overlay_place) != (before.overlay, before.overlay_place),
                self._change_overlay,
            ),
        ):
            try:
                if changed:
                    change(config)
            except DesktopError as error:  # the other may be to be had
                if error.sentence != told:
                    self._tell(error)
                told = error.sentence
        if self._status:
            self.show(self._status)

    def show(self, status: Status) -> None:
        """What is now."""
        self._status = status
        if self._tray:
            self._tray.show(status)
        if self._overlay:
            self._overlay.show(status)

    def problem(self, error: VoicetypeError) -> None:
        """What went wrong."""
        if self._tray:
            self._tray.problem(error)

    def text(self, text: str) -> None:
        """What a model said last."""
        if self._overlay:
            self._overlay.text(text)

    def level(self, level: float) -> None:
        """How loud the microphone is, from 0 to 1."""
        if self._tray:
            self._tray.level(level)
        if self._overlay:
            self._overlay.level(level)

    def close(self) -> None:
        """Nothing is seen any more."""
        self.configure(DesktopConfig(tray=False, overlay="never"))
        if self._toolkit:
            self._toolkit.close()

    def _change_tray(self, config: DesktopConfig) -> None:
        tray, self._tray = self._tray, None
        if tray:
            tray.close()
        if config.tray:
            tray = Tray(self._control, self._opened_toolkit(), self._offers)
            tray.open()
            self._tray = tray
            if unseen := tray.unseen():
                self._tell(unseen)

    def _change_overlay(self, config: DesktopConfig) -> None:
        overlay, self._overlay = self._overlay, None
        if overlay:
            overlay.close()
        if config.overlay == "never":
            return
        if why := refusal(config.overlay, os.environ):
            log.info("%s", why)
        else:
            overlay = Overlay(self._opened_toolkit(), config.overlay_place)
            overlay.open()
            self._overlay = overlay

    def _opened_toolkit(self) -> Toolkit:
        """GTK's loop, which runs from the first window on. Raises DesktopError."""
        if self._toolkit is None:
            toolkit = Toolkit()
            toolkit.open()
            self._toolkit = toolkit
        return self._toolkit


def microphones() -> Sequence[str]:
    """The names of what can be heard."""
    try:
        return [device.name for device in devices()]
    except AudioError as error:
        log.debug("no microphones for the menu: %s", error)
        return []
