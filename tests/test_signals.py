"""The signals that end the daemon."""

from __future__ import annotations

import signal
import threading
from queue import SimpleQueue

from voicetype import app


def test_a_signal_that_another_thread_is_given_is_heeded_all_the_same() -> None:
    ending: SimpleQueue[int] = SimpleQueue()

    def is_given_it() -> None:
        threading.Event().wait(0.2)  # the main thread waits by then, or heeds it before
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, lambda *_: ending.put(7))
    try:
        threading.Thread(target=is_given_it).start()
        assert app._told(ending) == 7
    finally:
        signal.signal(signal.SIGUSR1, before)
