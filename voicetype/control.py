"""What can be asked of the running daemon, over the bus or in its tray: `Control` is the seam."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from voicetype.config import Config
from voicetype.history import Said


class State(StrEnum):
    """What the daemon is doing."""

    IDLE = "idle"
    LISTENING = "listening"
    FINISHING = "finishing"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Status:
    """What the properties say. `ready`: both models can hear.

    `loading`: what is being fetched or loaded ("Fetching small: 210 of 484 MB", "Loading small"); else empty.
    `sending`: the host that something of what is said leaves for just now; else empty. `strategy`: who hears,
    as the configuration spells it.
    """

    state: State
    ready: bool
    language: str
    fast_model: str
    heavy_model: str
    keyboard: str
    hotkey: str
    version: str
    loading: str = ""
    sending: str = ""
    strategy: str = "dual"


class Control(Protocol):
    """What may be asked of the daemon. Every method is thread-safe; all but `type_again` return at once."""

    def start(self, options: Mapping[str, object]) -> None:
        """Listen. `options`: "language". Raises VoicetypeError, DaemonError where it listens already."""

    def stop(self) -> Future[str]:
        """Listen no more; resolves to the final text, "" where there was no session. Raises DaemonError."""

    def toggle(self) -> None:
        """Listen, or listen no more."""

    def cancel(self) -> None:
        """Drop what is not sealed yet."""

    def undo_last(self) -> Future[None]:
        """Take back exactly what the last dictation typed; resolves once all of it is gone.

        The future raises UndoError, with the reason and how much was taken back, or KeyboardError. Raises
        DaemonError while a dictation runs.
        """

    def set_language(self, language: str) -> None:
        """One of `config.LANGUAGES`, or "auto". Raises VoicetypeError."""

    def set_models(self, fast: str, heavy: str) -> None:
        """Names or folders. Raises ModelError."""

    def list_models(self) -> Sequence[Mapping[str, object]]:
        """One mapping a model, of texts, numbers and booleans."""

    def quit(self) -> None:
        """End the daemon."""

    def config(self) -> Config:
        """The configuration in force."""

    def configure(self, values: Mapping[str, object]) -> None:
        """Change settings, by dotted name ("models.preset"), from the next dictation on.

        They are written into the configuration file too. Raises VoicetypeError.
        """

    def last_texts(self) -> Sequence[Said]:
        """The last dictations, the newest first."""

    def type_again(self, text: str) -> None:
        """Type a text into the focused window, and wait until all of it stands there.

        Raises VoicetypeError; DaemonError while a dictation runs.
        """

    def type_last(self, *, rest: bool) -> Future[None]:
        """Type the last dictation again, or the `rest` of it, which no window took.

        Resolves once all of it stands there; the future raises KeyboardError. Raises DaemonError where there
        is nothing of the kind, and while a dictation runs.
        """

    def status(self) -> Status:
        """What is now."""
