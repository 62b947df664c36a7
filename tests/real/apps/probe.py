"""Tries what a sandbox should forbid, and tells how each of it went: `probe.py REPORT PATH...`.

The report is JSON: for each family of sockets and each path "done", or the name of the error. What it writes
it takes away again.
"""

import errno
import json
import os
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

STREAMS = ("AF_UNIX", "AF_INET", "AF_INET6", "AF_BLUETOOTH", "AF_VSOCK")
RAW = ("AF_NETLINK", "AF_PACKET")


def attempt(act: Callable[[], object]) -> str:
    try:
        act()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "done"


def write(folder: str) -> None:
    path = Path(folder, f"written-{os.getpid()}")
    path.write_text("")
    path.unlink()


report, *folders = sys.argv[1:]
kinds = dict.fromkeys(STREAMS, socket.SOCK_STREAM) | dict.fromkeys(RAW, socket.SOCK_RAW)
told = {name: attempt(partial(socket.socket, getattr(socket, name), kind)) for name, kind in kinds.items()}
told |= {folder: attempt(partial(write, folder)) for folder in folders}
Path(report).write_text(json.dumps(told))
