"""The last dictations: what is remembered, and the file that keeps them where the user asks for it."""

from __future__ import annotations

import json
import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from voicetype.config import HistoryConfig
from voicetype.errors import DaemonError, HistoryError
from voicetype.history import History, Said, default_path, last_of, read, remove, write

ONE, TWO, THREE = Said("one"), Said("two words", "words"), Said("drei — 三 🎤")
KEEP = HistoryConfig(keep=True)


class Memory:
    """A history with a file of its own, and what it complained of."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: list[HistoryError] = []
        self.history = History(self.told.append, path)

    def after(self, *said: Said, config: HistoryConfig = KEEP) -> tuple[Said, ...]:
        """These were dictated, oldest first; what the file has once the daemon has ended."""
        self.history.use(config)
        for each in said:
            self.history.add(each)
        self.history.close()
        return read(self.path)


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(tmp_path / "state/voicetype/history.jsonl")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@contextmanager
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def test_in_memory_alone_unless_asked(memory: Memory) -> None:
    memory.history.add(ONE)
    assert memory.after(TWO, config=HistoryConfig()) == ()
    assert memory.history.said == (TWO, ONE)
    assert not memory.history.kept
    assert not memory.path.parent.parent.exists()


def test_kept_and_had_again_by_the_next_daemon(memory: Memory) -> None:
    assert memory.after(ONE, TWO) == (TWO, ONE)
    second = Memory(memory.path)
    assert second.after(THREE) == (THREE, TWO, ONE) == second.history.said
    assert [*memory.path.parent.iterdir()] == [memory.path]


def test_no_more_than_so_many(memory: Memory) -> None:
    few = HistoryConfig(keep=True, length=2)
    assert memory.after(ONE, TWO, THREE, config=few) == (THREE, TWO)
    assert Memory(memory.path).after(config=HistoryConfig(keep=True, length=1)) == (THREE,)
    assert len(Memory(memory.path).after(*[ONE] * 30)) == 10


def test_the_newest_stay_where_fewer_are_remembered(memory: Memory) -> None:
    for each in (ONE, TWO, THREE):
        memory.history.add(each)
    memory.history.use(HistoryConfig(length=2))
    assert memory.history.said == (THREE, TWO)
    memory.history.use(HistoryConfig(length=1000))
    assert memory.history.said == (THREE, TWO)


def test_nothing_is_remembered_where_nobody_wants_that(memory: Memory) -> None:
    memory.after(ONE)
    none = Memory(memory.path)
    assert none.after(TWO, config=HistoryConfig(keep=True, length=0)) == ()
    assert none.history.said == ()
    assert not memory.path.exists()


def test_turned_off_the_file_is_gone(memory: Memory) -> None:
    memory.after(ONE)
    (memory.path.parent / f".{memory.path.name}.0123abcd").write_text("what a killed daemon left")
    off = Memory(memory.path)
    off.history.use(HistoryConfig())
    assert [*memory.path.parent.iterdir()] == []
    assert off.told == []


def test_turned_off_and_on_under_way(memory: Memory) -> None:
    memory.history.use(KEEP)
    memory.history.add(ONE)
    memory.history.use(HistoryConfig())
    assert not memory.path.exists()
    assert memory.after(TWO) == (TWO, ONE)


def test_nobody_else_can_read_it(memory: Memory) -> None:
    with open_umask():
        memory.after(ONE)
    assert mode(memory.path) == 0o600
    assert mode(memory.path.parent) == 0o700
    assert mode(memory.path.parent.parent) == 0o700


def test_what_others_could_read_is_closed_to_them(memory: Memory) -> None:
    memory.after(ONE)
    memory.path.chmod(0o666)
    memory.path.parent.chmod(0o777)
    assert read(memory.path) == (ONE,)
    assert mode(memory.path) == 0o600
    Memory(memory.path).after(TWO)
    assert mode(memory.path.parent) == 0o700


def test_it_was_typed_after_all(memory: Memory) -> None:
    memory.history.use(KEEP)
    memory.history.add(TWO)
    memory.history.typed("words")
    assert memory.after(ONE) == (ONE, Said("two words"))
    memory.history.typed("something else")
    assert memory.history.said == (ONE, Said("two words"))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff\xfe\x00",
        b"{",
        b"[" * 200_000,
        b'{"text": 1, "untyped": ""}',
        b'{"text": "x"}',
        b'["text", "untyped"]',
        b"null",
        b"NaN",
    ],
)
def test_lines_that_are_not_ours_are_passed_over(memory: Memory, line: bytes) -> None:
    memory.after(ONE)
    memory.path.write_bytes(line + b"\n" + memory.path.read_bytes() + line)
    second = Memory(memory.path)
    assert second.after(TWO) == (TWO, ONE)
    assert second.told == []


def check_left_alone(memory: Memory) -> None:
    """It is told once, and the memory goes on."""
    memory.history.use(KEEP)
    memory.history.add(ONE)
    memory.history.add(TWO)
    memory.history.use(KEEP)
    memory.history.close()
    assert memory.history.said == (TWO, ONE)
    (told,) = memory.told
    assert str(memory.path) in told.sentence
    assert told.hint
    assert not memory.history.kept


def test_a_link_is_not_followed(memory: Memory, tmp_path: Path) -> None:
    other = tmp_path / "somebody's"
    other.write_text("theirs")
    other.chmod(0o644)
    memory.path.parent.mkdir(parents=True)
    memory.path.symlink_to(other)
    check_left_alone(memory)
    assert (other.read_text(), mode(other)) == ("theirs", 0o644)
    memory.history.use(HistoryConfig())
    assert not memory.path.is_symlink()
    assert other.read_text() == "theirs"


def test_a_pipe_is_not_waited_for(memory: Memory) -> None:
    memory.path.parent.mkdir(parents=True)
    os.mkfifo(memory.path)
    check_left_alone(memory)


def test_a_folder_in_its_place(memory: Memory) -> None:
    memory.path.mkdir(parents=True)
    check_left_alone(memory)
    memory.history.use(HistoryConfig())
    assert len(memory.told) == 2  # that it can't be deleted


def test_a_file_in_the_place_of_its_folder(memory: Memory) -> None:
    memory.path.parent.parent.mkdir(parents=True)
    memory.path.parent.write_text("")
    check_left_alone(memory)
    memory.history.use(HistoryConfig())
    assert len(memory.told) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("folder", [False, True])
def test_what_is_somebody_else_s_is_left_alone(memory: Memory, folder: bool) -> None:
    memory.after(ONE)
    given = memory.path.parent if folder else memory.path
    os.chown(given, 65534, 65534)
    before = memory.path.read_bytes()
    second = Memory(memory.path)
    second.history.use(KEEP)
    second.history.add(TWO)
    second.history.close()
    assert second.history.said == ((TWO, ONE) if folder else (TWO,))
    assert len(second.told) == 1
    assert memory.path.read_bytes() == before


def test_a_full_disk_is_told_once_and_loses_nothing_that_was_kept(memory: Memory) -> None:
    memory.after(ONE)
    second = Memory(memory.path)
    second.history.use(KEEP)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))  # Python ignores SIGXFSZ
    try:
        for _ in range(3):
            second.history.add(Said("long " * 100))
        second.history.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(second.told) == 1
    assert "File too large" in second.told[0].sentence
    assert read(memory.path) == (ONE,)
    assert [*memory.path.parent.iterdir()] == [memory.path]
    assert len(second.history.said) == 4


def test_what_is_no_text_does_not_end_it(memory: Memory) -> None:
    assert memory.after(Said("a \ud800 b")) == (Said("a ? b"),)


def test_it_is_lines_of_json(memory: Memory) -> None:
    memory.after(ONE, Said("a\nb", "b"))
    lines = memory.path.read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"text": "one", "untyped": ""},
        {"text": "a\nb", "untyped": "b"},
    ]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a" / "history"
    write(path, (THREE, TWO))
    assert read(path) == (THREE, TWO)
    remove(path)
    remove(path)
    assert read(path) == ()


def test_the_last_of_them() -> None:
    assert last_of([TWO, ONE], rest=False) == "two words"
    assert last_of([TWO, ONE], rest=True) == "words"
    for said, rest in (((ONE, TWO), True), ((), False), ((), True)):
        with pytest.raises(DaemonError):
            last_of(said, rest=rest)


def test_it_is_in_the_folder_for_states(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert default_path() == tmp_path / ".local/state/voicetype/history.jsonl"
    monkeypatch.setenv("XDG_STATE_HOME", "/elsewhere")
    assert default_path() == Path("/elsewhere/voicetype/history.jsonl")
