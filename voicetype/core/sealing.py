"""What stops being ours to erase: text is sealed, from its beginning. Pure; the rules are in `session`."""

from __future__ import annotations

from dataclasses import replace

from voicetype.core import patch
from voicetype.core.commands import Listening
from voicetype.core.events import Erasing, Terms
from voicetype.core.state import Closed, Session
from voicetype.core.writing import Manner

_KEPT = 8  # closed utterances that a command may reach


def touched(session: Session) -> Session:
    """Whatever stands before the caret now, it is not ours (rule 4)."""
    session = let_go(session)
    return session if session.in_flight else _apart(session)


def _apart(session: Session) -> Session:
    """What is sealed does not stand before the caret any more."""
    if session.terms.rules is not None:  # what a command could reach it has changed by now
        utterances = tuple(replace(u, reported=u.reported or u.commands) for u in session.utterances)
        session = replace(session, closed=(), manner=Manner(), utterances=utterances)
    return replace(session, ours_from=len(session.done))


def let_go(session: Session) -> Session:
    """Seal what stands; a patch in flight is let go of when its fate is known."""
    return session if session.in_flight is not None else _seal_front(session, session.on_screen)


def committed(session: Session) -> Session:
    """The user typed: an input method has committed what it showed, unless the focus had taken that."""
    return session if session.lost_focus or session.refocused else replace(session, draft=0)


def distrusted(session: Session) -> Session:
    """Something else may stand than what was committed; what is shown as preedit can still be changed."""
    session = _seal_front(session, session.committed)
    terms = replace(session.terms, erasing=Erasing.NONE)
    return _apart(replace(session, terms=terms))


def without_preedit(session: Session) -> Session:
    """The field has lost the focus: what was not committed is gone, and wanted again."""
    if session.in_flight is not None or not session.draft:
        return session
    kept = session.committed
    return replace(session, on_screen=kept, shown=divide(kept, session.shown), draft=0)


def moved(session: Session, terms: Terms, *, empty: bool) -> Session:
    """Another field is claimed, where nothing is ours yet; in an empty one no space comes first."""
    if session.in_flight is not None:
        return session  # a claim of a field that was left again
    session = let_go(session)
    gap = " " if empty and session.done and not session.done[-1].isspace() else ""
    done = session.done + gap
    # What is sealed of an utterance says which words it has; they don't run together here either.
    kept = tuple(replace(u, sealed=u.sealed + gap) if u.sealed else u for u in session.utterances)
    session = replace(session, utterances=kept, done=done, before="", lost_focus=False)
    return _apart(session).as_shown(terms)


def reachable(session: Session) -> Session:
    """What would have to be erased and can't be is sealed (rule 6)."""
    while fixed := patch.out_of_reach(
        session.on_screen, "".join(session.pieces()), _reach(session), session.draft
    ):
        front = "".join(patch.graphemes(session.on_screen)[:fixed])
        session = _seal_front(session, front)
    return session


def _reach(session: Session) -> Terms:
    """The terms; what the user scratches may be erased however long it is, where anything may."""
    terms = session.terms
    if terms.rules is None or not terms.depth or not session.outcome().scratched:
        return terms
    return replace(terms, depth=max(terms.depth, len(session.on_screen)))


def _reopened(session: Session) -> Session:
    """Closed utterances of which something else is wanted now are open again (rule 7)."""
    outcome = session.outcome() if session.closed else None
    if outcome is None or len(outcome.written) == len(session.utterances):
        return session
    begin = len(session.done) - sum(len(each.piece) for each in session.closed)
    last = session.done[begin - 1 : begin] if begin else session.before[-1:]
    for at, (each, text) in enumerate(zip(session.closed, outcome.written, strict=False)):
        wanted = text.placed(last)
        if wanted != each.piece:
            return _opened(session, at)
        last = wanted[-1:] or last
    return session


def _is_reached(session: Session) -> bool:
    """Whether an utterance that is not over may say something of those before it, and think better of it."""
    return any(u.commands and not u.final for u in session.utterances)


def _opened(session: Session, at: int) -> Session:
    """The closed ones from one on are open again."""
    again = session.closed[at:]
    text = "".join(each.piece for each in again)
    return replace(
        session,
        closed=session.closed[:at],
        manner=again[0].manner,
        done=session.done[: len(session.done) - len(text)],
        on_screen=text + session.on_screen,
        shown=(*(each.piece for each in again), *session.shown),
        utterances=(*(each.utterance for each in again), *session.utterances),
    )


def _closing(session: Session, piece: str) -> Session:
    """The oldest utterance is about to be sealed: what becomes of its commands is remembered."""
    rules = session.terms.rules
    if rules is None or rules.commands is Listening.OFF:
        return session
    first, outcome = session.utterances[0], session.outcome()
    at = len(outcome.manners) - len(session.utterances)
    closed = () if first.stands_sealed else session.closed
    if first.told and not first.stands_sealed:
        before = outcome.manners[at - 1] if at else session.manner
        closed = (*closed, Closed(replace(first, reported=True), piece, before))[-_KEPT:]
    return replace(
        session,
        closed=closed,
        manner=outcome.manners[at],
        hushed=session.hushed or outcome.stops == at,
        refused=session.refused + (0 if first.reported else outcome.refused[at]),
        flattened=session.flattened + (0 if first.reported else outcome.flattened[at]),
    )


def seal_finished(session: Session) -> Session:
    """Seal the oldest utterances whose last confirmation stands on the screen (rules 3 and 7)."""
    if session.in_flight is not None:
        return session
    session = _reopened(session)
    if not (session.utterances and session.utterances[0].final):
        return session
    if session.terms.rules is not None and _is_reached(session):
        return session
    committed = len(session.committed)
    while session.utterances and session.utterances[0].final:
        wanted, shown = next(session.each_piece()), (session.shown or ("",))[0]
        if wanted != shown or len(shown) > committed:
            break
        committed -= len(shown)
        session = _closing(session, shown)
        session = replace(
            session,
            done=session.done + shown,
            on_screen=session.on_screen[len(shown) :],
            shown=session.shown[1:],
            utterances=session.utterances[1:],
        )
    return session


def _seal_front(session: Session, front: str) -> Session:
    """Seal a beginning of what stands."""
    shown = session.shown + ("",) * (len(session.utterances) - len(session.shown))
    sealed = divide(front, shown)
    kept = tuple(
        replace(u, sealed=u.sealed + piece) for u, piece in zip(session.utterances, sealed, strict=True)
    )
    return replace(
        session,
        closed=() if front else session.closed,  # it does not stand directly before what can be changed
        done=session.done + front,
        on_screen=session.on_screen[len(front) :],
        shown=tuple(piece[len(part) :] for piece, part in zip(shown, sealed, strict=True)),
        draft=min(session.draft, len(patch.graphemes(session.on_screen[len(front) :]))),
        utterances=kept,
    )


def divide(on_screen: str, pieces: tuple[str, ...]) -> tuple[str, ...]:
    """`on_screen`, a beginning of the joined pieces, as pieces of its own."""
    divided: list[str] = []
    for piece in pieces:
        divided.append(on_screen[: len(piece)])
        on_screen = on_screen[len(piece) :]
    return tuple(divided)
