"""Hotwords, with real models and real speech."""

from __future__ import annotations

from statistics import median

import numpy as np
import pytest

from tests.bench.score import normalise
from tests.real.daemon import demo, need_models
from voicetype.audio import read_recording
from voicetype.core.events import SAMPLE_RATE
from voicetype.core.verification import Standing
from voicetype.core.vocabulary import Terms, Vocabulary
from voicetype.core.wording import split
from voicetype.engine import Audio, Hearing, models
from voicetype.engine.guards import DRAFTS
from voicetype.engine.whisper import Whisper

pytestmark = pytest.mark.real

OTHERS = ("Kubernetes", "Grace Hopper", "Wayland", "Siobhan")
MANY = tuple(f"Siobhan{n}" for n in range(300))


def expecting(*hotwords: str) -> Vocabulary:
    return Vocabulary(Terms(hotwords))


@pytest.fixture(scope="module")
def speech() -> Audio:
    return read_recording(demo("demo-thanks.g722"))


@pytest.fixture(scope="module", params=["tiny.en", "base"])
def model(request: pytest.FixtureRequest) -> Whisper:
    need_models(request.param)
    return Whisper(models.ensure(request.param), request.param)


def test_they_stand_before_the_text_begins(model: Whisper) -> None:
    plain, told = model._prompts.of("en"), model._prompts.of("en", OTHERS)
    assert (plain.tokens, plain.expects) == (plain.bare, False)
    assert told.expects
    assert told.tokens[0] == told.tokenizer.sot_prev
    assert told.tokens[-len(plain.tokens) :] == plain.tokens
    between = told.tokens[1 : -len(plain.tokens)]
    assert told.tokenizer.decode(between).strip() == f"{', '.join(OTHERS)}."
    assert told.start == told.tokens[:-1]


def test_a_word_that_is_expected_is_likelier(model: Whisper, speech: Audio) -> None:
    heard = model.transcribe(speech, Hearing("en"))
    assert heard is not None
    odd = "Opun"
    words = [odd if "open" in word.lower() else word.strip() for word in split(heard.text)]
    assert odd in words
    encoded, place = model._encode(speech, DRAFTS[0]), words.index(odd)

    def likely(*hotwords: str) -> float:
        return model._judge(encoded, "en", " ".join(words), len(speech), hotwords).probabilities[place]

    assert likely(*OTHERS, odd) > 2 * likely()


def test_what_is_not_said_changes_little(model: Whisper, speech: Audio) -> None:
    heard = model.transcribe(speech, Hearing("en"))
    assert heard is not None
    encoded = model._encode(speech, DRAFTS[0])
    judged = model._judge(encoded, "en", heard.text, len(speech), OTHERS)
    plain = model._judge(encoded, "en", heard.text, len(speech))
    assert abs(median(judged.probabilities) - median(plain.probabilities)) < 0.3
    told = model.verify(speech, Hearing("en", 5, careful=True, vocabulary=expecting(*OTHERS)), Standing)
    assert told is not None
    assert not {*normalise(" ".join(OTHERS))} & {*normalise(told.text)}


def test_that_nobody_speaks_is_as_probable(model: Whisper, speech: Audio) -> None:
    for sound in (speech, np.zeros(3 * SAMPLE_RATE, np.float32)):
        encoded = model._encode(sound, DRAFTS[0])
        plain = model._decode(encoded, "en", len(sound), 1)
        told = model._decode(encoded, "en", len(sound), 1, OTHERS)
        assert told.speech == pytest.approx(plain.speech, abs=1e-3)


@pytest.mark.parametrize("loudness", [0.0, 0.03, 0.2])
@pytest.mark.parametrize("hotwords", [OTHERS, OTHERS[:1], ("Thank you", "Windows")])
def test_where_nobody_speaks_none_of_them_is_said(
    model: Whisper, hotwords: tuple[str, ...], loudness: float
) -> None:
    noise = np.random.default_rng(7).normal(0, loudness, 3 * SAMPLE_RATE).astype(np.float32)
    vocabulary = expecting(*hotwords)
    for careful in (False, True):
        how = Hearing("en", 5 if careful else 1, careful=careful, vocabulary=vocabulary)
        for heard in (model.transcribe(noise, how), model.verify(noise, how, Standing)):
            assert heard is not None
            assert not {*normalise(" ".join(hotwords))} & {*normalise(heard.text)}


def test_they_are_those_of_the_language_that_is_heard(speech: Audio) -> None:
    need_models("base")
    model = Whisper(models.ensure("base"), "base")
    words = Vocabulary(Terms(("Ada",)), (("en", Terms(("Asterisk",))), ("de", Terms(("Straße",)))))
    assert model.transcribe(speech, Hearing("auto", vocabulary=words)) is not None
    assert ("en", ("Ada", "Asterisk")) in model._prompts._made
    assert not any("Straße" in hotwords for _, hotwords in model._prompts._made)


def test_more_than_fit_leave_room_for_a_long_text(model: Whisper, speech: Audio) -> None:
    long = np.tile(speech, 1 + 30 * SAMPLE_RATE // len(speech))[: 30 * SAMPLE_RATE]
    heard = model.transcribe(long, Hearing("en", 5, careful=True, voiced=True, vocabulary=expecting(*MANY)))
    assert heard is not None  # and not a failure of the decoder's
    draft = " ".join(["thank you for trying"] * 40)
    encoded = model._encode(speech, DRAFTS[0])
    assert len(model._judge(encoded, "en", draft, len(speech), MANY).probabilities) == 160


def test_their_number_of_prompts_is_bounded(model: Whisper) -> None:
    for n in range(30):
        model._prompts.of("en", (f"word {n}",))
    assert len(model._prompts._made) < 10


def test_drafts_expect_the_last_ten(model: Whisper, speech: Audio) -> None:
    words = tuple(f"word{n}" for n in range(14))
    model._prompts._made.clear()
    for careful in (False, True):
        model.transcribe(speech, Hearing("en", careful=careful, vocabulary=expecting(*words)))
    assert {hotwords for _, hotwords in model._prompts._made} == {words[-10:], words}
