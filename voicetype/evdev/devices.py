"""Input devices, in the kernel's own records and requests: linux/input.h and linux/uinput.h.

python-evdev speaks them, too, but is to be had as source alone, which needs a compiler and the kernel's
headers. What is needed of it is here: one record, and eleven requests.
"""

from __future__ import annotations

import errno
import os
import struct
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path
from typing import Any, Protocol

OWN_NAME = "voicetype keyboard"
"""The device that we press keys on; what is heard of it is nothing of the user's."""

EVENT = struct.Struct("@LLHHi")
"""One event: seconds, microseconds, type, code, value."""

_SYN, _KEY, _LED = 0x00, 0x01, 0x11  # types
_SYN_REPORT, _SYN_DROPPED = 0, 3
_CAPS_LED = 1
BUTTONS = range(0x110, 0x118)
"""Codes of mouse buttons."""
KEYS = range(1, 0x100)
"""Codes of the keys of keyboards. Above, there are buttons, and keys of telephones and cameras."""

_KEY_BYTES = 0x300 // 8
_NAME_BYTES = 80


def _request(direction: int, group: str, number: int, size: int) -> int:
    """asm-generic/ioctl.h: 1 writes, 2 reads."""
    return direction << 30 | size << 16 | ord(group) << 8 | number


_GET_NAME = _request(2, "E", 0x06, 256)
_GET_HELD = _request(2, "E", 0x18, _KEY_BYTES)
_GET_KEYS = _request(2, "E", 0x20 + _KEY, _KEY_BYTES)
_SET_MASK = _request(1, "E", 0x93, 16)
_CREATE = _request(0, "U", 1, 0)
_DESTROY = _request(0, "U", 2, 0)
_SETUP = _request(1, "U", 3, 12 + _NAME_BYTES)
_ENABLE_TYPE = _request(1, "U", 100, 4)
_ENABLE_KEY = _request(1, "U", 101, 4)
_ENABLE_LED = _request(1, "U", 105, 4)
_BUS_VIRTUAL = 6


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A key or a button went down or up."""

    code: int
    pressed: bool


class EventsLost(Exception):
    """The kernel had more events than it kept for us; what is held must be asked for anew."""


class InputDevice(Protocol):
    """A keyboard, a mouse, or anything else that is open to be heard."""

    @property
    def name(self) -> str:
        """What it calls itself."""

    def fileno(self) -> int:
        """What can be waited for."""

    def keys(self) -> frozenset[int]:
        """The codes of the keys and buttons it has."""

    def held(self) -> frozenset[int]:
        """Those that are down now."""

    def read(self) -> bytes:
        """The records that have come; nothing where it is gone. Raises OSError."""

    def close(self) -> None:
        """Hear it no more."""


class EventDevice:
    """A device of the kernel's, /dev/input/event0. Raises OSError where it can't be read."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            self.name = self._ask(_GET_NAME, 256).split(b"\0", 1)[0].decode(errors="replace")
            self._mask_all_but_keys()
        except BaseException:
            os.close(self._fd)
            raise

    def fileno(self) -> int:
        """What can be waited for."""
        return self._fd

    def keys(self) -> frozenset[int]:
        """The codes of the keys and buttons it has."""
        return _numbers(self._ask(_GET_KEYS, _KEY_BYTES))

    def held(self) -> frozenset[int]:
        """Those that are down now."""
        return _numbers(self._ask(_GET_HELD, _KEY_BYTES))

    def read(self) -> bytes:
        """The records that have come."""
        return os.read(self._fd, 64 * EVENT.size)

    def close(self) -> None:
        """Hear it no more."""
        os.close(self._fd)

    def _ask(self, request: int, size: int) -> bytes:
        answer = bytearray(size)
        ioctl(self._fd, request, answer)
        return bytes(answer)

    def _mask_all_but_keys(self) -> None:
        """A mouse that is moved need not wake us. Kernels before 4.4 can't be told so."""
        types = array("B", (1 << _KEY).to_bytes(8, "little"))
        address, _ = types.buffer_info()
        with suppress(OSError):
            ioctl(self._fd, _SET_MASK, struct.pack("=IIQ", _SYN, len(types), address))


def key_changes(records: bytes) -> Iterator[KeyChange]:
    """What the records say of keys; autorepeat says nothing. Raises EventsLost."""
    for _, _, kind, code, value in EVENT.iter_unpack(records):
        if kind == _SYN and code == _SYN_DROPPED:
            raise EventsLost
        if kind == _KEY and value in (0, 1):
            yield KeyChange(code, bool(value))


Ioctl = Callable[[int, int, Any], object]


class VirtualKeyboard:
    """A keyboard that the kernel takes for one that is plugged in, with these keys.

    `fd`: /dev/uinput, open for reading and writing; it is closed by `close`. Raises OSError.
    """

    def __init__(self, fd: int, codes: Iterable[int], request: Ioctl = ioctl) -> None:
        self._fd = fd
        self._request = request
        self._caps = False
        request(fd, _ENABLE_TYPE, _KEY)
        for code in codes:
            request(fd, _ENABLE_KEY, code)
        # Its lamps are how the desktop tells a keyboard that Caps Lock is on.
        request(fd, _ENABLE_TYPE, _LED)
        request(fd, _ENABLE_LED, _CAPS_LED)
        identity = struct.pack("=HHHH", _BUS_VIRTUAL, 1, 1, 1)
        request(fd, _SETUP, identity + OWN_NAME.encode().ljust(_NAME_BYTES, b"\0") + struct.pack("=I", 0))
        request(fd, _CREATE, 0)

    def send(self, changes: Iterable[KeyChange]) -> None:
        """Press and release, one after the other. Raises OSError."""
        records = b"".join(
            EVENT.pack(0, 0, _KEY, each.code, each.pressed) + EVENT.pack(0, 0, _SYN, _SYN_REPORT, 0)
            for each in changes
        )
        if os.write(self._fd, records) != len(records):
            raise OSError(errno.EIO, "the kernel did not take all the keys")

    def caps_lock(self) -> bool:
        """Whether the desktop has lit the lamp of Caps Lock. Raises OSError."""
        with suppress(BlockingIOError):
            while records := os.read(self._fd, 64 * EVENT.size):
                for _, _, kind, code, value in EVENT.iter_unpack(records):
                    if kind == _LED and code == _CAPS_LED:
                        self._caps = bool(value)
        return self._caps

    def close(self) -> None:
        """Unplug it; the kernel releases what is held."""
        with suppress(OSError):
            self._request(self._fd, _DESTROY, 0)
        os.close(self._fd)


def plug_in(codes: Iterable[int]) -> VirtualKeyboard:
    """A keyboard of our own with these keys. Raises OSError where /dev/uinput is missing or forbidden."""
    fd = os.open("/dev/uinput", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return VirtualKeyboard(fd, codes)
    except BaseException:
        os.close(fd)
        raise


@dataclass(frozen=True, slots=True)
class Seat:
    """Where the input devices are, and how they are opened and plugged in: the kernel's."""

    folder: Path = Path("/dev/input")
    open: Callable[[Path], InputDevice] = EventDevice
    plug_in: Callable[[Iterable[int]], VirtualKeyboard] = plug_in


def _numbers(bits: bytes) -> frozenset[int]:
    """Which bits are set, the lowest of the first byte being 0."""
    return frozenset(
        8 * index + bit for index, byte in enumerate(bits) if byte for bit in range(8) if byte >> bit & 1
    )
