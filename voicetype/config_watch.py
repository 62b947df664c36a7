"""Notices when the configuration file becomes another, and says what of the configuration is new.

It looks once a second instead of asking inotify: that needs a watch on every folder on the way of a link, and
tells nothing of network folders.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from voicetype.config import Config
from voicetype.config_fields import Words
from voicetype.config_file import flat

log = logging.getLogger(__name__)

_POLL_S = 1.0
_SETTLE_S = 0.1  # editors write in steps: away, there again, empty, full


class ConfigWatch:
    """Looks at one file, there or not, on a thread of its own.

    Changed is what differs from when the watch was made: make it before the file is loaded.
    """

    def __init__(self, path: Path, poll_s: float = _POLL_S) -> None:
        self._path, self._poll_s = path, poll_s
        self._changed: Callable[[], None] = lambda: None
        self._seen = _mark(path)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="voicetype-config", daemon=True)

    def start(self, changed: Callable[[], None]) -> None:
        """Begin to look; `changed` is called on the watch's thread."""
        self._changed = changed
        self._thread.start()

    def stop(self) -> None:
        """Look no more. Waits for a `changed` under way, unless that is who calls. Safe to call twice."""
        self._ending.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def _watch(self) -> None:
        while not self._ending.wait(self._poll_s):
            if _mark(self._path) == self._seen or not self._settled():
                continue
            try:
                self._changed()
            except Exception:  # whatever it is, the next change is to be seen
                log.exception("the changed configuration could not be taken over")

    def _settled(self) -> bool:
        """Wait until nobody writes; False where the watch ends, or all is as it was before."""
        before, now = self._seen, _mark(self._path)
        while not self._ending.wait(_SETTLE_S):
            last, now = now, _mark(self._path)
            if now == last:
                self._seen = now
                return now != before
        return False


def changes(before: Config, after: Config) -> list[str]:
    """A sentence for each value that differs: "language is now de (was auto).".

    There is one for all of the vocabulary: a person's words are private, and the sentences may be logged.
    """
    old = dict(flat(before))
    sentences = [
        f"{name} is now {_shown(value)} (was {_shown(old[name])})."
        for name, value in flat(after)
        if value != old[name] and not name.startswith("vocabulary.")
    ]
    return sentences + ["The vocabulary has changed."] * (before.vocabulary != after.vocabulary)


def _shown(value: object) -> str:
    match value:
        case bool():
            return "on" if value else "off"
        case Enum():
            return str(value.value)
        case tuple():
            return ", ".join(map(str, value)) or "empty"
        case Words():
            return ", ".join(f"{own}: {word}" for own, word in value.items()) or "empty"
    return str(value) or "empty"


def _mark(path: Path) -> tuple[int, ...] | None:
    """What changes when the file does, or the one that a link leads to; None where there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
