"""Nothing lost: whatever ends a dictation, its text is kept, and offered until a window has taken it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import LevelDetector, focus_lost
from tests.test_daemon import House, Rig, result
from voicetype.config import HistoryConfig
from voicetype.control import State
from voicetype.core.events import Patch
from voicetype.daemon import Daemon
from voicetype.errors import DaemonError, Interruption, KeyboardError, NotTyped, PatchInterrupted
from voicetype.history import History, Said, read
from voicetype.keyboard import Claim, Purpose


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Rig]:
    """A daemon whose history is in a folder of the test's own."""
    monkeypatch.setattr("voicetype.listening_loop.VoiceActivity", LevelDetector)
    house = House()
    house.history = History(house.tell, tmp_path / "history")
    rig = Rig(house, Daemon(house, lambda: None))
    yield rig
    rig.daemon.close()
    house.history.close()
    house.close()


def begin(rig: Rig, frames: int = 30) -> None:
    rig.daemon.start({})
    rig.house.mouths[-1].speak(frames)


def idle(rig: Rig) -> None:
    rig.house.wait_for(lambda: rig.house.states()[-1] is State.IDLE)


def not_typed(rig: Rig) -> list[NotTyped]:
    return [news for news in rig.house.told if isinstance(news, NotTyped)]


@pytest.mark.parametrize(
    "reason", [Interruption.FOCUS, Interruption.BROKEN, Interruption.UNTYPABLE, Interruption.UNREAD]
)
def test_whatever_stops_the_typist(rig: Rig, reason: Interruption) -> None:
    rig.house.keyboard.interruptions = [PatchInterrupted(reason, 0, 0)] * 9
    begin(rig)
    assert result(rig.daemon.stop()) == "one two three"
    idle(rig)
    assert rig.daemon.last_texts() == (Said("one two three", "one two three"),)
    (told,) = not_typed(rig)
    assert "voicetype last" in told.hint


def test_a_keyboard_that_fails_in_a_way_nobody_thought_of(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of the dictation is heard, and all of it is kept."""

    def broken(_: Patch) -> None:
        raise ZeroDivisionError("the keyboard")

    monkeypatch.setattr(rig.house.keyboard, "apply", broken)
    begin(rig)
    assert result(rig.daemon.stop()) == "one two three"
    idle(rig)
    assert rig.daemon.last_texts() == (Said("one two three", "one two three"),)


def test_a_fault_of_ours_in_mid_dictation(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was understood is kept, though the dictation is over."""

    def tell(news: object) -> None:
        told(news)
        if rig.house.keyboard.text:
            raise ZeroDivisionError("whoever is told")

    told = rig.house.tell
    begin(rig, 40)
    monkeypatch.setattr(rig.daemon._turns, "_tell", told)
    monkeypatch.setattr(rig.daemon._turns._running, "_report", tell)
    with pytest.raises(ZeroDivisionError):
        result(rig.daemon.stop())
    idle(rig)
    (said,) = rig.daemon.last_texts()
    assert said.text.startswith("one")
    assert said.text.startswith(rig.house.keyboard.text)
    assert any("voicetype last" in getattr(news, "hint", "") for news in rig.house.told)


def test_a_locked_screen_loses_no_word_that_waits_for_certainty(rig: Rig) -> None:
    """In a terminal nothing is typed before it is confirmed twice."""
    rig.house.keyboard.field = Claim(app="kitty")
    rig.house.heavy.gate.clear()
    begin(rig, 60)
    rig.house.wait_for(lambda: len(rig.house.fast.heard) > 4)
    rig.daemon.screen_locked(True)
    idle(rig)
    rig.house.heavy.gate.set()
    (said,) = rig.daemon.last_texts()
    assert rig.house.keyboard.text == ""
    assert said.untyped == said.text
    assert said.text.startswith("one")
    (told,) = not_typed(rig)
    assert "the screen is locked" in told.sentence
    assert "voicetype last" in told.hint


def test_where_nothing_is_remembered_nobody_is_told_that_it_is(rig: Rig) -> None:
    rig.house.history.use(HistoryConfig(length=0))
    rig.house.keyboard.field = Claim(app="kitty")
    rig.house.heavy.gate.clear()
    begin(rig, 60)
    rig.house.wait_for(lambda: len(rig.house.fast.heard) > 4)
    rig.daemon.screen_locked(True)
    idle(rig)
    rig.house.heavy.gate.set()
    (told,) = not_typed(rig)
    assert "voicetype last" not in told.hint
    assert rig.daemon.last_texts() == ()


@pytest.mark.parametrize("kept", [False, True])
def test_the_daemon_ends_with_a_text_that_is_not_typed(rig: Rig, tmp_path: Path, kept: bool) -> None:
    rig.house.history.use(HistoryConfig(keep=kept))
    rig.house.keyboard.field = Claim(app="kitty")
    rig.house.heavy.gate.clear()
    begin(rig, 60)
    rig.house.wait_for(lambda: len(rig.house.fast.heard) > 4)
    waiting = rig.daemon.stop()
    rig.daemon.close()
    rig.house.history.close()
    rig.house.heavy.gate.set()
    assert result(waiting).startswith("one")
    assert read(tmp_path / "history") == ((Said(result(waiting), result(waiting)),) if kept else ())
    (told,) = not_typed(rig)
    assert "voicetype ends" in told.sentence
    assert ("They are gone" in told.hint) is not kept


@pytest.mark.parametrize("locked", [False, True])
def test_what_is_cancelled_is_dropped_as_it_was_asked(rig: Rig, locked: bool) -> None:
    """But for what stands: a screen that is locked right behind it leaves it where it is."""
    rig.house.heavy.gate.clear()
    begin(rig)
    rig.house.wait_for(lambda: bool(rig.house.keyboard.text))
    rig.daemon.cancel()
    if locked:
        rig.daemon.screen_locked(True)
    idle(rig)
    rig.house.heavy.gate.set()
    stands = rig.house.keyboard.text
    assert locked or not stands
    assert rig.daemon.last_texts() == ((Said(stands),) if stands else ())
    assert not_typed(rig) == []


def speak_behind_one_that_is_confirmed(rig: Rig) -> tuple[Future[str], Future[str]]:
    rig.house.heavy.gate.clear()
    begin(rig)
    first = rig.daemon.stop()
    begin(rig, 20)
    return first, rig.daemon.stop()


def test_what_was_said_behind_a_dictation_is_heard_though_no_window_is_left(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = speak_behind_one_that_is_confirmed(rig)

    def nowhere() -> Claim:
        raise KeyboardError("No window has the focus.", "Click into one.")

    monkeypatch.setattr(rig.house.keyboard, "claim", nowhere)
    rig.house.heavy.gate.set()
    assert result(first) == "one two three"
    assert result(second) == "one two"
    idle(rig)
    assert rig.daemon.last_texts() == (Said("one two", "one two"), Said("one two three"))
    assert rig.house.keyboard.text == "one two three"
    assert len(not_typed(rig)) == 1
    assert all(mouth.closed for mouth in rig.house.mouths)


def test_what_was_said_behind_a_dictation_is_heard_though_the_screen_is_locked(rig: Rig) -> None:
    """And typed nowhere, though the first window is there."""
    _, second = speak_behind_one_that_is_confirmed(rig)
    rig.house.wait_for(lambda: bool(rig.house.keyboard.text))
    rig.daemon.screen_locked(True)
    rig.house.heavy.gate.set()
    assert result(second) == "one two"
    idle(rig)
    assert "one two three".startswith(rig.house.keyboard.text), "the first one alone"
    assert rig.daemon.last_texts()[0] == Said("one two", "one two")
    assert all(mouth.closed for mouth in rig.house.mouths)


def test_no_more_than_a_few_dictations_wait(rig: Rig) -> None:
    rig.house.heavy.gate.clear()
    texts = []
    for _ in range(8):
        begin(rig, 20)
        texts.append(rig.daemon.stop())
    with pytest.raises(DaemonError, match="8 dictations are not confirmed yet"):
        rig.daemon.start({})
    assert len(rig.house.mouths) == 8, "no microphone is opened in vain"
    rig.house.heavy.gate.set()
    assert [result(text) for text in texts] == ["one two"] * 8
    idle(rig)
    begin(rig)


def test_what_was_said_behind_a_dictation_into_a_password_field_is_not_heard(rig: Rig) -> None:
    first, second = speak_behind_one_that_is_confirmed(rig)
    rig.house.keyboard.field = Claim(purpose=Purpose.PASSWORD)
    rig.house.heavy.gate.set()
    assert result(first) == "one two three"
    assert result(second) == ""
    idle(rig)
    assert rig.daemon.last_texts() == (Said("one two three"),)


def test_the_rest_is_typed_where_somebody_asks(rig: Rig) -> None:
    begin(rig)
    rig.house.wait_for(lambda: bool(rig.house.keyboard.text))
    rig.house.keyboard.interruptions = [focus_lost()] * 9
    rig.house.mouths[0].speak(40)
    text = result(rig.daemon.stop())
    idle(rig)
    rig.house.keyboard.interruptions = []
    (said,) = rig.daemon.last_texts()
    assert said.text == text
    stood = rig.house.keyboard.text
    assert text == f"{stood} {said.untyped}"
    rig.house.keyboard.field = Claim(continues=True)
    rig.daemon.type_last(rest=True).result(10)
    assert rig.house.keyboard.text.replace(" ", "") == text.replace(" ", "")
    assert rig.daemon.last_texts() == (Said(text),)
    idle(rig)
    with pytest.raises(DaemonError, match="was typed whole"):
        rig.daemon.type_last(rest=True)
    rig.house.keyboard.text = ""
    rig.daemon.type_last(rest=False).result(10)
    assert rig.house.keyboard.text.strip() == text


def test_what_is_typed_in_vain_is_still_offered(rig: Rig) -> None:
    rig.house.keyboard.interruptions = [focus_lost()] * 99
    begin(rig)
    text = result(rig.daemon.stop())
    idle(rig)
    with pytest.raises(KeyboardError, match="another window has the focus"):
        rig.daemon.type_last(rest=False).result(10)
    assert rig.daemon.last_texts() == (Said(text, text),)


def test_there_is_nothing_to_type(rig: Rig) -> None:
    with pytest.raises(DaemonError, match="Nothing was dictated yet"):
        rig.daemon.type_last(rest=False)


def test_nothing_is_typed_in_the_middle_of_a_dictation(rig: Rig) -> None:
    begin(rig)
    result(rig.daemon.stop())
    idle(rig)
    rig.house.settings = replace(rig.house.settings, language="de")
    begin(rig)
    with pytest.raises(DaemonError, match="dictation is running"):
        rig.daemon.type_last(rest=False)
