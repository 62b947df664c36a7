"""A keyboard in a process of its own, whose module says by `app` which process that is."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from voicetype.core.events import Erasing, NewLine, Patch
from voicetype.keyboard import Claim, Purpose
from voicetype.keyboard.process import ProcessKeyboard

KEYBOARD = """
import os
from voicetype.core.events import Erasing
from voicetype.keyboard import Claim, Purpose
from voicetype.keyboard.dummy import DummyKeyboard

class Numbered(DummyKeyboard):
    def claim(self):
        return Claim(app=str(os.getpid()))

class Honest(DummyKeyboard):
    def claim(self):
        return Claim(True, "app", "instance", Purpose.TERMINAL, Erasing.EXACT, True, False)

    def apply(self, patch):
        self._text = repr(patch)

    def read(self, characters):
        return self._text

def make(options, held):
    return Honest() if options else Numbered()
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


def test_what_goes_between_them_comes_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Line breaks among it, although there is a message a line."""
    (tmp_path / "numbered.py").write_text(KEYBOARD)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    keyboard = ProcessKeyboard("numbered", "numbered", {"honest": True})
    keyboard.open(lambda _: None)
    try:
        assert keyboard.claim() == Claim(
            True, "app", "instance", Purpose.TERMINAL, Erasing.EXACT, True, False
        )
        for patch in (
            Patch(3, "one\n\n\u2028two\r\n", 7, 2, NewLine.RETURN),
            Patch(0, "\n", new_lines=NewLine.SHIFT_RETURN),
            Patch(1, "one\ntwo"),
        ):
            keyboard.apply(patch)
            assert keyboard.read(1) == repr(patch)
    finally:
        keyboard.close()
