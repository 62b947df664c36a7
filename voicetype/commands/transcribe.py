"""`transcribe`: recordings to text, offline."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from voicetype import calls
from voicetype.commands.options import configuration
from voicetype.decoding import STDIN, shown
from voicetype.errors import AudioError, ConfigError
from voicetype.transcribing.formats import Format
from voicetype.transcribing.job import Job
from voicetype.transcribing.outputs import Target, plan
from voicetype.transcribing.printing import say

_INTERRUPTED = 130


def run(options: Namespace) -> int:
    """Dispatch."""
    from voicetype.transcribing.making import scribe

    printed, folder = _printed(options), _folder(options)
    formats = [] if printed else [Format(name) for name in options.format or ("txt",)]
    targets, refused = _targets(options.files, formats, folder)
    made = scribe(configuration(options))
    for error in refused:
        say(f"{error.sentence}\n{error.hint}")
    try:
        whole = Job(made, force=options.force, printed=printed or Format.TXT).run(targets)
    except KeyboardInterrupt:
        return calls.leave(_INTERRUPTED)  # a call of the model's is under way
    return 0 if whole and not refused else 1


def _printed(options: Namespace) -> Format | None:
    """The shape of what is printed; None: files are written. Raises ConfigError."""
    shapes: list[str] = options.format or []
    if not (options.output == STDIN or options.files == [STDIN] or (options.output is None and not shapes)):
        if STDIN in options.files:
            raise _nameless()
        return None
    if options.output not in (None, STDIN):
        raise _nameless()
    if len(shapes) > 1 or (shapes and shapes[0] != "txt" and len(options.files) > 1):
        raise ConfigError(
            "Only one text with times can be printed.",
            "Name one recording and one format, or a folder with --output.",
        )
    return Format(shapes[0]) if shapes else Format.TXT


def _nameless() -> ConfigError:
    return ConfigError(
        "What comes through a pipe has no name to call a file by.",
        "Its text is printed: leave --output out, and write `> talk.srt` behind the command.",
    )


def _folder(options: Namespace) -> Path | None:
    """Where files are to be written; None: beside each recording. Raises AudioError."""
    if options.output in (None, STDIN):
        return None
    folder = Path(options.output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = "is no folder" if folder.exists() else f"can't be made: {error.strerror}"
        raise AudioError(f"{shown(folder)} {what}.", "Name a folder with --output.") from error
    return folder


def _targets(
    files: list[str], formats: list[Format], folder: Path | None
) -> tuple[list[Target], list[AudioError]]:
    if formats:
        return plan(files, formats, folder)
    return [Target(file, {}) for file in dict.fromkeys(files)], []
