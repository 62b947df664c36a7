"""A model that is loaded when it is first asked: one that stands by costs no memory."""

from __future__ import annotations

from collections.abc import Callable

from voicetype.core.verification import Standing
from voicetype.engine import Audio, Hearing, Hypothesis, Transcriber


class Later:
    """A Transcriber. Called by one thread at a time, as any."""

    def __init__(self, name: str, load: Callable[[], Transcriber]) -> None:
        """`name`: the model's, also before it is loaded. `load` raises ModelError."""
        self._name, self._load = name, load
        self._model: Transcriber | None = None

    @property
    def name(self) -> str:
        """The model's name as the configuration spells it."""
        return self._name

    def transcribe(self, audio: Audio, how: Hearing) -> Hypothesis | None:
        """As the model. Raises ModelError, also where it can't be loaded."""
        return self._loaded().transcribe(audio, how)

    def verify(self, audio: Audio, how: Hearing, draft: Callable[[], Standing]) -> Hypothesis | None:
        """As the model. Raises ModelError, also where it can't be loaded."""
        return self._loaded().verify(audio, how, draft)

    def _loaded(self) -> Transcriber:
        if self._model is None:
            self._model = self._load()
        return self._model
