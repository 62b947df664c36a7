"""Timed words -> the cues of subtitles, as viewers can read them. Pure.

Two lines of 42 columns, where a wide character (Chinese, Japanese, Korean) takes two; a cue ends at a pause
or behind a sentence, stands for a second at least and seven at most, and never beside another. These are the
usual measures of broadcasters and of Netflix' style guide.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from voicetype.core import wording
from voicetype.core.passages import Passage, TimedWord

COLUMNS = 42
LINES = 2
_LONGEST_S, _SHORTEST_S = 7.0, 1.0
_PAUSE_S = 1.0  # longer than this, and what follows is another cue
_COLUMNS_PER_S = 20.0  # a cue that is read more slowly stays, if it can
_SENTENCE = tuple(".!?…。！？")
_CLAUSE = tuple(",;:，、；：—")


@dataclass(frozen=True, slots=True)
class Cue:
    """One or two lines, and when they are shown, in milliseconds."""

    start: int
    end: int
    lines: tuple[str, ...]


def srt(passages: Iterable[Passage]) -> str:
    """The text of a SubRip file."""
    cues = enumerate(cues_of(passages), 1)
    return "\n".join(
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{_plain(cue.lines)}\n"
        for number, cue in cues
    )


def vtt(passages: Iterable[Passage]) -> str:
    """The text of a WebVTT file."""
    cues = (
        f"\n{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{_escaped(cue.lines)}\n"
        for cue in cues_of(passages)
    )
    return "WEBVTT\n" + "".join(cues)


def cues_of(passages: Iterable[Passage]) -> list[Cue]:
    """The cues, in order; none begins before the one before it has ended."""
    groups = list(_groups(_words(passages)))
    starts = [round(1000 * group[0].start_s) for group in groups]
    cues: list[Cue] = []
    for place, group in enumerate(groups):
        start = max(starts[place], cues[-1].end if cues else 0)
        lines = _lines(group)
        wanted_s = max(_SHORTEST_S, width("".join(lines)) / _COLUMNS_PER_S)
        end = max(round(1000 * group[-1].end_s), start + round(1000 * min(wanted_s, _LONGEST_S)))
        if place + 1 < len(groups):
            end = min(end, starts[place + 1])
        cues.append(Cue(start, max(end, start + 1), lines))
    return cues


def width(text: str) -> int:
    """The columns that a text takes."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def _words(passages: Iterable[Passage]) -> Iterator[TimedWord]:
    """Every word; the first of a passage with the space that it needs behind the one before."""
    before = ""
    for passage in passages:
        for place, word in enumerate(passage.words):
            text = word.text if place else wording.join(before, word.text.lstrip())
            before = text
            yield replace(word, text=text, end_s=max(word.start_s, word.end_s))


def _groups(words: Iterable[TimedWord]) -> Iterator[list[TimedWord]]:
    """The words of each cue."""
    group: list[TimedWord] = []
    for word in words:
        while group and not _goes_on(group, word):
            at = len(group) if _ends(group, word) else _break(group)
            yield group[:at]
            group = group[at:]
        group.append(word)
    if group:
        yield group


def _goes_on(group: list[TimedWord], word: TimedWord) -> bool:
    """Whether a word belongs to the cue that the group is."""
    fits = len(_lines([*group, word])) <= LINES and word.end_s - group[0].start_s <= _LONGEST_S
    return fits and not _ends(group, word)


def _ends(group: list[TimedWord], word: TimedWord) -> bool:
    """Whether the cue is over before `word`, wherever that would fit."""
    if word.start_s - group[-1].end_s >= _PAUSE_S:
        return True
    return group[-1].text.endswith(_SENTENCE) and sum(width(each.text) for each in group) >= COLUMNS // 2


def _break(group: list[TimedWord]) -> int:
    """Where in the second half of a full cue to cut: behind a sentence, a clause, or at the longest pause."""

    def worth(at: int) -> tuple[int, float, int]:
        text = group[at - 1].text
        pause_s = group[at].start_s - group[at - 1].end_s if at < len(group) else 0.0
        return 2 * text.endswith(_SENTENCE) + text.endswith(_CLAUSE), round(pause_s, 1), at

    return max(range(len(group) // 2 + 1, len(group) + 1), key=worth)


def _lines(group: list[TimedWord]) -> tuple[str, ...]:
    """One line, or two, cut behind a clause or in the middle, or more where two don't hold it."""
    texts = [word.text for word in group]
    whole = "".join(texts).strip()
    if width(whole) <= COLUMNS or len(texts) == 1:
        return (whole,)
    halves = (("".join(texts[:at]).strip(), "".join(texts[at:]).strip()) for at in range(1, len(texts)))
    fitting = [(a, b) for a, b in halves if max(width(a), width(b)) <= COLUMNS]
    if not fitting:
        return tuple(_filled(texts))
    return min(fitting, key=lambda pair: (not pair[0].endswith(_SENTENCE + _CLAUSE), abs(_tilt(pair))))


def _tilt(pair: tuple[str, str]) -> int:
    return width(pair[0]) - width(pair[1])


def _filled(texts: list[str]) -> Iterator[str]:
    """As many lines as there must be."""
    line = ""
    for text in texts:
        if line and width((line + text).strip()) > COLUMNS:
            yield line.strip()
            line = ""
        line += text
    yield line.strip()


def _clock(ms: int, point: str) -> str:
    minutes, ms = divmod(ms, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{ms // 1000:02}{point}{ms % 1000:03}"


def _escaped(lines: tuple[str, ...]) -> str:
    """As WebVTT wants it; without a ">" there is no arrow, either."""
    return "\n".join(line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for line in lines)


_MARK = re.compile(r"<(?=[A-Za-z/!])|\{(?=\\)|--(?=>)")


def _plain(lines: tuple[str, ...]) -> str:
    """SubRip has no escapes: what a player would take for a mark is parted by a character without width."""
    return "\n".join(_MARK.sub(lambda found: found[0] + "\N{WORD JOINER}", line) for line in lines)
