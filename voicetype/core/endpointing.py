"""Speech probabilities to the beginning, the pauses and the end of an utterance.

An utterance is what the heavy model hears at once, so its end is a matter of accuracy as much as of
silence: a window cut at every short pause is too short to understand (base, continuous reading:
17.7 % word errors when cut at each 0.3 s of silence, 11.6 % when cut there only after 8 s, 11.0 %
uncut). A pause therefore only asks the models for their word; the end comes at a pause once the
utterance is long enough, at a long silence, or, without either, at the quietest place before the
window is full.

A sound may pass for the beginning of speech for a moment: an utterance is worth a model's while only
once it has held a voice for as long as the shortest word does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from voicetype.core.events import SAMPLE_RATE, SpeechEnded, SpeechStarted


@dataclass(frozen=True, slots=True)
class EndpointingRules:
    """Times in seconds; `onset`, `offset` and the frame count are hysteresis against clicks and noise."""

    pre_roll_s: float = 0.5  # a soft first syllable is known for a voice only by the next one
    pause_s: float = 0.2
    end_s: float = 0.6  # a silence that ends an utterance of at least `enough_s`
    enough_s: float = 8.0
    long_silence_s: float = 1.5  # a silence that ends any utterance
    longest_s: float = 20.0
    onset: float = 0.5  # a frame as likely speech as this is voiced while no utterance is open ...
    offset: float = 0.35  # ... and as this while one is
    onset_frames: int = 3  # voiced frames of the last five that start an utterance
    least_voice_s: float = 0.12  # in all, of an utterance that a model should hear
    sure: float = 0.9  # a voice, whatever a model thinks: no frame of 16 minutes of noises is that


@dataclass(frozen=True, slots=True)
class Paused:
    """The voice has been silent for `pause_s`; `voice_end` is where it stopped (samples)."""

    utterance: int
    position: int
    voice_end: int


Endpoint = SpeechStarted | SpeechEnded | Paused


@dataclass(frozen=True, slots=True)
class Endpointing:
    """Where the voice is. Positions are samples since the session's start."""

    rules: EndpointingRules
    position: int = 0
    utterance: int = -1
    start: int | None = None  # of the open utterance
    earliest: int = 0  # where the last utterance ended: pre-roll reaches no further back
    recent: tuple[bool, ...] = ()  # the last five frames while no utterance is open
    voice_end: int = 0  # the end of the last voiced frame
    voice: int = 0  # samples of the open utterance's voiced frames
    paused: bool = False
    gap: tuple[int, int] = (0, 0)  # the longest silence where a full window may be cut: length, middle

    @property
    def silence(self) -> int:
        """Samples since the last voiced frame."""
        return self.position - self.voice_end

    @property
    def is_speech(self) -> bool:
        """Whether the open utterance, or the one that has just ended, has held enough voice to be one."""
        return self.voice >= _samples(self.rules.least_voice_s)

    def step(self, probability: float, samples: int) -> tuple[Endpointing, tuple[Endpoint, ...]]:
        """Take one frame of `samples`, whose speech probability is known, in."""
        moved = replace(self, position=self.position + samples)
        if self.start is None:
            return moved._wait(probability >= self.rules.onset, samples)
        return moved._follow(probability >= self.rules.offset, samples)

    def finish(self) -> tuple[Endpointing, tuple[Endpoint, ...]]:
        """The session ends: so does an open utterance."""
        return (self, ()) if self.start is None else self._end(self.position)

    def _wait(self, voiced: bool, samples: int) -> tuple[Endpointing, tuple[Endpoint, ...]]:
        recent = (*self.recent[-4:], voiced)
        if sum(recent) < self.rules.onset_frames or not voiced:
            return replace(self, recent=recent), ()
        onset = self.position - samples * (len(recent) - recent.index(True))
        start = max(self.earliest, onset - _samples(self.rules.pre_roll_s))
        return self._open(start, samples * sum(recent))

    def _open(self, start: int, voice: int) -> tuple[Endpointing, tuple[Endpoint, ...]]:
        utterance = self.utterance + 1
        opened = replace(
            self,
            utterance=utterance,
            start=start,
            recent=(),
            voice_end=self.position,
            voice=voice,
            paused=False,
            gap=(0, 0),
        )
        return opened, (SpeechStarted(utterance, start),)

    def _follow(self, voiced: bool, samples: int) -> tuple[Endpointing, tuple[Endpoint, ...]]:
        if voiced:
            resumed = replace(
                self,
                paused=False,
                gap=self._widest_gap(),
                voice_end=self.position,
                voice=self.voice + samples,
            )
            return resumed._cut() if resumed._length_s() >= self.rules.longest_s else (resumed, ())
        rules = self.rules
        is_long = self._length_s() >= rules.enough_s
        enough = min(rules.end_s, rules.long_silence_s) if is_long else rules.long_silence_s
        if self.silence >= _samples(enough):
            return self._end(self.position)
        if not self.paused and self.silence >= _samples(rules.pause_s):
            return replace(self, paused=True), (Paused(self.utterance, self.position, self.voice_end),)
        return self, ()

    def _length_s(self) -> float:
        return (self.position - (self.start or 0)) / SAMPLE_RATE

    def _widest_gap(self) -> tuple[int, int]:
        """The longest silence in the last two fifths before the window is full."""
        silence = self.position - self.voice_end
        late = self._length_s() >= 0.6 * self.rules.longest_s
        return max(self.gap, (silence, self.voice_end + silence // 2)) if late else self.gap

    def _cut(self) -> tuple[Endpointing, tuple[Endpoint, ...]]:
        """The window is full: end the utterance in its widest gap and begin the next one there."""
        at = self.gap[1] or self.position
        ended, end = self._end(at)
        opened, start = ended._open(at, self.voice)  # in mid-speech
        return opened, end + start

    def _end(self, at: int) -> tuple[Endpointing, tuple[Endpoint, ...]]:
        ended = replace(self, start=None, earliest=at, recent=(), paused=False)
        return ended, (SpeechEnded(self.utterance, at),)


def _samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)
