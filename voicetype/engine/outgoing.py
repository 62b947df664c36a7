"""What leaves this machine just now, and where it goes: for those who show it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SHOWN_S = 1.0
"""For so long it is shown at least: windows are sent every second, and a blinking icon tells less."""


class Outgoing:
    """Counts what is under way, by host. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: Counter[str] = Counter()
        self._changed: Callable[[], None] = lambda: None

    def watch(self, changed: Callable[[], None]) -> None:
        """`changed` is called, on any thread, when `host` has changed."""
        self._changed = changed

    @property
    def host(self) -> str:
        """Where something is being sent, several with a comma; empty: nowhere."""
        with self._lock:
            return ", ".join(sorted(self._under_way))

    @contextmanager
    def to(self, host: str) -> Iterator[None]:
        """While this runs, and a moment longer, something leaves for `host`."""
        self._count(host, 1)
        try:
            yield
        finally:
            timer = threading.Timer(SHOWN_S, self._count, (host, -1))
            timer.daemon = True
            timer.start()

    def _count(self, host: str, more: int) -> None:
        with self._lock:
            before = host in self._under_way
            self._under_way[host] += more
            if not self._under_way[host]:
                del self._under_way[host]
            news = before is not (host in self._under_way)
        if news:
            self._changed()
