"""Recordings to texts: which files become of which, what goes wrong, and how it is resumed."""

from __future__ import annotations

import fcntl
import json
import os
import stat
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from io import StringIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.test_audio import tone, write
from tests.test_whole_files import no_room
from voicetype.config import Config
from voicetype.core.events import SAMPLE_RATE
from voicetype.core.passages import Passage, TimedWord, Transcript, reworded, seamless, spelled, whole
from voicetype.core.replacements import Replacements
from voicetype.core.vocabulary import Terms, Vocabulary
from voicetype.engine import Audio, Hearing
from voicetype.engine.offline import Way
from voicetype.engine.silences import Span, cut, windows
from voicetype.errors import ModelError
from voicetype.transcribing import scribe
from voicetype.transcribing.formats import Format, rendered
from voicetype.transcribing.job import Job
from voicetype.transcribing.outputs import Target, plan
from voicetype.transcribing.partial import Done, Partial
from voicetype.transcribing.progress import Progress, clock
from voicetype.transcribing.scribe import Scribe
from voicetype.transcribing.stretches import stretches

SHORT_S = 2.0  # of a stretch, here


def loud(audio: Audio) -> list[Span]:
    """Where there is any sound: what Silero is to voices."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (np.abs(audio) > 0.01).astype(int), [0]])))
    spans: list[Span] = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if spans and start - spans[-1][1] < SAMPLE_RATE // 10:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


@dataclass
class FakeModel:
    """Says "tone" of every tone that it hears, and what it is told to do before the n-th."""

    before: dict[int, type[BaseException]] = field(default_factory=dict)
    heard: int = 0
    ways: list[Way] = field(default_factory=list)
    name: str = "fake"

    def language(self, _audio: Audio, how: Hearing) -> tuple[str, float]:
        return (how.language, 1.0) if how.language != "auto" else ("de", 0.75)

    def passages(self, audio: Audio, way: Way) -> Iterator[Passage]:
        self.ways.append(way)
        for start, end in loud(audio):
            self.heard += 1
            if error := self.before.pop(self.heard, None):
                raise error
            word = TimedWord(" tone", start / SAMPLE_RATE, end / SAMPLE_RATE, 0.5)
            yield Passage("tone", word.start_s, word.end_s, 0.5, (word,) if way.words else ())


@pytest.fixture(autouse=True)
def short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretches of two seconds, for recordings of some."""
    monkeypatch.setattr(scribe, "stretches", partial(stretches, longest_s=SHORT_S, find=loud))


def tones(path: Path, many: int = 5) -> Path:
    """A second of recording for each tone, of which it lasts six tenths."""
    each = np.concatenate([tone(440, SAMPLE_RATE, 9_600) / 2, np.zeros(6_400, np.float32)])
    return write(path, np.tile(each, many))


def made(model: FakeModel, language: str = "en", vocabulary: Vocabulary = Vocabulary()) -> Scribe:  # noqa: B008
    return Scribe(lambda: model, Hearing(language), Way("", words=True), vocabulary)


def write_all(
    recordings: Sequence[Path], formats: Sequence[Format], model: FakeModel, *, force: bool = False
) -> bool:
    targets, refused = plan([str(each) for each in recordings], formats, None)
    assert not refused
    return Job(made(model), force=force).run(targets)


# Cutting.


def blocks(audio: Audio, size: int = 7_000) -> list[Audio]:
    return [audio[at : at + size] for at in range(0, len(audio), size)]


@given(
    st.lists(st.tuples(st.integers(1, 30_000), st.integers(0, 60_000)), max_size=6), st.integers(0, 50_000)
)
def test_stretches_follow_each_other_and_no_sound_is_lost(parts: list[tuple[int, int]], begin: int) -> None:
    pieces = [(np.full(sound, 0.5, np.float32), np.zeros(still, np.float32)) for sound, still in parts]
    audio = np.concatenate([np.zeros(0, np.float32), *(each for pair in pieces for each in pair)])
    found = list(stretches(blocks(audio), begin, SHORT_S, loud))
    heard = np.zeros(len(audio), np.float32)
    at = begin
    for stretch in found:
        assert stretch.start == at < stretch.end
        assert stretch.end - stretch.start <= SHORT_S * SAMPLE_RATE
        at = stretch.end
        for start, piece in stretch.pieces:
            assert stretch.start <= start
            assert start + len(piece) <= stretch.end
            heard[start : start + len(piece)] = piece
    assert at == max(begin, len(audio))
    assert np.array_equal(heard[begin:], audio[begin:])


def test_a_cut_is_made_in_a_pause_where_there_is_one() -> None:
    audio = np.concatenate([np.full(20_000, 0.5), np.zeros(4_000), np.full(20_000, 0.5)]).astype(np.float32)
    assert cut(audio, loud(audio), 10_000, 40_000) == 22_000
    assert cut(audio, loud(audio), 10_000, 21_000) == 20_500
    quiet = np.full(44_000, 0.5, np.float32)
    quiet[30_000:31_600] = 0.1
    assert 30_000 <= cut(quiet, [(0, 44_000)], 20_000, 40_000) <= 31_600


def test_nothing_is_heard_in_a_long_silence() -> None:
    sound, still = np.full(SAMPLE_RATE, 0.5, np.float32), np.zeros(30 * SAMPLE_RATE, np.float32)
    [stretch] = stretches([np.concatenate([still, sound, still, sound])], find=loud)
    assert [(start / SAMPLE_RATE, len(piece) / SAMPLE_RATE) for start, piece in stretch.pieces] == [
        (29, 3),
        (60, 2),
    ]
    [silent] = stretches([still], find=loud)
    assert silent.pieces == ()


@given(st.lists(st.tuples(st.integers(0, 9_000), st.integers(1, 40_000)), max_size=10))
def test_windows_hold_all_speech_and_are_never_too_long(parts: list[tuple[int, int]]) -> None:
    spans, at = [], 0
    for pause, length in parts:
        spans.append((at + pause, at + pause + length))
        at += pause + length
    found = windows(np.zeros(at, np.float32), spans, 20_000)
    assert all(0 < end - start <= 20_000 for start, end in found)
    assert all(a[1] <= b[0] for a, b in pairwise(found))
    covered = np.zeros(at, bool)
    for start, end in found:
        covered[start:end] = True
    assert all(covered[start:end].all() for start, end in spans)


# Words.


def timed(*words: str) -> tuple[TimedWord, ...]:
    return tuple(TimedWord(word, n, n + 0.5, 0.9 - n / 10) for n, word in enumerate(words))


def test_the_users_own_words_have_the_times_of_what_was_heard() -> None:
    words = timed(" use", " cube", " control", " now.")
    heard = Passage("use cube control now.", 0.0, 3.5, 0.9, words)
    typed = reworded(heard, Replacements((("cube control", "kubectl"),)))
    assert typed.text == "use kubectl now."
    assert [(word.text, word.start_s, word.end_s) for word in typed.words] == [
        (" use", 0, 0.5),
        (" kubectl", 1, 2.5),
        (" now.", 3, 3.5),
    ]
    assert typed.words[1].probability == pytest.approx(0.7)
    assert reworded(heard, Replacements()) is heard
    without = reworded(Passage("use cube control", 0, 1, 1.0), Replacements((("cube control", "kubectl"),)))
    assert without.text == "use kubectl"


def test_words_may_become_more_or_none() -> None:
    words = timed(" by", " the", " way", " yes")
    heard = Passage("by the way yes", 0.0, 3.5, 0.9, words)
    more = reworded(heard, Replacements((("yes", "yes of course"),)))
    assert more.text == "by the way yes of course"
    times = [(word.start_s, word.end_s) for word in more.words]
    assert times == sorted(times)
    assert times[-1][1] == pytest.approx(3.5)
    less = reworded(heard, Replacements((("by the way yes", ""),)))
    assert (less.text, less.words) == ("", ())


def test_the_pieces_of_a_word_are_one() -> None:
    pieces = timed(" open", "-source", " 你", "好", "", "。")
    assert [(word.text, word.start_s, word.end_s) for word in whole(pieces)] == [
        (" open-source", 0, 1.5),
        (" 你", 2, 2.5),
        ("好。", 3, 5.5),
    ]
    assert whole(pieces)[0].probability == pytest.approx(0.8)


def test_a_word_is_spelled_with_nothing_that_can_not_be_seen() -> None:
    assert spelled("  cafe\u0301\x07") == " café"
    assert spelled("\n") == ""


# Files.


@pytest.mark.parametrize("shape", Format)
def test_formats(shape: Format) -> None:
    words = timed(" Hello", " <b>", " there.")
    told = Transcript((Passage("Hello <b> there.", 0.0, 2.5, 0.5, words),), "en", 0.987654, 3.0, "tiny.en")
    text = rendered(told, shape)
    match shape:
        case Format.TXT:
            assert text == "Hello <b> there.\n"
        case Format.SRT:
            assert text.startswith("1\n00:00:00,000 --> 00:00:02,500\nHello <")
        case Format.VTT:
            assert text.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:02.500\nHello &lt;b&gt;")
        case Format.JSON:
            assert json.loads(text) == {
                "model": "tiny.en",
                "language": "en",
                "language_probability": 0.988,
                "duration": 3.0,
                "text": "Hello <b> there.",
                "segments": [
                    {
                        "start": 0.0,
                        "end": 2.5,
                        "text": "Hello <b> there.",
                        "probability": 0.5,
                        "words": [
                            {"start": 0.0, "end": 0.5, "word": "Hello", "probability": 0.9},
                            {"start": 1.0, "end": 1.5, "word": "<b>", "probability": 0.8},
                            {"start": 2.0, "end": 2.5, "word": "there.", "probability": 0.7},
                        ],
                    }
                ],
            }


def test_files_lie_beside_the_recordings_or_in_a_folder(tmp_path: Path) -> None:
    targets, refused = plan(["a/talk.mp3", "a/talk.mp3", "b/more.mp4"], [Format.SRT, Format.JSON], None)
    assert not refused
    assert [dict(target.files) for target in targets] == [
        {Format.SRT: Path("a/talk.srt"), Format.JSON: Path("a/talk.json")},
        {Format.SRT: Path("b/more.srt"), Format.JSON: Path("b/more.json")},
    ]
    [target], _ = plan(["a/talk.mp3"], [Format.SRT], tmp_path)
    assert target.files == {Format.SRT: tmp_path / "talk.srt"}
    assert target.partial == tmp_path / ".talk.voicetype"


def test_two_recordings_never_take_the_same_file(tmp_path: Path) -> None:
    targets, refused = plan(["a/talk.mp3", "b/talk.mp3"], [Format.SRT], tmp_path)
    assert [target.recording for target in targets] == ["a/talk.mp3"]
    assert [error.sentence for error in refused] == [
        f"b/talk.mp3 is left out: {tmp_path}/talk.srt is to be the text of a/talk.mp3."
    ]
    targets, refused = plan(["talk.txt", "talk.mp3"], [Format.TXT], None)
    assert not targets
    assert [error.sentence for error in refused] == [
        "talk.txt is left out: its text would take the place of talk.txt, a recording.",
        "talk.mp3 is left out: its text would take the place of talk.txt, a recording.",
    ]


def test_several_formats_are_written_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording, model = tones(tmp_path / "talk.wav"), FakeModel()
    assert write_all([recording], list(Format), model)
    assert model.heard == 5
    assert (tmp_path / "talk.txt").read_text() == "tone tone tone tone tone\n"
    told = json.loads((tmp_path / "talk.json").read_text())
    assert [segment["start"] for segment in told["segments"]] == pytest.approx([0, 1, 2, 3, 4], abs=0.05)
    assert told["duration"] == pytest.approx(5.0)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("talk.json", "talk.srt", "talk.txt", "talk.vtt", "talk.wav")
    ]
    assert "talk.txt" in capsys.readouterr().err


def test_what_is_there_is_left_and_only_the_rest_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording, model = tones(tmp_path / "talk.wav"), FakeModel()
    (tmp_path / "talk.txt").write_text("mine")
    assert write_all([recording], [Format.TXT], model)
    assert "talk.txt is there already; --force" in capsys.readouterr().err
    assert model.heard == 0
    assert write_all([recording], [Format.TXT, Format.SRT], model)
    assert (tmp_path / "talk.txt").read_text() == "mine"
    assert (tmp_path / "talk.srt").read_text()
    assert write_all([recording], [Format.TXT], model, force=True)
    assert (tmp_path / "talk.txt").read_text() == "tone tone tone tone tone\n"


def test_an_interruption_keeps_what_is_done_and_the_same_command_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = tones(tmp_path / "talk.wav")
    model = FakeModel({4: KeyboardInterrupt})
    with pytest.raises(KeyboardInterrupt):
        write_all([recording], [Format.TXT], model)
    assert "goes on from there" in capsys.readouterr().err
    [left] = [path for path in tmp_path.iterdir() if path != recording]
    assert stat.S_IMODE(left.stat().st_mode) == 0o600
    before = model.heard
    assert write_all([recording], [Format.TXT], model)
    assert 1 <= model.heard - before < 5, "what was done is done again"
    assert (tmp_path / "talk.txt").read_text() == "tone tone tone tone tone\n"
    assert not left.exists()


def test_an_interruption_before_anything_is_done_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = tones(tmp_path / "talk.wav")
    with pytest.raises(KeyboardInterrupt):
        write_all([recording], [Format.TXT], FakeModel({1: KeyboardInterrupt}))
    assert [*tmp_path.iterdir()] == [recording]
    assert "Nothing of" in capsys.readouterr().err


def interrupted(folder: Path) -> tuple[Path, Path]:
    """A recording, and what is kept of it."""
    recording = tones(folder / "talk.wav")
    with pytest.raises(KeyboardInterrupt):
        write_all([recording], [Format.TXT], FakeModel({4: KeyboardInterrupt}))
    return recording, folder / ".talk.voicetype"


@pytest.mark.parametrize("change", ["recording", "model"])
def test_what_was_heard_of_something_else_is_not_gone_on_with(tmp_path: Path, change: str) -> None:
    recording, _ = interrupted(tmp_path)
    model = FakeModel(name="other" if change == "model" else "fake")
    if change == "recording":
        tones(recording, 4)
    assert write_all([recording], [Format.TXT], model)
    assert model.heard == (4 if change == "recording" else 5)
    assert (tmp_path / "talk.txt").read_text() == " ".join(["tone"] * model.heard) + "\n"


@pytest.mark.parametrize("damage", [b"", b"\x00\xff{", b'{"until": 3', b'{"until": 3}\n', b"[]\n", b"7\n"])
def test_a_damaged_line_counts_for_nothing(tmp_path: Path, damage: bytes) -> None:
    recording, left = interrupted(tmp_path)
    left.write_bytes(left.read_bytes() + damage)
    model = FakeModel()
    assert write_all([recording], [Format.TXT], model)
    assert model.heard < 5
    assert (tmp_path / "talk.txt").read_text() == "tone tone tone tone tone\n"


@given(st.data())
def test_a_file_that_is_cut_or_changed_anywhere_gives_whole_stretches_or_none(data: st.DataObject) -> None:
    about = {"recording": [1, 2], "model": "fake"}
    passage = Passage("tone", 0.0, 1.0, 0.5, timed(" tone"))
    done = [Done(n, (passage,), "en", 1.0) for n in (10, 20, 30)]
    path = Path(f"/dev/shm/voicetype-test-{os.getpid()}")
    try:
        kept = Partial(path, about)
        for each in done:
            kept.add(each)
        kept.close()
        whole = path.read_bytes()
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
        again = Partial(path, about)
        assert again.done == done[: len(again.done)]
        again.add(done[len(again.done)] if len(again.done) < 3 else done[2])
        again.close()
        last = Partial(path, about)
        assert last.done == again.done
        last.close()
    finally:
        path.unlink(missing_ok=True)


def test_two_never_work_on_the_same_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording, left = interrupted(tmp_path)
    with left.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        before = left.read_bytes()
        assert not write_all([recording], [Format.TXT], FakeModel())
        assert "Another voicetype is at work on" in capsys.readouterr().err
        assert left.read_bytes() == before


def test_a_hidden_file_is_never_written_through_a_link(tmp_path: Path) -> None:
    recording, mine = tones(tmp_path / "talk.wav"), tmp_path / "mine"
    mine.write_text("mine")
    (tmp_path / ".talk.voicetype").symlink_to(mine)
    assert not write_all([recording], [Format.TXT], FakeModel())
    assert mine.read_text() == "mine"


def test_one_that_fails_does_not_keep_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "diary.wav").write_text("Dear diary, ")
    good = tones(tmp_path / "talk.wav")
    assert not write_all([tmp_path / "diary.wav", tmp_path / "none.wav", good], [Format.TXT], FakeModel())
    assert (tmp_path / "talk.txt").exists()
    told = capsys.readouterr().err
    assert "diary.wav is no recording that can be read." in told
    assert "There is no recording at" in told


def test_without_a_model_nothing_is_tried(tmp_path: Path) -> None:
    recordings = [tones(tmp_path / name) for name in ("a.wav", "b.wav")]
    model = FakeModel()

    def lacking() -> FakeModel:
        model.heard += 1
        raise ModelError("The model can't be had.", "Look at the connection.")

    targets, _ = plan([str(each) for each in recordings], [Format.TXT], None)
    with pytest.raises(ModelError):
        Job(Scribe(lacking, Hearing("en"), Way(""))).run(targets)
    assert model.heard == 1
    assert sorted(tmp_path.iterdir()) == recordings


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording, model = tones(tmp_path / "talk.wav"), FakeModel()
    tmp_path.chmod(0o500)
    assert not write_all([recording], [Format.TXT], model)
    tmp_path.chmod(0o700)
    assert model.heard == 0
    assert "can't be written" in capsys.readouterr().err


def test_without_room_what_was_heard_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording, model = tones(tmp_path / "talk.wav"), FakeModel()
    with no_room():
        done = write_all([recording], [Format.TXT], model)
    assert not done
    assert "can't be written: File too large." in capsys.readouterr().err
    assert not (tmp_path / "talk.txt").exists()
    assert write_all([recording], [Format.TXT], model)
    assert (tmp_path / "talk.txt").read_text() == "tone tone tone tone tone\n"


def test_a_name_that_is_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\n.wav")
    tones(Path(name))
    assert write_all([Path(name)], [Format.TXT], FakeModel())
    assert Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\n.txt")).exists()
    [line] = capsys.readouterr().err.splitlines()
    assert "caf\ufffd\ufffd.txt" in line


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    recording, pipe = tones(tmp_path / "talk.wav"), tmp_path / "pipe.wav"
    os.mkfifo(pipe)
    feeder = threading.Thread(target=lambda: pipe.write_bytes(recording.read_bytes()))
    feeder.start()
    assert write_all([pipe], [Format.TXT], FakeModel())
    feeder.join()
    assert (tmp_path / "pipe.txt").read_text() == "tone tone tone tone tone\n"


def test_a_text_is_printed_as_it_comes_on_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = str(tones(tmp_path / "talk.wav"))
    seen: list[str] = []

    class Watching(FakeModel):
        def passages(self, audio: Audio, way: Way) -> Iterator[Passage]:
            for passage in super().passages(audio, way):
                seen.append(capsys.readouterr().out)
                yield passage

    assert Job(made(Watching())).run([Target(recording, {})])
    seen.append(capsys.readouterr().out)
    assert "".join(seen) == "tone tone tone tone tone\n"
    assert seen[1:-1] == ["tone", *[" tone"] * 3]
    assert Job(made(FakeModel())).run([Target(recording, {})] * 2)
    out = capsys.readouterr().out
    assert out.count(f"==> {recording} <==\ntone tone tone tone tone\n") == 2


def test_a_shape_is_printed_when_it_is_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = Target(str(tones(tmp_path / "talk.wav")), {})
    assert Job(made(FakeModel()), printed=Format.VTT).run([target])
    assert capsys.readouterr().out.startswith("WEBVTT\n\n00:00:00.")


def test_the_language_is_asked_for_once_and_the_users_words_hold(tmp_path: Path) -> None:
    words = Vocabulary(languages=(("de", Terms(("Ton",), (("tone", "Ton"),))),))
    recording, model = tones(tmp_path / "talk.wav"), FakeModel()
    targets, _ = plan([str(recording)], [Format.JSON], None)
    assert Job(made(model, "auto", words)).run(targets)
    told = json.loads((tmp_path / "talk.json").read_text())
    assert (told["language"], told["language_probability"]) == ("de", 0.75)
    assert told["text"] == "Ton Ton Ton Ton Ton"
    assert {(way.language, way.hotwords) for way in model.ways} == {("de", ("Ton",))}


@pytest.mark.parametrize(
    ("heard", "typed"),
    [
        (["I use cube", "Control, now."], [("I use", 0.0), ("kubectl, now.", 2.0)]),
        (["Cube", "control now."], [("Kubectl now.", 0.0)]),
        (["I use cube.", "Control it."], [("I use cube.", 0.0), ("Control it.", 10.0)]),
        (["I use cube", "sugar."], [("I use cube", 0.0), ("sugar.", 10.0)]),
        (["I use cube"], [("I use cube", 0.0)]),
    ],
)
def test_what_is_replaced_may_begin_in_one_passage_and_end_in_the_next(
    heard: list[str], typed: list[tuple[str, float]]
) -> None:
    replacements = Replacements((("cube control", "kubectl"),))
    passages = [
        Passage(
            text,
            10.0 * n,
            10.0 * n + 5,
            0.5,
            tuple(
                TimedWord(f" {word}", 10.0 * n + at, 10.0 * n + at + 0.9, 0.5)
                for at, word in enumerate(text.split())
            ),
        )
        for n, text in enumerate(heard)
    ]
    told = [reworded(passage, replacements) for passage in seamless(passages, replacements)]
    assert [(passage.text, passage.start_s) for passage in told] == typed


def test_a_name_that_is_too_long_for_what_is_kept_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording, model = tones(tmp_path / f"{'x' * 250}.wav"), FakeModel()
    assert not write_all([recording], [Format.TXT], model)
    assert "Give the recording a shorter name." in capsys.readouterr().err
    assert (model.heard, [*tmp_path.iterdir()]) == (0, [recording])


def test_a_standard_input_that_is_closed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert not Job(made(FakeModel())).run([Target("-", {})])
    assert "the standard input is closed" in capsys.readouterr().err


def test_nobody_speaks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    still = write(tmp_path / "still.wav", np.zeros(3 * SAMPLE_RATE, np.float32))
    assert write_all([still], [Format.TXT, Format.VTT], FakeModel())
    assert (tmp_path / "still.txt").read_text() == ""
    assert (tmp_path / "still.vtt").read_text() == "WEBVTT\n"
    assert "Nobody speaks in" in capsys.readouterr().err


def test_no_sound_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = write(tmp_path / "empty.wav", np.zeros(0, np.float32))
    assert not write_all([empty], [Format.TXT], FakeModel())
    assert [*tmp_path.iterdir()] == [empty]
    assert capsys.readouterr().err


# The bar.


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_tells_how_far_how_fast_and_how_long_yet() -> None:
    times = iter([0.0, 0.0, *[10.0] * 50])
    terminal = Terminal()
    progress = Progress("a recording with a very long name.mp4", 3600.0, terminal, lambda: next(times))
    progress.begin(600.0)
    progress(660.0)
    progress.aside(lambda: print("aside", file=terminal))
    progress.close()
    shown = terminal.getvalue()
    assert "a recording with a very…" in shown
    assert "11:00 of 1:00:00, 6.0x" in shown
    assert "left" in shown
    assert "aside" in shown


def test_of_an_unknown_length_and_where_nobody_looks() -> None:
    terminal, log = Terminal(), StringIO()
    for stream in (terminal, log):
        progress = Progress("pipe", None, stream)
        progress.begin(0.0)
        progress(65.0)
        progress.aside(lambda: None)
        progress.close()
    assert "1:05, " in terminal.getvalue()
    assert log.getvalue() == ""


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "0:00"), (59.7, "1:00"), (3599, "59:59"), (3600, "1:00:00")]
)
def test_a_clock(seconds: float, told: str) -> None:
    assert clock(seconds) == told


def test_defaults_are_all_threads_and_the_machines_own_batch() -> None:
    assert (Config().transcribe.threads, Config().transcribe.batch) == (0, 0)


def test_an_interruption_need_not_wait_for_the_model(tmp_path: Path) -> None:
    """What the model is doing goes on, on a thread that nobody waits for."""
    begun, over = threading.Event(), threading.Event()

    class Slow(FakeModel):
        def passages(self, audio: Audio, way: Way) -> Iterator[Passage]:
            begun.set()
            assert over.wait(60)
            yield from super().passages(audio, way)

    def interrupt() -> None:
        assert begun.wait(60)
        os.kill(os.getpid(), 2)

    threading.Thread(target=interrupt).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        write_all([tones(tmp_path / "talk.wav")], [Format.TXT], Slow())
    assert time.monotonic() - began < 50
    over.set()
