"""The soak, with the demo's recordings and noise of our own: two minutes of it, and half an hour by choice.

python -m pytest -m soak tests/real/test_soak.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.bench.soak import soak
from tests.bench.soak_figures import Figures
from tests.real.daemon import demo, write_wave
from tests.real.soundserver import missing
from voicetype.audio import read_recording
from voicetype.core.events import SAMPLE_RATE

pytestmark = pytest.mark.real

_SPOKEN = (
    "demo-congrats",
    "demo-instruct",
    "demo-abouttotry",
    "demo-echotest",
    "demo-thanks",
    "demo-moreinfo",
)
_GROWN_MB = 60
"""By which a daemon may grow with its first dictations: the models' buffers come as they are needed."""
_SPARE = 3  # files, or threads, that may be opened once and kept


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    """Recordings of up to eight seconds."""
    folder = tmp_path / "speech"
    folder.mkdir()
    for name in _SPOKEN:
        write_wave(folder / f"{name}.wav", read_recording(demo(f"{name}.g722"))[: 8 * SAMPLE_RATE])
    return folder


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    """A fan, and somebody who types."""
    folder, chance = tmp_path / "noise", np.random.default_rng(1)
    folder.mkdir()
    fan = np.convolve(chance.normal(size=10 * SAMPLE_RATE), np.ones(40) / 40, "same")
    write_wave(folder / "fan.wav", 0.1 * fan)
    keys = np.zeros(10 * SAMPLE_RATE)
    for at in chance.integers(0, len(keys) - 400, 50):
        keys[at : at + 400] += chance.normal(size=400) * np.exp(-np.arange(400) / 60)
    write_wave(folder / "keys.wav", 0.2 * keys)
    return folder


@pytest.fixture
def _servers(monkeypatch: pytest.MonkeyPatch) -> None:
    if lacking := missing():
        pytest.skip(f"no sound server: {lacking} not installed")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "")  # the soak's own, until the test is over


def check(figures: Figures) -> None:
    """Nothing about time: another program may have the processor."""
    assert figures.alive
    assert figures.failed == ""
    assert figures.shown, "the window has something else than the patches make"
    assert figures.dictations >= 5
    assert figures.words > 0
    assert figures.problems == []
    early, late = figures.idle[2], figures.idle[-1]
    assert late.resident_mb - early.resident_mb < _GROWN_MB
    assert late.fds <= early.fds + _SPARE
    assert late.threads <= early.threads + _SPARE


@pytest.mark.timeout(420)
@pytest.mark.usefixtures("_servers")
def test_two_minutes(speech: Path, noise: Path) -> None:
    check(soak(speech, noise, 2.0, None))


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("_servers")
def test_half_an_hour(speech: Path, noise: Path) -> None:
    check(soak(speech, noise, 30.0, None))
