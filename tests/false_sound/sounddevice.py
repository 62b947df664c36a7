"""As much of `sounddevice` as voicetype uses, for a process of the tests': it does what a file says.

The folder in FALSE_SOUND has `plan.json`: what happens at the first opening, at the second, and, the last of
them, at all later ones. Each is an object; `openings` in that folder has a line for each opening, and `parts`
one for each part of their sound that was heard.

    rate, channels   with which alone the device opens; "" refuses
    blocks           a list of (how many, level of every sample)
    then             "stall", "die", "end" (at which the plan's blocks are over)
    hangs            stopping it takes for ever
"""

from __future__ import annotations

import json
import os
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_FOLDER = Path(os.environ["FALSE_SOUND"])
_initialized = 1


class PortAudioError(Exception):
    """Its own error."""


class default:
    """Which devices are the system's."""

    device = (0, 0)


def _plan() -> list[dict[str, Any]]:
    return list(json.loads((_FOLDER / "plan.json").read_text()))


def _opening() -> dict[str, Any]:
    with (_FOLDER / "openings").open("a") as file:
        file.write(f"{os.getpid()}\n")
    number = len((_FOLDER / "openings").read_text().splitlines()) - 1
    plan = _plan()
    return plan[min(number, len(plan) - 1)]


def query_devices() -> list[dict[str, Any]]:
    """One, or those that were plugged in."""
    names = (_FOLDER / "devices").read_text().splitlines()
    return [{"name": name, "max_input_channels": 2, "default_samplerate": 8_000.0} for name in names]


def _terminate() -> None:
    global _initialized
    assert _initialized
    _initialized -= 1


def _initialize() -> None:
    global _initialized
    _initialized += 1


class RawInputStream:
    """A microphone."""

    latency = 0.0

    def __init__(
        self, *, samplerate: int, channels: int, blocksize: int, callback: Callable[..., None], **_: object
    ) -> None:
        self._plan = _opening()
        self._samples = blocksize * channels
        self._callback = callback
        wanted = (self._plan.get("rate", samplerate), self._plan.get("channels", channels))
        if wanted != (samplerate, channels):
            with (_FOLDER / "openings").open("r+") as file:  # the same opening, tried another way
                lines = file.read().splitlines()[:-1]
                file.seek(0)
                file.truncate()
                file.writelines(f"{line}\n" for line in lines)
            raise PortAudioError("Invalid sample rate")
        if "refuses" in self._plan:
            raise PortAudioError(self._plan["refuses"])

    def start(self) -> None:
        """Hear."""
        threading.Thread(target=self._hear, daemon=True).start()

    def _hear(self) -> None:
        for count, level in self._plan["blocks"]:
            for _ in range(count):
                time.sleep(0.002)
                self._callback(struct.pack("f", float(level)) * self._samples, 0, None, None)
            with (_FOLDER / "parts").open("a") as file:
                file.write("\n")
        if self._plan["then"] == "die":
            os._exit(1)

    def stop(self, *, ignore_errors: bool) -> None:
        """Or never."""
        assert ignore_errors
        if self._plan.get("hangs"):
            time.sleep(3_600)

    def close(self, *, ignore_errors: bool) -> None:
        """Nothing to give back."""
        assert ignore_errors
