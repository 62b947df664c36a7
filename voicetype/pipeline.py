"""The stream graph: from frames to patches, and the threads it runs on.

                      ┌─ windows of the open utterance ─> fast ──┐
    frames ─> heard ──┼─ windows of the heavy model ────> heavy ─┼─ merge ─> scan(step) ─> typist
            (share)   └─ SpeechStarted, SpeechEnded ─────────────┤
                          focus, the user's keys, cancel, acks ──┘

Rule 1. Every subscription is made before the first frame is read.
Rule 2. `switch_map` is per utterance: a new one lets go of the drafts of the last. The heavy model's
words are never let go of, for they may be the last confirmation of an older utterance; nor are the drafts
of a pause, which stand where no confirmation comes.
Rule 3. The reducer runs on whatever thread brings an event; `merge` lets them in one at a time.
`observe_on` stands once, before the typist, whose thread alone types, claims and reports.
Rule 4. No exception ends the stream: a stage that meets the outside reports it and goes on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

import reactivex as rx
from reactivex import Observable, abc
from reactivex import operators as ops
from reactivex.disposable import Disposable, SerialDisposable
from reactivex.scheduler import EventLoopScheduler, NewThreadScheduler
from reactivex.subject import Subject

from voicetype.asking import Asking
from voicetype.commanded import Commanded
from voicetype.core.events import (
    Cancelled,
    Confidence,
    Event,
    FocusChanged,
    Patch,
    SpeechStarted,
    Started,
    Terms,
    TranscriptSegment,
    Unconfirmed,
)
from voicetype.core.session import Session, step
from voicetype.core.spoken import Spoken
from voicetype.core.stream import Finished, StreamEvent
from voicetype.core.vocabulary import Vocabulary
from voicetype.elsewhere import Elsewhere
from voicetype.errors import KeyboardError, NotTyped, VoicetypeError
from voicetype.frames import FrameSource
from voicetype.keyboard import Keyboard
from voicetype.listening import Heard, Window
from voicetype.listening_loop import ListeningLoop
from voicetype.settings import Settings
from voicetype.stats import Stats
from voicetype.typist import Typist
from voicetype.workers import Worker

Report = Callable[[StreamEvent | VoicetypeError], None]
"""Told what happens, in order, on the typist thread."""

_AGAIN_S = 0.2
"""Between two tries to claim the window that has the focus."""

Item = Heard | Event | StreamEvent | VoicetypeError
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _State:
    """What flows behind the reducer: the session after an item, the patch that follows, the item."""

    session: Session
    patch: Patch | None
    item: Item


def _typist_thread(target: Callable[..., object]) -> threading.Thread:
    return threading.Thread(target=target, name="voicetype-typist", daemon=True)


@dataclass(frozen=True, slots=True)
class Stages:
    """What every session runs through. `control`: what comes from the desktop, the user and the typist."""

    fast: Worker
    heavy: Worker
    keyboard: Keyboard
    typist: EventLoopScheduler = field(default_factory=lambda: EventLoopScheduler(_typist_thread))
    control: Subject[Item] = field(default_factory=Subject)

    def on_typist(self, action: Callable[[], _T]) -> _T:
        """Run `action` on the typist thread, the only one that may touch the keyboard; its result."""
        done: Future[_T] = Future()

        def run(*_: object) -> None:
            try:
                done.set_result(action())
            except Exception as error:  # noqa: BLE001  # handed to the caller, who waits for it
                done.set_exception(error)

        self.typist.schedule(run)
        return done.result()


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where a session begins. `claim`: claims the window that has the focus, and says on what terms it is
    typed into, and which of the user's own words hold there; raises KeyboardError. To be called on the typist
    thread.
    """

    session: Session
    claim: Callable[[], tuple[Terms, Vocabulary]]


class Dictation:
    """A running session. `stop` and `cancel` may be called from any thread, also twice."""

    def __init__(
        self, stages: Stages, source: FrameSource, settings: Settings, report: Report, begin: Beginning
    ) -> None:
        self.finished: Future[str] = Future()
        """Resolves to the whole text once nothing will change any more."""
        self.session = begin.session
        """What is known of it now; written by the reducer alone."""
        self._stages, self._source, self._settings, self._report = stages, source, settings, report
        self._stats = Stats()
        self._listening = ListeningLoop(
            source, settings, stages.fast, stages.heavy, lambda: self.session.doubtful
        )
        self._asking = Asking(
            settings, lambda utterance: self.session.standing(utterance), stages.fast.wait_heard, self._aside
        )
        self._begin = begin
        self._elsewhere = Elsewhere(stages.keyboard, self._claim, self._tell)
        self._is_elsewhere = False  # another window has the focus
        self._typist = Typist(stages.keyboard, self._tell, lambda: self.session)
        self._commanded = Commanded(self._tell, source.stop)
        self._cancels: Subject[None] = Subject()
        self._go = threading.Event()
        self._subscription = SerialDisposable()
        self._subscription.disposable = self._graph().subscribe(self._take, self._broken)
        self._go.set()

    @property
    def spoken(self) -> Spoken:
        """Which languages are spoken in it."""
        return self._asking.spoken

    def stop(self) -> None:
        """The user has said all; what was captured is still heard and confirmed."""
        self._source.stop()

    def cancel(self) -> None:
        """The user wants none of it."""
        self._end(Cancelled())

    def abandon(self) -> None:
        """Nobody is there any more: what stands stays as it is, and nothing more comes."""
        self._end(Cancelled(keep=True))

    def _end(self, how: Cancelled) -> None:
        self._cancels.on_next(None)
        self._source.stop()
        self._stages.fast.clear()
        self._stages.heavy.clear()
        self._stages.control.on_next(how)

    def _graph(self) -> Observable[_State]:
        heard: Observable[Item] = rx.create(self._listen).pipe(
            ops.subscribe_on(NewThreadScheduler()), ops.take_until(self._cancels), ops.share()
        )
        heavy_windows, fast_windows = _only(heard, Window).pipe(ops.partition(_is_heavy))
        at_pauses, ticks = fast_windows.pipe(ops.partition(_is_at_pause))

        def drafts_of(started: SpeechStarted) -> Observable[Item]:
            def is_ours(window: Window) -> bool:
                return window.utterance == started.utterance

            return self._transcribed(ticks.pipe(ops.filter(is_ours)), self._stages.fast)

        drafts = _only(heard, SpeechStarted).pipe(ops.switch_map(drafts_of))
        whole_drafts = self._transcribed(at_pauses, self._stages.fast)
        confirmations = self._transcribed(heavy_windows, self._stages.heavy)
        others = heard.pipe(ops.filter(lambda item: not isinstance(item, Window)))
        return rx.merge(others, drafts, whole_drafts, confirmations, self._stages.control).pipe(
            ops.scan(self._fold, _State(self.session, None, Started())),
            ops.observe_on(self._stages.typist),
        )

    def _listen(self, observer: abc.ObserverBase[Item], _: abc.SchedulerBase | None = None) -> Disposable:
        """Run the listening loop, on a thread of its own."""
        self._go.wait()
        try:
            for item in self._listening:
                observer.on_next(item)
        except Exception as error:  # noqa: BLE001  # a fault of ours: the dictation ends with it, and does not hang
            observer.on_error(error)
        return Disposable()

    def _transcribed(self, windows: Observable[Window], worker: Worker) -> Observable[Item]:
        """What `worker` makes of `windows`."""

        def subscribe(observer: abc.ObserverBase[Item], _: object = None) -> abc.DisposableBase:
            return windows.subscribe(self._asking.of(worker, observer.on_next), observer.on_error)

        return rx.create(subscribe)

    def _aside(self, item: Item) -> None:
        """What a worker tells besides, also of an utterance that was switched away from."""
        self._stages.control.on_next(item)

    def _fold(self, state: _State, item: Item) -> _State:
        """One item through the reducer; what is not for it passes by."""
        if not isinstance(item, Event) or self._is_claimed_anew(item):
            return _State(state.session, None, item)
        self.session, patch = step(state.session, item)
        return _State(self.session, patch, self._as_reported(item, state.session))

    def _as_reported(self, event: Event, before: Session) -> Event:
        """What is reported: segments as they are typed; one, too, of drafts confirmed as they stood."""
        match event:
            case Unconfirmed(utterance, int(window_id)) if (text := before.settled(utterance)) is not None:
                event = self._asking.segments.unverified(utterance, window_id, text)
        if isinstance(event, TranscriptSegment) and before.terms.rules is not None:
            return replace(event, text=before.reported(event))
        return event

    def _is_claimed_anew(self, event: Event) -> bool:
        """Where the dictation follows the focus, each window is claimed before it is typed into, the first
        one again, too: the keyboard may have been given one that may not be.
        """
        returned = isinstance(event, FocusChanged) and event.ours
        return returned and self._settings.on_focus_change == "continue"

    def _take(self, state: _State) -> None:
        try:
            self._type(state)
        except Exception as error:  # noqa: BLE001  # a reader of ours that fails must not end the typist's thread
            self._broken(error)

    def _type(self, state: _State) -> None:
        """The typist: report, type, say how it went."""
        if isinstance(state.item, StreamEvent | VoicetypeError) and not _is_empty(state.item):
            self._tell(state.item)
        self._commanded.heed(state.session)
        self._heed_focus(state.session.lost_focus)
        if state.patch is not None:
            done = self._typist.apply(state.patch, state.session.expected)
            self._stages.control.on_next(done)
        elif state.session.finished and self.session.finished and not self.finished.done():
            self._subscription.dispose()
            self._source.close()  # a session that is cancelled at once is never listened to
            if untyped := state.session.untyped:
                self._tell(NotTyped(len(untyped)))
            self._release()
            self._tell(
                Finished(state.session.text, time.time(), self._stats.summary(self._listening.samples))
            )
            self.finished.set_result(state.session.text)

    def _release(self) -> None:
        try:
            self._stages.keyboard.release()
        except KeyboardError as error:
            self._tell(error)

    def _heed_focus(self, elsewhere: bool) -> None:
        """What the user wants where the window has lost the focus."""
        if elsewhere and not self._is_elsewhere:
            if self._settings.on_focus_change == "stop":
                self._source.stop()
            elif self._settings.on_focus_change == "continue":
                self._go_on_elsewhere()
        self._is_elsewhere = elsewhere

    def _claim(self) -> Terms:
        terms, self._asking.vocabulary = self._begin.claim()
        return terms

    def _go_on_elsewhere(self, *_: object) -> None:
        """In the window that has the focus, as soon as there is one that may be typed into."""
        if self.finished.done() or not self.session.lost_focus:
            return
        if claimed := self._elsewhere.claimed():
            self._typist.moved()
            self._stages.control.on_next(claimed)
        else:
            self._stages.typist.schedule_relative(_AGAIN_S, self._go_on_elsewhere)

    def _tell(self, item: StreamEvent | VoicetypeError) -> None:
        self._stats.count(item)
        self._report(item)

    def _broken(self, error: Exception) -> None:
        """The graph, or whoever is reported to, failed: hand that on rather than hang."""
        self._subscription.dispose()
        self._source.close()
        with suppress(KeyboardError):
            self._stages.keyboard.release()  # the user's own input method, most of all
        if not self.finished.done():
            self.finished.set_exception(error)


def _is_heavy(window: Window) -> bool:
    return window.heavy


def _is_empty(item: StreamEvent | VoicetypeError) -> bool:
    """A confirmation that confirms nothing yet: who reads along would take it for silence."""
    match item:
        case TranscriptSegment(text="", confidence=Confidence.CONFIRMED, corrects_window_ids=()):
            return not (item.to_pause or item.final)
    return False


def _is_at_pause(window: Window) -> bool:
    return window.to_pause


def _only(items: Observable[Item], kind: type[_T]) -> Observable[_T]:
    return cast(Observable[_T], items.pipe(ops.filter(lambda item: isinstance(item, kind))))
