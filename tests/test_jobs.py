"""Jobs, one after the other."""

from __future__ import annotations

import threading

import pytest

from voicetype.errors import DaemonError
from voicetype.jobs import Jobs


def test_what_follows_a_job_is_done_before_its_end_is_known() -> None:
    done: list[str] = []
    jobs = Jobs("jobs", lambda: done.append("behind"))
    jobs.ask(lambda: done.append("one")).result(10)
    assert done == ["one", "behind"]
    with pytest.raises(ZeroDivisionError):
        jobs.ask(lambda: 1 // 0).result(10)
    assert done == ["one", "behind", "behind"]
    jobs.close()


def test_a_fault_that_nobody_waits_for_is_logged_and_a_refusal_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse() -> None:
        raise DaemonError("No.", "Ask another time.")

    jobs = Jobs("jobs")
    jobs.ask(refuse)
    jobs.ask(lambda: 1 // 0)
    jobs.close()
    (record,) = caplog.records
    assert record.exc_info
    assert record.exc_info[0] is ZeroDivisionError


def test_who_comes_too_late_is_told_so_and_what_waits_is_dropped_where_nobody_waits() -> None:
    jobs, begun, go = Jobs("jobs"), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go.wait(10)

    jobs.ask(work)
    waiting = jobs.ask(lambda: None)
    assert begun.wait(10)
    jobs.close(wait=False)
    go.set()
    assert waiting.cancelled()
    with pytest.raises(DaemonError, match="ending"):
        jobs.ask(lambda: None).result()
