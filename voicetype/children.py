"""Other processes of ours: Python, which runs one of our own modules."""

from __future__ import annotations

import sys
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parents[1])
_RUN = (
    "import runpy, sys; sys.path.append(sys.argv.pop(1)); "
    "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)


def command(module: str, *arguments: str) -> list[str]:
    """Runs a module as `python -m` does, wherever we are.

    `-m` would look into the current folder first, which for a service is the user's home: a file `queue.py`
    there would be taken for the library's.
    """
    return [sys.executable, "-P", "-c", _RUN, _ROOT, module, *arguments]
