"""What a session cost: the figures behind the `finished` event."""

from __future__ import annotations

import resource
import time
from collections import Counter

from voicetype.core.events import SAMPLE_RATE, Confidence, TranscriptSegment
from voicetype.core.patch import graphemes
from voicetype.core.stream import Dropped, StreamEvent, Typed
from voicetype.errors import VoicetypeError


class Stats:
    """Counts on the typist thread."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter(
            drafts=0, confirmations=0, verified=0, unverified=0, dropped_fast=0, dropped_heavy=0
        )
        self._backspaces = self._typed = 0
        self._wall_s, self._cpu_s = time.monotonic(), time.process_time()

    def count(self, event: StreamEvent | VoicetypeError) -> None:
        """Take what happened into account."""
        match event:
            case TranscriptSegment():
                self._counts["drafts" if event.confidence is Confidence.DRAFT else "confirmations"] += 1
                self._counts["verified"] += event.verified
                self._counts["unverified"] += event.unverified
            case Dropped():
                self._counts[f"dropped_{event.model}"] += 1
            case Typed():
                self._backspaces += event.backspaces
                self._typed += len(graphemes(event.text))
            case _:
                pass

    def summary(self, samples: int) -> dict[str, float | int]:
        """Of so many heard `samples`: seconds, counts, graphemes, and the peak of resident memory in MB."""
        return {
            "audio_s": round(samples / SAMPLE_RATE, 3),
            "wall_s": round(time.monotonic() - self._wall_s, 3),
            "cpu_s": round(time.process_time() - self._cpu_s, 3),
            "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "backspaces": self._backspaces,
            "typed": self._typed,
            **self._counts,
        }
