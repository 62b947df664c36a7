"""What a dictation loses when something fails under it, and how soon it goes on.

    python -m tests.bench.faults [--only WORD]

A daemon with tiny.en and base, which must be on this machine, types into nothing; its microphone belongs to a
sound server of its own. In each dictation a sentence is said, then something fails for a while, and as soon
as that is mended another one is said. A line for each fault:

lost       words of the first sentence in whose place the text has none at the end
recovered  seconds from when it was mended until new text, less the seconds that takes without a fault
told       how often the user was told something

A fault is survived where the daemon goes on without a restart, and nothing said before is lost.
"""

from __future__ import annotations

import argparse
import difflib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.score import normalise
from tests.folders import short_folder
from tests.real.daemon import Daemon, demo, running_daemon, write_wave
from tests.real.soundserver import SINK, SOURCE, SoundServer
from voicetype.audio import read_recording
from voicetype.core.events import SAMPLE_RATE

_FAILS_S = 3.0
_HEARD_S = 1.0  # from the end of a sentence until its last words are on their way
_WAIT_S = 20.0
_WORDS = 12  # of the first sentence
_CONFIG = (
    '[typing]\nkeyboard = "dummy"\n[audio]\nsounds = false\n[desktop]\ntray = false\noverlay = "never"\n'
)


@dataclass
class Scene:
    """A daemon, its sound server, and what is said."""

    daemon: Daemon
    sound: SoundServer
    before: Path
    after: Path

    def listener(self) -> int:
        """The process that listens now."""
        me, found = (
            self.daemon.process.pid,
            subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True),
        )
        lines = [line.split(None, 2) for line in found.stdout.decode().splitlines()]
        children = [int(pid) for pid, parent, args in lines if parent == str(me) and "sound_child" in args]
        return max(children)


@dataclass(frozen=True)
class Fault:
    """`fails` and `mends` change the scene. `first`, `then`: where is spoken. `ends`: the dictation."""

    name: str
    fails: Callable[[Scene], object] = lambda _: None
    mends: Callable[[Scene], object] = lambda _: None
    for_s: float = _FAILS_S
    first: str = SINK
    then: str = SINK
    ends: bool = False


@dataclass
class Outcome:
    """What came of a fault."""

    words: list[str] = field(default_factory=list)
    heard_s: float | None = None
    told: int = 0


def _default_changes(scene: Scene) -> None:
    scene.sound.plug_in("othermic", "other_sink")
    scene.sound.choose("othermic")


def _signal_server(number: signal.Signals) -> Callable[[Scene], object]:
    return lambda scene: scene.sound.signal(number)


def _signal_listener(number: signal.Signals) -> Callable[[Scene], object]:
    return lambda scene: os.kill(scene.listener(), number)


def _signal_daemon(number: signal.Signals) -> Callable[[Scene], object]:
    return lambda scene: scene.daemon.process.send_signal(number)


FAULTS = (
    Fault("none"),
    Fault("microphone unplugged, back after 3 s", lambda s: s.sound.unplug(), lambda s: s.sound.plug_in()),
    Fault(
        "microphone unplugged for 10 s",
        lambda s: s.sound.unplug(),
        lambda s: s.sound.plug_in(),
        10,
        ends=True,
    ),
    Fault("default microphone changed", _default_changes, for_s=0.0, then="other_sink"),
    Fault("default changed back", lambda s: s.sound.choose(SOURCE), for_s=0.0, first="other_sink"),
    Fault("microphone muted", lambda s: s.sound.mute(muted=True), lambda s: s.sound.mute(muted=False), 7),
    Fault("sound server killed, restarted", lambda s: s.sound.kill(), lambda s: s.sound.start()),
    Fault(
        "sound server stalls for 0.4 s", _signal_server(signal.SIGSTOP), _signal_server(signal.SIGCONT), 0.4
    ),
    Fault(
        "sound server stalls for 1.5 s", _signal_server(signal.SIGSTOP), _signal_server(signal.SIGCONT), 1.5
    ),
    Fault("sound server hangs for 4 s", _signal_server(signal.SIGSTOP), _signal_server(signal.SIGCONT), 4),
    Fault("listening process crashes", _signal_listener(signal.SIGKILL), for_s=0.0),
    Fault("listening process hangs", _signal_listener(signal.SIGSTOP), for_s=0.0),
    Fault("daemon stopped for 5 s", _signal_daemon(signal.SIGSTOP), _signal_daemon(signal.SIGCONT), 5),
)


def main() -> None:
    """Run them all, print a table."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--only", default="", help="faults with this in their name")
    only = arguments.parse_args().only
    chosen = [fault for fault in FAULTS if only in fault.name or fault.name == "none"]
    with short_folder() as folder:
        sound = SoundServer(folder)
        try:
            sound.start()
            samples = read_recording(demo("demo-congrats.g722"))
            before = write_wave(folder / "before.wav", samples[: 7 * SAMPLE_RATE])
            after = write_wave(folder / "after.wav", samples[7 * SAMPLE_RATE : 14 * SAMPLE_RATE])
            config = folder / "config.toml"
            config.write_text(_CONFIG)
            with running_daemon(os.environ | sound.env, "--config", str(config)) as daemon:
                report(Scene(daemon, sound, before, after), chosen)
        finally:
            sound.close()


def report(scene: Scene, faults: list[Fault]) -> None:
    """A line for each; the first is none."""
    print(f"{'fault':<40}{'survived':>9}{'lost':>6}{'recovered':>11}{'told':>6}", flush=True)
    usual, survived = Outcome(), 0
    for fault in faults:
        outcome = run(scene, fault)
        usual = Outcome(outcome.words[:_WORDS], outcome.heard_s) if fault.name == "none" else usual
        lost = missing(usual.words, outcome.words)
        well = not lost and outcome.heard_s is not None and scene.daemon.process.poll() is None
        survived += well
        late = "never" if outcome.heard_s is None else f"{outcome.heard_s - (usual.heard_s or 0.0):.2f} s"
        print(f"{fault.name:<40}{'yes' if well else 'NO':>9}{lost:>6}{late:>11}{outcome.told:>6}", flush=True)
    print(f"survived {survived} of {len(faults)}")


def run(scene: Scene, fault: Fault) -> Outcome:
    """One dictation, and what came of it."""
    daemon, outcome = scene.daemon, Outcome()
    told, finished = len(problems(daemon)), len(daemon.of("finished"))
    start(daemon)
    scene.sound.play(scene.before, fault.first).wait()
    time.sleep(_HEARD_S)
    fault.fails(scene)
    time.sleep(fault.for_s)
    fault.mends(scene)
    mended, segments = time.monotonic(), len(daemon.of("segment"))
    if fault.ends:
        daemon.wait_for(lambda: len(daemon.of("finished")) > finished, "the dictation has ended")
        start(daemon)
    speech = scene.sound.play(scene.after, fault.then)
    while time.monotonic() < mended + _WAIT_S and outcome.heard_s is None:
        if len(daemon.of("segment")) > segments:
            outcome.heard_s = time.monotonic() - mended
        time.sleep(0.01)
    speech.wait()
    daemon.voicetype("stop")
    outcome.words = normalise(" ".join(event["text"] for event in daemon.of("finished")[finished:]))
    outcome.told = len(problems(daemon)) - told
    return outcome


def start(daemon: Daemon) -> None:
    """Begin a dictation, and wait until it listens."""
    begun = len(daemon.of("started"))
    daemon.voicetype("start")
    daemon.wait_for(lambda: len(daemon.of("started")) > begun, "the microphone is open")


def problems(daemon: Daemon) -> list[str]:
    """What the user was told."""
    return [line for line in daemon.said if line.startswith("The ") and "icrophone" in line]


def missing(usual: list[str], said: list[str]) -> int:
    """How many of the usual words have none in their place; another one there is the model's own doing."""
    parts = difflib.SequenceMatcher(None, usual, said, autojunk=False).get_opcodes()
    return sum(max(0, (end - begin) - (until - since)) for _, begin, end, since, until in parts)


if __name__ == "__main__":
    main()
