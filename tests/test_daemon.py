"""The daemon with fakes: one dictation after the other, whatever is asked for and when."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from tests.fakes import FakeKeyboard, FakeMicrophone, FakeTranscriber, LevelDetector, focus_lost
from voicetype.config import Config
from voicetype.config_fields import Words
from voicetype.control import State, Status
from voicetype.core.events import Erasing, FocusChanged, Patch, Terms, UserTyped
from voicetype.core.stream import Finished
from voicetype.daemon import Daemon
from voicetype.dictations import Dictations
from voicetype.errors import (
    AudioError,
    ConfigError,
    DaemonError,
    Interruption,
    KeyboardError,
    ModelError,
    PatchInterrupted,
    UndoError,
    VoicetypeError,
)
from voicetype.frames import Frame
from voicetype.history import History
from voicetype.hotkey import Key, KeyEvent
from voicetype.keyboard import Claim, Purpose
from voicetype.settings import Settings
from voicetype.workers import Worker


class Mouth(FakeMicrophone):
    """A microphone into which nothing is said until `speak`; it is silent until it is stopped."""

    def __init__(self) -> None:
        super().__init__("")
        self._said: list[str] = []

    def speak(self, frames: int) -> None:
        self._said += ["s"] * frames

    def __iter__(self) -> Iterator[Frame]:
        while not self._stopped.wait(0.002) or self._said:
            level = 1.0 if self._said and self._said.pop() else 0.0
            yield np.full(512, level, np.float32)


@dataclass
class FakeModels:
    """Two models with names."""

    pair: tuple[str, str] = ("quick", "slow")
    failure: VoicetypeError | None = None
    loading: str = ""
    activity: list[bool] = field(default_factory=list)
    tried_again: int = 0

    def names(self) -> tuple[str, str]:
        return self.pair

    def ready(self) -> bool:
        return True

    def again(self) -> None:
        self.tried_again += 1

    def dictating(self, active: bool) -> None:
        self.activity.append(active)

    def listing(self) -> Sequence[Mapping[str, object]]:
        return [{"name": name} for name in self.pair]

    def language(self, wanted: str) -> str:
        if wanted == "tlh":
            raise ConfigError("The model quick does not know Klingon.", "Learn English.")
        return wanted


class House:
    """The daemon's parts, and what they were told."""

    ways = ("fake", "no key")

    def __init__(self) -> None:
        self.tap_s = 0.35
        self.sending = ""
        self.fast, self.heavy = FakeTranscriber("quick", words), FakeTranscriber("slow", words)
        workers = {}
        for role, model in (("fast", self.fast), ("heavy", self.heavy)):
            workers[role] = Worker(role)
            workers[role].take(model)
        self.workers = workers
        self.keyboard = FakeKeyboard()
        self.dictations = Dictations(workers["fast"], workers["heavy"], self.keyboard)
        self.dictations.open()
        self.models = FakeModels()
        self.settings = Settings(language="en")
        self.config = Config()
        self.history = History(self.tell)
        self.changed_to: dict[str, object] = {}
        self.kept: list[bool] = []
        self.mouths: list[Mouth] = []
        self.broken: AudioError | None = None
        self.told: list[object] = []
        self.changed = threading.Condition()

    def change(self, values: Mapping[str, object], *, keep: bool) -> None:
        self.models.language(str(values.get("language", "en")))
        self.changed_to |= values
        self.kept.append(keep)

    def reload(self) -> None:
        raise ConfigError("config.toml is not valid TOML.", "Mend it.")

    def settle(self) -> None:
        changed, self.changed_to = self.changed_to, {}
        if "models.fast" in changed:
            self.models.pair = (str(changed["models.fast"]), str(changed["models.heavy"]))
        if "language" in changed:
            self.settings = replace(self.settings, language=str(changed["language"]))
        if "hotkey.tap_s" in changed:
            self.tap_s = 9.0

    def microphone(self) -> Mouth:
        if self.broken:
            raise self.broken
        self.mouths.append(Mouth())
        return self.mouths[-1]

    def tell(self, news: object) -> None:
        with self.changed:
            self.told.append(news)
            self.changed.notify_all()

    def wait_for(self, happened: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(happened, 10)

    def pairs(self) -> list[tuple[str, str]]:
        return [(news.fast_model, news.heavy_model) for news in self.told if isinstance(news, Status)]

    def states(self) -> list[State]:
        return [news.state for news in self.told if isinstance(news, Status)]

    def close(self) -> None:
        for model in (self.fast, self.heavy):
            model.gate.set()
        self.dictations.close()
        for worker in self.workers.values():
            worker.close()


def words(samples: int) -> str:
    return " ".join(["one", "two", "three", "four", "five", "six", "seven", "eight"][: samples // 4000])


@dataclass
class Rig:
    house: House
    daemon: Daemon
    quits: list[bool] = field(default_factory=list)

    def press(self, key: Key, at_s: float) -> None:
        self.daemon.key(KeyEvent(key, at_s))


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setattr("voicetype.listening_loop.VoiceActivity", LevelDetector)
    house = House()
    quits: list[bool] = []
    daemon = Daemon(house, lambda: quits.append(True))
    yield Rig(house, daemon, quits)
    daemon.close()
    house.close()


def texts(rig: Rig) -> list[str]:
    return [said.text for said in rig.daemon.last_texts()]


def result(text: Future[str]) -> str:
    return text.result(10)


def test_start_speak_stop(rig: Rig) -> None:
    rig.daemon.start({})
    assert rig.daemon.status().state is State.LISTENING
    rig.house.mouths[0].speak(30)
    text = result(rig.daemon.stop())
    assert text == rig.house.keyboard.text == "one two three"
    rig.house.wait_for(lambda: rig.house.states()[-1:] == [State.IDLE])
    assert rig.house.states() == [State.LISTENING, State.FINISHING, State.IDLE]
    assert rig.house.mouths[0].closed


def test_a_second_start_is_refused(rig: Rig) -> None:
    rig.daemon.start({})
    with pytest.raises(DaemonError, match="listening already"):
        rig.daemon.start({})


def test_stop_and_cancel_with_nothing_running(rig: Rig) -> None:
    rig.daemon.cancel()
    assert result(rig.daemon.stop()) == ""


def test_three_dictations_while_the_first_is_still_being_confirmed(rig: Rig) -> None:
    """Nothing is lost, and the order is right."""
    rig.house.heavy.gate.clear()
    texts = []
    for _ in range(3):
        rig.daemon.start({})
        rig.house.mouths[-1].speak(20)
        texts.append(rig.daemon.stop())
    rig.house.wait_for(lambda: rig.house.states()[-1] is State.FINISHING)
    rig.house.heavy.gate.set()
    assert [result(text) for text in texts] == ["one two"] * 3
    assert rig.house.keyboard.text == "one two" * 3  # the fake keyboard never says that it continues
    assert all(mouth.closed for mouth in rig.house.mouths)


def test_cancel_of_the_one_that_waits_leaves_the_one_that_runs(rig: Rig) -> None:
    rig.house.heavy.gate.clear()
    rig.daemon.start({})
    rig.house.mouths[0].speak(20)
    first = rig.daemon.stop()
    rig.daemon.start({})
    rig.daemon.cancel()
    rig.house.heavy.gate.set()
    assert result(first) == "one two"
    assert rig.house.mouths[1].closed
    rig.house.wait_for(lambda: rig.house.states()[-1] is State.IDLE)


def test_no_microphone_is_told_to_whoever_asked(rig: Rig) -> None:
    rig.house.broken = AudioError("There is no microphone.", "Plug one in.")
    with pytest.raises(AudioError):
        rig.daemon.start({})
    rig.press(Key.DOWN, 1.0)
    rig.house.wait_for(lambda: rig.house.broken in rig.house.told)
    assert rig.daemon.status().state is State.IDLE


def test_no_window_closes_the_microphone_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def claim() -> Claim:
        raise KeyboardError("No window has the focus.", "Click into one.")

    monkeypatch.setattr(rig.house.keyboard, "claim", claim)
    with pytest.raises(KeyboardError):
        rig.daemon.start({})
    assert rig.house.mouths[0].closed
    assert rig.daemon.status().state is State.IDLE


def test_a_fault_of_ours_at_the_start_leaves_no_dictation_behind(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def claim() -> Claim:
        raise TypeError("a keyboard that is broken")

    monkeypatch.setattr(rig.house.keyboard, "claim", claim)
    with pytest.raises(TypeError):
        rig.daemon.start({})
    assert rig.house.mouths[0].closed
    assert rig.daemon.status().state is State.IDLE


def test_a_missing_model_is_an_error_until_another_is_chosen(rig: Rig) -> None:
    rig.house.models.failure = ModelError("The model slow is missing.", "Fetch it.")
    rig.daemon.announce()
    assert rig.daemon.status().state is State.ERROR
    with pytest.raises(ModelError):
        rig.daemon.start({})
    assert rig.house.models.tried_again == 1  # there may be a network by now
    rig.house.models.failure = None
    rig.daemon.set_models("a", "b")
    assert rig.daemon.status().state is State.IDLE
    assert (rig.daemon.status().fast_model, rig.daemon.status().heavy_model) == ("a", "b")


def test_language(rig: Rig) -> None:
    rig.daemon.set_language("de")
    assert rig.daemon.status().language == "de"
    with pytest.raises(ConfigError):
        rig.daemon.set_language("tlh")
    with pytest.raises(ConfigError):
        rig.daemon.start({"language": "tlh"})
    assert rig.house.mouths == []
    assert rig.daemon.status().language == "de"


def test_hold_the_key(rig: Rig) -> None:
    rig.press(Key.DOWN, 1.0)
    rig.house.wait_for(lambda: rig.house.states()[-1:] == [State.LISTENING])
    rig.house.mouths[0].speak(20)
    rig.press(Key.UP, 2.0)
    rig.house.wait_for(lambda: rig.house.states()[-1] is State.IDLE)
    assert rig.house.keyboard.text == "one two"


def test_escape_takes_back_what_is_still_being_confirmed(rig: Rig) -> None:
    rig.house.heavy.gate.clear()
    rig.press(Key.DOWN, 1.0)
    rig.house.wait_for(lambda: bool(rig.house.mouths))
    rig.house.mouths[0].speak(40)
    rig.press(Key.UP, 2.0)
    rig.house.wait_for(lambda: rig.house.states()[-1:] == [State.FINISHING])
    rig.press(Key.ESCAPE, 2.5)
    rig.house.wait_for(lambda: any(isinstance(news, Finished) for news in rig.house.told))
    rig.house.heavy.gate.set()
    assert rig.house.keyboard.text == ""


def test_what_no_window_took_is_told_once_by_stop(rig: Rig) -> None:
    rig.house.keyboard.interruptions = [focus_lost()] * 9
    rig.daemon.start({})
    rig.house.mouths[0].speak(30)
    assert result(rig.daemon.stop()) == "one two three"
    rig.house.wait_for(lambda: rig.house.states()[-1] is State.IDLE)
    assert rig.house.keyboard.text == ""
    assert [e.sentence for e in rig.house.told if isinstance(e, VoicetypeError)] == [
        "The last 13 characters were not typed: their window lost the focus, or is gone."
    ]
    assert result(rig.daemon.stop()) == "one two three"
    assert result(rig.daemon.stop()) == ""


def test_close_leaves_what_stands(rig: Rig) -> None:
    rig.house.heavy.gate.clear()
    rig.daemon.start({})
    rig.house.mouths[0].speak(40)
    rig.house.wait_for(lambda: bool(rig.house.keyboard.text))
    text = rig.daemon.stop()
    rig.daemon.close()
    standing = rig.house.keyboard.text
    assert standing
    assert text.result(0) == standing
    assert rig.house.states() == [State.LISTENING, State.FINISHING]  # nothing is ready any more
    assert all(made.backspaces == 0 for made in rig.house.keyboard.patches), rig.house.keyboard.patches
    with pytest.raises(DaemonError, match="ending"):
        rig.daemon.start({})
    with pytest.raises(DaemonError, match="ending"):
        rig.daemon.stop()


def test_quit(rig: Rig) -> None:
    rig.daemon.quit()
    assert rig.quits == [True]


def test_a_choice_in_mid_dictation_holds_from_the_next_one_on(rig: Rig) -> None:
    rig.daemon.start({})
    rig.daemon.configure({"language": "de"})
    rig.daemon.set_models("a", "b")
    assert rig.house.kept == [True, False]
    assert rig.daemon.status().language == "en"
    assert rig.house.models.activity == [True]
    result(rig.daemon.stop())
    rig.house.wait_for(lambda: rig.house.states()[-1] is State.IDLE)
    assert rig.house.models.activity == [True, False]
    status = rig.daemon.status()
    assert (status.language, status.fast_model, status.heavy_model) == ("de", "a", "b")


def test_what_leaves_the_machine_is_told(rig: Rig) -> None:
    for sending in ("speech.example.org", ""):
        rig.house.sending = sending
        rig.daemon.announce()
        rig.daemon.last_texts()  # asked behind it
        assert rig.daemon.status().sending == sending
    told = [news.sending for news in rig.house.told if isinstance(news, Status)]
    assert told[-2:] == ["speech.example.org", ""]


def test_the_length_of_a_tap_may_change(rig: Rig) -> None:
    rig.daemon.configure({"hotkey.tap_s": 9.0})
    rig.press(Key.DOWN, 1.0)
    rig.press(Key.UP, 5.0)
    rig.daemon.last_texts()  # asked behind the key
    assert rig.daemon.status().state is State.LISTENING  # that was a tap


def test_a_configuration_file_that_is_broken_is_told(rig: Rig) -> None:
    rig.daemon.reload()
    rig.house.wait_for(lambda: any(isinstance(news, ConfigError) for news in rig.house.told))
    assert rig.daemon.status().state is State.IDLE


def test_the_last_texts_can_be_typed_again(rig: Rig) -> None:
    assert rig.daemon.last_texts() == ()
    for spoken in (20, 0, 30):
        rig.daemon.start({})
        rig.house.mouths[-1].speak(spoken)
        result(rig.daemon.stop())
    assert texts(rig) == ["one two three", "one two"]
    rig.house.wait_for(lambda: rig.house.states()[-1] is State.IDLE)
    before = rig.house.keyboard.text
    rig.daemon.type_again("one two")
    assert rig.house.keyboard.text == before + "one two"
    rig.daemon.start({})
    with pytest.raises(DaemonError, match="dictation is running"):
        rig.daemon.type_again("one two")


def test_a_long_text_is_typed_while_the_daemon_goes_on(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, typed = threading.Event(), rig.house.keyboard.apply

    def slowly(made: Patch) -> None:
        assert goes_on.wait(10)
        typed(made)

    monkeypatch.setattr(rig.house.keyboard, "apply", slowly)
    user = threading.Thread(target=rig.daemon.type_again, args=("word " * 50,))
    user.start()
    rig.house.wait_for(lambda: rig.house.states()[-1:] == [State.FINISHING])
    with pytest.raises(DaemonError, match="being typed"):
        rig.daemon.start({})
    with pytest.raises(DaemonError, match="being typed"):
        rig.daemon.type_again("more")
    goes_on.set()
    user.join(10)
    rig.house.wait_for(lambda: rig.house.states()[-1] is State.IDLE)
    assert rig.house.keyboard.text == "word " * 50
    rig.daemon.start({})


def test_of_a_text_that_no_window_takes_the_one_who_asked_is_told(rig: Rig) -> None:
    rig.house.keyboard.interruptions = [focus_lost()]
    with pytest.raises(KeyboardError, match="another window has the focus") as told:
        rig.daemon.type_again("one two")
    assert "last dictations" in told.value.hint


def test_no_more_than_ten_texts_are_remembered(rig: Rig) -> None:
    for _ in range(12):
        rig.daemon.start({})
        rig.house.mouths[-1].speak(20)
        result(rig.daemon.stop())
    assert len(rig.daemon.last_texts()) == 10


def dictated(rig: Rig, frames: int = 30) -> str:
    """A dictation from its beginning to its end."""
    rig.daemon.start({})
    rig.house.mouths[-1].speak(frames)
    text = result(rig.daemon.stop())
    rig.house.wait_for(lambda: rig.house.states()[-1] is State.IDLE)
    return text


def undo(rig: Rig) -> None:
    """Take the last dictation back."""
    rig.daemon.undo_last().result(10)


BEHIND_OURS = Claim(continues=True)


def test_the_last_dictation_is_taken_back_once(rig: Rig) -> None:
    dictated(rig, 20)
    rig.house.keyboard.field = BEHIND_OURS
    dictated(rig, 30)
    assert rig.house.keyboard.text == "one two one two three"
    undo(rig)
    assert rig.house.keyboard.text == "one two"
    with pytest.raises(UndoError, match="nothing to take back"):
        undo(rig)
    assert texts(rig) == ["one two three", "one two"]
    rig.house.wait_for(lambda: rig.house.states()[-1] is State.IDLE)
    dictated(rig, 20)
    assert rig.house.keyboard.text == "one two one two"  # the space before it is not forgotten


def test_a_text_that_was_typed_again_is_taken_back(rig: Rig) -> None:
    dictated(rig, 20)
    rig.house.keyboard.field = BEHIND_OURS
    rig.daemon.type_again("word " * 30)
    assert rig.house.keyboard.text == "one two " + "word " * 30
    undo(rig)
    assert rig.house.keyboard.text == "one two"
    assert [made.backspaces for made in rig.house.keyboard.patches[-4:]] == [50, 50, 50, 1]


def test_an_undo_is_refused_while_a_dictation_runs(rig: Rig) -> None:
    dictated(rig)
    rig.house.keyboard.field = BEHIND_OURS
    rig.daemon.start({})
    with pytest.raises(DaemonError, match="dictation is running"):
        undo(rig)


def test_a_dictation_that_typed_nothing_leaves_the_one_before_to_be_taken_back(rig: Rig) -> None:
    dictated(rig, 20)
    rig.house.keyboard.field = BEHIND_OURS
    assert dictated(rig, 0) == ""
    undo(rig)
    assert rig.house.keyboard.text == ""


def test_but_not_where_the_user_typed_in_it(rig: Rig) -> None:
    dictated(rig, 20)
    rig.house.keyboard.field = BEHIND_OURS
    rig.daemon.start({})
    rig.house.keyboard.observer(UserTyped())
    assert result(rig.daemon.stop()) == ""
    rig.house.wait_for(lambda: rig.house.states()[-1] is State.IDLE)
    with pytest.raises(UndoError, match="nothing to take back"):
        undo(rig)
    assert rig.house.keyboard.text == "one two"


def test_an_undo_without_any_dictation(rig: Rig) -> None:
    with pytest.raises(UndoError, match="nothing to take back"):
        undo(rig)


@pytest.mark.parametrize(
    ("field", "rules", "sentence"),
    [
        (Claim(), {}, "can't be taken back: you typed or clicked since"),
        (Claim(True, "kitty"), {}, "voicetype erases nothing in kitty: its policy is append-only."),
        (Claim(True, "a"), {"a": "final-only"}, "erases nothing in a: its policy is final-only."),
        (Claim(True, erasing=Erasing.NONE), {}, "is not known here"),
    ],
)
def test_what_is_not_taken_back(rig: Rig, field: Claim, rules: dict[str, str], sentence: str) -> None:
    dictated(rig)
    rig.house.keyboard.field = field
    rig.house.settings = replace(rig.house.settings, applications=Words(rules))
    with pytest.raises(UndoError, match=sentence) as refused:
        undo(rig)
    assert refused.value.hint
    assert rig.house.keyboard.text == "one two three"


def test_what_was_refused_elsewhere_is_not_taken_back_there(rig: Rig) -> None:
    """The claim that refused is the last one, and the next continues it; but what was typed is not there."""
    dictated(rig)
    rig.house.keyboard.field = Claim()
    with pytest.raises(UndoError):
        undo(rig)
    rig.house.keyboard.field = BEHIND_OURS
    with pytest.raises(UndoError, match="nothing to take back"):
        undo(rig)
    assert rig.house.keyboard.text == "one two three"


def test_how_deep_a_correction_may_go_does_not_limit_an_undo(rig: Rig) -> None:
    rig.house.settings = replace(rig.house.settings, terms=Terms(depth=0))
    dictated(rig)
    rig.house.keyboard.field = BEHIND_OURS
    undo(rig)
    assert rig.house.keyboard.text == ""


@pytest.mark.parametrize(("erasing", "taken"), [(Erasing.KEYS, False), (Erasing.EXACT, True)])
def test_what_a_backspace_may_erase_in_part(rig: Rig, erasing: Erasing, taken: bool) -> None:
    rig.house.keyboard.field = Claim(True, erasing=erasing)
    rig.daemon.type_again("a family: 👩‍👩‍👧")
    if not taken:
        with pytest.raises(UndoError, match="erase only a part"):
            undo(rig)
        return
    undo(rig)
    assert rig.house.keyboard.text == ""


@pytest.mark.parametrize(
    ("read", "taken"), [("Dear one two three", True), ("one two thre", False), ("", False), (None, True)]
)
def test_what_the_application_says_is_heeded(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, read: str | None, taken: bool
) -> None:
    dictated(rig)
    rig.house.keyboard.field = BEHIND_OURS
    monkeypatch.setattr(rig.house.keyboard, "read", lambda _: read)
    if taken:
        undo(rig)
    else:
        with pytest.raises(UndoError, match="Something else stands before the caret"):
            undo(rig)
    assert rig.house.keyboard.text == ("" if taken else "one two three")


def test_an_undo_that_is_interrupted_says_how_far_it_came(rig: Rig) -> None:
    rig.house.keyboard.field = BEHIND_OURS
    rig.daemon.type_again("word " * 30)
    rig.house.keyboard.interruptions = [None, PatchInterrupted(Interruption.FOREIGN_INPUT, 20, 0)]
    with pytest.raises(UndoError) as told:
        undo(rig)
    assert told.value.sentence == (
        "Only the last 70 of 150 characters were taken back: a key was pressed, or the mouse."
    )
    assert rig.house.keyboard.text == "word " * 16
    with pytest.raises(UndoError, match="nothing to take back"):
        undo(rig)


def test_an_undo_that_could_not_begin_says_so(rig: Rig) -> None:
    dictated(rig)
    rig.house.keyboard.field = BEHIND_OURS
    rig.house.keyboard.interruptions = [focus_lost()]
    with pytest.raises(UndoError, match="Nothing was taken back: another window has the focus"):
        undo(rig)
    assert rig.house.keyboard.text == "one two three"


def test_a_key_between_two_pieces_ends_an_undo(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.house.keyboard.field = BEHIND_OURS
    rig.daemon.type_again("word " * 30)
    typed = rig.house.keyboard.apply

    def and_the_user(made: Patch) -> None:
        typed(made)
        rig.house.keyboard.text += "x"
        rig.house.keyboard.field = Claim()

    monkeypatch.setattr(rig.house.keyboard, "apply", and_the_user)
    with pytest.raises(UndoError, match="Only the last 50 of 150 characters"):
        undo(rig)
    assert rig.house.keyboard.text == "word " * 20 + "x"


def test_what_the_user_typed_into_is_not_taken_back(rig: Rig) -> None:
    """Part of it stands where it can't be reached."""
    rig.house.heavy.gate.clear()
    rig.daemon.start({})
    rig.house.mouths[0].speak(40)
    rig.house.wait_for(lambda: bool(rig.house.keyboard.text))
    rig.house.keyboard.observer(UserTyped())
    rig.house.heavy.gate.set()
    result(rig.daemon.stop())
    rig.house.wait_for(lambda: rig.house.states()[-1] is State.IDLE)
    rig.house.keyboard.field = BEHIND_OURS
    standing = rig.house.keyboard.text
    with pytest.raises(UndoError, match="does not stand in one piece"):
        undo(rig)
    assert rig.house.keyboard.text == standing


def test_the_keyboard_is_given_back_after_each(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    released: list[str] = []
    monkeypatch.setattr(rig.house.keyboard, "release", lambda: released.append(rig.house.keyboard.text))
    dictated(rig)
    rig.house.keyboard.field = BEHIND_OURS
    undo(rig)
    rig.daemon.type_again("again")
    rig.house.keyboard.field = Claim(app="KeePassXC")
    refused: Callable[[], None]
    for refused in (lambda: rig.daemon.start({}), lambda: rig.daemon.type_again("x")):
        with pytest.raises(KeyboardError, match="does not type into KeePassXC"):
            refused()
    with pytest.raises(UndoError):
        undo(rig)
    assert released == ["one two three", "", "again", "again", "again", "again"]


def test_what_was_claimed_in_part_is_given_back(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """An input method takes the seat before it can tell that no window has the focus."""
    released: list[None] = []
    monkeypatch.setattr(rig.house.keyboard, "release", lambda: released.append(None))

    def nowhere() -> Claim:
        raise KeyboardError("No window has the focus.", "Click into one.")

    monkeypatch.setattr(rig.house.keyboard, "claim", nowhere)
    with pytest.raises(KeyboardError, match="No window"):
        rig.daemon.start({})
    assert released == [None]


# Policies


def test_what_may_not_be_typed_into_is_told(rig: Rig) -> None:
    rig.house.keyboard.field = Claim(purpose=Purpose.PASSWORD)
    with pytest.raises(KeyboardError, match="does not type into password fields"):
        rig.daemon.start({})
    assert rig.house.mouths[0].closed
    rig.press(Key.DOWN, 1.0)
    rig.house.wait_for(lambda: any(isinstance(news, KeyboardError) for news in rig.house.told))
    assert rig.daemon.status().state is State.IDLE
    with pytest.raises(KeyboardError, match="does not type into password fields"):
        rig.daemon.type_again("secret")
    assert rig.house.keyboard.text == ""


def test_in_a_terminal_nothing_is_erased(rig: Rig) -> None:
    rig.house.fast.says = lambda samples: words(samples).replace("two", "too")
    rig.house.keyboard.field = Claim(app="kitty")
    assert dictated(rig, 40) == rig.house.keyboard.text == "one two three four five"
    assert all(made.backspaces == 0 for made in rig.house.keyboard.patches)


def test_a_rule_of_the_users_own_lets_it_be_mended(rig: Rig) -> None:
    rig.house.fast.says = lambda samples: words(samples).replace("two", "too")
    rig.house.settings = replace(rig.house.settings, applications=Words({"kitty": "in-place"}))
    rig.house.keyboard.field = Claim(app="kitty")
    rig.house.heavy.gate.clear()
    rig.daemon.start({})
    rig.house.mouths[0].speak(40)
    rig.house.wait_for(lambda: "too" in rig.house.keyboard.text)
    rig.house.heavy.gate.set()
    assert result(rig.daemon.stop()) == rig.house.keyboard.text == "one two three four five"
    assert any(made.backspaces for made in rig.house.keyboard.patches)


# Where the focus goes


def go_elsewhere(rig: Rig) -> None:
    """The window loses the focus in the middle of a dictation."""
    rig.house.mouths[-1].speak(30)
    rig.house.wait_for(lambda: bool(rig.house.keyboard.text))
    rig.house.keyboard.observer(FocusChanged(ours=False))


def test_a_dictation_stops_with_the_loss_of_the_focus(rig: Rig) -> None:
    rig.house.settings = replace(rig.house.settings, on_focus_change="stop")
    rig.house.heavy.gate.clear()
    rig.press(Key.DOWN, 1.0)
    rig.house.wait_for(lambda: bool(rig.house.mouths))
    go_elsewhere(rig)
    rig.house.wait_for(lambda: rig.house.states()[-1] is State.FINISHING)
    rig.press(Key.UP, 9.0)
    rig.house.heavy.gate.set()
    rig.house.wait_for(lambda: rig.house.states()[-1] is State.IDLE)
    assert texts(rig) == ["one two three"]
    assert rig.house.states() == [State.LISTENING, State.FINISHING, State.IDLE]
    rig.daemon.start({})  # the next press listens


def test_a_dictation_goes_on_in_the_window_that_has_the_focus(rig: Rig) -> None:
    rig.house.settings = replace(rig.house.settings, on_focus_change="continue")
    rig.daemon.start({})
    go_elsewhere(rig)
    before, rig.house.keyboard.text = rig.house.keyboard.text, ""
    rig.house.mouths[-1].speak(30)
    text = result(rig.daemon.stop())
    assert rig.house.keyboard.text
    assert text.replace(" ", "") == (before + rig.house.keyboard.text).replace(" ", "")
    rig.house.wait_for(lambda: rig.house.states()[-1] is State.IDLE)
    rig.house.keyboard.field = BEHIND_OURS
    with pytest.raises(UndoError, match="does not stand in one piece"):
        undo(rig)


def test_the_end_of_a_microphone_is_seen(rig: Rig) -> None:
    rig.house.heavy.gate.clear()
    rig.daemon.start({})
    rig.house.mouths[0].speak(20)
    rig.house.wait_for(lambda: bool(rig.house.keyboard.text))
    rig.house.mouths[0].stop()  # as by itself
    rig.house.wait_for(lambda: rig.house.states()[-1] is State.FINISHING)
    rig.house.heavy.gate.set()
    rig.house.wait_for(lambda: rig.house.states()[-1] is State.IDLE)


# The locked screen


def test_a_locked_screen_ends_what_runs_as_it_stands(rig: Rig) -> None:
    rig.house.heavy.gate.clear()
    rig.daemon.start({})
    rig.house.mouths[0].speak(40)
    rig.house.wait_for(lambda: bool(rig.house.keyboard.text))
    rig.daemon.screen_locked(True)
    rig.house.wait_for(lambda: rig.house.states()[-1] is State.IDLE)
    rig.house.heavy.gate.set()
    standing = rig.house.keyboard.text
    assert all(made.backspaces == 0 for made in rig.house.keyboard.patches)
    assert texts(rig) == [standing]
    refused: Callable[[], None]
    for refused in (lambda: rig.daemon.start({}), lambda: rig.daemon.type_again("x"), lambda: undo(rig)):
        with pytest.raises(DaemonError, match="The screen is locked"):
            refused()
    rig.press(Key.DOWN, 1.0)
    rig.house.wait_for(lambda: any(isinstance(news, DaemonError) for news in rig.house.told))
    assert len(rig.house.mouths) == 1
    rig.daemon.screen_locked(False)
    rig.house.keyboard.text = ""
    assert dictated(rig, 20) == "one two"


def test_a_locked_screen_breaks_off_a_text_that_is_typed(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = rig.house.keyboard.apply

    def and_the_lock(made: Patch) -> None:
        typed(made)
        rig.daemon.screen_locked(True)
        rig.daemon.last_texts()  # asked behind the lock

    monkeypatch.setattr(rig.house.keyboard, "apply", and_the_lock)
    with pytest.raises(KeyboardError, match="not typed to its end: the screen is locked"):
        rig.daemon.type_again("word " * 30)
    assert rig.house.keyboard.text == "word " * 10


def test_a_screen_that_is_locked_before_the_typing_begins(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its thread may be late."""
    types = rig.house.dictations.type

    def late(text: str, settings: Settings) -> None:
        rig.daemon.screen_locked(True)
        rig.daemon.last_texts()  # asked behind the lock
        types(text, settings)

    monkeypatch.setattr(rig.house.dictations, "type", late)
    with pytest.raises(KeyboardError, match="not typed to its end: the screen is locked"):
        rig.daemon.type_again("secret")
    assert rig.house.keyboard.text == ""
    monkeypatch.undo()
    rig.daemon.screen_locked(False)
    rig.daemon.type_again("again")
    assert rig.house.keyboard.text == "again"
