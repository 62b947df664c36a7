"""What people and scripts see of the event stream."""

from __future__ import annotations

import errno
import io
import json
import re
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicetype import console
from voicetype.arguments import parser
from voicetype.commands.options import output
from voicetype.console import Console, Format, JsonLines, Lines, Output, Text
from voicetype.core.events import Confidence, TranscriptSegment
from voicetype.core.stream import Began, Dropped, Finished, StreamEvent, Typed, to_json
from voicetype.layout import cells, clean, summary, wrap

DIM, BOLD, PLAIN = "\x1b[2m", "\x1b[1m", "\x1b[0m"


class Terminal(io.StringIO):
    """A terminal of our own: obeys what the console writes, and keeps what is visible, row by row."""

    def __init__(self, columns: int = 80) -> None:
        super().__init__()
        self.columns = columns
        self.rows: list[str] = [""]  # with the attribute before each character
        self.row = self.column = 0
        self.attribute = ""
        self.writes: list[str] = []

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.writes.append(text)
        for part in re.findall(r"\x1b\[\d*[A-Za-z]|[\s\S]", text):
            self._obey(part)
        return len(text)

    def _obey(self, part: str) -> None:
        match part[0], part[-1]:
            case "\x1b", "A":
                self.row -= int(part[2:-1])
                assert self.row >= 0
            case "\x1b", "K":
                self.rows[self.row] = self.rows[self.row][: self.column]
            case "\x1b", "J":
                self.rows[self.row] = self.rows[self.row][: self.column]
                del self.rows[self.row + 1 :]
            case "\x1b", "m":
                self.attribute = {"2": "dim", "1": "bold", "0": ""}[part[2:-1]]
            case "\r", _:
                self.column = 0
            case "\n", _:
                self.row, self.column = self.row + 1, 0
                if self.row == len(self.rows):
                    self.rows.append("")
            case _:
                assert part >= " ", f"unknown control {part!r}"
                row = self.rows[self.row].ljust(self.column)
                self.rows[self.row] = row[: self.column] + part + row[self.column + 1 :]
                self.column += 1
                assert self.column < self.columns, "the terminal would wrap"

    @property
    def seen(self) -> list[str]:
        return [row.rstrip() for row in self.rows]


def console_on(terminal: Terminal) -> Console:
    return Console(Output(terminal, io.StringIO(), lambda: None), lambda: terminal.columns)


def draft(text: str, utterance: int = 0) -> TranscriptSegment:
    return TranscriptSegment(utterance, text, Confidence.DRAFT, 1)


def confirmed(text: str, utterance: int = 0, *, final: bool = True) -> TranscriptSegment:
    return TranscriptSegment(utterance, text, Confidence.CONFIRMED, 4, (1,), final=final)


EVENTS: list[StreamEvent] = [
    Began("tiny.en", "base", 1.0),
    draft("hello wor"),
    Typed(0, "hello wor", 1.1),
    draft("hello wolrd"),
    Typed(1, "lrd", 1.2),
    Dropped("heavy", 3, 1.3),
    confirmed("hello world"),
    Typed(3, "rld", 1.4),
    Finished("hello world", 1.5, {"audio_s": 1.25, "backspaces": 4}),
]


def test_json_lines_are_the_stream_and_nothing_else() -> None:
    out, err = io.StringIO(), io.StringIO()
    printer = JsonLines(Output(out, err, lambda: None))
    printer.note("Loading ...")
    for event in EVENTS:
        printer(event)
    printer.problem("There is no microphone.", "Plug one in.")
    assert out.getvalue().splitlines() == [to_json(event) for event in EVENTS]
    assert json.loads(out.getvalue().splitlines()[0])["type"] == "started"
    assert err.getvalue() == "Loading ...\nThere is no microphone.\nPlug one in.\n"


def test_text_is_the_final_text_alone() -> None:
    out = io.StringIO()
    printer = Text(Output(out, io.StringIO(), lambda: None))
    for event in EVENTS:
        printer(event)
    assert out.getvalue() == "hello world\n"


@pytest.mark.parametrize(
    ("argv", "printed"),
    [
        (["run"], False),
        (["run", "--format", "console"], True),
        (["run", "--format", "jsonl"], True),
        (["replay", "talk.wav"], True),
    ],
)
def test_the_daemon_prints_what_is_dictated_on_a_terminal_or_when_it_is_told_to(
    argv: list[str], printed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    printer = output(parser().parse_args(argv))  # its standard output is no terminal
    printer.note("Ready.")
    for event in EVENTS:
        printer(event)
    told = capsys.readouterr()
    assert ("hello" in told.out) is printed
    assert told.err == "Ready.\n"


def test_plain_lines_have_no_control_sequence() -> None:
    out = io.StringIO()
    printer = Lines(Output(out, io.StringIO(), lambda: None))
    for event in EVENTS:
        printer(event)
    assert out.getvalue().splitlines() == [
        "tiny.en drafts, base confirms",
        "draft      hello wor",
        'typed      "hello wor"',
        "draft      hello wolrd",
        'typed      ⌫1 "lrd"',
        "dropped    window 3 (heavy)",
        "confirmed  hello world",
        'typed      ⌫3 "rld"',
        "",
        "hello world",
        "audio 1.25 s · backspaces 4",
    ]


def test_the_screen_is_the_patches_in_order() -> None:
    terminal = Terminal()
    show = console_on(terminal)
    after: list[list[str]] = []
    for event in EVENTS:
        show(event)
        after.append(terminal.seen)
    assert after[2] == ["hello wor", '"hello wor"']
    assert after[4] == ["hello wolrd", '⌫1 "lrd"']
    assert after[5] == ["hello wolrd", "window 3 dropped (heavy)"]
    assert after[7] == ["hello world", '⌫3 "rld"']
    assert after[8] == ["hello world", "audio 1.25 s · backspaces 4", ""]


def test_drafts_are_dim_and_confirmed_words_bright() -> None:
    terminal = Terminal()
    show = console_on(terminal)
    show(draft("one two"))
    show(Typed(0, "one two", 1.0))
    assert f"{DIM}one two{PLAIN}" in terminal.writes[-1]
    show(confirmed("one two", final=False))
    show(draft("one two three"))
    show(Typed(0, " three", 1.0))
    assert f"{BOLD}one two{PLAIN}{DIM} three{PLAIN}" in terminal.writes[-1]
    show(confirmed("one two three"))
    assert f"{BOLD}one two three{PLAIN}" in terminal.writes[-1]


def test_what_follows_an_open_utterance_stays_dim() -> None:
    terminal = Terminal()
    show = console_on(terminal)
    show(draft("one", 0))
    show(confirmed("two", 1))
    show(Typed(0, "one two", 1.0))
    assert f"{DIM}one two{PLAIN}" in terminal.writes[-1]
    show(confirmed("one", 0))
    assert f"{BOLD}one two{PLAIN}" in terminal.writes[-1]


def test_each_change_is_one_write() -> None:
    terminal = Terminal()
    show = console_on(terminal)
    for event in EVENTS[:-1]:
        before = len(terminal.writes)
        show(event)
        assert len(terminal.writes) - before <= 1


def test_long_text_wraps_and_shows_its_end() -> None:
    terminal = Terminal(columns=20)
    show = console_on(terminal)
    words = [f"word{n}" for n in range(60)]
    for word in words:
        show(Typed(0, f"{word} ", 1.0))
    assert terminal.seen[0] == "…"
    assert len(terminal.seen) == 9
    assert terminal.seen[-2].endswith("word59")
    terminal.columns = 40  # the window was made wider
    show(Typed(0, "end", 1.0))
    assert terminal.seen[-2].endswith("word59 end")


def test_notes_and_problems_scroll_away_above_the_live_text() -> None:
    terminal = Terminal()
    show = console_on(terminal)
    show.note("Loading ...")
    show(Typed(0, "hello", 1.0))
    show.problem("The microphone is gone.", "Plug it in.")
    show(Typed(0, " world", 1.0))
    assert terminal.seen == [
        "Loading ...",
        "The microphone is gone.",
        "Plug it in.",
        "hello world",
        '" world"',
    ]


def test_a_second_session_begins_with_an_empty_screen() -> None:
    terminal = Terminal()
    show = console_on(terminal)
    for event in [*EVENTS, *EVENTS[:3]]:
        show(event)
    assert terminal.seen == ["hello world", "audio 1.25 s · backspaces 4", "hello wor", '"hello wor"']


def test_no_text_can_command_the_terminal() -> None:
    terminal = Terminal()
    show = console_on(terminal)
    show(Typed(0, "\x1b]0;owned\x07 \x1b[2J\x9b", 1.0))
    show(Finished("\x1b[2J", 1.0))
    assert not any("\x07" in text or "\x9b" in text or "\x1b[2J" in text for text in terminal.writes)


patches = st.builds(Typed, st.integers(0, 5), st.text("ab é字🙂\n", max_size=12), st.just(1.0))


@given(st.lists(patches), st.integers(11, 40))
def test_any_patches_leave_the_terminal_in_order(typed: list[Typed], columns: int) -> None:
    """Whatever is typed, also more backspaces than text, rows fit and the last row is the margin."""
    terminal = Terminal(columns=10**6)  # ours counts characters, not cells: `wrap` has a test of its own
    show = Console(Output(terminal, io.StringIO(), lambda: None), lambda: columns)
    for event in typed:
        show(event)
    assert len(terminal.seen) <= 9
    assert all(cells(row) < columns for row in terminal.seen)


@given(st.text("ab é字🙂e\u0301\n", max_size=60), st.integers(2, 20))
def test_wrap_keeps_every_character_and_the_width(text: str, width: int) -> None:
    rows = wrap(text, width)
    assert all(cells(row) <= width for row in rows)
    assert re.sub(r"\s", "", "".join(rows)) == re.sub(r"\s", "", text)


def test_cells() -> None:
    assert cells("abc") == 3
    assert cells("e\u0301") == 1
    assert cells("字🙂") == 4
    assert cells("") == 0


def test_clean_and_summary() -> None:
    assert clean("a\x00\x1b\x7f\x9b\tb\nc") == "a·····b\nc"
    assert summary({"audio_s": 12.5, "peak_memory_mb": 440, "dropped_fast": 0}) == (
        "audio 12.5 s · peak memory 440 MB · dropped fast 0"
    )


class Gone(io.StringIO):
    """A pipe whose reader has left."""

    def write(self, _: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("shape", [JsonLines, Text, Lines, Console])
def test_a_reader_that_leaves_is_told_once(shape: Callable[[Output], console.Printer]) -> None:
    told: list[str] = []
    printer = shape(Output(Gone(), Gone(), lambda: told.append("gone")))
    for event in EVENTS:
        printer(event)
    printer(EVENTS[-1])
    printer.note("note")
    printer.problem("sentence", "hint")
    assert told == ["gone"]


class Full(io.StringIO):
    """A file on a full disk."""

    def write(self, _: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_what_is_said_beside_the_text_is_lost_on_a_full_disk() -> None:
    out = io.StringIO()
    printer = JsonLines(Output(out, Full(), lambda: None))
    printer.note("note")
    printer.problem("sentence", "hint")
    printer(EVENTS[0])
    assert out.getvalue()


def test_the_printer_suits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert type(console.printer(None, {})) is Lines
    assert type(console.printer(Format.JSONL, {})) is JsonLines
    assert type(console.printer(Format.TEXT, {})) is Text
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert type(console.printer(None, {})) is Console
    assert type(console.printer(Format.CONSOLE, {"NO_COLOR": ""})) is Console
    assert type(console.printer(None, {"NO_COLOR": "1"})) is Lines
    assert type(console.printer(None, {"TERM": "dumb"})) is Lines
    assert type(console.printer(Format.JSONL, {})) is JsonLines


def test_of_a_long_text_the_end_is_shown_and_what_is_not_confirmed_is_dim() -> None:
    terminal = Terminal()
    console = console_on(terminal)
    console(Began("tiny.en", "base", 1.0))
    for n in range(300):
        console(confirmed(f"sentence {n} is done.", n))
        console(Typed(0, f" sentence {n} is done.", 2.0))
    console(draft("and so", 300))
    console(Typed(0, " and so", 3.0))
    *_, last, _ = terminal.seen
    assert last.endswith("sentence 299 is done. and so")
    assert f"{DIM} and so{PLAIN}" in terminal.writes[-1]
    assert terminal.writes[-1].count(DIM) == 2  # and the patch
