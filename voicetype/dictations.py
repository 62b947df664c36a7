"""One dictation after the other, on the same models and keyboard; and what one knows of the last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial

from voicetype import logs
from voicetype.core import evidence
from voicetype.core.events import FocusChanged, NewLine, Patch, Started, Terms, UserTyped
from voicetype.core.patch import graphemes
from voicetype.core.rewriting import Rules
from voicetype.core.session import Session, step
from voicetype.core.vocabulary import Vocabulary
from voicetype.core.wording import join, one_line
from voicetype.errors import KeyboardError, PatchInterrupted
from voicetype.frames import FrameSource
from voicetype.keyboard import Claim, Keyboard, KeyboardLost
from voicetype.pipeline import Beginning, Dictation, Report, Stages
from voicetype.policies import allowed, new_line, terms
from voicetype.settings import Settings
from voicetype.undo import broken_off, check_claim, check_field, check_session
from voicetype.workers import Worker

_PIECE = 50  # characters of a text that is typed again, or taken back


class Dictations:
    """Both models and the keyboard; `dictate` runs one session through them, one at a time."""

    def __init__(self, fast: Worker, heavy: Worker, keyboard: Keyboard) -> None:
        self._stages = Stages(fast, heavy, keyboard)
        self._lost: Callable[[], None] = lambda: None
        self._before: Callable[[], Session] = Session
        self._spoken: Callable[[], str] = str
        self._broken_off = ""  # why a text is not to be typed to its end

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

    def dictate(
        self, source: FrameSource, settings: Settings, report: Report, *, late: bool = False
    ) -> Dictation:
        """Start a session on `source`. Raises KeyboardError where no window could, or may, take its text.

        `late`: its speech is in `source` already, and is heard even where no window takes the text.
        """

        def begin() -> tuple[Session, Settings] | None:
            try:
                claim = self._claim_for(late, report)
                if claim is None:
                    return None
                started = Started(claim.continues, _terms(claim, settings))
            except KeyboardError:  # also one that was claimed in part: the seat, but no window in it
                self._release()
                raise
            here = replace(settings, vocabulary=settings.vocabulary.at(claim.app, claim.instance))
            return step(replace(self._before(), patching=settings.patching), started)[0], here

        def claim_again() -> tuple[Terms, Vocabulary]:
            claim = self._stages.keyboard.claim()
            return _terms(claim, settings), settings.vocabulary.at(claim.app, claim.instance)

        begun = self._stages.on_typist(begin)
        if begun is None:
            return self.hear(source, settings, report)
        session, here = begun
        return self._run(self._stages, Beginning(session, claim_again), source, here, report)

    def hear(self, source: FrameSource, settings: Settings, report: Report) -> Dictation:
        """A session that types nothing, whatever has the focus; its text is there to be kept."""

        def claim() -> tuple[Terms, Vocabulary]:
            raise KeyboardError("No window is meant.", "It is kept among the last dictations.")

        # Deaf to the keyboard: a window that gets the focus later is not the one that was meant.
        deaf = Stages(self._stages.fast, self._stages.heavy, self._stages.keyboard, self._stages.typist)
        settings = replace(settings, on_focus_change="pause")
        return self._run(deaf, Beginning(_nowhere(settings), claim), source, settings, report)

    def _run(
        self, stages: Stages, beginning: Beginning, source: FrameSource, settings: Settings, report: Report
    ) -> Dictation:
        spoken = self._spoken()
        if spoken and (not settings.languages or spoken in settings.languages):
            settings = replace(settings, presumed=spoken)
        dictation = Dictation(stages, source, settings, report, beginning)
        logs.began()
        dictation.finished.add_done_callback(lambda _: logs.ended())
        earlier, began = self._before(), beginning.session.epoch

        def last() -> Session:
            """The one before, where nothing was typed, by no one: the caret still stands behind that."""
            now = dictation.session
            return now if now.typed or now.epoch != began else earlier

        self._before = last
        self._spoken = lambda: dictation.spoken.presumed
        return dictation

    def type(self, text: str, settings: Settings) -> None:
        """Type a text into the focused window, between two dictations.

        Raises KeyboardError, also where the window did not take all of it.
        """

        def begin() -> tuple[str, str, NewLine | None]:
            claim, last = self._claim(), _last(self._before())
            allowed(claim, settings.applications)
            breaks = new_line(claim, settings.applications, settings.new_lines)
            return last, join(last, text if breaks else one_line(text)), breaks

        with self._by_itself():
            last, joined, breaks = self._stages.on_typist(begin)
            self._before = Session  # of a text that is typed in part nothing can be taken back
            characters = graphemes(joined)
            # In pieces, so that a long text can be broken off: the typist's other jobs come between.
            for at in range(0, len(characters), _PIECE):
                piece = Patch(0, "".join(characters[at : at + _PIECE]), new_lines=breaks)
                self._stages.on_typist(partial(self._type_piece, piece))
            self._before = lambda: Session(before=last, done=joined)

    def undo(self, settings: Settings) -> None:
        """Take back exactly what the last dictation put into the window, between two dictations.

        Raises UndoError, which says how much was taken back, and KeyboardError where no window has the focus.
        """

        def begin() -> tuple[str, str]:
            session = self._before()
            check_session(session)
            claim = self._claim()
            check_claim(session.undoable, claim, settings.applications)
            wanted = len(session.undoable) + evidence.SPARE
            check_field(session.undoable, self._stages.keyboard.read(wanted))
            return session.before, session.undoable

        with self._by_itself():
            last, text = self._stages.on_typist(begin)
            self._before = Session  # what a failure leaves is not certain to be ours
            count, taken = len(graphemes(text)), 0
            while taken < count:
                taken += self._stages.on_typist(partial(self._take_back, taken, count))
            self._before = lambda: Session(before=last)

    def break_off(self, reason: str) -> None:
        """What `type` or `undo` does ends after its next few characters; "": it may go on. For any thread."""
        self._broken_off = reason

    @contextmanager
    def _by_itself(self) -> Iterator[None]:
        """Typing that is no dictation."""
        try:
            yield
        finally:
            self._stages.on_typist(self._release)

    # on the typist thread

    def _claim(self) -> Claim:
        """Claim the focused window; what was typed elsewhere is not of interest any more."""
        claim = self._stages.keyboard.claim()
        if not claim.continues:
            self._before = Session
        return claim

    def _claim_for(self, late: bool, report: Report) -> Claim | None:
        """The claim; None where there is none, and what is said is to be heard all the same."""
        try:
            return self._claim()
        except KeyboardError as error:
            if not late:
                raise
            self._release()
            report(error)
            return None

    def _release(self) -> None:
        with suppress(KeyboardError):  # who claims next is told
            self._stages.keyboard.release()

    def _type_piece(self, piece: Patch) -> None:
        hint = "It is kept among the last dictations: copy it there, or type it again."
        if self._broken_off:
            raise KeyboardError(f"The text was not typed to its end: {self._broken_off}.", hint)
        try:
            self._stages.keyboard.apply(piece)
        except PatchInterrupted as error:
            raise KeyboardError(error.sentence, hint) from error

    def _take_back(self, taken: int, of: int) -> int:
        """The next piece of `of` characters, `taken` of which are gone; how many it was."""
        piece = Patch(min(_PIECE, of - taken), "")
        if self._broken_off:
            raise broken_off(taken, of, self._broken_off)
        if not self._stages.keyboard.claim().continues:
            raise broken_off(taken, of, "you typed or clicked, or went elsewhere")
        try:
            self._stages.keyboard.apply(piece)
        except PatchInterrupted as error:
            raise broken_off(taken + error.erased, of, error.reason.value) from error
        except KeyboardError as error:
            raise broken_off(taken, of, error.sentence) from error
        return piece.backspaces

    def _observe(self, event: FocusChanged | UserTyped | KeyboardLost) -> None:
        if isinstance(event, KeyboardLost):
            self._lost()
        else:
            self._stages.control.on_next(event)


def _nowhere(settings: Settings) -> Session:
    """A session that types nothing."""
    started, _ = step(
        Session(patching=settings.patching),
        Started(terms=replace(settings.terms, rules=_rules(settings, Claim()))),
    )
    return step(started, FocusChanged(ours=False))[0]


def _terms(claim: Claim, settings: Settings) -> Terms:
    given = terms(claim, settings.terms, settings.applications, settings.new_lines)
    return replace(given, rules=_rules(settings, claim))


def _rules(settings: Settings, claim: Claim) -> Rules | None:
    """What is made of the words that are said into the claimed window; None: nothing."""
    vocabulary = settings.vocabulary.at(claim.app, claim.instance)
    rules = Rules(settings.commands, settings.language, vocabulary)
    return None if rules.none else rules


def _last(session: Session) -> str:
    """The character that a session's text ends with, where it is known to be ours."""
    return (session.before + session.done)[-1:]
