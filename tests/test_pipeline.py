"""The stream graph with fakes: from frames to a text field, with everything that overtakes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from tests.fakes import FakeKeyboard, FakeMicrophone, FakeTranscriber, LevelDetector, focus_lost
from voicetype.core.events import (
    Confidence,
    FocusChanged,
    Patch,
    Patching,
    Showing,
    Terms,
    TranscriptSegment,
    UserTyped,
)
from voicetype.core.stream import Began, Dropped, Finished, Typed
from voicetype.core.vocabulary import Terms as OwnWords
from voicetype.core.vocabulary import Vocabulary
from voicetype.dictations import Dictations
from voicetype.engine import Transcriber
from voicetype.errors import (
    AudioError,
    Interruption,
    KeyboardError,
    ModelError,
    PatchInterrupted,
    VoicetypeError,
)
from voicetype.frames import Frame
from voicetype.keyboard import Claim, Observer
from voicetype.pipeline import Dictation
from voicetype.settings import Settings
from voicetype.workers import Worker

pytestmark = pytest.mark.usefixtures("voiced_by_level")


class Listening(FakeMicrophone):
    """Goes on, in silence, until it is told to stop."""

    def __iter__(self) -> Iterator[Frame]:
        yield from super().__iter__()
        while not self._stopped.wait(0.005):
            yield np.zeros(512, np.float32)


NO_WORDS = Vocabulary()
SPOKEN = "one two three four five six seven eight nine ten".split()  # noqa: SIM905  # a list of words


@pytest.fixture
def voiced_by_level(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame is speech when it is not silent."""
    monkeypatch.setattr("voicetype.listening_loop.VoiceActivity", LevelDetector)


@dataclass
class Rig:
    """A pipeline with two fake models and a fake keyboard, and all that was reported."""

    fast: FakeTranscriber
    heavy: FakeTranscriber
    keyboard: FakeKeyboard = field(default_factory=FakeKeyboard)
    reported: list[object] = field(default_factory=list)
    happened: threading.Condition = field(default_factory=threading.Condition)

    def report(self, news: object) -> None:
        with self.happened:
            self.reported.append(news)
            self.happened.notify_all()

    def wait_for(self, seen: Callable[[], bool]) -> None:
        """Also for what a model hears, which nobody reports."""
        with self.happened:
            assert any(self.happened.wait_for(seen, 0.05) for _ in range(200))

    def of(self, *kinds: type) -> list[object]:
        return [news for news in self.reported if isinstance(news, kinds)]


def words(samples: int) -> str:
    """A word for each quarter of a second heard."""
    return " ".join(SPOKEN[: samples // 4000])


def sentence(samples: int) -> str:
    """The same as a careful model says it."""
    return (words(samples).capitalize() + ".") if words(samples) else ""


@pytest.fixture
def rig() -> Rig:
    return Rig(FakeTranscriber("quick", words), FakeTranscriber("slow", sentence))


Dictate = Callable[..., Dictation]


@pytest.fixture
def dictate(rig: Rig) -> Iterator[Dictate]:
    """Start a dictation of a script on the rig."""
    made: list[tuple[Dictations, Worker, Worker]] = []

    def begin(
        script: str | FakeMicrophone,
        realtime: bool = False,
        patching: Patching = Patching.DIFF,
        verification: bool = True,
        drafts: bool = True,
        on_focus_change: str = "pause",
        vocabulary: Vocabulary = NO_WORDS,
    ) -> Dictation:
        if not made:
            fast, heavy = (_worker(role, model) for role, model in (("fast", rig.fast), ("heavy", rig.heavy)))
            pipeline = Dictations(fast, heavy, rig.keyboard)
            pipeline.open()
            made.append((pipeline, fast, heavy))
        source = FakeMicrophone(script) if isinstance(script, str) else script
        terms = Terms(Showing.DRAFTS if drafts else Showing.FINAL)
        how = Settings(
            language="en", realtime=realtime, patching=patching, verification=verification, terms=terms
        )
        how = replace(how, on_focus_change=on_focus_change, vocabulary=vocabulary)
        return made[0][0].dictate(source, how, rig.report)

    yield begin
    for pipeline, fast, heavy in made:
        rig.fast.gate.set()
        rig.heavy.gate.set()
        pipeline.close()
        fast.close()
        heavy.close()


def _worker(role: str, model: Transcriber) -> Worker:
    worker = Worker(role)
    worker.take(model)
    return worker


@pytest.mark.parametrize("patching", list(Patching))
def test_a_word_on_its_way_from_the_microphone_to_the_key(
    rig: Rig, dictate: Dictate, patching: Patching
) -> None:
    text = dictate("s" * 60 + "." * 20, patching=patching).finished.result(10)
    assert rig.keyboard.text == text
    assert text.casefold() == "one two three four five six seven eight."
    segments = [s for s in rig.reported if isinstance(s, TranscriptSegment)]
    ids = [s.window_id for s in segments if s.confidence is Confidence.DRAFT]
    assert ids == sorted(set(ids))
    confirmed = [s for s in segments if s.confidence is Confidence.CONFIRMED]
    corrected = [n for s in confirmed for n in s.corrects_window_ids]
    assert corrected == list(range(corrected[-1] + 1))
    assert isinstance(rig.reported[0], Began)
    assert isinstance(rig.reported[-1], Finished)
    assert rig.reported[-1].text == text
    assert not rig.of(Dropped)


def test_drafts_stand_before_the_heavy_model_has_said_anything(rig: Rig, dictate: Dictate) -> None:
    rig.heavy.gate.clear()
    dictation = dictate("s" * 60, realtime=True)
    rig.wait_for(lambda: any(isinstance(n, Typed) for n in rig.reported))
    assert "one" in rig.keyboard.text
    rig.heavy.gate.set()
    assert dictation.finished.result(10) == rig.keyboard.text


def test_two_utterances(rig: Rig, dictate: Dictate) -> None:
    text = dictate("s" * 20 + "." * 60 + "s" * 20).finished.result(10)
    assert text == rig.keyboard.text
    assert text.casefold() == "one two three. one two three four."  # with the silence before it, it is longer


def test_a_noise_before_the_words_is_no_news_and_leaves_the_count_of_windows(
    rig: Rig, dictate: Dictate
) -> None:
    text = dictate("s" * 60 + "." * 60 + "s" * 3 + "." * 60 + "s" * 60 + "." * 20).finished.result(10)
    assert rig.keyboard.text == text
    segments = [s for s in rig.reported if isinstance(s, TranscriptSegment)]
    assert {s.utterance for s in segments} == {0, 2}
    confirmed = [s for s in segments if s.confidence is Confidence.CONFIRMED]
    corrected = [n for s in confirmed for n in s.corrects_window_ids]
    assert corrected == list(range(corrected[-1] + 1))


def test_cancel_in_the_middle_of_a_model_call(rig: Rig, dictate: Dictate) -> None:
    rig.heavy.gate.clear()
    dictation = dictate("s" * 60, realtime=True)
    rig.wait_for(lambda: any(isinstance(n, Typed) for n in rig.reported))
    dictation.cancel()
    rig.heavy.gate.set()
    assert dictation.finished.result(10) == ""
    assert rig.keyboard.text == ""


def test_a_microphone_is_closed_however_soon_its_session_is_cancelled(dictate: Dictate) -> None:
    for _ in range(20):
        microphone = FakeMicrophone("s" * 60)
        dictation = dictate(microphone)
        dictation.cancel()
        assert dictation.finished.result(10) == ""
        assert microphone.closed


def test_a_cancelled_dictation_leaves_nothing_for_the_next(rig: Rig, dictate: Dictate) -> None:
    rig.heavy.gate.clear()
    first = dictate("s" * 60, realtime=True)
    rig.wait_for(lambda: bool(rig.heavy.heard))
    first.cancel()
    first.finished.result(10)
    rig.heavy.gate.set()
    second = dictate("s" * 20)
    assert second.finished.result(10) == rig.keyboard.text == "One two."


def test_a_heavy_model_that_raises_leaves_the_drafts(rig: Rig, dictate: Dictate) -> None:
    def fail(_: int) -> str:
        raise ModelError("It broke.", "Mend it.")

    rig.heavy.says = fail
    text = dictate("s" * 60).finished.result(10)
    assert text == rig.keyboard.text
    assert text.casefold().startswith("one two three")
    assert {d.model for d in rig.reported if isinstance(d, Dropped)} == {"heavy"}


def test_a_fast_model_that_raises_costs_only_the_drafts(rig: Rig, dictate: Dictate) -> None:
    def fail(_: int) -> str:
        raise ZeroDivisionError

    rig.fast.says = fail
    text = dictate("s" * 60).finished.result(10)
    assert text == rig.keyboard.text
    assert text.startswith("One two three")


def test_a_dead_microphone_ends_the_dictation_with_what_was_said(rig: Rig, dictate: Dictate) -> None:
    broken = FakeMicrophone("s" * 60, AudioError("The microphone is gone.", "Plug it in."))
    text = dictate(broken).finished.result(10)
    assert text == rig.keyboard.text
    assert text.casefold().startswith("one two three")
    assert [str(e) for e in rig.of(VoicetypeError)] == ["The microphone is gone."]


def test_a_lost_focus_keeps_the_text_and_types_no_more(rig: Rig, dictate: Dictate) -> None:
    rig.keyboard.interruptions = [None, focus_lost(0, 2)]
    text = dictate("s" * 60).finished.result(10)
    assert text.casefold().startswith("one two three")
    assert len(rig.keyboard.patches) == 1
    assert text.startswith(rig.keyboard.text)
    assert len(rig.keyboard.text) < len(text)


def test_typing_goes_on_when_the_focus_returns(rig: Rig, dictate: Dictate) -> None:
    """Also where it was back before the typist's word that it was gone."""

    class Flickering(FakeKeyboard):
        def apply(self, made: Patch) -> None:
            if self.interruptions:
                self.observer(FocusChanged(ours=False))
                self.observer(FocusChanged(ours=True))
            super().apply(made)

    rig.keyboard = Flickering()
    rig.keyboard.interruptions = [focus_lost(), None, focus_lost(0, 2)]
    assert dictate("s" * 60).finished.result(10) == rig.keyboard.text


def test_a_dictation_goes_on_in_the_window_that_has_the_focus_then(
    rig: Rig, dictate: Dictate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as there is one: on the way there, none has the focus; what it may be told is told once."""
    running = dictate(Listening("s" * 60), on_focus_change="continue")
    rig.wait_for(lambda: "four" in rig.keyboard.text)
    left, claims = rig.keyboard.text, []

    def claim() -> Claim:
        claims.append(1)
        if len(claims) < 5:
            raise KeyboardError("No window has the focus.", "Click into one.")
        rig.keyboard.text = "other:"
        return Claim()

    monkeypatch.setattr(rig.keyboard, "claim", claim)
    rig.keyboard.observer(FocusChanged(ours=False))
    rig.wait_for(lambda: len(claims) > 4)
    running.stop()
    text = running.finished.result(10)
    assert text.casefold() == "one two three four five six seven eight."
    assert left + rig.keyboard.text.removeprefix("other:") == text
    assert [str(each) for each in rig.of(KeyboardError)] == ["No window has the focus."]


def test_the_words_that_are_expected_are_those_of_the_window(
    rig: Rig, dictate: Dictate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one, too."""
    vocabulary = Vocabulary(applications=(("mail", OwnWords(("Ada",))), ("chat", OwnWords(("Bob",)))))
    rig.keyboard.field = Claim(app="mail")

    def expected() -> set[tuple[str, ...]]:
        return {how.vocabulary.hotwords("en") for model in (rig.fast, rig.heavy) for how in model.asked}

    running = dictate(Listening("s" * 60), on_focus_change="continue", vocabulary=vocabulary)
    rig.wait_for(lambda: "four" in rig.keyboard.text)
    assert expected() == {("Ada",)}
    monkeypatch.setattr(rig.keyboard, "claim", lambda: Claim(app="chat"))
    rig.keyboard.observer(FocusChanged(ours=False))
    rig.wait_for(lambda: not running.session.lost_focus and running.session.epoch > 1)
    running.stop()
    running.finished.result(10)
    assert expected() == {("Ada",), ("Bob",)}


def test_a_window_that_may_not_be_typed_into_gets_nothing_when_the_focus_comes_back_to_it(
    rig: Rig, dictate: Dictate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keyboard has it for the claimed one, although its policy refused the claim."""
    running = dictate(Listening("s" * 60), on_focus_change="continue")
    rig.wait_for(lambda: "four" in rig.keyboard.text)
    left, claims = rig.keyboard.text, []

    def claim() -> Claim:
        claims.append(1)
        return Claim(app="KeePassXC")

    monkeypatch.setattr(rig.keyboard, "claim", claim)
    rig.keyboard.observer(FocusChanged(ours=False))
    rig.wait_for(lambda: len(claims) > 1)
    rig.keyboard.observer(FocusChanged(ours=False))
    rig.keyboard.observer(FocusChanged(ours=True))
    running.stop()
    assert running.finished.result(10).startswith(left)
    assert rig.keyboard.text == left


def test_a_dictation_ends_with_the_focus_where_that_is_wanted(rig: Rig, dictate: Dictate) -> None:
    running = dictate(Listening("s" * 60), on_focus_change="stop")
    rig.wait_for(lambda: "four" in rig.keyboard.text)
    left = rig.keyboard.text
    rig.keyboard.observer(FocusChanged(ours=False))
    text = running.finished.result(10)
    assert rig.keyboard.text == left
    assert text.startswith(left)


class Denying(FakeKeyboard):
    """An application that lets its text be read; `shows` is what it makes of what was typed."""

    def __init__(self, shows: Callable[[str], str]) -> None:
        super().__init__()
        self.shows = shows

    def read(self, characters: int) -> str | None:
        return self.shows(self.text)[-characters:]


@pytest.mark.parametrize(
    ("shows", "denied"),
    [(str, False), (lambda text: text.replace("n", "m"), True), (lambda _: "$", False)],
)
def test_what_the_application_denies_is_not_erased(
    rig: Rig, dictate: Dictate, shows: Callable[[str], str], denied: bool
) -> None:
    """And one that never shows a thing of what is typed is not believed."""
    rig.keyboard = Denying(shows)
    rig.heavy.says = lambda samples: sentence(samples).replace("One", "Won")
    rig.heavy.gains = 1.0
    text = dictate("s" * 60 + "." * 20).finished.result(20)
    assert rig.keyboard.text == text
    assert text.startswith("one" if denied else "Won")
    problems = [str(each) for each in rig.of(KeyboardError)]
    assert problems == ["The application shows something else than what was typed."] * denied
    assert any(made.backspaces for made in rig.keyboard.patches) is not denied


def test_a_key_of_the_users_own_is_the_end_of_our_claim(rig: Rig, dictate: Dictate) -> None:
    rig.heavy.gate.clear()
    dictation = dictate("s" * 60, realtime=True)
    rig.wait_for(lambda: any(isinstance(n, Typed) for n in rig.reported))
    standing = rig.keyboard.text
    rig.keyboard.observer(UserTyped())
    rig.heavy.gate.set()
    assert dictation.finished.result(10) == rig.keyboard.text
    assert rig.keyboard.text.startswith(standing)


def test_a_keyboard_that_fails_keeps_the_text(rig: Rig, dictate: Dictate) -> None:
    rig.keyboard.interruptions = [PatchInterrupted(Interruption.BROKEN, 0, 0)] * 50
    text = dictate("s" * 60).finished.result(10)
    assert text.casefold().startswith("one two three")
    assert rig.keyboard.text == ""
    assert len(rig.of(VoicetypeError)) == 2  # the keyboard's, and how much was not typed


def test_no_focused_window_refuses_the_dictation(
    rig: Rig, dictate: Dictate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def claim() -> Claim:
        raise KeyboardError("No window has the focus.", "Click into one.")

    monkeypatch.setattr(rig.keyboard, "claim", claim)
    with pytest.raises(KeyboardError, match="No window has the focus"):
        dictate("s" * 60)


def test_a_reader_that_fails_ends_the_dictation_rather_than_hanging_it(
    rig: Rig, dictate: Dictate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def report(_: object) -> None:
        raise BrokenPipeError

    released: list[bool] = []
    monkeypatch.setattr(rig, "report", report)
    monkeypatch.setattr(rig.keyboard, "release", lambda: released.append(True))
    with pytest.raises(BrokenPipeError):
        dictate("s" * 60).finished.result(10)
    assert released, "the keyboard is given back"
    monkeypatch.setattr(rig, "report", lambda _: None)
    assert dictate("s" * 20).finished.result(10)


def test_stop_lets_what_was_said_be_confirmed(rig: Rig, dictate: Dictate) -> None:
    rig.heavy.gate.clear()
    dictation = dictate("s" * 60, realtime=True)
    rig.wait_for(lambda: any(isinstance(n, Typed) for n in rig.reported))
    dictation.stop()
    dictation.stop()
    rig.heavy.gate.set()
    assert dictation.finished.result(10) == rig.keyboard.text


def test_silence_types_nothing(rig: Rig, dictate: Dictate) -> None:
    assert dictate("." * 200).finished.result(10) == ""
    assert rig.keyboard.patches == []
    assert rig.fast.heard == rig.heavy.heard == []


def test_what_the_heavy_model_trusts_stands_as_it_was_drafted(rig: Rig, dictate: Dictate) -> None:
    rig.heavy.says = lambda _: "Something else."
    rig.heavy.trusts = lambda draft: draft.startswith("one")
    text = dictate("s" * 60 + "." * 20).finished.result(10)
    assert text == rig.keyboard.text == "one two three four five six seven eight"
    confirmations = [
        s for s in rig.reported if isinstance(s, TranscriptSegment) and s.confidence is Confidence.CONFIRMED
    ]
    assert confirmations
    assert all(s.verified for s in confirmations)
    assert rig.heavy.judged[-1] == text
    (finished,) = rig.of(Finished)
    assert isinstance(finished, Finished)
    assert finished.stats["verified"] == finished.stats["confirmations"] == len(confirmations)
    assert finished.stats["backspaces"] == 0


def test_what_it_does_not_trust_it_says_itself(rig: Rig, dictate: Dictate) -> None:
    rig.heavy.says = lambda samples: words(samples).replace("four", "for")
    text = dictate("s" * 60 + "." * 20).finished.result(10)
    assert text == rig.keyboard.text == "one two three for five six seven eight"
    (finished,) = rig.of(Finished)
    assert isinstance(finished, Finished)
    assert finished.stats["verified"] == 0
    assert rig.heavy.judged


@pytest.mark.parametrize(("gains", "stands"), [(0.0, "four"), (1.0, "for")])
def test_what_its_words_gain_says_whether_they_are_typed(
    rig: Rig, dictate: Dictate, gains: float, stands: str
) -> None:
    rig.heavy.says = lambda samples: words(samples).replace("four", "for")
    rig.heavy.gains = gains
    text = dictate("s" * 60 + "." * 20).finished.result(10)
    assert text == rig.keyboard.text == f"one two three {stands} five six seven eight"


def test_without_verification_nothing_is_judged(rig: Rig, dictate: Dictate) -> None:
    rig.heavy.trusts = lambda _: True
    dictate("s" * 60 + "." * 20, verification=False).finished.result(10)
    assert rig.heavy.judged == []
    assert rig.heavy.heard


def test_drafts_tell_how_sure_the_model_is(rig: Rig, dictate: Dictate) -> None:
    """A certain model's newest word stands at once; a doubtful one's wait for their confirmation."""
    rig.fast.sure = 1.0
    rig.heavy.gate.clear()
    dictation = dictate("s" * 40, realtime=True)
    rig.wait_for(lambda: any(isinstance(n, Typed) for n in rig.reported))
    drafts = [s for s in rig.reported if isinstance(s, TranscriptSegment)]
    assert all(s.probabilities == (1.0,) * len(s.text.split()) for s in drafts)
    first = next(n for n in rig.reported if isinstance(n, Typed))
    assert first.text == next(s.text for s in drafts if s.text)
    rig.heavy.gate.set()
    assert dictation.finished.result(10) == rig.keyboard.text


def test_a_doubtful_model_types_nothing_that_is_not_confirmed(rig: Rig, dictate: Dictate) -> None:
    rig.fast.sure = 0.0
    rig.heavy.gate.clear()
    dictation = dictate("s" * 60, realtime=True)
    rig.wait_for(lambda: any(isinstance(n, TranscriptSegment) and n.text for n in rig.reported))
    assert rig.keyboard.text == ""
    rig.heavy.gate.set()
    text = dictation.finished.result(10)
    assert text == rig.keyboard.text == sentence(60 * 512)


@pytest.mark.parametrize(("sure", "is_early"), [(1.0, False), (0.0, True)])
def test_a_word_that_is_held_back_makes_the_heavy_model_be_asked_before_its_interval(
    rig: Rig, dictate: Dictate, sure: float, is_early: bool
) -> None:
    rig.fast.sure = sure
    dictate("s" * 60).finished.result(10)
    interval = Settings(language="en").cadence.heavy_samples
    assert (rig.heavy.heard[0] < interval) == is_early
    assert rig.fast.heard[0] < rig.heavy.heard[0]


def test_a_slow_fast_model_is_asked_again_as_soon_as_it_is_free(rig: Rig, dictate: Dictate) -> None:
    """No window is asked for while it works, so that none is dropped and no id is missing."""
    free, answered = threading.Semaphore(0), threading.Semaphore(0)

    def says(samples: int) -> str:
        assert free.acquire(timeout=10)
        answered.release()
        return words(samples)

    class Paced(FakeMicrophone):
        """Goes on once the model has answered, which it may after every twentieth frame."""

        def __iter__(self) -> Iterator[Frame]:
            for number, frame in enumerate(super().__iter__()):
                if number % 20 == 19:
                    free.release()
                    answered.acquire(timeout=1)
                yield frame
            free.release(100)

    rig.fast.says = says
    dictation = dictate(Paced("s" * 200), realtime=True)
    assert dictation.finished.result(10) == rig.keyboard.text
    ids = [
        s.window_id
        for s in rig.reported
        if isinstance(s, TranscriptSegment) and s.confidence is Confidence.DRAFT
    ]
    dropped = [d.window_id for d in rig.reported if isinstance(d, Dropped) and d.model == "fast"]
    assert ids
    assert sorted(ids + dropped) == list(range(len(ids + dropped)))
    assert len(dropped) <= 1  # the last tick may still wait when the speech ends


def test_with_drafts_paused_nothing_is_typed_before_the_last_word(rig: Rig, dictate: Dictate) -> None:
    text = dictate("s" * 60 + "." * 60, drafts=False).finished.result(10)
    assert any(isinstance(n, TranscriptSegment) and n.confidence is Confidence.DRAFT for n in rig.reported)
    assert [made.text for made in rig.keyboard.patches] == [text]
    assert text == "One two three four five six seven eight."


def test_with_drafts_paused_a_model_that_fails_loses_nothing(rig: Rig, dictate: Dictate) -> None:
    def fails(_: int) -> str:
        raise ModelError("It broke.", "Mend it.")

    rig.heavy.says = fails
    text = dictate("s" * 60 + "." * 60, drafts=False).finished.result(10)
    assert text == rig.keyboard.text == "one two three four five six seven eight"
    assert all(not made.backspaces for made in rig.keyboard.patches)


class Continuing(FakeKeyboard):
    """The caret stands behind our own text, whatever it was."""

    def claim(self) -> Claim:
        return Claim(bool(self.text))


def test_a_text_of_before_is_typed_behind_ours_and_the_next_goes_on_behind_it(rig: Rig) -> None:
    rig.keyboard = Continuing()
    pipeline = Dictations(_worker("fast", rig.fast), _worker("heavy", rig.heavy), rig.keyboard)
    pipeline.open()
    how = Settings(language="en", realtime=False)
    pipeline.dictate(FakeMicrophone("s" * 60), how, rig.report).finished.result(10)
    first = rig.keyboard.text
    pipeline.type("Again.", how)
    assert rig.keyboard.text == f"{first} Again."
    pipeline.dictate(FakeMicrophone("s" * 60), how, rig.report).finished.result(10)
    assert rig.keyboard.text == f"{first} Again. {first}"
    pipeline.close()


def test_another_keyboard_takes_over_and_the_old_one_is_closed(rig: Rig) -> None:
    closed: list[str] = []

    class Closing(FakeKeyboard):
        def close(self) -> None:
            closed.append("first")

    class Broken(FakeKeyboard):
        def open(self, _: Observer) -> None:
            raise KeyboardError("There is no such display.", "Start one.")

    rig.keyboard = Closing()
    pipeline = Dictations(_worker("fast", rig.fast), _worker("heavy", rig.heavy), rig.keyboard)
    pipeline.open()
    with pytest.raises(KeyboardError):
        pipeline.use(Broken())
    assert closed == []
    second = FakeKeyboard()
    pipeline.use(second)
    assert closed == ["first"]
    how = Settings(language="en", realtime=False)
    text = pipeline.dictate(FakeMicrophone("s" * 60), how, rig.report).finished.result(10)
    assert (rig.keyboard.text, second.text) == ("", text)
    pipeline.close()
