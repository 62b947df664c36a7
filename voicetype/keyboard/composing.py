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
    show `preedit`.
    """

    delete: str
    commit: str
    preedit: str


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
    return Composed("".join(wanted), preedit), Change(delete, commit, preedit)
