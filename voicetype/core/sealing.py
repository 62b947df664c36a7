"""What stops being ours to erase: text is sealed, from its beginning. Pure; the rules are in `session`."""

from __future__ import annotations

from dataclasses import replace

from voicetype.core import patch
from voicetype.core.events import Erasing, Terms
from voicetype.core.state import Session


def touched(session: Session) -> Session:
    """Whatever stands before the caret now, it is not ours (rule 4)."""
    session = let_go(session)
    return session if session.in_flight else replace(session, ours_from=len(session.done))


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
    return replace(session, terms=terms, ours_from=len(session.done))


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
    gap = " " if empty and session.done and not session.done.endswith(" ") else ""
    done = session.done + gap
    # What is sealed of an utterance says which words it has; they don't run together here either.
    kept = tuple(replace(u, sealed=u.sealed + gap) if u.sealed else u for u in session.utterances)
    session = replace(session, utterances=kept, terms=terms, done=done)
    return replace(session, ours_from=len(done), before="", lost_focus=False)


def reachable(session: Session) -> Session:
    """What would have to be erased and can't be is sealed (rule 6)."""
    while fixed := patch.out_of_reach(
        session.on_screen, "".join(session.pieces()), session.terms, session.draft
    ):
        front = "".join(patch.graphemes(session.on_screen)[:fixed])
        session = _seal_front(session, front)
    return session


def seal_finished(session: Session) -> Session:
    """Seal the oldest utterances whose last confirmation stands on the screen (rule 3)."""
    if session.in_flight is not None or not (session.utterances and session.utterances[0].final):
        return session
    committed = len(session.committed)
    while session.utterances and session.utterances[0].final:
        wanted, shown = next(session.each_piece()), (session.shown or ("",))[0]
        if wanted != shown or len(shown) > committed:
            break
        committed -= len(shown)
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
