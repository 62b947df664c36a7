"""How far a patch came, and what ends it."""

from __future__ import annotations

from dataclasses import dataclass

from voicetype.errors import Interruption


class Gone(Exception):
    """There is no compositor (any more)."""


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
