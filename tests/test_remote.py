"""A server that hears: what it is sent, what becomes of its answer, and of every way in which it can fail."""

from __future__ import annotations

import errno
import io
import json
import logging
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.deadline import wait_until
from tests.speech_service import (
    Caller,
    Service,
    bytes_alone,
    certificate,
    dripping,
    flooding,
    hanging,
    raw,
    saying,
    serving,
)
from voicetype.checks import Finding, Verdict
from voicetype.checks.server import server
from voicetype.config import Config, EngineConfig, RemoteConfig
from voicetype.core.verification import Standing
from voicetype.core.vocabulary import Terms, Vocabulary
from voicetype.core.wording import clean, split
from voicetype.engine import Audio, Hearing, Hypothesis
from voicetype.engine.lookups import Lookups
from voicetype.engine.outgoing import Outgoing
from voicetype.engine.remote import Remote, prompted
from voicetype.engine.remote_answers import gains, read
from voicetype.engine.remote_server import at
from voicetype.engine.servers import seconds
from voicetype.errors import ConfigError, ServerError
from voicetype.strategies import Strategy

KEY = "sk-very-secret-0123456789"
ENGLISH = Hearing("en")
QUICK = 0.6  # seconds: the time-out of tests that wait for it
SPEECH = (0.1 * np.sin(np.arange(32_000) / 7)).astype(np.float32)


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as running:
        yield running


@pytest.fixture
def remote(service: Service) -> Iterator[Callable[..., Remote]]:
    """A server's client, by changes of its configuration."""
    made: list[Remote] = []

    def make(**changes: object) -> Remote:
        config = RemoteConfig(address=service.address, model="large-v3")
        made.append(Remote(replace(config, **changes), KEY, Outgoing()))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()


def failure(remote: Remote, how: Hearing = ENGLISH) -> ServerError:
    """How it fails; no error may have a word of the server's, or the key."""
    with pytest.raises(ServerError) as raised:
        remote.transcribe(SPEECH, how)
    told = f"{raised.value.sentence} {raised.value.hint} {raised.value!r}"
    assert raised.value.hint
    assert KEY not in told
    assert "SERVER SAYS" not in told
    return raised.value


def decoded(file: bytes) -> Audio:
    with av.open(io.BytesIO(file), "r") as source:
        frames = [frame.to_ndarray().reshape(-1) for frame in source.decode(audio=0)]
    samples: Audio = np.concatenate(frames).astype(np.float32) / np.float32(32_768)
    return samples


@pytest.mark.parametrize("kind", ["flac", "wav"])
def test_the_window_is_sent_and_nothing_else(
    service: Service, remote: Callable[..., Remote], kind: str
) -> None:
    heard = remote(format=kind).transcribe(SPEECH, ENGLISH)
    assert heard is not None
    assert heard.text == "hello world"
    (asked,) = service.asked
    assert asked.path == "/v1/audio/transcriptions"
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert "cookie" not in asked.headers
    assert dict(asked.fields) == {
        "model": "large-v3",
        "temperature": "0",
        "response_format": "verbose_json",
        "timestamp_granularities[]": "word",
        "language": "en",
    }
    assert decoded(asked.file) == pytest.approx(SPEECH, abs=1e-4)


def test_the_users_words_are_told(service: Service, remote: Callable[..., Remote]) -> None:
    remote().transcribe(SPEECH, replace(ENGLISH, vocabulary=Vocabulary(Terms(("Kubernetes", "Ætna")))))
    assert service.asked[0].fields["prompt"] == "Kubernetes, Ætna"
    many = [f"word{number}" for number in range(500)]
    told = prompted(many)
    assert told.endswith("word498, word499")
    assert 500 < len(told) <= 600
    assert prompted(["x" * 900]) == ""


def test_of_a_long_utterance_half_a_minute_is_sent(service: Service, remote: Callable[..., Remote]) -> None:
    remote().transcribe(np.concatenate([SPEECH] * 20), ENGLISH)
    assert len(decoded(service.asked[0].file)) == 30 * 16_000


def test_no_sound_is_not_sent_and_little_is_made_longer(
    service: Service, remote: Callable[..., Remote]
) -> None:
    assert remote().transcribe(np.zeros(0, np.float32), ENGLISH) == Hypothesis("")
    assert not service.asked
    remote().transcribe(SPEECH[:500], ENGLISH)
    assert len(decoded(service.asked[0].file)) == 4_000


WORDS = [{"word": " Hello", "probability": 0.9}, {"word": " world.", "probability": 0.4}]


@pytest.mark.parametrize(
    ("told", "probabilities"),
    [
        ({"words": WORDS}, (0.9, 0.4)),
        ({"segments": [{"text": "Hello world.", "words": WORDS}]}, (0.9, 0.4)),
        (
            {"segments": [{"text": " Hello", "avg_logprob": -0.5}, {"text": " world.", "avg_logprob": -1.0}]},
            (),
        ),
        ({"words": [{"word": "Hello", "start": 0.0, "end": 0.4}]}, ()),
        ({"segments": [{"text": "Hello world.", "avg_logprob": 0.0}]}, ()),
        ({"segments": None, "words": "none"}, ()),
        ({"words": [{"word": "Hello", "probability": float("nan")}]}, ()),
        ({"words": [{"word": "Hello", "probability": 7}, {"word": 3}, None]}, ()),
    ],
)
def test_words_are_as_sure_as_the_server_says(
    service: Service, remote: Callable[..., Remote], told: dict[str, Any], probabilities: tuple[float, ...]
) -> None:
    service.reply = saying(text=" Hello  world.", **told)
    heard = remote().transcribe(SPEECH, replace(ENGLISH, voiced=True))
    assert heard is not None
    assert heard.text == "Hello world."
    assert heard.probabilities == probabilities


def test_what_a_server_makes_up_is_not_taken(service: Service, remote: Callable[..., Remote]) -> None:
    server = remote()
    for text in ("la " * 100, "x" * 5_000, "\x1b[2J\n\0"):
        service.reply = saying(text=text)
        heard = server.transcribe(SPEECH, ENGLISH)
        assert heard is not None
        assert len(heard.text) < 40
        assert "\n" not in heard.text
    doubted = [{"text": "Thanks for watching!", "avg_logprob": -1.4, "no_speech_prob": 0.9}]
    service.reply = saying(text="Thanks for watching!", segments=doubted)
    assert server.transcribe(SPEECH, ENGLISH) == Hypothesis("", language="en")
    kept = server.verify(SPEECH, ENGLISH, lambda: Standing("thanks for watching"))
    assert kept is not None
    assert kept.text == "Thanks for watching!"  # a draft speaks for it


PROBABILITIES = st.one_of(st.floats(), st.integers(), st.text(), st.none(), st.booleans())
VALUES = st.recursive(
    st.one_of(PROBABILITIES, st.sampled_from(("the quick fox", "the the the the", "zh", "german"))),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(
            st.sampled_from(
                (
                    "text",
                    "words",
                    "word",
                    "segments",
                    "probability",
                    "avg_logprob",
                    "no_speech_prob",
                    "language",
                )
            ),
            inner,
        ),
    ),
    max_leaves=30,
)


@given(st.one_of(VALUES.map(lambda value: json.dumps(value).encode()), st.binary()), st.text())
def test_whatever_a_server_says_is_a_text_or_refused(body: bytes, draft: str) -> None:
    try:
        answer = read(body)
    except ValueError:
        return
    heard = answer.heard(2.0, voiced=False)
    assert len(heard.probabilities) in (0, len(split(heard.text)))
    assert all(0 <= each <= 1 for each in (*heard.probabilities, heard.speech))
    assert len(heard.text) < 100
    assert heard.text.isprintable()
    sure = heard.probabilities
    assert len(gains(Standing(clean(draft), 1), heard.text, sure)) in (0, len(split(heard.text)))


def test_beside_a_draft_words_gain_what_they_are_sure_of(
    service: Service, remote: Callable[..., Remote]
) -> None:
    said = [("the", 0.9), (" quick", 0.9), (" fox", 0.7)]
    service.reply = saying(text="the quick fox", words=[{"word": word, "probability": p} for word, p in said])
    heard = remote().verify(SPEECH, ENGLISH, lambda: Standing("The quick fax"))
    assert heard is not None
    assert heard.gains == (0.0, 0.0, 0.7)
    again = remote().verify(SPEECH, ENGLISH, lambda: Standing("The quick fax", confirmed=3))
    assert again is not None
    assert again.gains[2] < 0.7


def test_the_language_is_one_of_the_users(service: Service, remote: Callable[..., Remote]) -> None:
    service.reply = saying(text="hallo", language="dutch")
    heard = remote().transcribe(SPEECH, Hearing("auto", among=("en", "de"), presumed="de"))
    assert heard is not None
    assert heard.language == "de"
    assert [each.fields.get("language") for each in service.asked] == [None, "de"]
    service.reply = saying(text="hello", language="english")
    heard = remote().transcribe(SPEECH, Hearing("auto"))
    assert heard is not None
    assert heard.language == "en"


def test_a_model_that_knows_plain_json_alone(service: Service, remote: Callable[..., Remote]) -> None:
    def reply(caller: Caller) -> None:
        plain = caller.server.asked[-1].fields["response_format"] == "json"
        (saying(text="hello") if plain else saying(400, error="SERVER SAYS"))(caller)

    service.reply = reply
    server = remote()
    for _ in range(2):
        heard = server.transcribe(SPEECH, ENGLISH)
        assert heard is not None
        assert heard.text == "hello"
    assert [each.fields["response_format"] for each in service.asked] == ["verbose_json", "json", "json"]


@pytest.mark.parametrize(
    "status", [400, 401, 403, 404, 413, 415, 422, 429, 500, 502, 503, 504, 204, 302, 418]
)
def test_what_is_refused_says_why(service: Service, remote: Callable[..., Remote], status: int) -> None:
    service.reply = saying(status, error="SERVER SAYS no")
    error = failure(remote())
    assert "localhost" in error.sentence
    assert str(status) in error.sentence


def test_a_busy_server_is_left_alone_for_as_long_as_it_wants(
    service: Service, remote: Callable[..., Remote]
) -> None:
    service.reply = saying(429, {"Retry-After": "7"})
    assert failure(remote()).pause_s == 7
    assert seconds("Fri, 31 Dec 1999 23:59:59 GMT") == 0
    assert seconds("Fri, 31 Dec 2999 23:59:59 GMT") == seconds("1e300") == 3_600
    assert seconds("nan") == seconds("soon") == seconds("") == seconds("-3") == 0


@pytest.mark.parametrize("reply", [hanging, dripping, flooding])
def test_an_answer_that_does_not_come_ends(
    service: Service, remote: Callable[..., Remote], reply: Callable[[Caller], None]
) -> None:
    service.reply = reply
    failure(remote(timeout_s=QUICK))


@pytest.mark.parametrize(
    "reply",
    [
        bytes_alone(b""),
        bytes_alone(b"SERVER SAYS what?\r\n"),
        bytes_alone(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"text": "half an ans'),
        bytes_alone(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        bytes_alone(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n"),
        bytes_alone(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 30_000),
        raw(b""),
        raw(b'{"text": '),
        raw(b"[" * 100_000),
        raw(b"\xff\xfe\x00"),
        raw(b"SERVER SAYS <html>"),
        raw(b"null"),
        raw(b'{"text": null}'),
        raw(b'{"txt": "SERVER SAYS"}'),
        raw(b" " * 2_000_000),
        raw(b"\x1f\x8b\x08", headers={"Content-Encoding": "gzip"}),
    ],
)
def test_nonsense_is_an_error(
    service: Service, remote: Callable[..., Remote], reply: Callable[[Caller], None]
) -> None:
    service.reply = reply
    server = remote()
    failure(server)
    service.reply = saying(text="back again")  # and spoils nothing
    heard = server.transcribe(SPEECH, ENGLISH)
    assert heard is not None
    assert heard.text == "back again"


def test_nobody_there(remote: Callable[..., Remote]) -> None:
    with serving() as gone:
        address = gone.address
    assert "can't be reached" in failure(remote(address=address)).sentence
    assert "can't be reached" in failure(remote(address="https://speech.invalid/v1")).sentence


def test_a_service_without_a_network_says_so(
    service: Service, remote: Callable[..., Remote], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> socket.socket:
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    server = remote()
    with monkeypatch.context() as patch:
        patch.setattr("socket.socket", refused)  # as RestrictAddressFamilies of systemd does
        error = failure(server)
    assert "no network" in error.sentence
    assert "voicetype install" in error.hint
    assert not service.connections


def test_a_connection_is_kept_and_made_again_where_it_has_gone(
    service: Service, remote: Callable[..., Remote]
) -> None:
    server = remote()
    for _ in range(3):
        server.transcribe(SPEECH, ENGLISH)
    assert service.connections == 1
    service.hang_up()
    assert server.transcribe(SPEECH, ENGLISH) is not None
    assert service.connections == 2


def test_a_connection_that_goes_with_the_question_is_made_once_more(
    service: Service, remote: Callable[..., Remote]
) -> None:
    def once(caller: Caller) -> None:
        caller.server.reply = saying(text="hello")
        caller.close_connection = True

    server = remote()
    server.transcribe(SPEECH, ENGLISH)
    service.reply = once
    assert server.transcribe(SPEECH, ENGLISH) is not None
    assert len(service.asked) == 3


def test_what_nobody_waits_for_is_dropped(service: Service, remote: Callable[..., Remote]) -> None:
    service.reply = hanging
    server = remote(timeout_s=15.0)
    assert server.transcribe(SPEECH, replace(ENGLISH, superseded=lambda: bool(service.asked))) is None
    wait_until(lambda: service.hung_up == 1, "the connection is closed")
    service.reply = saying(text="next")
    assert server.transcribe(SPEECH, ENGLISH) is not None


def test_the_end_gives_up_what_is_under_way(service: Service, remote: Callable[..., Remote]) -> None:
    service.reply = hanging
    server = remote(timeout_s=15.0)
    heard: list[Hypothesis | None] = []
    thread = threading.Thread(target=lambda: heard.append(server.transcribe(SPEECH, ENGLISH)))
    thread.start()
    wait_until(lambda: bool(service.asked), "the question is there")
    server.close()
    server.close()
    thread.join(10)
    assert heard == [None]
    assert server.transcribe(SPEECH, ENGLISH) is None


def test_nobody_is_followed_elsewhere(
    service: Service, remote: Callable[..., Remote], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither a redirect, nor a proxy of the environment, nor a netrc gets the key or the sound."""
    with serving() as other:
        (tmp_path / "netrc").write_text("machine localhost login me password mine\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://localhost:{other.server_port}")
        assert remote().transcribe(SPEECH, ENGLISH) is not None
        assert service.asked[-1].headers["authorization"] == f"Bearer {KEY}"
        for status in (301, 302, 307, 308):
            service.reply = saying(status, {"Location": f"{other.address}/audio/transcriptions"})
            failure(remote())
        assert not other.connections


def test_tls_is_always_checked(remote: Callable[..., Remote], tmp_path: Path) -> None:
    ours, context = certificate(tmp_path, "localhost")
    with serving(tls=context) as service:
        assert "does not prove who it is" in failure(remote(address=service.address)).sentence
        assert not service.asked
        assert remote(address=service.address, ca_file=str(ours)).transcribe(SPEECH, ENGLISH) is not None
        with pytest.raises(ConfigError, match="can't be read"):
            remote(address=service.address, ca_file=str(tmp_path / "none.pem"))


def test_a_certificate_of_another_host_is_refused(remote: Callable[..., Remote], tmp_path: Path) -> None:
    other, context = certificate(tmp_path, "speech.example.org")
    with serving(tls=context) as service:
        assert "prove" in failure(remote(address=service.address, ca_file=str(other))).sentence
        assert not service.asked


def test_tls_with_who_speaks_none(service: Service, remote: Callable[..., Remote]) -> None:
    assert failure(remote(address=service.address.replace("http", "https")))
    assert not service.asked


def test_what_leaves_is_shown(service: Service) -> None:
    outgoing = Outgoing()
    seen: list[str] = []
    outgoing.watch(lambda: seen.append(outgoing.host))
    server = Remote(RemoteConfig(address=service.address), "", outgoing)
    host = f"localhost:{service.server_port}"

    def reply(caller: Caller) -> None:
        seen.append(f"asked: {outgoing.host}")
        saying(text="a")(caller)

    service.reply = reply
    server.transcribe(SPEECH, ENGLISH)
    server.transcribe(SPEECH, ENGLISH)
    assert "authorization" not in service.asked[0].headers
    wait_until(lambda: seen[-1] == "", "nothing leaves any more")
    assert seen == [host, f"asked: {host}", f"asked: {host}", ""]
    server.close()


def test_the_key_is_in_no_log(
    service: Service, remote: Callable[..., Remote], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = remote()
    server.transcribe(SPEECH, ENGLISH)
    for reply in (saying(401), bytes_alone(b"")):
        service.reply = reply
        failure(server)
    assert caplog.records
    assert KEY not in caplog.text
    assert KEY not in f"{vars(server)} {server!r}"


def test_a_warm_up_sends_silence(service: Service, remote: Callable[..., Remote]) -> None:
    remote().warm_up()
    assert not decoded(service.asked[0].file).any()


def doctors(service: Service, strategy: Strategy = Strategy.REMOTE) -> Finding:
    remote = RemoteConfig(address=service.address)
    return server(Config(engine=EngineConfig(strategy=strategy), remote=remote))


def test_the_doctor_asks_it(service: Service) -> None:
    found = doctors(service)
    assert found.verdict is Verdict.GOOD
    assert f"localhost:{service.server_port} hears" in found.result
    assert not decoded(service.asked[0].file).any()
    service.reply = saying(401)
    found = doctors(service)
    assert found.verdict is Verdict.WORSE
    assert "key" in found.result
    assert "voicetype key set" in found.remedy


def test_the_doctor_asks_nobody_who_is_not_to_hear(service: Service) -> None:
    assert doctors(service, Strategy.DUAL).verdict is Verdict.GOOD
    assert not service.connections


@pytest.mark.parametrize(
    ("address", "url", "host"),
    [
        ("https://a.example", "https://a.example/v1/audio/transcriptions", "a.example"),
        ("https://A.example:443/v1/", "https://a.example/v1/audio/transcriptions", "a.example"),
        ("https://a.example:8443/asr", "https://a.example:8443/asr/audio/transcriptions", "a.example:8443"),
        ("http://localhost:8000/v1", "http://localhost:8000/v1/audio/transcriptions", "localhost:8000"),
        ("http://127.0.0.9/v1/audio/transcriptions", "http://127.0.0.9/v1/audio/transcriptions", "127.0.0.9"),
        ("http://[::1]:9/v1", "http://[::1]:9/v1/audio/transcriptions", "[::1]:9"),
    ],
)
def test_an_address(address: str, url: str, host: str) -> None:
    server = at(address, insecure=False)
    assert (server.url, server.host) == (url, host)


@pytest.mark.parametrize(
    "address",
    [
        *(
            "",
            "speech",
            "ftp://a/v1",
            "https://",
            "https://me:secret@a.example/v1",
            "https://a.example/v1?x=1",
        ),
        *("https://a.example:99999/v1", "https://a b/v1", "https://a.example/\n", "https://[::1/v1"),
        *("http://a.example/v1", "http://192.168.1.5:8000/v1", "http://localhost.evil.example/v1"),
    ],
)
def test_no_address(address: str) -> None:
    with pytest.raises(ConfigError) as raised:
        at(address, insecure=False)
    assert "secret" not in str(raised.value)


def test_plain_http_to_others_has_to_be_wanted() -> None:
    assert at("http://192.168.1.5:8000/v1", insecure=True).host == "192.168.1.5:8000"


SWALLOWED = """
import socket, time
import numpy as np
from voicetype.config import RemoteConfig
from voicetype.engine import Hearing
from voicetype.engine.outgoing import Outgoing
from voicetype.engine.remote import Remote
from voicetype.errors import ServerError

socket.getaddrinfo = lambda *_, **__: time.sleep(3600)
try:
    remote = Remote(RemoteConfig(address="https://speech.example.org/v1", timeout_s=0.5), "", Outgoing())
    remote.transcribe(np.zeros(16_000, np.float32), Hearing("en"))
except ServerError as error:
    print(error)
"""


def test_the_end_of_the_program_does_not_wait_for_a_name() -> None:
    done = subprocess.run([sys.executable, "-c", SWALLOWED], capture_output=True, timeout=60, check=True)
    assert b"no answer in time" in done.stdout


def test_a_look_up_that_nobody_waits_for_any_more_ends_in_peace() -> None:
    go = threading.Event()
    answer = Lookups().submit(go.wait, 10)
    assert not answer.cancel()  # or its thread would fail, with nobody to tell
    go.set()
    assert answer.result(10)
