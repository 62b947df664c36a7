"""How fast a way to type is: characters a second, and how soon a patch is seen.

    python -m tests.bench.typing [--keyboard WAY] [--patches N] [--rate N]

Starts a display server of its own with a window manager and a GTK text view, and types there. Two things are
measured, and at the end the text of the view must be exact, or nothing is reported:

characters a second  a long text at the adapter's highest rate, until the view shows all of it
milliseconds         from the start of a short patch (a word mended, a word more) until the view shows it

Patches come at a rate that is configured for users by default (--rate). The table is Markdown. Needs what
the tests against real servers need.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from voicetype.config import Config
from voicetype.core import patch as patches
from voicetype.core.events import Patch
from voicetype.keyboard import Keyboard

_WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "naïve", "señors", "café", "“9", "€”")
_LONG = 2000  # characters
_HIGHEST = 100_000  # characters a second: as fast as the adapter goes
_DEADLINE_S = 60.0
_LOOK_S = 0.001


@dataclass(frozen=True, slots=True)
class Stage:
    """Where is typed: a keyboard for a rate (characters a second), and the text of the view."""

    keyboard: Callable[[int], Keyboard]
    text: Callable[[], str]


@contextmanager
def x11(folder: Path) -> Iterator[Stage]:
    """XTEST, on Xvfb with openbox."""
    from tests.real.xserver import running_desktop
    from voicetype.keyboard.x11 import X11Keyboard
    from voicetype.x11.own_keys import OwnKeys

    with running_desktop(folder) as desktop:
        view = desktop.gtk()
        yield Stage(lambda rate: X11Keyboard(rate, OwnKeys()), lambda: view.text)


@contextmanager
def _wayland(folder: Path, way: str, module: str) -> Iterator[Stage]:
    from tests.real.wayland import running_compositor
    from voicetype.keyboard.process import ProcessKeyboard

    with running_compositor(folder) as compositor:
        view = compositor.gtk()
        yield Stage(lambda rate: ProcessKeyboard(way, module, {"characters_per_s": rate}), lambda: view.text)


def input_method(folder: Path) -> AbstractContextManager[Stage]:
    """input-method-unstable-v2, on sway."""
    return _wayland(folder, "input-method", "voicetype.keyboard.input_method")


def virtual_keyboard(folder: Path) -> AbstractContextManager[Stage]:
    """virtual-keyboard-unstable-v1, on sway."""
    return _wayland(folder, "virtual-keyboard", "voicetype.keyboard.virtual_keyboard")


@contextmanager
def ibus(folder: Path) -> Iterator[Stage]:
    """An engine of ours, on Xvfb with openbox and an ibus-daemon."""
    from tests.real.ibus import running_ibus
    from voicetype.keyboard.process import ProcessKeyboard

    with running_ibus(folder) as ibus:
        view = ibus.gtk()
        yield Stage(lambda _: ProcessKeyboard("ibus", "voicetype.keyboard.ibus", {}), lambda: view.text)


WAYS: Mapping[str, Callable[[Path], AbstractContextManager[Stage]]] = {
    "x11": x11,
    "input-method": input_method,
    "virtual-keyboard": virtual_keyboard,
    "ibus": ibus,
}
"""By the name that `typing.keyboard` has for it in the configuration."""


@dataclass(slots=True)
class View:
    """What stands in the text view, and must."""

    stage: Stage
    stands: str = ""

    def apply(self, keyboard: Keyboard, patch: Patch) -> float:
        """Seconds until the view shows it. Raises SystemExit where it shows something else."""
        self.stands = patches.apply(self.stands, patch)
        began = time.perf_counter()
        keyboard.apply(patch)
        while self.stage.text() != self.stands:
            if time.perf_counter() - began > _DEADLINE_S:
                raise SystemExit(f"The text is not exact: {self.stage.text()!r}, not {self.stands!r}")
            time.sleep(_LOOK_S)
        return time.perf_counter() - began


@contextmanager
def opened(keyboard: Keyboard) -> Iterator[Keyboard]:
    """A keyboard with its claim."""
    keyboard.open(lambda _: None)
    try:
        keyboard.claim()
        yield keyboard
    finally:
        keyboard.close()


def words(chance: random.Random, characters: int) -> str:
    """So many characters of words."""
    text = ""
    while len(text) < characters:
        text += f"{chance.choice(_WORDS)} "
    return text[:characters]


def fastest(view: View, chance: random.Random) -> float:
    """Characters a second, erased ones too."""
    with opened(view.stage.keyboard(_HIGHEST)) as keyboard:
        view.apply(keyboard, Patch(0, words(chance, 100)))  # what the layout lacks is bound from here on
        erased = len(view.stands)
        taken_s = view.apply(keyboard, Patch(erased, words(chance, _LONG)))
        return (erased + _LONG) / taken_s


def latencies(view: View, chance: random.Random, count: int, rate: int) -> list[float]:
    """Seconds from each of `count` short patches until it is seen."""
    taken_s = []
    with opened(view.stage.keyboard(rate)) as keyboard:
        view.apply(keyboard, Patch(0, words(chance, 100)))
        for _ in range(count):
            taken_s.append(view.apply(keyboard, Patch(chance.randrange(6), words(chance, 8))))
    return taken_s


def measure(way: str, count: int, rate: int) -> str:
    """A row of the table."""
    chance = random.Random(1)
    with TemporaryDirectory() as folder, WAYS[way](Path(folder)) as stage:
        view = View(stage)
        per_s = fastest(view, chance)
        taken_ms = [1000 * each for each in latencies(view, chance, count, rate)]
    p95 = statistics.quantiles(taken_ms, n=20)[-1]
    return f"| {way} | {per_s:.0f} | {statistics.median(taken_ms):.1f} | {p95:.1f} |"


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.typing",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--keyboard",
        metavar="WAY",
        action="append",
        choices=sorted(WAYS),
        help=f"{', '.join(sorted(WAYS))}; may be given several times (default: all)",
    )
    parser.add_argument(
        "--patches", type=int, default=100, metavar="N", help="short patches (default: %(default)d)"
    )
    parser.add_argument(
        "--rate",
        type=int,
        default=Config().typing.characters_per_s,
        metavar="N",
        help="characters a second of the short patches (default: %(default)d)",
    )
    arguments = parser.parse_args()
    print("| way | characters a second | patch seen after, p50 (ms) | p95 (ms) |")
    print("|---|---|---|---|", flush=True)
    for way in arguments.keyboard or sorted(WAYS):
        print(measure(way, arguments.patches, arguments.rate), flush=True)


if __name__ == "__main__":
    main()
