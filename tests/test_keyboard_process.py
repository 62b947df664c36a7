"""A keyboard in a process of its own, whose module says by `app` which process that is."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from voicetype.keyboard.process import ProcessKeyboard

KEYBOARD = """
import os
from voicetype.keyboard import Claim
from voicetype.keyboard.dummy import DummyKeyboard

class Numbered(DummyKeyboard):
    def claim(self):
        return Claim(app=str(os.getpid()))

def make(options, held):
    return Numbered()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_a_terminal_or_systemd_tells_both_ends_the_parent_alone(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numbered.py").write_text(KEYBOARD)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    keyboard = ProcessKeyboard("numbered", "numbered", {})
    keyboard.open(lambda _: None)
    try:
        child = keyboard.claim().app
        os.kill(int(child), number)
        assert keyboard.claim().app == child
    finally:
        keyboard.close()
