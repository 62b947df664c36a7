"""The desktop's portals: their answers. `requests` has how they are asked, `connection` on which thread."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from dbus_fast import Message, Variant

NAME = "org.freedesktop.portal.Desktop"
PATH = "/org/freedesktop/portal/desktop"
APP_ID = "org.voicetype.Daemon"
"""The name of our desktop file, by which a desktop shows who asks."""

SESSION = "org.freedesktop.portal.Session"

_NOBODY = ("ServiceUnknown", "NameHasNoOwner", "UnknownMethod", "UnknownInterface", "UnknownObject")


class Why(Enum):
    """Why a portal did not do what it was asked."""

    NO_BUS = "there is no session bus"
    ABSENT = "the desktop has no such portal"
    CANCELLED = "the user said no"
    ENDED = "the desktop gave up"
    REFUSED = "the portal refuses"
    SILENT = "the portal does not answer"
    GONE = "the portal, or its session, has ended"
    GARBLED = "the portal's answer makes no sense"


class PortalError(Exception):
    """A request came to nothing; `said`: what the portal says about it, one short line."""

    def __init__(self, why: Why, said: str = "") -> None:
        super().__init__(f"{why.value}: {said}" if said else why.value)
        self.why = why
        self.said = re.sub(r"[^\x20-\x7e\xa0-\uffff]+", " ", said).strip()[:200]


@dataclass(frozen=True, slots=True)
class Signal:
    """What a portal tells without being asked; `arguments` are plain values."""

    interface: str
    member: str
    path: str
    arguments: list[object]

    def closes(self, session: str) -> bool:
        """The session has ended, by the user's will or the desktop's."""
        return (self.interface, self.member, self.path) == (SESSION, "Closed", session)


def variants(values: Mapping[str, str | int]) -> dict[str, Variant]:
    """a{sv} of texts (s) and counts (u)."""
    return {key: Variant("s" if isinstance(each, str) else "u", each) for key, each in values.items()}


def refusal(reply: Message) -> PortalError:
    """What an error says that a method was answered with."""
    name = (reply.error_name or "").rpartition(".")[2]
    said = str(reply.body[0]) if reply.body else name
    if name in _NOBODY or ".Spawn." in (reply.error_name or ""):
        return PortalError(Why.ABSENT, said)
    # What the bus answers for a program that has ended, or does nothing.
    return PortalError(Why.GONE if name == "NoReply" else Why.REFUSED, said)
