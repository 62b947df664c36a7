"""Evidence: applications that tell of their text tell of it after a commit, too, and so prove its delivery.

`commit_text` itself succeeds where nobody receives it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum, auto

from voicetype.core.patch import graphemes
from voicetype.keyboard.composing import Change, Composed
from voicetype.keyboard.ibus_focus import Focus

_FIRST_S = 0.3  # an application that has never told of its text may never do so
_S = 1.0


class Verdict(Enum):
    """What an application says of a commit."""

    SHOWN = auto()
    OTHERWISE = auto()  # it shows something else, or does not tell
    SILENT = auto()  # it always told, and does not any more: nobody received it


class Evidence:
    """Who has told, and waiting for what is told. The loop thread's."""

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._count = 0
        self._news = asyncio.Event()

    def news(self) -> None:
        """Something has changed that may be waited for."""
        self._news.set()

    def told(self, focus: Focus) -> None:
        """An application has told of its text."""
        self._told.add(focus.path)
        self._count += 1
        self._news.set()

    def is_known(self, focus: Focus | None) -> bool:
        """Whether it is one that has told, in this stay or an earlier one."""
        return focus is not None and focus.may_tell and focus.path in self._told

    async def of(self, focus: Focus, wanted: str, interrupted: Callable[[], bool]) -> Verdict:
        """Wait until the text before the caret ends as `wanted`.

        `interrupted`: the user was there, or the focus went; what is told since then is the last word.
        """
        known, count = self.is_known(focus), self._count

        def is_over() -> bool:
            return focus.ends_with(wanted) or (interrupted() and (self._count != count or not known))

        await self.until(is_over, _S if known else _FIRST_S)
        if focus.ends_with(wanted):
            return Verdict.SHOWN
        return Verdict.SILENT if known and self._count == count else Verdict.OTHERWISE

    async def until(self, true: Callable[[], bool], deadline_s: float) -> bool:
        """Wait for news that make it true."""
        try:
            async with asyncio.timeout(deadline_s):
                while not true():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True


def telling(now: Composed, change: Change) -> Change:
    """Applications tell of their text after a commit, not after a deletion: so one character more goes
    and comes again.
    """
    if change.delete and not change.commit and (kept := graphemes(now.committed)[-1:]):
        return Change(kept[0] + change.delete, kept[0], change.preedit)
    return change
