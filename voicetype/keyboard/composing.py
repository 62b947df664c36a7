"""From a patch to what an input method does: delete, commit, and show the rest as preedit. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from voicetype.core import patch as patches
from voicetype.core.events import Patch
from voicetype.core.patch import graphemes


@dataclass(frozen=True, slots=True)
class Composed:
    """Our text in a field: committed, and behind it the preedit."""

    committed: str = ""
    preedit: str = ""

    @property
    def text(self) -> str:
        """All of it, as it stands."""
        return self.committed + self.preedit


@dataclass(frozen=True, slots=True)
class Change:
    """What to do, in this order: take the preedit away, `delete` (committed text before the caret), `commit`,
    show `preedit`, which is of one line: none of a draft's line breaks is sure to stay.
    """

    delete: str
    commit: str
    preedit: str

    @property
    def wants_preedit(self) -> bool:
        """Whether some preedit must stand before the commit: else Chromium (156) takes a character alone for
        a key, and drops it where it is a line break.
        """
        return self.commit == "\n"


def ends_with(told: str, wanted: str) -> bool:
    """Whether what a field has `told` of the text before the caret ends so. GTK and Qt tell its line only."""
    _, broken, line = wanted.rpartition("\n")
    return told.endswith(wanted) or (bool(broken) and told == line)


def said(told: str, ours: str, characters: int) -> str | None:
    """The last `characters` of what a field has `told`; None where that is but the last line of `ours`."""
    if characters and "\n" in ours[-characters:] and "\n" not in told:
        return None
    return told[-characters:] if characters else ""


def change(before: Composed, patch: Patch) -> tuple[Composed, Change]:
    """What a patch asks for. Raises ValueError where it erases more than there is.

    Committed text is deleted from its first grapheme that differs; the preedit costs nothing.
    """
    clusters = graphemes(patches.apply(before.text, patch))
    draft = min(patch.draft, len(clusters))
    wanted, preedit = clusters[: len(clusters) - draft], "".join(clusters[len(clusters) - draft :])
    standing = graphemes(before.committed)
    common = patches.common(before.committed, "".join(wanted))
    delete, commit = "".join(standing[common:]), "".join(wanted[common:])
    return Composed("".join(wanted), preedit), Change(delete, commit, preedit.replace("\n", " "))
