"""Recordings, one after the other -> their texts, in files or printed."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from voicetype import whole_files
from voicetype.core.events import SAMPLE_RATE
from voicetype.core.passages import Passage, Transcript
from voicetype.decoding import Sound, opened, shown
from voicetype.errors import AudioError
from voicetype.transcribing.formats import Format, rendered
from voicetype.transcribing.outputs import Target
from voicetype.transcribing.partial import Done, InMemory, Partial
from voicetype.transcribing.printing import Printing, say
from voicetype.transcribing.progress import Progress, clock
from voicetype.transcribing.scribe import Scribe

_LACKING_S, _LACKING = 5.0, 0.1  # of the length that a recording says it has; that of an MP3 is a guess


class Job:
    """What is asked for, and how it goes. Used by the main thread."""

    def __init__(self, scribe: Scribe, *, force: bool = False, printed: Format = Format.TXT) -> None:
        """`force`: texts that are there are written anew; `printed`: the shape of those that are printed."""
        self._scribe = scribe
        self._force = force
        self._printed = printed

    def run(self, targets: Sequence[Target]) -> bool:
        """Do what can be done; whether that was all. Raises ModelError, after which nothing can be heard."""
        whole = True
        for target in targets:
            try:
                self._do(target, target.name if len(targets) > 1 else "")
            except AudioError as error:
                say(f"{error.sentence}\n{error.hint}")
                whole = False
        return whole

    def _do(self, target: Target, title: str) -> None:
        wanted = target if self._force else target.missing()
        if there := [shown(file) for shape, file in target.files.items() if shape not in wanted.files]:
            are = "is" if len(there) == 1 else "are"
            say(f"{' and '.join(there)} {are} there already; --force writes anew.")
            if not wanted.files:
                return
        with opened(wanted.recording) as sound, self._kept(wanted) as kept:
            printing = None if wanted.files else Printing(self._printed, title)
            began, before = time.monotonic(), _until_s(kept.done)
            transcript = self._heard(wanted, sound, kept, printing)
            if printing is not None:
                printing.end(transcript)
                return
            for shape, file in wanted.files.items():
                _write(file, rendered(transcript, shape))
            kept.remove()
        took_s = time.monotonic() - began
        files = ", ".join(map(shown, wanted.files.values()))
        say(f"{wanted.name}: {files} ({clock(transcript.duration_s - before)} in {clock(took_s)})")

    def _heard(
        self, target: Target, sound: Sound, kept: Partial | InMemory, printing: Printing | None
    ) -> Transcript:
        """Hear what is not heard yet."""
        try:
            with closing(Progress(os.path.basename(target.name), sound.length_s)) as progress:
                progress.begin(_until_s(kept.done))

                def tell(passage: Passage) -> None:
                    if printing is not None:
                        progress.aside(lambda: printing.add(passage))
                    progress(passage.end_s)

                for done in self._scribe.stretches(sound, kept.done, tell):
                    kept.add(done)
                    progress(done.until / SAMPLE_RATE)
        except KeyboardInterrupt:
            say(_interrupted(target, _until_s(kept.done)))
            raise
        transcript = _transcript(kept.done, self._scribe.model.name)
        _doubt(target, transcript, sound.length_s)
        return transcript

    @contextmanager
    def _kept(self, target: Target) -> Iterator[Partial | InMemory]:
        """What was heard of it before. Raises AudioError where nothing can be written."""
        if target.partial is None:
            yield InMemory()
            return
        about = {"recording": _identity(target.recording), **self._scribe.asked}
        with _told(target.partial), closing(Partial(target.partial, about)) as partial:
            yield partial


def _transcript(done: Sequence[Done], model: str) -> Transcript:
    language, probability = next(((d.language, d.probability) for d in done if d.language), ("", 0.0))
    passages = tuple(passage for each in done for passage in each.passages)
    return Transcript(passages, language, probability, _until_s(done), model)


def _until_s(done: Sequence[Done]) -> float:
    return done[-1].until / SAMPLE_RATE if done else 0.0


def _doubt(target: Target, transcript: Transcript, length_s: float | None) -> None:
    """Say what may be wrong with it. Raises AudioError where there was nothing to hear."""
    if not transcript.duration_s:
        raise AudioError(
            f"There is no sound in {target.name}.", "It may have been cut off while it was recorded."
        )
    lacking_s = (length_s or 0.0) - transcript.duration_s
    if length_s and lacking_s > max(_LACKING_S, _LACKING * length_s):
        told = f"{clock(transcript.duration_s)} of the {clock(length_s)} that it says it has"
        say(f"{target.name} ends early: there are {told}.")
    if not transcript.passages:
        say(f"Nobody speaks in {target.name}.")


def _interrupted(target: Target, done_s: float) -> str:
    if not target.files:
        return f"Interrupted. What was printed of {target.name} is not kept; --format keeps it."
    if not done_s:
        return f"Interrupted. Nothing of {target.name} was done yet."
    return f"Interrupted. {clock(done_s)} of {target.name} are kept: the same command goes on from there."


def _identity(recording: str) -> list[int]:
    """What tells a recording from another one; a pipe has no second time."""
    status = os.stat(recording)
    return [status.st_size, status.st_mtime_ns if stat.S_ISREG(status.st_mode) else time.time_ns()]


def _write(file: Path, text: str) -> None:
    with _told(file):
        whole_files.sweep(file)
        whole_files.write(file, text.encode())


@contextmanager
def _told(place: Path) -> Iterator[None]:
    """What the system refuses, as an error of ours."""
    try:
        yield
    except OSError as error:
        hint = (
            "Make room, look at its permissions, or name another folder with --output; "
            "what was heard is kept, and the same command goes on from there."
        )
        if error.errno == errno.ENAMETOOLONG:
            hint = "Give the recording a shorter name."
        raise AudioError(f"{shown(place)} can't be written: {error.strerror}.", hint) from error
