"""What is set before a model is loaded."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import os
from voicetype.engine.memory import keep_little
keep_little()
print(os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"])
"""


def printed(**environment: str) -> list[str]:
    run = subprocess.run(
        [sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True
    )
    return run.stdout.split()


def test_nothing_is_kept_of_windows_that_are_over() -> None:
    assert printed() == ["0"]


def test_what_the_user_set_is_left_alone() -> None:
    assert printed(ONEDNN_PRIMITIVE_CACHE_CAPACITY="7", MALLOC_ARENA_MAX="3") == ["7"]
