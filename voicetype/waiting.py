"""What a model is asked to hear, and how long it takes at that."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from voicetype.core.events import SAMPLE_RATE
from voicetype.core.spoken import Spoken
from voicetype.core.verification import Standing
from voicetype.core.vocabulary import Vocabulary
from voicetype.engine import Hypothesis
from voicetype.failures import Failure
from voicetype.listening import Window

BACKLOG_S = {"heavy": 60.0, "fast": 600.0}
"""Seconds of speech that may wait for each model.

For the heavy one, about as long as a user would wait at the end; the drafts stand where it says nothing. They
are given up much later, when they fill forty megabytes, for then nothing may stand.
"""

LEAST_PATIENCE_S = 30.0
_PATIENCE = 20  # times what a call takes: a window may be ten times as long as the last, a machine busy
_REMEMBERED = 8  # calls
_LONGEST_PAUSE_S = 30.0  # between two tries of a model that fails each time

Outcome = Hypothesis | Failure | None
"""What a model made of a window; None: nobody wanted it any more."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How a session's windows are heard."""

    language: str
    beam_size: int = 1  # where the window deserves care
    realtime: bool = True  # False: nobody speaks meanwhile, the model need not rest
    languages: tuple[str, ...] = ()  # what "auto" may be; any where this is empty
    vocabulary: Vocabulary = Vocabulary()


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """A window, how to hear it, and whom to tell. `done` is called once, on any thread.

    `draft` tells what stands of the utterance, for the heavy model to judge; None: it decodes. `spoken` tells
    which language it is in, where that is "auto".
    """

    window: Window
    effort: Effort
    done: Callable[[Window, Outcome], None] = field(repr=False)  # one of each session and model
    draft: Callable[[], Standing] | None = field(default=None, repr=False)
    spoken: Callable[[], Spoken] = field(default=Spoken, repr=False)

    @property
    def kept(self) -> bool:
        """Whether text hangs on it (rule 2)."""
        return self.window.final or (self.window.to_pause and not self.window.heavy)

    @property
    def urgent(self) -> bool:
        """Whether it makes an ordinary window's text worthless (rule 3)."""
        return self.window.final or self.window.to_pause

    @property
    def careful(self) -> bool:
        """Whether its text is to last: beams, and every guard, are worth their time."""
        return self.window.heavy and self.urgent


def too_much(role: str, waiting: Iterable[Request]) -> bool:
    """Whether more speech waits than a model will come to in time (rule 5); a single window never is."""
    lengths = [len(request.window.audio) for request in waiting]
    return len(lengths) > 1 and sum(lengths) > BACKLOG_S[role] * SAMPLE_RATE


class Pace:
    """How long a model takes, and when it may be asked again. Owned by its worker, which has the lock."""

    def __init__(self, usual_s: float) -> None:
        """`usual_s`: what a call took before the first window."""
        self._took: deque[float] = deque([usual_s], _REMEMBERED)
        self._failures = 0
        self.free_at = 0.0
        """Monotonic seconds: an ordinary window is not asked for before."""

    @property
    def able(self) -> bool:
        """Whether it did not fail at its last window."""
        return self._failures == 0

    @property
    def patience_s(self) -> float:
        """A call that takes longer will never end. What a slow or busy machine takes is known by then."""
        return LEAST_PATIENCE_S + _PATIENCE * max(self._took)

    def took(self, began: float, now: float, *, rests: bool) -> None:
        """A window was heard. `rests`: for as long as that took."""
        self._took.append(now - began)
        self._failures = 0
        self.free_at = 2 * now - began if rests else 0.0

    def failed(self, now: float) -> None:
        """A window was not heard: the next try waits, twice as long each time."""
        self._failures += 1
        self.free_at = now + min(2.0 ** (self._failures - 1), _LONGEST_PAUSE_S)
