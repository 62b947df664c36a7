"""What a model made of a window, as the segment that the reducer and the event stream know."""

from __future__ import annotations

import time
from dataclasses import replace

from voicetype.core.events import Confidence, TranscriptSegment
from voicetype.core.windows import corrected
from voicetype.engine import Hypothesis
from voicetype.listening import Window


class Segments:
    """Makes the segments of one session, and knows which window was confirmed last.

    Drafts may come on any thread, confirmations on the heavy model's alone.
    """

    def __init__(self) -> None:
        self._confirmed_id = -1

    def of(self, window: Window, heard: Hypothesis) -> TranscriptSegment:
        """The segment of what a model heard in a window."""
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
            timestamp=time.time(),
        )
        if not window.heavy:
            return segment
        corrects = corrected(self._confirmed_id, window.window_id)
        self._confirmed_id = window.window_id
        return replace(segment, confidence=Confidence.CONFIRMED, corrects_window_ids=corrects)
