"""What a compositor offers, asked over its socket by hand: no library, no process, safe in the daemon.

Two requests of the core protocol, `wl_display.get_registry` and `wl_display.sync`, and the events until
the second is answered. A message is the object's id, its size and opcode, and the arguments in words of
four bytes, all in the machine's byte order.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

VIRTUAL_KEYBOARD = "zwp_virtual_keyboard_manager_v1"
INPUT_METHOD = "zwp_input_method_manager_v2"
TOPLEVELS = "zwlr_foreign_toplevel_manager_v1"

_DISPLAY, _REGISTRY, _CALLBACK = 1, 2, 3
_SYNC, _GET_REGISTRY = 0, 1
_GLOBAL = 0


def offered(environment: Mapping[str, str] = os.environ, timeout_s: float = 2.0) -> frozenset[str]:
    """The interfaces that the compositor of the session offers; none where none answers in time."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_s)
            connection.connect(str(socket_path(environment)))
            connection.sendall(_request(_GET_REGISTRY, _REGISTRY) + _request(_SYNC, _CALLBACK))
            return frozenset(_interfaces(connection))
    except (OSError, EOFError, ValueError, struct.error):
        return frozenset()


def socket_path(environment: Mapping[str, str]) -> Path:
    """A name is one in the runtime folder; a path stands for itself."""
    name = environment.get("WAYLAND_DISPLAY") or "wayland-0"
    folder = environment.get("XDG_RUNTIME_DIR", "")
    if not folder and not name.startswith("/"):
        raise ValueError("no runtime folder")
    return Path(folder, name)


def _request(opcode: int, new_id: int) -> bytes:
    return struct.pack("=III", _DISPLAY, 12 << 16 | opcode, new_id)


def _interfaces(connection: socket.socket) -> Iterator[str]:
    while True:
        sender, size_and_opcode = struct.unpack("=II", _receive(connection, 8))
        body = _receive(connection, (size_and_opcode >> 16) - 8)
        opcode = size_and_opcode & 0xFFFF
        if sender == _REGISTRY and opcode == _GLOBAL:
            length = struct.unpack_from("=I", body, 4)[0]  # after the name; with the zero at its end
            yield body[8 : 8 + length - 1].decode()
        elif sender == _CALLBACK or (sender == _DISPLAY and opcode == 0):
            return  # answered, or an error


def _receive(connection: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        more = connection.recv(size - len(received))
        if not more:
            raise EOFError
        received += more
    return received
