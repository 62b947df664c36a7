"""A model on a thread of its own, which hears one window at a time and lets stale ones go.

The theory. A model is slower than the clock now and then, on some machines always, so windows wait;
what waits is out of date soon. Rule 1: an ordinary window waits alone, a newer one takes its place
(*latest wins*). Rule 2: a window that text hangs on is never dropped: the fast model's at a pause,
the heavy model's at the end of an utterance. Rule 3: a heavy window in progress, whose text nobody
needs any more because the speech paused or ended meanwhile, is given up half way. Rule 4: between two
windows the heavy model rests for as long as the last one took, and is not free for an ordinary one. Where
it is slow, that stretches its cadence, and leaves the end of the speech an idle model half the time.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from voicetype.core.spoken import AUTO, Spoken
from voicetype.core.verification import Standing
from voicetype.engine import Hearing, Hypothesis, Transcriber
from voicetype.errors import VoicetypeError
from voicetype.listening import Window

log = logging.getLogger(__name__)

NICE = {"fast": 5, "heavy": 10}
"""Niceness of each model's threads: sound and keys come first, then drafts, then confirmations."""


def be_nice(role: str) -> None:
    """Give the calling thread its role's niceness, which Linux keeps by thread.

    A model's own threads take it over from the one that loads it.
    """
    nice = max(NICE.get(role, 0), os.getpriority(os.PRIO_PROCESS, 0))
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)


Outcome = Hypothesis | None
"""What a model made of a window; None: it did not hear it, or failed."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How a session's windows are heard."""

    language: str
    beam_size: int = 1  # where the window deserves care
    realtime: bool = True  # False: nobody speaks meanwhile, the model need not rest
    languages: tuple[str, ...] = ()  # what "auto" may be; any where this is empty


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


class Worker:
    """A model and its thread. Every method may be called from anywhere."""

    def __init__(self, role: str) -> None:
        self.role = role
        self._model: Transcriber | None = None
        self._expected = True
        self._waiting: list[Request] = []
        self._running: Request | None = None
        self._given_up = False
        self._last: tuple[Request, Hypothesis] | None = None
        self._rested_at = 0.0  # monotonic seconds
        self._closed = False
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
            return not busy and time.monotonic() >= self._rested_at

    def expect(self) -> None:
        """A model is to come: while there is none, windows wait for it."""
        with self._changed:
            self._expected = True

    def take(self, model: Transcriber | None) -> None:
        """Hear with this model from the next window on. None: there is none, and none is to come."""
        with self._changed:
            self._model, self._expected, self._last = model, False, None
            self._changed.notify_all()

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

    def close(self) -> None:
        """End the thread after the call it is in."""
        with self._changed:
            self._closed, self._waiting, self._given_up = True, [], True
            self._changed.notify_all()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        be_nice(self.role)
        while (request := self._next()) is not None:
            began = time.monotonic()
            request.done(request.window, self._hear(request))
            with self._changed:
                self._running = None
                if request.window.heavy and request.effort.realtime:
                    self._rested_at = 2 * time.monotonic() - began
                self._changed.notify_all()

    def _next(self) -> Request | None:
        """The next window, once there is a model to hear it or none is to come; None at the end."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or (self._waiting and not (self._model is None and self._expected))
            )
            if self._closed:
                return None
            self._running, self._given_up = self._waiting.pop(0), False
            return self._running

    def _hear(self, request: Request) -> Outcome:
        if (known := self._heard_before(request)) is not None:
            return known
        model, window = self._model, request.window
        if model is None:
            return None
        spoken = request.spoken()
        how = Hearing(
            request.effort.language,
            beam_size=request.effort.beam_size if request.careful else 1,
            careful=request.careful,
            superseded=lambda: self._superseded(request),
            among=request.effort.languages,
            presumed=spoken.presumed,
        )
        if how.language == AUTO:
            heard_in = spoken.for_heavy if window.heavy else spoken.for_fast
            how = replace(how, language=heard_in(window.utterance))
        try:
            if window.heavy and request.draft:
                hypothesis = model.verify(window.audio, how, request.draft)
            else:
                hypothesis = model.transcribe(window.audio, how)
        except VoicetypeError as error:
            log.warning("%s", error)
            return None
        except Exception:  # a model may fail in any way, and the dictation goes on
            log.exception("the %s model failed on window %d", self.role, window.window_id)
            return None
        self._last = None if hypothesis is None else (request, hypothesis)
        return hypothesis

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
            if self._given_up:
                return True
            if not request.window.heavy or request.window.final:
                return False
            # A pause's own pass yields to the end alone: short pauses in a row would starve it.
            rivals = [r for r in self._waiting if r.window.same_as != request.window.window_id]
            return any(r.window.final if request.window.to_pause else r.urgent for r in rivals)
