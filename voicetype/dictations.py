"""One dictation after the other, on the same models and keyboard; and what one knows of the last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from voicetype.core.events import FocusChanged, Patch, Started, Terms, UserTyped
from voicetype.core.patch import graphemes
from voicetype.core.session import Session, step
from voicetype.core.wording import join
from voicetype.errors import KeyboardError, PatchInterrupted
from voicetype.frames import FrameSource
from voicetype.keyboard import Keyboard, KeyboardLost
from voicetype.pipeline import Beginning, Dictation, Report, Stages
from voicetype.settings import Settings
from voicetype.workers import Worker

_PIECE = 50  # characters of a text that is typed again


class Dictations:
    """Both models and the keyboard; `dictate` runs one session through them, one at a time."""

    def __init__(self, fast: Worker, heavy: Worker, keyboard: Keyboard) -> None:
        self._stages = Stages(fast, heavy, keyboard)
        self._lost: Callable[[], None] = lambda: None
        self._before: Callable[[], Session] = Session
        self._spoken: Callable[[], str] = str

    def open(self, lost: Callable[[], None] = lambda: None) -> None:
        """Connect the keyboard. Raises KeyboardError.

        `lost` is called, on a thread of the keyboard's, when its display is gone.
        """
        self._lost = lost
        self._stages.on_typist(lambda: self._stages.keyboard.open(self._observe))

    def use(self, keyboard: Keyboard) -> None:
        """Type on another one; between two dictations. Raises KeyboardError, and keeps the one it has."""
        self._stages.on_typist(lambda: keyboard.open(self._observe))
        before, self._stages = self._stages, replace(self._stages, keyboard=keyboard)
        self._stages.on_typist(before.keyboard.close)
        self._before = Session

    def close(self) -> None:
        """Give the keyboard back. The workers belong to whoever made them."""
        self._stages.on_typist(self._stages.keyboard.close)
        self._stages.typist.dispose()

    def dictate(self, source: FrameSource, settings: Settings, report: Report) -> Dictation:
        """Start a session on `source`. Raises KeyboardError where no window could take its text."""
        continues = self._stages.on_typist(self._stages.keyboard.claim).continues
        before = replace(self._before(), patching=settings.patching)
        session, _ = step(before, Started(continues, settings.terms))
        spoken = self._spoken()
        if spoken and (not settings.languages or spoken in settings.languages):
            settings = replace(settings, presumed=spoken)
        begin = Beginning(session, self._claim(settings.terms))
        dictation = Dictation(self._stages, source, settings, report, begin)
        self._before = lambda: dictation.session
        self._spoken = lambda: dictation.spoken.presumed
        return dictation

    def _claim(self, wanted: Terms) -> Callable[[], Terms]:
        """Claims the focused window, and says on what terms it is typed into; for the typist thread."""

        def claim() -> Terms:
            self._stages.keyboard.claim()
            return wanted

        return claim

    def type(self, text: str) -> None:
        """Type a text into the focused window, between two dictations.

        Raises KeyboardError, also where the window did not take all of it.
        """

        def begin() -> str:
            return join(self._before().done, text) if self._stages.keyboard.claim().continues else text

        characters = graphemes(self._stages.on_typist(begin))
        # In pieces, so that a long text can be broken off: the typist's other jobs come between.
        for at in range(0, len(characters), _PIECE):
            piece = Patch(0, "".join(characters[at : at + _PIECE]))
            self._stages.on_typist(partial(self._type_piece, piece))
        self._before = lambda: Session(done=text)

    def _type_piece(self, piece: Patch) -> None:
        try:
            self._stages.keyboard.apply(piece)
        except PatchInterrupted as error:
            hint = "It is kept among the last dictations: copy it there, or type it again."
            raise KeyboardError(error.sentence, hint) from error

    def _observe(self, event: FocusChanged | UserTyped | KeyboardLost) -> None:
        if isinstance(event, KeyboardLost):
            self._lost()
        else:
            self._stages.control.on_next(event)
