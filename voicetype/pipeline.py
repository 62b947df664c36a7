"""The stream graph: from frames to patches, and the threads it runs on.

                      ┌─ windows of the open utterance ─> fast ──┐
    frames ─> heard ──┼─ windows of the heavy model ────> heavy ─┼─ merge ─> scan(step) ─> typist
            (share)   └─ SpeechStarted, SpeechEnded ─────────────┤
                          focus, the user's keys, cancel, acks ──┘

Rule 1. Every subscription is made before the first frame is read.
Rule 2. `switch_map` is per utterance: a new one lets go of the drafts of the last. The heavy model's
words are never let go of, for they may be the last confirmation of an older utterance.
Rule 3. The reducer runs on whatever thread brings an event; `merge` lets them in one at a time.
`observe_on` stands once, before the typist, whose thread alone types, claims and reports.
Rule 4. No exception ends the stream: a stage that meets the outside reports it and goes on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

import reactivex as rx
from reactivex import Observable, abc
from reactivex import operators as ops
from reactivex.disposable import Disposable, SerialDisposable
from reactivex.scheduler import EventLoopScheduler, NewThreadScheduler
from reactivex.subject import Subject

from voicetype.core.endpointing import EndpointingRules
from voicetype.core.events import (
    Cancelled,
    Confidence,
    Event,
    Patch,
    Patching,
    SpeechStarted,
    Started,
    Stopped,
    TranscriptSegment,
    Unconfirmed,
)
from voicetype.core.session import Session, step
from voicetype.core.stream import Began, Dropped, Finished, StreamEvent
from voicetype.core.windows import Cadence, corrected
from voicetype.errors import VoicetypeError
from voicetype.frames import FrameSource
from voicetype.keyboard import Keyboard
from voicetype.listening import Heard, Listening, Window
from voicetype.stats import Stats
from voicetype.typist import Typist
from voicetype.vad import VoiceActivity
from voicetype.workers import Outcome, Request, Worker

log = logging.getLogger(__name__)

Report = Callable[[StreamEvent | VoicetypeError], None]
"""Told what happens, in order, on the typist thread."""

Item = Heard | Event | StreamEvent | VoicetypeError
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a dictation goes by."""

    rules: EndpointingRules = field(default_factory=EndpointingRules)
    cadence: Cadence = field(default_factory=Cadence)
    patching: Patching = Patching.DIFF
    vad_aggressiveness: int = 2
    beam_size: int = 5
    language: str = "auto"
    realtime: bool = True  # False: the source waits for the models


@dataclass(frozen=True, slots=True)
class _State:
    """What flows behind the reducer: the session after an item, the patch that follows, the item."""

    session: Session
    patch: Patch | None
    item: Item


class Pipeline:
    """Both models and the keyboard; `dictate` runs one session through them. One session at a time."""

    def __init__(self, fast: Worker, heavy: Worker, keyboard: Keyboard) -> None:
        self._fast, self._heavy, self._keyboard = fast, heavy, keyboard
        self._typist = EventLoopScheduler(_typist_thread)
        self._control: Subject[Event] = Subject()
        self._session = Session()

    def open(self) -> None:
        """Connect the keyboard. Raises KeyboardError."""
        self._on_typist(lambda: self._keyboard.open(self._control.on_next))

    def close(self) -> None:
        """Give the keyboard back. The workers belong to whoever made them."""
        self._on_typist(self._keyboard.close)
        self._typist.dispose()

    def dictate(self, source: FrameSource, settings: Settings, report: Report) -> Dictation:
        """Start a session on `source`. Raises KeyboardError where no window could take its text."""
        continues = self._on_typist(self._keyboard.claim)
        begin = replace(self._session, patching=settings.patching)
        self._session, _ = step(begin, Started(continues))
        return Dictation(self, source, settings, report)

    def _on_typist(self, action: Callable[[], _T]) -> _T:
        """Run `action` on the typist thread, the only one that may touch the keyboard; its result."""
        done: Future[_T] = Future()

        def run(*_: object) -> None:
            try:
                done.set_result(action())
            except Exception as error:  # noqa: BLE001  # handed to the caller, who waits for it
                done.set_exception(error)

        self._typist.schedule(run)
        return done.result()


def _only(items: Observable[Item], kind: type[_T]) -> Observable[_T]:
    return cast(Observable[_T], items.pipe(ops.filter(lambda item: isinstance(item, kind))))


def _typist_thread(target: Callable[..., object]) -> threading.Thread:
    return threading.Thread(target=target, name="voicetype-typist", daemon=True)


class Dictation:
    """A running session. `stop` and `cancel` may be called from any thread, also twice."""

    def __init__(self, pipeline: Pipeline, source: FrameSource, settings: Settings, report: Report) -> None:
        self.finished: Future[str] = Future()
        """Resolves to the whole text once nothing will change any more."""
        self._pipeline, self._source, self._settings, self._report = pipeline, source, settings, report
        self._stats = Stats()
        self._typist = Typist(pipeline._keyboard, self._tell)
        self._confirmed_id = -1
        self._cancels: Subject[None] = Subject()
        self._go = threading.Event()
        self._subscription = SerialDisposable()
        self._subscription.disposable = self._graph().subscribe(self._take, self._broken)
        self._go.set()

    def stop(self) -> None:
        """The user has said all; what was captured is still heard and confirmed."""
        self._source.stop()

    def cancel(self) -> None:
        """The user wants none of it."""
        self._cancels.on_next(None)
        self._source.stop()
        self._pipeline._fast.clear()
        self._pipeline._heavy.clear()
        self._pipeline._control.on_next(Cancelled())

    def _graph(self) -> Observable[_State]:
        pipeline = self._pipeline
        heard: Observable[Item] = rx.create(self._listen).pipe(
            ops.subscribe_on(NewThreadScheduler()), ops.take_until(self._cancels), ops.share()
        )
        windows = _only(heard, Window)

        def drafts_of(started: SpeechStarted) -> Observable[Item]:
            ours = windows.pipe(
                ops.filter(
                    lambda w: isinstance(w, Window) and not w.heavy and w.utterance == started.utterance
                )
            )
            return self._transcribed(ours, pipeline._fast)

        drafts = _only(heard, SpeechStarted).pipe(ops.switch_map(drafts_of))
        heavy_windows = windows.pipe(ops.filter(lambda w: isinstance(w, Window) and w.heavy))
        confirmations = self._transcribed(heavy_windows, pipeline._heavy)
        others = heard.pipe(ops.filter(lambda item: not isinstance(item, Window)))
        return rx.merge(others, drafts, confirmations, pipeline._control).pipe(
            ops.scan(self._fold, _State(pipeline._session, None, Started())),
            ops.observe_on(pipeline._typist),
        )

    def _listen(
        self, observer: abc.ObserverBase[Item], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        """The listening loop: reads the source to its end, on a thread of its own."""
        self._go.wait()
        listening = Listening(self._settings.rules, self._settings.cadence)
        try:
            voice = VoiceActivity(self._settings.vad_aggressiveness)
            for number, frame in enumerate(self._source):
                if number == 0:
                    observer.on_next(self._began())
                self._stats.samples += len(frame)
                for item in listening.hear(frame, voice(frame)):
                    observer.on_next(item)
                    self._keep_pace()
        except VoicetypeError as error:
            observer.on_next(error)
        except Exception as error:  # whatever the sound system does, what was said is still typed
            log.exception("listening failed")
            observer.on_next(VoicetypeError(f"Listening failed: {error}", "What was said so far is typed."))
        for item in listening.finish():
            observer.on_next(item)
        observer.on_next(Stopped())
        return Disposable()

    def _keep_pace(self) -> None:
        """A recording that is not fed by the clock waits for the models, so that none misses a window."""
        if not self._settings.realtime:
            self._pipeline._fast.wait_idle()
            self._pipeline._heavy.wait_idle()

    def _began(self) -> Began:
        fast, heavy = self._pipeline._fast, self._pipeline._heavy
        return Began(fast.name, heavy.name, time.time())

    def _transcribed(self, windows: Observable[Window], worker: Worker) -> Observable[Item]:
        """What `worker` makes of `windows`."""
        settings = self._settings

        def subscribe(observer: abc.ObserverBase[Item], _: object = None) -> abc.DisposableBase:
            def submit(window: Window) -> None:
                careful = window.final or (window.heavy and window.to_pause)
                beam_size = settings.beam_size if careful else 1
                worker.submit(Request(window, settings.language, beam_size, settings.realtime, done))

            def done(window: Window, outcome: Outcome) -> None:
                for item in self._outcome(worker.role, window, outcome):
                    observer.on_next(item)

            return windows.subscribe(submit, observer.on_error)

        return rx.create(subscribe)

    def _outcome(self, role: str, window: Window, outcome: Outcome) -> list[Item]:
        now = time.time()
        if outcome is None:
            lost: list[Item] = [Dropped(role, window.window_id, now)]
            return [*lost, Unconfirmed(window.utterance)] if window.final else lost
        confidence = Confidence.DRAFT
        corrects: tuple[int, ...] = ()
        if window.heavy:  # on the heavy model's thread alone
            confidence, corrects = Confidence.CONFIRMED, corrected(self._confirmed_id, window.window_id)
            self._confirmed_id = window.window_id
        return [
            TranscriptSegment(
                window.utterance,
                outcome.text,
                confidence,
                window.window_id,
                corrects_window_ids=corrects,
                to_pause=window.to_pause,
                final=window.final,
                phrase=window.phrase,
                timestamp=now,
            )
        ]

    def _fold(self, state: _State, item: Item) -> _State:
        """One item through the reducer; what is not for it passes by."""
        if not isinstance(item, Event):
            return _State(state.session, None, item)
        session, patch = step(state.session, item)
        self._pipeline._session = session
        return _State(session, patch, item)

    def _take(self, state: _State) -> None:
        try:
            self._type(state)
        except Exception as error:  # noqa: BLE001  # a reader of ours that fails must not end the typist's thread
            self._broken(error)

    def _type(self, state: _State) -> None:
        """The typist: report, type, say how it went."""
        if isinstance(state.item, StreamEvent | VoicetypeError):
            self._tell(state.item)
        if state.patch is not None:
            landed = self._typist.apply(state.patch, self._pipeline._session.epoch)
            self._pipeline._control.on_next(landed)
        elif state.session.finished and not self.finished.done():
            self._subscription.dispose()
            self._tell(Finished(state.session.text, time.time(), self._stats.summary()))
            self.finished.set_result(state.session.text)

    def _tell(self, item: StreamEvent | VoicetypeError) -> None:
        self._stats.count(item)
        self._report(item)

    def _broken(self, error: Exception) -> None:
        """The graph, or whoever is reported to, failed: hand that on rather than hang."""
        log.debug("the pipeline failed", exc_info=error)
        self._subscription.dispose()
        self._source.stop()
        if not self.finished.done():
            self.finished.set_exception(error)
