"""A world around the reducer: fields, a user who types and goes elsewhere, a typist that is interrupted."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.test_session import dictations
from voicetype.core import patch as patches
from voicetype.core.events import (
    Cancelled,
    Claimed,
    Erasing,
    Event,
    FocusChanged,
    Patch,
    PatchApplied,
    PatchFailed,
    Patching,
    Showing,
    Started,
    Terms,
    UserTyped,
)
from voicetype.core.patch import graphemes
from voicetype.core.session import Session, step
from voicetype.keyboard.composing import Composed, change

USERS = "#"  # no model says this


@dataclass
class World:
    """Fields, by number; what the session typed into the claimed one stands at its end."""

    session: Session
    data: st.DataObject
    terms: Terms
    fields: list[str] = field(default_factory=lambda: [USERS])
    claimed: int = 0
    here: bool = True  # the claimed field has the focus
    touched: bool = False  # behind what was typed, the user typed
    late: list[Event] = field(default_factory=list)  # what the watcher has yet to report
    composed: Composed = field(default_factory=Composed)
    waiting: Patch | None = None

    def feed(self, event: Event) -> None:
        sealed = self.session.done
        self.session, made = step(self.session, event)
        assert self.session.done.startswith(sealed) or isinstance(event, Started)
        if made is not None:
            assert self.waiting is None
            self.waiting = made
        if self.session.finished:
            self.commit()  # the keyboard is released
        self.check()

    def report(self) -> None:
        while self.late:
            self.feed(self.late.pop(0))

    def hear(self, event: Event) -> None:
        self.late.append(event)
        if self.terms.preedit or self.data.draw(st.booleans(), "reported at once"):
            self.report()

    def check(self) -> None:
        """What the session takes for its own stands before the caret."""
        if self.waiting is None and not self.late and not self.touched and self.here:
            session = self.session
            assert (self.fields[self.claimed] + self.composed.preedit).endswith(session.undoable)

    # the user

    def key(self) -> None:
        if self.here:
            self.commit()
            self.fields[self.claimed] += USERS
        self.touched = True
        self.hear(UserTyped())

    def commit(self) -> None:
        """A key of the user's: the input method commits what stands."""
        self.fields[self.claimed] += self.composed.preedit
        self.composed = Composed()

    def leave(self) -> None:
        if self.here:
            self.here, self.touched = False, True
            self.composed = Composed()  # with its preedit
            self.hear(FocusChanged(ours=False))

    def come_back(self) -> None:
        if not self.here:
            self.here = True
            self.hear(FocusChanged(ours=True))

    def claim(self, terms: Terms) -> None:
        """Goes on elsewhere."""
        self.report()
        if self.here or not self.session.lost_focus or self.waiting is not None:
            return
        self.fields.append(USERS)
        self.claimed = len(self.fields) - 1
        self.here, self.touched, self.terms = True, False, terms
        self.composed = Composed()
        self.feed(Claimed(terms))

    # the typist

    def type(self, *, wholly: bool = False) -> None:
        """The patch in flight: refused, applied, or interrupted, as an adapter does it."""
        made = self.waiting
        if made is None:
            return
        if made.epoch != self.session.epoch or (self.touched and made.backspaces):
            self.done(PatchFailed(0, 0, lost=False))
        elif not self.here:
            self.done(PatchFailed(0, 0, lost=True))
        else:
            self.report()  # an adapter waits for its watcher first
            self.touched = False
            self.strike(made, wholly=wholly)
        self.report()

    def strike(self, made: Patch, *, wholly: bool) -> None:
        """All of it, or a part. An input method does all or nothing."""
        count, length = made.backspaces, len(graphemes(made.text))
        erased = count if wholly else self.data.draw(st.integers(0, count), "erased")
        typed = (
            length if wholly else self.data.draw(st.integers(0, length), "typed") if erased == count else 0
        )
        if (erased, typed) == (count, length):
            self.put(made, erased, typed)
            doubted = not wholly and self.data.draw(st.integers(0, 9), "doubted") == 0
            self.done(PatchApplied(doubted=doubted))
            return
        if self.terms.preedit:
            erased = typed = 0
        else:
            self.put(made, erased, typed)
        self.interrupted(erased, typed)

    def interrupted(self, erased: int, typed: int) -> None:
        lost = self.data.draw(st.booleans(), "lost")
        self.touched = True
        if lost:
            self.here, self.composed = False, Composed()
            self.late.append(FocusChanged(ours=False))
        else:
            self.commit()
            self.fields[self.claimed] += USERS
            self.late.append(UserTyped())
        if self.data.draw(st.booleans(), "the watcher comes first"):
            self.report()
        self.done(PatchFailed(erased, typed, lost=lost))

    def done(self, how: PatchApplied | PatchFailed) -> None:
        self.waiting = None
        self.feed(how)

    def put(self, made: Patch, erased: int, typed: int) -> None:
        if self.terms.preedit:
            # Committed text before what this field was given since the user last typed is not ours.
            self.composed, did = change(self.composed, made)
            text = self.fields[self.claimed]
            assert USERS not in did.delete
            assert text.endswith(did.delete)
            assert self.terms.erasing is not Erasing.NONE or not did.delete
            self.fields[self.claimed] = text[: len(text) - len(did.delete)] + did.commit
            return
        text = self.fields[self.claimed]
        gone = graphemes(text)[len(graphemes(text)) - erased :]
        assert USERS not in gone
        assert len(gone) <= self.terms.depth
        assert self.terms.erasing is not Erasing.NONE or not gone
        self.fields[self.claimed] = patches.partly(text, made, erased, typed)


TERMS = st.builds(
    Terms,
    st.sampled_from(Showing),
    st.sampled_from(Erasing),
    st.sampled_from([0, 3, 20, 200]),
    st.just(False),
)
PREEDIT = st.builds(
    Terms, st.sampled_from(Showing), st.sampled_from(Erasing), st.sampled_from([0, 3, 200]), st.just(True)
)


def dictated(world: World, happenings: list[Event], others: st.SearchStrategy[Terms]) -> None:
    """What is said, and what happens meanwhile; at the end the typist comes to an end."""
    world.feed(Started(terms=world.terms))
    for event in happenings:
        world.feed(event)
        happens(world, others)
    world.report()
    if world.data.draw(st.booleans(), "back"):
        world.come_back()
        world.report()
    while world.waiting is not None:
        world.type(wholly=True)
    world.commit()  # as a keyboard does when it is released


def happens(world: World, others: st.SearchStrategy[Terms]) -> None:
    match world.data.draw(st.integers(0, 12), "what happens"):
        case 0:
            world.key()
        case 1:
            world.leave()
        case 2:
            world.come_back()
        case 3:
            world.claim(world.data.draw(others))
        case 4:
            world.report()
        case 5 | 6:
            world.type()
        case 7 if world.data.draw(st.integers(0, 15)) == 0:
            world.feed(Cancelled(keep=world.data.draw(st.booleans())))
        case _:
            world.type(wholly=True)


def check(
    happenings: list[Event], terms: st.SearchStrategy[Terms], patching: Patching, data: st.DataObject
) -> None:
    """Nothing of the user's is erased (see `put`), nothing of ours is lost or doubled, and it ends."""
    world = World(Session(patching), data, data.draw(terms))
    dictated(world, happenings, terms)
    assert world.session.finished
    assert not world.here or not world.session.untyped
    stands = "".join(world.fields).replace(USERS, "").replace(" ", "")
    assert stands == (world.session.done + world.session.on_screen).replace(" ", "")


@settings(max_examples=400, deadline=None)
@given(dictations(), st.sampled_from(Patching), st.data())
def test_by_keys(happenings: list[Event], patching: Patching, data: st.DataObject) -> None:
    check(happenings, TERMS, patching, data)


@settings(max_examples=400, deadline=None)
@given(dictations(), st.sampled_from(Patching), st.data())
def test_by_preedit(happenings: list[Event], patching: Patching, data: st.DataObject) -> None:
    check(happenings, PREEDIT, patching, data)
