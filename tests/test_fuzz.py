"""Whatever stands in a file that we read, or comes in a stream of ours: a value or a sentence, no more."""

from __future__ import annotations

import io
import json
import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hostile import files
from voicetype import console, history
from voicetype.commands.listen import _fields
from voicetype.config import Config
from voicetype.config_file import flat, load, validated
from voicetype.config_showing import initial_text
from voicetype.config_writing import save
from voicetype.core.events import Confidence, TranscriptSegment
from voicetype.core.stream import Began, Dropped, Finished, StreamEvent, Typed, to_fields, to_json
from voicetype.engine import EngineOptions, speeds, store
from voicetype.errors import VoicetypeError
from voicetype.integration.installed import Installed
from voicetype.keyboard.portal_session import Token
from voicetype.watch import Changed, Gone, Said

MANIFEST = (
    '{"name": "tiny.en", "files": {"model.bin": {"size": 3, "sha256": "ab"}, "config.json": {"size": 2}}}'
)
RECORD = '{"files": {"/a": "0123"}, "folders": ["/"], "shortcut": ["xfce", "<Super>z"]}'
SPEEDS = '{"tiny.en, cpu, int8, 1, processor x 2": 0.125}'
HISTORY = '{"text": "what was said", "untyped": ""}\n{"text": "before", "untyped": "fore"}\n'
UNCOMMENTED = "\n".join(
    f"{name} = {json.dumps(value)}"
    for name, value in flat(Config())
    if isinstance(value, bool | int | float | str)
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all examples: each writes its file anew."""
    return tmp_path_factory.mktemp("hostile")


def test_what_is_right_is_read() -> None:
    assert validated(tomllib.loads(UNCOMMENTED), "here") == Config()


@given(contents=files(UNCOMMENTED) | files(initial_text(Path("config.toml"))))
def test_a_configuration_is_used_or_refused(folder: Path, contents: bytes) -> None:
    path = folder / "config.toml"
    path.write_bytes(contents)
    try:
        config = load(path)
    except VoicetypeError:
        with suppress(VoicetypeError):  # one that is refused is not written either
            save({"language": "de"}, path)
            pytest.fail("what can't be read was written")
        assert path.read_bytes() == contents
    else:
        assert isinstance(config, Config)
        with suppress(VoicetypeError):  # TOML that can be read and not be written into is left alone
            save({"language": "de"}, path)
            assert load(path).language == "de"


@given(contents=files(MANIFEST))
def test_a_manifest_is_a_state(folder: Path, contents: bytes) -> None:
    model = folder / "model"
    model.mkdir(exist_ok=True)
    (model / store.MANIFEST).write_bytes(contents)
    assert store.state(model) in store.State


@given(contents=files(SPEEDS))
def test_speeds_are_known_or_not(folder: Path, contents: bytes) -> None:
    (folder / speeds.FILE).write_bytes(contents)
    assert all(value > 0 for value in speeds.of(str(folder), EngineOptions()).values())


def _record(path: Path) -> object:
    return Installed.read(path)


def _history(path: Path) -> object:
    return [each.text + each.untyped for each in history.read(path)]


def _token(path: Path) -> object:
    return Token(path).read().encode()


@pytest.mark.parametrize("read", [_record, _history, _token])
@given(contents=files(RECORD) | files(HISTORY))
def test_a_file_of_ours_is_read_or_refused(
    folder: Path, read: Callable[[Path], object], contents: bytes
) -> None:
    path = folder / "ours"
    path.write_bytes(contents)
    with suppress(VoicetypeError):
        read(path)


texts = st.text(max_size=40)
numbers = st.integers(-(2**70), 2**70) | st.floats()
stream_events: st.SearchStrategy[StreamEvent] = st.one_of(
    st.builds(Began, texts, texts, st.floats()),
    st.builds(
        TranscriptSegment,
        utterance=st.integers(0, 9),
        window_id=st.integers(),
        text=texts,
        confidence=st.sampled_from(Confidence),
    ),
    st.builds(Typed, st.just(0), texts, st.floats()),
    st.builds(Dropped, texts, st.integers(), st.floats()),
    st.builds(Finished, texts, st.floats(), st.dictionaries(texts, numbers, max_size=4)),
)


@given(event=stream_events)
def test_an_event_is_one_line_that_says_the_same(event: StreamEvent) -> None:
    line = to_json(event)
    assert "\n" not in line
    assert repr(json.loads(line)) == repr(json.loads(json.dumps(to_fields(event))))


@pytest.mark.parametrize("shape", [console.JsonLines, console.Text, console.Lines, console.Console])
@given(events=st.lists(stream_events, max_size=6))
def test_any_stream_can_be_shown(shape: type[console.JsonLines], events: list[StreamEvent]) -> None:
    output = console.Output(io.StringIO(), io.StringIO(), lambda: None)
    printer = shape(output)
    for event in events:
        printer(event)


plain = st.recursive(
    st.none() | st.booleans() | numbers | texts | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
)
news = st.one_of(
    st.builds(
        Said, st.sampled_from(["Segment", "StateChanged", "Problem", "Other"]), st.lists(plain, max_size=4)
    ),
    st.builds(Changed, st.dictionaries(texts, plain, max_size=4)),
    st.builds(Gone, st.booleans()),
)


@given(each=news)
def test_what_a_daemon_says_is_a_line_or_none(each: Said | Changed | Gone) -> None:
    fields = _fields(each)
    assert fields is None or isinstance(fields, dict)
