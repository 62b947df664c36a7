"""What a model made of a window, as the segment that the reducer and the event stream know."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from voicetype.core.events import Confidence, TranscriptSegment
from voicetype.core.stream import Dropped
from voicetype.core.windows import corrected
from voicetype.engine import Hypothesis
from voicetype.failures import Failure, Kind
from voicetype.listening import Window


class Segments:
    """Makes the segments of one session, and knows which window was confirmed last, and what was told.

    Drafts may come on any thread, confirmations, and what stands for them, on the heavy worker's alone.
    """

    def __init__(self) -> None:
        self._confirmed_id = -1
        self._told: set[tuple[str, Kind]] = set()

    def of(self, window: Window, heard: Hypothesis) -> TranscriptSegment:
        """The segment of what a model heard in a window.

        A confirmation without a word in mid-speech corrects none: what was drafted there is still open.
        """
        segment = TranscriptSegment(
            window.utterance,
            heard.text,
            Confidence.DRAFT,
            window.window_id,
            to_pause=window.to_pause,
            final=window.final,
            phrase=window.phrase,
            probabilities=heard.probabilities,
            gains=heard.gains,
            verified=heard.verified,
            language=heard.language,
            timestamp=time.time(),
        )
        if not window.heavy:
            return segment
        says_something = heard.text or window.to_pause or window.final
        corrects = self._corrects(window.window_id) if says_something else ()
        return replace(segment, confidence=Confidence.CONFIRMED, corrects_window_ids=corrects)

    def dropped(self, role: str, window: Window, why: Failure | None) -> Iterator[Dropped | Failure]:
        """What is to be told of a window that was not heard; each failure once in the session."""
        yield Dropped(role, window.window_id, time.time())
        if why is not None and (role, why.kind) not in self._told:
            self._told.add((role, why.kind))
            yield why

    def unverified(self, utterance: int, window_id: int, text: str) -> TranscriptSegment:
        """The segment that stands for a confirmation that will not come: the `text` that stands."""
        return TranscriptSegment(
            utterance,
            text,
            Confidence.CONFIRMED,
            window_id,
            corrects_window_ids=self._corrects(window_id),
            to_pause=True,
            final=True,
            unverified=True,
            timestamp=time.time(),
        )

    def _corrects(self, window_id: int) -> tuple[int, ...]:
        before, self._confirmed_id = self._confirmed_id, window_id
        return corrected(before, window_id)
