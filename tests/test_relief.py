"""Who hears while a server does not: at once, for as long as it takes, and at no window's cost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from tests.deadline import wait_until
from tests.fakes import FakeClock, FakeTranscriber
from tests.speech_service import Caller, Service, hanging, saying, serving
from voicetype.config import RemoteConfig
from voicetype.core.verification import Standing
from voicetype.engine import Hearing
from voicetype.engine.outgoing import Outgoing
from voicetype.engine.relief import Breaker, Relief
from voicetype.engine.remote import Remote
from voicetype.errors import ServerError, VoicetypeError

ENGLISH = Hearing("en")
SPEECH = np.zeros(16_000, np.float32)


@dataclass
class Outage:
    """A server, a local model beside it, what was told, and the time."""

    service: Service
    remote: Remote
    clock: FakeClock = field(default_factory=FakeClock)
    told: list[VoicetypeError] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.breaker = Breaker(self.told.append, self.clock.monotonic)
        self.local = FakeTranscriber("base", lambda _: "local")
        self.local.gate.set()

    def relief(self) -> Relief:
        return Relief(self.remote, self.local, self.breaker)

    def alone(self) -> Relief:
        return Relief(self.remote, None, self.breaker)

    def pass_(self, seconds: float) -> None:
        self.clock.now_s += seconds


@pytest.fixture
def outage() -> Iterator[Outage]:
    with serving() as service:
        service.reply = saying(text="remote")
        remote = Remote(RemoteConfig(address=service.address, timeout_s=0.5), "", Outgoing())
        yield Outage(service, remote)
        remote.close()


def heard(model: Relief, how: Hearing = ENGLISH) -> str:
    hypothesis = model.transcribe(SPEECH, how)
    assert hypothesis is not None
    return hypothesis.text


def tried(outage: Outage, model: Relief) -> None:
    """A window while the server is due to be tried; the try is over."""
    before = len(outage.service.asked)
    assert heard(model) == "local"
    wait_until(lambda: len(outage.service.asked) > before, "the server was tried")
    wait_until(lambda: not any(t.name == "server-try" for t in threading.enumerate()), "the try is over")


def test_a_server_that_hears_is_not_doubled(outage: Outage) -> None:
    model = outage.relief()
    assert heard(model) == "remote"
    assert model.name.startswith("whisper-1 at localhost")
    assert not outage.local.asked


@pytest.mark.parametrize("reply", [hanging, saying(500), saying(401), saying(nothing="")])
def test_the_window_that_it_fails_is_heard_at_once(outage: Outage, reply: Callable[[Caller], None]) -> None:
    model = outage.relief()
    outage.service.reply = reply
    verified = model.verify(SPEECH, ENGLISH, lambda: Standing("draft"))
    assert verified is not None
    assert outage.local.judged == ["draft"]
    assert model.name == "base"
    (told,) = outage.told
    assert "base hears" in told.sentence
    assert told.hint


def test_a_dead_server_costs_one_window_and_no_other(outage: Outage) -> None:
    model = outage.relief()
    outage.service.reply = hanging
    for _ in range(20):
        assert heard(model) == "local"
    assert len(outage.service.asked) == 1
    assert len(outage.told) == 1


def test_it_comes_back_by_itself(outage: Outage) -> None:
    model = outage.relief()
    outage.service.reply = saying(503)
    assert heard(model) == "local"
    outage.pass_(3)
    tried(outage, model)  # in vain: from now on less and less often
    outage.pass_(3)
    assert heard(model) == "local"
    assert len(outage.service.asked) == 2
    outage.service.reply = saying(text="remote")
    outage.pass_(2)
    tried(outage, model)
    assert heard(model) == "remote"
    assert len(outage.told) == 1


def test_a_try_holds_up_nobody_and_there_is_one_at_a_time(outage: Outage) -> None:
    model = outage.relief()
    outage.service.reply = saying(500)
    heard(model)
    outage.pass_(10)
    outage.service.reply = hanging
    outage.remote.close()
    slow = Remote(RemoteConfig(address=outage.service.address, timeout_s=15.0), "", Outgoing())
    model = Relief(slow, outage.local, outage.breaker)
    for _ in range(5):
        assert heard(model, replace(ENGLISH, superseded=lambda: False)) == "local"
    wait_until(lambda: len(outage.service.asked) == 2, "one try")
    slow.close()
    wait_until(lambda: not any(t.name == "server-try" for t in threading.enumerate()), "the try is over")
    outage.service.reply = saying(text="remote")
    again = Relief(Remote(RemoteConfig(address=outage.service.address), "", Outgoing()), None, outage.breaker)
    with pytest.raises(ServerError):  # a try that was given up told nothing: the next one is due
        again.transcribe(SPEECH, ENGLISH)
    wait_until(lambda: outage.breaker.error is None, "it hears again")


def test_it_is_left_alone_for_as_long_as_it_asks(outage: Outage) -> None:
    model = outage.relief()
    outage.service.reply = saying(429, {"Retry-After": "300"})
    heard(model)
    outage.service.reply = saying(text="remote")
    outage.pass_(299)
    assert heard(model) == "local"
    assert len(outage.service.asked) == 1
    outage.pass_(2)
    tried(outage, model)
    assert heard(model) == "remote"


def test_the_longest_pause_is_a_minute(outage: Outage) -> None:
    model = outage.relief()
    outage.service.reply = saying(500)
    heard(model)
    for _ in range(12):
        outage.pass_(61)
        tried(outage, model)
    assert len(outage.told) == 1


def test_an_outage_is_told_again_where_it_is_news(outage: Outage) -> None:
    model = outage.relief()
    for reply in (saying(500), saying(500), saying(401)):
        outage.service.reply = reply
        assert heard(model) == "local"
        outage.service.reply = saying(text="remote")
        outage.pass_(61)
        tried(outage, model)
        assert heard(model) == "remote"
    assert [("failed" in each.sentence, "key" in each.sentence) for each in outage.told] == [
        (True, False),
        (False, True),
    ]
    outage.pass_(601)
    outage.service.reply = saying(401)
    heard(model)
    assert len(outage.told) == 3


def test_without_relief_windows_fail_without_a_wait(outage: Outage) -> None:
    """The worker tells it, and the drafts stand."""
    model = outage.alone()
    outage.service.reply = hanging
    for _ in range(5):
        with pytest.raises(ServerError, match="no answer"):
            model.transcribe(SPEECH, ENGLISH)
    assert len(outage.service.asked) == 1
    assert not outage.told


def test_what_nobody_waits_for_is_no_failure(outage: Outage) -> None:
    model = outage.relief()
    outage.service.reply = hanging
    how = replace(ENGLISH, superseded=lambda: bool(outage.service.asked))
    assert model.transcribe(SPEECH, how) is None
    assert outage.breaker.error is None
    assert not outage.local.asked


def test_the_relief_is_not_asked_what_nobody_waits_for(outage: Outage) -> None:
    model = outage.relief()
    outage.service.reply = saying(500)
    heard(model)
    assert model.transcribe(SPEECH, replace(ENGLISH, superseded=lambda: True)) is None
    assert len(outage.local.asked) == 1


def test_two_who_share_a_breaker_know_of_each_other(outage: Outage) -> None:
    fast, heavy = outage.relief(), outage.relief()
    outage.service.reply = saying(500)
    assert heard(fast) == "local"
    assert heard(heavy) == "local"
    assert len(outage.service.asked) == 1
    assert len(outage.told) == 1


def late() -> ServerError:
    return ServerError("It is late.", "Wait.")


def test_one_of_two_things_may_fail_alone(outage: Outage) -> None:
    """Drafts that come well say nothing of what is to last: that would cost a time-out each time."""
    lasting = outage.breaker.part()
    lasting.failed(late(), "base")
    outage.breaker.succeeded()
    assert lasting.error
    assert not outage.breaker.error
    lasting.succeeded()
    assert not lasting.error


def test_while_all_of_it_fails_no_part_is_asked_and_it_is_told_once(outage: Outage) -> None:
    lasting = outage.breaker.part()
    outage.breaker.failed(ServerError("It is gone.", "Wait."), "tiny.en")
    assert lasting.error
    outage.pass_(100)
    assert not lasting.due()
    lasting.failed(late(), "base")  # it was under way
    assert len(outage.told) == 1
    lasting.succeeded()
    outage.breaker.succeeded()
    outage.pass_(1000)
    lasting.failed(late(), "base")
    outage.breaker.failed(ServerError("It is gone.", "Wait."), "tiny.en")
    assert len(outage.told) == 2


def test_what_is_no_failure_of_the_server_is_not_hidden() -> None:
    broken = FakeTranscriber("broken", lambda _: str(1 / 0))
    broken.gate.set()
    with pytest.raises(ZeroDivisionError):
        Relief(broken, None, Breaker(lambda _: None)).transcribe(SPEECH, ENGLISH)
