"""Subtitles: what is in them, how long their lines are, when they are shown."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicetype.core import subtitles
from voicetype.core.passages import Passage, TimedWord
from voicetype.core.subtitles import COLUMNS, LINES, cues_of, width


def passage(*words: tuple[str, float, float]) -> Passage:
    timed = tuple(TimedWord(text, start, end, 0.9) for text, start, end in words)
    text = "".join(word.text for word in timed).strip()
    return Passage(text, timed[0].start_s, timed[-1].end_s, 0.9, timed)


def spoken(text: str, start_s: float = 0.0, each_s: float = 0.4) -> Passage:
    """Words that follow each other at once."""
    words = text.split()
    return passage(
        *((f" {w}", start_s + each_s * n, start_s + each_s * (n + 1)) for n, w in enumerate(words))
    )


@st.composite
def told(draw: st.DrawFn) -> list[Passage]:
    """Passages whose times may be as odd as a model's: equal, or before those of the word before."""
    letters = st.text("abcdé,.?", min_size=1, max_size=20) | st.text("你好吗。", min_size=1, max_size=1)
    passages, at_s = [], 0.0
    for words in draw(st.lists(st.lists(letters, min_size=1, max_size=30), max_size=5)):
        timed = []
        for word in words:
            start_s = max(0.0, at_s + draw(st.floats(-0.3, 3)))
            at_s = start_s + draw(st.floats(-0.1, 1.5))
            timed.append((word if word in "你好吗。" else f" {word}", start_s, at_s))
        passages.append(passage(*timed))
    return passages


@given(told())
def test_cues_hold_every_word_and_never_stand_beside_each_other(passages: list[Passage]) -> None:
    cues = cues_of(passages)
    said = "".join(word.text for each in passages for word in each.words)
    assert "".join("".join(cue.lines) for cue in cues).replace(" ", "") == said.replace(" ", "")
    before = 0
    for cue in cues:
        assert before <= cue.start < cue.end
        before = cue.end


@given(told())
def test_lines_are_as_long_as_can_be_read(passages: list[Passage]) -> None:
    for cue in cues_of(passages):
        assert 1 <= len(cue.lines) <= LINES
        for line in cue.lines:
            assert line == line.strip()
            assert 0 < width(line) <= COLUMNS


@given(told())
def test_files_can_be_read_back(passages: list[Passage]) -> None:
    arrow = re.compile(r"\d\d:\d\d:\d\d([.,])\d{3} --> \d\d:\d\d:\d\d\1\d{3}")
    cues = cues_of(passages)
    blocks = subtitles.srt(passages).removesuffix("\n").split("\n\n") if cues else []
    assert [int(block.split("\n")[0]) for block in blocks] == [*range(1, len(cues) + 1)]
    assert all(arrow.fullmatch(block.split("\n")[1]) for block in blocks)
    header, *blocks = subtitles.vtt(passages).removesuffix("\n").split("\n\n")
    assert header == "WEBVTT"
    assert [arrow.fullmatch(block.split("\n")[0]) is not None for block in blocks] == [True] * len(cues)


def test_a_cue_ends_at_a_pause_and_behind_a_sentence() -> None:
    first = spoken("This is the first sentence of all. And here comes another one")
    second = spoken("after a pause", 20)
    assert [cue.lines for cue in cues_of([first, second])] == [
        ("This is the first sentence of all.",),
        ("And here comes another one",),
        ("after a pause",),
    ]


def test_a_full_cue_is_cut_behind_a_clause_and_its_lines_too() -> None:
    text = "when the sun had gone down behind the hills, and the moon stood high above the sea, we went home"
    cues = cues_of([spoken(text, each_s=0.3)])
    assert [cue.lines for cue in cues] == [
        ("when the sun had gone down behind", "the hills, and the moon stood high"),
        ("above the sea, we went home",),
    ] or all(cue.lines[-1].endswith((",", "home")) for cue in cues)


def test_what_is_short_stands_a_second_where_nothing_follows() -> None:
    brief = passage((" Yes.", 1.0, 1.1))
    assert [(cue.start, cue.end) for cue in cues_of([brief])] == [(1000, 2000)]
    assert [(cue.start, cue.end) for cue in cues_of([brief, passage((" No.", 1.5, 1.6))])] == [(1000, 2000)]
    apart = cues_of([brief, passage((" No.", 2.2, 2.3))])
    assert [(cue.start, cue.end) for cue in apart] == [(1000, 2000), (2200, 3200)]


def test_scripts_without_spaces_count_double() -> None:
    text = "今天天气很好我们去公园散步吧然后一起吃晚饭再回家休息"
    [cue] = cues_of([passage(*((c, 0.2 * n, 0.2 * n + 0.2) for n, c in enumerate(text)))])
    assert "".join(cue.lines) == text
    assert all(width(line) <= COLUMNS for line in cue.lines)
    assert len(cue.lines) == 2


def test_a_word_that_is_longer_than_a_line_has_one_of_its_own() -> None:
    word = "a" * 60
    assert [cue.lines for cue in cues_of([spoken(f"so {word} it is")])] == [("so", word), ("it is",)]


@pytest.mark.parametrize(
    ("text", "plain", "escaped"),
    [
        ("AT&T", "AT&T", "AT&amp;T"),
        ("a<b", "a<\u2060b", "a&lt;b"),
        ("1<2", "1<2", "1&lt;2"),
        ("--> so", "--\u2060> so", "--&gt; so"),
        ("{\\an8}", "{\u2060\\an8}", "{\\an8}"),
    ],
)
def test_what_players_would_take_for_a_mark(text: str, plain: str, escaped: str) -> None:
    said = spoken(text)
    assert subtitles.srt([said]).split("\n")[2] == plain
    assert subtitles.vtt([said]).split("\n")[3] == escaped


def test_the_clock_of_a_long_recording() -> None:
    late = passage((" late", 3600 * 101 + 61.5, 3600 * 101 + 62.75))
    assert "101:01:01,500 --> 101:01:02,750" in subtitles.srt([late])
    assert "101:01:01.500 --> 101:01:02.750" in subtitles.vtt([late])


def test_nothing_said() -> None:
    assert subtitles.srt([]) == ""
    assert subtitles.vtt([]) == "WEBVTT\n"
    assert cues_of([Passage("words without times", 0, 1, 1.0)]) == []
