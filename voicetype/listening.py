"""The listening stage: frames in; utterances, and the windows that the models should hear, out.

It runs on the listening thread alone and keeps the audio of the open utterance, which is all the
audio that voicetype ever keeps.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from voicetype.core.endpointing import Endpointing, EndpointingRules, Paused
from voicetype.core.events import SAMPLE_RATE, SpeechEnded, SpeechStarted, Unconfirmed
from voicetype.core.windows import Cadence, Due, Looks, Ready, Windows
from voicetype.engine import Audio

_PHRASE_S = 4.0  # the fast model's window leaves a phrase at least this long behind at a pause ...
_ONSET_S = 1.5  # ... once so much of the next one can be heard: less is too little to understand
_LEAD_S = 0.3  # of silence before a phrase's first word
_HUSH_S = 0.06  # of silence: a pause may be near, whose pass the heavy model should be free for
_QUIET_S = 2.0  # of silence: nobody waits for a draft now
_SPARE_S = 0.3  # kept beyond the pre-roll while nobody speaks: the frames that show that somebody does

_sessions = count()


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Audio that a model should hear: shape (n,), 16 kHz.

    The heavy model's begins where the utterance does, the fast one's where the phrase does.
    `same_as`: an earlier window with the same speech; where the model heard that, its word stands.
    `voiced`: it holds a voice beyond doubt. `session`: which one, of those of this process. `start`: where it
    begins, samples since the session's start.
    """

    utterance: int
    window_id: int
    audio: Audio
    heavy: bool
    phrase: int = 0
    to_pause: bool = False
    final: bool = False
    same_as: int | None = None
    voiced: bool = False
    session: int = 0
    start: int = 0


Heard = SpeechStarted | SpeechEnded | Unconfirmed | Window


class Sound:
    """The last frames and how likely each is speech, by position: samples since the session's start."""

    def __init__(self) -> None:
        self._frames: deque[Audio] = deque()
        self._speech: deque[float] = deque()
        self._base = 0  # position of the first frame

    def add(self, frame: Audio, probability: float) -> None:
        """Take a frame in, shape (n,)."""
        self._frames.append(frame)
        self._speech.append(probability)

    def between(self, start: int, end: int) -> Audio:
        """A copy of the samples from `start` up to `end`, shape (end - start,)."""
        joined = np.concatenate(self._frames)
        return joined[start - self._base : end - self._base].copy()

    def voice(self, start: int, end: int, least: float) -> int:
        """Samples of the frames that begin from `start` up to `end` and are at least so likely speech."""
        samples, at = 0, self._base
        for frame, probability in zip(self._frames, self._speech, strict=True):
            samples += len(frame) if start <= at < end and probability >= least else 0
            at += len(frame)
        return samples

    def forget(self, before: int) -> None:
        """Let go of the frames that end before this position."""
        while self._frames and self._base + len(self._frames[0]) <= before:
            self._base += len(self._frames.popleft())
            self._speech.popleft()


class Listening:
    """Where an utterance and its phrase begin, and which windows are due."""

    def __init__(self, rules: EndpointingRules, cadence: Cadence) -> None:
        self._session = next(_sessions)
        self._cadence = cadence
        self._endpointing = Endpointing(rules)
        self._windows = Windows(cadence)
        self._sound = Sound()
        self._start = 0  # of the utterance
        self._phrase, self._phrase_start = 0, 0
        self._next_phrase_start: int | None = None
        self._pause: tuple[int, int] | None = None  # the last pause's window id, and where its voice ended
        self._saved: list[Window] = []  # utterances' last windows that wait
        self._quiet_from = 0  # the position where the last voice ended

    def hear(self, frame: Audio, probability: float, ready: Ready) -> Iterator[Heard]:
        """Take a frame in; what follows from it, in order. `ready` is asked for an ordinary window only."""
        self._sound.add(frame, probability)
        was_paused = self._endpointing.paused
        self._endpointing, endpoints = self._endpointing.step(probability, len(frame))
        for endpoint in endpoints:
            yield from self._react(endpoint)
        if self._endpointing.start is None:
            kept_s = self._endpointing.rules.pre_roll_s + _SPARE_S
            self._sound.forget(self._endpointing.position - round(kept_s * SAMPLE_RATE))
            if self._endpointing.position - self._quiet_from >= _QUIET_S * SAMPLE_RATE:
                yield from self._spent()
        elif self._endpointing.is_speech and not self._endpointing.paused:
            if was_paused:
                self._resume()
            yield from self._tick(self._endpointing.utterance, self._endpointing.position, ready)

    def finish(self) -> Iterator[Heard]:
        """The audio is over."""
        self._endpointing, endpoints = self._endpointing.finish()
        for endpoint in endpoints:
            yield from self._react(endpoint)
        yield from self._spent()

    def _react(self, endpoint: SpeechStarted | SpeechEnded | Paused) -> Iterator[Heard]:
        match endpoint:
            case SpeechStarted(_, position):
                self._windows = self._windows.opened(position)
                self._start = self._phrase_start = position
                self._phrase, self._next_phrase_start, self._pause = 0, None, None
                self._sound.forget(position)
                yield endpoint
            case Paused(utterance, position, voice_end) if self._endpointing.is_speech:
                heavy = self._cadence.looks is not Looks.ENDS
                self._windows, due = self._windows.pause(fast=True, heavy=heavy)
                self._pause = (due.window_id, voice_end)
                yield from self._due(utterance, due, position, to_pause=True)
            case SpeechEnded(utterance, position):
                yield endpoint
                if self._endpointing.is_speech:
                    yield from self._last(utterance, position)
                else:
                    yield Unconfirmed(utterance)

    def _tick(self, utterance: int, position: int, ready: Ready) -> Iterator[Window]:
        if self._endpointing.silence >= _HUSH_S * SAMPLE_RATE:
            ready = replace(ready, heavy=False)
        self._windows, due = self._windows.advance(position, ready)
        if due:
            self._leave_phrase(position)
            yield from self._due(utterance, due, position)

    def _last(self, utterance: int, position: int) -> Iterator[Window]:
        """The windows of an utterance's end. What a pause's windows heard already is not heard again."""
        same_as = None
        if self._pause is not None and self._pause[1] == self._endpointing.voice_end:
            same_as = self._pause[0]
        cut = self._endpointing.start is not None  # the next utterance is open, whose drafts take over
        self._windows, due = self._windows.pause(fast=same_as is None and not cut, heavy=True)
        for window in self._due(utterance, due, position, to_pause=True):
            if window.heavy:
                self._saved.append(replace(window, final=True, same_as=same_as))
            else:
                yield window
        self._quiet_from = self._endpointing.voice_end
        if sum(len(window.audio) for window in self._saved) >= self._cadence.saved_samples:
            yield from self._spent()

    def _spent(self) -> Iterator[Window]:
        """The windows that waited, in order."""
        saved, self._saved = self._saved, []
        yield from saved

    def _due(self, utterance: int, due: Due, position: int, *, to_pause: bool = False) -> Iterator[Window]:
        if due.fast:
            window = self._window(utterance, due.window_id, self._phrase_start, position)
            yield replace(window, phrase=self._phrase, to_pause=to_pause)
        if due.heavy:
            window = self._window(utterance, due.window_id, self._start, position)
            yield replace(window, heavy=True, to_pause=to_pause)

    def _window(self, utterance: int, window_id: int, start: int, end: int) -> Window:
        """The sound, and whether it holds a voice beyond doubt: as much of one as a word does."""
        rules = self._endpointing.rules
        voiced = self._sound.voice(start, end, rules.sure) >= rules.least_voice_s * SAMPLE_RATE
        audio = self._sound.between(start, end)
        return Window(utterance, window_id, audio, False, voiced=voiced, session=self._session, start=start)

    def _resume(self) -> None:
        """The voice is back after a pause, where the next phrase may begin."""
        voice_end = self._pause[1] if self._pause else self._phrase_start
        if self._cadence.phrases and (voice_end - self._phrase_start) / SAMPLE_RATE >= _PHRASE_S:
            lead = self._endpointing.position - round(_LEAD_S * SAMPLE_RATE)
            self._next_phrase_start = max(voice_end, lead)

    def _leave_phrase(self, position: int) -> None:
        begins = self._next_phrase_start
        if begins is not None and (position - begins) / SAMPLE_RATE >= _ONSET_S:
            self._phrase, self._phrase_start, self._next_phrase_start = self._phrase + 1, begins, None
