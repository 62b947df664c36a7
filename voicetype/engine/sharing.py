"""One model for drafts and for what is to last: two workers ask it, one call at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from voicetype.core.verification import Standing
from voicetype.engine import Audio, Hearing, Hypothesis, Transcriber


class Shared:
    """A Transcriber over another one, for two threads.

    A pause's own draft is heard before the careful pass over the same speech, which then has only to judge
    it: half the work of hearing it with beams. A draft of mid-speech that is under way by then is given up.
    """

    def __init__(self, model: Transcriber, drafts_heard: Callable[[], None]) -> None:
        """`drafts_heard` blocks until no draft is left that text hangs on."""
        self._model, self._drafts_heard = model, drafts_heard
        self._lock = threading.Lock()
        self._careful = 0  # calls so far; written by the heavy worker's thread alone

    @property
    def name(self) -> str:
        """The model's."""
        return self._model.name

    def transcribe(self, audio: Audio, how: Hearing) -> Hypothesis | None:
        """As the model, when its turn has come."""
        how = self._in_turn(how)
        with self._lock:
            return None if how.superseded() else self._model.transcribe(audio, how)

    def verify(self, audio: Audio, how: Hearing, draft: Callable[[], Standing]) -> Hypothesis | None:
        """As the model, when its turn has come."""
        how = self._in_turn(how)
        with self._lock:
            return None if how.superseded() else self._model.verify(audio, how, draft)

    def _in_turn(self, how: Hearing) -> Hearing:
        if how.careful:
            self._careful += 1
            self._drafts_heard()
        if how.careful or how.to_pause:
            return how
        before = self._careful
        return replace(how, superseded=lambda: self._careful != before or how.superseded())
