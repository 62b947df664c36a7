"""A dictation: what is wanted on the screen, and what is known of it. `session.step` changes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from voicetype.core import patch, rewriting, wording, writing
from voicetype.core.commands import Command
from voicetype.core.events import Confidence, Erasing, Patch, Patching, Showing, Terms, TranscriptSegment
from voicetype.core.rewriting import Said, Token
from voicetype.core.utterance import Utterance
from voicetype.core.verification import Standing
from voicetype.core.writing import Manner, Outcome, Unit

_PROVEN = 24
"""Code points before those that may be erased that are read back, too."""


@dataclass(frozen=True, slots=True)
class Closed:
    """An utterance that is sealed and stands directly before the caret: its text, and how it was begun."""

    utterance: Utterance
    piece: str
    manner: Manner


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
    closed: tuple[Closed, ...] = ()  # the last ones, the end of `done`; where there are commands
    manner: Manner = Manner()  # how what follows them is written
    hushed: bool = False  # a command has ended the dictation: nothing counts that is said later
    refused: int = 0  # commands that could take nothing back
    flattened: int = 0  # line breaks for which a space had to do

    def pieces(self) -> tuple[str, ...]:
        """The text wanted of each open utterance, with the space before it."""
        return tuple(self.each_piece())

    def each_piece(self) -> Iterator[str]:
        """The same one by one: of the many that wait while the focus is elsewhere, the first matters."""
        last = self.done[-1:] or self.before[-1:]
        open_from = self._open_from
        for at, (utterance, (said, attached)) in enumerate(zip(self.utterances, self._said(), strict=True)):
            if at < open_from and utterance.stands_sealed:
                said = ""  # it would stand behind, or amid, what was said later
            if not utterance.sealed or last.isspace():
                said = said.lstrip(" ")  # else it goes on where it was sealed, perhaps in mid-word
            piece = said if utterance.sealed or attached else wording.join(last, said)
            yield piece
            last = piece[-1:] or last

    def _said(self) -> Iterator[tuple[str, bool]]:
        """What is to be typed of each open utterance, and whether without a space before it."""
        if self.terms.rules is None:
            for utterance in self.utterances:
                yield "".join(utterance.words(self.patching, self.showing)), False
            return
        written = self.outcome().written
        open_ones = written[len(written) - len(self.utterances) :]
        for utterance, (text, attached, _) in zip(self.utterances, open_ones, strict=True):
            said = "".join(utterance.unsealed(wording.split(text))) if utterance.sealed else text
            yield said, attached

    def outcome(self) -> Outcome:
        """What the last utterances come to: the open ones; where these have a command, with those before."""
        reaching = any(u.commands for u in self.utterances) and not self.hushed
        closed = self.closed if reaching else ()
        every = (*(each.utterance for each in closed), *self.utterances)
        units = [
            Unit(() if self.hushed else u.told, u.sealed.strip(" "), self._language(u.language))
            for u in every
        ]
        manner = closed[0].manner if closed else self.manner
        return writing.write(units, manner, new_lines=self.terms.new_lines is not None)

    def rewritten(self, utterance: Utterance, *, over: bool = False) -> Utterance:
        """With its commands told from its text. `over`: as if no more were to come."""
        if self.terms.rules is None:
            return utterance
        said = utterance.to_rewrite(self.patching, self.showing, over=over)
        told = rewriting.told(said, self.terms.rules)
        return replace(utterance, told=told.tokens, waits=told.waits)

    def as_shown(self, terms: Terms, *, over: bool = False) -> Session:
        """The same on other terms. `over`: as if no more were to come."""
        session = replace(self, terms=terms)
        return replace(session, utterances=tuple(session.rewritten(u, over=over) for u in self.utterances))

    def reported(self, segment: TranscriptSegment) -> str:
        """The text of a segment as it is typed where it stands alone, for those who only look."""
        if self.terms.rules is None:
            return segment.text
        unit = Unit(self._told(segment), language=self._language(segment.language))
        new_lines = self.terms.new_lines is not None
        return writing.write([unit], Manner(), new_lines=new_lines).written[0].text.strip(" ")

    def commanded(self, segment: TranscriptSegment) -> bool:
        """Whether a segment has a command in it."""
        rules = self.terms.rules
        return rules is not None and any(isinstance(token, Command) for token in self._told(segment))

    def _told(self, segment: TranscriptSegment) -> tuple[Token, ...]:
        assert self.terms.rules is not None
        words = wording.split(segment.text)
        heard = segment.confidence is Confidence.CONFIRMED and not segment.unverified
        said = Said(words, len(words) if heard else 0, segment.text, segment.final, segment.language)
        return rewriting.told(said, self.terms.rules).tokens

    def _language(self, told: str) -> str:
        return told or (self.terms.rules.language if self.terms.rules else "")

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
    def typed(self) -> bool:
        """Whether something of it stands, or perhaps does."""
        return bool(self.done or self.on_screen or self.in_flight)

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
        return (self.done + "".join(self.pieces())).strip(" ")

    @property
    def heard(self) -> str:
        """The whole text so far, with what was not to be typed before it is certain."""
        terms = replace(self.terms, showing=Showing.DRAFTS, preedit=True)
        return self.as_shown(terms, over=True).text

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
    def ends(self) -> bool:
        """Whether a command has said that the dictation ends."""
        return self.hushed or (any(u.commands for u in self.utterances) and self.outcome().stops is not None)

    @property
    def untyped(self) -> str:
        """The end of the text that is wanted on the screen and does not stand there."""
        return "".join(self.pieces())[len(self.on_screen) :].strip()

    @property
    def finished(self) -> bool:
        """Nothing will change any more."""
        settled = self.stopped and self.in_flight is None and all(u.final for u in self.utterances)
        return settled and (self.lost_focus or not self.utterances)
