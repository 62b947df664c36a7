"""What the policy's numbers trade: how soon a word stands, how much is erased, how many words are right.

    python -m tests.bench.policy LIST RECORDINGS TIMINGS --cache FOLDER [--plot OUT.png] [--machine NAME]

LIST, RECORDINGS and TIMINGS are those of `tests.bench.replay`. Two curves are swept through what the package
has now: how sure a new word must be to be shown (`agreement.SURE_*`), and how many erased characters a mend
is worth (`mending.Worth`). A row of the table is a setting; `tests.bench.score` says what its figures are.
`--plot` draws the curves and needs matplotlib, as `tests.bench.timeline` does.

A dictation in real time would have to be repeated for each setting, and the machine's mood would be in it.
Here the clock is simulated:

real       the listening stage, the reducer, agreement, mending, verification, the engine's ladder and guards,
           the workers' rules; what the models say (the pair of the preset "light", in English)
simulated  time: a call takes what the machine's `Pace` says, each model has a core to itself, nothing else
           costs anything, and what is typed stands at once

So settings compare well; what the program does is measured by `tests.bench.replay`. What the models said
is kept in FOLDER by the sound they heard, so that a second run takes a fraction of the first one's minutes;
after a change of the engine's sources they are asked again. Machines:

this   measured at the first run, and kept in FOLDER too: one thread of the processor at hand
vnni   as measured on a processor that multiplies bytes (AVX-VNNI), as laptops have since 2021
plain  as measured on one that does not, a first-generation AMD EPYC
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from tests.bench.pace import MACHINES, machine
from tests.bench.replay import recording_path
from tests.bench.score import Reference, Score, read_trace
from tests.bench.simulation import Dictation, Remembered, Speech, heard, stamp
from voicetype.audio import read_recording
from voicetype.core import agreement, mending
from voicetype.core.events import SAMPLE_RATE
from voicetype.core.mending import Worth
from voicetype.engine.catalogue import LIGHT, PRESETS
from voicetype.frames import FRAME_SAMPLES
from voicetype.settings import Settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH_IN, _HEIGHT_IN, _DPI = 14.0, 6.4, 100
_WORD_PT, _SMALL_PT, _TITLE_PT = 14, 12, 18
_INK, _FAINT, _GRID, _AXIS = "#24292f", "#6e7781", "#eaeef2", "#b6bec8"
_COLOURS, _PEER = ("#e8920c", "#1769aa"), "#8250df"
_DECILES = ("median", "ninth decile")


@dataclass(frozen=True, slots=True)
class Setting:
    """Other values for the constants of a module, which looks them up when it needs them."""

    label: str
    module: ModuleType
    values: Mapping[str, object]
    now: bool = False  # it is what the package has

    @contextmanager
    def applied(self) -> Iterator[None]:
        """They hold in here."""
        before = {name: vars(self.module)[name] for name in self.values}
        try:
            vars(self.module).update(self.values)
            yield
        finally:
            vars(self.module).update(before)


@dataclass(frozen=True, slots=True)
class Sweep:
    """A curve: settings in order, what its first and its last one do, and where their notes stand.

    `notes_at`: points (of type) off those before what the package has, and off those behind it.
    """

    name: str
    ends: tuple[str, str]
    notes_at: tuple[tuple[int, int], tuple[int, int]]
    settings: Sequence[Setting]


def sure_words() -> Sweep:
    """How sure a new word must be: each probability to a power; to the power of infinity it is zero."""
    names = ("SURE_NEWEST", "SURE_ONCE", "SURE_TWICE")
    settings = []
    for power in (math.inf, 4.0, 2.0, 1.0, 0.75, 0.5, 0.25):
        values = {name: vars(agreement)[name] ** power for name in names}
        label = " / ".join(f"{value:.2f}" for value in values.values())
        settings.append(Setting(label, agreement, values, power == 1))
    return Sweep("how sure a new word must be", ("at once", "if sure"), ((-11, 0), (0, -16)), settings)


def worth_of_mends() -> Sweep:
    """What a mend may erase: the worth of each times a factor."""
    settings = []
    for factor in (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 1000.0):
        worths: dict[str, Worth] = {}
        for name in ("IN_SPEECH", "AT_PAUSE", "AT_END"):
            now: Worth = vars(mending)[name]
            worths[name] = Worth(round(now.word * factor), round(now.spelling * factor))
        label = " / ".join(f"{worth.word}" for worth in worths.values())
        settings.append(Setting(label, mending, worths, factor == 1))
    return Sweep("what a mend may erase", ("none", "any"), ((-11, 0), (11, 0)), settings)


@dataclass(frozen=True, slots=True)
class Result:
    """What a setting comes to. `cores`: how many are busy, on average; None where that is not known."""

    score: Score
    cores: float | None = None

    @property
    def delay_s(self) -> tuple[float, float]:
        """From a word's end until it stands right: the median and the ninth decile."""
        ordered = sorted(self.score.emission) or [math.nan]
        half, most = (ordered[min(len(ordered) - 1, int(q * len(ordered)))] for q in (0.5, 0.9))
        return half, most

    @property
    def erased(self) -> float:
        """Characters for each that stays."""
        return self.score.erased / max(1, self.score.characters)

    @property
    def wrong(self) -> float:
        """Words, in %."""
        return 100 * self.score.errors / max(1, self.score.words)

    def cells(self) -> str:
        """As they are printed under `HEAD`."""
        first, right, changed, final, erased, _, keys, wrong = self.score.rows().values()
        cores = "–" if self.cores is None else f"{self.cores:.2f}"
        return " | ".join((first, right, changed, final, erased, keys, wrong, cores))


HEAD = (
    "| setting | first text (s) | a word stands right (s) | its last change (s) | the screen's (s) "
    "| erased per character | keys per character | word errors | cores |\n" + "|---" * 9 + "|"
)
"""Of the table; delays are a median and a ninth decile."""


def tried(
    settings: Sequence[Setting],
    pair: tuple[Remembered, Remembered],
    spoken: Mapping[str, tuple[Reference, Speech]],
) -> list[Result]:
    """What comes of dictating all recordings with each setting. A line on stderr names each recording."""
    scores = [Score() for _ in settings]
    spent_s = [0.0] * len(settings)
    for number, (name, (reference, speech)) in enumerate(spoken.items(), 1):
        print(f"{number}/{len(spoken)} {name}", file=sys.stderr, flush=True)
        for n, setting in enumerate(settings):
            before_s = sum(model.spent_s for model in pair)
            with setting.applied():
                scores[n].add(reference, Dictation(*pair, Settings(language="en")).run(speech))
            spent_s[n] += sum(model.spent_s for model in pair) - before_s
        for model in pair:
            model.save()
    audio_s = sum(len(speech) for _, speech in spoken.values()) * FRAME_SAMPLES / SAMPLE_RATE
    return [Result(score, each_s / audio_s) for score, each_s in zip(scores, spent_s, strict=True)]


def draw(curves: Sequence[tuple[Sweep, Sequence[Result]]], peers: Mapping[str, Result], out: Path) -> None:
    """Write the picture. ImportError where matplotlib is missing."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH_IN, _HEIGHT_IN), dpi=_DPI, facecolor="white")
    panels = figure.subplots(1, 2, sharey=True)
    figure.subplots_adjust(0.06, 0.125, 0.985, 0.8, wspace=0.06)
    for n, axes in enumerate(panels):
        for curve, colour in zip(curves, _COLOURS, strict=False):
            _draw_curve(axes, *curve, n, colour)
        for name, peer in peers.items():
            axes.plot(peer.delay_s[n], peer.erased, "D", ms=13, color=_PEER, mec="white", label=name)
            _note(axes, peer, n, f"{peer.wrong:.1f} %", _PEER, (12, 0))
        axes.set_xlabel(f"seconds until a word stands right, {_DECILES[n]}", fontsize=_WORD_PT, color=_INK)
        axes.margins(x=0.2)
        axes.set_xlim(0)
        axes.set_ylim(0)
        axes.grid(color=_GRID, lw=1)
        axes.set_axisbelow(True)
        axes.spines[["top", "left", "right"]].set_visible(False)
        axes.spines["bottom"].set_color(_AXIS)
        axes.tick_params(length=0, labelsize=_SMALL_PT, labelcolor=_FAINT)
    panels[0].set_ylabel("characters erased for each that stays", fontsize=_WORD_PT, color=_INK)
    title, told = "Sooner, calmer, righter: what the policy trades", "at the points: word errors"
    figure.text(0.02, 0.945, title, fontsize=_TITLE_PT, color=_INK, weight="bold", va="center")
    figure.text(0.985, 0.945, told, fontsize=_SMALL_PT, color=_FAINT, ha="right", va="center")
    figure.legend(
        *panels[0].get_legend_handles_labels(),
        loc="center left",
        bbox_to_anchor=(0.012, 0.86),
        ncols=4,
        frameon=False,
        fontsize=_WORD_PT,
        labelcolor=_INK,
        handletextpad=0.5,
        columnspacing=2.0,
    )
    figure.savefig(out, facecolor="white")


def _draw_curve(axes: Axes, sweep: Sweep, results: Sequence[Result], n: int, colour: str) -> None:
    """One curve; `n`: 0 for medians, 1 for ninth deciles. Points with the same word errors share a note."""
    delays, erased = [result.delay_s[n] for result in results], [result.erased for result in results]
    axes.plot(delays, erased, "o-", ms=9, lw=2, color=colour, mec="white", label=sweep.name, zorder=3)
    ends = {0: f"{sweep.ends[0]}, ", len(results) - 1: f"{sweep.ends[1]}, "}
    told, note_at = "", sweep.notes_at[0]
    for place, (setting, result) in enumerate(zip(sweep.settings, results, strict=True)):
        before, told = told, f"{result.wrong:.1f} %"
        if setting.now:
            axes.plot(delays[place], erased[place], "o", ms=17, color=_INK, mec="white", mew=2, zorder=4)
            _note(axes, result, n, f"now, {told}", _INK, (14, 9))
            note_at = sweep.notes_at[1]
        elif told != before or place in ends:
            _note(axes, result, n, ends.get(place, "") + told, colour, note_at)


def _note(axes: Axes, result: Result, n: int, text: str, colour: str, offset: tuple[int, int]) -> None:
    axes.annotate(
        text,
        (result.delay_s[n], result.erased),
        xytext=offset,
        textcoords="offset points",
        ha="left" if offset[0] > 0 else "right" if offset[0] < 0 else "center",
        va="center",
        fontsize=_SMALL_PT,
        color=colour,
        zorder=5,
    )


def main() -> None:
    """Try every setting; print the table, draw the picture."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.policy",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("list", metavar="LIST", type=Path, help="names of recordings, one a line")
    parser.add_argument("recordings", metavar="RECORDINGS", type=Path, help="folder of NAME.flac or NAME.wav")
    parser.add_argument("timings", metavar="TIMINGS", type=Path, help="folder of NAME.json")
    parser.add_argument("--cache", metavar="FOLDER", type=Path, required=True, help="what the models said")
    parser.add_argument("--machine", choices=("this", *MACHINES), default="this", help="default: %(default)s")
    parser.add_argument("--plot", metavar="OUT.png", type=Path, help="the picture, 1400 pixels wide")
    parser.add_argument(
        "--peer",
        action="append",
        default=[],
        metavar="NAME=FOLDER",
        help="another system, from what it showed (NAME.jsonl); may be given again",
    )
    arguments = parser.parse_args()
    names = arguments.list.read_text().split()
    sounds = [read_recording(recording_path(arguments.recordings, name)) for name in names]
    references = [Reference.read(arguments.timings / f"{name}.json") for name in names]
    spoken = dict(zip(names, zip(references, map(heard, sounds), strict=True), strict=True))
    arguments.cache.mkdir(parents=True, exist_ok=True)
    pair = PRESETS[LIGHT]
    here = machine(
        arguments.machine, arguments.cache / "this.pickle", pair.fast, pair.heavy, max(sounds, key=len)
    )
    print(f"{arguments.machine}: {here}", file=sys.stderr, flush=True)
    remembered = (
        Remembered(pair.fast, here.fast, arguments.cache / f"{pair.fast}-{stamp()}.pickle"),
        Remembered(pair.heavy, here.heavy, arguments.cache / f"{pair.heavy}-{stamp()}.pickle"),
    )
    sweeps = (sure_words(), worth_of_mends())
    results = iter(tried([each for sweep in sweeps for each in sweep.settings], remembered, spoken))
    curves = [(sweep, list(itertools.islice(results, len(sweep.settings)))) for sweep in sweeps]
    print(HEAD)
    for sweep, curve in curves:
        for setting, result in zip(sweep.settings, curve, strict=True):
            label = f"{sweep.name}: {setting.label}"
            print(f"| {f'**{label}**' if setting.now else label} | {result.cells()} |")
    peers = {}
    for peer in arguments.peer:
        name, _, folder = peer.partition("=")
        peers[name] = Result(Score())
        for each, reference in zip(names, references, strict=True):
            peers[name].score.add(reference, read_trace(Path(folder) / f"{each}.jsonl"))
        print(f"| {name} | {peers[name].cells()} |")
    if arguments.plot:
        draw(curves, peers, arguments.plot)


if __name__ == "__main__":
    main()
