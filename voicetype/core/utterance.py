"""One utterance: what both models said of it, and the words that follow from that."""

from __future__ import annotations

from dataclasses import dataclass, replace

from voicetype.core import agreement, mending, wording
from voicetype.core.commands import Command
from voicetype.core.events import Patching, Showing, TranscriptSegment
from voicetype.core.rewriting import Said, Token
from voicetype.core.wording import Words

_UNSETTLED = 2  # words at the end of what two confirmations say alike: measured, fewer cost word errors
_UNTRUSTED = 2  # words at the end of what the heavy model says in mid-speech: the window's end cuts into them


@dataclass(frozen=True, slots=True)
class Utterance:
    """What both models said of one utterance so far."""

    id: int
    confirmed: Words = ()
    stable: Words = ()  # of those confirmed, what two confirmations in a row say alike
    confirmed_window: int = -1
    confirmed_to_pause: bool = False
    draft: Words = ()  # of all phrases, as it may be shown
    heard: Words = ()  # the newest hypothesis of the phrase, as it came
    phrase: int = 0
    earlier: int = 0  # how many words of `draft` belong to earlier phrases
    at_pause: int | None = None  # how many words were heard by the last pause, where a phrase may end
    draft_window: int = -1
    final: bool = False
    sealed: str = ""  # what stands of it on the screen and is no longer ours, perhaps up to mid-word
    language: str = ""  # its code, as the last model told
    unheard: int = 0  # of those confirmed, the last ones, which no heavy model has said
    heavy: str = ""  # what the heavy model said last
    told: tuple[Token, ...] = ()  # with the commands told from the text; where there are rules
    waits: bool = False  # words that may be a command are left out of it
    reported: bool = False  # how its commands went

    def words(self, patching: Patching, showing: Showing = Showing.DRAFTS) -> Words:
        """The words wanted on the screen, but for those that are sealed."""
        words = self.said(patching, showing)
        return self.unsealed(words) if self.sealed else words

    def said(self, patching: Patching, showing: Showing) -> Words:
        """The words to show: confirmed ones, then what only the drafts reach."""
        match showing:
            case Showing.DRAFTS:
                return self._standing(patching)
            case Showing.STABLE:
                return self.stable
            case Showing.FINAL:
                return self.confirmed if self.final else ()

    def to_rewrite(self, patching: Patching, showing: Showing, *, over: bool = False) -> Said:
        """The same words, with what tells commands from text. `over`: as if no more were to come."""
        words = self.said(patching, showing)
        sure = min(len(words), len(self.confirmed) - self.unheard)
        return Said(words, sure, self.heavy, self.final or over, self.language)

    @property
    def stands_sealed(self) -> bool:
        """Whether some of it stands, and is no longer ours."""
        return bool(self.sealed.strip(" "))

    @property
    def commands(self) -> bool:
        """Whether one is among its words."""
        return any(isinstance(token, Command) for token in self.told)

    @property
    def standing(self) -> Words:
        """All its words as they are wanted now, sealed or not, however confirmations are shown."""
        return self._standing(Patching.DIFF)

    @property
    def candidate(self) -> Words:
        """All its words, with those that are held back."""
        return self._whole().standing

    @property
    def doubtful(self) -> bool:
        """Whether the newest draft says words that are held back, and the heavy model has not heard it."""
        return (
            not self.final
            and self.draft_window > self.confirmed_window
            and (self.waits or self.candidate != self.standing)
        )

    def _standing(self, patching: Patching) -> Words:
        overtaken = self.draft_window <= self.confirmed_window
        if self.final or (overtaken and (self.confirmed_to_pause or patching is Patching.WINDOW)):
            return self.confirmed
        return agreement.onward(self.confirmed, self.draft)

    def unsealed(self, words: Words) -> Words:
        """The words that are not sealed; of one that was sealed half typed, its rest."""
        sealed = wording.split(self.sealed.strip(" "))
        reached = agreement.covered(sealed, words)
        rest = words[reached:]
        if not (sealed and reached) or agreement.covered(sealed[:-1], words) == reached:
            return rest  # the last one that is sealed is not said any more
        half, whole = sealed[-1].strip(), words[reached - 1].strip()
        end = whole.removeprefix(half) if whole.startswith(half) else ""
        apart = self.sealed[-1].isspace()  # a full stop alone says nothing there
        return (end, *rest) if any(map(str.isalnum, end)) or (end and not apart) else rest

    def drafted(self, segment: TranscriptSegment) -> Utterance:
        """Take a draft in, unless something newer is known."""
        if self.final or segment.window_id <= max(self.draft_window, self.confirmed_window):
            return self
        known = self if segment.phrase == self.phrase else self._next_phrase(segment.phrase)
        before, shown = known.draft[: known.earlier], known.draft[known.earlier :]
        heard = wording.follow(before, _words(segment))
        sure = segment.probabilities[: len(heard)]
        draft = before + agreement.calm(shown, known.heard, heard, sure, whole=segment.to_pause)
        language = self.language if self.heavy else segment.language
        drafted = replace(known, draft=draft, heard=heard, draft_window=segment.window_id, language=language)
        if not segment.to_pause and (self.at_pause is None or not heard):
            return drafted
        # What is said by now is at least what was said by the pause: more was made up in its silence.
        said = len(drafted._whole().draft)
        return replace(drafted, at_pause=said if segment.to_pause else min(said, self.at_pause or 0))

    def _next_phrase(self, phrase: int) -> Utterance:
        """The last phrase stands as it was heard at its pause; what was heard beyond is heard anew."""
        known = self._whole()
        earlier = len(known.draft) if self.at_pause is None else self.at_pause
        return replace(
            known,
            draft=known.draft[:earlier],
            heard=(),
            phrase=phrase,
            earlier=earlier,
        )

    def _whole(self) -> Utterance:
        """With the words that are held back."""
        unseen = agreement.beyond(self.draft[self.earlier :], self.heard)
        return replace(self, draft=self.draft + unseen)

    def corrected(self, segment: TranscriptSegment, *, seen: bool = True) -> Utterance:
        """Take a confirmation in; what it may change of the words that stand, `mending` says.

        One that ends in mid-speech is not trusted with its last words, unless both models say them. `seen`:
        the words stand on the screen.
        """
        if self.final or (segment.window_id < self.confirmed_window and not segment.final):
            return self
        whole = segment.final or segment.to_pause
        standing = self.standing
        said = _trusted(segment)
        if said and standing and said[-1] == wording.open_ended(said)[-1]:
            # A full stop that stands is not worth taking back.
            said = (*said[:-1], wording.punctuated(said[-1], standing[-1]))
        newer = not whole or (self.draft_window > segment.window_id and not segment.final)
        ahead = wording.follow(said, agreement.beyond(said, standing)) if newer else ()
        worth = mending.AT_END if segment.final else mending.AT_PAUSE if whole else mending.IN_SPEECH
        words = mending.mend(standing, said + ahead, worth if seen else mending.UNSEEN, segment.gains)
        drafted = min(len(ahead), len(standing) - len(self.confirmed))  # the others were confirmed before
        confirmed = words[: len(words) - drafted]
        stable = confirmed if segment.final else _stable(self.confirmed, confirmed)
        return replace(
            self,
            confirmed=confirmed,
            stable=stable,
            confirmed_window=segment.window_id,
            confirmed_to_pause=whole,
            final=segment.final,
            language=segment.language or self.language,
            heavy=segment.text,
        )

    def settled(self) -> Utterance:
        """No confirmation will come: every word heard so far stands as it is."""
        if self.final:
            return self
        words = self._whole().standing
        if words and self.heard:
            (last,) = wording.follow(words[:-1], self.heard[-1:])
            words = (*words[:-1], wording.punctuated(words[-1], last))
        unheard = max(0, len(words) - len(self.confirmed))
        return replace(self, confirmed=words, stable=words, unheard=unheard, final=True)

    def silenced(self) -> Utterance:
        """Nothing of it is wanted."""
        return replace(self, confirmed=(), stable=(), told=(), final=True)


def _stable(before: Words, now: Words) -> Words:
    """What two confirmations in a row say alike, but for its end, which the third may say otherwise.

    Local agreement (Liu, Spanakis, Niehues: Low-latency sequence-to-sequence speech recognition, 2020). Its
    last words rest on little more sound the second time than the first.
    """
    agreed = agreement.common(before, now) - _UNSETTLED
    return wording.open_ended(now[: max(0, agreed)])


def _trusted(segment: TranscriptSegment) -> Words:
    """The words of a confirmation without those that the window's end may have cut."""
    words = _words(segment)
    if segment.final or segment.to_pause:
        return words
    if not segment.verified:
        return words[:-_UNTRUSTED] or words[:-1]  # the first of two is heard well enough to begin with
    newest = segment.probabilities[-1] if segment.probabilities else 1.0
    return words if newest >= agreement.SURE_NEWEST else words[:-1]


def _words(segment: TranscriptSegment) -> Words:
    """The words of a segment; of one that ends in mid-speech, up to where it begins to repeat itself."""
    words = wording.split(segment.text)
    return words if segment.to_pause or segment.final else words[: agreement.restart(words)]
