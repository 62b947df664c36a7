"""What `voicetype install` wrote for this user, and how it is taken away again: exactly that and no more.

The record has the hash of each file. A file that differs from it is the user's by now: it is neither
overwritten nor removed, and named. The record is written before the files, so that an installation which is
cut off can be taken away as well.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

from voicetype import whole_files
from voicetype.errors import DesktopError

_HINT = "Look at its owner and permissions; nothing has to be run as root."


@dataclass(frozen=True, slots=True)
class Installed:
    """What was written: the files with their SHA-256, the folders made for them, the desktop's shortcut."""

    files: Mapping[Path, str] = field(default_factory=dict)
    folders: tuple[Path, ...] = ()
    shortcut: tuple[str, str] | None = None  # the desktop, and the keys

    @staticmethod
    def read(record: Path) -> Installed:
        """Nothing where there is no record. Raises DesktopError where it can't be read."""
        try:
            values = json.loads(record.read_text("utf-8"))
            desktop, keys = values["shortcut"] or (None, None)
            return Installed(
                {Path(name): str(value) for name, value in values["files"].items()},
                tuple(Path(name) for name in values["folders"]),
                (str(desktop), str(keys)) if desktop else None,
            )
        except FileNotFoundError:
            return Installed()
        except OSError as error:
            raise DesktopError(f"{record} can't be read: {error.strerror}.", _HINT) from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DesktopError(
                f"{record} is damaged: it can't be told what voicetype wrote.",
                "Delete it, run `voicetype install` again, and then `voicetype uninstall`.",
            ) from error

    def write(self, record: Path) -> None:
        """Raises DesktopError."""
        values = {
            "files": {str(path): value for path, value in self.files.items()},
            "folders": [str(folder) for folder in self.folders],
            "shortcut": self.shortcut,
        }
        _write(record, json.dumps(values, indent=1) + "\n")


def write(wanted: Mapping[Path, str], record: Path) -> tuple[Installed, list[Path]]:
    """Write these files, and remove those of an earlier installation that are wanted no more.

    Returns what is installed now, and the files that were left as they are: the user's own.
    Raises DesktopError, before anything is written where that can be known.
    """
    before = Installed.read(record)
    folders = _missing_folders(path.parent for path in (*wanted, record))
    ours = {
        path for path, text in wanted.items() if _owner(path, before) is not _Owner.USER or _holds(path, text)
    }
    hashes = {path: _sha256(text.encode()) for path, text in wanted.items() if path in ours}
    now = replace(
        before,
        files={**before.files, **hashes},
        folders=tuple(sorted({*before.folders, *folders})),
    )
    now.write(record)
    for path in sorted(ours):
        _write(path, wanted[path])
    kept = [path for path in wanted if path not in ours]
    outdated = [path for path in before.files if path not in wanted]
    left = _remove_files(replace(before, files={path: before.files[path] for path in outdated}))
    now = replace(now, files={p: value for p, value in now.files.items() if p not in outdated or p in left})
    now.write(record)
    return now, kept + left


def remove(record: Path) -> list[Path]:
    """Take all of it away, the record too. Returns the files that were left, since they were changed.

    Raises DesktopError.
    """
    installed = Installed.read(record)
    left = _remove_files(installed)
    try:
        record.unlink(missing_ok=True)
    except OSError as error:
        raise _cannot("removed", record, error) from error
    for folder in sorted(installed.folders, reverse=True):  # the inner ones first
        remove_if_empty(folder)
    return left


def remove_if_empty(folder: Path) -> None:
    """Whoever has put something in a folder keeps it."""
    with suppress(OSError):
        folder.rmdir()


class _Owner(Enum):
    """Whose a file is; one that was changed since it was written is the user's."""

    NOBODY = "nobody"  # it is not there
    OURS = "ours"
    USER = "user"


def _owner(path: Path, installed: Installed) -> _Owner:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return _Owner.NOBODY
    except OSError:
        return _Owner.USER
    return _Owner.OURS if _sha256(content) == installed.files.get(path) else _Owner.USER


def _holds(path: Path, text: str) -> bool:
    with suppress(OSError):
        return path.read_bytes() == text.encode()
    return False


def _remove_files(installed: Installed) -> list[Path]:
    owners = {path: _owner(path, installed) for path in installed.files}
    for path, owner in owners.items():
        if owner is _Owner.OURS:
            try:
                path.unlink()
            except OSError as error:
                raise _cannot("removed", path, error) from error
    return [path for path, owner in owners.items() if owner is _Owner.USER]


def _missing_folders(folders: Iterable[Path]) -> set[Path]:
    """Those that will have to be made. Raises DesktopError where that, or writing into one, is refused."""
    missing = set()
    for folder in folders:
        while not folder.exists() and not folder.is_symlink():
            missing.add(folder)
            folder = folder.parent
        if not folder.is_dir():
            raise DesktopError(f"{folder} is not a folder: nothing can be put into it.", "Move it away.")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise DesktopError(f"You may not write to {folder}; nothing was installed.", _HINT)
    return missing


def _write(path: Path, text: str) -> None:
    """Whole or not at all: whoever watches the folder never reads half a file."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        whole_files.write(path, text.encode(), 0o644)
    except OSError as error:
        raise _cannot("written", path, error) from error


def _cannot(done: str, path: Path, error: OSError) -> DesktopError:
    return DesktopError(f"{path} can't be {done}: {error.strerror}.", _HINT)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
