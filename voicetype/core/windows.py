"""Audio positions to window ids: when each model is due, and what a confirmed window corrects."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Cadence:
    """Samples of an open utterance between two windows of each model."""

    fast_samples: int = 4_000
    heavy_samples: int = 16_000


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
    """The count of windows of a session.

    `window_id` grows by one with each fast tick, and with the extra window of a pause or an end,
    before any model is called: a window that no model saw leaves a gap that can be counted.
    """

    cadence: Cadence
    window_id: int = -1
    utterance_start: int = 0  # samples since the session's start
    fast_ticks: int = 0  # of this utterance
    heavy_ticks: int = 0

    def opened(self, position: int) -> Windows:
        """An utterance starts at `position`."""
        return replace(self, utterance_start=position, fast_ticks=0, heavy_ticks=0)

    def advance(self, position: int) -> tuple[Windows, Due | None]:
        """The window that is due now that the utterance reaches to `position`, if one is.

        Ticks that fell due together (a block of audio longer than the interval) are one window.
        """
        length = position - self.utterance_start
        fast, heavy = length // self.cadence.fast_samples, length // self.cadence.heavy_samples
        if fast == self.fast_ticks and heavy == self.heavy_ticks:
            return self, None
        ticked = replace(self, fast_ticks=fast, heavy_ticks=heavy)
        return ticked._due(fast=fast > self.fast_ticks, heavy=heavy > self.heavy_ticks)

    def pause(self, *, fast: bool, heavy: bool) -> tuple[Windows, Due]:
        """The extra window of a pause or of the utterance's end."""
        return self._due(fast=fast, heavy=heavy)

    def _due(self, *, fast: bool, heavy: bool) -> tuple[Windows, Due]:
        window_id = self.window_id + 1
        return replace(self, window_id=window_id), Due(window_id, fast, heavy)
