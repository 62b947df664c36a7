"""What a streaming server says, and what is made of it."""

from __future__ import annotations

import json
from itertools import accumulate
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicetype.config import StreamingConfig, parameter_fault
from voicetype.core import wording
from voicetype.core.agreement import SURE_TWICE
from voicetype.core.streamed import Result, Said, Streamed
from voicetype.engine.streaming_messages import Ended, Refusal, query, read
from voicetype.engine.streaming_server import at
from voicetype.errors import ConfigError


def result(text: str, start: float, end: float, *, final: bool = False, sure: float | None = 0.9) -> Result:
    """One that says the words of `text`, evenly."""
    words = wording.split(text)
    each = (end - start) / max(1, len(words))
    said = tuple(Said(word, start + (n + 0.5) * each, sure) for n, word in enumerate(words))
    return Result(start, end, said, final)


def after(*results: Result) -> Streamed:
    """What is known once they came."""
    return [*accumulate(results, Streamed.after, initial=Streamed())][-1]


def text(streamed: Streamed, begin: float = 0.0, end: float = 1e9) -> str:
    """What was said."""
    return streamed.heard(begin, end)[0]


def test_an_interim_result_takes_the_place_of_the_last() -> None:
    said = after(result("the quick", 0, 1), result("the quick brown fax", 0, 2))
    assert text(said) == "the quick brown fax"


def test_final_results_follow_each_other() -> None:
    said = after(
        result("The quick", 0, 1),
        result("The quick brown.", 0, 2, final=True),
        result("fox", 2, 3),
        result("Fox jumps.", 2, 4, final=True),
    )
    assert text(said) == "The quick brown. Fox jumps."


def test_what_comes_late_or_twice_is_put_where_it_belongs() -> None:
    first, second = result("one two", 0, 1, final=True), result("three four", 1, 2, final=True)
    stale = result("one to", 0, 1)
    assert text(after(second, first, first, stale, second)) == "one two three four"


def test_an_interim_result_outlives_a_final_one_of_before() -> None:
    said = after(result("one", 0, 1), result("three", 2, 3), result("one two", 0, 2, final=True))
    assert text(said) == "one two three"


def test_punctuation_that_comes_by_itself_stands_at_its_word() -> None:
    comma = Result(1.0, 1.0, (Said(",", 1.0),), final=True)
    assert text(after(result("well", 0, 1, final=True), comma, result("then", 1, 2))) == "well, then"


def test_a_text_of_punctuation_alone_is_none() -> None:
    assert after(result("...", 0, 1)).heard(0, 1) == ("", ())


def test_a_script_without_spaces_gets_none() -> None:
    said = after(result("你好", 0, 1, final=True), result("世界", 1, 2))
    heard, sure = said.heard(0, 9)
    assert heard == "你好世界"
    assert len(sure) == len(wording.split(heard)) == 4


def test_a_window_holds_the_words_between_its_times() -> None:
    said = after(result("one two three four", 0, 4, final=True))
    assert text(said, 0, 2) == "one two"
    assert text(said, 2) == "three four"


def test_a_final_word_is_sure_and_a_new_one_waits_for_a_second_result() -> None:
    first = after(result("one", 0, 1, final=True, sure=0.3), result("two three", 1, 2, sure=0.5))
    _, sure = first.heard(0, 9)
    assert sure[0] == 1.0
    assert max(sure[1:]) < SURE_TWICE
    _, sure = first.after(result("two three four", 1, 3, sure=0.5)).heard(0, 9)
    assert sure[1:3] == (0.5, 0.5)
    assert sure[3] < SURE_TWICE


def test_a_server_that_tells_no_confidence_has_its_newest_word_held_alone() -> None:
    said = after(result("one two", 0, 1, sure=None))
    _, sure = said.heard(0, 9)
    assert sure[0] > SURE_TWICE > sure[1]
    _, sure = said.heard(0, 9, whole=True)
    assert min(sure) > SURE_TWICE


@given(st.lists(st.sampled_from(["a", "b,", "C.", "你", ","]), min_size=1, max_size=12), st.randoms())
def test_the_order_of_final_results_does_not_matter(words: list[str], random: object) -> None:
    finals = [Result(n, n + 1.0, (Said(word, n + 0.5),), final=True) for n, word in enumerate(words)]
    straight = after(*finals)
    shuffled = list(finals)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert after(*shuffled).heard(0, 99) == straight.heard(0, 99)
    heard, sure = straight.heard(0, 99)
    assert len(sure) == len(wording.split(heard))


def message(**changes: object) -> dict[str, object]:
    """A result as the interface has it."""
    words = [
        {"word": "hello", "punctuated_word": "Hello,", "start": 1.0, "end": 1.4, "confidence": 0.9},
        {"word": "world", "punctuated_word": "world.", "start": 1.5, "end": 1.9, "confidence": 0.7},
    ]
    best = {"transcript": "Hello, world.", "confidence": 0.8, "words": words}
    return {"type": "Results", "start": 1.0, "duration": 1.0, "channel": {"alternatives": [best]}} | changes


def test_a_result_is_read() -> None:
    heard = read(json.dumps(message(is_final=True, speech_final=True)))
    assert isinstance(heard, Result)
    assert heard.words == (Said("Hello,", 1.2, 0.9), Said(" world.", 1.7, 0.7))
    assert (heard.start, heard.end, heard.final) == (1.0, 2.0, True)


def test_words_without_times_and_confidences_are_read() -> None:
    best = {
        "transcript": "Hello there",
        "words": [{"word": "Hello", "start": 1, "end": 2, "confidence": 0.0}],
    }
    heard = read(json.dumps(message(channel={"alternatives": [best]})))
    assert isinstance(heard, Result)
    assert heard.words == (Said("Hello", 1.5), Said(" there", 1.5))


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "{",
        "[]",
        "1",
        '{"type": "Results"}',
        "[" * 100_000,
        json.dumps(message(channel={"alternatives": []})),
        json.dumps(message(channel={"alternatives": [{"transcript": None}]})),
        json.dumps(message(channel={"alternatives": [{"transcript": "a", "words": [3]}]})),
        json.dumps(message(channel=[])),
        b"\xff\x00",
    ],
)
def test_what_is_no_message_is_told_apart(raw: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # which one, the JSON library decides
        read(raw)


@given(st.text() | st.binary())
def test_no_message_does_harm(raw: str | bytes) -> None:
    try:
        read(raw)
    except ValueError:
        return


def test_numbers_that_are_none_are_zero() -> None:
    heard = read(json.dumps(message(start=float("nan"), duration=float("inf"))))
    assert isinstance(heard, Result)
    assert (heard.start, heard.end) == (0.0, 0.0)


def test_the_end_is_told_from_a_greeting() -> None:
    assert isinstance(read('{"type": "Metadata", "duration": 1.5}'), Ended)
    assert read('{"type": "Metadata", "duration": 0.0}') is None
    assert read('{"type": "UtteranceEnd"}') is None
    with pytest.raises(Refusal):
        read('{"type": "Error", "description": "no"}')


def test_the_question_says_what_is_sent_and_what_is_expected() -> None:
    asked = parse_qs(query("de", ("Zaphod", "Ford Prefect"), {"model": "nova-3", "encoding": "opus"}))
    assert asked["language"] == ["de"]
    assert asked["model"] == ["nova-3"]
    assert asked["encoding"] == ["linear16"]
    assert asked["interim_results"] == ["true"]
    assert asked["keyterm"] == ["Zaphod", "Ford Prefect"]
    assert parse_qs(query("auto", (), {}))["language"] == ["multi"]
    assert parse_qs(query("auto", (), {"language": "auto"}))["language"] == ["auto"]
    assert len(parse_qs(query("en", [f"w{n}" for n in range(300)], {}))["keyterm"]) == 100


def test_addresses() -> None:
    server = at(StreamingConfig(address="wss://api.example.org/v1/listen"), "secret")
    assert (server.url, server.host) == ("wss://api.example.org/v1/listen", "api.example.org")
    assert server.headers == {"Authorization": "Token secret"}
    assert "secret" not in repr(server)
    assert server.trusted is not None
    near = at(StreamingConfig(address="ws://localhost:8000"), "")
    assert (near.url, near.host, near.headers) == ("ws://localhost:8000/v1/listen", "localhost:8000", {})
    assert at(StreamingConfig(address="ws://[::1]:8000/v1/listen"), "").host == "[::1]:8000"


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("", "no address"),
        ("api.example.org", "no address"),
        ("https://api.example.org/v1/listen", "no address"),
        ("wss://me:secret@api.example.org/v1/listen", "no address"),
        ("wss://api.example.org/v1/listen?model=a", "no address"),
        ("wss://api.example.org:port/", "no address"),
        ("ws://api.example.org/v1/listen", "for everyone on the way to hear"),
        ("ws://localhost.example.org/v1/listen", "for everyone on the way to hear"),
    ],
)
def test_what_is_no_address_is_refused(address: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        at(StreamingConfig(address=address), "")


def test_a_certificate_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="ca_file"):
        at(StreamingConfig(address="wss://api.example.org", ca_file="/nonexistent.pem"), "")


def test_parameters_are_what_fits_an_address() -> None:
    assert not parameter_fault("model", "nova-3")
    assert parameter_fault("Model", "nova-3")
    assert parameter_fault("model", "a\nb")
