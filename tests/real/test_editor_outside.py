"""The editor that the tray opens is no part of the service's sandbox, held by the real systemd."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

import voicetype
from tests.real.servicemanager import running_manager
from tests.real.xserver import wait_until

pytestmark = pytest.mark.real

ROOT = Path(voicetype.__file__).parent.parent
OPENS = (
    "import pathlib, sys; from voicetype.tray.report import open_file; open_file(pathlib.Path(sys.argv[1]))"
)
SERVICE = """[Service]
Type=oneshot
ProtectSystem=strict
KillMode=process
ExecStartPre=sh -c "! touch {opened} 2>/dev/null"
ExecStart="{python}" -c "{opens}" {file}
"""
EDITOR = """[Desktop Entry]
Type=Application
Name=Editor
Exec=sh -c "cp %f {opened}; sleep 0.5; touch {opened}.saved"
MimeType=text/plain;
"""


def test_an_editor_may_write_what_the_service_may_not(tmp_path: Path) -> None:
    for needed in ("systemd-run", "gio"):
        if not shutil.which(needed):
            pytest.skip(f"not installed: {needed}")
    pytest.importorskip("gi", reason="not installed: PyGObject")
    home, file, opened = tmp_path / "home", tmp_path / "config.txt", tmp_path / "opened"
    units, applications = home / ".config/systemd/user", home / ".local/share/applications"
    for folder in (units, applications):
        folder.mkdir(parents=True)
    file.write_text("a setting")
    unit = SERVICE.format(python=sys.executable, opens=OPENS, file=file, opened=opened)
    (units / "ours.service").write_text(unit)
    (applications / "editor.desktop").write_text(EDITOR.format(opened=opened))
    (applications / "mimeapps.list").write_text("[Default Applications]\ntext/plain=editor.desktop\n")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    with running_manager(home, environment) as manager:
        done = manager.systemctl("start", "ours.service")
        assert done.returncode == 0, done.stderr
        wait_until(lambda: opened.exists() and opened.read_text() == "a setting", "the editor may write")
        saved = opened.with_name("opened.saved")
        wait_until(saved.exists, "it outlives who has started it")
