"""Half an hour of speech and noise into the daemon, in real time: does it stay as it was at the beginning?

    python -m tests.bench.soak SPEECH NOISE [--minutes 30] [--timings FOLDER] [--json FILE]

SPEECH and NOISE hold recordings (.wav, .flac), SPEECH also what they say, where that is known
(transcripts.tsv with the columns id and text). A daemon with tiny.en and base, which must be on this machine,
runs on an X server, a sound server, a tray's panel and a bus of its own, with the icon and the overlay.
Dictations from some seconds to five minutes follow each other into one GTK text: by push-to-talk, by D-Bus,
hands-free. There are pauses and noise within them, noise between them, and some have nothing but noise.

A row a minute:

processor  seconds of processor time (of all threads) a second
resident   MB in memory; fds: open files; threads
first      seconds from the beginning of a recording until the text grows, p50
word       seconds from the end of a word until it stands right, p50 (--timings: NAME.json with their times)
words      typed in this minute; dropped: windows that came too late for their model
in noise   characters by which the text grew while noise alone was played, but for its first six seconds, in
           which the last words are still confirmed; on an overloaded machine that takes longer
problems   that the daemon reported

Below the table: words that were said and not typed (word error rate; dictations are lost of which less than
half the words came), whether the window shows what the event stream said, memory and delays at the first and
the last row, and whether the daemon is alive.

    python -m tests.bench.soak speech noise --minutes 30 --timings timings
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.daemon import Stage, desktop
from tests.bench.score import Reference, matched, normalise, word_errors
from tests.bench.soak_figures import HEADING, Figures, Heard, Row, Sample, Text, median
from tests.bench.soak_plan import Mode, Plan, Script, read
from tests.bench.steady import usage, write_wav
from tests.real.daemon import Daemon, running_daemon
from tests.real.xserver import CONTROL_R, App
from voicetype.core.events import SAMPLE_RATE
from voicetype.engine import store

_ROW_S = 60.0
_TOLD_S = 8.0  # after a minute, by which its last words stand
_LATE_S = 150.0  # an overloaded machine takes its time
_SHOWN_S = 10.0  # until the window shows what was typed
_CONFIG = """\
[models]
folder = "{folder}"
"""


class Late(Exception):
    """Something did not happen in time, or the daemon has ended. Says what."""


class Soak:
    """Plays, listens, counts. `sample` runs on a thread of its own, the rest on the main one."""

    def __init__(self, stage: Stage, daemon: Daemon, timings: Path | None) -> None:
        self._stage, self._daemon, self._timings = stage, daemon, timings
        self._app: App = stage.screen.gtk()
        self._samples: list[Sample] = []
        self._began, self._began_at = time.monotonic(), time.time()
        self._heard: list[Heard] = []
        self._text, self._patches = Text(), 0  # how many patches are in it
        self.problems: list[tuple[float, str]] = []
        self.figures = Figures()

    @property
    def taken_s(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._began

    def sample(self) -> Sample | None:
        """What the daemon holds now."""
        pid = self._daemon.process.pid
        now = usage(pid)
        try:
            fds, threads = (len(list(Path(f"/proc/{pid}/{of}").iterdir())) for of in ("fd", "task"))
        except OSError:
            return None
        return None if now is None else Sample(self.taken_s, now.cpu_s, now.resident_mb, fds, threads)

    def sample_for_ever(self) -> None:
        """Each minute, until the daemon is gone."""
        while sample := self.sample():
            self._samples.append(sample)
            time.sleep(max(0.0, self._began + len(self._samples) * _ROW_S - time.monotonic()))

    def run(self, plan: Plan, minutes: float, folder: Path) -> None:
        """Dictate until the time is over; prints the rows."""
        threading.Thread(target=self.sample_for_ever, daemon=True).start()
        try:
            while script := plan.next(60 * minutes - self.taken_s):
                write_wav(folder / "said.wav", script.audio)
                self._dictate(script, folder / "said.wav")
            if self.taken_s - self._samples[-1].at_s > _ROW_S / 2 and (sample := self.sample()):
                self._samples.append(sample)
            self._rows(self.taken_s)
        except (Late, subprocess.TimeoutExpired) as late:
            self.figures.failed = str(late)
        self.figures.alive = self._daemon.process.poll() is None and bool(self._daemon.status())
        self.figures.problems = [sentence for _, sentence in self.problems]

    def _dictate(self, script: Script, sound: Path) -> None:
        daemon, finished = self._daemon, len(self._daemon.of("finished"))
        started = len(daemon.of("started"))
        self._begin(script.mode)
        self._wait_for(lambda: len(daemon.of("started")) > started, "the microphone is open")
        at_s = time.time()
        self._heard += [Heard(clip, at_s + clip.start_s, at_s + clip.end_s) for clip in script.clips]
        playing = self._stage.sound.play(sound)
        self._wait_for(lambda: playing.poll() is not None, "all is said", len(script.audio) / SAMPLE_RATE)
        self._end(script.mode)
        self._wait_for(lambda: len(daemon.of("finished")) > finished, "the text is confirmed")
        self._count(script, daemon.of("finished")[-1]["text"])
        self._rows(self.taken_s - _TOLD_S)
        self._settle()

    def _begin(self, mode: Mode) -> None:
        match mode:
            case Mode.HOLD:
                self._stage.screen.user.press(CONTROL_R)
            case Mode.TAP:
                self._stage.screen.user.tap(CONTROL_R)
            case Mode.BUS:
                self._daemon.voicetype("start")

    def _end(self, mode: Mode) -> None:
        match mode:
            case Mode.HOLD:
                self._stage.screen.user.release(CONTROL_R)
            case Mode.TAP:
                self._stage.screen.user.tap(CONTROL_R)
            case Mode.BUS:
                self._daemon.voicetype("stop", timeout_s=_LATE_S)

    def _wait_for(self, happened: Callable[[], bool], what: str, more_s: float = 0.0) -> None:
        until_s = time.monotonic() + _LATE_S + more_s
        while not happened():
            if self._daemon.process.poll() is not None or time.monotonic() > until_s:
                raise Late(what)
            time.sleep(0.1)
            self._rows(self.taken_s - _TOLD_S)

    def _settle(self) -> None:
        """Between two dictations: the window has it all, the microphone is closed."""
        self._follow()
        until_s = time.monotonic() + _SHOWN_S
        wanted, fewest = self._text.now, min((each.fds for each in self.figures.idle), default=0)
        while time.monotonic() < until_s:
            sample = self.sample()
            if self._app.text == wanted and sample and sample.fds <= fewest:
                break
            time.sleep(0.1)
        self.figures.shown = self.figures.shown and self._app.text == wanted
        if sample := self.sample():
            self.figures.idle.append(sample)

    def _count(self, script: Script, text: str) -> None:
        figures = self.figures
        figures.dictations += 1
        typed = normalise(text)
        figures.words += len(typed)
        figures.lost += script.speech and not typed
        if script.text:
            said = normalise(script.text)
            figures.said += len(said)
            figures.errors += word_errors(said, typed)
            figures.lost += bool(typed) and len(matched(said, typed)) < len(said) / 2

    def _rows(self, until_s: float) -> None:
        """Print the minutes that were over by then."""
        for before, sample in pairwise(self._samples[len(self.figures.rows) :]):
            if sample.at_s > until_s:
                break
            self._follow()
            row = self._row(before, sample)
            self.figures.rows.append(row)
            print(row.line(), flush=True)

    def _follow(self) -> None:
        """Take in the patches that have come."""
        patches = self._daemon.of("patch")
        for event in patches[self._patches :]:
            self._text.add(event["backspaces"], event["text"], event["timestamp"])
        self._patches = len(patches)

    def _row(self, before: Sample, sample: Sample) -> Row:
        since_s, until_s = self._began_at + before.at_s, self._began_at + sample.at_s

        def within(at_s: float) -> bool:
            return since_s <= at_s < until_s

        clips, text = [heard for heard in self._heard if within(heard.end_s)], self._text
        speech = [heard for heard in clips if not heard.clip.noise]
        noises = [(heard.clip.recording.path.stem, text.grown(heard)) for heard in clips if heard.clip.noise]
        typed = [(name, grown) for name, grown in noises if grown]
        self.figures.in_noise += typed
        return Row(
            sample.at_s,
            (sample.cpu_s - before.cpu_s) / (sample.at_s - before.at_s),
            sample.resident_mb,
            sample.fds,
            sample.threads,
            median([each for heard in speech if (each := text.first_s(heard)) is not None]),
            median([each for heard in speech for each in self._delays(heard)]),
            text.words(since_s, until_s),
            sum(within(event["timestamp"]) for event in self._daemon.of("dropped")),
            sum(len(grown) for _, grown in typed),
            sum(within(at_s) for at_s, _ in self.problems),
        )

    def _delays(self, heard: Heard) -> Iterator[float]:
        timing = self._timings and self._timings / f"{heard.clip.recording.path.stem}.json"
        if timing and timing.is_file():
            yield from self._text.delays(heard, Reference.read(timing))


@contextmanager
def problems(daemon: Daemon, into: list[tuple[float, str]]) -> Iterator[None]:
    """What the daemon reports on the bus, while the block lasts."""
    command = [sys.executable, "-m", "voicetype", "listen"]
    with subprocess.Popen(command, env=daemon.env, stdout=subprocess.PIPE, text=True) as listening:

        def hear() -> None:
            assert listening.stdout is not None
            for event in map(json.loads, listening.stdout):
                if event["type"] == "problem":
                    into.append((time.time(), event["sentence"]))

        thread = threading.Thread(target=hear, daemon=True)
        thread.start()
        try:
            yield
        finally:
            listening.terminate()
            thread.join()


def soak(speech: Path, noise: Path, minutes: float, timings: Path | None) -> Figures:
    """Run it. Prints the table."""
    plan = Plan(read(speech), read(noise, noise=True), 60 * minutes)
    with TemporaryDirectory() as scratch, desktop(Path(scratch)) as stage:
        file = Path(scratch, "config.toml")
        file.write_text(_CONFIG.format(folder=store.place("")))
        with running_daemon(stage.environment, "--config", str(file)) as daemon:
            run = Soak(stage, daemon, timings)
            with problems(daemon, run.problems):
                print(HEADING, flush=True)
                run.run(plan, minutes, Path(scratch))
            return run.figures


def main() -> None:
    """Soak, and print."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.soak",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("speech", type=Path, metavar="SPEECH", help="a folder of recordings")
    parser.add_argument("noise", type=Path, metavar="NOISE", help="a folder of noises")
    parser.add_argument("--minutes", type=float, default=30.0, metavar="N", help="default: %(default)g")
    parser.add_argument("--timings", type=Path, metavar="FOLDER", help="when each word is spoken")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    options = parser.parse_args()
    figures = soak(options.speech, options.noise, options.minutes, options.timings)
    print("\n" + "\n".join(figures.lines()))
    if options.json:
        options.json.write_text(json.dumps(asdict(figures), indent=2) + "\n")
    raise SystemExit(not figures.alive or bool(figures.failed))


if __name__ == "__main__":
    main()
