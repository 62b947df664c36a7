"""`voicetype doctor`: every check in turn, and what all of it means for dictation.

A check may crash (a library that is half installed) or hang (a display that takes a connection and says
nothing). It runs on a thread of its own, and its line then says so; the others go on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from voicetype import surroundings
from voicetype.checks import Finding, Verdict, bad, files, good, screen, server, service, sound, tray, trials
from voicetype.config import Config
from voicetype.config_file import default_path, load
from voicetype.errors import ConfigError

log = logging.getLogger(__name__)

Check = Callable[[Config], Finding]

CHECKS: Mapping[str, Check] = {
    "session": screen.session,
    "keyboard": screen.keyboard,
    "hotkey": screen.hotkey,
    "microphone": sound.microphone,
    "sound server": sound.sound_server,
    "models": files.both_models,
    "disk": files.disk,
    "server": server.server,
    "session bus": service.session_bus,
    "daemon": service.daemon,
    "tray host": tray.tray_host,
    "GTK": tray.toolkit,
}
"""In the order of the table."""

_PATIENCE_S = 6.0
_TRIAL_S = 60.0  # a portal asks the user first
_MARKS = {Verdict.GOOD: "✓", Verdict.WORSE: "–", Verdict.BAD: "✗", Verdict.UNKNOWN: "?"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table. `hung`: the check never ended; its thread is still there."""

    check: str
    finding: Finding
    hung: bool = False


def examine(
    path: Path | None,
    checks: Mapping[str, Check] | None = None,
    patience_s: float = _PATIENCE_S,
    *,
    typing: bool = False,
) -> Iterator[Line]:
    """A line for the configuration in `path` (None: the usual file), then one for each check (None: all).

    `typing`: each way to type is tried, too, in a window that opens for a moment.
    """
    config = Config()
    try:
        config = load(path)
    except ConfigError as error:
        yield Line("configuration", bad(error.sentence, error.hint))
    else:
        where = path or default_path()
        yield Line("configuration", good(f"{where}{'' if where.exists() else ' (not there: defaults)'}"))
    for name, check in (CHECKS if checks is None else checks).items():
        yield _checked(name, check, config, patience_s)
    if typing:
        yield from _trials(config)


def _trials(config: Config) -> Iterator[Line]:
    """A line for each way to type: a text typed into a window that opens for a moment; or why not."""
    choice = surroundings.choose(config.typing.keyboard)
    ways = trials.ways(choice)
    lines = [_checked(f"typing: {way}", partial(trials.tried, way), config, _TRIAL_S) for way in ways]
    yield from lines
    for way, finding in trials.refused(choice).items():
        yield Line(f"typing: {way}", finding)
    if ways and all(line.finding.verdict not in (Verdict.GOOD, Verdict.UNKNOWN) for line in lines):
        yield Line("typing", bad("no way to type works here", "The lines above say what each of them lacks."))


def can_dictate(lines: Sequence[Line]) -> bool:
    """Whether nothing is missing that dictation needs, a way to begin one included."""
    verdicts = {line.check: line.finding.verdict for line in lines}
    begins = [verdicts[each] for each in ("hotkey", "session bus") if each in verdicts]
    return Verdict.BAD not in verdicts.values() and (Verdict.GOOD in begins or not begins)


def table(lines: Sequence[Line]) -> str:
    """For people: a mark, the check, its result, and below it what to do."""
    width = max(len(line.check) for line in lines)
    rows = []
    for line in lines:
        rows.append(f"{_MARKS[line.finding.verdict]} {line.check:<{width}}  {line.finding.result}")
        if line.finding.remedy:
            rows.append(f"{'':<{width + 4}}→ {line.finding.remedy}")
    return "\n".join(rows)


def fields(lines: Sequence[Line]) -> dict[str, object]:
    """For scripts."""
    return {
        "works": can_dictate(lines),
        "checks": [{"check": line.check, **asdict(line.finding)} for line in lines],
    }


def _checked(name: str, check: Check, config: Config, patience_s: float) -> Line:
    """What a check finds, whatever becomes of it."""
    answer: Future[Finding] = Future()

    def look() -> None:
        try:
            answer.set_result(check(config))
        except BaseException as error:  # noqa: BLE001  # of any library; told below
            answer.set_exception(error)

    threading.Thread(target=look, name=f"doctor: {name}", daemon=True).start()
    again = f"Run `voicetype doctor --verbose`; what it says of {name} helps a bug report."
    try:
        error = answer.exception(patience_s)
    except TimeoutError:
        return Line(name, bad(f"no answer within {patience_s:g} s", again), hung=True)
    if error is None:
        return Line(name, answer.result())
    log.debug("the check of %s failed", name, exc_info=error)
    return Line(name, bad(f"the check failed: {type(error).__name__}: {error}", again))
