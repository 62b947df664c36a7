"""Ways to do a thing on this desktop, in the order in which they are tried, and why others are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a way is not to be had, and what to do about it, each a sentence."""

    way: str
    sentence: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The first of `ways` that opens is taken. `refused` could be had only after their remedy."""

    ways: tuple[str, ...]
    refused: tuple[Refusal, ...] = ()


def is_wayland(environment: Mapping[str, str]) -> bool:
    """Whether it is a Wayland session, with XWayland or without."""
    return bool(environment.get("WAYLAND_DISPLAY")) or environment.get("XDG_SESSION_TYPE") == "wayland"
