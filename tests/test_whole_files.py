"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from voicetype import whole_files


@contextmanager
def no_room() -> Iterator[None]:
    """No file may grow beyond a hundred bytes, not even what pytest prints into: for a moment only."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_takes_the_place_of_another_and_keeps_its_permissions(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    file.chmod(0o640)
    whole_files.write(file, b"new")
    assert file.read_bytes() == b"new"
    assert mode(file) == 0o640
    assert [*tmp_path.iterdir()] == [file]


def test_a_new_file_has_the_permissions_that_are_asked_for(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        whole_files.write(tmp_path / "usual", b"")
        whole_files.write(tmp_path / "private", b"", 0o600)
        whole_files.write(tmp_path / "open", b"", 0o644)
    finally:
        os.umask(before)
    assert [mode(tmp_path / name) for name in ("usual", "private", "open")] == [0o640, 0o600, 0o644]


def test_what_does_not_fit_leaves_the_old_one_and_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    with no_room(), pytest.raises(OSError, match="File too large"):
        whole_files.write(file, b"x" * 1000)
    assert file.read_bytes() == b"old"
    assert [*tmp_path.iterdir()] == [file]


def test_what_a_killed_process_has_left_is_swept_away_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    others = [tmp_path / name for name in (".notes.txt.swp", ".notes.txt.0123456z", ".other.txt.01234567")]
    for left in (*others, tmp_path / ".notes.txt.0123abcd"):
        left.touch()
    whole_files.write(path, b"whole")
    whole_files.sweep(path)
    assert sorted(tmp_path.iterdir()) == sorted([path, *others])
