"""What the daemon costs while nobody dictates, and how quickly it is there.

    python -m tests.bench.daemon [--idle-s 60]

A daemon with tiny.en and base, which must be on this machine, runs on an X server, a sound server, a tray's
panel and a bus of its own, as it would on a desktop, with the icon and the overlay. A line for each figure:

status      seconds of `voicetype status`, from the shell to its end: least and median of twenty
key         from the start of the process until the push-to-talk key is heard; what is said then waits
ready       from the start of the process until both models can hear
switch      from SetModels until the other heavy model hears, and back
idle        processor seconds a second, in percent of one core, over --idle-s seconds
memory      MB resident: with both models, and with the heavy one out of the memory
wake        from Start, with the heavy model out of the memory, until it hears again

    python -m tests.bench.daemon --idle-s 300
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.steady import Usage, usage
from tests.folders import short_folder
from tests.real.panel import running_panel
from tests.real.soundserver import SoundServer
from tests.real.xserver import Desktop, running_desktop
from voicetype import client
from voicetype.engine import store
from voicetype.errors import DaemonError

_DEADLINE_S = 60.0
_RUNS = 20
_UNLOAD_S = 5
_CONFIG = """\
language = "en"
[models]
fast = "tiny.en"
heavy = "base"
folder = "{folder}"
unload_after_s = {unload_s}
"""


def main() -> None:
    """Start, measure, print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--idle-s", type=float, default=60.0, help="how long to watch it do nothing")
    idle_s = arguments.parse_args().idle_s
    with TemporaryDirectory() as scratch, desktop(Path(scratch)) as stage:
        environment = stage.environment
        stage.screen.gtk()
        with daemon(environment, Path(scratch), 0) as pid:
            status(environment)
            switch()
            idle(pid, idle_s)
            print(f"memory   {held(pid).resident_mb:.0f} MB with both models")
        with daemon(environment, Path(scratch), _UNLOAD_S, told=False) as pid:
            time.sleep(_UNLOAD_S + 2)
            print(f"memory   {held(pid).resident_mb:.0f} MB without the heavy one")
            wake(pid)


@dataclass(frozen=True)
class Stage:
    """A desktop, its microphone, and what a program there sees."""

    screen: Desktop
    sound: SoundServer
    environment: dict[str, str]


@contextmanager
def desktop(folder: Path) -> Iterator[Stage]:
    """An X server, a window manager, a panel, a bus and a microphone."""
    with ExitStack() as stack:
        screen = stack.enter_context(running_desktop(folder))
        panel = stack.enter_context(running_panel(screen, folder))
        os.environ["DBUS_SESSION_BUS_ADDRESS"] = panel.environment["DBUS_SESSION_BUS_ADDRESS"]
        sound = SoundServer(stack.enter_context(short_folder()))
        stack.callback(sound.close)
        sound.start()
        heard = {name: sound.env[name] for name in ("XDG_RUNTIME_DIR", "PULSE_SERVER")}
        yield Stage(screen, sound, panel.environment | heard)


@contextmanager
def daemon(environment: dict[str, str], folder: Path, unload_s: int, *, told: bool = True) -> Iterator[int]:
    """A daemon with both models; its process. Prints how long that took."""
    file = folder / "config.toml"
    file.write_text(_CONFIG.format(folder=store.place(""), unload_s=unload_s))
    began = time.monotonic()
    command = [sys.executable, "-m", "voicetype", "run", "--config", str(file), "--format", "text"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            key_s = until(lambda: "Control_R" in str(properties().get("Hotkey")), began)
            ready_s = until(lambda: properties().get("Ready") is True, began)
            if told:
                print(f"key      {key_s:.2f} s from the start until the push-to-talk key is heard")
                print(f"ready    {ready_s:.2f} s from the start until both models can hear", flush=True)
            yield process.pid
        finally:
            process.terminate()


def status(environment: dict[str, str]) -> None:
    """How long a person waits for `voicetype status`."""
    taken = []
    for _ in range(_RUNS):
        began = time.monotonic()
        command = [str(Path(sys.executable).parent / "voicetype"), "status"]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        taken.append(time.monotonic() - began)
    print(
        f"status   {min(taken):.3f} s least, {statistics.median(taken):.3f} s median of {_RUNS}", flush=True
    )


def switch() -> None:
    """Another heavy model and back; tiny.en stands for the other one."""
    for heavy in ("tiny.en", "base"):
        began = time.monotonic()
        client.call("SetModels", "ss", "tiny.en", heavy)
        taken_s = until(lambda name=heavy: properties().get("HeavyModel") == name, began)  # type: ignore[misc]
        print(f"switch   {taken_s:.2f} s until {heavy} hears instead", flush=True)


def idle(pid: int, idle_s: float) -> None:
    """What it costs to wait for a key."""
    before = held(pid)
    time.sleep(idle_s)
    spent_s = held(pid).cpu_s - before.cpu_s
    print(f"idle     {100 * spent_s / idle_s:.2f} % of one core over {idle_s:.0f} s", flush=True)


def wake(pid: int) -> None:
    """A dictation brings the heavy model back."""
    resting = held(pid).resident_mb
    began = time.monotonic()
    client.call("Start", "a{sv}", {})
    taken_s = until(lambda: held(pid).resident_mb > resting + 50 and not properties().get("Loading"), began)
    print(f"wake     {taken_s:.2f} s until the heavy model hears again")
    client.call("Cancel")


def until(happened: Callable[[], bool], began: float) -> float:
    """Seconds from `began` until it has happened."""
    while not happened():
        if time.monotonic() - began > _DEADLINE_S:
            raise SystemExit("The daemon does not get there; is another program using the processor?")
        time.sleep(0.01)
    return time.monotonic() - began


def properties() -> dict[str, object]:
    """The daemon's; none while it is not there."""
    try:
        return client.properties()
    except DaemonError:
        return {}


def held(pid: int) -> Usage:
    """What the process has taken and holds."""
    now = usage(pid)
    if now is None:
        raise SystemExit("The daemon has ended.")
    return now


if __name__ == "__main__":
    main()
