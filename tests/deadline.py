"""Waiting for what will happen, with a deadline instead of a guess."""

from __future__ import annotations

import time
from collections.abc import Callable

DEADLINE_S = 40.0


def wait_until(done: Callable[[], bool], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Return once `done` answers yes; fail the test when it does not in time."""
    end = time.monotonic() + deadline_s
    while not done():
        assert time.monotonic() < end, f"not within {deadline_s} s: {what}"
        time.sleep(0.005)
