"""The reducer: everything that decides what stands on the screen.

`step(session, event)` is pure and total. The theory, in six rules:

Rule 1. What we want on the screen is the texts of the open utterances, oldest first. One diff
against what is there serves drafts, confirmations that come late, and corrections across
utterances alike.
Rule 2. `on_screen` is known, never hoped for: one patch is in flight at a time, and only what the
typist says of it changes `on_screen`. What is wanted meanwhile waits for that word.
Rule 3. The oldest utterance is *sealed* once its last confirmation stands on the screen. Sealed text
is not touched again, but by rule 7.
Rule 4. A key or a click of the user's own, or a lost focus, seals what stands: the rest of an
utterance may still be appended, nothing before it can be mended. Each such event begins a new
epoch, and the typist does not type patches of an older one.
Rule 5. While the window that the session types into does not have the focus, nothing is wanted of
the typist; the text goes on and waits for the focus, a claim elsewhere, or the end of the session.
Rule 6. What the terms forbid to erase is sealed where it would have to be erased; the mend begins behind it.
An utterance of which something is sealed, and of a later one too, says no more: it would say it out of order.
Rule 7. A spoken command may want something else of sealed text that stands directly before the caret: that is
open again, and falls under the rules before. Where they forbid what is scratched, nothing of it goes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from voicetype.core import patch
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
    TranscriptSegment,
    Unconfirmed,
    UserTyped,
)
from voicetype.core.sealing import (
    committed,
    distrusted,
    divide,
    let_go,
    moved,
    reachable,
    seal_finished,
    touched,
    without_preedit,
)
from voicetype.core.state import Session
from voicetype.core.utterance import Utterance

__all__ = ["Session", "step"]


def step(session: Session, event: Event) -> tuple[Session, Patch | None]:
    """Take one event in; the patch, if any, is in flight until PatchApplied or PatchFailed comes."""
    rewrite = False
    match event:
        case Started(continues, terms):
            before = (session.before + session.done)[-1:] if continues else ""
            session = Session(session.patching, terms, session.epoch + 1, before)
        case Claimed(terms, empty):
            session = moved(session, terms, empty=empty)
        case SpeechStarted(utterance) if not session.stopped:
            session = replace(session, utterances=(*session.utterances, Utterance(utterance)))
        case TranscriptSegment(confidence=Confidence.DRAFT):
            session = _change(session, event.utterance, lambda u: u.drafted(event))
        case TranscriptSegment():
            seen = _is_seen(session, event)
            session = _change(session, event.utterance, lambda u: u.corrected(event, seen=seen))
            rewrite = session.patching is Patching.REPLACE
        case Unconfirmed(utterance):
            session = _change(session, utterance, Utterance.settled)
        case Cancelled(keep):
            session = let_go(replace(session, epoch=session.epoch + 1)) if keep else session
            silenced = tuple(u.silenced() for u in session.utterances)
            session = replace(session, utterances=silenced, stopped=True)
        case Stopped():
            session = replace(session, stopped=True)
        case UserTyped():
            session = touched(replace(committed(session), epoch=session.epoch + 1))
        case FocusChanged(ours) if ours is session.lost_focus:
            session = session if ours else without_preedit(session)
            session = replace(session, epoch=session.epoch + 1, lost_focus=not ours, refocused=ours)
            session = touched(session)
        case PatchApplied() | PatchFailed():
            session = _landed(session, event)
        case SpeechStarted() | SpeechEnded() | FocusChanged():
            pass
    return _aim(seal_finished(session), rewrite=rewrite)


def _change(session: Session, utterance: int, change: Callable[[Utterance], Utterance]) -> Session:
    utterances = session.utterances
    for at in range(len(utterances) - 1, -1, -1):  # it is one of the last, of which there may be many
        if utterances[at].id == utterance:
            changed = session.rewritten(change(utterances[at]))
            return replace(session, utterances=(*utterances[:at], changed, *utterances[at + 1 :]))
    return session


def _is_seen(session: Session, said: TranscriptSegment) -> bool:
    """Whether to mend words costs keys; what a command does is worth them, however many."""
    whole = said.final or said.to_pause
    return session.showing is Showing.DRAFTS and not (whole and session.commanded(said))


def _aim(session: Session, *, rewrite: bool) -> tuple[Session, Patch | None]:
    """The patch to what is wanted now, unless one is in flight or the focus is elsewhere (rules 2, 5)."""
    if session.in_flight is not None or session.lost_focus:
        return session, None
    session = reachable(session)
    pieces, draft = session.pieces(), _drafted(session)
    erasable = not patch.out_of_reach(session.on_screen, "", session.terms, session.draft)
    keep = 0 if rewrite and erasable else None
    aim = patch.make(session.on_screen, "".join(pieces), epoch=session.epoch, keep=keep)
    if aim is None and draft == session.draft:
        return seal_finished(replace(session, shown=pieces)), None
    aim = replace(aim or Patch(0, "", session.epoch), draft=draft, new_lines=session.terms.new_lines)
    return replace(session, in_flight=aim, aimed=pieces, refocused=False), aim


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
            shown=divide(on_screen, pieces),
            draft=0 if event.erased or event.typed else session.draft,
            epoch=session.epoch + 1,
            lost_focus=session.lost_focus or (event.lost and not session.refocused),
        )
    session = replace(session, in_flight=None, aimed=())
    # A focus that went and came back meanwhile has taken the preedit with it, too.
    session = without_preedit(session) if session.lost_focus or session.refocused else session
    if isinstance(event, PatchApplied) and event.doubted:
        session = distrusted(session)
    return touched(session) if aim.epoch != session.epoch else session


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
        if session.terms.erasing is Erasing.EXACT and session.terms.depth:
            count -= _stable(session, utterance, piece)
        break
    _, line, last = "".join(pieces).rpartition("\n")  # an input method commits what it breaks a line behind
    return min(count, len(patch.graphemes(last))) if line else count


def _stable(session: Session, utterance: Utterance, piece: str) -> int:
    """How many graphemes at the beginning of an utterance's text are not likely to change."""
    if session.terms.rules is None:
        said = "".join(utterance.words(session.patching, Showing.STABLE)).lstrip()
    else:
        stable = session.as_shown(replace(session.terms, showing=Showing.STABLE)).pieces()
        said = stable[session.utterances.index(utterance)].lstrip(" ")
    space = piece[: len(piece) - len(piece.lstrip(" "))]
    return patch.common(piece, space + said) if said else 0
