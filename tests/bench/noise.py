"""What is typed where nobody speaks, and how many words the gate before the models loses where somebody does.

    python -m tests.bench.noise NOISE SPEECH TIMINGS [--cache FOLDER] [--added FILE] [--part typed|lost]

NOISE holds recordings without a word in them, SPEECH such with words, whose times are in TIMINGS (NAME.json,
as for `tests.bench.replay`). Each figure is given for the program's gate and, beside it, for a gate of
WebRTC's detector alone.

typed  each noise goes through a whole dictation by the simulated clock of `tests.bench.policy`, with the
       pair of the preset "light", in English, on its machine "vnni".
       opened: seconds of sound that the models were given
       typed: characters that were typed at any time, also those that were taken back again
       left: characters that stand at the end
lost   each recording of speech, as it is and with pink noise added (or FILE, repeated), by the ratio of the
       powers; the last rows have it quieter instead. A second of a quiet room follows.
       lost: words of which the models were given less than half
       open: seconds from the first word's start until the gate opens, median and ninth decile
       pause: seconds from the last word's end until its pause is noticed, the same
       cpu: seconds of processor time for each second of sound

What the models said is kept in the cache's folder by the sound they heard.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.bench.pace import MACHINES
from tests.bench.score import Reference, State
from tests.bench.simulation import Dictation, Remembered, Speech, stamp
from voicetype.audio import Recording, read_recording
from voicetype.core.events import SAMPLE_RATE, SpeechStarted
from voicetype.core.windows import Ready
from voicetype.engine import Audio
from voicetype.engine.catalogue import LIGHT, PRESETS
from voicetype.frames import FRAME_SAMPLES, Frame
from voicetype.listening import Listening, Window
from voicetype.settings import Settings
from voicetype.vad import VoiceActivity
from voicetype.webrtc import WebrtcDetector

Gate = Callable[[], Callable[[Frame], float]]
"""Makes what says how much of a frame is speech, for one dictation."""

Span = tuple[float, float]
"""Seconds of a recording, from and to."""

GATES: Mapping[str, Gate] = {
    "program": lambda: VoiceActivity(Settings().vad_aggressiveness),
    "webrtcvad alone": lambda: WebrtcDetector(Settings().vad_aggressiveness),
}

RATIOS_DB = (20, 10, 5)
"""Of the speech's power to that of the noise added."""

QUIETER_DB = (20, 40)

_TAIL_S = 1.0
_ROOM_RMS = 1e-4


@dataclass(frozen=True, slots=True)
class Heard:
    """What the models were given of a recording. `opened_s`, `paused_s`: when the gate opened first, and the
    last pause before the end was noticed; None where that did not happen.
    """

    spans: tuple[Span, ...]
    opened_s: float | None
    paused_s: float | None


@dataclass(frozen=True, slots=True)
class Typed:
    """Of a noise. `opened_s`: what the models were given of it; `typed`, `left`: characters."""

    seconds: float
    opened_s: float
    typed: int
    left: int

    def cells(self) -> str:
        """As they are printed."""
        return f"{self.opened_s:.1f} | {self.typed} | {self.left}"


@dataclass
class Lost:
    """Of all recordings at a level: words, and delays in seconds."""

    words: int = 0
    lost: int = 0
    opened: list[float] = field(default_factory=list)
    paused: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu_s: float = 0.0

    def add(self, reference: Reference, heard: Heard) -> None:
        """Take a recording in."""
        self.words += len(reference.words)
        self.lost += sum(not given(start, end, heard.spans) for _, start, end in reference.words)
        if heard.opened_s is not None:
            self.opened.append(heard.opened_s - reference.words[0][1])
        if heard.paused_s is not None and heard.paused_s > reference.end_s:
            self.paused.append(heard.paused_s - reference.end_s)

    def cells(self) -> str:
        """As they are printed."""
        share = 100 * self.lost / max(1, self.words)
        cpu = self.cpu_s / self.seconds
        return f"{share:.2f} % | {_deciles(self.opened)} | {_deciles(self.paused)} | {cpu:.4f}"


def _deciles(delays: Sequence[float]) -> str:
    return " / ".join(f"{at:.2f}" for at in np.quantile(delays, (0.5, 0.9))) if delays else "–"


def given(start: float, end: float, spans: Iterable[Span]) -> bool:
    """Whether at least half of what is between two moments is in the spans."""
    return sum(max(0.0, min(end, to) - max(start, since)) for since, to in spans) >= (end - start) / 2


def judged(audio: Audio, gate: Gate) -> Speech:
    """A recording's frames, and what a gate says of each."""
    voice = gate()
    return [(frame, voice(frame)) for frame in Recording(audio, realtime=False)]


def heard(speech: Speech, settings: Settings) -> Heard:
    """What the models are given of a recording, when they are always free."""
    listening, starts, ends = (
        Listening(settings.rules, settings.cadence),
        dict[int, float](),
        dict[int, float](),
    )
    opened_s = paused_s = None
    for number, (frame, voice) in enumerate(speech, 1):
        now_s = number * FRAME_SAMPLES / SAMPLE_RATE
        for item in listening.hear(frame, voice, Ready()):
            if isinstance(item, SpeechStarted):
                opened_s = now_s if opened_s is None else opened_s
                starts[item.utterance] = item.position / SAMPLE_RATE
            elif isinstance(item, Window) and item.heavy:
                ends[item.utterance] = starts[item.utterance] + len(item.audio) / SAMPLE_RATE
                paused_s = now_s if item.to_pause and not item.final else paused_s
    for item in listening.finish():
        if isinstance(item, Window) and item.heavy:
            ends[item.utterance] = starts[item.utterance] + len(item.audio) / SAMPLE_RATE
    return Heard(tuple((starts[each], end) for each, end in ends.items()), opened_s, paused_s)


def characters(trace: Sequence[State]) -> tuple[int, int]:
    """How many were typed in all, and how many stand at the end."""
    typed, before = 0, ""
    for text in (state.text for state in trace):
        kept = 0
        while kept < min(len(before), len(text)) and before[kept] == text[kept]:
            kept += 1
        typed, before = typed + len(text) - kept, text
    return typed, len(before)


def typed_in(audio: Audio, gate: Gate, pair: tuple[Remembered, Remembered]) -> Typed:
    """What is typed while a recording plays."""
    speech, settings = judged(audio, gate), Settings(language="en")
    opened_s = sum(end - start for start, end in heard(speech, settings).spans)
    typed = characters(Dictation(*pair, settings).run(speech))
    for model in pair:
        model.save()
    return Typed(len(audio) / SAMPLE_RATE, opened_s, *typed)


def report_typed(noises: Iterable[Path], cache: Path) -> None:
    """Print the first part's table."""
    names, here = PRESETS[LIGHT], MACHINES["vnni"]
    pair = (
        Remembered(names.fast, here.fast, cache / f"{names.fast}-{stamp()}.pickle"),
        Remembered(names.heavy, here.heavy, cache / f"{names.heavy}-{stamp()}.pickle"),
    )
    _print_head(["noise", "seconds"], ["opened (s)", "typed", "left"])
    sums: dict[str, list[Typed]] = {name: [] for name in GATES}
    for path in noises:
        audio = read_recording(path)
        for name, gate in GATES.items():
            sums[name].append(typed_in(audio, gate, pair))
        cells = " | ".join(each[-1].cells() for each in sums.values())
        print(f"| {path.stem} | {len(audio) / SAMPLE_RATE:.1f} | {cells} |", flush=True)
    print(f"| **a minute** | 60 | {' | '.join(map(_per_minute, sums.values()))} |")


def _print_head(first: Sequence[str], of_each: Sequence[str]) -> None:
    heads = [*first, *(f"{name}: {head}" for name in GATES for head in of_each)]
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")


def _per_minute(all_typed: Sequence[Typed]) -> str:
    minutes = sum(each.seconds for each in all_typed) / 60
    sums = np.sum([(each.opened_s, each.typed, each.left) for each in all_typed], axis=0)
    return " | ".join(f"{each / minutes:.1f}" for each in sums)


def pink(samples: int, seed: int = 1) -> Audio:
    """Noise with as much power in each octave as in the next; its RMS is 1."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(samples))
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(1, np.arange(len(spectrum)))), samples)
    return np.asarray(noise / _rms(noise), np.float32)


def _rms(sound: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(np.square(sound))))


def levels(added: Audio | None) -> dict[str, Callable[[Audio], Audio]]:
    """By name: what is done to a recording. `added`: a noise; None: pink."""

    def in_noise(speech: Audio, ratio_db: float) -> Audio:
        noise = pink(len(speech)) if added is None else np.resize(added / _rms(added), len(speech))
        return speech + noise * np.float32(_rms(speech) * 10 ** (-ratio_db / 20))

    def quieter(speech: Audio, by_db: float) -> Audio:
        return speech * np.float32(10 ** (-by_db / 20))

    changed: dict[str, Callable[[Audio], Audio]] = {"clean": lambda speech: speech}
    changed |= {f"{db} dB": lambda speech, db=db: in_noise(speech, db) for db in RATIOS_DB}  # type: ignore[misc]
    changed |= {f"{db} dB quieter": lambda speech, db=db: quieter(speech, db) for db in QUIETER_DB}  # type: ignore[misc]
    return changed


def report_lost(recordings: Iterable[Path], timings: Path, added: Audio | None) -> None:
    """Print the second part's table."""
    room = np.random.default_rng(2).standard_normal(round(_TAIL_S * SAMPLE_RATE)) * _ROOM_RMS
    spoken = []
    for path in recordings:
        if (timing := timings / f"{path.stem}.json").exists():
            speech = np.concatenate([read_recording(path), room]).astype(np.float32)
            spoken.append((speech, Reference.read(timing)))
    _print_head(["speech", "words"], ["lost", "open (s)", "pause (s)", "cpu"])
    for level, changed in levels(added).items():
        sums = {name: Lost() for name in GATES}
        for speech, reference in spoken:
            audio = changed(speech)
            for name, gate in GATES.items():
                began_s = time.thread_time()
                judgement = judged(audio, gate)
                sums[name].cpu_s += time.thread_time() - began_s
                sums[name].seconds += len(audio) / SAMPLE_RATE
                sums[name].add(reference, heard(judgement, Settings()))
        words = next(iter(sums.values())).words
        cells = " | ".join(each.cells() for each in sums.values())
        print(f"| {level} | {words} | {cells} |", flush=True)


def recordings(folder: Path) -> list[Path]:
    """The sound files of a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix in {".flac", ".wav", ".ogg", ".mp3"})


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.noise",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("noise", metavar="NOISE", type=Path, help="folder of recordings without speech")
    parser.add_argument("speech", metavar="SPEECH", type=Path, help="folder of recordings of speech")
    parser.add_argument("timings", metavar="TIMINGS", type=Path, help="folder of NAME.json")
    parser.add_argument("--cache", metavar="FOLDER", type=Path, help="keep what the models said")
    parser.add_argument("--added", metavar="FILE", type=Path, help="the noise to add; default: pink noise")
    parser.add_argument("--part", choices=("typed", "lost"), help="this alone")
    arguments = parser.parse_args()
    if arguments.part != "lost":
        with tempfile.TemporaryDirectory() as temporary:
            cache = arguments.cache or Path(temporary)
            cache.mkdir(parents=True, exist_ok=True)
            report_typed(recordings(arguments.noise), cache)
    if arguments.part != "typed":
        added = read_recording(arguments.added) if arguments.added else None
        report_lost(recordings(arguments.speech), arguments.timings, added)


if __name__ == "__main__":
    main()
