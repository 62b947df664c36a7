"""A reader that does not read: what happens waits for it, up to a limit, and holds up nobody."""

from __future__ import annotations

import errno
import logging
import threading

import pytest

from voicetype.core.stream import Finished, StreamEvent, Typed
from voicetype.relay import MOST, Relay


class Halted:
    """A terminal that shows nothing until it goes on."""

    def __init__(self) -> None:
        self.goes_on = threading.Event()
        self.begun = threading.Event()
        self.shown: list[StreamEvent] = []

    def __call__(self, event: StreamEvent) -> None:
        self.begun.set()
        assert self.goes_on.wait(20)
        self.shown.append(event)

    def note(self, sentence: str) -> None:
        """Nothing."""

    def problem(self, sentence: str, hint: str) -> None:
        """Nothing."""


def events(count: int) -> list[StreamEvent]:
    return [Typed(0, "a", float(n)) for n in range(count)]


def test_what_waits_is_printed_in_order() -> None:
    terminal = Halted()
    relay = Relay(terminal)
    for event in events(100):
        relay(event)
    terminal.goes_on.set()
    relay.close()
    assert terminal.shown == events(100)


def test_the_end_of_a_dictation_is_printed_before_anyone_is_given_its_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("voicetype.relay._FINISHED_S", 20.0)
    terminal = Halted()
    terminal.goes_on.set()
    relay = Relay(terminal)
    for event in [*events(100), Finished("aaa", 1.0)]:
        relay(event)
    assert terminal.shown[-1] == Finished("aaa", 1.0)
    relay.close()


def test_what_finds_no_room_is_left_out_and_that_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    terminal = Halted()
    relay = Relay(terminal)
    with caplog.at_level(logging.WARNING):
        relay(events(1)[0])
        assert terminal.begun.wait(20)
        for event in events(MOST + 50):
            relay(event)
        assert len(caplog.records) == 1
        terminal.goes_on.set()
    relay.close()
    assert terminal.shown[1:] == events(MOST)


def test_the_end_does_not_wait_for_a_reader_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicetype.relay._GOODBYE_S", 0.05)
    terminal = Halted()
    relay = Relay(terminal)
    for event in events(MOST + 2):
        relay(event)
    relay.close()
    assert terminal.shown == []
    terminal.goes_on.set()


class FullDisk:
    """A printer whose file can't grow."""

    def __call__(self, event: StreamEvent) -> None:
        assert event
        raise OSError(errno.ENOSPC, "No space left on device")

    def note(self, sentence: str) -> None:
        self(Typed(0, sentence, 0.0))

    def problem(self, sentence: str, hint: str) -> None:
        self.note(sentence + hint)


def test_what_can_not_be_printed_ends_no_dictation(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logging.getLogger("voicetype"), "propagate", True)
    relay = Relay(FullDisk())
    for _ in range(2):
        relay(Typed(0, "hello", 1.0))
        relay.note("Ready.")
        relay.problem("The tray is gone.", "It comes back.")
    relay.close()
    assert caplog.messages == ["What happens can't be printed: No space left on device"]
