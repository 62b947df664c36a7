"""What the daemon is made of: the seam between it and the composition root."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from voicetype.control import Status
from voicetype.core.stream import StreamEvent
from voicetype.errors import VoicetypeError
from voicetype.frames import FrameSource
from voicetype.pipeline import Pipeline
from voicetype.settings import Settings


class Models(Protocol):
    """The two models, for the daemon: which they are, and others instead."""

    @property
    def failure(self) -> VoicetypeError | None:
        """Why a model is missing, where one is."""

    def names(self) -> tuple[str, str]:
        """Fast and heavy: those that hear now; while there are none, those to come."""

    def ready(self) -> bool:
        """Whether both are loaded."""

    def use(self, fast: str, heavy: str) -> None:
        """Load these, and hear with them once they are there. Raises ModelError."""

    def when_loaded(self, tell: Callable[[], None]) -> None:
        """`tell` is called of each of the two, on any thread, once it is loaded or can't be had."""

    def listing(self) -> Sequence[Mapping[str, object]]:
        """Every model that could be used."""

    def language(self, wanted: str) -> str:
        """The language to hear, which a model may limit. Raises ConfigError."""


class Parts(Protocol):
    """What the daemon is made of."""

    @property
    def pipeline(self) -> Pipeline: ...
    @property
    def models(self) -> Models: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def tap_s(self) -> float: ...
    @property
    def ways(self) -> tuple[str, str]:
        """The keyboard and the hotkey, for people."""

    def microphone(self) -> FrameSource:
        """An open microphone. Raises AudioError."""

    def tell(self, news: StreamEvent | VoicetypeError | Status) -> None:
        """Whoever listens: the console, the bus."""
