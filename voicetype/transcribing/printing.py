"""Texts on the standard output, as they come; what is to be said of them on stderr."""

from __future__ import annotations

import sys

from voicetype.core import wording
from voicetype.core.passages import Passage, Transcript
from voicetype.transcribing.formats import Format, rendered


def say(text: str) -> None:
    """Tell how it goes."""
    print(text, file=sys.stderr, flush=True)


class Printing:
    """The text of one recording: on a terminal a line a passage, else all of it on one line.

    What has a shape beyond the words can only be printed when it is whole.
    """

    def __init__(self, shape: Format, title: str = "") -> None:
        """`title`: what is to stand above it, where it is one of several."""
        self._shape = shape
        self._before = ""
        if title:
            print(f"==> {title} <==")

    def add(self, passage: Passage) -> None:
        """Print what is heard."""
        if self._shape is not Format.TXT:
            return
        if sys.stdout.isatty():
            text = f"{passage.text}\n"
        else:
            text = self._before = wording.join(self._before, passage.text)
        print(text, end="", flush=True)

    def end(self, transcript: Transcript) -> None:
        """Print the rest."""
        if self._shape is not Format.TXT:
            print(rendered(transcript, self._shape), end="", flush=True)
        elif not sys.stdout.isatty():
            print(flush=True)
