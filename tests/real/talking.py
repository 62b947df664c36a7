"""`tests.real.apps.talking_daemon` as a child process: the whole daemon, soon, without models."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.real.daemon import Daemon, ready_daemon

HELD = "hotkey.tap_s = 0\n"
"""A key is soon released, since so much is said at once: that is no tap."""
QUIET = "[desktop]\ntray = false\noverlay = 'never'\n"


def environment(folder: Path, **others: str) -> dict[str, str]:
    """What the daemon and its clients see: folders of their own, and what else is given."""
    kinds = ("CONFIG", "DATA", "STATE", "CACHE")
    return {**os.environ, **{f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in kinds}, **others}


@contextmanager
def talking_daemon(
    env: Mapping[str, str], folder: Path, settings: str = "", *options: str, umask: int = -1
) -> Iterator[Daemon]:
    """One that is ready, until the end of the block. `settings`: lines of its configuration."""
    file = folder / "daemon.toml"
    file.write_text(HELD + settings + QUIET)
    command = [sys.executable, "-m", "tests.real.apps.talking_daemon", str(file), *options]
    with ready_daemon(command, dict(env), umask=umask) as daemon:
        yield daemon
