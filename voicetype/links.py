"""What PipeWire has linked our stream to: a microphone, or, where none is there, what the loudspeakers play.

The sound servers do that by themselves when the last microphone is unplugged, and tell no program.
PipeWire's own `pw-link` says it, at once and for little; where there is none (PulseAudio), nothing is known.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

_MONITOR = "monitor_"  # the name of a port where what a loudspeaker plays can be heard
_COMMAND = ["setpriv", "--pdeathsig", "KILL", "pw-link", "--links", "--monitor"]  # it ends with us


def name_streams() -> str:
    """Have PipeWire call our streams by a name of their own, which is the answer."""
    node = f"voicetype-{os.getpid()}"
    known_as = f'node.name = "{node}" node.description = "voicetype" application.name = "voicetype"'
    os.environ["PIPEWIRE_ALSA"] = f"{{ {known_as} }}"
    return node


class Links:
    """Watches until `close`. `tell` is told, on a thread of its own, whether loudspeakers are heard."""

    def __init__(self, node: str, tell: Callable[[bool], object]) -> None:
        self._node, self._tell = node, tell
        self._sources: set[str] = set()
        self._heading = ""
        self._told: bool | None = None
        self._process: subprocess.Popen[str] | None = None
        with suppress(OSError):
            self._process = subprocess.Popen(
                _COMMAND,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            Thread(target=self._read, args=(self._process,), name="links", daemon=True).start()

    def close(self) -> None:
        """Watch no more."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        for line in process.stdout:
            self.take(line.rstrip("\n"))

    def take(self, line: str) -> None:
        """A line of pw-link's: `= port`, `=   |<- port` below it, or `+ port -> port`, `- port -> port`."""
        sign, text = line[:1], line[2:]
        source, arrow, target = text.rpartition(" -> ")
        if sign == "=" and text.startswith("  |<- "):
            source, target = text.removeprefix("  |<- "), self._heading
        elif sign == "=":
            self._heading = text
            return
        elif not arrow:
            return
        if target.startswith(f"{self._node}:"):
            if sign == "-":
                self._sources.discard(source)
            else:
                self._sources.add(source)
            self._decide()

    def _decide(self) -> None:
        """Between two links there is nothing to be told."""
        if not self._sources:
            return
        monitors = all(source.rpartition(":")[2].startswith(_MONITOR) for source in self._sources)
        if monitors is not self._told:
            self._told = monitors
            self._tell(monitors)
