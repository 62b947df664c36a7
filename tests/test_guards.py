"""The guards of the engine, without a model."""

from __future__ import annotations

import pytest

from voicetype.core.events import SAMPLE_RATE
from voicetype.engine.guards import (
    CONFIRMATIONS,
    DRAFTS,
    Verdict,
    WindowShape,
    compressible,
    loop_start,
    rushed,
    without_restart,
)


@pytest.mark.parametrize(
    ("tokens", "start"),
    [
        ([], None),
        ([1, 2, 3, 4, 5, 6], None),
        ([1, 1, 1], None),  # people do say "no, no, no"
        ([1, 1, 1, 1, 1], 1),
        ([7, 1, 2, 1, 2], None),  # "very good, very good"
        ([7, 1, 2, 1, 2, 1, 2], 3),
        ([1, 2, 3, 4, 1, 2, 3, 4], 4),
        ([9, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 8], 6),
        ([1, 2, 3, 4, 9, 1, 2, 3, 4], None),  # said again, but not at once
    ],
)
def test_where_a_loop_begins(tokens: list[int], start: int | None) -> None:
    assert loop_start(tokens) == start


def test_where_a_letter_takes_several_tokens_a_loop_has_more() -> None:
    name = [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]  # of two letters, said twice
    assert loop_start(name) == 6
    assert loop_start(name, "my") is None
    assert loop_start([*name, *name[:6]], "my") == 6
    sentence = [*range(20), *range(20)]
    assert loop_start(sentence, "my") == 20
    assert loop_start([1, 1, 1, 1, 1], "my") == 1


def test_a_text_that_compresses_like_a_loop() -> None:
    assert compressible("and so my fellow " * 12)
    assert not compressible("short short short")
    assert not compressible(
        "When Nuzhat al-Zaman heard the first improvisation, she called to mind her father and her mother "
        "and her brother, and their whilom home; then she wept and cried at the eunuch."
    )


@pytest.mark.parametrize(
    ("text", "speech_s", "too_much"),
    [
        ("", 0.0, False),
        ("Thank you.", 0.1, False),
        ("I'm not a fan of the", 0.3, True),
        ("The actual problem is", 0.6, False),
        ("Ich bin jetzt auf der anderen Seite", 0.6, True),
        ("When the news started out,", 1.0, False),
        ("A book could be written about this restaurant and then all of it", 2.0, False),
    ],
)
def test_a_text_that_nobody_can_say_in_so_short_a_time(text: str, speech_s: float, too_much: bool) -> None:
    assert rushed(text, speech_s) is too_much


@pytest.mark.parametrize("ladder", [DRAFTS, CONFIRMATIONS])
def test_a_ladder_climbs_to_the_padded_window(ladder: tuple[WindowShape, ...]) -> None:
    for seconds in (0, 1, 3, 10, 25, 30):
        lengths = [shape.samples(seconds * SAMPLE_RATE) for shape in ladder]
        assert lengths == sorted(lengths)
        assert lengths[-1] == 30 * SAMPLE_RATE
        assert lengths[0] >= seconds * SAMPLE_RATE


def test_a_confirmation_takes_a_longer_window_than_a_draft() -> None:
    for seconds in (1, 3, 10, 20):
        draft, confirmation = (ladder[0].samples(seconds * SAMPLE_RATE) for ladder in (DRAFTS, CONFIRMATIONS))
        assert draft < confirmation


def test_a_sentence_that_begins_anew_is_said_once() -> None:
    looped = "Congratulations! You have installed the asteroid. Congratulations! You have installed"
    assert without_restart(looped) == "Congratulations! You have installed the asteroid."
    assert without_restart("I know. I know.") == "I know."
    assert without_restart("I know I know") == "I know I know"  # people do say that


@pytest.mark.parametrize(
    ("verdict", "careful", "rungs"),
    [
        (Verdict.TRUSTED, True, [0]),
        (Verdict.LOOPED, False, [0]),
        (Verdict.LOOPED, True, [0, 2]),
        (Verdict.OVERFULL, False, [0, 1]),
        (Verdict.OVERFULL, True, [0, 1, 2]),
    ],
)
def test_how_the_ladder_is_climbed(verdict: Verdict, careful: bool, rungs: list[int]) -> None:
    climbed: list[int] = []
    rung: int | None = 0
    while rung is not None:
        climbed.append(rung)
        rung = verdict.next_rung(rung, careful=careful)
    assert climbed == rungs
    assert rungs[-1] < len(DRAFTS) == len(CONFIRMATIONS)
