"""How far a patch came, and what ends it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from voicetype.errors import Interruption, PatchInterrupted


class Stop(Exception):
    """A patch must not go on."""

    def __init__(self, reason: Interruption) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Progress:
    """Graphemes of a patch that were sent."""

    erased: int = 0
    typed: int = 0

    @contextmanager
    def told(self, *broken: type[Exception]) -> Iterator[None]:
        """Raise PatchInterrupted for a Stop, and for `broken`: what the way raises where it can't go on."""
        try:
            yield
        except Stop as stop:
            raise PatchInterrupted(stop.reason, self.erased, self.typed) from None
        except broken as failure:
            raise PatchInterrupted(Interruption.BROKEN, self.erased, self.typed) from failure
