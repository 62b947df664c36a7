"""The last dictations: in memory, and where the user asks for it in a file that nobody else may read.

The file is written whole, beside itself and then in its own place, on a thread of its own: no dictation waits
for a disk. Whatever is wrong with it is told once, and the memory goes on without it. What is not ours, and
not a plain file, is neither read nor written.
"""

from __future__ import annotations

import json
import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from voicetype import whole_files
from voicetype.config import HistoryConfig
from voicetype.errors import DaemonError, HistoryError
from voicetype.folders import make, state_home

_LARGEST = 1 << 26  # bytes: a thousand dictations of an hour
_GOODBYE_S = 5.0  # for a disk that hangs when the daemon ends
_HINT = "Dictation goes on, and remembers in memory alone. Look at its owner, its permissions and the disk."


@dataclass(frozen=True, slots=True)
class Said:
    """A dictation that is over. `untyped`: the end of its text that no window took."""

    text: str
    untyped: str = ""


def last_of(said: Sequence[Said], *, rest: bool) -> str:
    """The text of the last dictation, or the rest of it that no window took. Raises DaemonError."""
    if not said:
        raise DaemonError("Nothing was dictated yet.", "Hold the push-to-talk key, or say `voicetype start`.")
    if rest and not said[0].untyped:
        raise DaemonError("The last dictation was typed whole.", "`voicetype last` prints it.")
    return said[0].untyped if rest else said[0].text


def default_path() -> Path:
    """Where the last dictations are kept, for who wants that."""
    return state_home() / "voicetype/history.jsonl"


class History:
    """The last dictations. The daemon's thread owns it."""

    def __init__(self, tell: Callable[[HistoryError], object], path: Path | None = None) -> None:
        self._tell, self._path = tell, path or default_path()
        self._said: deque[Said] = deque(maxlen=HistoryConfig().length)
        self._config: HistoryConfig | None = None  # nothing is read or written before somebody decides
        self._file: _File | None = None

    def use(self, config: HistoryConfig) -> None:
        """Remember so many, and keep them or not; what was kept before is read, or deleted."""
        if config == self._config:
            return
        self._config = config
        self._said = deque(self.said[: config.length], maxlen=config.length)
        if not config.keep:
            self._leave_file()
        elif self._file is None:
            self._enter_file(self._path)
        self._write()

    @property
    def said(self) -> tuple[Said, ...]:
        """The newest first."""
        return tuple(self._said)

    @property
    def kept(self) -> bool:
        """Whether they outlive the daemon."""
        return self._file is not None and self._said.maxlen != 0

    def add(self, said: Said) -> None:
        """A dictation is over."""
        self._said.appendleft(said)
        self._write()

    def typed(self, text: str) -> None:
        """A window has taken this text by now, or this end of one."""
        said = [replace(s, untyped="") if text in (s.text, s.untyped) else s for s in self._said]
        if said != [*self._said]:
            self._said = deque(said, maxlen=self._said.maxlen)
            self._write()

    def close(self) -> None:
        """What is still to be written is. Safe to call twice."""
        file, self._file = self._file, None
        if file:
            file.close()

    def _enter_file(self, path: Path) -> None:
        try:
            before = read(path)
        except HistoryError as error:
            self._tell(error)
            return
        self._said = deque((*self._said, *before)[: self._said.maxlen], maxlen=self._said.maxlen)
        self._file = _File(path, self._tell)

    def _leave_file(self) -> None:
        self.close()
        try:
            remove(self._path)
        except OSError as error:
            self._tell(_failure("deleted", self._path, error))

    def _write(self) -> None:
        if self._file:
            self._file.write(self.said)


class _File:
    """Writes on a thread of its own, each time all of it."""

    def __init__(self, path: Path, tell: Callable[[HistoryError], object]) -> None:
        self._path, self._tell = path, tell
        self._wanted: SimpleQueue[tuple[Said, ...] | None] = SimpleQueue()
        self._fails = False
        self._thread = Thread(target=self._run, name="voicetype-history", daemon=True)
        self._thread.start()

    def write(self, said: tuple[Said, ...]) -> None:
        """Soon."""
        self._wanted.put(said)

    def close(self) -> None:
        """Write what is still to be written, for a while."""
        self._wanted.put(None)
        self._thread.join(_GOODBYE_S)

    def _run(self) -> None:
        while (said := self._wanted.get()) is not None:
            try:
                write(self._path, said)
                self._fails = False
            except OSError as error:
                if not self._fails:
                    self._tell(_failure("written", self._path, error))
                self._fails = True


def read(path: Path) -> tuple[Said, ...]:
    """What is kept there, the newest first; nothing where there is no file. Raises HistoryError.

    Lines that are not ours are passed over. A file that others may read is closed to them.
    """
    try:
        with open(path, "rb", opener=_open_ours) as file:
            lines = file.read(_LARGEST).splitlines()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise _failure("read", path, error) from error
    found = (_said(line) for line in reversed(lines))
    return tuple(said for said in found if said is not None)


def write(path: Path, said: Iterable[Said]) -> None:
    """Keep these, the newest first; none: no file. Raises OSError."""
    lines = [json.dumps(asdict(each), ensure_ascii=False) + "\n" for each in said]
    if not lines:
        remove(path)
        return
    _make_private(path.parent)
    whole_files.sweep(path)
    whole_files.write(path, "".join(reversed(lines)).encode("utf-8", "replace"), 0o600)


def remove(path: Path) -> None:
    """Nothing of it is left, nor of what a killed daemon was writing. Raises OSError."""
    whole_files.sweep(path)
    with suppress(FileNotFoundError, NotADirectoryError):
        path.unlink()


def _said(line: bytes) -> Said | None:
    try:
        match json.loads(line):
            case {"text": str(text), "untyped": str(untyped)}:
                return Said(text, untyped)
    except (ValueError, RecursionError):  # a hostile one nests deeply
        pass
    return None


def _open_ours(path: str, flags: int) -> int:
    """Open a plain file of this user's own, not by a link; it is closed to others."""
    number = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)  # a pipe would be waited for
    try:
        state = os.fstat(number)
        _check(stat.S_ISREG(state.st_mode) and state.st_uid == os.geteuid(), path)
        if stat.S_IMODE(state.st_mode) & 0o077:
            os.fchmod(number, 0o600)
    except BaseException:
        os.close(number)
        raise
    return number


def _make_private(folder: Path) -> None:
    """A folder of this user's own which is closed to others."""
    make(folder)
    state = folder.stat()
    _check(state.st_uid == os.geteuid(), str(folder))
    if stat.S_IMODE(state.st_mode) & 0o077:
        folder.chmod(0o700)


def _check(ours: bool, path: str) -> None:
    if not ours:
        raise PermissionError(0, "it is not a plain file or folder of your own", path)


def _failure(done: str, path: Path, error: OSError) -> HistoryError:
    return HistoryError(f"The last dictations can't be {done} in {path}: {error.strerror}.", _HINT)
