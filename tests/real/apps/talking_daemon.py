"""The whole daemon, into whose microphone somebody talks without end; its models know what is said.

    python -m tests.real.apps.talking_daemon CONFIGURATION [real]

The microphone and the models alone are false; "real": the models alone. It prints JSON lines.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.fakes import FakeTranscriber, LevelDetector
from voicetype import cli, desktop, making
from voicetype.engine import models
from voicetype.frames import Frame

TALK = "The quick brown fox eats Käse ≠ 日本 αβγ and jumps over the lazy dog"
"""With characters that a layout lacks, for which keycodes are bound."""


def says(samples: int) -> str:
    """A word each quarter of a second, over and over."""
    words = TALK.split()
    return " ".join(words[n % len(words)] for n in range(samples // 4000))


class Talk:
    """A microphone; ten times as fast as a clock."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def open(self) -> None:
        """It is, always."""

    def __iter__(self) -> Iterator[Frame]:
        while not self._stopped.wait(0.0032):
            yield np.full(512, 1.0, np.float32)

    def stop(self) -> None:
        self._stopped.set()

    def close(self) -> None:
        self._stopped.set()


def main() -> None:
    two = {name: FakeTranscriber(name, says) for name in ("tiny.en", "base")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "ensure", lambda name, *_: Path(name))
        patch.setattr(making, "open_model", lambda _folder, name, *_: two[name])
        if "real" not in sys.argv:
            patch.setattr(desktop, "Microphone", lambda *_, **__: Talk())
        patch.setattr("voicetype.listening_loop.VoiceActivity", LevelDetector)
        command = [
            "--config",
            sys.argv[1],
            "run",
            "--preset",
            "light",
            "--language",
            "en",
            "--format",
            "jsonl",
        ]
        sys.exit(cli.main(command))


if __name__ == "__main__":
    main()
