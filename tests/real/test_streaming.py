"""Drafts and lasting texts from a streaming server, in a process of its own, and what it may do to us."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.deadline import wait_until
from tests.real.listen_service import Told, counted, serving
from voicetype.checks.server import server
from voicetype.config import Config, EngineConfig, StreamingConfig
from voicetype.config_fields import Words
from voicetype.core.events import SAMPLE_RATE
from voicetype.engine import Audio, Hearing, Hypothesis
from voicetype.engine.outgoing import Outgoing
from voicetype.engine.relief import Breaker, Relief
from voicetype.engine.streaming import Drafts, Lasting, open_streams
from voicetype.errors import ServerError
from voicetype.strategies import Strategy

pytestmark = pytest.mark.real

START = 8_000  # of the utterance, samples since the session's start
SPEECH: Audio = np.random.default_rng(0).normal(0, 0.1, 20 * SAMPLE_RATE).astype(np.float32)
PATIENT, HASTY = 10.0, 1.0  # seconds without an answer


@pytest.fixture(scope="module")
def service() -> Iterator[Told]:
    with serving() as told:
        yield told


class Dictation:
    """Both Transcribers, as the workers ask them."""

    def __init__(self, service: Told, fault: str = "", timeout_s: float = PATIENT, key: str = "") -> None:
        self.outgoing = Outgoing()
        parameters = Words({"fault": fault, "tag": f"{id(self)}"} if fault else {})
        config = StreamingConfig(service.address, timeout_s=timeout_s, parameters=parameters)
        self.drafts, self.lasting = open_streams(config, key, self.outgoing)
        self.how = Hearing("en", session=id(self), start=START)

    def draft(self, samples: int) -> str | None:
        """Of a tick."""
        heard = self.drafts.transcribe(SPEECH[:samples], self.how)
        return None if heard is None else heard.text

    def drafted(self, samples: int, text: str) -> None:
        """Ask until the draft says that."""
        wait_until(lambda: self.draft(samples) == text, f"the draft {text!r}")

    def pause(self, samples: int) -> str | None:
        """Of a tick at a pause."""
        heard = self.drafts.transcribe(SPEECH[:samples], replace(self.how, to_pause=True))
        return None if heard is None else heard.text

    def end(self, samples: int) -> str | None:
        """What lasts at the end."""
        how = replace(self.how, to_pause=True, careful=True, final=True)
        heard = self.lasting.transcribe(SPEECH[:samples], how)
        return None if heard is None else heard.text

    def next(self) -> None:
        """The next utterance."""
        self.how = replace(self.how, utterance=self.how.utterance + 1)

    def failed(self, samples: int) -> ServerError:
        """The error that the drafts come to."""
        errors = list[ServerError]()

        def fails() -> bool:
            try:
                self.draft(samples)
            except ServerError as error:
                errors.append(error)
            return bool(errors)

        wait_until(fails, "an error")
        return errors[0]


@pytest.fixture
def dictation(service: Told, request: pytest.FixtureRequest) -> Iterator[Dictation]:
    """One with the fault that the test is given."""
    service.lines.clear()
    timeout_s = HASTY if request.param in ("deaf", "silent", "endless") else PATIENT
    made = Dictation(service, request.param, timeout_s)
    yield made
    made.drafts.close()
    wait_until(lambda: service.open_now == 0, "every connection has ended")


def with_fault(*faults: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("dictation", faults, indirect=True)


@with_fault("", "vague", "greets", "unknown", "misordered", "hangs-up-once", "breaks-once")
def test_an_utterance_is_drafted_and_lasts(dictation: Dictation) -> None:
    dictation.drafted(8_000, counted(8_000))
    dictation.drafted(32_000, counted(32_000))
    assert dictation.pause(40_000) is not None
    dictation.drafted(64_000, counted(64_000))
    assert dictation.end(72_000) == counted(72_000)


@with_fault("")
def test_sound_is_sent_once_and_shown_while_it_is(dictation: Dictation, service: Told) -> None:
    for end in range(4_000, 48_000, 4_000):
        dictation.draft(end)
    wait_until(lambda: dictation.outgoing.host == service.address[5:].partition("/")[0], "it is shown")
    assert dictation.end(48_000) == counted(48_000)
    wait_until(lambda: service.said == ["CloseStream"], "all of it was told")
    assert service.samples == 48_000
    assert len(service.opened) == 1
    wait_until(lambda: dictation.outgoing.host == "", "nothing leaves any more")


@with_fault("")
def test_each_utterance_has_a_connection_of_its_own(dictation: Dictation, service: Told) -> None:
    dictation.draft(16_000)
    first = dictation.how
    dictation.next()
    dictation.draft(24_000)
    how = replace(first, to_pause=True, careful=True, final=True)
    last = dictation.lasting.transcribe(SPEECH[:20_000], how)  # late: the next one has begun
    assert last is not None
    assert last.text == counted(20_000)
    assert dictation.end(32_000) == counted(32_000)
    wait_until(lambda: len(service.opened) == 2, "two connections")


@with_fault("")
def test_another_session_is_another_utterance(dictation: Dictation, service: Told) -> None:
    dictation.draft(32_000)
    dictation.how = replace(dictation.how, session=0)
    dictation.drafted(8_000, counted(8_000))
    wait_until(lambda: service.open_now == 1, "the first connection has ended")


@with_fault("")
def test_an_utterance_that_is_cut_says_nothing_behind_the_cut(dictation: Dictation) -> None:
    dictation.drafted(64_000, counted(64_000))
    assert dictation.end(40_000) == counted(38_400)


@with_fault("")
def test_no_connection_outlives_its_utterance(dictation: Dictation, service: Told) -> None:
    assert dictation.end(16_000) == counted(16_000)
    wait_until(lambda: len(service.opened) == 1 and service.open_now == 0, "it has ended")
    dictation.next()
    dictation.draft(16_000)  # and no end: the dictation was cancelled
    wait_until(lambda: len(service.opened) == 2, "another one")
    wait_until(lambda: service.open_now == 0, "it has ended, too")


@with_fault("")
def test_nobody_need_hang_up(dictation: Dictation, service: Told) -> None:
    other = Dictation(service)
    other.draft(16_000)
    wait_until(lambda: service.open_now == 1, "a connection")
    del other
    wait_until(lambda: service.open_now == 0, "it has ended")
    assert dictation.end(16_000) == counted(16_000)


@with_fault("")
def test_while_nobody_speaks_the_server_is_told_that_we_are_there(
    dictation: Dictation, service: Told
) -> None:
    dictation.draft(16_000)
    wait_until(lambda: "KeepAlive" in service.said, "a KeepAlive")
    assert service.samples == 16_000
    wait_until(lambda: dictation.outgoing.host == "", "nothing leaves any more")
    assert dictation.end(32_000) == counted(32_000)


@with_fault("endless")
def test_who_is_superseded_waits_no_longer(dictation: Dictation) -> None:
    how = replace(dictation.how, careful=True, final=True, superseded=lambda: True)
    assert dictation.lasting.transcribe(SPEECH[:16_000], how) is None


@with_fault("breaks-once")
def test_what_was_sent_over_a_broken_connection_is_sent_again(dictation: Dictation, service: Told) -> None:
    dictation.drafted(12_000, counted(12_000))
    wait_until(lambda: dictation.draft(32_000) is not None and len(service.opened) == 2, "another connection")
    assert dictation.end(32_000) == counted(32_000)


FAULTS = {
    "401": "does not take the key",
    "302": "sends us elsewhere",
    "404": "knows no such address",
    "400": "does not take the question",
    "429": "is busy",
    "500": "failed",
    "503": "is busy",
    "hangs-up": "has hung up",
    "breaks": "has hung up",
    "unwilling": "does not want to go on",
    "garbage": "does not speak",
    "other": "does not speak",
    "binary": "does not speak",
    "huge": "has hung up",
    "silent": "does not keep up",
    "deaf": "does not keep up",
}


@with_fault(*FAULTS)
def test_a_fault_is_told_of_the_drafts(dictation: Dictation, request: pytest.FixtureRequest) -> None:
    error = dictation.failed(32_000)
    fault = request.node.callspec.params["dictation"]
    assert FAULTS[fault] in error.sentence
    assert error.hint
    assert error.pause_s == (7.0 if fault.isdecimal() else 0.0)


@with_fault(*(fault for fault in FAULTS if fault != "silent"), "endless")
def test_a_fault_is_told_of_what_is_to_last(dictation: Dictation, request: pytest.FixtureRequest) -> None:
    fault = request.node.callspec.params["dictation"]
    with pytest.raises(ServerError, match=FAULTS.get(fault, "does not keep up")):
        dictation.end(32_000)


def test_a_server_that_is_not_there() -> None:
    config = StreamingConfig("ws://127.0.0.1:9/v1/listen", timeout_s=HASTY)
    drafts, lasting = open_streams(config, "", Outgoing())
    with pytest.raises(ServerError, match="can't be reached"):
        lasting.transcribe(SPEECH[:16_000], Hearing("en", final=True))
    drafts.close()


def test_the_key_is_told_to_the_server_and_nobody_else(
    service: Told, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    service.lines.clear()
    dictation = Dictation(service, "401", key="a-secret")
    error = dictation.failed(16_000)
    wait_until(lambda: "Token a-secret" in [line["key"] for line in service.opened], "it was told")
    assert "a-secret" not in caplog.text + str(error) + error.hint + repr(vars(dictation.drafts))
    dictation.drafts.close()


class Local:
    """Whoever stands in."""

    name = "local"

    def transcribe(self, audio: Audio, how: Hearing) -> Hypothesis | None:  # noqa: ARG002
        return Hypothesis(f"{len(audio)} heard here")

    def verify(self, audio: Audio, how: Hearing, draft: object) -> Hypothesis | None:  # noqa: ARG002
        return self.transcribe(audio, how)


def relieved(model: Drafts | Lasting, clock: list[float]) -> Relief:
    return Relief(model, Local(), Breaker(lambda _: None, lambda: clock[0]))


def test_the_relief_hears_the_window_that_fails_and_the_server_comes_back(service: Told) -> None:
    dictation, clock = Dictation(service, "hangs-up-once"), [0.0]
    lasting = relieved(dictation.lasting, clock)
    how = replace(dictation.how, to_pause=True, careful=True, final=True)
    silent = Dictation(service, "endless", HASTY)
    failing = relieved(silent.lasting, clock)
    heard = failing.transcribe(SPEECH[:16_000], how)
    assert heard == Hypothesis("16000 heard here")
    assert failing.name == "local"
    heard = lasting.transcribe(SPEECH[:16_000], how)
    assert heard is not None
    assert heard.text == counted(16_000)
    silent.drafts.close()
    dictation.drafts.close()


def test_drafts_are_trusted_again_once_the_server_has_said_something(service: Told) -> None:
    dictation, clock = Dictation(service), [0.0]
    breaker = Breaker(lambda _: None, lambda: clock[0])
    drafts = Relief(dictation.drafts, Local(), breaker)
    breaker.failed(ServerError("It failed.", "Wait."), "local")
    clock[0] = 10.0

    def heard() -> str:
        said = drafts.transcribe(SPEECH[:32_000], dictation.how)
        return said.text if said else ""

    assert heard() == "32000 heard here"
    wait_until(lambda: heard() == counted(32_000), "the server hears")
    dictation.drafts.close()


def test_a_certificate_is_checked(tmp_path: Path) -> None:
    certificate, key = str(tmp_path / "a.pem"), str(tmp_path / "a.key")
    made_so = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    named = ["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate]
    subprocess.run(["openssl", "req", *made_so.split(), *named], check=True, capture_output=True)
    how = Hearing("en", final=True)
    with serving("--certificate", certificate, "--certificate-key", key) as told:
        drafts, lasting = open_streams(StreamingConfig(told.address), "a-secret", Outgoing())
        with pytest.raises(ServerError, match="does not prove who it is"):
            lasting.transcribe(SPEECH[:16_000], how)
        drafts.close()
        assert told.opened == []
        drafts, lasting = open_streams(StreamingConfig(told.address, ca_file=certificate), "", Outgoing())
        heard = lasting.transcribe(SPEECH[:16_000], how)
        assert heard is not None
        assert heard.text == counted(16_000)
        drafts.close()


def test_a_server_slower_than_the_sound_is_left_in_time(service: Told) -> None:
    dictation = Dictation(service, "slow", HASTY)
    assert "does not keep up" in dictation.failed(320_000).sentence
    dictation.drafts.close()


def test_doctor_asks_the_server(service: Told) -> None:
    config = Config(engine=EngineConfig(strategy=Strategy.STREAMING))
    there = server(replace(config, streaming=StreamingConfig(service.address)))
    assert f"{service.address[5:].partition('/')[0]} hears" in there.result
    away = server(replace(config, streaming=StreamingConfig("ws://127.0.0.1:9")))
    assert "can't be reached" in away.result
