"""Which windows fall due, and what a confirmation corrects."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from voicetype.core.windows import Cadence, Due, Ready, Windows, corrected

CADENCE = Cadence(4000, 16000)
FREE = Ready()
FAST_BUSY = Ready(fast=False)
HEAVY_BUSY = Ready(heavy=False)
DOUBTFUL = Ready(doubtful=True)


def ticks(windows: Windows, positions: range, ready: Ready = FREE) -> tuple[Windows, list[tuple[int, Due]]]:
    """The windows that fall due, each with its position."""
    dues: list[tuple[int, Due]] = []
    for position in positions:
        windows, due = windows.advance(position, ready)
        dues += [(position, due)] if due else []
    return windows, dues


def test_windows_count_the_fast_ticks() -> None:
    _, dues = ticks(Windows(CADENCE).opened(1000), range(1000, 34_000, 500))
    assert [position for position, _ in dues] == list(range(5000, 34_000, 4000))
    assert [due.window_id for _, due in dues] == list(range(8))
    assert all(due.fast for _, due in dues)
    assert [due.window_id for _, due in dues if due.heavy] == [3, 7]


def test_the_beat_does_not_drift_with_the_frames() -> None:
    """Frames that don't divide the interval are late by less than a frame, not by a frame more each time."""
    _, dues = ticks(Windows(CADENCE).opened(0), range(0, 400_000, 512))
    assert [position // 4000 for position, _ in dues] == list(range(1, 100))


def test_ids_go_on_over_utterances_and_pauses() -> None:
    windows, _ = Windows(CADENCE).opened(0).advance(4000, FREE)
    windows, pause = windows.pause(fast=True, heavy=True)
    assert pause == Due(1, fast=True, heavy=True)
    windows, due = windows.opened(90_000).advance(94_000, FREE)
    assert due == Due(2, fast=True, heavy=False)


def test_ticks_that_fall_due_together_are_one_window() -> None:
    windows, due = Windows(CADENCE).opened(0).advance(17_000, FREE)
    assert due == Due(0, fast=True, heavy=True)
    assert windows.advance(17_500, FREE)[1] is None


def test_a_tick_waits_for_the_model_and_comes_as_soon_as_it_is_free() -> None:
    windows, dues = ticks(Windows(CADENCE).opened(0), range(0, 11_000, 500), FAST_BUSY)
    assert dues == []
    windows, dues = ticks(windows, range(11_000, 20_000, 500))
    assert [(position, due.window_id) for position, due in dues] == [(11_000, 0), (15_000, 1), (19_000, 2)]


def test_a_confirmation_waits_for_its_model_without_holding_up_the_drafts() -> None:
    windows, dues = ticks(Windows(CADENCE).opened(0), range(0, 21_000, 500), HEAVY_BUSY)
    assert [(due.fast, due.heavy) for _, due in dues] == [(True, False)] * 5
    windows, dues = ticks(windows, range(21_000, 45_000, 500))
    assert [position for position, due in dues if due.heavy] == [24_000, 40_000]
    assert all(due.fast for _, due in dues)


def test_doubts_ask_the_heavy_model_with_the_next_draft() -> None:
    windows, _ = ticks(Windows(CADENCE).opened(0), range(0, 5_000, 500))
    windows, dues = ticks(windows, range(5_000, 9_000, 500), DOUBTFUL)
    assert [(position, due) for position, due in dues] == [(8_000, Due(1, fast=True, heavy=True))]


def test_doubts_wait_for_models_that_are_at_work() -> None:
    _, dues = ticks(Windows(CADENCE).opened(0), range(0, 9_000, 500), replace(DOUBTFUL, heavy=False))
    assert [due.heavy for _, due in dues] == [False, False]
    _, dues = ticks(Windows(CADENCE).opened(0), range(0, 9_000, 500), replace(DOUBTFUL, fast=False))
    assert dues == []


def test_after_the_doubts_the_beat_goes_on_an_interval_later() -> None:
    windows, _ = ticks(Windows(CADENCE).opened(0), range(0, 33_000, 500), DOUBTFUL)
    _, dues = ticks(windows, range(33_000, 60_000, 500))
    assert [position for position, due in dues if due.heavy] == [48_000]


def test_an_early_confirmation_leaves_no_gap_in_the_ids() -> None:
    windows, early = ticks(Windows(CADENCE).opened(0), range(0, 9_000, 500), DOUBTFUL)
    _, later = ticks(windows, range(9_000, 21_000, 500))
    assert [due.window_id for _, due in early + later] == list(range(5))


READY = st.builds(Ready, st.booleans(), st.booleans(), st.booleans())


@given(st.lists(st.tuples(READY, st.integers(1, 3000)), max_size=200), st.integers(0, 50_000))
def test_whenever_the_models_are_free(steps: list[tuple[Ready, int]], opened: int) -> None:
    windows, position, last_id = Windows(CADENCE).opened(opened), opened, -1
    fast_at, heavy_at, doubted = [opened], [opened], False
    for ready, samples in steps:
        position += samples
        owed = windows.fast_due <= position
        windows, due = windows.advance(position, ready)
        assert (due is not None) == (owed and ready.fast)
        if due is None:
            continue
        assert due.fast
        assert ready.heavy or not due.heavy
        assert due.heavy or not (ready.heavy and ready.doubtful)
        doubted |= ready.doubtful
        assert due.window_id == last_id + 1  # what was not due leaves no gap
        last_id = due.window_id
        fast_at.append(position)
        if due.heavy:
            heavy_at.append(position)
    on_the_beat = [(fast_at, CADENCE.fast_samples)]
    if not doubted:
        on_the_beat += [(heavy_at, CADENCE.heavy_samples)]
    for at, interval in on_the_beat:
        assert all(b - a > interval // 2 for a, b in pairwise(at))
        assert len(at) - 1 <= (position - opened) / interval


def test_a_confirmation_corrects_what_came_since_the_last() -> None:
    assert corrected(4, 8) == (5, 6, 7, 8)
    assert corrected(-1, 0) == (0,)
