"""The listening stage: frames in; utterances, and the windows that the models should hear, out.

It runs on the listening thread alone and keeps the audio of the open utterance, which is all the
audio that voicetype ever keeps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from voicetype.core.endpointing import Endpointing, EndpointingRules, Paused
from voicetype.core.events import SAMPLE_RATE, SpeechEnded, SpeechStarted
from voicetype.core.windows import Cadence, Due, Windows
from voicetype.engine import Audio

_PHRASE_S = 4.0  # the fast model's window leaves a phrase at least this long behind at a pause ...
_ONSET_S = 1.5  # ... once so much of the next one can be heard: less is too little to understand
_LEAD_S = 0.3  # of silence before a phrase's first word


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Audio that a model should hear: shape (n,), 16 kHz.

    The heavy model's begins where the utterance does, the fast one's where the phrase does.
    `same_as`: an earlier window with the same speech; where the model heard that, its word stands.
    """

    utterance: int
    window_id: int
    audio: Audio
    heavy: bool
    phrase: int = 0
    to_pause: bool = False
    final: bool = False
    same_as: int | None = None


Heard = SpeechStarted | SpeechEnded | Window


class Listening:
    """Where an utterance and its phrase begin, and which windows are due."""

    def __init__(self, rules: EndpointingRules, cadence: Cadence) -> None:
        self._endpointing = Endpointing(rules)
        self._windows = Windows(cadence)
        self._buffer = np.zeros(0, np.float32)  # from position `_base` on
        self._base = 0
        self._start = 0  # of the utterance
        self._phrase, self._phrase_start = 0, 0
        self._next_phrase_start: int | None = None
        self._pause: tuple[int, int] | None = None  # the last pause's window id, and where its voice ended

    def hear(self, frame: Audio, probability: float) -> Iterator[Heard]:
        """Take a frame in; what follows from it, in order."""
        self._buffer = np.concatenate([self._buffer, frame])
        was_paused = self._endpointing.paused
        self._endpointing, endpoints = self._endpointing.step(probability, len(frame))
        for endpoint in endpoints:
            yield from self._react(endpoint)
        if self._endpointing.start is None:
            self._forget(
                self._endpointing.position - round(self._endpointing.rules.pre_roll_s * SAMPLE_RATE) - 4096
            )
        elif not self._endpointing.paused:
            if was_paused:
                self._resume()
            self._windows, due = self._windows.advance(self._endpointing.position)
            if due:
                self._leave_phrase(self._endpointing.position)
                yield from self._due(due, self._endpointing.position)

    def finish(self) -> Iterator[Heard]:
        """The audio is over."""
        self._endpointing, endpoints = self._endpointing.finish()
        for endpoint in endpoints:
            yield from self._react(endpoint)

    def _react(self, endpoint: SpeechStarted | SpeechEnded | Paused) -> Iterator[Heard]:
        match endpoint:
            case SpeechStarted(_, position):
                self._windows = self._windows.opened(position)
                self._start = self._phrase_start = position
                self._phrase, self._next_phrase_start, self._pause = 0, None, None
                self._forget(position)
                yield endpoint
            case Paused(_, position, voice_end):
                self._windows, due = self._windows.pause(fast=True, heavy=True)
                self._pause = (due.window_id, voice_end)
                yield from self._due(due, position, to_pause=True)
            case SpeechEnded(_, position):
                yield endpoint
                yield from self._last(position)

    def _last(self, position: int) -> Iterator[Heard]:
        """The windows of an utterance's end. What a pause's windows heard already is not heard again."""
        heard = self._pause is not None and self._pause[1] == self._endpointing.voice_end
        self._windows, due = self._windows.pause(fast=not heard, heavy=True)
        for window in self._due(due, position, to_pause=True):
            if window.heavy:
                same_as = self._pause[0] if heard and self._pause else None
                yield replace(window, final=True, same_as=same_as)
            else:
                yield window

    def _due(self, due: Due, position: int, *, to_pause: bool = False) -> Iterator[Window]:
        utterance = self._endpointing.utterance
        if due.fast:
            audio = self._slice(self._phrase_start, position)
            yield Window(utterance, due.window_id, audio, False, self._phrase, to_pause)
        if due.heavy:
            audio = self._slice(self._start, position)
            yield Window(utterance, due.window_id, audio, True, to_pause=to_pause)

    def _resume(self) -> None:
        """The voice is back after a pause, where the next phrase may begin."""
        voice_end = self._pause[1] if self._pause else self._phrase_start
        if (voice_end - self._phrase_start) / SAMPLE_RATE >= _PHRASE_S:
            lead = self._endpointing.position - round(_LEAD_S * SAMPLE_RATE)
            self._next_phrase_start = max(voice_end, lead)

    def _leave_phrase(self, position: int) -> None:
        begins = self._next_phrase_start
        if begins is not None and (position - begins) / SAMPLE_RATE >= _ONSET_S:
            self._phrase, self._phrase_start, self._next_phrase_start = self._phrase + 1, begins, None

    def _slice(self, start: int, end: int) -> Audio:
        return self._buffer[start - self._base : end - self._base].copy()

    def _forget(self, before: int) -> None:
        dropped = min(len(self._buffer), before - self._base)
        if dropped > 0:
            self._buffer = self._buffer[dropped:]
            self._base += dropped
