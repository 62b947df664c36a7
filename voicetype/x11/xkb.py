"""The keyboard's state as XKB keeps it, which python-xlib lacks: what is held, latched and locked.

Caps Lock, sticky keys and a latched group are on without a key being held; they can be let go, and put
back, without pressing one.
"""

from __future__ import annotations

from dataclasses import dataclass

from Xlib.display import Display
from Xlib.protocol import rq

_NAME = "XKEYBOARD"
_NEW_KEYBOARD, _MAP = 1 << 0, 1 << 1
_CORE_KEYBOARD = 0x100  # XkbUseCoreKbd
_FIELDS = ("affected_locks", "locks", "affected_latches", "latches", "latch_group", "group_latch")
_SLOW_KEYS, _BOUNCE_KEYS = 1 << 1, 1 << 2


@dataclass(frozen=True, slots=True)
class State:
    """Modifiers as masks: those that are on, and which of them without a key being held.

    `group`: the active one, from 0. `latched_group`: what is added to it for the next key alone.
    """

    modifiers: int
    latched: int
    locked: int
    group: int
    latched_group: int


def use(display: Display) -> int:
    """Say that this client speaks XKB, which the requests below need.

    Returns the type of the events that tell of a new keymap from now on: the server has no MappingNotify
    for those who speak XKB.
    """
    extension = display.query_extension(_NAME)
    display.display.set_extension_major(_NAME, extension.major_opcode)
    _UseExtension(display=display.display, opcode=_opcode(display), major=1, minor=0)
    _SelectEvents(display=display.display, opcode=_opcode(display), device=_CORE_KEYBOARD)
    return int(extension.first_event)


def state(display: Display) -> State:
    """The state now."""
    found = _GetState(display=display.display, opcode=_opcode(display), device=_CORE_KEYBOARD)
    return State(found.modifiers, found.latched, found.locked, found.group, found.latched_group)


def lock(display: Display, affected: int, locked: int) -> None:
    """Lock or unlock the modifiers in the mask `affected`."""
    _change(display, affected_locks=affected, locks=locked)


def latch(display: Display, affected: int, latched: int, group: int) -> None:
    """Latch the modifiers in the mask `affected`, or let go of them, and latch `group` (0: none)."""
    _change(display, affected_latches=affected, latches=latched, latch_group=True, group_latch=group)


def ignores_taps(display: Display) -> bool:
    """Whether slow keys or bounce keys are on, for people whose hands tremble: a key that is pressed and
    released at once is not taken, or not twice in a row.
    """
    found = _GetControls(display=display.display, opcode=_opcode(display), device=_CORE_KEYBOARD)
    return bool(found.enabled & (_SLOW_KEYS | _BOUNCE_KEYS))


def _change(display: Display, **fields: int) -> None:
    unchanged = dict.fromkeys(_FIELDS, 0)
    _LatchLockState(
        display=display.display, opcode=_opcode(display), device=_CORE_KEYBOARD, **(unchanged | fields)
    )


def _opcode(display: Display) -> int:
    return int(display.display.get_extension_major(_NAME))


class _UseExtension(rq.ReplyRequest):  # type: ignore[misc]  # python-xlib is not typed
    _request = rq.Struct(
        rq.Card8("opcode"), rq.Opcode(0), rq.RequestLength(), rq.Card16("major"), rq.Card16("minor")
    )
    _reply = rq.Struct(rq.ReplyCode(), rq.Pad(1), rq.Card16("sequence_number"), rq.ReplyLength(), rq.Pad(24))


class _SelectEvents(rq.Request):  # type: ignore[misc]
    _request = rq.Struct(
        rq.Card8("opcode"),
        rq.Opcode(1),
        rq.RequestLength(),
        rq.Card16("device"),
        rq.Card16("affected", default=_NEW_KEYBOARD | _MAP),
        rq.Card16("clear", default=0),
        rq.Card16("select_all", default=_NEW_KEYBOARD | _MAP),
        rq.Card16("affected_parts", default=0xFF),
        rq.Card16("parts", default=0xFF),
    )


class _GetState(rq.ReplyRequest):  # type: ignore[misc]
    _request = rq.Struct(rq.Card8("opcode"), rq.Opcode(4), rq.RequestLength(), rq.Card16("device"), rq.Pad(2))
    _reply = rq.Struct(
        rq.ReplyCode(),
        rq.Pad(1),
        rq.Card16("sequence_number"),
        rq.ReplyLength(),
        rq.Card8("modifiers"),
        rq.Pad(1),  # those of keys
        rq.Card8("latched"),
        rq.Card8("locked"),
        rq.Card8("group"),
        rq.Pad(3),  # the one locked, that of keys
        rq.Int16("latched_group"),
        rq.Pad(14),
    )


class _LatchLockState(rq.Request):  # type: ignore[misc]
    _request = rq.Struct(
        rq.Card8("opcode"),
        rq.Opcode(5),
        rq.RequestLength(),
        rq.Card16("device"),
        rq.Card8("affected_locks"),
        rq.Card8("locks"),
        rq.Pad(2),  # the locked group stays as it is
        rq.Card8("affected_latches"),
        rq.Card8("latches"),
        rq.Pad(1),
        rq.Card8("latch_group"),
        rq.Int16("group_latch"),
    )


class _GetControls(rq.ReplyRequest):  # type: ignore[misc]
    _request = rq.Struct(rq.Card8("opcode"), rq.Opcode(6), rq.RequestLength(), rq.Card16("device"), rq.Pad(2))
    _reply = rq.Struct(
        rq.ReplyCode(),
        rq.Pad(1),
        rq.Card16("sequence_number"),
        rq.ReplyLength(),
        rq.Pad(48),  # delays, the mouse driven by keys
        rq.Card32("enabled"),
        rq.Pad(32),
    )
