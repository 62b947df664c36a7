"""GTK's thread where there is none; with one, it is the overlay's and the tray's tests that use it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from voicetype.errors import DesktopError
from voicetype.toolkit import Toolkit

ROOT = Path(__file__).parent.parent

WITHOUT_DISPLAY = """
from voicetype.errors import DesktopError
from voicetype.toolkit import Toolkit
toolkit = Toolkit()
try:
    toolkit.open()
except DesktopError as error:
    print(error.sentence, error.hint)
toolkit.close()
"""


def test_without_a_display_it_says_so() -> None:
    """In a process of its own: GTK looks for a display once."""
    said = subprocess.run(
        [sys.executable, "-c", WITHOUT_DISPLAY],
        cwd=ROOT, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "no tray icon and no overlay" in said.stdout
    assert "Traceback" not in said.stderr


def test_closed_without_being_opened_it_does_nothing_more() -> None:
    toolkit = Toolkit()
    toolkit.close()
    toolkit.close()
    toolkit.post(lambda: pytest.fail("done without a loop"))
    with pytest.raises(DesktopError, match="has ended"):
        toolkit.call(lambda: None)


def test_whatever_goes_wrong_as_it_opens_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else whoever opens it would wait for ever."""

    def fail() -> None:
        raise OSError("a library is broken")

    toolkit = Toolkit()
    monkeypatch.setattr(toolkit, "_begin", fail)
    with pytest.raises(OSError, match="a library is broken"):
        toolkit.open()
    toolkit.close()
