"""A picture of one dictation: when each word was spoken, drafted, and confirmed for good.

    python -m tests.bench.timeline EVENTS.jsonl TIMING.json OUT.png

EVENTS is what `voicetype replay RECORDING --realtime --format jsonl` prints, or what `tests.bench.replay
--events` kept; TIMING is the same recording's reference: the words with their start and end seconds. Time
goes to the right; each word of the reference is a row, the first one at the bottom:

spoken     a grey bar, from the word's start to its end
drafted    the word stood right on the screen for the first time
confirmed  the heavy model has said it, or left it as it stood, and it changed no more

A word in red never stood right. The bars at the bottom are what was erased, and when. OUT's suffix is the
format: .png, .svg or .pdf. Needs matplotlib: pip install -c install/constraints.txt -e '.[bench]'
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.replay import to_trace
from tests.bench.score import Reference, matched, normalise, stood_right

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Events = Sequence[dict[str, Any]]

_WIDTH_IN, _DPI = 14.0, 100
_ROW_IN = 0.31
_AROUND_IN = 2.5  # title, the axis and the erasures
_WORD_PT, _SMALL_PT, _TITLE_PT = 14, 13, 18
_CHARACTER_IN = 0.125  # of a word as it is drawn, about
_LEAST_ERASED = 20  # characters that fill the height: a few of them must not look like many
_INK, _FAINT, _GRID = "#24292f", "#6e7781", "#eaeef2"
_SPOKEN, _DRAFTED, _CONFIRMED, _WRONG = "#b6bec8", "#e8920c", "#1769aa", "#c62f2f"


@dataclass(frozen=True, slots=True)
class Row:
    """A word of the reference; all in seconds since the first sample, None where it never came to that."""

    word: str
    start_s: float
    end_s: float
    drafted_s: float | None
    confirmed_s: float | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """What is drawn. `erasures`: seconds, and how many characters."""

    rows: tuple[Row, ...]
    erasures: tuple[tuple[float, int], ...]
    models: tuple[str, str]

    @classmethod
    def of(cls, reference: Reference, labels: Sequence[str], events: Events) -> Timeline:
        """The timeline of an event stream. `labels`: the reference's words as they are to be shown."""
        began = next(event for event in events if event["type"] == "started")
        stood = stood_right(reference, to_trace(list(events)), heard=True)
        said = _confirmations(reference, events, began["timestamp"])
        rows = [
            Row(label, start_s, end_s, stood.first.get(n), _for_good(stood.since.get(n), said.get(n)))
            for n, (label, (_, start_s, end_s)) in enumerate(zip(labels, reference.words, strict=True))
        ]
        erasures = [
            (event["timestamp"] - began["timestamp"], event["backspaces"])
            for event in events
            if event["type"] == "patch" and event["backspaces"]
        ]
        return cls(tuple(rows), tuple(erasures), (began["fast"], began["heavy"]))

    @classmethod
    def read(cls, events: Path, timing: Path) -> Timeline:
        """From the files."""
        words = json.loads(timing.read_text())["words"]
        labels = [word for word, _, _ in words if normalise(word)]
        return cls.of(
            Reference.read(timing), labels, [json.loads(line) for line in events.read_text().splitlines()]
        )

    @property
    def end_s(self) -> float:
        """Where the last thing happens."""
        times = [time for row in self.rows for time in (row.end_s, row.drafted_s, row.confirmed_s) if time]
        return max([*times, *(time for time, _ in self.erasures)])


def _confirmations(reference: Reference, events: Events, began: float) -> dict[int, float]:
    """When a confirmation first held each word: seconds, by the word's place in the reference.

    A confirmation begins where its utterance does, which the stream does not tell. It can hold only what was
    spoken by then, and of equal words the last ones are meant: so both are compared from their ends.
    """
    first: dict[int, float] = {}
    for event in events:
        if event["type"] == "segment" and event["confidence"] == "confirmed":
            at_s = event["timestamp"] - began
            spoken = [word for word, start_s, _ in reference.words if start_s < at_s]
            held = matched(spoken[::-1], normalise(event["text"])[::-1])
            first = {len(spoken) - 1 - n: at_s for n in held} | first
    return first


def _for_good(since_s: float | None, said_s: float | None) -> float | None:
    return None if since_s is None or said_s is None else max(since_s, said_s)


def median_delay_s(rows: Iterable[Row], moments: Iterable[float | None]) -> float | None:
    """The median of what passed from the end of each word to its moment, where it has one."""
    delays = [moment - row.end_s for row, moment in zip(rows, moments, strict=True) if moment is not None]
    return statistics.median(delays) if delays else None


def draw(timeline: Timeline, title: str, out: Path) -> None:
    """Write the picture. ImportError where matplotlib is missing."""
    from matplotlib.figure import Figure

    rows_in = _ROW_IN * len(timeline.rows)
    figure = Figure(figsize=(_WIDTH_IN, rows_in + _AROUND_IN), dpi=_DPI, facecolor="white")
    words, erased = figure.subplots(2, sharex=True, height_ratios=(rows_in, 0.7))
    height_in = rows_in + _AROUND_IN
    figure.subplots_adjust(0.02, 0.62 / height_in, 0.985, 1 - 1.05 / height_in, hspace=0.16 / rows_in)
    _draw_words(words, timeline.rows)
    _draw_erasures(erased, timeline.erasures)
    # Room on the left for the words of the first rows, whose labels end where their bars begin.
    seconds_an_inch = (timeline.end_s + 0.5) / (_WIDTH_IN * 0.9)
    left_s = min(row.start_s - (len(row.word) + 2) * _CHARACTER_IN * seconds_an_inch for row in timeline.rows)
    words.set_xlim(min(left_s, -0.2), timeline.end_s + 0.3)
    figure.text(0.02, 1 - 0.36 / height_in, title, fontsize=_TITLE_PT, color=_INK, weight="bold", va="center")
    figure.text(
        0.985,
        1 - 0.36 / height_in,
        "{} drafts, {} confirms".format(*timeline.models),
        fontsize=_SMALL_PT,
        color=_FAINT,
        ha="right",
        va="center",
    )
    handles, names = words.get_legend_handles_labels()
    words.legend(
        handles[-1:] + handles[:-1],  # bars come last, and were first
        names[-1:] + names[:-1],
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=3,
        frameon=False,
        fontsize=_WORD_PT,
        labelcolor=_INK,
        borderaxespad=0.2,
        borderpad=0,
        handlelength=1.4,
        handletextpad=0.5,
        columnspacing=2.0,
    )
    figure.savefig(out, facecolor="white")


def _draw_words(axes: Axes, rows: Sequence[Row]) -> None:
    for n, row in enumerate(rows):
        colour = _INK if row.drafted_s is not None else _WRONG
        axes.annotate(
            row.word,
            (row.start_s, n),
            xytext=(-6, 0),
            textcoords="offset points",
            ha="right",
            va="center_baseline",
            fontsize=_WORD_PT,
            color=colour,
        )
        if row.drafted_s is not None and row.confirmed_s is not None:
            axes.hlines(n, row.drafted_s, row.confirmed_s, color=_CONFIRMED, lw=1.6, alpha=0.35, zorder=2)
        if row.drafted_s is not None and row.drafted_s > row.end_s:
            axes.hlines(n, row.end_s, row.drafted_s, color=_DRAFTED, lw=1.6, alpha=0.45, zorder=2)
    axes.barh(
        range(len(rows)),
        [row.end_s - row.start_s for row in rows],
        left=[row.start_s for row in rows],
        height=0.46,
        color=_SPOKEN,
        label="spoken",
        zorder=3,
    )
    for colour, name, moments in (
        (_DRAFTED, "drafted", [row.drafted_s for row in rows]),
        (_CONFIRMED, "confirmed for good", [row.confirmed_s for row in rows]),
    ):
        delay_s = median_delay_s(rows, moments)
        told = "" if delay_s is None else f", median {delay_s:.1f} s after its end"
        there = [(moment, n) for n, moment in enumerate(moments) if moment is not None]
        axes.scatter(
            [moment for moment, _ in there],
            [n for _, n in there],
            s=95,
            color=colour,
            edgecolor="white",
            linewidth=1.2,
            label=name + told,
            zorder=4,
        )
    axes.set_ylim(-0.8, len(rows) - 0.2)
    axes.set_yticks([])
    axes.grid(axis="x", color=_GRID, lw=1)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    axes.tick_params(axis="x", length=0)


def _draw_erasures(axes: Axes, erasures: Sequence[tuple[float, int]]) -> None:
    most = max([_LEAST_ERASED, *(count for _, count in erasures)])
    axes.vlines([t_s for t_s, _ in erasures], 0, [count for _, count in erasures], color=_WRONG, lw=5)
    for t_s, count in erasures:
        axes.annotate(
            str(count),
            (t_s, max(count, 0.3 * most)),  # a small one's label must not fall on the axis
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=_SMALL_PT,
            color=_WRONG,
        )
    axes.set_ylim(0, 1.3 * most)
    axes.set_yticks([])
    axes.annotate(
        "characters erased" if erasures else "nothing erased",
        (0, 0.5),
        xycoords="axes fraction",
        va="center",
        fontsize=_SMALL_PT,
        color=_FAINT,
    )
    axes.grid(axis="x", color=_GRID, lw=1)
    axes.set_axisbelow(True)
    axes.spines[["top", "left", "right"]].set_visible(False)
    axes.spines["bottom"].set_color(_SPOKEN)
    axes.xaxis.set_major_formatter("{x:g} s")
    axes.tick_params(axis="x", length=0, labelsize=_SMALL_PT, labelcolor=_FAINT, pad=6)


def main() -> None:
    """Draw one picture."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.timeline",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("events", metavar="EVENTS.jsonl", type=Path, help="what `voicetype replay` printed")
    parser.add_argument(
        "timing", metavar="TIMING.json", type=Path, help="the words and when they were spoken"
    )
    parser.add_argument("out", metavar="OUT.png", type=Path, help="the picture, 1400 pixels wide")
    parser.add_argument("--title", default="A dictation, word by word", help="default: %(default)s")
    arguments = parser.parse_args()
    try:
        draw(Timeline.read(arguments.events, arguments.timing), arguments.title, arguments.out)
    except ImportError as error:
        raise SystemExit(
            f"{error}.\nInstall it: pip install -c install/constraints.txt -e '.[bench]'"
        ) from error


if __name__ == "__main__":
    main()
