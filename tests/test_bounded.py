"""A dictation of hours costs the same at its end as at its start: counted in calls and bytes."""

from __future__ import annotations

import gc
import io
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from types import FrameType

import numpy as np
import pytest

from tests.fakes import FakeKeyboard, FakeMicrophone, FakeTranscriber, LevelDetector
from voicetype.console import Console, Output
from voicetype.core.events import (
    Confidence,
    Event,
    FocusChanged,
    Patch,
    PatchApplied,
    SpeechEnded,
    SpeechStarted,
    Started,
    Terms,
    TranscriptSegment,
)
from voicetype.core.session import Session, step
from voicetype.core.stream import Began, StreamEvent, Typed
from voicetype.dictations import Dictations
from voicetype.frames import Frame
from voicetype.settings import Settings
from voicetype.workers import Worker

TOLD = "so this is what somebody says who goes on about a café and another until it is enough"
SAID = tuple(TOLD.split())
UTTERANCE_S = 10
WINDOWS = 4 * UTTERANCE_S
HOUR = 3600 // UTTERANCE_S  # utterances

KEYS, PREEDIT = Terms(), Terms(preedit=True)


def utterance(number: int) -> Iterator[Event]:
    """Ten seconds: forty drafts, ten confirmations, each a little further."""
    yield SpeechStarted(number, number * 160_000)
    for n in range(1, WINDOWS + 1):
        window = number * (WINDOWS + 1) + n
        said: Sequence[str] = SAID[: 1 + n * len(SAID) // WINDOWS]
        yield TranscriptSegment(number, " ".join(said), Confidence.DRAFT, window)
        if n % 4 == 0:
            said = [word.replace("what", "how") for word in said]
            yield TranscriptSegment(number, " ".join(said).capitalize(), Confidence.CONFIRMED, window)
    yield SpeechEnded(number, (number + 1) * 160_000)
    yield last(number)


def last(number: int) -> TranscriptSegment:
    """The last confirmation."""
    text, window = " ".join(SAID).capitalize() + ".", (number + 1) * (WINDOWS + 1)
    return TranscriptSegment(number, text, Confidence.CONFIRMED, window, to_pause=True, final=True)


class Hours:
    """A session, whose patches are typed at once."""

    def __init__(self, terms: Terms = KEYS, seen: Callable[[Event], object] = lambda _: None) -> None:
        self.session = step(Session(done="Before."), Started(continues=True, terms=terms))[0]
        self.most = 0  # bytes that one event has taken for a moment, without those that seal
        self._seen = seen
        self._number = 0

    def feed(self, event: Event) -> None:
        """With the typist's word on what follows from it."""
        waiting: list[Event] = [event]
        while waiting:
            each = waiting.pop()
            self._seen(each)
            before = self.session
            made = self._step(each)
            if made is not None:
                assert len(self.session.expected) < 500  # the typist asks for it each time
                waiting.append(PatchApplied())
            if self.session.done == before.done:
                self.most = max(self.most, tracemalloc.get_traced_memory()[1])

    def speak(self, utterances: int = 1) -> None:
        """At length."""
        for _ in range(utterances):
            for event in utterance(self._number):
                self.feed(event)
            self._number += 1

    def pass_by(self, utterances: int) -> None:
        """Only what is said of them at last, which makes the same text."""
        for _ in range(utterances):
            self.feed(SpeechStarted(self._number, 0))
            self.feed(last(self._number))
            self._number += 1

    def _step(self, event: Event) -> Patch | None:
        self.session, made = step(self.session, event)
        return made


def calls(work: Callable[[], object]) -> int:
    """How many calls, of Python and of C, it takes."""
    count = 0

    def seen(_: FrameType, kind: str, __: object) -> None:
        nonlocal count
        count += kind in ("call", "c_call")

    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("terms", [KEYS, PREEDIT], ids=["keys", "preedit"])
def test_an_utterance_takes_the_reducer_as_many_calls_after_an_hour_as_before(terms: Terms) -> None:
    hours = Hours(terms)
    hours.speak()
    early, state = calls(hours.speak), repr(replace(hours.session, done=""))
    hours.pass_by(HOUR)
    assert calls(hours.speak) < 1.01 * early  # the garbage collection may have a call or two
    assert len(repr(replace(hours.session, done=""))) < len(state) + 50  # some numbers are longer
    assert len(hours.session.text.split()) == len(SAID) * (HOUR + 3)


def test_no_event_copies_the_text_of_hours() -> None:
    """But for the one that seals an utterance."""
    hours = Hours()
    hours.pass_by(5 * HOUR)
    size = len(hours.session.done)
    tracemalloc.start()
    try:
        base = tracemalloc.get_traced_memory()[0]
        hours.most = 0
        for event in utterance(5 * HOUR):
            tracemalloc.reset_peak()
            hours.feed(event)
    finally:
        tracemalloc.stop()
    assert hours.most - base < size / 4, size


def test_what_waits_for_the_focus_for_an_hour_costs_no_more_from_event_to_event() -> None:
    hours = Hours()
    hours.speak()
    hours.feed(FocusChanged(ours=False))
    hours.speak()
    early = calls(hours.speak)
    hours.pass_by(HOUR)
    assert calls(hours.speak) < 1.01 * early  # the garbage collection may have a call or two
    hours.feed(FocusChanged(ours=True))
    assert len(hours.session.done.split()) == len(SAID) * (HOUR + 4)


def test_to_type_what_has_waited_costs_as_much_as_there_is() -> None:
    def back(utterances: int) -> int:
        hours = Hours()
        hours.feed(FocusChanged(ours=False))
        hours.pass_by(utterances)
        taken = calls(lambda: hours.feed(FocusChanged(ours=True)))
        assert len(hours.session.done.split()) == len(SAID) * utterances
        return taken

    assert back(200) < 2.5 * back(100)


def test_the_console_draws_the_end_of_a_long_text_alone() -> None:
    out = io.StringIO()
    console = Console(Output(out, io.StringIO(), lambda: None), lambda: 80)
    typed: list[StreamEvent] = [Began("quick", "slow", 0.0)]

    def seen(event: Event) -> None:
        if isinstance(event, TranscriptSegment):
            typed.append(event)
        elif isinstance(event, PatchApplied):
            made = hours.session.in_flight
            assert made is not None
            typed.append(Typed(made.backspaces, made.text, 0.0))

    hours = Hours(seen=seen)
    hours.pass_by(HOUR // 3)
    hours.speak()
    taken = []
    for event in typed:
        taken.append(calls(lambda event=event: console(event)))  # type: ignore[misc]
        out.seek(0)
        out.truncate()
    half = len(taken) // 2
    assert max(taken[half:]) < 1.1 * max(taken[:half])
    console(typed[-1])
    assert SAID[-1] in out.getvalue()


class Hour:
    """A microphone in which somebody speaks for eight seconds of ten; tells when each minute is over."""

    def __init__(self, minutes: int, minute: Callable[[int], object]) -> None:
        self._minutes, self._minute = minutes, minute

    def __iter__(self) -> Iterator[Frame]:
        tone, silence = np.ones(512, np.float32), np.zeros(512, np.float32)
        for number in range(self._minutes):
            for _ in range(6):
                yield from [tone] * 250
                yield from [silence] * 63
            self._minute(number)

    def stop(self) -> None:
        """It ends by itself."""

    def close(self) -> None:
        """It is not read any more."""


class Terse(FakeTranscriber):
    """Keeps no account of what it was asked."""

    def __init__(self, name: str) -> None:
        super().__init__(name, lambda samples: " ".join(SAID[: samples // 6400]))

    def forget(self) -> None:
        """Of what it was asked."""
        for account in (self.heard, self.asked, self.judged):
            account.clear()


@dataclass
class Rig:
    """The pipeline with two models that say at once what they are told to, and a field in memory."""

    models: tuple[Terse, Terse]
    keyboard: FakeKeyboard
    dictations: Dictations

    def held(self) -> tuple[int, int]:
        """Bytes in use, but for what the fakes have noted; threads."""
        for model in self.models:
            model.forget()
        self.keyboard.patches.clear()
        gc.collect()
        return tracemalloc.get_traced_memory()[0], threading.active_count()


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setattr("voicetype.listening_loop.VoiceActivity", LevelDetector)
    models, keyboard = (Terse("quick"), Terse("slow")), FakeKeyboard()
    workers = Worker("fast"), Worker("heavy")
    for worker, model in zip(workers, models, strict=True):
        worker.take(model)
    dictations = Dictations(*workers, keyboard)
    dictations.open()
    tracemalloc.start()
    try:
        yield Rig(models, keyboard, dictations)
    finally:
        tracemalloc.stop()
        dictations.close()
        for worker in workers:
            worker.close()


def test_a_dictation_of_many_minutes_holds_no_more_than_one_of_few(rig: Rig) -> None:
    """But for the text itself."""
    held: list[tuple[int, int]] = []
    source = Hour(5, lambda _: held.append(rig.held()))
    dictation = rig.dictations.dictate(source, Settings(realtime=False), lambda _: None)
    text = dictation.finished.result(150)
    assert text == rig.keyboard.text.strip()
    (early, threads), (late, threads_late) = held[1], held[-1]
    assert threads_late == threads
    assert late - early < 100_000 + 4 * len(text)


def test_many_dictations_leave_no_more_behind_than_few(rig: Rig) -> None:
    settings = Settings(realtime=False)

    def dictate(count: int) -> tuple[int, int]:
        for _ in range(count):
            source = FakeMicrophone("s" * 20 + "." * 60)
            rig.dictations.dictate(source, settings, lambda _: None).finished.result(20)
        return rig.held()

    early, threads = dictate(20)
    late, threads_late = dictate(80)
    assert abs(threads_late - threads) <= 1  # the last one's listening thread may not have ended yet
    assert late - early < 60_000 + 4 * len(rig.keyboard.text)
