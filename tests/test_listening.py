"""Which windows the models hear, and with what audio."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from voicetype.core.endpointing import EndpointingRules
from voicetype.core.events import SpeechEnded, SpeechStarted, Unconfirmed
from voicetype.core.windows import Cadence, Looks, Ready
from voicetype.listening import Heard, Listening, Window

FRAME = 512
RULES = EndpointingRules(pre_roll_s=0.128, pause_s=0.256, end_s=0.512, enough_s=8.0, long_silence_s=1.536)


LIKELY = {"s": 1.0, "?": RULES.onset, ".": 0.0}
FREE = Ready()
FAST_BUSY = Ready(fast=False)
HEAVY_BUSY = Ready(heavy=False)


def run(
    script: str, ready: Callable[[int], Ready] = lambda _: FREE, cadence: Cadence | None = None
) -> list[Heard]:
    """`script`: "s*20 ?*5 .*10": voiced, perhaps voiced and silent frames; the samples are their positions.

    `ready`: the models that are free at the frame that begins at a position.
    """
    listening, heard, position = Listening(RULES, cadence or Cadence()), list[Heard](), 0
    for part in script.split():
        letter, _, count = part.partition("*")
        for _ in range(int(count or 1)):
            frame = np.arange(position, position + FRAME, dtype=np.float32)
            heard += listening.hear(frame, LIKELY[letter], ready(position))
            position += FRAME
    return heard + list(listening.finish())


def windows(heard: list[Heard], *, heavy: bool) -> list[Window]:
    return [each for each in heard if isinstance(each, Window) and each.heavy is heavy]


def test_a_window_holds_the_audio_from_the_pre_roll_on() -> None:
    heard = run(".*40 s*20")
    assert heard[0] == SpeechStarted(0, 36 * FRAME)
    for window in windows(heard, heavy=True) + windows(heard, heavy=False):
        assert window.audio[0] == 36 * FRAME
        assert np.array_equal(np.diff(window.audio), np.ones(len(window.audio) - 1))
    assert len(windows(heard, heavy=True)[-1].audio) == 24 * FRAME


def test_fast_windows_come_every_quarter_of_a_second_and_heavy_ones_every_second() -> None:
    heard = run("s*70")
    assert [round(len(w.audio) / 4000) for w in windows(heard, heavy=False)][:8] == list(range(1, 9))
    assert [round(len(w.audio) / 16000) for w in windows(heard, heavy=True)][:2] == [1, 2]
    ids = [w.window_id for w in windows(heard, heavy=False)]
    assert ids == list(range(len(ids)))


def test_a_pause_asks_both_models_and_nothing_falls_due_in_it() -> None:
    heard = run("s*40 .*40")
    pauses = [each for each in heard if isinstance(each, Window) and each.to_pause and not each.final]
    assert [w.heavy for w in pauses] == [False, True]
    after = heard[heard.index(pauses[1]) + 1 :]
    assert [type(each) for each in after] == [SpeechEnded, Window]


def test_the_end_asks_for_what_the_pause_heard_already() -> None:
    heard = run("s*40 .*60")
    pause, end = windows(heard, heavy=True)[-2:]
    assert (end.final, end.same_as) == (True, pause.window_id)
    assert end.window_id > pause.window_id


def test_speech_after_the_pause_is_heard_at_the_end() -> None:
    heard = run("s*40 .*20 s*10")
    end = windows(heard, heavy=True)[-1]
    assert (end.final, end.same_as) == (True, None)
    assert len(end.audio) == 70 * FRAME
    assert windows(heard, heavy=False)[-1].window_id == end.window_id


def test_each_utterance_gets_one_last_window_also_where_a_full_one_is_cut() -> None:
    heard = run("s*300 .*5 s*400 .*60 s*20")
    started = [each.utterance for each in heard if isinstance(each, SpeechStarted)]
    ended = [each.utterance for each in heard if isinstance(each, SpeechEnded)]
    finals = [w.utterance for w in windows(heard, heavy=True) if w.final]
    assert started == ended == finals == [0, 1, 2]
    cut = next(w for w in windows(heard, heavy=True) if w.final)
    following = next(w for w in windows(heard, heavy=False) if w.utterance == 1)
    assert following.audio[0] == cut.audio[-1] + 1


def test_a_phrase_is_left_behind_at_a_pause_once_enough_of_the_next_is_heard() -> None:
    heard = run("s*160 .*12 s*80")
    phrases = [(w.phrase, w.audio[0]) for w in windows(heard, heavy=False)]
    assert phrases[0] == (0, 0)
    assert phrases[-1][0] == 1
    assert phrases[-1][1] >= 160 * FRAME
    assert all(w.audio[0] == 0 for w in windows(heard, heavy=True))
    first = next(w for w in windows(heard, heavy=False) if w.phrase == 1)
    assert len(first.audio) >= 1.5 * 16_000


def test_a_window_that_falls_due_while_the_model_works_holds_the_newest_audio() -> None:
    busy_to = 30 * FRAME
    heard = run("s*60", lambda position: FREE if position >= busy_to else FAST_BUSY)
    fast = windows(heard, heavy=False)
    assert len(fast[0].audio) == busy_to + FRAME  # the first frame at which it is free
    assert [w.window_id for w in fast] == list(range(len(fast)))
    assert 4000 - FRAME <= len(fast[1].audio) - len(fast[0].audio) <= 4000 + FRAME


def test_a_heavy_model_at_work_does_not_hold_up_the_drafts() -> None:
    heard = run("s*70", lambda position: FREE if position >= 50 * FRAME else HEAVY_BUSY)
    fast, heavy = windows(heard, heavy=False), windows(heard, heavy=True)
    assert [round(len(w.audio) / 4000) for w in fast][:8] == list(range(1, 9))
    assert len(heavy[0].audio) >= 50 * FRAME
    assert {w.window_id for w in heavy} <= {w.window_id for w in fast}


def test_doubts_ask_the_heavy_model_before_its_interval_with_a_draft() -> None:
    heard = run("s*70", lambda position: Ready(doubtful=10_000 <= position < 14_000))
    fast, heavy = windows(heard, heavy=False), windows(heard, heavy=True)
    early = heavy[0]
    assert 10_000 <= len(early.audio) < 14_000
    assert [w.window_id for w in fast] == list(range(len(fast)))
    assert np.array_equal(fast[early.window_id].audio, early.audio)


def test_in_a_hush_the_heavy_model_is_kept_free_for_a_pause() -> None:
    heard = run("s*29 .*4 s*20", lambda _: Ready(doubtful=True))
    in_hush = range(31 * FRAME, 34 * FRAME)
    assert any(len(w.audio) in in_hush for w in windows(heard, heavy=False))
    assert not any(len(w.audio) in in_hush for w in windows(heard, heavy=True))
    assert [round(len(w.audio) / 4000) for w in windows(heard, heavy=True)][:4] == [1, 2, 3, 5]


def test_a_pause_and_the_end_are_heard_whoever_is_at_work() -> None:
    heard = run("s*40 .*40 s*40 .*5", lambda _: Ready(fast=False, heavy=False))
    kinds = [(w.window_id, w.heavy, w.to_pause, w.final) for w in heard if isinstance(w, Window)]
    assert kinds[:2] == [(0, False, True, False), (0, True, True, False)]
    assert kinds[-1][1:] == (True, True, True)
    assert [w.window_id for w in windows(heard, heavy=True)] == list(range(len(windows(heard, heavy=True))))


def test_a_sound_that_passes_for_a_voice_for_a_moment_is_not_given_to_the_models() -> None:
    """Not at the pause behind it either; what is said of it at its end lets nobody wait."""
    heard = run(".*20 s*3 .*60")
    assert heard == [SpeechStarted(0, 16 * FRAME), SpeechEnded(0, 71 * FRAME), Unconfirmed(0)]
    assert run("s*3") == [SpeechStarted(0, 0), SpeechEnded(0, 3 * FRAME), Unconfirmed(0)]


def test_a_voice_behind_such_a_sound_is_heard_with_it() -> None:
    heard = run(".*20 s*3 .*20 s*20 .*20")
    given = [each for each in heard if isinstance(each, Window)]
    assert {each.audio[0] for each in given} == {16 * FRAME}
    assert all(each.audio[-1] >= 43 * FRAME for each in given)
    assert given[-1].final


def test_the_shortest_word_is_given_to_the_models_with_the_sound_before_it() -> None:
    heard = run(".*40 s*4 .*60")
    assert [(w.heavy, w.to_pause, w.final) for w in heard if isinstance(w, Window)][-3:] == [
        (False, True, False),
        (True, True, False),
        (True, True, True),
    ]
    assert windows(heard, heavy=True)[0].audio[0] == 36 * FRAME


@pytest.mark.parametrize(
    ("script", "voiced"),
    [
        ("?*40 .*60", False),
        ("?*4 s*3 ?*4 .*60", False),
        ("s*4 .*60", True),  # no longer than it takes to open
        ("?*4 s*2 ?*4 s*2 .*60", True),
    ],
)
def test_a_window_tells_whether_it_holds_a_voice_beyond_doubt(script: str, voiced: bool) -> None:
    last = [windows(run(f".*40 {script}"), heavy=heavy)[-1] for heavy in (False, True)]
    assert [window.voiced for window in last] == [voiced, voiced]


def test_the_voice_of_a_phrase_or_an_utterance_speaks_for_no_other() -> None:
    heard = run("s*150 .*15 ?*70 .*60 ?*20 .*60")
    fast = [window for window in windows(heard, heavy=False) if window.utterance == 0]
    assert [window.voiced for window in fast] == [window.phrase == 0 for window in fast]
    assert {window.phrase for window in fast} == {0, 1}
    heavy = windows(heard, heavy=True)
    assert {(window.utterance, window.voiced) for window in heavy} == {(0, True), (1, False)}


AT_PAUSES = Cadence(looks=Looks.PAUSES)
AT_ENDS = Cadence(looks=Looks.ENDS, saved_samples=160_000)


def test_a_heavy_model_that_looks_at_pauses_hears_nothing_in_mid_speech() -> None:
    heard = run("s*100 .*10 s*40 .*40", cadence=AT_PAUSES)
    assert all(window.to_pause for window in windows(heard, heavy=True))
    assert [window.final for window in windows(heard, heavy=True)] == [False, False, True]
    assert len(windows(heard, heavy=False)) > 10


@pytest.mark.parametrize("cadence", [AT_PAUSES, AT_ENDS])
def test_where_the_fast_model_is_out_of_order_the_heavy_one_looks_all_the_same(cadence: Cadence) -> None:
    heard = run("s*100 .*10", lambda _: Ready(fast=False, alone=True), cadence)
    assert [window.to_pause for window in windows(heard, heavy=True)][:3] == [False, False, False]


def test_last_windows_wait_until_nobody_has_spoken_for_a_while() -> None:
    waited = run("s*40 .*66 s*40 .*50", cadence=AT_ENDS)  # 2.1 s of silence
    first, second = windows(waited, heavy=True)
    assert (first.utterance, first.final) == (0, True)
    assert waited.index(first) < starts(waited)[1]
    assert waited[-1] is second  # the end of all waits for nobody
    went_on = run("s*40 .*58 s*40 .*50", cadence=AT_ENDS)
    assert went_on.index(windows(went_on, heavy=True)[0]) > starts(went_on)[1]


def test_last_windows_wait_until_they_are_long_enough_together() -> None:
    heard = run("s*200 .*50 s*120 .*50 s*40 .*50", cadence=AT_ENDS)
    first, second, third = windows(heard, heavy=True)
    assert [window.utterance for window in (first, second, third)] == [0, 1, 2]
    assert starts(heard)[1] < heard.index(first) < heard.index(second) < starts(heard)[2]
    assert heard.index(third) > starts(heard)[2]


def starts(heard: list[Heard]) -> list[int]:
    """The places where utterances begin."""
    return [n for n, each in enumerate(heard) if isinstance(each, SpeechStarted)]


def test_where_there_are_no_phrases_every_window_begins_with_its_utterance() -> None:
    heard = run("s*200 .*10 s*100 .*24", cadence=Cadence(phrases=False))
    assert {window.phrase for window in windows(heard, heavy=False)} == {0}
    assert {window.phrase for window in windows(run("s*200 .*10 s*100 .*24"), heavy=False)} == {0, 1}
