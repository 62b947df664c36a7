"""A dictation: what is wanted on the screen, and what is known of it. `session.step` changes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from voicetype.core import patch, wording
from voicetype.core.events import Erasing, Patch, Patching, Showing, Terms
from voicetype.core.utterance import Utterance
from voicetype.core.verification import Standing

_PROVEN = 24
"""Code points before those that may be erased that are read back, too."""


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
        return tuple(self.each_piece())

    def each_piece(self) -> Iterator[str]:
        """The same one by one: of the many that wait while the focus is elsewhere, the first matters."""
        last = self.done[-1:] or self.before[-1:]
        open_from = self._open_from
        for at, utterance in enumerate(self.utterances):
            said = "".join(utterance.words(self.patching, self.showing))
            if at < open_from and utterance.stands_sealed:
                said = ""  # it would stand behind, or amid, what was said later
            if not utterance.sealed or last.isspace():
                said = said.lstrip()  # else it goes on where it was sealed, perhaps in mid-word
            piece = said if utterance.sealed else wording.join(last, said)
            yield piece
            last = piece[-1:] or last

    @property
    def _open_from(self) -> int:
        """The place of the last utterance of which something is sealed; 0 where nothing is."""
        count = len(self.shown)  # what is sealed was shown: none of the many that wait for the focus
        return next((at for at in range(count - 1, -1, -1) if self.utterances[at].stands_sealed), 0)

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
        if not self.draft:
            return self.on_screen
        clusters = patch.graphemes(self.on_screen)
        return "".join(clusters[: len(clusters) - self.draft])

    @property
    def expected(self) -> str:
        """What of ours stands committed directly before the caret once the patch in flight has landed.

        As much of its end as might be erased, and a little more.
        """
        assert self.in_flight is not None
        clusters = patch.graphemes(patch.apply(self.on_screen, self.in_flight))
        wanted = self.terms.depth + _PROVEN
        before = self.done[max(self.ours_from, len(self.done) - wanted) :]  # of a text that may be long
        return (before + "".join(clusters[: len(clusters) - self.in_flight.draft]))[-wanted:]

    @property
    def text(self) -> str:
        """The whole text of the session so far, typed or not."""
        return (self.done + "".join(self.pieces())).strip()

    @property
    def heard(self) -> str:
        """The whole text so far, with what was not to be typed before it is certain."""
        return replace(self, terms=Terms(Showing.DRAFTS, preedit=True)).text

    def standing(self, utterance: int) -> Standing:
        """What was said of an open utterance, for the heavy model to judge; nothing of a closed one."""
        for each in self.utterances:
            if each.id == utterance:
                text = "".join(each.candidate).strip()
                return Standing(text, len(each.confirmed), vouched=bool(each.standing or not text))
        return Standing()

    def settled(self, utterance: int) -> str | None:
        """The text of an open utterance if nothing more is said of it; None where its last word is said."""
        for each in self.utterances:
            if each.id == utterance and not each.final:
                return "".join(each.settled().confirmed).strip()
        return None

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
