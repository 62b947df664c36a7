"""The field that takes our text, and what stands of ours in it.

Rule 1. What we claim is one stay in a field (`ibus_focus`). When it ends, the preedit goes with it, and
what is committed is no longer ours to delete.
Rule 2. The user's keys come here before the application has them: the preedit is committed, and only then is
the key let through, so it comes out behind our text.
Rule 3. What the application says of the text before the caret decides: where it does not end with what
we committed, somebody else was there. While a patch is under way it may lag behind.
Rule 4. A click or a change of focus makes the application let go of the preedit. One that tells of its text
says by it whether it has committed that (Qt), or it was dropped as we want it (GTK): then it is
committed where the caret is after a click, and gone with the focus. Where GTK's module does not tell, as
in Chromium, it is asked to commit it where it stands, and taken to have done so.

Everything here is the loop thread's alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from voicetype.core.events import FocusChanged, UserTyped
from voicetype.keyboard.composing import Change, Composed
from voicetype.keyboard.ibus_evidence import Evidence, Verdict, telling
from voicetype.keyboard.ibus_focus import Focus
from voicetype.keyboard.ibus_keys import ESCAPE, Accents, is_modifier
from voicetype.keyboard.ibus_wire import CLEAR, COMMIT, Surrounding, draft, text

Emit = Callable[..., None]
"""Sends a signal of our engine: its name, its signature, its arguments."""

_RELEASE = 1 << 30
_TAIL = 64  # characters before the caret that are compared; ours and what stood before


class Field:
    """The stay that is claimed, if any, and the one that is. Tells the observer what the user does.

    `look`: asks IBus whether the claimed stay has the focus at this moment.
    """

    def __init__(
        self,
        emit: Emit,
        look: Callable[[], Awaitable[bool]],
        observe: Callable[[FocusChanged | UserTyped], None],
    ) -> None:
        self._emit, self._look, self._observe = emit, look, observe
        self.focus: Focus | None = None
        self.claimed: Focus | None = None
        self.composed = Composed()
        self.touched = False  # by the user, or by a change of focus, since the last patch
        self.trusted = False  # the application tells what it shows, and that is what was committed
        self.evidence = Evidence()
        self._last_stay = Focus("", "")
        self._awaited = ""  # the path of what was claimed, while the focus is elsewhere
        self._last = ("", "")  # the path of what was claimed last, and what was committed there
        self._before = ""  # what stood before our text, as far as it is compared
        self._under_way = False
        self._drops = False  # the application drops the preedit when it lets go of it
        self._accents = Accents()
        self._settling: asyncio.Task[None] | None = None

    @property
    def is_ours(self) -> bool:
        """Whether the claimed field has the focus."""
        return self.claimed is not None and self.claimed is self.focus

    # ── what IBus tells ──────────────────────────────────────────────────────────────────────────

    def new_engine(self) -> None:
        """IBus has made our engine anew, and will say everything again."""
        self.focus_out()
        self._last_stay = Focus("", "")

    def focus_in(self, path: str, client: str) -> None:
        """A stay begins; or IBus says a second time, in more words, that it has begun."""
        if self.focus and not self.focus.client and self.focus.path in ("", path):
            self.focus.is_called(path, client)
        else:
            self.focus_out()
            self.focus = self._last_stay.next()
            self.focus.is_called(path, client)
        self.arrived()

    def arrived(self) -> None:
        """More is known of the stay. Is it in the claimed field again, after that had lost the focus?"""
        focus = self.focus
        same = focus is not None and focus.path != "" and focus.path == self._awaited
        if focus and same and (focus.is_of_one_window or self._shows_last(focus)):
            self.claimed, self._awaited = focus, ""
            self._observe(FocusChanged(ours=True))
        self.evidence.news()

    def _shows_last(self, focus: Focus) -> bool:
        path, said = self._last
        # A line without text is no sign: one looks like the other.
        seen = said.rpartition("\n")[2] or "\n" in focus.before
        return bool(said and seen) and path == focus.path and focus.told and focus.ends_with(said[-_TAIL:])

    def focus_out(self) -> None:
        """The stay ends, and what IBus showed there as preedit goes with it."""
        claimed, ours = self.claimed, self.is_ours
        if ours and self.composed.preedit and not self._drops:
            self._user_typed()
        self._last_stay, self.focus = self.focus or self._last_stay, None
        self._accents.forget()
        if claimed and ours:
            self.leave()
            self._awaited = claimed.path
            self._observe(FocusChanged(ours=False))
        self.evidence.news()

    def capabilities(self, capabilities: int) -> None:
        """What the field can do, in IBus's bits."""
        if self.focus:
            self.focus.capabilities = capabilities
            self.arrived()

    def content(self, purpose: int, hints: int) -> None:
        """What the field says it is for."""
        if self.focus:
            self.focus.means(purpose, hints)

    def surrounding(self, told: Surrounding) -> None:
        """What the application says of its text: after our own changes, and when the caret moves."""
        if self.focus is None:
            return
        self.focus.tells(told)
        self.evidence.told(self.focus)
        self.arrived()
        if not self.is_ours or self.touched or self._under_way:
            return
        agrees = self._agrees()
        if self.trusted and not agrees:
            self._disturbed()  # the caret was moved, or the text changed
        elif agrees and self.composed.committed:
            self.trusted = True  # late, but there

    def key(self, keyval: int, state: int) -> bool:
        """A key of the user's, before the application has it; returns whether it is not to have it."""
        if keyval == ESCAPE and self.claimed is not None:
            return True  # it cancels the dictation, and the application must not act on it as well
        if state & _RELEASE or is_modifier(keyval):
            return False
        if self.is_ours:
            self._settle()
            self._user_typed()
        handled, first = self._accents.key(keyval)
        if first:
            self._emit("CommitText", "v", text(first))
        return handled

    def reset(self) -> None:
        """The application has let go of the preedit."""
        if self.is_ours and not self.touched:
            self._disturbed()

    def _disturbed(self) -> None:
        if not self._drops or not self.composed.preedit or self._agrees(preedit=True):
            self._user_typed()  # the application has committed it, or there is none
        elif self._settling is None or self._settling.done():
            self._settling = asyncio.ensure_future(self._settle_later())

    async def _settle_later(self) -> None:
        if await self._look() and not self.touched:
            self._settle()
            self._user_typed()

    def _user_typed(self) -> None:
        """What stands is the user's from now on."""
        self.composed, self.touched, self._before = Composed(), True, ""
        self._observe(UserTyped())

    # ── what we do ───────────────────────────────────────────────────────────────────────────────

    def claim(self) -> bool:
        """Claim the stay that is; returns whether the caret still stands behind our text."""
        focus = self.focus
        assert focus is not None
        self.leave()
        continues = self._shows_last(focus)
        self.composed = Composed(self._last[1] if continues else "")
        self.claimed, self.touched = focus, False
        self.trusted = focus.may_tell
        self._before = focus.before[-_TAIL:] if focus.told and not continues else ""
        return continues

    def leave(self) -> None:
        """The claim ends, and does not come back with the focus."""
        if self.claimed:
            self._last = (self.claimed.path, self.composed.committed)
        self.claimed, self._awaited = None, ""
        self.composed, self.touched = Composed(), True

    async def release(self) -> None:
        """The claim ends; what stands as preedit stays."""
        if self.is_ours and self.composed.preedit and await self._look():
            self._settle()
        self.leave()

    def begin_anew(self) -> None:
        """The user was there: our text begins where the caret is now."""
        self.composed, self.touched, self._before = Composed(), False, ""

    def may_delete(self, end: str) -> bool:
        """Whether the application has just said that our text stands before the caret, `end` at its end."""
        focus = self.claimed
        return self.trusted and self._agrees() and focus is not None and focus.told and focus.ends_with(end)

    def make(self, now: Composed, change: Change) -> None:
        """Send a change; `now` is what stands after it."""
        assert self.claimed is not None
        change = telling(now, change)
        if self.composed.preedit and (change.delete or change.commit):
            self._preedit("")
        if change.delete:
            count = len(change.delete.encode("utf-16-le")) // 2 if self.claimed.utf16 else len(change.delete)
            self._emit("DeleteSurroundingText", "iu", -count, count)
        if change.wants_preedit:
            self._preedit(" ")
        if change.commit:
            self._emit("CommitText", "v", text(change.commit))
        cleared = change.delete or change.commit
        if change.preedit or change.wants_preedit or (self.composed.preedit and not cleared):
            self._preedit(change.preedit)
        self.composed = now
        if change.delete and not change.commit:
            # All of our text is gone, which no application tells of: presume what was before.
            self.claimed.surrounding = Surrounding(self._before, len(self._before), len(self._before))

    async def prove(self) -> bool:
        """Wait until an application that tells shows what was committed; returns whether it was received.

        It is not trusted any more where it shows something else, or does not tell.
        """
        focus = self.claimed
        if not self.trusted or focus is None:
            return True
        self._under_way = True
        try:
            verdict = await self.evidence.of(focus, self._expected(), lambda: self.touched)
        finally:
            self._under_way = False
        self.trusted = verdict is not Verdict.OTHERWISE
        return verdict is not Verdict.SILENT

    def _settle(self) -> None:
        """What stands as preedit is committed."""
        if self.composed.preedit:
            self.make(Composed(self.composed.text), Change("", self.composed.preedit, ""))

    def _expected(self, *, preedit: bool = False) -> str:
        """How the text before the caret should end; `preedit`: if that were committed."""
        ours = self.composed.text if preedit else self.composed.committed
        return (self._before + ours)[-_TAIL:]

    def _agrees(self, *, preedit: bool = False) -> bool:
        return self.claimed is not None and self.claimed.ends_with(self._expected(preedit=preedit))

    def _preedit(self, shown: str) -> None:
        self._drops = self.evidence.is_known(self.claimed) or not (self.claimed and self.claimed.is_gtk)
        mode = CLEAR if self._drops else COMMIT
        self._emit("UpdatePreeditText", "vubu", draft(shown), len(shown), bool(shown), mode)
