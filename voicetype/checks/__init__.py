"""What dictation needs, a function for each: it looks, and says what it saw. `voicetype.doctor` runs them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a finding means for dictation."""

    GOOD = "good"
    WORSE = "worse"  # dictation works without
    BAD = "bad"  # and not without this
    UNKNOWN = "unknown"  # it could not be tried


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check saw. `remedy`: what to do about it; empty where nothing is to be done."""

    verdict: Verdict
    result: str
    remedy: str = ""


def good(result: str) -> Finding:
    """It is there, and works."""
    return Finding(Verdict.GOOD, result)


def worse(result: str, remedy: str) -> Finding:
    """It is not there, and dictation works without."""
    return Finding(Verdict.WORSE, result, remedy)


def bad(result: str, remedy: str) -> Finding:
    """It is not there, and dictation can't do without."""
    return Finding(Verdict.BAD, result, remedy)


def unknown(result: str, remedy: str) -> Finding:
    """Whether it works could not be seen."""
    return Finding(Verdict.UNKNOWN, result, remedy)
