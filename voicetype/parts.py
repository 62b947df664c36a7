"""What the daemon is made of: the seam between it and the composition root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from voicetype.config import Config
from voicetype.control import Status
from voicetype.core.stream import StreamEvent
from voicetype.dictations import Dictations
from voicetype.errors import VoicetypeError
from voicetype.frames import FrameSource
from voicetype.history import History
from voicetype.settings import Settings


class Models(Protocol):
    """The two models, for the daemon: which they are, and how far."""

    @property
    def failure(self) -> VoicetypeError | None:
        """Why nothing can be dictated, where no model is to be had."""

    @property
    def loading(self) -> str:
        """What is being fetched or loaded, as a sentence; empty: nothing is."""

    def names(self) -> tuple[str, str]:
        """Fast and heavy: those that hear now; while there are none, those to come.

        Empty for one that can't be had, while the other one dictates alone.
        """

    def ready(self) -> bool:
        """Whether both can hear, or one of them where the other can't be had."""

    def again(self) -> None:
        """Try once more to have what is missing. Raises ModelError."""

    def dictating(self, active: bool) -> None:
        """Whether a dictation runs: between two of them models may change, or leave the memory."""

    def listing(self) -> Sequence[Mapping[str, object]]:
        """Every model that could be used."""

    def language(self, wanted: str) -> str:
        """The language to hear, which a model may limit. Raises ConfigError."""


class Parts(Protocol):
    """What the daemon is made of."""

    @property
    def dictations(self) -> Dictations: ...
    @property
    def models(self) -> Models: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def tap_s(self) -> float: ...
    @property
    def ways(self) -> tuple[str, str]:
        """The keyboard and the hotkey, for people."""

    @property
    def sending(self) -> str:
        """The host that something leaves this machine for just now; empty: nothing does."""

    @property
    def history(self) -> History:
        """The last dictations."""

    @property
    def config(self) -> Config:
        """The configuration in force, or about to be."""

    def change(self, values: Mapping[str, object], *, keep: bool) -> None:
        """Settings by dotted name, in force at the next `settle`; `keep`: written into the file too.

        Raises VoicetypeError for what can't be.
        """

    def reload(self) -> None:
        """The configuration file has changed. Raises ConfigError."""

    def settle(self) -> None:
        """No dictation runs: what was changed comes into force."""

    def microphone(self) -> FrameSource:
        """An open microphone. Raises AudioError."""

    def tell(self, news: StreamEvent | VoicetypeError | Status) -> None:
        """Whoever listens: the console, the bus, the tray."""
