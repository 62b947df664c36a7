"""The reducer: everything that decides what stands on the screen.

`step(session, event)` is pure and total. The theory, in five rules:

Rule 1. What we want on the screen is the texts of the open utterances, oldest first. One diff
against what is there serves drafts, confirmations that come late, and corrections across
utterances alike.
Rule 2. `on_screen` is known, never hoped for: one patch is in flight at a time, and only what the
typist says of it changes `on_screen`. What is wanted meanwhile waits for that word.
Rule 3. The oldest utterance is *sealed* once its last confirmation stands on the screen. Sealed text
is never touched again.
Rule 4. A key or a click of the user's own, or a lost focus, seals what stands: the rest of an
utterance may still be appended, nothing before it can be mended. Each such event begins a new
epoch, and the typist does not type patches of an older one.
Rule 5. While the window that the session types into does not have the focus, nothing is wanted of
the typist; the text goes on and waits for the focus, a claim elsewhere, or the end of the session.
Rule 6. What the terms forbid to erase is sealed where it would have to be erased; the mend begins behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from voicetype.core import patch, wording
from voicetype.core.events import (
    Cancelled,
    Claimed,
    Confidence,
    Erasing,
    Event,
    FocusChanged,
    Patch,
    PatchApplied,
    PatchFailed,
    Patching,
    Showing,
    SpeechEnded,
    SpeechStarted,
    Started,
    Stopped,
    Terms,
    TranscriptSegment,
    Unconfirmed,
    UserTyped,
)
from voicetype.core.utterance import Utterance
from voicetype.core.verification import Standing


@dataclass(frozen=True, slots=True)
class Session:
    """A dictation. `shown` are the pieces of `on_screen`, one for each of the first utterances."""

    patching: Patching = Patching.DIFF
    terms: Terms = Terms()
    epoch: int = 0
    before: str = ""  # the character before our text where it is known to be ours
    done: str = ""  # the sealed text
    ours_from: int = 0  # where in `done` begins what stands directly before the caret
    utterances: tuple[Utterance, ...] = ()
    on_screen: str = ""  # ours to mend
    draft: int = 0  # how many graphemes at its end are preedit
    shown: tuple[str, ...] = ()
    in_flight: Patch | None = None
    aimed: tuple[str, ...] = ()  # the pieces that stand once the patch in flight does
    lost_focus: bool = False
    refocused: bool = False  # while the patch in flight was typed: its word on the focus is out of date
    stopped: bool = False

    def pieces(self) -> tuple[str, ...]:
        """The text wanted of each open utterance, with the space before it."""
        pieces: list[str] = []
        last = (self.before + self.done)[-1:]
        for utterance in self.utterances:
            said = "".join(utterance.words(self.patching, self.showing))
            if not utterance.sealed or last.isspace():
                said = said.lstrip()  # else it goes on where it was sealed, perhaps in mid-word
            piece = said if utterance.sealed else wording.join(last, said)
            pieces.append(piece)
            last = (last + piece)[-1:]
        return tuple(pieces)

    @property
    def showing(self) -> Showing:
        """Which text is typed: a draft that could not be mended is not."""
        terms = self.terms
        mendable = terms.preedit or (terms.depth and terms.erasing is not Erasing.NONE)
        return terms.showing if mendable or terms.showing is Showing.FINAL else Showing.STABLE

    @property
    def undoable(self) -> str:
        """What this session typed directly before the caret."""
        return self.done[self.ours_from :] + self.on_screen

    @property
    def out_of_reach(self) -> bool:
        """Whether it also typed what the caret does not stand behind any more."""
        return bool(self.done[: self.ours_from].strip())

    @property
    def committed(self) -> str:
        """What stands of `on_screen` as the application's own."""
        clusters = patch.graphemes(self.on_screen)
        return "".join(clusters[: len(clusters) - self.draft])

    @property
    def expected(self) -> str:
        """What of ours stands committed directly before the caret once the patch in flight has landed."""
        if self.in_flight is None:
            return self.undoable
        clusters = patch.graphemes(patch.apply(self.on_screen, self.in_flight))
        return self.done[self.ours_from :] + "".join(clusters[: len(clusters) - self.in_flight.draft])

    @property
    def text(self) -> str:
        """The whole text of the session so far, typed or not."""
        return (self.done + "".join(self.pieces())).strip()

    def standing(self, utterance: int) -> Standing:
        """What was said of an open utterance, for the heavy model to judge; nothing of a closed one."""
        for each in self.utterances:
            if each.id == utterance:
                return Standing("".join(each.candidate).strip(), len(each.confirmed))
        return Standing()

    @property
    def doubtful(self) -> bool:
        """Whether words of the newest utterance are held back, so that the heavy model's word is wanted."""
        return bool(self.utterances) and self.utterances[-1].doubtful

    @property
    def untyped(self) -> str:
        """The end of the text that is wanted on the screen and does not stand there."""
        return "".join(self.pieces())[len(self.on_screen) :].strip()

    @property
    def finished(self) -> bool:
        """Nothing will change any more."""
        settled = self.stopped and self.in_flight is None and all(u.final for u in self.utterances)
        return settled and (self.lost_focus or not self.utterances)


def step(session: Session, event: Event) -> tuple[Session, Patch | None]:
    """Take one event in; the patch, if any, is in flight until PatchApplied or PatchFailed comes."""
    rewrite, seen = False, session.showing is Showing.DRAFTS
    match event:
        case Started(continues, terms):
            before = (session.before + session.done)[-1:] if continues else ""
            session = Session(session.patching, terms, session.epoch + 1, before)
        case Claimed(terms):
            session = _moved(session, terms)
        case SpeechStarted(utterance) if not session.stopped:
            session = replace(session, utterances=(*session.utterances, Utterance(utterance)))
        case TranscriptSegment(confidence=Confidence.DRAFT):
            session = _change(session, event.utterance, lambda u: u.drafted(event))
        case TranscriptSegment():
            session = _change(session, event.utterance, lambda u: u.corrected(event, seen=seen))
            rewrite = session.patching is Patching.REPLACE
        case Unconfirmed(utterance):
            session = _change(session, utterance, Utterance.settled)
        case Cancelled(keep):
            session = _let_go(replace(session, epoch=session.epoch + 1)) if keep else session
            silenced = tuple(u.silenced() for u in session.utterances)
            session = replace(session, utterances=silenced, stopped=True)
        case Stopped():
            session = replace(session, stopped=True)
        case UserTyped():
            session = _touched(replace(session, epoch=session.epoch + 1))
        case FocusChanged(ours) if ours is session.lost_focus:
            session = session if ours else _without_preedit(session)
            session = replace(session, epoch=session.epoch + 1, lost_focus=not ours, refocused=ours)
            session = _touched(session)
        case PatchApplied() | PatchFailed():
            session = _landed(session, event)
        case SpeechStarted() | SpeechEnded() | FocusChanged():
            pass
    return _aim(_seal(session), rewrite=rewrite)


def _change(session: Session, utterance: int, change: Callable[[Utterance], Utterance]) -> Session:
    changed = tuple(change(u) if u.id == utterance else u for u in session.utterances)
    return replace(session, utterances=changed)


def _aim(session: Session, *, rewrite: bool) -> tuple[Session, Patch | None]:
    """The patch to what is wanted now, unless one is in flight or the focus is elsewhere (rules 2, 5)."""
    if session.in_flight is not None or session.lost_focus:
        return session, None
    session = _reachable(session)
    pieces, draft = session.pieces(), _drafted(session)
    erasable = not patch.out_of_reach(session.on_screen, "", session.terms, session.draft)
    keep = 0 if rewrite and erasable else None
    aim = patch.make(session.on_screen, "".join(pieces), epoch=session.epoch, keep=keep)
    if aim is None and draft == session.draft:
        return _seal(replace(session, shown=pieces)), None
    aim = replace(aim or Patch(0, "", session.epoch), draft=draft)
    return replace(session, in_flight=aim, aimed=pieces, refocused=False), aim


def _reachable(session: Session) -> Session:
    """What would have to be erased and can't be is sealed (rule 6)."""
    while fixed := patch.out_of_reach(
        session.on_screen, "".join(session.pieces()), session.terms, session.draft
    ):
        front = "".join(patch.graphemes(session.on_screen)[:fixed])
        session = _seal_front(session, front)
    return session


def _drafted(session: Session) -> int:
    """How many graphemes at the end of what is wanted are to be preedit.

    What the heavy model has confirmed is committed; where that can't be mended afterwards, not before it
    is final.
    """
    if not session.terms.preedit:
        return 0
    pieces = session.pieces()
    count = len(patch.graphemes("".join(pieces)))
    for utterance, piece in zip(session.utterances, pieces, strict=True):
        if utterance.final:
            count -= len(patch.graphemes(piece))
            continue
        if session.terms.erasing is Erasing.EXACT:
            space = piece[: len(piece) - len(piece.lstrip())]
            said = "".join(utterance.words(session.patching, Showing.STABLE)).lstrip()
            count -= patch.common(piece, space + said) if said else 0
        break
    return count


def _landed(session: Session, event: PatchApplied | PatchFailed) -> Session:
    """What the typist says of the patch in flight becomes what is known of the screen (rule 2)."""
    aim = session.in_flight
    if aim is None:
        return session
    if isinstance(event, PatchApplied):
        on_screen = patch.apply(session.on_screen, aim)
        session = replace(session, on_screen=on_screen, shown=session.aimed, draft=aim.draft)
    else:
        on_screen = patch.partly(session.on_screen, aim, event.erased, event.typed)
        pieces = session.aimed if event.typed or event.erased == aim.backspaces else session.shown
        session = replace(
            session,
            on_screen=on_screen,
            shown=_divide(on_screen, pieces),
            draft=0 if event.erased or event.typed else session.draft,
            epoch=session.epoch + 1,
            lost_focus=session.lost_focus or (event.lost and not session.refocused),
        )
    session = replace(session, in_flight=None, aimed=())
    session = _without_preedit(session) if session.lost_focus else session
    if isinstance(event, PatchApplied) and event.doubted:
        session = replace(session, terms=replace(session.terms, erasing=Erasing.NONE))
        return _touched(session)
    return _touched(session) if aim.epoch != session.epoch else session


def _divide(on_screen: str, pieces: tuple[str, ...]) -> tuple[str, ...]:
    """`on_screen`, a beginning of the joined pieces, as pieces of its own."""
    divided: list[str] = []
    for piece in pieces:
        divided.append(on_screen[: len(piece)])
        on_screen = on_screen[len(piece) :]
    return tuple(divided)


def _touched(session: Session) -> Session:
    """Whatever stands before the caret now, it is not ours (rule 4)."""
    session = _let_go(session)
    return session if session.in_flight else replace(session, ours_from=len(session.done))


def _let_go(session: Session) -> Session:
    """Seal what stands; a patch in flight is let go of when its fate is known."""
    return session if session.in_flight is not None else _seal_front(session, session.on_screen)


def _without_preedit(session: Session) -> Session:
    """The field has lost the focus: what was not committed is gone, and wanted again."""
    if session.in_flight is not None or not session.draft:
        return session
    kept = session.committed
    return replace(session, on_screen=kept, shown=_divide(kept, session.shown), draft=0)


def _moved(session: Session, terms: Terms) -> Session:
    """Another field has been claimed: nothing of ours stands in it yet, and no space is wanted first."""
    if session.in_flight is not None:
        return session  # a claim of a field that was left again
    session = _let_go(session)
    gap = " " if session.done and not session.done.endswith(" ") else ""
    done = session.done + gap
    return replace(session, terms=terms, done=done, ours_from=len(done), before="", lost_focus=False)


def _seal_front(session: Session, front: str) -> Session:
    """Seal a beginning of what stands."""
    shown = session.shown + ("",) * (len(session.utterances) - len(session.shown))
    sealed = _divide(front, shown)
    kept = tuple(
        replace(u, sealed=u.sealed + piece) for u, piece in zip(session.utterances, sealed, strict=True)
    )
    return replace(
        session,
        done=session.done + front,
        on_screen=session.on_screen[len(front) :],
        shown=tuple(piece[len(part) :] for piece, part in zip(shown, sealed, strict=True)),
        draft=min(session.draft, len(patch.graphemes(session.on_screen[len(front) :]))),
        utterances=kept,
    )


def _seal(session: Session) -> Session:
    """Seal the oldest utterances whose last confirmation stands on the screen (rule 3)."""
    while session.in_flight is None and session.utterances and session.utterances[0].final:
        wanted, shown = session.pieces()[0], (session.shown or ("",))[0]
        if wanted != shown or not session.committed.startswith(shown):
            break
        session = replace(
            session,
            done=session.done + shown,
            on_screen=session.on_screen[len(shown) :],
            shown=session.shown[1:],
            utterances=session.utterances[1:],
        )
    return session
