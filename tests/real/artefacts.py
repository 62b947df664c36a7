"""Words and samples, and whether they are in something: files, processes, windows, messages of a bus."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from types import TracebackType

import numpy as np
from Xlib import X
from Xlib.display import Display
from Xlib.error import XError

from voicetype.engine import Audio

_LONG = 9  # letters: a word like this is in no file by chance
_RUN = 48  # samples: 3 ms
_LARGEST = 1 << 26  # bytes
_OFTEN_S = 0.15


def needles(text: str) -> list[str]:
    """What of a dictated text is in nothing else: its long words, and its pairs of words."""
    words = re.findall(r"\w+", text)
    pairs = [f"{one} {two}" for one, two in pairwise(words) if len(one + two) > _LONG]
    return sorted({*pairs, *(word for word in words if len(word) > _LONG)})


def spellings(text: str) -> set[bytes]:
    """A text as programs write it down, without capitals."""
    plain = text.lower()
    shapes = {plain, json.dumps(plain)[1:-1], plain.replace(" ", "%20"), plain.replace(" ", "+")}
    return {each.encode(code) for each in shapes for code in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le")}


def sounds(samples: Audio) -> set[bytes]:
    """Runs of a recording, where it is loudest, as programs write samples down."""
    at = int(np.argmax(np.abs(samples)))
    run = samples[at - _RUN // 2 : at + _RUN // 2]
    whole = np.round(run * 32768)
    shapes = (
        whole.astype("<i2"),
        whole.astype(">i2"),
        (whole / 32768).astype("<f4"),
        whole.astype("<i4") << 16,
    )
    return {shape.tobytes() for shape in shapes}


def found(data: bytes, wanted: Iterable[bytes]) -> list[bytes]:
    """Which of these are in it, whatever the case."""
    lower = data.lower()
    return [each for each in wanted if each.lower() in lower]


def leaking(paths: Iterable[Path], wanted: Iterable[bytes]) -> list[Path]:
    """The files there and below that have one of these in them or in their names."""
    wanted = set(wanted)
    leaks = []
    for path in (each for top in paths for each in (top, *top.rglob("*"))):
        with suppress(OSError):
            readable = path.is_file() and path.stat().st_size < _LARGEST
            content = path.read_bytes() if readable else b""
            if found(str(path).encode() + b"\n" + content, wanted):
                leaks.append(path)
    return leaks


class Watch:
    """What is seen of the processes below one and of the windows of a display, again and again."""

    def __init__(self, process: int, display: str) -> None:
        self.processes: set[bytes] = set()
        self.windows: set[bytes] = set()
        self._process, self._display = process, Display(display)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        self._display.close()

    def _run(self) -> None:
        while not self._over.wait(_OFTEN_S):
            self.processes.update(_shown_by_ps(self._process))
            self.windows.update(_properties(self._display))


def _shown_by_ps(process: int) -> Iterator[bytes]:
    """Of a process and its children: the command line, the environment, the names of the threads."""
    here = Path(f"/proc/{process}")
    with suppress(OSError):
        yield from ((here / name).read_bytes() for name in ("cmdline", "environ"))
        for task in (here / "task").iterdir():
            yield (task / "comm").read_bytes()
            for child in (task / "children").read_text().split():
                yield from _shown_by_ps(int(child))


def _properties(display: Display) -> Iterator[bytes]:
    """The properties of all windows, WM_NAME among them."""
    windows = [display.screen().root]
    while windows:
        window = windows.pop()
        with suppress(XError):
            windows += window.query_tree().children
            for atom in window.list_properties():
                whole = window.get_full_property(atom, X.AnyPropertyType)
                value = whole.value if whole else b""
                yield value if isinstance(value, bytes) else value.tobytes()


def messages(said: str) -> list[tuple[str, str]]:
    """What dbus-monitor printed: of each message its first line, and the others."""
    parts = re.split(r"^(?=(?:signal|method call|method return|error) )", said, flags=re.MULTILINE)
    return [(part.partition("\n")[0], part.partition("\n")[2]) for part in parts if part.strip()]


def opened(trace: str) -> set[str]:
    """The paths that strace saw opened for writing."""
    calls = re.findall(r'openat\([^,]+, "([^"]*)", (O_[A-Z_|]+)', trace)
    return {path for path, flags in calls if "O_WRONLY" in flags or "O_RDWR" in flags}


def families(trace: str) -> set[str]:
    """The families of the sockets that strace saw made."""
    return set(re.findall(r"socket\((AF_\w+|PF_\w+|0x\w+)", trace))


@contextmanager
def planted(folder: Path, content: bytes) -> Iterator[Path]:
    """A file that must be found."""
    path = folder / "planted"
    path.write_bytes(b"before " + content + b" after")
    try:
        yield path
    finally:
        path.unlink()
