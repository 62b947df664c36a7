"""What happens in a dictation, as frozen values.

The reducer (`session.step`) is fed these one at a time; it knows nothing of where they come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from voicetype.core.rewriting import Rules

SAMPLE_RATE = 16_000
"""Samples a second, everywhere in voicetype; mono."""


class Confidence(StrEnum):
    """Which model said it."""

    DRAFT = "draft"
    CONFIRMED = "confirmed"


class Patching(StrEnum):
    """How a confirmation mends the drafts on the screen; all three end in the same text."""

    DIFF = "diff"  # only what differs is typed again
    REPLACE = "replace"  # a confirmation types the whole utterance again
    WINDOW = "window"  # a confirmation takes the place of the drafts of its windows


class Showing(StrEnum):
    """Which text is typed while the user speaks."""

    DRAFTS = "drafts"  # what the fast model says, mended by the heavy one
    STABLE = "stable"  # what the heavy model has confirmed; nothing else is likely to change
    FINAL = "final"  # an utterance once it is over


class Erasing(StrEnum):
    """What can be taken back of text that stands in a field as the application's own (committed)."""

    EXACT = "exact"  # any number of characters, whatever they are: an input method deletes what it counts
    KEYS = "keys"  # one BackSpace each, which is certain for characters of one code point alone
    NONE = "none"  # nothing: who else typed meanwhile is not known, or the application forbids it


class NewLine(StrEnum):
    """What a line break is typed with, where keys are pressed; input methods and pastes need none."""

    SHIFT_RETURN = "Shift+Return"  # begins a line where Return alone sends the message
    RETURN = "Return"


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms text stands in the field that has the focus: what its policy and its keyboard leave.

    `depth`: how many graphemes of committed text may be erased at most.
    `preedit`: the end of the text that is still a draft is not committed yet; changing it costs no keys,
    and it goes when the field loses the focus.
    `rules`: what is made of the words that are said; None: they are typed as they are.
    `new_lines`: what its line breaks are typed with; None: text must have none, for here one might submit a
    form, send a message or run a command.
    """

    showing: Showing = Showing.DRAFTS
    erasing: Erasing = Erasing.KEYS
    depth: int = 200
    preedit: bool = False
    new_lines: NewLine | None = None
    rules: Rules | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """A session begins. `continues`: the caret still stands behind what the last session typed."""

    continues: bool = False
    terms: Terms = Terms()


@dataclass(frozen=True, slots=True)
class Claimed:
    """The session goes on in the field that has the focus now; what stands elsewhere stays as it is.

    `empty`: the field says that nothing stands before its caret, or a space. Where it does not say, what
    comes is set apart from whatever stands there.
    """

    terms: Terms
    empty: bool = False


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """An utterance begins at `position` (samples since the session's start, pre-roll included)."""

    utterance: int
    position: int


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """An utterance ended at `position` (samples since the session's start)."""

    utterance: int
    position: int


@dataclass(frozen=True, slots=True)
class TranscriptSegment:
    """What a model said of a window of an utterance.

    A confirmation's window begins where the utterance does; a draft's where its `phrase` does, which
    is the speech since the last pause, counted from 0 in each utterance.
    `to_pause`: the window ends in silence, so that its last word is whole.
    `final`: no later confirmation of this utterance will come.
    `probabilities`: how sure the model was of each word of `text`; empty where it does not tell.
    `gains`: how much surer the heavy model is of each word than of what stood in its place (`verification`);
    empty where it compared nothing.
    `verified`: the heavy model found the text that stood plausible, and said nothing of its own.
    `unverified`: no heavy model heard it; the drafts are confirmed as they stood.
    `language`: the code of the one it was heard in; empty where the model does not tell.
    `timestamp`: Unix time in seconds.
    """

    utterance: int
    text: str
    confidence: Confidence
    window_id: int
    corrects_window_ids: tuple[int, ...] = ()
    to_pause: bool = False
    final: bool = False
    phrase: int = 0
    probabilities: tuple[float, ...] = ()
    gains: tuple[float, ...] = ()
    verified: bool = False
    unverified: bool = False
    language: str = ""
    timestamp: float = 0.0


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """No confirmation will come for an utterance: the draft stands as it is.

    `window_id`: of the window that its model did not hear; None: it was no speech, and no model was asked.
    """

    utterance: int
    window_id: int | None = None


@dataclass(frozen=True, slots=True)
class Stopped:
    """No utterance will start any more in this session; the open ones will still be confirmed."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Nothing is wanted of what is not sealed yet. `keep`: what stands is sealed first."""

    keep: bool = False


@dataclass(frozen=True, slots=True)
class FocusChanged:
    """The focus moved. `ours`: to the window that the session types into."""

    ours: bool


@dataclass(frozen=True, slots=True)
class UserTyped:
    """A key or a mouse button of the user's own: what stands on the screen is no longer ours."""


@dataclass(frozen=True, slots=True)
class Patch:
    """Erase `backspaces` user-perceived characters before the caret, then type `text`.

    `epoch` is the session's epoch when the patch was made; one of an older epoch is not typed.
    `draft`: how many graphemes at the end of what then stands may still change; an input method shows them
    as preedit and commits what is before them. Ways to type that have no preedit pass it over. With
    preedit a patch may erase and type nothing, and only commit.
    `new_lines`: what line breaks in `text` are typed with, as the terms have it; None: as spaces.
    """

    backspaces: int
    text: str
    epoch: int = 0
    draft: int = 0
    new_lines: NewLine | None = None


@dataclass(frozen=True, slots=True)
class PatchApplied:
    """The patch in flight stands on the screen.

    `doubted`: the application says that something else stands there; nothing of it may be erased any more.
    """

    doubted: bool = False


@dataclass(frozen=True, slots=True)
class PatchFailed:
    """The patch in flight was interrupted after `erased` and `typed` graphemes of it.

    `lost`: the window, or the way to type, is gone; nothing more is typed until the focus returns.
    """

    erased: int
    typed: int
    lost: bool


Event = (
    Started
    | Claimed
    | SpeechStarted
    | SpeechEnded
    | TranscriptSegment
    | Unconfirmed
    | Stopped
    | Cancelled
    | FocusChanged
    | UserTyped
    | PatchApplied
    | PatchFailed
)
