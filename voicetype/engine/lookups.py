"""Names of hosts are looked up on threads that the end of the program does not wait for.

asyncio does so in a pool whose threads Python joins at its exit: behind a name server that swallows
packets, that would be half a minute.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class Lookups(ThreadPoolExecutor):
    """What a loop of asyncio takes as its default executor; each call has a thread of its own."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call it, on a thread that nobody waits for."""
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()  # nothing can stop it: who is cancelled no longer waits for it

        def call() -> None:
            try:
                future.set_result(fn(*args, **kwargs))
            except Exception as error:  # noqa: BLE001  # whoever waits for the future has it
                future.set_exception(error)

        threading.Thread(target=call, name="lookup", daemon=True).start()
        return future
