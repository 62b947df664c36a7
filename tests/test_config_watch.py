"""A changed file is noticed, whichever way it changes; and what is new is said."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.real.xserver import wait_until
from voicetype.config import Config
from voicetype.config_file import override
from voicetype.config_watch import ConfigWatch, changes
from voicetype.core.events import Patching

POLL_S, SETTLE_S = 0.01, 0.1


@dataclass
class Seen:
    """What the file held whenever it was found changed; None: it was not there."""

    path: Path
    texts: list[str | None] = field(default_factory=list)

    def __call__(self) -> None:
        self.texts.append(self.path.read_text() if self.path.exists() else None)

    def ends_with(self, text: str | None) -> None:
        """Wait until this was seen last; a slow machine may let a file settle twice."""
        wait_until(lambda: self.texts[-1:] == [text], f"the file to hold {text!r}")


@contextmanager
def watched(path: Path) -> Iterator[Seen]:
    seen = Seen(path)
    watch = ConfigWatch(path, POLL_S)
    watch.start(seen)
    try:
        yield seen
    finally:
        watch.stop()


def edited(file: Path, text: str) -> None:
    """As an editor saves: another file takes the place."""
    new = file.with_name("new")
    new.write_text(text)
    new.replace(file)


def write(file: Path, text: str) -> None:
    file.write_text(text)


@pytest.mark.parametrize("change", [write, edited])
def test_what_happens_to_a_file_is_noticed(tmp_path: Path, change: Callable[[Path, str], None]) -> None:
    file = tmp_path / "config.toml"
    with watched(file) as seen:
        change(file, "a = 1")
        seen.ends_with("a = 1")
        change(file, "a = 2")  # of the same length
        seen.ends_with("a = 2")
        file.unlink()
        seen.ends_with(None)
        change(file, "a = 3")
        seen.ends_with("a = 3")


def test_a_folder_that_comes_later(tmp_path: Path) -> None:
    file = tmp_path / "voicetype" / "config.toml"
    with watched(file) as seen:
        file.parent.mkdir()
        file.write_text("a = 1")
        seen.ends_with("a = 1")


def test_a_link_and_what_it_leads_to(tmp_path: Path) -> None:
    """Dotfiles: the file changes in its repository, or the link leads elsewhere, be it by its folder."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "real.toml").write_text(name)
    folder, link = tmp_path / "folder", tmp_path / "folder" / "config.toml"
    folder.symlink_to("one")
    (tmp_path / "one" / "config.toml").symlink_to("real.toml")
    (tmp_path / "two" / "config.toml").symlink_to("real.toml")
    with watched(link) as seen:
        (tmp_path / "one" / "real.toml").write_text("new")
        seen.ends_with("new")
        (tmp_path / "next").symlink_to("two")
        (tmp_path / "next").replace(folder)
        seen.ends_with("two")


def test_what_changed_between_making_and_starting_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    seen = Seen(file)
    watch = ConfigWatch(file, POLL_S)
    file.write_text("a = 1")
    watch.start(seen)
    seen.ends_with("a = 1")
    watch.stop()


def test_a_file_that_is_being_written_is_let_settle(tmp_path: Path) -> None:
    """It must rest for a while before it is told of, so that is not told of often."""
    file = tmp_path / "config.toml"
    file.write_text("")
    begun = time.monotonic()
    with watched(file) as seen:
        for step in range(200):
            file.write_text("a" * step)
        file.write_text("whole")
        seen.ends_with("whole")
    assert len(seen.texts) <= (time.monotonic() - begun) / SETTLE_S


def test_the_same_file_is_no_news(tmp_path: Path) -> None:
    file, other = tmp_path / "config.toml", tmp_path / "other.toml"
    file.write_text("a = 1")
    looks, real = 0, os.stat

    with pytest.MonkeyPatch.context() as patch, watched(file) as seen:

        def stat(*arguments: object, **more: object) -> os.stat_result:
            nonlocal looks
            looks += threading.current_thread().name == "voicetype-config"
            return real(*arguments, **more)  # type: ignore[arg-type]

        patch.setattr(os, "stat", stat)
        other.write_text("beside it")
        file.read_text()
        wait_until(lambda: looks > 5, "a few looks")
    assert seen.texts == []


def test_a_failure_is_logged_and_the_next_change_seen(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "config.toml"
    texts: list[str] = []

    def changed() -> None:
        texts.append(file.read_text())
        if texts[-1] == "bad":
            raise RuntimeError("told")

    watch = ConfigWatch(file, POLL_S)
    watch.start(changed)
    with caplog.at_level(logging.ERROR):
        edited(file, "bad")
        wait_until(lambda: bool(caplog.records), "the failure in the log")
    edited(file, "good")
    wait_until(lambda: texts[-1:] == ["good"], "the next change")
    watch.stop()


def test_stopping(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    never = ConfigWatch(file)
    never.stop()  # it was not started
    ended = threading.Event()

    def changed() -> None:
        watch.stop()  # by whom it is called
        ended.set()

    watch = ConfigWatch(file, POLL_S)
    watch.start(changed)
    file.write_text("a = 1")
    assert ended.wait(20)
    watch.stop()
    watch.stop()
    assert "voicetype-config" not in [thread.name for thread in threading.enumerate()]


def test_a_slow_watch_stops_at_once(tmp_path: Path) -> None:
    watch = ConfigWatch(tmp_path / "config.toml", poll_s=10_000)
    watch.start(lambda: None)
    watch.stop()


@pytest.mark.parametrize(
    ("values", "sentences"),
    [
        ({}, []),
        ({"language": "locale"}, []),
        ({"language": "de"}, ["language is now de (was locale)."]),
        ({"languages": ["de", "en"]}, ["languages is now de, en (was empty)."]),
        ({"models.fast": "tiny"}, ["models.fast is now tiny (was empty)."]),
        ({"hotkey.key": ""}, ["hotkey.key is now empty (was Control_R)."]),
        ({"typing.drafts": False}, ["typing.drafts is now off (was on)."]),
        ({"typing.patching": Patching.WINDOW}, ["typing.patching is now window (was diff)."]),
        (
            {"typing.applications": {"kitty": "off"}},
            ["typing.applications is now kitty: off (was empty)."],
        ),
        (
            {"audio.end_s": 1, "language": "fr"},
            ["language is now fr (was locale).", "audio.end_s is now 1.0 (was 0.6)."],
        ),
    ],
)
def test_changes(values: dict[str, object], sentences: list[str]) -> None:
    assert changes(Config(), override(Config(), values)) == sentences
