"""Our own stand-ins: a screen that refuses the impossible, a model and a microphone that do as told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from voicetype.accessibility import Field
from voicetype.core import patch
from voicetype.core.events import Event, Patch, PatchApplied, PatchFailed
from voicetype.core.session import Session, step
from voicetype.core.spoken import AUTO
from voicetype.core.verification import Standing
from voicetype.core.wording import split
from voicetype.engine import Audio, Hearing, Hypothesis
from voicetype.errors import Interruption, PatchInterrupted
from voicetype.frames import Frame
from voicetype.keyboard import Claim, Observer


class Screen:
    """The session and the text field it types into. `text` is the field's, `ours` what we may erase."""

    def __init__(self, session: Session, before: str = "") -> None:
        self.session = session
        self.text = before
        self.erased = 0
        self.waiting: list[Patch] = []

    def feed(self, event: Event) -> None:
        """One event, without the typist."""
        self.session, made = step(self.session, event)
        if made is not None:
            self.waiting.append(made)

    def type_all(self) -> None:
        """The typist types whatever is in flight, until nothing is."""
        while self.waiting:
            made = self.waiting.pop(0)
            self.text = patch.apply(self.text, made)
            self.erased += made.backspaces
            self.feed(PatchApplied())

    def type_part(self, erased: int, typed: int, *, lost: bool) -> None:
        """The typist is interrupted."""
        made = self.waiting.pop(0)
        self.text = patch.partly(self.text, made, erased, typed)
        self.erased += erased
        self.feed(PatchFailed(erased, typed, lost))


class FakeClock:
    """Stands for the module `time` where only its monotonic seconds are read."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        """Seconds, which pass when a test says so."""
        return self.now_s


class FakeTranscriber:
    """A model that says what `says` makes of the number of samples, once `gate` is open.

    `sure`: the probability of each word it says; None where it does not tell. `trusts`: whether it finds a
    draft plausible. `judged`: the drafts that it was given. `gains`: of each word that it says otherwise.
    `detects`: a language and its probability, of the number of samples. `asked`: how it was to hear.
    """

    def __init__(self, name: str, says: Callable[[int], str], sure: float | None = None) -> None:
        self.name = name
        self.says = says
        self.sure = sure
        self.trusts: Callable[[str], bool] = lambda _: False
        self.gains: float | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.detects: Callable[[int], tuple[str, float]] = lambda _: ("en", 1.0)
        self.heard: list[int] = []
        self.asked: list[Hearing] = []
        self.judged: list[str] = []

    def transcribe(self, audio: Audio, how: Hearing) -> Hypothesis | None:
        """What was told to be said."""
        assert how.language
        assert how.beam_size == 1 or how.careful
        self.heard.append(len(audio))
        self.asked.append(how)
        assert self.gate.wait(60)
        if how.superseded():
            return None
        text = self.says(len(audio))
        told = (how.language, 1.0) if how.language != AUTO else self.detects(len(audio))
        sure = () if self.sure is None else (self.sure,) * len(split(text))
        return Hypothesis(text, sure, language=told[0], language_probability=told[1])

    def verify(self, audio: Audio, how: Hearing, draft: Callable[[], Standing]) -> Hypothesis | None:
        """The draft, where it is to be trusted, else what was told to be said."""
        said = self.transcribe(audio, how)
        if said is None:
            return None
        self.judged.append(draft().text)
        if self.trusts(self.judged[-1]):
            return replace(said, text=self.judged[-1], probabilities=(), verified=True)
        return said if self.gains is None else replace(said, gains=(self.gains,) * len(split(said.text)))


class LevelDetector:
    """Stands for `VoiceActivity`: takes for speech what is not silent. The real one wants a voice."""

    def __init__(self, aggressiveness: int) -> None:
        assert aggressiveness

    def __call__(self, frame: Frame) -> float:
        """1.0 for speech."""
        return float(frame.max() > 0.5)


class FakeMicrophone:
    """Frames of sound (a tone) and silence, one for each letter: "s" is spoken, "." is silent."""

    def __init__(self, script: str, error: Exception | None = None) -> None:
        self._script, self._error = script, error
        self._stopped = threading.Event()
        self.closed = False

    def __iter__(self) -> Iterator[Frame]:
        for letter in self._script:
            if self._stopped.is_set():
                return
            yield np.full(512, 1.0 if letter == "s" else 0.0, np.float32)
        if self._error:
            raise self._error

    def stop(self) -> None:
        """End the iteration."""
        self._stopped.set()

    def close(self) -> None:
        """It is not read any more."""
        self.closed = True


class FakeKeyboard:
    """A text field in memory. `interruptions` are what the next patches run into, None for nothing."""

    name = "fake"

    def __init__(self) -> None:
        self.text = ""
        self.patches: list[Patch] = []
        self.interruptions: list[PatchInterrupted | None] = []
        self.observer: Observer = lambda _: None
        self.field = Claim()
        """What a claim says of the field."""

    def open(self, observer: Observer) -> None:
        """Remember whom to tell."""
        self.observer = observer

    def claim(self) -> Claim:
        """The field; never behind our own text, unless a test says so."""
        return self.field

    def apply(self, made: Patch) -> None:
        """Type, or run into the next interruption."""
        interruption = self.interruptions.pop(0) if self.interruptions else None
        if interruption is None:
            self.text = patch.apply(self.text, made)
            self.patches.append(made)
            return
        self.text = patch.partly(self.text, made, interruption.erased, interruption.typed)
        raise interruption

    def read(self, _: int) -> str | None:
        """It does not say."""
        return None

    def release(self) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """Nothing to give back."""


class FakeReader:
    """What has the focus, and what `says` stands before its caret."""

    def __init__(self, field: Field | None, says: Callable[[], str | None]) -> None:
        self.field = field
        self.says = says
        self.asked: list[int] = []
        self.closed = False
        self.observer: Callable[[Field | None], None] = lambda _: None

    def open(self, observer: Callable[[Field | None], None]) -> None:
        """Remember whom to tell."""
        self.observer = observer

    @property
    def focused(self) -> Field | None:
        """What has the focus."""
        return self.field

    def find(self) -> Field | None:
        """The same, told to the observer too."""
        self.observer(self.field)
        return self.field

    def read(self, field: Field, characters: int) -> str | None:
        """The end of what the field says, where it has the focus."""
        self.asked.append(characters)
        said = self.says() if field == self.field and field.readable else None
        return said and said[-characters:]

    def move(self, field: Field | None) -> None:
        """The focus moves, and the observer hears of it."""
        self.field = field
        self.observer(field)

    def close(self) -> None:
        """No more is asked."""
        self.closed = True


def focus_lost(erased: int = 0, typed: int = 0) -> PatchInterrupted:
    """What a keyboard raises when another window has the focus."""
    return PatchInterrupted(Interruption.FOCUS, erased, typed)
