"""The benchmarks' own sums, on traces that can be counted by hand."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import wave
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.bench import accuracy, language, steady
from tests.bench import logging as logging_bench
from tests.bench.replay import Run, parted
from tests.bench.score import Reference, Score, State, stood_right
from tests.bench.timeline import Row, Timeline, median_delay_s
from voicetype.core.events import SAMPLE_RATE

ASK = Reference("Ask not what", (("ask", 0.5, 1.0), ("not", 1.0, 1.5), ("what", 1.5, 2.0)), 2.0)


def rows(*screens: str) -> dict[str, str]:
    score = Score()
    score.add(ASK, [State(float(n), screen) for n, screen in enumerate(screens)])
    return score.rows()


def test_case_and_punctuation_erase_characters_but_no_words() -> None:
    found = rows("ask not", "Ask not... What", "Ask not what")
    assert found["words erased per final word"] == "0.00"
    assert found["characters erased per final character"] == "1.25"  # 7, and "... What"


def test_a_changed_word_erases_those_behind_it_too() -> None:
    """Four words stand; the second changes, and with it the two behind."""
    assert rows("ask knot what your", "ask not what your")["words erased per final word"] == "0.75"


def test_words_erased_are_counted_against_those_that_stay() -> None:
    assert rows("ask", "", "ask not what")["words erased per final word"] == "0.33"


def test_a_word_may_be_guessed_but_not_heard_before_it_is_spoken() -> None:
    trace = [State(1.2, "ask not what"), State(1.7, "ask not"), State(1.9, "ask not what")]
    assert stood_right(ASK, trace).first == {0: 1.2, 1: 1.2, 2: 1.2}
    heard = stood_right(ASK, trace, heard=True)
    assert heard.first == {0: 1.2, 1: 1.2, 2: 1.9}
    assert heard.since == {0: 1.2, 1: 1.2, 2: 1.9}


def test_what_a_run_cost_is_pooled_over_recordings() -> None:
    stats = {"audio_s": 4.0, "cpu_s": 2.0, "drafts": 6, "confirmations": 2, "verified": 1}
    stats |= {"dropped_fast": 1, "dropped_heavy": 0, "peak_memory_mb": 400}
    other = stats | {"drafts": 3, "verified": 0, "dropped_fast": 6, "peak_memory_mb": 500}
    found = Run(speech_s=5.0, stats=[stats, other]).rows()
    assert found["windows a second of speech, fast / heavy"] == "1.80 / 0.80"
    assert found["heavy passes saved the decoding"] == "25 %"
    assert found["windows dropped"] == "35 %"
    assert found["peak memory (MB)"] == "500"


def test_what_stands_behind_the_dashes_is_for_the_program() -> None:
    assert parted(["a", "--events", "b", "--", "--language", "en"]) == (
        ["a", "--events", "b"],
        ["--language", "en"],
    )
    assert parted(["a"]) == (["a"], [])


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "Press 4, or 12!", "press four or twelve"),
        ("es", "Marque 3: el número último", "marque tres el numero ultimo"),
        ("es", "pingüino", "pinguino"),
        ("de", "zwölf", "12"),
        ("fr", "tie-break, l’un", "Tie break l'un"),
        ("zh", "欢迎。大家", "欢迎大家"),
    ],
)
def test_what_is_not_wrong_is_not_counted(language: str, one: str, other: str) -> None:
    assert accuracy.comparable(one, language) == accuracy.comparable(other, language)


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "one 13", "one thirteen"),
        ("es", "año", "ano"),
        ("de", "schön", "schon"),
        ("sv", "3", "three"),
    ],
)
def test_what_is_wrong_is_counted(language: str, one: str, other: str) -> None:
    assert accuracy.comparable(one, language) != accuracy.comparable(other, language)


def test_scripts_without_spaces_are_counted_by_the_character() -> None:
    errors = accuracy.Errors()
    errors.add("欢迎大家", accuracy.Said("欢营大家", "欢迎大家"), "zh")
    assert errors.cells() == "4 | 25.0 % | 0.0 % | +25.0"


def test_errors_are_weighted_by_words() -> None:
    errors = accuracy.Errors()
    errors.add("four 5 six", accuracy.Said("4 five 6", ""), "en")
    errors.add("seven", accuracy.Said("eleven", "7"), "en")
    assert errors.cells() == "4 | 25.0 % | 75.0 % | -50.0"


def test_recordings_without_a_text_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "transcripts.tsv").write_text(
        "id\tlanguage\tseconds\ttext\n"
        'a\ten\t1\tsay "one\nb\tde\t1\tzwei\nhum\t-\t1\tnone\nc\ten\t1\ttwo\nd\ten\t1\tthree\n'
    )
    (tmp_path / "a.flac").touch()
    found = list(accuracy.recordings(tmp_path, limit=2))
    assert [(each.path.name, each.text) for each in found] == [
        ("a.flac", 'say "one'),
        ("b.wav", "zwei"),
        ("c.wav", "two"),
    ]
    assert [each.text for each in accuracy.recordings(tmp_path, ["de"])] == ["zwei"]


def patch(at_s: float, backspaces: int, text: str) -> dict[str, Any]:
    return {"type": "patch", "backspaces": backspaces, "text": text, "timestamp": 100 + at_s}


def confirmed(at_s: float, text: str) -> dict[str, Any]:
    return {"type": "segment", "confidence": "confirmed", "text": text, "timestamp": 100 + at_s}


BEGAN = {"type": "started", "fast": "quick", "heavy": "sure", "timestamp": 100.0}


def test_a_word_is_confirmed_when_it_was_said_and_changed_no_more() -> None:
    events = [
        BEGAN,
        patch(1.5, 0, "ask knot"),
        confirmed(1.75, "ask not"),
        patch(2.0, 4, "not"),
        patch(2.5, 0, " watt"),
        {"type": "finished", "text": "ask not watt", "timestamp": 103.0, "stats": {}},
    ]
    found = Timeline.of(ASK, ["Ask", "not", "what?"], events)
    assert found.rows == (
        Row("Ask", 0.5, 1.0, 1.5, 1.75),
        Row("not", 1.0, 1.5, 2.0, 2.0),
        Row("what?", 1.5, 2.0, None, None),
    )
    assert found.erasures == ((2.0, 4),)
    assert found.models == ("quick", "sure")
    assert found.end_s == 2.0
    assert median_delay_s(found.rows, [row.drafted_s for row in found.rows]) == 0.5
    assert median_delay_s(found.rows, [None, None, None]) is None


def test_of_equal_words_a_later_utterance_confirms_the_last() -> None:
    """The second "no" was spoken by then, the third was not."""
    reference = Reference("no so no no", (("no", 0, 1), ("so", 1, 2), ("no", 3, 4), ("no", 6, 7)), 7)
    events = [
        BEGAN,
        patch(2.0, 0, "no so"),
        confirmed(2.25, "no so"),
        patch(4.5, 0, " no"),
        confirmed(5.0, "no"),
        patch(7.5, 0, " no"),
        confirmed(8.0, "no no"),
    ]
    found = Timeline.of(reference, ["no", "so", "no", "no"], events)
    assert [row.drafted_s for row in found.rows] == [2.0, 2.0, 4.5, 7.5]
    assert [row.confirmed_s for row in found.rows] == [2.25, 2.25, 5.0, 8.0]


def test_a_timeline_is_read_without_matplotlib() -> None:
    script = "import sys; sys.modules['matplotlib'] = None; import tests.bench.timeline"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_timeline_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra 'bench' is not installed: matplotlib")
    from tests.bench.timeline import draw

    timeline = Timeline.of(ASK, ["Ask", "not", "what"], [BEGAN, patch(1.5, 0, "ask knot")])
    draw(timeline, "A title", tmp_path / "out.png")
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


STAT = "42 (a (b) c) S 1 42 42 0 -1 4194304 5 0 0 0 150 50 7 7 20 0 9 0 1234 99 25\n"


def test_processor_and_memory_are_read_whatever_the_name() -> None:
    status = "Name:\ta (b) c\nVmHWM:\t  9000 kB\nVmRSS:\t  2048 kB\n"
    assert steady.parse_usage(STAT, status, 100) == steady.Usage(2.0, 2.0)
    assert steady.parse_usage(STAT, "Name:\tgone\nState:\tZ (zombie)\n", 100) is None


def test_recordings_are_repeated_with_silence_between(tmp_path: Path) -> None:
    ones = np.ones(SAMPLE_RATE, np.float32)
    audio = steady.joined([ones, -ones], 4.5)
    assert audio.reshape(-1, SAMPLE_RATE // 2)[:, 0].tolist() == [1, 1, 0, 0, -1, -1, 0, 0, 1]
    steady.write_wav(tmp_path / "joined.wav", audio)
    with wave.open(str(tmp_path / "joined.wav")) as written:
        assert (written.getnframes(), written.getframerate()) == (72_000, 16_000)
        assert np.frombuffer(written.readframes(1), "<i2").tolist() == [32767]


def test_the_rest_of_a_minute_has_a_row() -> None:
    inbox: steady.Inbox = queue.Queue()
    dropped = {"type": "dropped", "model": "heavy", "window_id": 1, "timestamp": 101.0}
    for event in (BEGAN, patch(1.0, 0, "a"), dropped, confirmed(1.5, "a"), confirmed(2.5, "a b"), None):
        inbox.put(event)
    (minute,) = steady.watch(os.getpid(), inbox)
    assert minute.counts == {"patch": 1, "dropped": 1, "confirmed": 2}
    assert minute.resident_mb > 1


def test_a_row_is_a_line_of_the_table() -> None:
    minute = steady.Minute(125.2, 5.0, 4.0, 431.4, Counter(draft=3, confirmed=1))
    assert minute.line() == "| 2:05 | 0.80 | 431 | 3 | 1 | 0 |"


def test_windows_come_at_their_cadence_and_do_not_grow_for_ever() -> None:
    found = logging_bench.windows(np.zeros(10 * SAMPLE_RATE, np.float32), 7.0)
    lengths_s = [len(window.audio) / SAMPLE_RATE for window in found]
    assert lengths_s == [*(n / 4 for n in range(1, 25)), 0.25, 0.5, 0.75, 1.0]


def test_the_same_windows_are_compared() -> None:
    base = logging_bench.Measured({(0, 0): 0.1, (0, 1): 0.2, (0, 2): None, (1, 0): 0.4}, records=0)
    flooded = {(0, 0): 0.1, (0, 1): 0.3, (0, 2): 9.0, (1, 0): None}
    one = logging_bench.Measured(flooded, calls_s=[2e-6, 4e-6], records=7)
    assert logging_bench.ratio(one, base) == pytest.approx(1.25)
    assert one.row("some", base) == "| some | 7 | 300 | 7260 | 1.250 | 3.0 | 1 |"


def test_some_languages_are_compared_by_the_character() -> None:
    assert language.units("그는 길 옆으로.", "ko") == [*"그는길옆으로"]
    assert language.units("Der Raum, 2 Türen", "de") == ["der", "raum", "zwei", "türen"]


def test_what_a_dictation_in_another_language_comes_to() -> None:
    found = language.Dictated()
    recording = accuracy.Recording(Path("a.flac"), "de", "der Raum")
    said = dict.fromkeys(language.WAYS, "der Raum") | {"told": "der Traum"}
    assert found.add(recording, said) == {"offline": 0, "alone": 0, "told": 1, "auto": 0}
    frames = [(np.zeros(512, np.float32), float(10 <= n < 40)) for n in range(60)]
    found.watched(frames, [State(0.0, ""), State(0.5, "die"), State(1.5, "der Raum")])
    assert (found.erased, found.characters) == (2, 8)
    assert found.first_s == [pytest.approx(0.5 - 0.32)]
    assert found.final_s == [pytest.approx(1.5 - 1.28)]
