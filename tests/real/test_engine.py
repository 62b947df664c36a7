"""The engine with real models and real speech."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.bench.score import normalise, word_errors
from tests.real.daemon import demo, need_models
from voicetype.audio import Recording, read_recording
from voicetype.core.events import SAMPLE_RATE
from voicetype.core.spoken import SURE
from voicetype.core.verification import PLAUSIBLE, Judgement, Standing
from voicetype.core.wording import split
from voicetype.dictations import Dictations
from voicetype.engine import Audio, Hearing, Hypothesis, models, whisper
from voicetype.engine.guards import Heard, Verdict, WindowShape
from voicetype.engine.whisper import Whisper
from voicetype.errors import ModelError
from voicetype.keyboard.dummy import DummyKeyboard
from voicetype.settings import Settings
from voicetype.workers import Worker

pytestmark = pytest.mark.real

SAID = "goodbye thank you for trying out the asterisk open source pbx"


@pytest.fixture(scope="module")
def speech() -> Audio:
    return read_recording(demo("demo-thanks.g722"))


@pytest.fixture(scope="module", params=["tiny.en", "base"])
def model(request: pytest.FixtureRequest) -> Whisper:
    need_models(request.param)
    return Whisper(models.ensure(request.param), request.param)


@pytest.mark.parametrize("careful", [False, True])
def test_a_short_window_is_understood_as_well_as_a_padded_one(
    model: Whisper, speech: Audio, careful: bool
) -> None:
    heard = model.transcribe(speech, Hearing("en", beam_size=5 if careful else 1, careful=careful))
    assert heard is not None
    assert same(heard.text, SAID)
    padded = model.transcribe_long(speech, language="en")
    assert word_errors(normalise(padded), normalise(heard.text)) <= 1


def test_a_window_of_any_length_gives_text_and_never_a_loop(model: Whisper, speech: Audio) -> None:
    """Also the length whose encoder output CTranslate2 would take for mel (1.6 s less the tail)."""
    for length_s in (0.0, 0.01, 0.5, 1.0, 2.0, 4.0):
        heard = model.transcribe(speech[: round(length_s * SAMPLE_RATE)], Hearing("en"))
        assert heard is not None
        assert len(normalise(heard.text)) <= 3 + 5 * length_s


def test_a_text_may_have_all_the_tokens_that_it_is_allowed(
    model: Whisper, speech: Audio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the length that it is told, CTranslate2 leaves half to the text."""
    most, encoded = 6, model._encode(speech, WindowShape(2.56, 5.0))
    whole = model._decode(encoded, "en", len(speech), 1)
    monkeypatch.setattr(whisper, "most_tokens", lambda *_: most)
    cut = model._decode(encoded, "en", len(speech), 1)
    assert (whole.verdict, cut.verdict) == (Verdict.TRUSTED, Verdict.OVERFULL)
    assert whole.text.startswith(cut.text)
    encode = model._prompts.of("en").tokenizer.encode
    assert len(encode(f" {cut.text}")) == most < len(encode(f" {whole.text}"))


def test_who_says_it_twice_is_heard_twice(speech: Audio) -> None:
    """A loop and a repetition look alike; the heavy model tells them apart."""
    need_models("base")
    twice = np.concatenate([speech, np.zeros(SAMPLE_RATE // 2, np.float32), speech])
    heard = Whisper(models.ensure("base"), "base").transcribe(twice, Hearing("en", beam_size=5, careful=True))
    assert heard is not None
    assert heard.text.lower().count("asterisk") == 2
    assert len(heard.probabilities) in (0, len(split(heard.text)))


def test_a_superseded_window_comes_to_nothing(model: Whisper, speech: Audio) -> None:
    assert model.transcribe(speech, Hearing("en", superseded=lambda: True)) is None


def test_the_model_tells_how_sure_it_is_of_each_word(model: Whisper, speech: Audio) -> None:
    heard = model.transcribe(speech, Hearing("en"))
    assert heard is not None
    assert len(heard.probabilities) == len(split(heard.text))
    assert all(0 < probability <= 1 for probability in heard.probabilities)
    searched = model.transcribe(speech, Hearing("en", beam_size=5, careful=True))
    assert searched is not None
    assert searched.probabilities == ()
    nothing = model.transcribe(np.zeros(0, np.float32), Hearing("en"))
    assert nothing is not None
    assert len(nothing.probabilities) == len(split(nothing.text))


class Watched(Whisper):
    """Tells what it does; `says`, where it is told, is what its decoder comes to."""

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__(folder, name)
        self.done: list[str] = []
        self.says: str | None = None

    def _encode(self, speech: Audio, shape: WindowShape) -> Any:
        self.done.append("encode")
        return super()._encode(speech, shape)

    def _decode(
        self,
        encoded: Any,
        language: str,
        speech_samples: int,
        beam_size: int,
        hotwords: tuple[str, ...] = (),
        *,
        sure: bool = False,
    ) -> Heard:
        self.done.append("decode")
        if self.says is not None:
            return Heard(self.says, Verdict.TRUSTED, self.says)
        return super()._decode(encoded, language, speech_samples, beam_size, hotwords, sure=sure)


@pytest.fixture(scope="module")
def judge() -> Watched:
    """A heavy model."""
    need_models("base")
    return Watched(models.ensure("base"), "base")


@pytest.fixture(scope="module")
def truth(judge: Watched, speech: Audio) -> str:
    """The text that the heavy model finds itself."""
    heard = judge.transcribe(speech, Hearing("en"))
    assert heard is not None
    assert same(heard.text, SAID)
    return heard.text


def same(text: str, other: str) -> bool:
    """But for a word: processors round in different ways, and beams find what greed does not."""
    return word_errors(normalise(text), normalise(other)) <= 1


def verified(
    judge: Watched, speech: Audio, draft: str, *, careful: bool = True, confirmed: int = 0
) -> Hypothesis:
    """What it makes of a draft."""
    judge.done.clear()
    beams = 5 if careful else 1
    heard = judge.verify(speech, Hearing("en", beams, careful), lambda: Standing(draft, confirmed))
    assert heard is not None
    return heard


@pytest.mark.parametrize("careful", [False, True])
def test_the_true_text_is_accepted_and_nothing_is_decoded(
    judge: Watched, speech: Audio, truth: str, careful: bool
) -> None:
    heard = verified(judge, speech, truth, careful=careful)
    assert (heard.text, heard.verified) == (truth, True)
    assert judge.done == ["encode"]
    assert len(heard.probabilities) == len(split(truth))
    assert min(heard.probabilities) >= PLAUSIBLE


@pytest.mark.parametrize(("right", "wrong"), [("trying", "flying"), ("you", "him"), ("source", "door")])
def test_a_wrong_word_is_replaced(judge: Watched, speech: Audio, truth: str, right: str, wrong: str) -> None:
    draft = re.sub(right, wrong, truth, flags=re.IGNORECASE)
    heard = verified(judge, speech, draft)
    assert not heard.verified
    assert wrong not in normalise(heard.text)
    assert right in normalise(heard.text)
    assert same(heard.text, truth)
    assert len(heard.gains) == len(split(heard.text))
    assert max(heard.gains) > 0


ABSURD = "hippopotamuses"


def test_a_doubted_word_stands_where_its_own_is_less_likely(
    judge: Watched, speech: Audio, truth: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = truth.replace("trying", "crying")
    assert draft != truth
    monkeypatch.setattr(judge, "says", truth.replace("trying", ABSURD))
    heard = verified(judge, speech, draft)
    assert "decode" in judge.done
    assert (heard.text, heard.verified) == (draft, False)
    assert heard.gains == (0.0,) * len(split(draft))


def test_a_doubt_of_a_confirmed_word_counts_for_what_is_to_last(
    judge: Watched, speech: Audio, truth: str
) -> None:
    wrong = "".join(split(truth)[:7]).replace("trying", "flying")
    confirmed = len(split(truth[: truth.index("trying") + 1]))
    heard = verified(judge, speech, wrong, careful=False, confirmed=confirmed)
    assert (heard.text, heard.verified) == (wrong, True)
    assert "trying" in verified(judge, speech, wrong, confirmed=confirmed).text


@pytest.mark.parametrize("words", [3, 6])
def test_a_draft_that_lacks_the_last_words_is_completed_where_it_is_to_last(
    judge: Watched, speech: Audio, truth: str, words: int
) -> None:
    draft = "".join(split(truth)[:words])
    heard = verified(judge, speech, draft, careful=False)
    assert (heard.text, heard.verified) == (draft, True)
    heard = verified(judge, speech, draft)
    assert not heard.verified
    assert same(heard.text, truth)
    assert heard.text.startswith(draft)


@pytest.mark.parametrize("careful", [False, True])
def test_where_nothing_stands_it_says_its_own(judge: Watched, speech: Audio, careful: bool) -> None:
    heard = verified(judge, speech, "", careful=careful)
    assert not heard.verified
    assert same(heard.text, SAID)
    assert "decode" in judge.done


@pytest.mark.parametrize("careful", [False, True])
@pytest.mark.parametrize("sound", [np.s_[:], np.s_[:0]], ids=["speech", "nothing"])
def test_a_text_that_nothing_stands_for_and_that_it_does_not_believe_comes_to_nothing(
    judge: Watched, speech: Audio, monkeypatch: pytest.MonkeyPatch, sound: slice, careful: bool
) -> None:
    monkeypatch.setattr(judge, "says", f"{ABSURD} {ABSURD.upper()} yesterday.")
    heard = verified(judge, speech[sound], "", careful=careful)
    assert (heard.text, heard.verified, heard.probabilities) == ("", False, ())


@pytest.mark.parametrize("careful", [False, True])
@pytest.mark.parametrize("verifies", [False, True])
def test_of_somebody_who_surely_speaks_the_words_alone_tell(
    judge: Watched, speech: Audio, monkeypatch: pytest.MonkeyPatch, careful: bool, verifies: bool
) -> None:
    heard = Heard("Yes.", Verdict.TRUSTED, "Yes.", (0.5,), speech=0.1)
    monkeypatch.setattr(judge, "_decode", lambda *_, **__: heard)
    monkeypatch.setattr(judge, "_judge", lambda *_: Judgement((0.2,)))

    def said(*, voiced: bool) -> str:
        how = Hearing("en", careful=careful, voiced=voiced)
        told = judge.verify(speech, how, Standing) if verifies else judge.transcribe(speech, how)
        assert told is not None
        return told.text

    assert (said(voiced=False), said(voiced=True)) == ("", "Yes.")


def test_a_draft_that_came_meanwhile_stands_where_it_does_not_believe_itself(
    judge: Watched, speech: Audio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "says", f"{ABSURD} {ABSURD.upper()} yesterday.")
    drafts = iter([Standing(), Standing("Yes.")])
    heard = judge.verify(speech, Hearing("en", careful=True), lambda: next(drafts))
    assert heard is not None
    assert (heard.text, heard.verified) == ("Yes.", False)


def test_where_something_stands_one_of_two_incredible_texts_does(
    judge: Watched, speech: Audio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "says", ABSURD)
    assert verified(judge, speech, "Crocodiles").text in ("Crocodiles", ABSURD)


@pytest.mark.parametrize(("careful", "order"), [(True, ["encode", "draft"]), (False, ["draft", "encode"])])
def test_at_a_pause_the_newest_draft_is_judged(
    judge: Watched, speech: Audio, truth: str, careful: bool, order: list[str]
) -> None:
    """In mid-speech, what is drafted while the audio is encoded lies beyond it."""

    def draft() -> Standing:
        judge.done.append("draft")
        return Standing(truth)

    judge.done.clear()
    assert judge.verify(speech, Hearing("en", careful=careful), draft) is not None
    assert judge.done[:2] == order


def test_a_superseded_judgement_comes_to_nothing(judge: Watched, speech: Audio, truth: str) -> None:
    judge.done.clear()
    assert judge.verify(speech, Hearing("en", superseded=lambda: True), lambda: Standing(truth)) is None
    assert judge.done == ["encode"]


def test_words_are_cut_into_the_tokens_that_the_model_knows(judge: Watched) -> None:
    """The multilingual models' files lack the first rule of joining: without it " the" is three tokens."""
    prompt = judge._prompts.of("en")
    for word in ("the", "to", "that", "you", "and"):
        assert len(prompt.tokenizer.encode(f" {word}")) == 1


def test_the_language_is_heard(model: Whisper, speech: Audio) -> None:
    heard = model.transcribe(speech, Hearing("auto"))
    assert heard is not None
    assert "thank you" in heard.text.lower()
    assert heard.language == "en"
    assert SURE <= heard.language_probability <= 1
    told = model.transcribe(speech, Hearing("en"))
    assert told is not None
    assert (told.language, told.language_probability) == ("en", 1.0)


@pytest.mark.parametrize("draft", ["", "Goodbye. Thank you for trying out the asterisk open source PBX."])
@pytest.mark.parametrize("careful", [False, True])
def test_a_judgement_tells_the_language_too(judge: Watched, speech: Audio, draft: str, careful: bool) -> None:
    heard = judge.verify(speech, Hearing("auto", careful=careful), lambda: Standing(draft))
    assert heard is not None
    assert heard.language == "en"
    assert heard.language_probability >= SURE


def test_it_is_one_of_those_that_may_be(judge: Watched, speech: Audio) -> None:
    for among in (("de", "fr"), ("it",)):
        heard = judge.transcribe(speech, Hearing("auto", among=among))
        assert heard is not None
        assert heard.language in among


def test_so_it_is_offline(judge: Watched, speech: Audio, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def transcribe(_: Audio, *, language: str, **_how: object) -> tuple[list[object], None]:
        asked.append(language)
        return [], None

    monkeypatch.setattr(judge._model, "transcribe", transcribe)
    for language, among in (("auto", ()), ("auto", ("fr",)), ("auto", ("en", "de")), ("it", ("de",))):
        judge.transcribe_long(speech, language=language, among=among)
    assert asked == ["en", "fr", "en", "it"]


def test_english_models_never_ask_for_the_language(speech: Audio) -> None:
    need_models("tiny.en")
    model = Whisper(models.ensure("tiny.en"), "tiny.en")
    heard = model.transcribe(speech, Hearing("auto", among=("de",), presumed="de"))
    assert heard is not None
    assert (heard.language, heard.language_probability) == ("en", 1.0)


def test_a_dictation_finds_its_language(judge: Watched, sentence: Path) -> None:
    """The same model in both roles, as where the hub can't be reached."""
    fast, heavy = Worker("fast"), Worker("heavy")
    fast.take(Whisper(models.ensure("base"), "base"))
    heavy.take(judge)
    pipeline = Dictations(fast, heavy, DummyKeyboard())
    pipeline.open()
    try:
        recording = Recording(read_recording(sentence), realtime=False)
        dictation = pipeline.dictate(recording, Settings(language="auto", realtime=False), lambda _: None)
        text = dictation.finished.result(timeout=100)
    finally:
        pipeline.close()
        fast.close()
        heavy.close()
    assert {"congratulations", "successfully", "asterisk"} & set(normalise(text))
    assert dictation.spoken.presumed == "en"
    assert dictation.spoken.certain


def test_a_model_is_measured(model: Whisper) -> None:
    model.warm_up()
    assert 0 < model.measure() < 60


class Counting:
    """A model of CTranslate2's that counts the tokens it says."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.said: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def generate(self, *given: Any, **options: Any) -> Any:
        results = self._model.generate(*given, **options)
        self.said.append(len(results[0].sequences_ids[0]))
        return results


def test_a_measurement_has_as_many_tokens_as_a_draft(model: Whisper, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting(model._model.model)
    monkeypatch.setattr(model._model, "model", counting)
    model.measure()
    assert counting.said == [whisper._MEASURED_TOKENS]


def test_more_than_thirty_seconds_are_their_end(model: Whisper, speech: Audio) -> None:
    heard = model.transcribe(np.concatenate([np.zeros(30 * SAMPLE_RATE, np.float32), speech]), Hearing("en"))
    assert heard is not None
    assert "asterisk" in heard.text.lower()


def test_a_folder_without_a_model(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(ModelError, match="could not be loaded"):
        Whisper(tmp_path_factory.mktemp("empty"), "nothing")
