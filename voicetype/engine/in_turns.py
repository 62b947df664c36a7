"""Two models in the memory of one: whoever is asked is loaded, and the other one leaves before.

The one that is at home there, the fast model, is brought back once the other one was not asked for a moment:
the next words should not wait for it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from voicetype.core.verification import Standing
from voicetype.engine import Audio, Hearing, Hypothesis, Transcriber
from voicetype.engine.memory import give_back
from voicetype.errors import VoicetypeError

log = logging.getLogger(__name__)

_LINGERS_S = 0.3
"""The other one may be asked again at once: several utterances' ends wait together."""


class Slot:
    """The memory for one of several models; any thread may ask."""

    def __init__(self, models: Mapping[str, Callable[[], Transcriber]], home: str) -> None:
        """`models`: what loads each, by who wants it, or raises ModelError. `home`: one of those."""
        self._models, self._home = models, home
        self._lock = threading.Lock()
        self._here = ""  # whose model is loaded
        self._model: Transcriber | None = None
        self._asked = 0  # how often

    def prepare(self) -> None:
        """Load the one that is at home here; where it can't be, any. Raises ModelError where none can be."""
        with self._lock:
            try:
                self._change(self._home)
            except VoicetypeError:
                for each in self._models:
                    if each != self._home:
                        self._change(each)
                log.warning("only the model of the role %s could be loaded", self._here)

    def ask(self, whose: str, question: Callable[[Transcriber], Hypothesis | None]) -> Hypothesis | None:
        """Have that one answer. Raises ModelError where it can't be loaded, and what the answer raises."""
        with self._lock:
            self._asked += 1
            try:
                return question(self._change(whose))
            finally:
                if self._here != self._home:
                    later = threading.Timer(_LINGERS_S, self._return, (self._asked,))
                    later.daemon = True
                    later.start()

    def _return(self, asked: int) -> None:
        """Bring home the one that belongs here, unless somebody has asked since."""
        with self._lock:
            if asked != self._asked:
                return
            try:
                self._change(self._home)
            except VoicetypeError as error:  # who asks for it next is told
                log.warning("%s", error)

    def _change(self, whose: str) -> Transcriber:
        if self._model is None or self._here != whose:
            self._here, self._model = "", None
            give_back()
            self._model = self._models[whose]()
            self._here = whose
        return self._model


class InTurns:
    """A Transcriber of a slot."""

    def __init__(self, slot: Slot, whose: str, name: str) -> None:
        """`name`: the model's, also while it is not loaded."""
        self._slot, self._whose, self._name = slot, whose, name

    @property
    def name(self) -> str:
        """The model's name as the configuration spells it."""
        return self._name

    def transcribe(self, audio: Audio, how: Hearing) -> Hypothesis | None:
        """As the model, loaded for it."""
        return self._slot.ask(self._whose, lambda model: model.transcribe(audio, how))

    def verify(self, audio: Audio, how: Hearing, draft: Callable[[], Standing]) -> Hypothesis | None:
        """As the model, loaded for it."""
        return self._slot.ask(self._whose, lambda model: model.verify(audio, how, draft))
