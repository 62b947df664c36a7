"""The event stream for whoever looks: JSON lines for scripts, a live line for people, the text alone.

What is on the screen is the patches applied in order, here as in the window that is typed into.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import StrEnum
from typing import Protocol, TextIO

from voicetype.core.events import Confidence, TranscriptSegment
from voicetype.core.stream import Began, Dropped, Finished, StreamEvent, Typed, to_json
from voicetype.layout import BOLD, DIM, PLAIN, clean, keys, shaded, summary, tail, typed, wrap

_SHOWN_ROWS = 8  # of a long text
_KEPT = 2000  # characters of it at least: ample for the rows, and for what a patch may erase


class Format(StrEnum):
    """How the event stream is printed."""

    CONSOLE = "console"
    JSONL = "jsonl"
    TEXT = "text"


class Printer(Protocol):
    """Prints what happens. Any thread may call it; one event at a time is printed."""

    def __call__(self, event: StreamEvent) -> None:
        """An event of the stream."""

    def note(self, sentence: str) -> None:
        """What the program is doing, for people."""

    def problem(self, sentence: str, hint: str) -> None:
        """What went wrong, and what to do about it."""


class Output:
    """The two streams, written a whole frame at a time. `gone` is called once, when the reader has left."""

    def __init__(self, out: TextIO, err: TextIO, gone: Callable[[], None]) -> None:
        self._out, self._err, self._gone = out, err, gone
        self._left = False

    def write(self, text: str) -> None:
        """To stdout, at once."""
        if self._left:
            return
        try:
            self._out.write(text)
            self._out.flush()
        except BrokenPipeError:
            self._left = True
            self._gone()

    def tell(self, text: str) -> None:
        """To stderr; where nobody reads that either, or the disk is full, it is lost."""
        with suppress(OSError):
            print(text, file=self._err, flush=True)


def leave() -> None:
    """End the program as Ctrl-C would: its standard output has no reader any more."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, sys.stdout.fileno())  # or the interpreter complains at its exit
    os.close(quiet)
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def printer(
    shape: Format | None,
    environ: Mapping[str, str] = os.environ,
    gone: Callable[[], None] = leave,
    *,
    watched: bool = True,
) -> Printer:
    """The printer for standard output; `shape` None: what suits it. Not `watched`: on a terminal alone."""
    out = sys.stdout
    output = Output(out, sys.stderr, gone)
    if shape is None and not watched and not out.isatty():
        return Notes(output)
    if shape is Format.JSONL:
        return JsonLines(output)
    if shape is Format.TEXT:
        return Text(output)
    plain = not out.isatty() or bool(environ.get("NO_COLOR")) or environ.get("TERM") == "dumb"
    return Lines(output) if plain else Console(output)


class JsonLines:
    """One JSON object a line."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._lock = threading.Lock()

    def __call__(self, event: StreamEvent) -> None:
        with self._lock:
            self._output.write(to_json(event) + "\n")

    def note(self, sentence: str) -> None:
        with self._lock:
            self._output.tell(sentence)

    def problem(self, sentence: str, hint: str) -> None:
        with self._lock:
            self._output.tell(f"{sentence}\n{hint}")


class Notes(JsonLines):
    """Nothing that was said: what a service prints, or a program of the autostart, is kept somewhere."""

    def __call__(self, event: StreamEvent) -> None:
        pass


class Text(JsonLines):
    """The final text alone."""

    def __call__(self, event: StreamEvent) -> None:
        if isinstance(event, Finished):
            with self._lock:
                self._output.write(event.text + "\n")


class Lines(JsonLines):
    """A line an event, without any control sequence: for a file, a pipe, a plain terminal."""

    def __call__(self, event: StreamEvent) -> None:
        with self._lock:
            self._output.write("".join(f"{line}\n" for line in self._lines(event)))

    def _lines(self, event: StreamEvent) -> list[str]:
        match event:
            case Began(fast, heavy):
                return [f"{fast} drafts, {heavy} confirms"]
            case TranscriptSegment():
                return [f"{event.confidence.value:<10} {clean(event.text)}"]
            case Typed():
                return [f"{'typed':<10} {keys(event)}"]
            case Dropped(model, window_id):
                return [f"{'dropped':<10} window {window_id} ({model})"]
            case Finished(text, _, stats):
                return ["", text, summary(stats)]


class Console:
    """A terminal: what stands on the screen, drafts dim and confirmed text bright, and the last patch below.

    The region at the bottom is drawn over in one write, so that it does not flicker; notes and final texts
    scroll away above it.
    """

    def __init__(self, output: Output, columns: Callable[[], int] | None = None) -> None:
        self._output = output
        self._columns = columns or (lambda: shutil.get_terminal_size().columns)
        self._lock = threading.Lock()
        self._rows = 0  # of the region, as it stands
        self._margin = ""
        self._screen = ""  # its end: what is shown, and what may still be erased
        self._above_words = 0  # how many words it has lost at its beginning
        self._confirmed: dict[int, tuple[int, bool]] = {}  # open utterance: its confirmed words, if final
        self._sealed_words = 0  # of the utterances before those

    def __call__(self, event: StreamEvent) -> None:
        with self._lock:
            match event:
                case Began():
                    self._begin()
                case TranscriptSegment():
                    self._hear(event)
                    self._draw()
                case Typed():
                    self._type(event)
                    self._margin = keys(event)
                    self._draw()
                case Dropped(model, window_id):
                    self._margin = f"window {window_id} dropped ({model})"
                    self._draw()
                case Finished(text, _, stats):
                    self._begin()
                    self._above(f"{BOLD}{clean(text)}{PLAIN}\n{DIM}{summary(stats)}{PLAIN}\n")

    def note(self, sentence: str) -> None:
        with self._lock:
            self._above(f"{DIM}{clean(sentence)}{PLAIN}\n")

    def problem(self, sentence: str, hint: str) -> None:
        with self._lock:
            self._above(f"{BOLD}{clean(sentence)}{PLAIN}\n{DIM}{clean(hint)}{PLAIN}\n")

    def _begin(self) -> None:
        self._screen = self._margin = ""
        self._confirmed.clear()
        self._above_words = self._sealed_words = 0

    def _type(self, event: Typed) -> None:
        self._screen = typed(self._screen, event)
        if len(self._screen) > 2 * _KEPT:
            end = self._screen[-_KEPT:].partition(" ")[2] or self._screen[-_KEPT:]
            self._above_words += len(self._screen.split()) - len(end.split())
            self._screen = end

    def _hear(self, event: TranscriptSegment) -> None:
        if event.utterance < min(self._confirmed, default=0):
            return  # it is counted
        words, _ = self._confirmed.setdefault(event.utterance, (0, False))
        if event.confidence is Confidence.CONFIRMED:
            self._confirmed[event.utterance] = (max(words, len(event.text.split())), event.final)
        while len(self._confirmed) > 1 and self._confirmed[first := min(self._confirmed)][1]:
            self._sealed_words += self._confirmed.pop(first)[0]

    def _bright_words(self) -> int:
        """How many words on the screen the heavy model has confirmed, without a gap."""
        bright = self._sealed_words - self._above_words
        for _, (words, final) in sorted(self._confirmed.items()):
            bright += words
            if not final:
                break
        return bright

    def _draw(self) -> None:
        self._output.write(self._frame())

    def _above(self, text: str) -> None:
        """Print over the region and draw it again below."""
        region = self._erased() + text
        self._rows = 0
        self._output.write(region + self._frame())

    def _frame(self) -> str:
        """The region drawn over what is there of it."""
        width = max(self._columns() - 1, 10)  # a full line would leave the caret in doubt
        rows = tail(wrap(clean(self._screen), width), _SHOWN_ROWS)
        lines = shaded(rows, len(self._screen.split()) - self._bright_words())
        if self._margin:
            lines.append(f"{DIM}{wrap(self._margin, width)[0]}{PLAIN}")
        if not self._screen and not self._margin:
            return ""
        frame = self._top() + "\n".join(f"{line}\x1b[K" for line in lines) + "\x1b[J"
        self._rows = len(lines)
        return frame

    def _top(self) -> str:
        up = self._rows - 1
        return "\r" + (f"\x1b[{up}A" if up > 0 else "")

    def _erased(self) -> str:
        return self._top() + "\x1b[J" if self._rows else ""
