"""The microphone and the processes that listen for it, on a PortAudio of the tests' own that fails."""

from __future__ import annotations

import json
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.real.soundserver import wait_until
from voicetype import microphone, sound_news, sound_process
from voicetype.core.events import SAMPLE_RATE
from voicetype.errors import AudioError, MicrophoneNotice
from voicetype.frames import FRAME_SAMPLES, Frame
from voicetype.microphone import Microphone, mono

_LIBRARY = Path(__file__).parent / "false_sound"
_FOREVER = 100_000  # blocks


class Sound:
    """What the library does; see its module."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.plug("Mic")

    def plug(self, *names: str) -> None:
        """These devices are there."""
        (self._folder / "devices").write_text("".join(f"{name}\n" for name in names))

    def plan(self, *openings: dict[str, Any]) -> None:
        (self._folder / "plan.json").write_text(json.dumps(openings))

    @property
    def parts(self) -> int:
        """How many of the plan's parts were heard to their end."""
        parts = self._folder / "parts"
        return len(parts.read_text()) if parts.exists() else 0

    @property
    def listeners(self) -> list[int]:
        """The processes that opened a microphone, in order."""
        openings = self._folder / "openings"
        return [int(line) for line in openings.read_text().splitlines()] if openings.exists() else []


def hears(count: int, level: object = 0.5, then: str = "stall", **more: object) -> dict[str, Any]:
    return {"blocks": [(count, level)], "then": then, **more}


@pytest.fixture
def sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sound]:
    sound_process.end_spares()
    # A busy machine may keep a process waiting for so long that it would pass for a device that fails.
    monkeypatch.setattr(microphone, "WATCHDOG_S", 1.0)
    monkeypatch.setattr(sound_news, "_JUMP_S", 30.0)
    monkeypatch.setenv("FALSE_SOUND", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(_LIBRARY), str(_LIBRARY.parents[1])]))
    yield Sound(tmp_path)
    sound_process.end_spares()


class Listening:
    """A dictation's microphone, read by a thread of its own."""

    def __init__(self, give_up_s: float = 60.0, device: str = "") -> None:
        self.told: queue.SimpleQueue[AudioError] = queue.SimpleQueue()
        self.frames: list[Frame] = []
        self.failed: AudioError | None = None
        self.microphone = Microphone(device, give_up_s, self.told.put)
        self.go_on = threading.Event()  # whoever reads does not hang
        self.go_on.set()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        try:
            with self.microphone:
                for frame in self.microphone:
                    self.frames.append(frame)
                    self.go_on.wait()
        except AudioError as error:
            self.failed = error

    @property
    def samples(self) -> NDArray[np.float32]:
        return np.concatenate([np.zeros(0, np.float32), *self.frames])

    def loud(self) -> int:
        """How many frames are sound."""
        return sum(bool(frame.any()) for frame in list(self.frames))

    def wait_for(self, frames: int) -> None:
        wait_until(lambda: self.loud() >= frames, f"{frames} frames of sound")

    def news(self) -> str:
        told = self.told.get(timeout=30)
        assert isinstance(told, MicrophoneNotice)
        assert told.hint
        return told.sentence

    def end(self) -> None:
        """Stop, and wait until it has ended."""
        self.microphone.stop()
        self.join()

    def join(self) -> None:
        self._thread.join(30)
        assert not self._thread.is_alive()


def pauses(samples: NDArray[np.float32]) -> list[int]:
    """How long the silences between sounds are, in samples."""
    loud = np.flatnonzero(samples)
    return [int(gap) - 1 for gap in np.diff(loud) if gap > 1]


def test_every_sample_is_heard_in_order(sound: Sound) -> None:
    sound.plan({"blocks": [(7, 0.25), (5, 0.5)], "then": "stall"})
    listening = Listening()
    listening.wait_for(12)
    listening.end()
    assert listening.failed is None
    expected = np.repeat(np.array([0.25, 0.5], np.float32), [7 * FRAME_SAMPLES, 5 * FRAME_SAMPLES])
    assert np.array_equal(listening.samples[: len(expected)], expected)


def test_one_process_serves_one_dictation_after_the_other(sound: Sound) -> None:
    sound.plan(hears(_FOREVER))
    for _ in range(3):
        listening = Listening()
        listening.wait_for(3)
        listening.end()
    assert len(sound.listeners) == 3
    assert len(set(sound.listeners)) == 1


def test_a_process_that_died_while_it_had_nothing_to_do_is_replaced(sound: Sound) -> None:
    sound.plan(hears(_FOREVER))
    with Microphone() as first:
        assert next(iter(first)).any()
    idle = sound.listeners[0]
    os.kill(idle, signal.SIGKILL)
    os.waitid(os.P_PID, idle, os.WEXITED | os.WNOWAIT)
    with Microphone() as second:
        assert next(iter(second)).any()
    assert sound.listeners[1] != idle


@pytest.mark.parametrize("hangs", [False, True])
@pytest.mark.parametrize("then", ["stall", "die"])
def test_a_device_that_stalls_or_crashes_is_opened_again(sound: Sound, then: str, hangs: bool) -> None:
    """Also where stopping its stream takes for ever; a silence is left between before and after."""
    sound.plan(hears(5, 0.25, then, hangs=hangs), hears(_FOREVER, 0.5))
    listening = Listening()
    listening.wait_for(10)
    listening.end()
    assert listening.failed is None
    assert pauses(listening.samples) == [SAMPLE_RATE]
    first, second = sound.listeners
    assert first != second


def test_what_happens_to_it_is_told(sound: Sound, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microphone, "_TOLD_S", 0.0)
    sound.plan(hears(5), hears(0, refuses="Device unavailable"), hears(_FOREVER))
    listening = Listening()
    assert listening.news() == "The microphone has fallen silent."
    assert listening.news() == "The microphone is back."
    listening.end()


def test_a_short_absence_is_not_told(sound: Sound, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microphone, "_TOLD_S", 1_000.0)
    sound.plan(hears(5), hears(_FOREVER))
    listening = Listening()
    listening.wait_for(10)
    listening.end()
    assert listening.told.empty()


def test_one_that_stays_away_ends_the_dictation_and_the_next_one_works(sound: Sound) -> None:
    sound.plan(hears(5), hears(0, refuses="No such device"))
    listening = Listening(give_up_s=0.5)
    listening.join()
    assert listening.failed
    assert listening.failed.sentence == "The microphone went away and did not come back."
    assert listening.loud() == 5
    sound.plan(hears(_FOREVER))
    listening = Listening()
    listening.wait_for(3)
    listening.end()


def test_one_that_opens_and_gives_nothing_ends_it_too(sound: Sound) -> None:
    sound.plan(hears(5), hears(0))
    listening = Listening(give_up_s=1.0)
    listening.join()
    assert listening.failed


def test_stopped_while_it_is_away(sound: Sound) -> None:
    sound.plan(hears(5), hears(0, refuses="No such device"))
    listening = Listening()
    wait_until(lambda: len(sound.listeners) > 1, "a try to open it again")
    listening.end()
    assert listening.failed is None


@pytest.mark.parametrize("level", ["nan", "inf", "-inf"])
def test_no_number_is_silence(sound: Sound, level: str) -> None:
    sound.plan({"blocks": [(5, level), (5, 0.5)], "then": "stall", "rate": 8_000})
    listening = Listening()
    wait_until(lambda: listening.loud() > 2, "what is sound")
    listening.end()
    assert np.isfinite(listening.samples).all()
    assert np.abs(listening.samples).max() < 0.6, "the resampler has kept none of it"


def test_out_of_range() -> None:
    samples = np.array([[3e38, 3e38], [-5.0, -5.0], [0.5, 0.25]], np.float32)
    assert mono(samples).tolist() == [1.0, -1.0, 0.375]


def test_only_zeros_are_told_once(sound: Sound, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_news, "_MUTED_S", 1.0)
    sound.plan({"blocks": [(5, 0.5), (200, 0.0), (5, 0.5), (200, 0.0), (_FOREVER, 0.5)], "then": "stall"})
    listening = Listening()
    listening.wait_for(20)
    listening.end()
    assert listening.news() == "The microphone gives only silence: it may be muted."
    assert listening.told.empty()
    assert len(sound.listeners) == 1


def test_another_rate_and_more_channels_after_it_came_back(sound: Sound) -> None:
    sound.plan(hears(20, rate=16_000, channels=1), hears(_FOREVER, rate=8_000, channels=2))
    listening = Listening()
    wait_until(lambda: len(sound.listeners) > 1 and listening.loud() > 30, "sound from both")
    listening.end()
    assert listening.failed is None
    assert np.abs(listening.samples).max() < 0.6


def test_a_named_one_is_found_when_it_comes_later(sound: Sound) -> None:
    sound.plan(hears(_FOREVER))
    with pytest.raises(AudioError, match="No microphone is called 'Headset'") as caught:
        Microphone("Headset").open()
    assert caught.value.hint == "There are: Mic."
    sound.plug("Mic", "USB Headset", "Headset", "Headset 2")
    with Microphone("Headset") as there:
        assert next(iter(there)).any()


def test_without_any_the_next_one_is_found(sound: Sound) -> None:
    sound.plug()
    sound.plan(hears(_FOREVER))
    with pytest.raises(AudioError, match="No microphone was found"):
        Microphone().open()
    sound.plug("Mic")
    with Microphone() as there:
        assert next(iter(there)).any()


def test_a_busy_one_says_so(sound: Sound) -> None:
    sound.plan(hears(0, refuses="Device unavailable"))
    with pytest.raises(AudioError, match=r"Mic can't be opened: Device unavailable") as caught:
        Microphone().open()
    assert "Another program" in caught.value.hint


def test_a_reader_that_hangs_is_told_what_it_lost(sound: Sound) -> None:
    """And the sound that is lost has its length: positions stay right."""
    sound.plan({"blocks": [(2_600, 0.25), (_FOREVER, 0.5)], "then": "stall"})
    listening = Listening()
    listening.wait_for(1)
    listening.go_on.clear()
    wait_until(lambda: sound.parts == 1, "more was heard than is kept")
    listening.go_on.set()
    told = listening.news()
    assert "seconds of what was said were lost" in told
    wait_until(lambda: bool(pauses(listening.samples)), "a gap")
    listening.end()
    gap = pauses(listening.samples)[0]
    assert gap % FRAME_SAMPLES == 0
    assert round(gap / SAMPLE_RATE) == int(told.split()[0])


def test_a_computer_that_has_slept_has_ended_it(sound: Sound, monkeypatch: pytest.MonkeyPatch) -> None:
    sound.plan(hears(_FOREVER))
    listening = Listening()
    listening.wait_for(3)
    slept_s = microphone.asleep_s() + 3_600
    monkeypatch.setattr(microphone, "asleep_s", lambda: slept_s)
    listening.join()
    assert listening.failed is None
    assert listening.news() == "The computer has slept, which ended the dictation."


def test_a_clock_that_is_set_does_not_matter(sound: Sound, monkeypatch: pytest.MonkeyPatch) -> None:
    sound.plan(hears(_FOREVER))
    listening = Listening()
    listening.wait_for(3)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    listening.wait_for(listening.loud() + 50)
    listening.end()
    assert listening.told.empty()
    assert not pauses(listening.samples)


def test_stopped_processes_go_on(sound: Sound) -> None:
    """Here the one that listens, which is ended; another takes over."""
    sound.plan(hears(_FOREVER))
    listening = Listening()
    listening.wait_for(3)
    os.kill(sound.listeners[0], signal.SIGSTOP)
    wait_until(lambda: len(sound.listeners) > 1, "another one")
    listening.wait_for(listening.loud() + 10)
    listening.end()
    assert listening.failed is None


def test_it_ends_in_time_while_its_process_is_stopped(sound: Sound) -> None:
    sound.plan(hears(_FOREVER))
    listening = Listening()
    listening.wait_for(3)
    os.kill(sound.listeners[0], signal.SIGSTOP)
    listening.end()
    assert listening.failed is None
    wait_until(lambda: not alive(sound.listeners[0]), "it is ended")


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def closings() -> list[Callable[[Microphone], None]]:
    return [Microphone.close, Microphone.stop]


@pytest.mark.parametrize("end", closings())
def test_it_is_given_back_by_another_thread(sound: Sound, end: Callable[[Microphone], None]) -> None:
    sound.plan(hears(_FOREVER))
    listening = Listening()
    listening.wait_for(3)
    end(listening.microphone)
    listening.join()
    assert listening.failed is None
    with Microphone() as another:
        assert next(iter(another)).any()
    assert len(set(sound.listeners)) == 1


def test_opened_and_closed_unread(sound: Sound) -> None:
    sound.plan(hears(_FOREVER))
    closed = Microphone()
    closed.open()
    closed.close()
    closed.close()
    closed.open()
    assert not list(closed)
    assert len(sound.listeners) == 1


def test_one_that_fails_while_its_dictation_waits_for_its_turn(sound: Sound) -> None:
    """What it heard before is kept."""
    sound.plan(hears(5, 0.25), hears(_FOREVER, 0.5))
    waiting = Microphone()
    waiting.open()
    wait_until(lambda: sound.parts == 1, "it has fallen silent")
    heard: list[float] = []
    for frame in waiting:
        heard.append(float(frame.max()))
        if heard.count(0.5) == 3:
            waiting.stop()
    assert heard[:5] == [0.25] * 5
    waiting.close()


def test_two_at_a_time(sound: Sound) -> None:
    sound.plan(hears(_FOREVER))
    one, other = Listening(), Listening()
    for each in (one, other):
        each.wait_for(3)
    for each in (one, other):
        each.end()
    assert len(set(sound.listeners)) == 2


@pytest.mark.parametrize("name", ["queue.py", "numpy.py", "voicetype.py"])
def test_files_in_the_folder_it_is_begun_in_are_not_run(
    sound: Sound, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A service is begun in its user's home."""
    (tmp_path / name).write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    sound.plan(hears(_FOREVER))
    assert [device.name for device in sound_process.devices()] == ["Mic"]


def test_where_no_process_can_be_begun_it_says_so_and_later_one_can(
    sound: Sound, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound.plan(hears(_FOREVER))
    with monkeypatch.context() as patch:
        patch.setattr("sys.executable", str(tmp_path / "gone"))
        sound_process.prepare()
        with pytest.raises(AudioError, match="No process for sound can be begun"):
            Microphone().open()
    with Microphone() as microphone:
        assert next(iter(microphone)).any()
