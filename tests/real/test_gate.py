"""The gate before the models, and real speech: whatever its level, it opens at the first word."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.real.daemon import demo
from voicetype.audio import Recording, read_recording
from voicetype.core.endpointing import EndpointingRules
from voicetype.core.events import SAMPLE_RATE, SpeechEnded, SpeechStarted, Unconfirmed
from voicetype.core.windows import Cadence, Ready
from voicetype.listening import Heard, Listening, Window
from voicetype.vad import VoiceActivity

pytestmark = pytest.mark.real

Sound = NDArray[np.float32]

RULES = EndpointingRules()
ROOM_RMS = 3e-5
LEAD_S = 1.0
RECORDINGS = ("demo-congrats.g722", "demo-nogo.g722", "demo-thanks.g722")


def dictated(sound: Sound) -> list[Heard]:
    """What a dictation hears with both models at leisure."""
    activity, listening = VoiceActivity(2), Listening(RULES, Cadence())
    heard = [
        item
        for frame in Recording(sound, realtime=False)
        for item in listening.hear(frame, activity(frame), Ready())
    ]
    return [*heard, *listening.finish()]


def in_a_room(speech: Sound, quieter_db: float) -> Sound:
    """A second of a quiet room, a recording at another level, two seconds of the room."""
    speech = speech * np.float32(10 ** (-quieter_db / 20))
    sound = np.pad(speech, (round(LEAD_S * SAMPLE_RATE), 2 * SAMPLE_RATE))
    return sound + (np.random.default_rng(4).standard_normal(len(sound)) * ROOM_RMS).astype(np.float32)


def begins_s(speech: Sound) -> float:
    """Where it is heard first, by its loudness alone."""
    return float(np.flatnonzero(np.abs(speech) > 0.05 * np.abs(speech).max())[0] / SAMPLE_RATE)


@pytest.mark.parametrize("quieter_db", [0, 20, 30, 40])
@pytest.mark.parametrize("name", RECORDINGS)
def test_speech_is_heard_from_its_first_word_on(name: str, quieter_db: float) -> None:
    speech = read_recording(demo(name))[: 6 * SAMPLE_RATE]
    heard = dictated(in_a_room(speech, quieter_db))
    begun = [each.position / SAMPLE_RATE for each in heard if isinstance(each, SpeechStarted)]
    assert begun, "not heard at all"
    assert LEAD_S - RULES.pre_roll_s - 0.2 < begun[0] < LEAD_S + begins_s(speech)
    assert not [each for each in heard if isinstance(each, Unconfirmed)]
    last = [each for each in heard if isinstance(each, Window) and each.heavy][-1]
    assert last.final


@pytest.mark.parametrize("name", RECORDINGS)
def test_silence_after_the_last_word_is_not_given_to_the_models(name: str) -> None:
    """A room's noise for half a minute after it changes nothing."""
    sound = in_a_room(read_recording(demo(name))[: 6 * SAMPLE_RATE], 0)
    room = (np.random.default_rng(5).standard_normal(30 * SAMPLE_RATE) * ROOM_RMS).astype(np.float32)
    short, long = dictated(sound), dictated(np.concatenate([sound, room]))
    assert [type(each) for each in long] == [type(each) for each in short]
    ended = [each.position for each in long if isinstance(each, SpeechEnded)]
    assert ended[-1] < len(sound)
