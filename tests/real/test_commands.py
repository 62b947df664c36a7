"""Spoken commands in a voice that real models hear."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from tests.fakes import FakeKeyboard
from tests.real.daemon import need_models
from voicetype.audio import Recording, read_recording
from voicetype.core.commands import Listening
from voicetype.core.events import Confidence, TranscriptSegment
from voicetype.core.wording import key
from voicetype.dictations import Dictations
from voicetype.engine import Audio, models
from voicetype.engine.whisper import Whisper
from voicetype.keyboard import Claim
from voicetype.settings import Settings
from voicetype.workers import Worker

pytestmark = pytest.mark.real

PAUSE = np.zeros(32_000, np.float32)


@dataclass
class Rig:
    """Both models, and a field in memory."""

    dictations: Dictations
    keyboard: FakeKeyboard
    folder: Path
    segments: list[TranscriptSegment] = field(default_factory=list)

    def spoken(self, *utterances: str) -> Audio:
        """Said one after the other, with two seconds of silence behind each."""
        said = []
        for n, text in enumerate(utterances):
            path = self.folder / f"{n}.wav"
            subprocess.run(["flite", "-voice", "slt", "-t", text, "-o", str(path)], check=True, timeout=60)
            said += [read_recording(path), PAUSE]
        return np.concatenate(said)

    def dictate(self, sound: Audio, listening: Listening) -> str:
        self.keyboard.text = ""
        self.segments.clear()
        self.keyboard.patches.clear()
        settings = Settings(language="en", realtime=False, commands=listening)

        def tell(news: object) -> None:
            if isinstance(news, TranscriptSegment):
                self.segments.append(news)

        text = self.dictations.dictate(Recording(sound, realtime=False), settings, tell).finished.result(120)
        assert self.keyboard.text == text
        return text


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    if shutil.which("flite") is None:
        pytest.skip("needs a voice: flite")
    need_models("tiny.en", "base")
    keyboard, workers = FakeKeyboard(), (Worker("fast"), Worker("heavy"))
    keyboard.field = Claim(several_lines=True)
    for worker, name in zip(workers, ("tiny.en", "base"), strict=True):
        worker.take(Whisper(models.ensure(name), name))
    dictations = Dictations(*workers, keyboard)
    dictations.open()
    yield Rig(dictations, keyboard, tmp_path_factory.mktemp("spoken"))
    dictations.close()
    for worker in workers:
        worker.close()


@pytest.mark.parametrize(
    ("utterances", "command", "has"),
    [
        (("Good morning everyone.", "New line.", "The weather is fine."), "newline", "\n"),
        (("Good morning everyone.", "Delete that.", "The weather is fine."), "deletethat", ""),
        (
            ("Good morning everyone.", "Stop dictating.", "The weather is fine."),
            "stopdictating",
            "",
        ),
    ],
)
def test_a_command_that_both_models_hear(
    rig: Rig, utterances: tuple[str, ...], command: str, has: str
) -> None:
    """Whatever they make of the rest."""
    sound = rig.spoken(*utterances)
    plain = rig.dictate(sound, Listening.OFF)
    heard = [key(s.text) for s in rig.segments if s.confidence is Confidence.CONFIRMED and s.final]
    if command not in heard:
        pytest.skip(f"the models hear something else: {plain}")
    assert command in key(plain)
    text = rig.dictate(sound, Listening.CLEAR)
    assert command not in key(text)
    assert all(command not in key(made.text) for made in rig.keyboard.patches)
    assert not any(command in key(segment.text) for segment in rig.segments)
    first, last = heard[0], heard[-1]
    assert (first in key(text)) is (command != "deletethat")
    assert (last in key(text)) is (command != "stopdictating")
    assert has in text
