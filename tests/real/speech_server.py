"""A real OpenAI-compatible server (PyPI: faster-whisper-server) on loopback, with a model that is here."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.deadline import wait_until
from tests.real.daemon import DEADLINE_S, need_models
from voicetype.engine import store

CONFIG = """models:
  - name: whisper-1
    path: "{model}"
    model_options: {{device: cpu, compute_type: int8, cpu_threads: 2}}
    transcribe_options: {{beam_size: 1, condition_on_previous_text: false}}
"""


def free_port() -> int:
    """A port on loopback that nobody has just now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def speech_server(folder: Path, model: str = "tiny.en") -> Iterator[str]:
    """Its address, once it listens, until the end of the block; its model is loaded by the first question."""
    if find_spec("faster_whisper_server") is None:
        pytest.skip("faster-whisper-server is not installed; `pip install 'voicetype[test]'` brings it")
    need_models(model)
    config, port = folder / "server.yaml", free_port()
    config.write_text(CONFIG.format(model=store.place("") / model))
    command = [sys.executable, "-m", "faster_whisper_server", "--config", str(config)]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    with (
        (folder / "server.log").open("w") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as process,
    ):
        try:
            wait_until(lambda: process.poll() is not None or _listens(port), "it listens", DEADLINE_S)
            assert process.poll() is None, (folder / "server.log").read_text()
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
