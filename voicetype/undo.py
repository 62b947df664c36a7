"""Whether the last dictation can be taken back, and why not. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from voicetype.core import evidence
from voicetype.core.events import Erasing
from voicetype.core.patch import simple
from voicetype.core.session import Session
from voicetype.errors import UndoError
from voicetype.keyboard import Claim
from voicetype.policies import Policy, named, ruling

BY_HAND = "Erase it by hand. What was said is kept among the last dictations."


def check_session(session: Session) -> None:
    """Raise UndoError where what a session typed does not stand together, or is nothing."""
    if session.out_of_reach:
        raise UndoError(
            "The last dictation does not stand in one piece: you typed, clicked or went elsewhere meanwhile.",
            BY_HAND,
        )
    if not session.undoable.strip():
        raise UndoError(
            "There is nothing to take back.", "Only the last dictation can be taken back, and only once."
        )


def check_claim(text: str, claim: Claim, rules: Mapping[str, str]) -> None:
    """Raise UndoError where `text` may not be erased in the claimed window, or not for certain.

    How deep a correction may go is no limit here: it is the user who asks.
    """
    if not claim.continues:
        raise UndoError(
            "The last dictation can't be taken back: you typed or clicked since, or went elsewhere.", BY_HAND
        )
    policy = ruling(claim, rules).policy
    if policy is not Policy.IN_PLACE:
        raise UndoError(
            f"voicetype erases nothing in {named(claim)}: its policy is {policy}.",
            f'Erase it by hand; or allow it: [typing.applications], "{named(claim)}" = "in-place".',
        )
    if claim.erasing is Erasing.NONE:
        raise UndoError("Whether the text still stands as it was typed is not known here.", BY_HAND)
    if claim.erasing is Erasing.KEYS and not simple(text):
        raise UndoError(
            "The text has characters of which some programs erase only a part: emoji, or joined marks.",
            BY_HAND,
        )


def check_field(text: str, read: str | None) -> None:
    """Raise UndoError where the application says that something else stands there.

    `read`: what `Keyboard.read` says of `text` and evidence.SPARE code points before it.
    """
    if read is not None and not evidence.agrees(read, text):
        raise UndoError("Something else stands before the caret than what was typed.", BY_HAND)


def broken_off(taken: int, of: int, reason: str) -> UndoError:
    """What the user is told where only a part could be taken back, or nothing. Counts graphemes."""
    part = f"Only the last {taken} of {of} characters were taken back" if taken else "Nothing was taken back"
    return UndoError(f"{part}: {reason}.", f"The rest stands. {BY_HAND}")
