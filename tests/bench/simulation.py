"""A dictation by a simulated clock: the real stages, with models that remember what they said.

`tests.bench.policy` says what is real in it.
"""

from __future__ import annotations

import hashlib
import heapq
import inspect
import itertools
import math
import pickle
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tests.bench.score import State
from tests.fakes import Screen
from voicetype.audio import Recording
from voicetype.core import agreement, verification, wording
from voicetype.core.events import SAMPLE_RATE, Event, Started, Stopped, Unconfirmed
from voicetype.core.session import Session
from voicetype.core.spoken import AUTO, Spoken
from voicetype.core.verification import Judgement, Standing
from voicetype.core.windows import Ready
from voicetype.engine import Audio, Hearing, Hypothesis, guards, prompts, whisper
from voicetype.engine.guards import Heard, Verdict, WindowShape
from voicetype.engine.whisper import Whisper
from voicetype.frames import FRAME_SAMPLES, Frame
from voicetype.listening import Heard as Item
from voicetype.listening import Listening, Window
from voicetype.segments import Segments
from voicetype.settings import Settings
from voicetype.vad import VoiceActivity
from voicetype.workers import Effort, Outcome, Request, Worker

if TYPE_CHECKING:
    pass

from tests.bench.pace import Pace, load, tokens

_T = TypeVar("_T")
Speech = Sequence[tuple[Frame, float]]
"""The frames of a recording, and how much of each is voice."""

# What makes a model's answer of what it says.
_ENGINE: Sequence[Any] = (
    whisper,
    prompts,
    guards,
    verification,
    wording,
    agreement.restart,
)


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """Stands for what the encoder makes of speech, until that is needed. `sound`: a hash of the samples."""

    speech: Audio
    shape: WindowShape
    sound: bytes


class Remembered(Whisper):
    """The engine over a model that is loaded once it is asked something new; `save` keeps its answers.

    `spent_s`: what all calls so far would have taken.
    """

    def __init__(self, name: str, pace: Pace, path: Path, load: Callable[[str], Whisper] = load) -> None:
        self._name, self._pace, self._path, self._load = name, pace, path, load
        self.spent_s = 0.0
        self._answers: dict[object, Any] = pickle.loads(path.read_bytes()) if path.exists() else {}
        self._saved = len(self._answers)
        self._real: Whisper | None = None
        self._features: dict[tuple[bytes, WindowShape], Any] = {}

    def save(self) -> None:
        """Write what is new, and forget what was encoded: the next recording is another."""
        self._features.clear()
        if len(self._answers) > self._saved:
            written = self._path.with_suffix(".new")
            written.write_bytes(pickle.dumps(self._answers))
            written.replace(self._path)
            self._saved = len(self._answers)

    def _encode(self, speech: Audio, shape: WindowShape) -> Encoded:
        self.spent_s += self._pace.encode.at(shape.samples(len(speech)) / SAMPLE_RATE)
        return Encoded(speech, shape, hashlib.sha1(speech.tobytes(), usedforsecurity=False).digest())

    def _language(self, how: Hearing, encoded: Encoded) -> tuple[str, float]:
        if how.language != AUTO:
            return how.language, 1.0
        self.spent_s += self._pace.decode.at(1)
        told = self._answer((encoded.sound, encoded.shape, AUTO), encoded, _each_language)
        return prompts.likeliest(told, how)

    def _decode(
        self,
        encoded: Encoded,
        language: str,
        speech_samples: int,
        beam_size: int,
        hotwords: tuple[str, ...] = (),
        *,
        sure: bool = False,
    ) -> Heard:
        def ask(model: Whisper, features: Any) -> tuple[Heard, int]:
            heard = model._decode(features, language, speech_samples, beam_size, hotwords, sure=sure)
            return heard, tokens(model, heard.text, language)

        question = (encoded.sound, encoded.shape, language, beam_size, sure, *hotwords)
        heard, count = self._answer(question, encoded, ask)
        if heard.verdict is not Verdict.TRUSTED and heard.text == heard.once:
            count = guards.most_tokens(language, speech_samples / SAMPLE_RATE)  # it did not come to an end
        self.spent_s += self._pace.decode.at(count) * (1 if beam_size == 1 else self._pace.beams)
        return heard

    def _judge(
        self,
        encoded: Encoded,
        language: str,
        draft: str,
        speech_samples: int,
        hotwords: tuple[str, ...] = (),
    ) -> Judgement:
        def ask(model: Whisper, features: Any) -> tuple[Judgement, int]:
            judgement = model._judge(features, language, draft, speech_samples, hotwords)
            return judgement, tokens(model, draft, language)

        if not draft:
            return Judgement()
        judgement, count = self._answer(
            (encoded.sound, encoded.shape, language, draft, *hotwords), encoded, ask
        )
        self.spent_s += self._pace.judge.at(count)
        return judgement

    def transcribe_long(
        self, audio: Audio, *, language: str, beam_size: int = 5, among: tuple[str, ...] = ()
    ) -> str:
        """What the real one makes of a whole recording; it takes no simulated time."""
        whole = Encoded(
            audio, guards.CONFIRMATIONS[-1], hashlib.sha1(audio.tobytes(), usedforsecurity=False).digest()
        )
        question = (whole.sound, "whole", language, beam_size, *among)

        def ask(model: Whisper, _: Any) -> str:
            return model.transcribe_long(audio, language=language, beam_size=beam_size, among=among)

        return self._answer(question, whole, ask)

    def _answer(self, key: object, encoded: Encoded, ask: Callable[[Whisper, Any], _T]) -> _T:
        if key not in self._answers:
            self._real = self._real or self._load(self._name)
            sound = encoded.sound, encoded.shape
            if sound not in self._features:
                self._features[sound] = self._real._encode(encoded.speech, encoded.shape)
            self._answers[key] = ask(self._real, self._features[sound])
        answer: _T = self._answers[key]
        return answer


def _each_language(model: Whisper, features: Any) -> list[tuple[str, float]]:
    """Every language that the model knows with its probability, the likeliest first."""
    told = model._model.model.detect_language(features)[0]
    return [(token[2:-2], probability) for token, probability in told]


class Clock:
    """Simulated seconds, and what is to happen at which of them."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()  # of two events at a time, the first to be planned comes first

    def at(self, moment_s: float, event: Callable[[], None]) -> None:
        """Plan an event."""
        heapq.heappush(self._events, (moment_s, next(self._count), event))

    def run(self, until_s: float = math.inf) -> None:
        """Let happen what is planned up to a moment. An event may call this: it then lasts until then."""
        while self._events and self._events[0][0] <= until_s:
            self.now_s, _, event = heapq.heappop(self._events)
            event()
        self.now_s = self.now_s if until_s == math.inf else until_s


class SimulatedWorker(Worker):
    """A worker without a thread: its own rules by the simulated clock.

    A call to a model returns at once, and its outcome is told when it would have been there. Where the heavy
    model asks in mid-call whether it is superseded, everything up to that moment happens first; the
    fast one never is, so that no two calls wait inside each other.
    """

    def __init__(self, role: str, model: Remembered, clock: Clock) -> None:
        super().__init__(role)
        self._model = self._timed = model
        self._clock = clock
        self._began_s = self._spent_s = 0.0

    def _run(self) -> None:
        """The thread ends at once."""

    @property
    def free(self) -> bool:
        """Whether an ordinary window would be heard at once (rule 4)."""
        return not (self._waiting or self._running) and self._clock.now_s >= self._pace.free_at

    def submit(self, request: Request) -> None:
        """Hear this window next, once everything else of this moment has happened."""
        super().submit(request)
        self._clock.at(self._clock.now_s, self._begin)

    def _begin(self) -> None:
        if self._running or not self._waiting:
            return
        self._running = request = self._waiting.pop(0)
        self._began_s, self._spent_s = self._clock.now_s, self._timed.spent_s
        outcome = self._hear(request)
        self._clock.at(self._reached_s, partial(self._end, request, outcome))

    def _end(self, request: Request, outcome: Outcome) -> None:
        request.done(request.window, outcome)
        self._running = None
        if request.window.heavy:
            self._pace.free_at = 2 * self._clock.now_s - self._began_s
        self._begin()

    @property
    def _reached_s(self) -> float:
        """The moment that the call in progress has come to."""
        return self._began_s + self._timed.spent_s - self._spent_s

    def _superseded(self, request: Request) -> bool:
        if request.window.heavy:
            self._clock.run(self._reached_s)
        return super()._superseded(request)


class Dictation:
    """One recording dictated, as `pipeline.Dictation` wires it. `trace`: what stood on the screen."""

    def __init__(self, fast: Remembered, heavy: Remembered, settings: Settings) -> None:
        self.trace: list[State] = []
        self._settings = settings
        self._clock = Clock()
        self._screen = Screen(Session(settings.patching))
        self._segments = Segments()
        self._listening = Listening(settings.rules, settings.cadence)
        self._fast = SimulatedWorker("fast", fast, self._clock)
        self._heavy = SimulatedWorker("heavy", heavy, self._clock)
        self._utterance = -1  # the newest that was begun, whose drafts are wanted
        self._spoken = Spoken(settings.presumed)

    def run(self, speech: Speech) -> list[State]:
        """Dictate; the trace."""
        self._feed(Started(terms=self._settings.terms))
        for n, (frame, voice) in enumerate(speech, 1):
            self._clock.at(n * FRAME_SAMPLES / SAMPLE_RATE, partial(self._frame, frame, voice))
        self._clock.at(len(speech) * FRAME_SAMPLES / SAMPLE_RATE, self._stop)
        self._clock.run()
        return self.trace

    def _frame(self, frame: Frame, voice: float) -> None:
        self._take(
            self._listening.hear(
                frame, voice, Ready(self._fast.free, self._heavy.free, self._screen.session.doubtful)
            )
        )

    def _stop(self) -> None:
        self._take(self._listening.finish())
        self._feed(Stopped())

    def _take(self, items: Iterable[Item]) -> None:
        for item in items:
            match item:
                case Window():
                    effort = Effort(
                        self._settings.language,
                        self._settings.beam_size,
                        languages=self._settings.languages,
                        vocabulary=self._settings.vocabulary,
                    )
                    draft = partial(self._standing, item.utterance) if self._settings.verification else None
                    worker = self._heavy if item.heavy else self._fast
                    worker.submit(Request(item, effort, self._done, draft, lambda: self._spoken))
                case _:
                    self._utterance = item.utterance
                    self._feed(item)

    def _standing(self, utterance: int) -> Standing:
        return self._screen.session.standing(utterance)

    def _done(self, window: Window, outcome: Outcome) -> None:
        if isinstance(outcome, Hypothesis):
            if window.heavy:
                heard_s = len(window.audio) / SAMPLE_RATE
                language, probability = outcome.language, outcome.language_probability
                self._spoken = self._spoken.after(window.utterance, language, probability, heard_s)
            if window.heavy or window.to_pause or window.utterance == self._utterance:
                self._feed(self._segments.of(window, outcome))
        elif window.final:
            self._feed(Unconfirmed(window.utterance))

    def _feed(self, event: Event) -> None:
        self._screen.feed(event)
        self._screen.type_all()
        if not self.trace or self.trace[-1].text != self._screen.text:
            self.trace.append(State(self._clock.now_s, self._screen.text))


def heard(audio: Audio) -> Speech:
    """A recording's frames with what the voice activity detector says of them."""
    voice = VoiceActivity(Settings().vad_aggressiveness)
    return [(frame, voice(frame)) for frame in Recording(audio, realtime=False)]


def stamp() -> str:
    """Of the engine's sources: with others the same model may say something else."""
    return hashlib.sha1("".join(map(inspect.getsource, _ENGINE)).encode(), usedforsecurity=False).hexdigest()[
        :8
    ]
