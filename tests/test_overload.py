"""Models slower than the clock: drafts thin out, confirmations come late, order and text stay right."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pytest

from tests.fakes import FakeKeyboard, LevelDetector
from voicetype.core.events import Confidence, TranscriptSegment
from voicetype.core.stream import Dropped, Finished
from voicetype.core.verification import Standing
from voicetype.dictations import Dictations
from voicetype.engine import Audio, Hearing, Hypothesis
from voicetype.frames import Frame
from voicetype.settings import Settings
from voicetype.workers import Worker

FRAME = 512
UTTERANCES = 8
SPOKEN, SILENT = 90, 60  # frames: 2.9 s and 1.9 s, a silence that ends any utterance
NUMBERS = "zero one two three four five six seven eight".split()  # noqa: SIM905  # a list of words


class Speech:
    """Eight utterances, told apart by how loud they are. Its frames are the clock that the models go by."""

    def __init__(self, workers: Mapping[str, Worker]) -> None:
        """`workers` by the names of their models."""
        self._workers = workers
        self._now = 0  # samples
        self._over = False
        self._calls: dict[str, int] = {}  # until when each model's takes
        self._changed = threading.Condition()

    def __iter__(self) -> Iterator[Frame]:
        for number in range(UTTERANCES):
            for level in [0.6 + number / 100] * SPOKEN + [0.0] * SILENT:
                yield np.full(FRAME, level, np.float32)
                with self._changed:
                    self._now += FRAME
                    self._changed.notify_all()
                    # In short waits: a worker does not tell when it is done.
                    assert any(self._changed.wait_for(self._none_is_late, 0.002) for _ in range(10_000))
        self.stop()

    def take(self, name: str, samples: int) -> None:
        """Return when so much was said since, or all of it."""
        with self._changed:
            until = self._calls[name] = self._now + samples
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self._over or self._now >= until, 60)
            del self._calls[name]
            self._changed.notify_all()

    def stop(self) -> None:
        """Nothing more is said: the models are as fast as they can be."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def close(self) -> None:
        """It is not read any more."""

    def _none_is_late(self) -> bool:
        """Each model is free, or in a call that is to go on."""
        return self._over or all(
            worker.free or self._calls.get(name, 0) > self._now for name, worker in self._workers.items()
        )


class Slow:
    """A model that takes `times` as long as a window is, and says which utterances it hears."""

    def __init__(self, name: str, speech: Speech, times: int) -> None:
        self.name = name
        self._speech, self._times = speech, times

    def transcribe(self, audio: Audio, how: Hearing) -> Hypothesis | None:
        """One word of the utterance's for each second of it."""
        self._speech.take(self.name, self._times * len(audio))
        if how.superseded():
            return None
        loud = round((float(audio.max()) - 0.6) * 100)
        heard = int((audio > 0.5).sum()) * 5 // (SPOKEN * FRAME)
        return Hypothesis(" ".join([NUMBERS[loud]] * heard))

    def verify(self, audio: Audio, how: Hearing, _: Callable[[], Standing]) -> Hypothesis | None:
        """It believes nobody."""
        return self.transcribe(audio, how)


@pytest.mark.parametrize(
    ("fast_times", "heavy_times", "drafts"),
    [(0, 0, range(80, 120)), (1, 5, range(2, 40)), (5, 5, range(1, 24)), (20, 20, range(16))],
    ids=["as fast as can be", "a slow heavy one", "five times slower", "twenty times slower"],
)
def test_models_that_are_slower_than_the_clock(
    monkeypatch: pytest.MonkeyPatch, fast_times: int, heavy_times: int, drafts: range
) -> None:
    monkeypatch.setattr("voicetype.listening_loop.VoiceActivity", LevelDetector)
    fast, heavy = Worker("fast"), Worker("heavy")
    speech, keyboard = Speech({"quick": fast, "slow": heavy}), FakeKeyboard()
    reported: list[object] = []
    fast.take(Slow("quick", speech, fast_times))
    heavy.take(Slow("slow", speech, heavy_times))
    dictations = Dictations(fast, heavy, keyboard)
    dictations.open()
    try:
        text = dictations.dictate(speech, Settings(), reported.append).finished.result(120)
    finally:
        dictations.close()
        fast.close()
        heavy.close()
    assert text == " ".join(word for number in NUMBERS[:UTTERANCES] for word in [number] * 5)
    assert keyboard.text.strip() == text
    segments = [news for news in reported if isinstance(news, TranscriptSegment)]
    assert sum(each.confidence is Confidence.DRAFT for each in segments) in drafts
    for confidence in Confidence:
        ids = [each.window_id for each in segments if each.confidence is confidence]
        assert ids == sorted(set(ids))
    confirmed = [each for each in segments if each.confidence is Confidence.CONFIRMED]
    assert [each.utterance for each in confirmed if each.final] == list(range(UTTERANCES))
    assert [each.utterance for each in confirmed] == sorted(each.utterance for each in confirmed)
    dropped = Counter(news.model for news in reported if isinstance(news, Dropped))
    (stats,) = (news.stats for news in reported if isinstance(news, Finished))
    assert {model: stats[f"dropped_{model}"] for model in ("fast", "heavy")} == {
        model: dropped[model] for model in ("fast", "heavy")
    }
