"""The first of several ways to type that opens."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from voicetype.core.events import Patch
from voicetype.errors import KeyboardError
from voicetype.keyboard import Claim, Keyboard, Observer
from voicetype.ways import Refusal

log = logging.getLogger(__name__)

Way = tuple[str, Callable[[], Keyboard]]
"""Its name, and what makes it."""


class FirstKeyboard:
    """Tries the ways in order when it is opened, and is the first one that opens from then on."""

    def __init__(self, ways: Sequence[Way], refused: Sequence[Refusal]) -> None:
        self._ways, self._untried = ways, tuple(refused)
        self._failed: list[Refusal] = []
        self._keyboard: Keyboard | None = None

    @property
    def name(self) -> str:
        """That of the way that is open; the first of those to be tried, before."""
        return self._keyboard.name if self._keyboard else next((name for name, _ in self._ways), "none")

    @property
    def refused(self) -> tuple[Refusal, ...]:
        """Every way that is not to be had, and why."""
        return (*self._untried, *self._failed)

    def open(self, observer: Observer) -> None:
        """Open the first that can be. Raises KeyboardError, with every way's own reason, where none can."""
        self._failed = []
        for name, make in self._ways:
            try:
                keyboard = _opened(make, observer)
            except KeyboardError as error:
                self._failed.append(Refusal(name, error.sentence, error.hint))
            else:
                self._keyboard = keyboard
                for each in self._failed:  # where none opens, the error says it
                    log.info("%s: %s", each.way, each.sentence)
                return
        raise _nothing(self.refused)

    def claim(self) -> Claim:
        """See the protocol."""
        return self._opened().claim()

    def apply(self, patch: Patch) -> None:
        """See the protocol."""
        self._opened().apply(patch)

    def read(self, characters: int) -> str | None:
        """See the protocol."""
        return self._opened().read(characters)

    def release(self) -> None:
        """See the protocol."""
        if self._keyboard:
            self._keyboard.release()

    def close(self) -> None:
        """See the protocol."""
        keyboard, self._keyboard = self._keyboard, None
        if keyboard:
            keyboard.close()

    def _opened(self) -> Keyboard:
        if self._keyboard is None:
            raise _nothing(self.refused)
        return self._keyboard


def _opened(make: Callable[[], Keyboard], observer: Observer) -> Keyboard:
    """A way that fails half way leaves nothing open. Raises KeyboardError."""
    keyboard = make()
    try:
        keyboard.open(observer)
    except BaseException:
        keyboard.close()
        raise
    return keyboard


def _nothing(refused: Sequence[Refusal]) -> KeyboardError:
    """One reason is said as it is, of several each with its way."""
    if len(refused) == 1:
        return KeyboardError(refused[0].sentence, refused[0].remedy)
    told = "\n".join(f"  {each.way}: {each.sentence} {each.remedy}" for each in refused)
    return KeyboardError(f"There is no way to type here:\n{told}", "`voicetype doctor` tries each of them.")
