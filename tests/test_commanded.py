"""Spoken commands and own words through the pipeline: what they stop, what is told, what is shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes import FakeKeyboard, FakeMicrophone, FakeTranscriber, LevelDetector
from tests.test_pipeline import Listening as GoesOn
from voicetype.core.commands import Listening
from voicetype.core.events import TranscriptSegment
from voicetype.core.vocabulary import Terms, Vocabulary
from voicetype.dictations import Dictations
from voicetype.errors import CommandError
from voicetype.keyboard import Claim
from voicetype.settings import Settings
from voicetype.workers import Worker

pytestmark = pytest.mark.usefixtures("voiced_by_level")
ONE, TWO = "s" * 30 + "." * 60, "s" * 60 + "." * 60
"""An utterance of a second, and one of two."""

LONG = 40_000  # samples: an utterance of two seconds, with what stands around it, has more


class Rig:
    """A pipeline whose models say one text of a short utterance, and another of a long one."""

    def __init__(self) -> None:
        self.short = self.long = ""
        self.keyboard = FakeKeyboard()
        self.reported: list[object] = []
        says = lambda samples: self.long if samples > LONG else self.short  # noqa: E731
        self._workers = Worker("fast"), Worker("heavy")
        for worker in self._workers:
            worker.take(FakeTranscriber(worker.role, says))
        self.dictations = Dictations(*self._workers, self.keyboard)
        self.dictations.open()

    def dictate(self, source: FakeMicrophone, settings: Settings) -> str:
        return self.dictations.dictate(source, settings, self.reported.append).finished.result(20)

    def told(self) -> list[str]:
        return [str(news) for news in self.reported if isinstance(news, CommandError)]

    def close(self) -> None:
        self.dictations.close()
        for worker in self._workers:
            worker.close()


@pytest.fixture
def voiced_by_level(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame is speech when it is not silent."""
    monkeypatch.setattr("voicetype.listening_loop.VoiceActivity", LevelDetector)


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    yield made
    made.close()


WANTED = Settings(language="en", realtime=False, commands=Listening.ALL)


def test_stop_dictation_stops_the_source(rig: Rig) -> None:
    """Which would go on for ever, otherwise."""
    rig.short, rig.long = "Hello there.", "Stop dictation."
    assert rig.dictate(GoesOn(ONE + TWO), WANTED) == "Hello there."
    assert rig.keyboard.text == "Hello there."


def test_what_was_scratched_does_not_stand(rig: Rig) -> None:
    rig.short, rig.long = "Hello there.", "Scratch that."
    assert rig.dictate(FakeMicrophone(ONE + TWO), WANTED) == ""
    assert rig.keyboard.text == ""
    assert rig.told() == []


def test_what_can_not_be_scratched_is_told(rig: Rig) -> None:
    rig.short, rig.long = "Hello there.", "Scratch that."
    rig.keyboard.field = Claim(app="xterm")
    assert rig.dictate(FakeMicrophone(ONE + TWO), WANTED) == "Hello there."
    assert rig.keyboard.text == "Hello there."
    assert len(rig.told()) == 1
    assert "scratched" in rig.told()[0]


def test_a_new_line_is_typed_where_it_is_safe(rig: Rig) -> None:
    rig.short, rig.long = "Milk.", "New line eggs."
    rig.keyboard.field = Claim(several_lines=True)
    assert rig.dictate(FakeMicrophone(ONE + TWO), WANTED) == "Milk.\nEggs."
    assert rig.keyboard.text == "Milk.\nEggs."
    assert all(made.new_lines for made in rig.keyboard.patches if "\n" in made.text)
    assert rig.told() == []


def test_elsewhere_it_is_a_space_and_that_is_told_once(rig: Rig) -> None:
    rig.short, rig.long = "Milk.", "New line eggs new line bread."
    rig.keyboard.field = Claim(several_lines=False)
    assert rig.dictate(FakeMicrophone(ONE + TWO), WANTED) == "Milk. Eggs Bread."
    assert rig.keyboard.text == "Milk. Eggs Bread."
    assert len(rig.told()) == 1
    assert "Line breaks" in rig.told()[0]


def test_who_only_looks_sees_no_words_of_a_command(rig: Rig) -> None:
    rig.short = rig.long = "Hello comma you question mark"
    assert rig.dictate(FakeMicrophone(ONE), WANTED) == "Hello, you?"
    shown = {news.text for news in rig.reported if isinstance(news, TranscriptSegment)}
    assert shown == {"Hello", "Hello, you?"}


@pytest.mark.parametrize(
    ("app", "typed"), [("Slack", "the cat is on call"), ("gedit", "the kubectl is here")]
)
def test_own_words_are_those_of_the_application(rig: Rig, app: str, typed: str) -> None:
    rig.short = "the cube control is here"
    here = Terms(replacements=(("cube control", "cat"), ("here", "on call")))
    vocabulary = Vocabulary(
        Terms(replacements=(("cube control", "kubectl"),)), applications=(("*slack*", here),)
    )
    rig.keyboard.field = Claim(app=app)
    settings = Settings(language="en", realtime=False, vocabulary=vocabulary)
    assert rig.dictate(FakeMicrophone(ONE), settings) == typed
    assert rig.keyboard.text == typed
    assert all("cube" not in made.text for made in rig.keyboard.patches)


def test_what_was_scratched_can_be_undone_no_more_and_the_rest_can(rig: Rig) -> None:
    rig.short, rig.long = "Hello there.", "Scratch that hello you."
    assert rig.dictate(FakeMicrophone(ONE + TWO), WANTED) == "hello you."
    rig.keyboard.field = Claim(continues=True)
    rig.dictations.undo(WANTED)
    assert rig.keyboard.text == ""
