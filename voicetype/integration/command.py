"""The command `voicetype` of this very installation, for whatever starts it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from voicetype.errors import DesktopError


def command() -> Path:
    """Its absolute path, whatever the PATH is. Raises DesktopError."""
    beside = Path(sys.executable).with_name("voicetype")
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("voicetype")
    if not found:
        raise DesktopError(
            "There is no command voicetype that a desktop could start.",
            "Install voicetype first: `install/install.sh`, or `pipx install` with its wheel.",
        )
    return Path(os.path.abspath(found))
