"""A dictation without a voice: the real reducer, told what models say, types through a real keyboard."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue

from voicetype.core.events import (
    Confidence,
    Event,
    FocusChanged,
    PatchApplied,
    PatchFailed,
    SpeechStarted,
    Started,
    Stopped,
    Terms,
    TranscriptSegment,
    UserTyped,
)
from voicetype.core.session import Session, step
from voicetype.errors import Interruption, PatchInterrupted
from voicetype.keyboard import Claim, Keyboard, KeyboardLost


class Script:
    """One keyboard, open, and one session after another. What the keyboard observes is fed as it comes."""

    def __init__(self, keyboard: Keyboard) -> None:
        self.keyboard = keyboard
        self.session = Session()
        self.claim = Claim()
        self.heard: list[FocusChanged | UserTyped | KeyboardLost] = []
        self.erased = 0
        self._observed: SimpleQueue[FocusChanged | UserTyped | KeyboardLost] = SimpleQueue()
        self._window = 0
        keyboard.open(self._observed.put)

    def begin(self) -> None:
        """Claim what has the focus, on the terms that the claim leaves."""
        self.claim = self.keyboard.claim()
        self.take_in()
        terms = Terms(erasing=self.claim.erasing, preedit=self.claim.preedit)
        self.feed(Started(self.claim.continues, terms))

    def speak(self, utterance: int = 1) -> None:
        """An utterance begins."""
        self.feed(SpeechStarted(utterance, 0))

    def draft(self, text: str, utterance: int = 1) -> None:
        """What the fast model says."""
        self._window += 1
        self.feed(TranscriptSegment(utterance, text, Confidence.DRAFT, self._window))

    def confirm(self, text: str, utterance: int = 1, *, final: bool = True) -> None:
        """What the heavy model says, with certainty where it differs."""
        gains = (1.0,) * len(text.split())
        self.feed(
            TranscriptSegment(
                utterance,
                text,
                Confidence.CONFIRMED,
                self._window,
                to_pause=final,
                final=final,
                gains=gains,
            )
        )

    def end(self) -> str:
        """The dictation is over; its text."""
        self.feed(Stopped())
        self.keyboard.release()
        self.take_in()
        return self.session.text

    def feed(self, event: Event) -> None:
        """One event, and every patch that follows from it."""
        self.take_in()
        self._step(event)

    def take_in(self) -> None:
        """What the keyboard has observed."""
        while True:
            try:
                told = self._observed.get_nowait()
            except Empty:
                return
            self.heard.append(told)
            if not isinstance(told, KeyboardLost):
                self._step(told)

    def wait_for(self, done: Callable[[], bool], wait: Callable[[Callable[[], bool], str], None]) -> None:
        """Take in what is observed until `done`."""

        def now() -> bool:
            self.take_in()
            return done()

        wait(now, "the keyboard observes it")

    def _step(self, event: Event) -> None:
        self.session, patch = step(self.session, event)
        while patch is not None:
            landed: PatchApplied | PatchFailed = PatchApplied()
            try:
                self.keyboard.apply(patch)
                self.erased += patch.backspaces
            except PatchInterrupted as error:
                lost = error.reason is not Interruption.FOREIGN_INPUT
                landed = PatchFailed(error.erased, error.typed, lost)
            self.session, patch = step(self.session, landed)
