"""What a soak has seen: the daemon's memory, the text as it grew, the minutes of the table."""

from __future__ import annotations

import statistics
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.bench.score import Reference, State, stood_right
from tests.bench.soak_plan import Clip
from voicetype.core import patch
from voicetype.core.events import Patch

_SETTLED_S = 6.0  # after a clip, by which its last words are confirmed
_TAIL = 3000  # characters of the text that are kept of each of its states: two minutes of speech


@dataclass(frozen=True, slots=True)
class Sample:
    """What the daemon's process has taken and holds. `at_s`: seconds since the first sample."""

    at_s: float
    cpu_s: float
    resident_mb: float
    fds: int
    threads: int


@dataclass(frozen=True, slots=True)
class Row:
    """A minute."""

    until_s: float
    processor: float
    resident_mb: float
    fds: int
    threads: int
    first_s: float | None
    word_s: float | None
    words: int
    dropped: int
    in_noise: int
    problems: int

    def line(self) -> str:
        """As it is printed."""
        minutes, seconds = divmod(round(self.until_s), 60)
        times = [f"{each:.2f}" if each is not None else "–" for each in (self.first_s, self.word_s)]
        cells = [f"{minutes}:{seconds:02}", f"{self.processor:.2f}", f"{self.resident_mb:.0f}"]
        cells += [str(self.fds), str(self.threads), *times]
        cells += [str(each) for each in (self.words, self.dropped, self.in_noise, self.problems)]
        return f"| {' | '.join(cells)} |"


HEADING = (
    "| until | processor (s/s) | resident (MB) | fds | threads | first (s) | word (s) | words | dropped "
    "| in noise | problems |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


@dataclass
class Figures:
    """All of it. `errors` of `said` words; `lost`: dictations of which less than half the words came."""

    alive: bool = True
    failed: str = ""  # what did not come in time: the soak ended with it
    shown: bool = True  # the window has what the patches make
    dictations: int = 0
    words: int = 0
    said: int = 0
    errors: int = 0
    lost: int = 0
    in_noise: list[tuple[str, str]] = field(default_factory=list)
    """Which noise was played, and what was typed meanwhile."""
    problems: list[str] = field(default_factory=list)
    idle: list[Sample] = field(default_factory=list)
    """After each dictation, once its microphone is closed."""
    rows: list[Row] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Below the table."""
        rate = f"{100 * self.errors / self.said:.1f} %" if self.said else "not known"
        yield f"dictations   {self.dictations}, of which {self.lost} lost"
        yield f"words        {self.words} typed; word error rate {rate} of {self.said}"
        yield f"in noise     {sum(len(text) for _, text in self.in_noise)} characters typed"
        yield from (f"             {name}: {text}" for name, text in self.in_noise)
        yield f"window       {'shows what the stream said' if self.shown else 'DIFFERS from the stream'}"
        yield f"problems     {len(self.problems)}{''.join(f'; {each}' for each in self.problems[:5])}"
        if self.rows:
            ends = self.rows[0], self.rows[-1]
            yield "memory       " + " MB, ".join(f"{row.resident_mb:.0f}" for row in ends) + " MB"
            yield "first text   " + ", ".join(str(row.first_s and round(row.first_s, 2)) for row in ends)
            yield "word         " + ", ".join(str(row.word_s and round(row.word_s, 2)) for row in ends)
        yield f"alive        {'yes' if self.alive else 'NO'}"
        if self.failed:
            yield f"FAILED       still waiting: {self.failed}"


@dataclass(frozen=True, slots=True)
class Heard:
    """A clip that was played. Unix time in seconds."""

    clip: Clip
    start_s: float
    end_s: float


class Text:
    """What the patches make, and what they made at each moment. Times are Unix time in seconds."""

    def __init__(self) -> None:
        self.now = ""
        self._times: list[float] = []
        self._lengths: list[int] = []
        self._tails: list[str] = []

    def add(self, backspaces: int, text: str, at_s: float) -> None:
        """Another patch."""
        self.now = patch.apply(self.now, Patch(backspaces, text))
        self._times.append(at_s)
        self._lengths.append(len(self.now))
        self._tails.append(self.now[-_TAIL:])

    def length(self, at_s: float) -> int:
        """How many characters stood then."""
        n = bisect_right(self._times, at_s)
        return self._lengths[n - 1] if n else 0

    def words(self, at_s: float, before_s: float) -> int:
        """How many words came between the two."""
        return len(self.since(self.length(at_s), before_s).split())

    def since(self, length: int, at_s: float) -> str:
        """What stood at `at_s` behind the first `length` characters."""
        n = bisect_right(self._times, at_s)
        grown = self._lengths[n - 1] - length if n else 0
        return self._tails[n - 1][-grown:] if grown > 0 else ""

    def first_s(self, heard: Heard) -> float | None:
        """Seconds from the beginning of what is said in a clip until the text grows."""
        onset_s = heard.start_s + heard.clip.recording.onset_s
        at = bisect_right(self._times, onset_s)
        for n in range(at, len(self._times)):
            if self._lengths[n] > (self._lengths[n - 1] if n else 0):
                return self._times[n] - onset_s
        return None

    def grown(self, heard: Heard) -> str:
        """What came to it in a noise, once the words before are settled."""
        since_s = heard.start_s + _SETTLED_S
        return self.since(self.length(since_s), heard.end_s) if since_s < heard.end_s else ""

    def delays(self, heard: Heard, reference: Reference) -> Iterator[float]:
        """Of each word of a clip that stands in the end: seconds from its end until it stood right."""
        before = self.length(heard.start_s)
        first, last = (bisect_right(self._times, s) for s in (heard.start_s, heard.end_s + _SETTLED_S))
        states = [State(at_s - heard.start_s, self.since(before, at_s)) for at_s in self._times[first:last]]
        stood = stood_right(reference, states)
        return (stood.first[n] - reference.words[n][2] for n in stood.since)


def median(values: Sequence[float]) -> float | None:
    """The median, where there is one."""
    return statistics.median(values) if values else None
