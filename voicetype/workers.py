"""A model on a thread of its own, which hears one window at a time and lets stale ones go.

The theory. A model is slower than the clock now and then, on some machines always, so windows wait;
what waits is out of date soon. Rule 1: an ordinary window waits alone, a newer one takes its place
(*latest wins*). Rule 2: a window that text hangs on is never dropped: the fast model's at a pause,
the heavy model's at the end of an utterance. Rule 3: a heavy window in progress, whose text nobody
needs any more because the speech paused or ended meanwhile, is given up half way. Rule 4: between two
windows the heavy model rests for as long as the last one took, and is not free for an ordinary one. Where
it is slow, that stretches its cadence, and leaves the end of the speech an idle model half the time.
Rule 5: where more waits than a model can ever come to, the oldest goes unheard, rule 2 or not. Rule 6: a
model that fails is asked less and less often, but for what rule 2 is about; one that hangs is left behind.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from voicetype import logs
from voicetype.calls import CallThread, Hung
from voicetype.core.spoken import AUTO
from voicetype.engine import Hearing, Hypothesis, Transcriber, Wakeful
from voicetype.errors import VoicetypeError
from voicetype.failures import Failure, Kind, of
from voicetype.waiting import Effort, Outcome, Pace, Request, too_much

__all__ = ["Effort", "Outcome", "Request", "Worker", "be_nice"]

log = logging.getLogger(__name__)

NICE = {"fast": 0, "heavy": 3}
"""Niceness of each model's threads: drafts come before confirmations, but no other program before both.

Within a session Linux goes by it strictly. Beside four loops that take two cores, of niceness 0, the text of
28 seconds stood 18 s after their end; with 5 and 10 it did not stand after three minutes
(`tests.bench.overload`).
"""


_GOODBYE_S = 3.0  # both models, one that is loaded and a patch under way: less than a service is given


def be_nice(role: str) -> None:
    """Give the calling thread its role's niceness, which Linux keeps by thread.

    A model's own threads take it over from the one that loads it.
    """
    nice = max(NICE.get(role, 0), os.getpriority(os.PRIO_PROCESS, 0))
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)


class Worker:
    """A model and its thread. Every method may be called from anywhere."""

    def __init__(self, role: str, lost: Callable[[], None] = lambda: None) -> None:
        """`lost` is called, on the worker's thread, when it has left a model behind that hangs."""
        self.role = role
        self._lost = lost
        self._model: Transcriber | None = None
        self._expected = True
        self._waiting: list[Request] = []
        self._running: Request | None = None
        self._given_up = self._behind = False
        self._last: tuple[Request, Hypothesis] | None = None
        self._pace = Pace(0.0)
        self._gone = Kind.MISSING  # why there is no model, where there is none
        self._closed = False
        self._calls = self._new_calls()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"voicetype-{role}", daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        """The loaded model's name; empty while there is none."""
        model = self._model  # it may be taken away meanwhile
        return model.name if model else ""

    @property
    def ready(self) -> bool:
        """Whether a model is loaded."""
        return self._model is not None

    @property
    def free(self) -> bool:
        """Whether an ordinary window would be heard at once (rule 4)."""
        with self._changed:
            busy = self._model is None or self._waiting or self._running
            return not busy and time.monotonic() >= self._pace.free_at

    @property
    def able(self) -> bool:
        """Whether a model is loaded that did not fail at its last window."""
        with self._changed:
            return self._model is not None and self._pace.able

    def expect(self) -> None:
        """A model is to come: while there is none, windows wait for it."""
        with self._changed:
            self._expected = True

    def take(self, model: Transcriber | None, usual_s: float = 0.0) -> None:
        """Hear with this model from the next window on. None: there is none, and none is to come.

        `usual_s`: about how long a call of it takes, where that is known.
        """
        with self._changed:
            self._model, self._expected, self._last = model, False, None
            self._pace, self._gone = Pace(usual_s), Kind.MISSING
            self._changed.notify_all()

    def wake(self) -> None:
        """Somebody begins to speak: a server that sleeps is told."""
        if isinstance(model := self._model, Wakeful):
            threading.Thread(target=model.wake, name="wake", daemon=True).start()

    def wait_ready(self) -> bool:
        """Block until the model that is expected is there; False where none came."""
        with self._changed:
            self._changed.wait_for(lambda: self._model is not None or not self._expected or self._closed)
            return self._model is not None

    def submit(self, request: Request) -> None:
        """Hear this window next."""
        with self._changed:
            stale = [r for r in self._waiting if not r.kept]
            self._waiting = [r for r in self._waiting if r.kept] + [request]
            self._changed.notify_all()
        for dropped in stale:
            dropped.done(dropped.window, None)

    def clear(self) -> None:
        """Nobody wants any of it any more; what runs is given up."""
        with self._changed:
            self._waiting, self._given_up = [], True
            self._changed.notify_all()

    def wait_idle(self) -> None:
        """Block until every window so far was heard."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or not (self._waiting or self._running))

    def wait_heard(self) -> None:
        """Block until no window is left that text hangs on."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._closed or not any(r.kept for r in (*self._waiting, self._running) if r is not None)
                )
            )

    def close(self) -> None:
        """End the thread after the call it is in, unless that takes longer than the end of a program may."""
        with self._changed:
            self._closed, self._waiting, self._given_up = True, [], True
            self._changed.notify_all()
        self._thread.join(_GOODBYE_S)

    def _run(self) -> None:
        while (request := self._next()) is not None:
            request.done(request.window, self._hear(request))
            logs.pause()
            with self._changed:
                self._running = None
                self._changed.notify_all()
        self._calls.end()

    def _next(self) -> Request | None:
        """The next window, once there is a model to hear it or none is to come; None at the end."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._closed
                    or (self._waiting and not (self._model is None and self._expected))
                    or too_much(self.role, self._waiting)
                )
            )
            if self._closed:
                return None
            self._behind = too_much(self.role, self._waiting)
            self._running, self._given_up = self._waiting.pop(0), False
            return self._running

    def _hear(self, request: Request) -> Outcome:
        """What comes of a window. A model may fail in any way, and the dictation goes on."""
        if (known := self._heard_before(request)) is not None:
            return known
        model = self._model
        if self._behind:
            return Failure(self.role, Kind.BEHIND)
        if model is None:
            return Failure(self.role, self._gone)
        began, rests = time.monotonic(), request.window.heavy and request.effort.realtime
        try:
            heard = self._calls.make(lambda: self._ask(model, request), self._pace.patience_s)
        except Exception as error:  # noqa: BLE001  # told by `_failed`
            return self._failed(model, request, error)
        with self._changed:
            if self._model is model:
                self._pace.took(began, time.monotonic(), rests=rests)
        self._last = None if heard is None else (request, heard)
        return heard

    def _ask(self, model: Transcriber, request: Request) -> Hypothesis | None:
        """On the thread of the calls."""
        window, spoken = request.window, request.spoken()
        how = Hearing(
            request.effort.language,
            beam_size=request.effort.beam_size if request.careful else 1,
            careful=request.careful,
            superseded=lambda: self._superseded(request),
            among=request.effort.languages,
            presumed=spoken.presumed,
            voiced=window.voiced,
            vocabulary=request.effort.vocabulary,
            utterance=window.utterance,
            phrase=window.phrase,
            session=window.session,
            start=window.start,
            to_pause=window.to_pause,
            final=window.final,
        )
        if how.language == AUTO:
            heard_in = spoken.for_heavy if window.heavy else spoken.for_fast
            how = replace(how, language=heard_in(window.utterance))
        if window.heavy and request.draft:
            return model.verify(window.audio, how, request.draft)
        return model.transcribe(window.audio, how)

    def _failed(self, model: Transcriber, request: Request, error: Exception) -> Failure:
        """A window came to nothing: the next one waits, and who hangs is never asked again."""
        with self._changed:
            if self._model is model:
                self._pace.failed(time.monotonic())
        if isinstance(error, Hung):
            log.error("the %s model hangs on window %d", self.role, request.window.window_id)
            self._leave_behind(model)
            return Failure(self.role, Kind.HANGS)
        if isinstance(error, VoicetypeError):
            log.warning("%s", error)
        else:
            log.error("the %s model failed on window %d", self.role, request.window.window_id, exc_info=error)
        return of(self.role, error)

    def _leave_behind(self, model: Transcriber) -> None:
        self._calls.end()
        self._calls = self._new_calls()
        with self._changed:
            if lost := self._model is model and not self._closed:
                self._model, self._last, self._gone = None, None, Kind.HANGS
        if lost:
            self._lost()

    def _new_calls(self) -> CallThread:
        return CallThread(f"voicetype-{self.role}-model", lambda: be_nice(self.role))

    def _heard_before(self, request: Request) -> Hypothesis | None:
        """What the model said of the window that this one is the same as, in the same session."""
        if self._last is None:
            return None
        last, hypothesis = self._last
        if not hypothesis.text and request.draft and request.draft().text:
            return None  # a draft that came later was never judged
        same = (request.done, request.window.utterance, request.window.same_as)
        return hypothesis if same == (last.done, last.window.utterance, last.window.window_id) else None

    def _superseded(self, request: Request) -> bool:
        with self._changed:
            if self._given_up or self._running is not request:  # it was left behind
                return True
            if not request.window.heavy or request.window.final:
                return False
            # A pause's own pass yields to the end alone: short pauses in a row would starve it.
            rivals = [r for r in self._waiting if r.window.same_as != request.window.window_id]
            return any(r.window.final if request.window.to_pause else r.urgent for r in rivals)
