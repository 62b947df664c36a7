"""Where utterances begin, pause and end."""

from __future__ import annotations

from voicetype.core.endpointing import Endpoint, Endpointing, EndpointingRules, Paused
from voicetype.core.events import SpeechEnded, SpeechStarted

FRAME = 512
RULES = EndpointingRules(
    pre_roll_s=0.128, pause_s=0.256, end_s=0.512, enough_s=4.0, long_silence_s=1.536, longest_s=8.0
)


def run(script: str, rules: EndpointingRules = RULES) -> tuple[Endpointing, list[Endpoint]]:
    """`script`: "s" is a voiced frame, "." a silent one; "s*20" repeats."""
    state = Endpointing(rules)
    found: list[Endpoint] = []
    for part in script.split():
        letter, _, count = part.partition("*")
        for _ in range(int(count or 1)):
            state, endpoints = state.step(1.0 if letter == "s" else 0.0, FRAME)
            found += endpoints
    return state, found


def test_a_click_is_no_speech() -> None:
    assert run(".*10 s*2 .*20")[1] == []


def test_speech_begins_a_pre_roll_early() -> None:
    assert run(".*10 s*3")[1] == [SpeechStarted(0, 6 * FRAME)]  # onset at frame 10, 4 frames of pre-roll


def test_pre_roll_does_not_reach_before_the_beginning() -> None:
    assert run("s*3")[1] == [SpeechStarted(0, 0)]


def test_a_pause_is_told_once() -> None:
    found = run("s*20 .*30")[1]
    assert found[1:] == [Paused(0, 28 * FRAME, 20 * FRAME)]


def test_the_voice_may_return_and_pause_again() -> None:
    kinds = [type(e) for e in run("s*20 .*10 s*5 .*10")[1]]
    assert kinds == [SpeechStarted, Paused, Paused]


def test_a_long_silence_ends_a_short_utterance() -> None:
    found = run("s*20 .*48")[1]
    assert found[-1] == SpeechEnded(0, 68 * FRAME)


def test_a_short_silence_ends_a_long_utterance() -> None:
    assert SpeechEnded(0, (130 + 16) * FRAME) in run("s*130 .*16")[1]
    assert not [e for e in run("s*20 .*16")[1] if isinstance(e, SpeechEnded)]


def test_a_full_window_is_cut_in_its_widest_gap() -> None:
    state, found = run("s*160 .*6 s*100")
    assert found == [
        SpeechStarted(0, 0),
        SpeechEnded(0, 163 * FRAME + 256),
        SpeechStarted(1, 163 * FRAME + 256),
    ]
    assert state.start == 163 * FRAME + 256


def test_the_next_utterance_takes_no_audio_of_the_last() -> None:
    found = run("s*20 .*48 s*5")[1]
    assert found[-1] == SpeechStarted(1, 68 * FRAME)


def test_finish_ends_what_is_open() -> None:
    state, _ = run("s*20")
    assert state.finish()[1] == (SpeechEnded(0, 20 * FRAME),)
    assert Endpointing(RULES).finish()[1] == ()


def heard(probabilities: list[float], rules: EndpointingRules = RULES) -> tuple[Endpointing, list[Endpoint]]:
    state, found = Endpointing(rules), list[Endpoint]()
    for probability in probabilities:
        state, endpoints = state.step(probability, FRAME)
        found += endpoints
    return state, found


def test_what_does_not_open_an_utterance_may_keep_one_open() -> None:
    doubtful = (RULES.onset + RULES.offset) / 2
    assert heard([doubtful] * 40)[1] == []
    found = heard([1.0] * 20 + [doubtful] * 40)[1]
    assert [type(each) for each in found] == [SpeechStarted]
    assert [type(each) for each in heard([1.0] * 20 + [RULES.offset - 0.01] * 40)[1]] == [
        SpeechStarted,
        Paused,
    ]


def test_an_utterance_is_speech_once_it_has_held_enough_voice() -> None:
    """Wherever in it; the frames that opened it count."""
    rules = EndpointingRules(least_voice_s=0.16)  # five frames
    assert not run("s*4", rules)[0].is_speech
    assert run("s*5", rules)[0].is_speech
    assert not run("s*4 .*30", rules)[0].is_speech
    assert run("s*4 .*30 s", rules)[0].is_speech
    assert run("s . s . s .*4 s*2", rules)[0].is_speech


def test_the_next_utterance_has_to_hold_enough_voice_of_its_own() -> None:
    state, found = run("s*20 .*48 s*3", EndpointingRules(least_voice_s=0.16))
    assert found[-1].utterance == 1
    assert not state.is_speech


def test_an_utterance_that_goes_on_behind_a_cut_is_speech() -> None:
    state, found = run("s*160 .*6 s*85")
    assert found[-1] == SpeechStarted(1, 163 * FRAME + 256)
    assert state.is_speech
