"""A folder for sockets, whose names must be short."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def short_folder() -> Iterator[Path]:
    """One that goes afterwards; what a portal has mounted in it meanwhile stays."""
    folder = Path(tempfile.mkdtemp(prefix="vt-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
