"""`voicetype transcribe` with a real model, on real files, pipes and terminals."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import termios
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.bench.score import normalise, word_errors
from tests.deadline import wait_until
from tests.real.daemon import demo, need_models, write_wave
from tests.test_audio import tone
from voicetype.audio import read_recording
from voicetype.core.events import SAMPLE_RATE
from voicetype.engine import Audio, EngineOptions, models
from voicetype.engine.offline import Offline, Way
from voicetype.engine.whisper import Whisper

pytestmark = pytest.mark.real

SAID = "goodbye thank you for trying out the asterisk open source pbx"
MODEL = ("--heavy", "tiny.en", "--fast", "tiny.en", "--language", "en")

SHORT_STRETCHES = """
import functools, sys
from voicetype.transcribing import scribe
scribe.stretches = functools.partial(scribe.stretches, longest_s=6)
from voicetype.cli import main
"""

ALL_AT_ONCE = (
    SHORT_STRETCHES
    + """
sys.exit(main())
"""
)

WAITING_AFTER_THE_FIRST = (
    SHORT_STRETCHES
    + """
import time
cutting = scribe.stretches
def waiting(*told):
    found = cutting(*told)
    yield next(found)
    time.sleep(600)
scribe.stretches = waiting
sys.exit(main())
"""
)


@pytest.fixture(scope="module")
def speech() -> Audio:
    need_models("tiny.en")
    return read_recording(demo("demo-thanks.g722"))


def command(*options: str | Path, script: str = "") -> list[str]:
    program = ["-c", script] if script else ["-m", "voicetype"]
    return [sys.executable, *program, "transcribe", *map(str, options), *MODEL]


def transcribe(
    *options: str | Path, piped: bytes | None = None, folder: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command(*options), input=piped, capture_output=True, timeout=120, check=False, cwd=folder
    )


def same(text: str) -> bool:
    return word_errors(normalise(SAID), normalise(text)) <= 2


def encoded(path: Path, audio: Audio, codec: str, rate: int = 44_100) -> Path:
    """The speech in another format; beside a picture where the file is one of video."""
    import av

    with av.open(str(path), "w") as out:
        sound: Any = out.add_stream(codec, rate=rate) if codec else None
        if path.suffix in (".mp4", ".mkv"):
            picture = out.add_stream("mpeg4", rate=1)
            picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
            frame = av.VideoFrame(64, 64, "yuv420p")
            frame.pts, frame.time_base = 0, Fraction(1, 1)
            for packet in [*picture.encode(frame), *picture.encode(None)]:
                out.mux(packet)
        if sound is not None:
            resampler = av.AudioResampler(sound.codec_context.format.name, "stereo", rate)
            heard = av.AudioFrame.from_ndarray(audio.reshape(1, -1), "flt", "mono")
            heard.sample_rate = SAMPLE_RATE
            for each in [*resampler.resample(heard), *resampler.resample(None), None]:
                for packet in sound.encode(each):
                    out.mux(packet)
    return path


@pytest.mark.usefixtures("speech")
def test_the_text_is_printed_and_nothing_else_is() -> None:
    done = transcribe(demo("demo-thanks.g722"))
    assert done.returncode == 0
    assert done.stderr == b""
    assert done.stdout.endswith(b"\n")
    assert done.stdout.count(b"\n") == 1
    assert same(done.stdout.decode())


def test_many_formats_in_one_go(speech: Audio, tmp_path: Path) -> None:
    """Of the eight files three can be heard; each of the others is told of, and what can be done is done."""
    talk = encoded(tmp_path / "talk.mp4", speech, "aac")
    encoded(tmp_path / "voice.mp3", speech, "mp3", 48_000)
    encoded(tmp_path / "film.mkv", speech, "libopus", 48_000)
    encoded(tmp_path / "mute.mp4", speech, "")
    (tmp_path / "cut.mp4").write_bytes(talk.read_bytes()[:5_000])  # its index stood at the end
    (tmp_path / "notes.wav").write_text("Dear diary, ")
    (tmp_path / "empty.ogg").touch()
    (tmp_path / "folder.mp3").mkdir()
    recordings = sorted(path.name for path in tmp_path.iterdir())
    done = transcribe(*recordings, "none.mp3", "--format", "srt,vtt", "--format", "json", folder=tmp_path)
    assert done.returncode == 1
    for name in ("talk", "voice", "film"):
        told = json.loads((tmp_path / f"{name}.json").read_text())
        assert same(told["text"])
        assert told["language"] == "en"
        assert told["duration"] == pytest.approx(len(speech) / SAMPLE_RATE, abs=0.2)
        words = [word for segment in told["segments"] for word in segment["words"]]
        assert " ".join(word["word"] for word in words) == told["text"]
        assert all(0 <= word["start"] <= word["end"] <= told["duration"] + 1 for word in words)
        assert all(0 <= word["probability"] <= 1 for word in words)
        assert (tmp_path / f"{name}.srt").read_text().startswith("1\n00:00:0")
        assert (tmp_path / f"{name}.vtt").read_text().startswith("WEBVTT\n\n00:00:0")
    errors = done.stderr.decode()
    for sentence in (
        "There is no sound track in mute.mp4.",
        "cut.mp4 is no recording that can be read.",
        "notes.wav is no recording that can be read.",
        "empty.ogg is no recording that can be read.",
        "folder.mp3 is a folder.",
        "There is no recording at none.mp3.",
    ):
        assert sentence in errors
    written = sorted(path.name for path in tmp_path.iterdir() if path.name not in recordings)
    assert written == sorted(f"{n}.{e}" for n in ("talk", "voice", "film") for e in ("srt", "vtt", "json"))


def test_a_pipe(speech: Audio, tmp_path: Path) -> None:
    done = transcribe("-", "--format", "srt", piped=encoded(tmp_path / "t.mp3", speech, "mp3").read_bytes())
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"1\n00:00:0")
    broken = transcribe("-", piped=b"Dear diary, ")
    assert (broken.returncode, broken.stdout) == (1, b"")
    assert b"no recording that can be read" in broken.stderr
    named = transcribe("-", "--output", tmp_path, piped=b"")
    assert named.returncode == 1
    assert b"no name to call a file by" in named.stderr


@pytest.fixture(scope="module")
def long(speech: Audio, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A quarter of a minute, with pauses."""
    still = np.zeros(SAMPLE_RATE, np.float32)
    return write_wave(tmp_path_factory.mktemp("long") / "long.wav", np.concatenate([speech, still] * 3))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_after_an_interruption_the_same_command_goes_on(long: Path, tmp_path: Path, number: int) -> None:
    options = (long, "--output", tmp_path / "texts", "--format", "json")
    kept, written = tmp_path / "texts/.long.voicetype", tmp_path / "texts/long.json"
    with subprocess.Popen(
        command(*options, script=WAITING_AFTER_THE_FIRST), stderr=subprocess.PIPE
    ) as running:
        wait_until(lambda: kept.exists() and kept.read_bytes().count(b"\n") >= 2, "a stretch is kept")
        running.send_signal(number)
        _, errors = running.communicate(timeout=60)
    if number == signal.SIGKILL:
        assert running.returncode == -number
    else:
        assert running.returncode == 130
        assert b"the same command goes on from there" in errors
    assert not written.exists()
    before = [json.loads(line) for line in kept.read_bytes().splitlines()[1:]]
    done = subprocess.run(
        command(*options, script=ALL_AT_ONCE), capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0
    segments = json.loads(written.read_text())["segments"]
    texts = [passage["text"] for stretch in before for passage in stretch["passages"]]
    assert [segment["text"] for segment in segments[: len(texts)]] == texts
    starts = [segment["start"] for segment in segments]
    assert starts == sorted(starts)
    assert [path.name for path in written.parent.iterdir()] == ["long.json"]


def test_on_a_terminal_there_is_a_bar(long: Path) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    with subprocess.Popen(command(long), stdout=theirs, stderr=theirs) as running:
        os.close(theirs)
        shown = _all_of(ours)
    os.close(ours)
    assert running.returncode == 0
    assert "long.wav" in shown
    assert " left, 0:" in shown
    assert " of 0:20, " in shown
    assert shown.lower().count("goodbye") >= 2


def _all_of(descriptor: int) -> str:
    told = b""
    while True:
        try:
            read = os.read(descriptor, 65_536)
        except OSError:  # the other side is closed
            return told.decode(errors="replace")
        told += read
        if not read:
            return told.decode(errors="replace")


def test_windows_of_a_batch_miss_nothing(speech: Audio) -> None:
    model = Whisper(models.ensure("tiny.en"), "tiny.en", EngineOptions(threads=2)).offline()
    audio = np.concatenate([read_recording(demo("demo-congrats.g722")), speech])
    batches = [[*model.passages(audio, Way("en", beam_size=1, batch=batch, words=True))] for batch in (1, 2)]
    one, several = (normalise(" ".join(passage.text for passage in each)) for each in batches)
    assert len(audio) > 29 * SAMPLE_RATE
    assert len(several) >= 0.8 * len(one)
    assert word_errors(one, several) <= 0.3 * len(one)
    times = [word.start_s for passage in batches[1] for word in passage.words]
    assert times == sorted(times)
    assert times[-1] == pytest.approx(len(audio) / SAMPLE_RATE, abs=3.0)


def test_who_says_the_same_again_and_again_is_heard_each_time(speech: Audio) -> None:
    """What repeats itself is taken for a loop; heard the other way it is no better."""
    model = Whisper(models.ensure("tiny.en"), "tiny.en", EngineOptions(threads=2)).offline()
    audio = np.tile(np.concatenate([speech, np.zeros(SAMPLE_RATE // 2, np.float32)]), 4)
    passages = [*model.passages(audio, Way("en", beam_size=1, batch=2, words=True))]
    said = normalise(" ".join(passage.text for passage in passages))
    assert word_errors(normalise(SAID) * 4, said) <= 8


class Hasty:
    """A model that says, of every window in order, its first word alone: that nobody speaks on."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def transcribe(self, audio: Audio, **options: Any) -> tuple[list[Any], Any]:
        segments, info = self._model.transcribe(audio, **options)
        first = next(iter(segments))
        first.words = first.words[:1]
        first.text = first.words[0].word
        return [first], info


def test_what_a_model_passes_over_is_heard_the_other_way(speech: Audio) -> None:
    from faster_whisper import WhisperModel

    model = WhisperModel(str(models.ensure("tiny.en")), device="cpu", compute_type="int8", cpu_threads=2)
    hasty = Offline("tiny.en", Hasty(model), lambda _audio, _how: ("en", 1.0))
    said = [passage.text for passage in hasty.passages(speech, Way("en", beam_size=1, words=True))]
    assert same(" ".join(said))


@pytest.mark.usefixtures("speech")
def test_a_tone_is_not_made_into_words(tmp_path: Path) -> None:
    quiet = 0.2 * tone(440, SAMPLE_RATE, 20 * SAMPLE_RATE)
    done = transcribe(write_wave(tmp_path / "tone.wav", quiet))
    assert done.returncode == 0
    assert done.stdout == b"\n"
    assert b"Nobody speaks in" in done.stderr
