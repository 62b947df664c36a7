"""Which files become of which recordings: decided before anything is heard."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from voicetype.decoding import STDIN, shown
from voicetype.errors import AudioError
from voicetype.transcribing.formats import Format


@dataclass(frozen=True, slots=True)
class Target:
    """A recording and what is to be written of it; `files` is empty where its text is printed."""

    recording: str
    files: Mapping[Format, Path]

    @property
    def name(self) -> str:
        """As it is told."""
        return "what comes through the pipe" if self.recording == STDIN else shown(self.recording)

    @property
    def partial(self) -> Path | None:
        """The hidden file for what is done of it until it is whole; None where its text is printed."""
        for path in self.files.values():
            return path.with_name(f".{path.stem}.voicetype")
        return None

    def missing(self) -> Target:
        """Without the files that are there."""
        return Target(
            self.recording, {shape: path for shape, path in self.files.items() if not path.exists()}
        )


def plan(
    recordings: Sequence[str], formats: Sequence[Format], folder: Path | None
) -> tuple[list[Target], list[AudioError]]:
    """What is to be written of each recording, in order, each once; and why some are left out.

    Beside the recording, or into `folder`.
    """
    targets: list[Target] = []
    refused: list[AudioError] = []
    taken = {_place(Path(recording)): recording for recording in recordings}
    for recording in dict.fromkeys(recordings):
        path = Path(recording)
        where = path.parent if folder is None else folder
        files = {shape: where / f"{path.stem}.{shape.value}" for shape in formats}
        if clash := next((file for file in files.values() if _place(file) in taken), None):
            refused.append(_same(shown(recording), shown(clash), shown(taken[_place(clash)])))
            continue
        taken |= {_place(file): recording for file in files.values()}
        targets.append(Target(recording, files))
    return targets, refused


def _place(path: Path) -> str:
    return os.path.realpath(path)


def _same(recording: str, file: str, other: str) -> AudioError:
    if file == other:
        return AudioError(
            f"{recording} is left out: its text would take the place of {file}, a recording.",
            "Name another folder with --output.",
        )
    return AudioError(
        f"{recording} is left out: {file} is to be the text of {other}.",
        "Transcribe it by itself, into another folder: --output FOLDER.",
    )
