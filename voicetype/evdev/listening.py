"""A thread that hears every keyboard, button and pedal that may be read.

* A key that two keyboards have is down from the first press to the last release. Our own keyboard
  (`OWN_NAME`) is not heard at all, so that nothing of what is typed is taken for the user's.
* Keyboards come and go: the folder is watched. A new device's permissions are set a moment after it
  appears, which is a change of its attributes, so that one is tried again then.
* A keyboard that is unplugged lets go of what was held on it.
* No device is grabbed. A grab would take every key from the desktop, not only ours.
"""

from __future__ import annotations

import ctypes
import logging
import os
import select
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from threading import Condition, Thread

from voicetype.evdev.devices import OWN_NAME, EventsLost, InputDevice, KeyChange, Seat, key_changes

_log = logging.getLogger(__name__)

_NEWS = 0x004 | 0x080 | 0x100 | 0x200
"""inotify(7): attributes changed, moved here, created, deleted."""


class Listening:
    """Calls `receive` with each change, on a thread of its own, from its making to `close`.

    `held`, `codes` and `wait_until_up` are for any thread. Raises OSError where there are no input
    devices at all.
    """

    def __init__(self, seat: Seat, receive: Callable[[KeyChange], None]) -> None:
        self._seat = seat
        self._receive = receive
        self._devices: dict[Path, InputDevice] = {}
        self._down: dict[Path, frozenset[int]] = {}
        self._changed = Condition()
        self._inotify = _watch(seat.folder)
        self._stopped, self._stop = os.pipe()
        self._look_around()
        self._thread = Thread(target=self._run, name="evdev", daemon=True)
        self._thread.start()

    @property
    def held(self) -> frozenset[int]:
        """The codes that are down now, on any device."""
        with self._changed:
            return frozenset().union(*self._down.values())

    @property
    def codes(self) -> frozenset[int]:
        """The codes that there are on the devices that may be read."""
        with self._changed:
            return frozenset().union(*(device.keys() for device in self._devices.values()))

    def wait_until_up(self, codes: frozenset[int], timeout_s: float) -> bool:
        """Wait until none of these is held; whether that came to be."""
        with self._changed:
            return self._changed.wait_for(lambda: codes.isdisjoint(self.held), timeout_s)

    def close(self) -> None:
        """End the thread and close every device. To be called once."""
        os.write(self._stop, b"\0")
        self._thread.join()
        for device in self._devices.values():
            device.close()
        for fd in (self._stopped, self._stop, self._inotify):
            os.close(fd)

    def _run(self) -> None:
        while True:
            heard = {device.fileno(): path for path, device in self._devices.items()}
            ready = _ready((self._stopped, self._inotify, *heard))
            if self._stopped in ready:
                return
            for fd in ready & heard.keys():
                self._hear(heard[fd])
            if self._inotify in ready:
                with suppress(BlockingIOError):
                    os.read(self._inotify, 65_536)
            # Of one that is gone another may have had the name already when the folder was looked at.
            if self._inotify in ready or len(self._devices) < len(heard):
                self._look_around()

    def _hear(self, path: Path) -> None:
        device = self._devices[path]
        try:
            records = device.read()
            if not records:
                self._drop(path)
                return
            for change in key_changes(records):
                down = self._down[path]
                self._note(path, down | {change.code} if change.pressed else down - {change.code})
        except BlockingIOError:
            return
        except EventsLost:
            self._note(path, device.held())
        except OSError:  # unplugged
            self._drop(path)

    def _look_around(self) -> None:
        """Take in what is new, and let go of what is gone."""
        there = set(self._seat.folder.glob("event*"))
        for path in self._devices.keys() - there:
            self._drop(path)
        for path in there - self._devices.keys():
            try:
                self._take(path)
            except OSError as refused:
                _log.debug("%s is not heard: %s", path, refused)

    def _take(self, path: Path) -> None:
        device = self._seat.open(path)
        try:
            if device.name == OWN_NAME or not device.keys():
                device.close()
                return
            held = device.held()
        except BaseException:
            device.close()
            raise
        with self._changed:
            self._devices[path] = device
            self._down[path] = held  # what is down already is no news

    def _drop(self, path: Path) -> None:
        self._note(path, frozenset())
        with self._changed:
            device = self._devices.pop(path)
            del self._down[path]
        device.close()

    def _note(self, path: Path, down: frozenset[int]) -> None:
        """A device's keys have changed; say what that changes on all devices together."""
        with self._changed:
            before = self.held
            self._down[path] = down
            now = self.held
            self._changed.notify_all()
        for code in sorted(before - now):
            self._receive(KeyChange(code, pressed=False))
        for code in sorted(now - before):
            self._receive(KeyChange(code, pressed=True))


def _ready(fds: Iterable[int]) -> set[int]:
    """Wait for these; which can be read, or are gone."""
    poll = select.poll()
    for fd in fds:
        poll.register(fd, select.POLLIN)
    return {fd for fd, _ in poll.poll()}


def _watch(folder: Path) -> int:
    """An inotify of a folder, which the standard library has no name for. Raises OSError."""
    library = ctypes.CDLL(None, use_errno=True)
    fd = int(library.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK))
    if fd >= 0 and library.inotify_add_watch(fd, os.fsencode(folder), _NEWS) >= 0:
        return fd
    number = ctypes.get_errno()
    if fd >= 0:
        os.close(fd)
    raise OSError(number, os.strerror(number), str(folder))
