"""A server as it was opened with its key; opened anew where that is not taken, for the user may mend it.

It is opened by whoever asks, so that the `relief` may ask: beside those who hear meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

from voicetype.core.verification import Standing
from voicetype.engine import Audio, Hearing, Hypothesis, Transcriber, Wakeful
from voicetype.errors import ConfigError, KeyRefused

_T = TypeVar("_T")


class Opening:
    """What asks a server, by role, once it is open. Any thread may call."""

    def __init__(self, open_: Callable[[], Mapping[str, Transcriber]]) -> None:
        """`open_` reads the key, which may take long, and raises ConfigError."""
        self._open = open_
        self._lock = threading.Lock()
        self.hears: Mapping[str, Transcriber] | None = None

    def open(self) -> Mapping[str, Transcriber]:
        """Open it, where it is not. Raises KeyRefused where there is no key to show it, or no such server."""
        with self._lock:
            if self.hears is None:
                try:
                    self.hears = self._open()
                except ConfigError as error:
                    raise KeyRefused(error.sentence, error.hint) from error
            return self.hears

    def ask(self, role: str, question: Callable[[Transcriber], _T]) -> _T:
        """Have it answer. Raises what the answer raises; behind KeyRefused, it is opened anew."""
        hears = self.open()
        try:
            return question(hears[role])
        except KeyRefused:
            with self._lock:
                if self.hears is hears:
                    self.hears = None
            raise


class Served:
    """A Transcriber of a server."""

    def __init__(self, opening: Opening, role: str) -> None:
        self._opening, self._role = opening, role
        self._name = "the server"  # until it is known by its name

    @property
    def name(self) -> str:
        """As it calls itself."""
        if hears := self._opening.hears:
            self._name = hears[self._role].name
        return self._name

    def transcribe(self, audio: Audio, how: Hearing) -> Hypothesis | None:
        """As the server. Raises ServerError."""
        return self._opening.ask(self._role, lambda server: server.transcribe(audio, how))

    def verify(self, audio: Audio, how: Hearing, draft: Callable[[], Standing]) -> Hypothesis | None:
        """As the server. Raises ServerError."""
        return self._opening.ask(self._role, lambda server: server.verify(audio, how, draft))

    def wake(self) -> None:
        """As the server, where it can be woken. Raises ServerError."""
        self._opening.ask(self._role, lambda server: server.wake() if isinstance(server, Wakeful) else None)
