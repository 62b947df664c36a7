"""What is seen of the daemon, where not all of it can be had."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.real.control import FakeControl
from voicetype import look
from voicetype.config import DesktopConfig
from voicetype.errors import DesktopError
from voicetype.look import Look
from voicetype.toolkit import Toolkit
from voicetype.tray import Offers, Tray


class FakeWindow:
    """A tray or an overlay, whichever `missing` does not name."""

    opened: list[str]
    missing: str = ""

    def __init__(self, *_: object) -> None:
        """Nothing is kept."""

    def open(self) -> None:
        name = type(self).__name__
        if name in self.missing or self.missing == "all":
            raise DesktopError(f"There is no {self.missing}.", "Install it.")
        self.opened.append(name)

    def unseen(self) -> None:
        """Somebody shows it."""

    def close(self) -> None:
        """Nothing to give back."""


class FakeTray(FakeWindow): ...


class FakeOverlay(FakeWindow): ...


class FakeToolkit(FakeWindow):
    def open(self) -> None:
        """There is one."""


@pytest.mark.parametrize(
    ("missing", "opened"), [("FakeTray", "FakeOverlay"), ("FakeOverlay", "FakeTray"), ("all", "")]
)
def test_the_one_opens_though_the_other_can_not_be_had(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, missing: str, opened: str
) -> None:
    monkeypatch.setattr(look, "Tray", FakeTray)
    monkeypatch.setattr(look, "Overlay", FakeOverlay)
    monkeypatch.setattr(look, "Toolkit", FakeToolkit)
    monkeypatch.setattr(FakeWindow, "opened", [], raising=False)
    monkeypatch.setattr(FakeWindow, "missing", missing)
    told: list[DesktopError] = []
    seen = Look(FakeControl(), told.append, tmp_path)
    seen.configure(DesktopConfig(tray=True, overlay="always"))
    assert [str(error) for error in told] == [f"There is no {missing}."]  # once, also where both say it
    assert FakeWindow.opened == [opened] * bool(opened)
    seen.close()


def test_a_runtime_folder_that_is_not_there_is_no_obstacle(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "gone"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(DesktopError, match="has ended"):  # so says a toolkit that was never opened
        Tray(FakeControl(), Toolkit(), Offers(list, {}, tmp_path)).open()
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(DesktopError, match="can't be written: No such file"):
        Tray(FakeControl(), Toolkit(), Offers(list, {}, tmp_path)).open()
