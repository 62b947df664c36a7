"""Notifications of the desktop, through org.freedesktop.Notifications where somebody serves it."""

from __future__ import annotations

import logging
from html import escape
from typing import Any

from voicetype.toolkit import Toolkit

log = logging.getLogger(__name__)

_NAME = "org.freedesktop.Notifications"
_ANSWER_MS = 10_000  # a service may have to be started first


class Notifications:
    """One notification at a time: the next takes the place of the last. For any thread."""

    def __init__(self, toolkit: Toolkit) -> None:
        self._toolkit = toolkit
        self._shown = 0  # the service's number of the last; belongs to GTK's thread

    def show(self, sentence: str, hint: str) -> None:
        """Show it soon, or, where nobody serves notifications, not at all."""
        self._toolkit.post(lambda: self._send(sentence, hint))

    def _send(self, sentence: str, hint: str) -> None:
        from gi.repository import Gio, GLib

        body = escape(hint, quote=False)  # services read it as markup, but not the sentence
        head = ("voicetype", self._shown, "audio-input-microphone", sentence, body)
        try:
            bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
        except GLib.Error as error:
            log.debug("no notification: %s", error)
            return
        bus.call(
            _NAME,
            "/org/freedesktop/Notifications",
            _NAME,
            "Notify",
            GLib.Variant("(susssasa{sv}i)", (*head, [], {}, -1)),
            GLib.VariantType("(u)"),
            Gio.DBusCallFlags.NONE,
            _ANSWER_MS,
            None,
            self._sent,
        )

    def _sent(self, bus: Any, answer: Any) -> None:
        from gi.repository import GLib

        try:
            (self._shown,) = bus.call_finish(answer).unpack()
        except GLib.Error as error:
            log.debug("no notification: %s", error)
