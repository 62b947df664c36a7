"""How much programs have not read yet of what the compositor sent them, as the kernel tells of its sockets.

Wayland itself does not say. See sock_diag(7) and `struct unix_diag_req` in linux/unix_diag.h; `ss -x` asks
the same. Integers are in the machine's byte order.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress

_SOCK_DIAG = 4  # the netlink protocol
_BY_FAMILY = 20
_REQUEST_DUMP = 0x301
_SHOW_NAME, _SHOW_QUEUES = 0x01, 0x10
_NAME, _QUEUES = 0, 4
_HEADER, _MESSAGE = 16, 16  # bytes of each
_ANY = 0xFFFFFFFF
_TIMEOUT_S = 0.2


def unread(path: str) -> Mapping[int, int]:
    """Bytes that wait to be read, by socket (its inode), of those accepted at this path; none if unknown."""
    found: dict[int, int] = {}
    with (
        suppress(OSError, struct.error),
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as link,
    ):
        link.settimeout(_TIMEOUT_S)
        shown = _SHOW_NAME | _SHOW_QUEUES
        request = struct.pack("=BBHIIIII", socket.AF_UNIX, 0, 0, _ANY, 0, shown, _ANY, _ANY)
        link.send(struct.pack("=IHHII", _HEADER + len(request), _BY_FAMILY, _REQUEST_DUMP, 1, 0) + request)
        for message in _messages(link):
            (inode,) = struct.unpack_from("=I", message, 4)
            told = dict(_attributes(message[_MESSAGE:]))
            if told.get(_NAME, b"").rstrip(b"\0").decode(errors="replace") == path:
                found[inode] = struct.unpack("=II", told[_QUEUES])[1]
    return found


def _messages(link: socket.socket) -> Iterator[bytes]:
    while True:
        data, at = link.recv(1 << 17), 0
        while at < len(data):
            size, kind = struct.unpack_from("=IH", data, at)
            if kind != _BY_FAMILY:
                return  # done, or an error
            yield data[at + _HEADER : at + size]
            at += _aligned(size)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        size, kind = struct.unpack_from("=HH", data, at)
        yield kind, data[at + 4 : at + size]
        at += _aligned(size)


def _aligned(size: int) -> int:
    return (size + 3) & ~3
