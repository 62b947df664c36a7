"""A record of the standard library, as small and as safe to keep as it can be made where it is logged.

What is said later must be what was true when it was logged, and must keep nothing alive until then: arguments
that can't change and are small are put into their text by the log's thread, all others at once. Of an
exception the lines of its traceback are kept, which have no values, never the frames, which hold the audio.
What an exception says of itself may quote what was dictated ("invalid literal for int(): 'seven'"): it is
kept of those that speak of names, files and devices alone, or where everything is to be said.
"""

from __future__ import annotations

import logging
from collections.abc import Hashable, Sequence
from traceback import StackSummary, walk_tb
from typing import NamedTuple, TypeGuard

from voicetype.errors import VoicetypeError

_LONGEST = 4_000  # characters of a message
_SHORT = 200  # characters of an argument that may wait
_PLAIN = frozenset((str, int, float, bool, type(None)))

_DISCREET = (
    *(VoicetypeError, OSError, MemoryError, RuntimeError),
    *(ImportError, NameError, AttributeError, TypeError),
)
"""What they say is ours, the system's, or a library's on names, kinds and sizes."""

_CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"


class Fault(NamedTuple):
    """An exception: its traceback, its last line, and how it follows from the one before it."""

    stack: StackSummary
    last: str
    link: str

    def __str__(self) -> str:
        head = "Traceback (most recent call last):\n" if self.stack else ""
        return f"{self.link}{head}{''.join(self.stack.format())}{self.last}"


class Entry(NamedTuple):
    """What is kept of a record."""

    name: str
    level: int
    message: str
    arguments: tuple[object, ...]
    faults: tuple[Fault, ...]

    @property
    def key(self) -> Hashable:
        """The same for records that say the same."""
        if not self.faults:
            return self
        places = [
            (fault.last, [(line.filename, line.lineno) for line in fault.stack]) for fault in self.faults
        ]
        return (*self[:4], repr(places))

    @property
    def text(self) -> str:
        """What it says, with the tracebacks; of one that is long, the end."""
        said = filled(self.message, self.arguments)
        if not self.faults:
            return said
        return said + "\n" + "\n".join(map(str, self.faults))[-_LONGEST:]


def entry(record: logging.LogRecord, *, everything: bool) -> Entry:
    """What is to be kept of it; `everything`: also what an exception says that may quote the user."""
    message = record.msg if type(record.msg) is str else _said(record.msg, everything)
    arguments = record.args or ()
    if record.name == "asyncio" and not everything:
        message = message.partition("\n")[0]  # behind it stands the task, with what its exception says
    if len(message) > _LONGEST or not _may_wait(arguments):
        message, arguments = filled(message, _discreet(arguments, everything)), ()
    error = record.exc_info[1] if record.exc_info else None
    faults = tuple(_chain(error, everything)) if error else ()
    return Entry(record.name, record.levelno, message, arguments, faults)


def filled(message: str, arguments: object) -> str:
    """The message with its arguments in it, cut where it is long; as it stands where they do not fit."""
    if arguments:
        try:
            message = message % arguments
        except Exception as error:  # noqa: BLE001  # whatever they are: to log must never fail
            message = f"{message} (its arguments do not fit: {type(error).__name__})"
    return message if len(message) <= _LONGEST else f"{message[:_LONGEST]} …"


def is_discreet(error: BaseException) -> bool:
    """Whether what it says can quote nothing that was dictated."""
    return isinstance(error, _DISCREET)


def told(error: BaseException, *, everything: bool) -> str:
    """An exception and what led to it, as Python prints it."""
    return "\n".join(map(str, _chain(error, everything)))


def _may_wait(arguments: object) -> TypeGuard[tuple[object, ...]]:
    if type(arguments) is not tuple:
        return False
    for each in arguments:
        kind = type(each)
        if kind not in _PLAIN or (kind is str and len(each) > _SHORT):
            return False
    return True


def _discreet(arguments: object, everything: bool) -> object:
    """Exceptions among them say no more than they may."""
    if not isinstance(arguments, tuple):
        return arguments
    return tuple(_said(each, everything) if isinstance(each, BaseException) else each for each in arguments)


def _chain(error: BaseException, everything: bool) -> Sequence[Fault]:
    """The first cause first."""
    found: list[Fault] = []
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        before = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
        link = "" if before is None else _CAUSE if each.__cause__ else _CONTEXT
        stack = StackSummary.extract(walk_tb(each.__traceback__), lookup_lines=False)
        found.append(Fault(stack, _summary(each, everything), link))
        each = before
    return found[::-1]


def _summary(error: BaseException, everything: bool) -> str:
    """The last line of a traceback."""
    said = _said(error, everything)
    name = type(error).__name__
    return said if said.startswith(name) else f"{name}: {said}" if said else name


def _said(message: object, everything: bool) -> str:
    """A message, or an exception, as far as it may be told."""
    if isinstance(message, BaseException) and not (everything or is_discreet(message)):
        return f"{type(message).__name__} (what it says is left out: it may quote what was dictated)"
    try:
        return str(message)
    except Exception as error:  # noqa: BLE001  # to log must never fail
        return f"(what can't be told: {type(error).__name__})"
