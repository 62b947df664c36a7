"""Files that are written whole or not at all: who reads one meanwhile, or after a crash, reads the old."""

from __future__ import annotations

import os
import secrets
from glob import escape
from pathlib import Path

_RANDOM = 4  # bytes of an unfinished file's name


def write(path: Path, content: bytes, mode: int | None = None) -> None:
    """Put a file in the place of another, whose folder is there. Raises OSError, and leaves the old one then.

    `mode`: its permissions; None: those of the file that it replaces, for a new one what the umask leaves.
    """
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(_RANDOM)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(unfinished, flags, 0o666 if mode is None else mode)
    try:
        with open(descriptor, "wb") as stream:
            if mode is None and path.exists():
                mode = path.stat().st_mode & 0o7777
            if mode is not None:
                os.fchmod(descriptor, mode)
            stream.write(content)
            stream.flush()
            os.fsync(descriptor)  # or a power cut soon after the rename leaves the name with an empty file
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def sweep(path: Path) -> None:
    """Delete what of such a file a process has left unfinished that was killed. Raises OSError."""
    for left in path.parent.glob(f".{escape(path.name)}.{'[0-9a-f]' * 2 * _RANDOM}"):
        left.unlink(missing_ok=True)
