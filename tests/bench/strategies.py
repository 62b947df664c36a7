"""Dictate a list of recordings in real time with each strategy, and print their figures side by side.

    python -m tests.bench.strategies LIST RECORDINGS TIMINGS [--only NAME ...] [--events FOLDER] [-- OPTIONS]

LIST, RECORDINGS and TIMINGS are those of `tests.bench.replay`, whose figures these are, and OPTIONS go to
`voicetype replay` as there. A pass of a strategy takes as long as the recordings and three seconds for each.
The servers of `remote` and `streaming` are started on this machine, with the heavy model, and cost their part
of its processor; a line between counts what is sent to them. `--heavy` names another model than base.

memory     of the dictating process, resident, while it dictates: the median and the highest of twenty samples
           a second, model loading included where a strategy loads while it dictates
cores      processor seconds of the dictating process a second of audio
sent       bytes to the server a second of audio, in thousands
x dual     seconds from a word's end until it stands right, the median, as a multiple of dual's in this run

    python -m tests.bench.strategies open.list speech timings -- --language en --preset light
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from tests.bench.replay import Run, command, parted, print_table, recording_path, to_trace
from tests.bench.score import Reference
from voicetype.engine import models
from voicetype.strategies import Strategy

_SAMPLE_S = 0.05
_SERVERS = {
    Strategy.REMOTE: ("tests.bench.speech_server", ()),
    Strategy.STREAMING: ("tests.real.listen_service", ("--model",)),
}


class Line:
    """A line to a server, on this machine, that counts what goes out over it."""

    def __init__(self, port: int) -> None:
        self.sent = 0
        self._port = port
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            caller, _ = self._door.accept()
            server = socket.create_connection(("127.0.0.1", self._port))
            threading.Thread(target=self._pass, args=(caller, server, True), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, caller, False), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket, out: bool) -> None:
        with suppress(OSError):
            while data := one.recv(1 << 16):
                self.sent += len(data) if out else 0
                other.sendall(data)
        with suppress(OSError):
            other.shutdown(socket.SHUT_WR)


@dataclass
class Tried:
    """What came of a strategy."""

    run: Run = field(default_factory=Run)
    memory: list[float] = field(default_factory=list)  # MB
    sent: int = 0

    def rows(self, dual: Tried | None) -> dict[str, str]:
        """The figures as they are printed."""
        rows = self.run.rows()
        del rows["peak memory (MB)"], rows["processor seconds per second of audio"]
        audio_s = sum(stats["audio_s"] for stats in self.run.stats)
        cores = sum(stats["cpu_s"] for stats in self.run.stats) / audio_s
        rows["memory, median / highest (MB)"] = (
            f"{statistics.median(self.memory):.0f} / {max(self.memory):.0f}"
        )
        rows["cores"] = f"{cores:.2f}"
        rows["sent (kB a second)"] = f"{self.sent / audio_s / 1000:.1f}" if self.sent else "0"
        rows["x dual"] = f"{self.delay_s / dual.delay_s:.2f}" if dual else "–"
        return rows

    @property
    def delay_s(self) -> float:
        """From a word's end until it stands right, the median."""
        return statistics.median(self.run.score.emission)


def replay(recording: Path, options: Sequence[str]) -> tuple[list[dict[str, Any]], list[float]]:
    """The event stream of one recording in real time, and the memory of the process meanwhile, in MB."""
    process = subprocess.Popen(command(recording, list(options)), stdout=subprocess.PIPE, text=True)
    dictating, over, memory = threading.Event(), threading.Event(), list[float]()

    def sample() -> None:
        dictating.wait()
        while not over.wait(_SAMPLE_S):
            memory.append(_resident_mb(process.pid))

    sampler = threading.Thread(target=sample)
    sampler.start()
    events = []
    assert process.stdout is not None
    for line in process.stdout:
        dictating.set()
        events.append(json.loads(line))
        if events[-1]["type"] == "finished":
            over.set()
    dictating.set()
    over.set()
    sampler.join()
    if process.wait() or not events:
        raise SystemExit(f"{recording.name}: it failed; what it said stands above")
    return events, memory


def _resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


@contextmanager
def server(strategy: Strategy, heavy: str, folder: Path) -> Iterator[tuple[list[str], Line | None]]:
    """Options for `voicetype replay` to dictate so, and the line to the server where there is one."""
    options = ["--strategy", strategy.value]
    if strategy not in _SERVERS:
        yield options, None
        return
    module, before = _SERVERS[strategy]
    program = [sys.executable, "-m", module, *before, str(models.ensure(heavy))]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stdout is not None
            address = urlsplit(json.loads(serving.stdout.readline())["address"])
            threading.Thread(target=serving.stdout.read, daemon=True).start()  # what else it tells
            assert address.port, f"{module} told no address"
            line = Line(address.port)
            through = address._replace(netloc=f"127.0.0.1:{line.port}").geturl()
            file = folder / f"{strategy.value}.toml"
            file.write_text(f'[{strategy.value}]\naddress = "{through}"\n')
            yield [*options, "--config", str(file)], line
        finally:
            serving.kill()


def main() -> None:
    """Run and print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.strategies",
        usage="%(prog)s LIST RECORDINGS TIMINGS [--only NAME ...] [--events FOLDER] [-- OPTIONS]",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("list", metavar="LIST", type=Path, help="names of recordings, one a line")
    parser.add_argument("recordings", metavar="RECORDINGS", type=Path, help="folder of NAME.flac or NAME.wav")
    parser.add_argument("timings", metavar="TIMINGS", type=Path, help="folder of NAME.json")
    parser.add_argument(
        "--only", nargs="+", choices=[each.value for each in Strategy], help="these strategies"
    )
    parser.add_argument("--heavy", default="base", help="the servers' model; default: %(default)s")
    parser.add_argument("--events", metavar="FOLDER", type=Path, help="keep the event streams")
    ours, options = parted(sys.argv[1:])
    arguments = parser.parse_args(ours)
    names = arguments.list.read_text().split()
    references = {name: Reference.read(arguments.timings / f"{name}.json") for name in names}
    tried: dict[Strategy, Tried] = {}
    for strategy in [Strategy(name) for name in arguments.only or [each.value for each in Strategy]]:
        tried[strategy] = Tried()
        with ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory()))
            how, line = stack.enter_context(server(strategy, arguments.heavy, folder))
            for number, name in enumerate(names, 1):
                print(f"{strategy.value} {number}/{len(names)} {name}", file=sys.stderr, flush=True)
                events, memory = replay(recording_path(arguments.recordings, name), [*how, *options])
                _add(tried[strategy], references[name], events, memory)
                if arguments.events:
                    place = arguments.events / strategy.value
                    place.mkdir(parents=True, exist_ok=True)
                    (place / f"{name}.jsonl").write_text("\n".join(map(json.dumps, events)) + "\n")
            tried[strategy].sent = line.sent if line else 0
    dual = tried.get(Strategy.DUAL)
    print_table({strategy.value: each.rows(dual) for strategy, each in tried.items()})


def _add(tried: Tried, reference: Reference, events: list[dict[str, Any]], memory: list[float]) -> None:
    """A recording's part of it."""
    tried.run.score.add(reference, to_trace(events))
    tried.run.speech_s += reference.speech_s
    tried.run.stats.append(events[-1]["stats"])
    tried.memory += memory


if __name__ == "__main__":
    main()
