"""A server that hears, and who takes its place while it does not.

The theory. A server may be slow, busy or gone, for a second or for a week, and nobody who dictates should
wait for that twice. Rule 1: the window that it fails goes to the relief at once. Rule 2: from then on it is
not asked any more; the relief hears, and where there is none, a window fails without a wait. Rule 3: after a
pause, which doubles from failure to failure, it is tried beside the relief: that costs no window any time.
Rule 4: one that was tried well hears again from the next window on. Rule 5: who hears instead is told once an
outage. Rule 6: where a server is asked for two things, it may fail at one of them alone.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from voicetype.core.verification import Standing
from voicetype.engine import Audio, Hearing, Hypothesis, Transcriber, Wakeful
from voicetype.errors import ServerError, VoicetypeError

log = logging.getLogger(__name__)

_FIRST_PAUSE_S = 2.0
_LONGEST_PAUSE_S = 60.0
_SAME_S = 600.0
"""An outage so soon behind the last one, for the same reason, is no news."""


class Breaker:
    """Whether a server is asked. One a server, or for what it is asked for; any thread may call."""

    def __init__(
        self,
        told: Callable[[VoicetypeError], None],
        clock: Callable[[], float] = time.monotonic,
        whole: Breaker | None = None,
    ) -> None:
        """`told` learns, on any thread, that another one hears from now on. `whole`: see `part`."""
        self._told, self._clock, self._whole = told, clock, whole
        self._part: Breaker | None = None
        self._lock = threading.Lock()
        self._error: ServerError | None = None
        self._failures = 0
        self._next = 0.0  # when it may be tried
        self._trying = False
        self._said: tuple[str, float] | None = None  # what was told last, and when

    def part(self) -> Breaker:
        """One for something else that the server is asked for (rule 6): out while this one is, and alone."""
        self._part = Breaker(self._told, self._clock, self)
        return self._part

    @property
    def error(self) -> ServerError | None:
        """Why it is not asked (rule 2); None: it is."""
        with self._lock:
            error = self._error
        return error or (self._whole.error if self._whole else None)

    def due(self) -> bool:
        """Whether it is to be tried now (rule 3): true for one of those who ask, who says how it went."""
        with self._lock:
            due = self._error is not None and not self._trying and self._clock() >= self._next
            self._trying = self._trying or due
            return due

    def succeeded(self) -> None:
        """It heard a window."""
        with self._lock:
            back, self._error = self._error is not None, None
            self._failures, self._trying = 0, False
        if back:
            log.info("The server hears again.")

    def undecided(self) -> None:
        """A try was given up before it told anything."""
        with self._lock:
            self._trying = False

    def failed(self, error: ServerError, relief: str = "") -> None:
        """It did not hear a window. `relief`: who hears instead; where nobody does, the worker tells that."""
        other = self._whole or self._part
        known_already = other is not None and other._error is not None
        with self._lock:
            now = self._clock()
            begins = self._error is None
            pause_s = min(_FIRST_PAUSE_S * 2.0 ** min(self._failures, 10), _LONGEST_PAUSE_S)
            self._error, self._failures, self._trying = error, self._failures + 1, False
            self._next = now + max(pause_s, error.pause_s)
            known = self._said is not None and self._said[0] == error.sentence
            news = begins and relief and not (known and self._said and now - self._said[1] < _SAME_S)
            news = news and not known_already
            if news:
                self._said = error.sentence, now
        log.log(logging.WARNING if begins else logging.DEBUG, "%s", error)
        if news:
            self._told(ServerError(f"{error.sentence} {relief} hears on this machine meanwhile.", error.hint))


class Relief:
    """A Transcriber: the first one, and while that fails the relief."""

    def __init__(self, first: Transcriber, relief: Transcriber | None, breaker: Breaker) -> None:
        """`first` raises ServerError where it does not hear. One thread at a time calls it."""
        self._first, self._relief, self._breaker = first, relief, breaker

    @property
    def name(self) -> str:
        """The name of the one that hears now."""
        relief = self._relief if self._breaker.error else None
        return (relief or self._first).name

    def transcribe(self, audio: Audio, how: Hearing) -> Hypothesis | None:
        """As the one that hears now. Raises ServerError where the first does not, and there is no relief."""
        return self._heard(audio, how, lambda model: model.transcribe(audio, how))

    def verify(self, audio: Audio, how: Hearing, draft: Callable[[], Standing]) -> Hypothesis | None:
        """As `transcribe`."""
        return self._heard(audio, how, lambda model: model.verify(audio, how, draft))

    def wake(self) -> None:
        """As the first one, where it can be woken: one that is gone is known before anybody needs it."""
        if not isinstance(self._first, Wakeful) or self._breaker.error:
            return
        try:
            self._first.wake()
        except ServerError as error:
            self._fails(error)

    def _heard(
        self, audio: Audio, how: Hearing, ask: Callable[[Transcriber], Hypothesis | None]
    ) -> Hypothesis | None:
        error = self._breaker.error
        if error is None:
            try:
                return self._asked(ask)
            except ServerError as failure:
                error = failure
                self._fails(failure)
        elif self._breaker.due():
            threading.Thread(target=self._try, args=(audio, how), name="server-try", daemon=True).start()
        if self._relief is None:
            raise error
        return None if how.superseded() else ask(self._relief)

    def _fails(self, error: ServerError) -> None:
        self._breaker.failed(error, self._relief.name if self._relief else "")

    def _asked(self, ask: Callable[[Transcriber], Hypothesis | None]) -> Hypothesis | None:
        heard = ask(self._first)
        if heard is not None:  # else it was given up half way
            self._breaker.succeeded()
        return heard

    def _try(self, audio: Audio, how: Hearing) -> None:
        """Whether it hears again; what it hears of this window, the relief has heard (rule 3)."""
        try:
            self._asked(lambda model: model.transcribe(audio, replace(how, superseded=lambda: False)))
        except ServerError as error:
            self._breaker.failed(error)
        finally:
            self._breaker.undecided()
