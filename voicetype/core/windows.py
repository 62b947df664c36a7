"""Audio positions to window ids: when each model is due, and what a confirmed window corrects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


class Looks(Enum):
    """When the heavy model hears."""

    THROUGHOUT = "throughout"  # in mid-speech too
    PAUSES = "pauses"  # at a pause, and at the end
    ENDS = "ends"


@dataclass(frozen=True, slots=True)
class Cadence:
    """Samples of an open utterance between two windows of each model, at least.

    `saved_samples`: the heavy model's last windows wait until they are so long together, or nobody has spoken
    for a while; 0: none waits. `phrases`: the fast model's windows leave phrases behind.
    """

    fast_samples: int = 4_000
    heavy_samples: int = 16_000
    looks: Looks = Looks.THROUGHOUT
    saved_samples: int = 0
    phrases: bool = True


@dataclass(frozen=True, slots=True)
class Ready:
    """Which of the models are free for an ordinary window.

    `doubtful`: words are held back, so that the heavy one is due before its time. `alone`: the fast one is
    out of order, so that the heavy one is due without a tick of it.
    """

    fast: bool = True
    heavy: bool = True
    doubtful: bool = False
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """A window that is due. `fast` and `heavy` say for which model."""

    window_id: int
    fast: bool
    heavy: bool


def corrected(before: int, window_id: int) -> tuple[int, ...]:
    """The windows that a confirmation of `window_id` corrects, when the last one was `before` (-1: none)."""
    return tuple(range(before + 1, window_id + 1))


@dataclass(frozen=True, slots=True)
class Windows:
    """The count of windows of a session. Positions are samples since the session's start.

    `window_id` grows by one with each fast tick, and with the extra window of a pause or an end,
    before any model is called: a window that no model saw leaves a gap that can be counted.

    A tick falls due at its interval or, where the model is still at the last one, as soon as it is free,
    with the newest audio: on a slower machine the intervals stretch. A confirmation is due with a fast tick,
    after its interval, or before it where a draft leaves doubts; where there are no drafts, by itself,
    whatever the heavy model's looks.
    """

    cadence: Cadence
    window_id: int = -1
    fast_due: int = 0  # the position from which the next window is due
    heavy_due: int = 0

    def opened(self, position: int) -> Windows:
        """An utterance starts at `position`."""
        return replace(
            self,
            fast_due=position + self.cadence.fast_samples,
            heavy_due=position + self.cadence.heavy_samples,
        )

    def advance(self, position: int, ready: Ready) -> tuple[Windows, Due | None]:
        """The window that is due now that the utterance reaches to `position`, if one is."""
        fast = ready.fast and position >= self.fast_due
        wanted = ready.alone or (fast and self.cadence.looks is Looks.THROUGHOUT)
        heavy = ready.heavy and wanted and (ready.doubtful or position >= self.heavy_due)
        ticked = self
        if fast:
            ticked = replace(ticked, fast_due=_next(self.fast_due, position, self.cadence.fast_samples))
        if heavy:
            ticked = replace(ticked, heavy_due=_next(self.heavy_due, position, self.cadence.heavy_samples))
        return ticked._due(fast=fast, heavy=heavy) if fast or heavy else (self, None)

    def pause(self, *, fast: bool, heavy: bool) -> tuple[Windows, Due]:
        """The extra window of a pause or of the utterance's end."""
        return self._due(fast=fast, heavy=heavy)

    def _due(self, *, fast: bool, heavy: bool) -> tuple[Windows, Due]:
        window_id = self.window_id + 1
        return replace(self, window_id=window_id), Due(window_id, fast, heavy)


def _next(due: int, position: int, interval: int) -> int:
    """When the next window is due: on the beat, or an interval after one that was early or late."""
    return due + interval if 0 <= position - due < interval // 2 else position + interval
