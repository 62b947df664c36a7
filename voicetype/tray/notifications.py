"""Notifications of the desktop, through org.freedesktop.Notifications where somebody serves it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

from voicetype.toolkit import Toolkit

log = logging.getLogger(__name__)

_NAME = "org.freedesktop.Notifications"
_PATH = "/org/freedesktop/Notifications"
_OFFERED = "voicetype-offered"  # the key of the one button
_ANSWER_MS = 10_000  # a service may have to be started first


@dataclass(frozen=True, slots=True)
class Offer:
    """A button in a notification. `chosen` is called on GTK's thread."""

    label: str
    chosen: Callable[[], None]


class Notifications:
    """One notification at a time: the next takes the place of the last. For any thread."""

    def __init__(self, toolkit: Toolkit) -> None:
        self._toolkit = toolkit
        # GTK's thread
        self._shown = 0  # the service's number of the last
        self._chosen: Callable[[], None] = lambda: None
        self._listening = False

    def show(self, sentence: str, hint: str, offer: Offer | None = None) -> None:
        """Show it soon, or, where nobody serves notifications, not at all."""
        self._toolkit.post(lambda: self._send(sentence, hint, offer))

    def _send(self, sentence: str, hint: str, offer: Offer | None) -> None:
        from gi.repository import Gio, GLib

        body = escape(hint, quote=False)  # services read it as markup, but not the sentence
        head = ("voicetype", self._shown, "audio-input-microphone", sentence, body)
        try:
            bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
        except GLib.Error as error:
            log.debug("no notification: %s", error)
            return
        self._listen(bus)
        self._chosen = offer.chosen if offer else lambda: None
        offered = [_OFFERED, offer.label] if offer else []
        bus.call(
            _NAME,
            _PATH,
            _NAME,
            "Notify",
            GLib.Variant("(susssasa{sv}i)", (*head, offered, {}, -1)),
            GLib.VariantType("(u)"),
            Gio.DBusCallFlags.NONE,
            _ANSWER_MS,
            None,
            self._sent,
        )

    def _listen(self, bus: Any) -> None:
        """Hear of the button that is pressed."""
        from gi.repository import Gio

        def invoked(*told: Any) -> None:
            number, key = told[5].unpack()
            if (number, key) == (self._shown, _OFFERED):
                self._chosen()

        if not self._listening:
            self._listening = True
            flags = Gio.DBusSignalFlags.NONE
            bus.signal_subscribe(_NAME, _NAME, "ActionInvoked", _PATH, None, flags, invoked)

    def _sent(self, bus: Any, answer: Any) -> None:
        from gi.repository import GLib

        try:
            (self._shown,) = bus.call_finish(answer).unpack()
        except GLib.Error as error:
            log.debug("no notification: %s", error)
