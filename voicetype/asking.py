"""What the models are asked in a session, and what comes of it: segments, and what is told of the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from voicetype.core.events import SAMPLE_RATE, TranscriptSegment, Unconfirmed
from voicetype.core.spoken import Spoken
from voicetype.core.stream import Dropped
from voicetype.core.verification import Standing
from voicetype.engine import Hypothesis
from voicetype.failures import Failure
from voicetype.listening import Window
from voicetype.segments import Segments
from voicetype.settings import Settings
from voicetype.workers import Effort, Outcome, Request, Worker

Answer = TranscriptSegment | Unconfirmed
"""What the reducer learns of a window."""


class Asking:
    """Of one session. Any thread may ask; answers come on the workers'."""

    def __init__(
        self,
        settings: Settings,
        standing: Callable[[int], Standing],
        drafts_heard: Callable[[], None],
        aside: Callable[[Dropped | Failure], None],
    ) -> None:
        """`standing`: what stands of an utterance now; `drafts_heard` blocks until no draft is under way.

        `aside` is told what is no answer, also of an utterance that nobody waits for any more.
        """
        self.spoken = Spoken(settings.presumed)
        """Which languages are spoken; written by the heavy model's thread alone."""
        self.segments = Segments()
        self.vocabulary = settings.vocabulary
        """What is expected in the window that is typed into; written by the typist's thread alone."""
        self._standing = standing if settings.verification else None
        self._drafts_heard, self._aside = drafts_heard, aside
        self._effort = Effort(settings.language, settings.beam_size, settings.realtime, settings.languages)

    def of(self, worker: Worker, answer: Callable[[Answer], None]) -> Callable[[Window], None]:
        """What has a window heard; `answer` is called once for it, or not at all where nobody needs one."""

        def done(window: Window, outcome: Outcome) -> None:
            if isinstance(outcome, Hypothesis):
                self._learn_language(window, outcome)
                answer(self.segments.of(window, outcome))
                return
            for told in self.segments.dropped(worker.role, window, outcome):
                self._aside(told)
            if window.final:
                self._drafts_heard()  # their last words may still be on their way
                answer(Unconfirmed(window.utterance, window.window_id))

        def ask(window: Window) -> None:
            effort = replace(self._effort, vocabulary=self.vocabulary)
            draft = partial(self._standing, window.utterance) if self._standing else None
            worker.submit(Request(window, effort, done, draft, lambda: self.spoken))

        return ask

    def _learn_language(self, window: Window, outcome: Hypothesis) -> None:
        if window.heavy:
            heard_s = len(window.audio) / SAMPLE_RATE
            language, probability = outcome.language, outcome.language_probability
            self.spoken = self.spoken.after(window.utterance, language, probability, heard_s)
