"""What is done once nothing has happened for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Nap:
    """A time after which something is done, unless it begins anew or is given up. Called under a lock."""

    def __init__(self, over: Callable[[], None]) -> None:
        """`over` is called on a thread of its own."""
        self._over = over
        self._timer: threading.Timer | None = None

    def begin(self, seconds: float) -> None:
        """Anew; 0: for good."""
        self.give_up()
        if seconds:
            self._timer = threading.Timer(seconds, self._over)
            self._timer.daemon = True
            self._timer.start()

    def give_up(self) -> None:
        """Until it begins again."""
        if self._timer:
            self._timer.cancel()
