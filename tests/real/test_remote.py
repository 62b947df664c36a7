"""A real server hears, and voicetype takes its word; when it goes, dictation goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.real.daemon import DEADLINE_S, need_models
from tests.real.speech_server import speech_server
from tests.speech_service import saying, serving
from voicetype.audio import read_recording
from voicetype.config import RemoteConfig
from voicetype.core.wording import split
from voicetype.engine import Hearing
from voicetype.engine.outgoing import Outgoing
from voicetype.engine.remote import Remote

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

ENGLISH = Hearing("en", careful=True)
PATIENT = 120.0  # seconds: the machine may be busy with other tests


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with speech_server(tmp_path_factory.mktemp("server")) as address:
        yield address


def test_a_real_server_hears(server: str, sentence: Path) -> None:
    audio = read_recording(sentence)
    config = RemoteConfig(address=server, timeout_s=PATIENT)
    texts = []
    for kind in ("flac", "wav"):
        remote = Remote(replace(config, format=kind), "", Outgoing())
        remote.warm_up()
        heard = remote.transcribe(audio, ENGLISH)
        remote.close()
        assert heard is not None
        assert heard.language == "en"
        assert len(split(heard.text)) >= 6
        texts.append(heard.text)
    assert texts[0] == texts[1]  # both formats keep every sample


def replayed(folder: Path, recording: Path, settings: str) -> tuple[list[dict[str, Any]], str]:
    """The events of `voicetype replay` under these lines of configuration, and what it said."""
    need_models("tiny.en", "base")
    config = folder / "config.toml"
    config.write_text(
        'language = "en"\n[models]\nfast = "tiny.en"\nheavy = "base"\n'
        f'[engine]\nstrategy = "remote"\n[remote]\n{settings}'
    )
    command = [sys.executable, "-m", "voicetype", "--config", str(config), "replay", str(recording)]
    done = subprocess.run(
        [*command, "--format", "jsonl"],
        env={**os.environ, "HTTP_PROXY": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        timeout=2 * DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def final(events: list[dict[str, Any]]) -> str:
    return str(events[-1]["text"])


def confirmed(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in events if each["type"] == "segment" and each["confidence"] == "confirmed"]


def test_a_dictation_is_confirmed_by_it(server: str, sentence: Path, tmp_path: Path) -> None:
    events, said = replayed(tmp_path, sentence, f'address = "{server}"\ntimeout_s = 15\n')
    assert events[0]["heavy"].startswith("whisper-1 at 127.0.0.1:")
    assert confirmed(events)
    assert len(split(final(events))) >= 6
    assert "no answer" in said or not any(each.get("unverified") for each in confirmed(events))


def test_a_server_of_our_own_words_is_taken_at_them(sentence: Path, tmp_path: Path) -> None:
    """What stands in the end is the server's."""
    words = "The server alone can have said this sentence."
    with serving() as service:
        service.reply = saying(text=words)
        events, _ = replayed(tmp_path, sentence, f'address = "{service.address}"\n')
    assert words in final(events)
    assert all(len(asked.file) > 1_000 for asked in service.asked)


def test_without_it_the_local_model_takes_over(sentence: Path, tmp_path: Path) -> None:
    with serving() as service:
        service.reply = saying(500)
        events, said = replayed(tmp_path, sentence, f'address = "{service.address}"\n')
    assert len(split(final(events))) >= 6
    assert not any(each.get("unverified") for each in confirmed(events))
    assert said.count("base hears on this machine meanwhile") == 1
    assert 1 <= len(service.asked) <= 2  # one, and perhaps a try beside the local model
