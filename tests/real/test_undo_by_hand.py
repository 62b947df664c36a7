"""What was typed is ours still when the user asks for it back: by a desktop's shortcut, by the tray."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("gi", reason="python3-gi is not installed, or this environment does not see it")

from tests.real.panel import Child, Panel, panel, running_tray
from tests.real.test_undo import dictations
from tests.real.xserver import F8, SUPER_L, running_desktop, wait_until
from voicetype.errors import UndoError
from voicetype.settings import Settings

__all__ = ["panel"]  # a fixture

pytestmark = pytest.mark.real

KEY_Z = 52
_SHORTCUTS = """<?xml version="1.0"?>
<openbox_config xmlns="http://openbox.org/3.4/rc">
  <keyboard>
    <keybind key="W-z"><action name="Execute"><command>touch {ran}</command></action></keybind>
    <keybind key="F8"><action name="Execute"><command>touch {ran}</command></action></keybind>
  </keyboard>
</openbox_config>
"""


@pytest.fixture
def tray(panel: Panel, tmp_path: Path) -> Iterator[Child]:
    with running_tray(panel.environment, tmp_path / "voicetype.toml") as tray:
        tray.wait_for("open")
        wait_until(lambda: "Undo" in " ".join(panel.item().menu().labels()), "the menu is filled")
        yield tray


def click_slowly(panel: Panel, x: int, y: int) -> None:
    """As a hand does: the button is down for a while, and so the menu is still there."""
    at = ["xdotool", "mousemove", str(x), str(y)]
    click = ["mousedown", "1", "sleep", "0.2", "mouseup", "1"]
    subprocess.run([*at, *click], env=panel.environment, check=True, timeout=30)


def test_by_the_menu_of_the_tray(panel: Panel, tray: Child) -> None:
    app = panel.desktop.gtk()
    with dictations() as typed:
        typed.type("mine", Settings())
        app.shows("mine")
        x, y, width, height = panel.click_icon()
        click_slowly(panel, x + width // 2, y + height - 14)  # the last line, whatever it is
        tray.wait_for("quit")
        typed.undo(Settings())
        app.shows("")
    app.end()


def test_not_by_a_click_into_the_window_beside_it(panel: Panel) -> None:
    app = panel.desktop.gtk()
    with dictations() as typed:
        typed.type("mine", Settings())
        app.shows("mine")
        panel.desktop.user.click(1, app.title)
        with pytest.raises(UndoError, match="you typed or clicked since"):
            typed.undo(Settings())
    app.shows("mine")
    app.end()


@pytest.mark.parametrize("keys", [[F8], [SUPER_L, KEY_Z]])
def test_by_a_shortcut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: list[int]) -> None:
    ran = tmp_path / "ran"
    shortcuts = tmp_path / "openbox/rc.xml"
    shortcuts.parent.mkdir()
    shortcuts.write_text(_SHORTCUTS.format(ran=ran))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with running_desktop(tmp_path) as desktop, dictations() as typed:
        app = desktop.gtk()
        typed.type("mine", Settings())
        app.shows("mine")
        for key in keys:
            desktop.user.press(key)
        wait_until(ran.exists, "the shortcut is heard")
        for key in reversed(keys):
            desktop.user.release(key)
        typed.undo(Settings())
        app.shows("")
