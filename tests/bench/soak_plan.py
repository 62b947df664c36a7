"""What is said in a soak: dictations of many lengths, of speech, pauses and noise."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import cycle
from pathlib import Path

import numpy as np

from voicetype.audio import read_recording
from voicetype.core.events import SAMPLE_RATE
from voicetype.engine import Audio

_LEAD_S = 1.0  # of silence before the first clip
_TAIL_S = 1.5  # after the last one: the user lets go
_PAUSES_S = (0.4, 2.5)
_NOISE_S = (8.0, 14.0)
_NOISY = 0.25  # of the clips within a dictation are followed by noise
_ONSET = 0.1  # of a recording's peak: where its first word begins
_LEAST_S = 5.0  # a dictation shorter than that is not begun


class Mode(StrEnum):
    """How a dictation is begun and ended."""

    HOLD = "push-to-talk"
    BUS = "D-Bus"
    TAP = "hands-free"


TURNS = (
    (Mode.BUS, 20.0),
    (Mode.HOLD, 0.0),
    (Mode.HOLD, 40.0),
    (Mode.TAP, 0.0),
    (Mode.BUS, 120.0),
    (Mode.HOLD, 25.0),
    (Mode.BUS, 0.0),
    (Mode.TAP, 300.0),
)
"""How many seconds dictations have, over and over; those of 0 have noise alone."""

NOISE_ALONE_S = 12.0
WHOLE_S = 600.0
"""A soak that is shorter has shorter dictations."""


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """A file. `text`: what is said in it; None where nobody has written it down, empty for noise."""

    path: Path
    text: str | None
    audio: Audio

    @property
    def onset_s(self) -> float:
        """Where it begins to be loud."""
        loud = np.abs(self.audio) >= _ONSET * np.abs(self.audio).max()
        return float(np.argmax(loud)) / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording, or noise, in a dictation: seconds from the dictation's beginning."""

    recording: Recording
    start_s: float
    end_s: float

    @property
    def noise(self) -> bool:
        """Whether nothing is said in it."""
        return self.recording.text == ""


@dataclass(frozen=True, slots=True)
class Script:
    """A dictation: how it is begun, what is in it, its sound."""

    mode: Mode
    clips: tuple[Clip, ...]
    audio: Audio

    @property
    def text(self) -> str | None:
        """What is said, where that is known."""
        texts = [clip.recording.text for clip in self.clips]
        return None if None in texts else " ".join(text for text in texts if text)

    @property
    def speech(self) -> bool:
        """Whether anything is said."""
        return any(not clip.noise for clip in self.clips)


def read(folder: Path, *, noise: bool = False) -> list[Recording]:
    """The recordings of a folder; `transcripts.tsv` may have what they say, in its columns id and text."""
    table, texts = folder / "transcripts.tsv", {}
    if table.is_file():
        with table.open(newline="") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            texts = {row["id"]: row["text"] for row in rows}
    found = sorted(path for path in folder.iterdir() if path.suffix in (".wav", ".flac"))
    if not found:
        raise SystemExit(f"There is no .wav or .flac in {folder}.")
    return [Recording(path, "" if noise else texts.get(path.stem), read_recording(path)) for path in found]


class Plan:
    """Chooses what is said next in `length_s` seconds; the same for the same recordings."""

    def __init__(self, speech: Sequence[Recording], noises: Sequence[Recording], length_s: float) -> None:
        self._chance = random.Random(1)
        self._share = min(1.0, length_s / WHOLE_S)
        shuffled = self._chance.sample(speech, len(speech))
        self._speech, self._noises, self._turns = cycle(shuffled), cycle(noises), cycle(TURNS)

    def next(self, left_s: float) -> Script | None:
        """The next dictation, of `left_s` seconds at most; None where that is too short for one."""
        mode, length_s = next(self._turns)
        if left_s < _LEAST_S + _LEAD_S + _TAIL_S:
            return None
        left_s -= _LEAD_S + _TAIL_S
        parts = (
            self._talk(min(length_s * self._share, left_s))
            if length_s
            else self._hum(min(NOISE_ALONE_S, left_s))
        )
        return _joined(mode, list(parts))

    def _talk(self, length_s: float) -> Iterator[Recording | float]:
        """Recordings and pauses in seconds, until it is long enough."""
        taken_s = 0.0
        while taken_s < length_s:
            recording = next(self._speech)
            pause_s = self._chance.uniform(*_PAUSES_S)
            yield from (recording, pause_s)
            taken_s += len(recording.audio) / SAMPLE_RATE + pause_s
            if self._chance.random() < _NOISY and taken_s < length_s:
                noise_s = self._chance.uniform(*_NOISE_S)
                yield from self._hum(noise_s)
                taken_s += noise_s

    def _hum(self, length_s: float) -> Iterator[Recording | float]:
        noise = next(self._noises)
        wanted = round(length_s * SAMPLE_RATE)
        yield Recording(noise.path, "", np.resize(noise.audio, wanted))
        yield 1.0


def _joined(mode: Mode, parts: Sequence[Recording | float]) -> Script:
    clips: list[Clip] = []
    sound: list[Audio] = [np.zeros(round(_LEAD_S * SAMPLE_RATE), np.float32)]
    for part in parts:
        if isinstance(part, float):
            sound.append(np.zeros(round(part * SAMPLE_RATE), np.float32))
            continue
        start_s = sum(map(len, sound)) / SAMPLE_RATE
        clips.append(Clip(part, start_s, start_s + len(part.audio) / SAMPLE_RATE))
        sound.append(part.audio)
    sound.append(np.zeros(round(_TAIL_S * SAMPLE_RATE), np.float32))
    return Script(mode, tuple(clips), np.concatenate(sound))
