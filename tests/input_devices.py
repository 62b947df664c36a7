"""A machine's input devices, of the tests' own: pipes in a folder of theirs, with the kernel's records."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.deadline import wait_until as wait_until
from voicetype.evdev.devices import EVENT, KEYS, Seat, VirtualKeyboard
from voicetype.evdev.xkb import Layout, Names

SYN, KEY, REL, LED = 0, 1, 2, 17
DOWN, UP, REPEAT = 1, 0, 2
KEY_ESC, KEY_A, KEY_CTRL_L, KEY_SHIFT_L, KEY_F9, KEY_CTRL_R, KEY_PAUSE = 1, 30, 29, 42, 67, 97, 119
KEY_ENTER, KEY_SHIFT_R = 28, 54
BUTTON_LEFT = 0x110


class Plugged:
    """A keyboard or a mouse, seen from the side of whoever presses its keys."""

    def __init__(self, path: Path, name: str, keys: Iterable[int]) -> None:
        self.path, self.name, self.keys = path, name, frozenset(keys)
        self.held: set[int] = set()
        self.asked = threading.Event()
        """Somebody has opened it, and asked what is held: what is pressed from now on is news."""
        self._aside = path.with_name(f"new {path.name}")
        os.mkfifo(self._aside)
        self._fd = os.open(self._aside, os.O_RDWR | os.O_NONBLOCK)  # so that it never has no writer

    def appear(self) -> None:
        """In the folder, at once and whole."""
        self._aside.rename(self.path)

    def send(self, *records: tuple[int, int, int]) -> None:
        """Records of type, code, value, in one report."""
        os.write(self._fd, b"".join(EVENT.pack(1, 2, *each) for each in (*records, (SYN, 0, 0))))

    def press(self, code: int) -> None:
        self.held.add(code)
        self.send((4, 4, 0x70000 + code), (KEY, code, DOWN))  # keyboards send a scan code, too

    def release(self, code: int) -> None:
        self.held.discard(code)
        self.send((KEY, code, UP))

    def tap(self, code: int) -> None:
        self.press(code)
        self.release(code)

    def unplug(self) -> None:
        self.path.unlink()
        os.close(self._fd)


class _Opened:
    """The side of whoever hears it."""

    def __init__(self, plugged: Plugged) -> None:
        self.name = plugged.name
        self._plugged = plugged
        self._fd = os.open(plugged.path, os.O_RDONLY | os.O_NONBLOCK)

    def fileno(self) -> int:
        return self._fd

    def keys(self) -> frozenset[int]:
        return self._plugged.keys

    def held(self) -> frozenset[int]:
        held = frozenset(self._plugged.held)
        self._plugged.asked.set()
        return held

    def read(self) -> bytes:
        return os.read(self._fd, 64 * EVENT.size)

    def close(self) -> None:
        os.close(self._fd)


@dataclass
class Recorder:
    """Stands for /dev/uinput: what was asked of it, and what was written to it."""

    ours: socket.socket
    theirs: socket.socket
    requests: list[tuple[int, object]] = field(default_factory=list)

    def plug_in(self, codes: Iterable[int]) -> VirtualKeyboard:
        return VirtualKeyboard(self.theirs.detach(), codes, self._request)

    def _request(self, _fd: int, number: int, argument: object) -> None:
        self.requests.append((number, argument))

    def lamp(self, code: int, lit: bool) -> None:
        """The desktop lights a lamp on the keyboard."""
        self.ours.send(EVENT.pack(0, 0, LED, code, lit) + EVENT.pack(0, 0, SYN, 0, 0))

    def changes(self) -> list[tuple[int, int]]:
        """Codes and values of the keys so far; every one must be followed by a report."""
        records: list[tuple[int, int, int]] = []
        while True:
            try:
                data = self.ours.recv(65_536)
            except BlockingIOError:
                break
            if not data:
                break
            records += [each[2:] for each in EVENT.iter_unpack(data)]
        assert records[1::2] == [(SYN, 0, 0)] * (len(records) // 2)
        return [(code, value) for kind, code, value in records[::2] if kind == KEY]


def typed(
    changes: Iterable[tuple[int, int]], layout: str = "us", *, variant: str = "", caps_lock: bool = False
) -> str:
    """What a desktop makes of keys, by the kernel's codes; "\\b" for BackSpace. Nothing may stay held."""
    compiled = Layout(Names(layout, variant))
    strokes = compiled.strokes([0], caps_lock=caps_lock)
    modifiers, (backspace,) = compiled.modifiers(), compiled.codes("BackSpace")
    compiled.close()
    characters = {(stroke.code, frozenset(stroke.held)): each for each, stroke in strokes.items()}
    text, down = "", set[int]()
    for code, value in changes:
        if value == UP:
            down.remove(code)
            continue
        assert code not in down
        if code not in modifiers:
            text += "\b" if code == backspace else characters[code, frozenset(down)]
        down.add(code)
    assert not down
    return text


class Machine:
    """The devices that are plugged in, and one /dev/uinput."""

    def __init__(self, folder: Path, recorder: Recorder) -> None:
        self.folder, self.recorder = folder, recorder
        self.forbidden: set[Path] = set()
        self._plugged: dict[Path, Plugged] = {}

    @property
    def seat(self) -> Seat:
        return Seat(self.folder, self._open, self.recorder.plug_in)

    def plug(self, name: str = "keyboard", keys: Iterable[int] = KEYS, *, forbidden: bool = False) -> Plugged:
        path = self.folder / f"event{len(self._plugged)}"
        if forbidden:
            self.forbidden.add(path)
        plugged = self._plugged[path] = Plugged(path, name, keys)
        plugged.appear()
        return plugged

    def allow(self, plugged: Plugged) -> None:
        """What udev does a moment after a device appeared."""
        self.forbidden.discard(plugged.path)
        plugged.path.chmod(0o640)

    def _open(self, path: Path) -> _Opened:
        if path in self.forbidden:
            raise PermissionError(13, "Permission denied")
        return _Opened(self._plugged[path])


@contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    with ours, theirs:
        yield Machine(folder, Recorder(ours, theirs))


def unpacked_setup(argument: object) -> tuple[int, str]:
    """Bus and name of a `struct uinput_setup`."""
    assert isinstance(argument, bytes)
    assert len(argument) == 92
    bus, _, _, _, name, _ = struct.unpack("=HHHH80sI", argument)
    return bus, name.rstrip(b"\0").decode()
