"""Which engine the user had before ours, kept across a crash for this login, and how it is given back.

When a connection that has registered an engine ends, ibus-daemon (1.5) leaves the user without any,
whichever was in use: only engines registered so count for it as still there. So the user's own is set
after our connection has ended, on another one.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path

from voicetype.keyboard.ibus_daemon import Daemon
from voicetype.keyboard.ibus_wire import ENGINE

_ENDED_S = 2.0


def remember(name: str) -> None:
    """Keep it; the file is readable to the user alone. Nothing is kept where there is no runtime folder."""
    if file := _file():
        file.parent.mkdir(mode=0o700, exist_ok=True)
        fresh = file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(name)
        fresh.replace(file)


def remembered() -> str:
    """What was kept and not forgotten; empty where nothing was."""
    if file := _file():
        with suppress(OSError):
            return file.read_text(encoding="utf-8", errors="replace").strip()
    return ""


def forget() -> None:
    """The user has it again, or has chosen another."""
    if file := _file():
        with suppress(OSError):
            file.unlink(missing_ok=True)


async def give_back(daemon: Daemon, name: str) -> None:
    """Set the user's engine where none is left. Raises DaemonGone.

    `daemon`: a connection that has registered nothing. One that had is being closed, or its process is dead;
    IBus may not have noticed yet.
    """
    if name:
        with suppress(TimeoutError):
            async with asyncio.timeout(_ENDED_S):
                while await daemon.engine() == ENGINE:
                    await asyncio.sleep(0.005)
        if await daemon.engine() in ("", ENGINE):
            await daemon.switch(name)
    forget()


def _file() -> Path | None:
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    return Path(folder) / "voicetype" / "ibus-engine" if os.path.isdir(folder) else None
