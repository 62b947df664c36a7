"""One utterance: what both models said of it, and the words that follow from that."""

from __future__ import annotations

from dataclasses import dataclass, replace

from voicetype.core import agreement, wording
from voicetype.core.events import Patching, TranscriptSegment
from voicetype.core.wording import Words


@dataclass(frozen=True, slots=True)
class Utterance:
    """What both models said of one utterance so far."""

    id: int
    confirmed: Words = ()
    confirmed_window: int = -1
    confirmed_to_pause: bool = False
    draft: Words = ()  # of all phrases, as it may be shown
    heard: Words = ()  # the newest hypothesis of the phrase, as it came
    phrase: int = 0
    earlier: int = 0  # how many words of `draft` belong to earlier phrases
    at_pause: int | None = None  # how many words `draft` had at the last pause, where a phrase may end
    born: tuple[int, ...] = ()  # the window in which each word of `draft` first stood
    draft_window: int = -1
    final: bool = False
    sealed: str = ""  # what stands of it on the screen and is no longer ours, perhaps up to mid-word

    def words(self, patching: Patching) -> Words:
        """The words wanted on the screen: confirmed ones, then what only the drafts reach."""
        words = self.confirmed + wording.follow(self.confirmed, self._drafted_only(patching))
        return self._unsealed(words) if self.sealed else words

    def _unsealed(self, words: Words) -> Words:
        """The words that are not sealed; of one that was sealed half typed, its rest."""
        sealed = wording.split(self.sealed.strip())
        reached = agreement.covered(sealed, words)
        rest = words[reached:]
        if not (sealed and reached):
            return rest
        half, whole = sealed[-1].strip(), words[reached - 1].strip()
        return (whole[len(half) :], *rest) if half != whole and whole.startswith(half) else rest

    def _drafted_only(self, patching: Patching) -> Words:
        overtaken = self.confirmed_to_pause and self.draft_window <= self.confirmed_window
        if self.final or overtaken:
            return ()
        if patching is Patching.WINDOW:
            dated = zip(self.draft, self.born, strict=True)
            return tuple(word for word, born in dated if born > self.confirmed_window)
        return agreement.beyond(self.confirmed, self.draft)

    def drafted(self, segment: TranscriptSegment) -> Utterance:
        """Take a draft in, unless something newer is known."""
        if self.final or segment.window_id <= max(self.draft_window, self.confirmed_window):
            return self
        known = self if segment.phrase == self.phrase else self._next_phrase(segment.phrase)
        before, shown = known.draft[: known.earlier], known.draft[known.earlier :]
        heard = wording.follow(before, _words(segment))
        draft = before + agreement.calm(shown, known.heard, heard, whole=segment.to_pause)
        kept = agreement.common(known.draft, draft)
        born = known.born[:kept] + (segment.window_id,) * (len(draft) - kept)
        at_pause = len(draft) if segment.to_pause else known.at_pause
        return replace(
            known, draft=draft, heard=heard, born=born, draft_window=segment.window_id, at_pause=at_pause
        )

    def _next_phrase(self, phrase: int) -> Utterance:
        """The last phrase stands as it was heard at its pause; what was heard beyond is heard anew."""
        known = self._whole()
        earlier = len(known.draft) if self.at_pause is None else self.at_pause
        return replace(
            known,
            draft=known.draft[:earlier],
            born=known.born[:earlier],
            heard=(),
            phrase=phrase,
            earlier=earlier,
        )

    def _whole(self) -> Utterance:
        """With the words that are held back."""
        unseen = agreement.beyond(self.draft[self.earlier :], self.heard)
        return replace(self, draft=self.draft + unseen, born=self.born + (self.draft_window,) * len(unseen))

    def corrected(self, segment: TranscriptSegment) -> Utterance:
        """Take a confirmation in. One that ends in mid-speech is not trusted with its last word."""
        if self.final or (segment.window_id < self.confirmed_window and not segment.final):
            return self
        words = _words(segment)
        whole = segment.final or segment.to_pause
        return replace(
            self,
            confirmed=words if whole else words[:-1],
            confirmed_window=segment.window_id,
            confirmed_to_pause=whole,
            final=segment.final,
        )

    def settled(self) -> Utterance:
        """No confirmation will come: every word heard so far stands as it is."""
        words = self.confirmed + wording.follow(self.confirmed, self._whole()._drafted_only(Patching.DIFF))
        return self if self.final else replace(self, confirmed=words, final=True)

    def silenced(self) -> Utterance:
        """Nothing of it is wanted."""
        return replace(self, confirmed=(), final=True)


def _words(segment: TranscriptSegment) -> Words:
    """The words of a segment; of one that ends in mid-speech, up to where it begins to repeat itself."""
    words = wording.split(segment.text)
    return words if segment.to_pause or segment.final else words[: agreement.restart(words)]
