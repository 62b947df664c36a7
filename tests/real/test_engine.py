"""The engine with real models and real speech."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.score import normalise, word_errors
from tests.real.daemon import demo, need_models
from voicetype.audio import read_recording
from voicetype.core.events import SAMPLE_RATE
from voicetype.engine import Audio, models
from voicetype.engine.whisper import Whisper
from voicetype.errors import ModelError

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
    heard = model.transcribe(speech, language="en", beam_size=5 if careful else 1, careful=careful)
    assert heard is not None
    assert word_errors(normalise(SAID), normalise(heard.text)) <= 1
    padded = model.transcribe_long(speech, language="en")
    assert word_errors(normalise(padded), normalise(heard.text)) <= 1


def test_a_window_of_any_length_gives_text_and_never_a_loop(model: Whisper, speech: Audio) -> None:
    """Also the length whose encoder output CTranslate2 would take for mel (1.6 s less the tail)."""
    for length_s in (0.0, 0.01, 0.5, 1.0, 2.0, 4.0):
        heard = model.transcribe(speech[: round(length_s * SAMPLE_RATE)], language="en")
        assert heard is not None
        assert len(normalise(heard.text)) <= 3 + 5 * length_s


def test_who_says_it_twice_is_heard_twice(speech: Audio) -> None:
    """A loop and a repetition look alike; the heavy model tells them apart."""
    need_models("base")
    twice = np.concatenate([speech, np.zeros(SAMPLE_RATE // 2, np.float32), speech])
    heard = Whisper(models.ensure("base"), "base").transcribe(twice, language="en", beam_size=5, careful=True)
    assert heard is not None
    assert heard.text.lower().count("asterisk") == 2


def test_a_superseded_window_comes_to_nothing(model: Whisper, speech: Audio) -> None:
    assert model.transcribe(speech, language="en", superseded=lambda: True) is None


def test_the_language_is_heard(speech: Audio) -> None:
    need_models("base")
    heard = Whisper(models.ensure("base"), "base").transcribe(speech, language="auto")
    assert heard is not None
    assert "thank you" in heard.text.lower()


def test_more_than_thirty_seconds_are_their_end(model: Whisper, speech: Audio) -> None:
    heard = model.transcribe(np.concatenate([np.zeros(30 * SAMPLE_RATE, np.float32), speech]), language="en")
    assert heard is not None
    assert "asterisk" in heard.text.lower()


def test_a_folder_without_a_model(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(ModelError, match="could not be loaded"):
        Whisper(tmp_path_factory.mktemp("empty"), "nothing")
