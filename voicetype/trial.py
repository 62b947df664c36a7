"""Whether a way to type works: a dictation without a voice, into a window of our own that is read back.

It runs through the same reducer as a real one: a draft with mistakes, and the confirmation that mends them,
in accents, CJK and an emoji.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition, Thread

from voicetype import children
from voicetype.core.events import (
    Confidence,
    Event,
    PatchApplied,
    SpeechStarted,
    Started,
    Terms,
    TranscriptSegment,
)
from voicetype.core.patch import graphemes
from voicetype.core.session import Session, step
from voicetype.errors import DesktopError, KeyboardError, VoicetypeError
from voicetype.keyboard import Claim, Keyboard
from voicetype.trial_window import NAME

_DRAFT = "👍 京都, Grusse aus Zürich, dre"  # the emoji first: keys erase none
_CONFIRMED = "👍 京都, Grüße aus Zürich, drei."
_WAIT_S = 5.0

MakeKeyboard = Callable[[], Keyboard]


@dataclass(frozen=True, slots=True)
class Trial:
    """How it went. `wanted` and `shown` are the same where the way to type works.

    `erased`: graphemes that were mended, of what was committed or shown as preedit.
    """

    wanted: str
    shown: str
    erased: int
    claim: Claim

    @property
    def exact(self) -> bool:
        """Whether the window shows every character, and nothing else."""
        return self.wanted == self.shown


def attempt(make: MakeKeyboard, environment: Mapping[str, str]) -> Trial:
    """Type into a new window. `environment`: what its program gets beside ours, for its input method.

    Raises DesktopError without a window that has the focus, KeyboardError where the way can't be had.
    """
    keyboard = make()
    with _window(environment) as window:
        try:
            keyboard.open(lambda _: None)
            claim = _claimed(keyboard, window)
            session, erased = _dictate(keyboard, claim)
            keyboard.release()
            shown = window.wait_for(lambda: window.text == session.done)
        finally:
            keyboard.close()
        return Trial(session.done, window.text if not shown else session.done, erased, claim)


def _claimed(keyboard: Keyboard, window: Window) -> Claim:
    """Never the user's own window. An input method learns of a new one a moment late."""
    if not window.wait_for(lambda: window.active):
        raise _not_open() if window.ended else _not_in_front()
    until_s = time.monotonic() + _WAIT_S
    while True:
        try:
            claim = keyboard.claim()
        except KeyboardError:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.05)
            continue
        if claim.app and claim.app.casefold() != NAME:
            raise _not_in_front()
        return claim


def _not_in_front() -> DesktopError:
    return DesktopError(
        "The window of the trial did not get the focus.",
        "Run `voicetype doctor` again, and leave its window in front.",
    )


def _not_open() -> DesktopError:
    return DesktopError(
        "No window could be opened to type into.",
        "It takes GTK 3 for Python: the packages python3-gi and gir1.2-gtk-3.0 of the system.",
    )


def _dictate(keyboard: Keyboard, claim: Claim) -> tuple[Session, int]:
    session, erased = Session(), 0
    events: list[Event] = [
        Started(terms=Terms(erasing=claim.erasing, preedit=claim.preedit)),
        SpeechStarted(0, 0),
        TranscriptSegment(0, _DRAFT, Confidence.DRAFT, 1, to_pause=True),
        TranscriptSegment(0, _CONFIRMED, Confidence.CONFIRMED, 2, final=True),
    ]
    while events:
        session, patch = step(session, events.pop(0))
        if patch is not None:
            keyboard.apply(patch)
            erased += patch.backspaces
            events.insert(0, PatchApplied())
    return session, erased


class Window:
    """The window's process, and what it last told."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.text, self.active, self.ended = "", False, False
        self._changed = Condition()
        self.process = subprocess.Popen(
            children.command("voicetype.trial_window"),
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._thread = Thread(target=self._read, name="trial", daemon=True)
        self._thread.start()

    def wait_for(self, seen: Callable[[], bool]) -> bool:
        """Whether it came to that within a while."""
        with self._changed:
            self._changed.wait_for(lambda: self.ended or seen(), _WAIT_S)
            return seen()

    def close(self) -> None:
        """Close the window."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._thread.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            told = json.loads(line)
            with self._changed:
                self.text, self.active = told["text"], told["active"]
                self._changed.notify_all()
        with self._changed:
            self.active, self.ended = False, True
            self._changed.notify_all()


@contextmanager
def _window(environment: Mapping[str, str]) -> Iterator[Window]:
    window = Window(environment)
    try:
        yield window
    finally:
        window.close()


def mended(trial: Trial) -> str:
    """For people: how a correction is made."""
    if trial.claim.preedit:
        return "drafts are shown as preedit"
    return (
        f"{trial.erased} characters were mended"
        if trial.erased
        else "nothing is erased here, and drafts are not shown"
    )


def problem(trial: Trial) -> VoicetypeError:
    """What is wrong with an inexact one."""
    missing = len(graphemes(trial.wanted)) - len(graphemes(trial.shown))
    what = f"{missing} characters are missing" if missing > 0 else "some characters are others"
    return VoicetypeError(
        f"The window shows “{trial.shown}”: {what}.", "Choose another way: typing.keyboard."
    )
