"""Typing on Wayland as an input method (input-method-unstable-v2).

For a process of its own (`keyboard.process`), since pywayland crashes the interpreter at its end.
`wayland.by_method` does the work and has the rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from voicetype.keyboard import Held, Keyboard, Observer
from voicetype.wayland.adapter import Adapter, Way

if TYPE_CHECKING:
    from voicetype.wayland.connection import Connection


def make(options: Mapping[str, Any], held: Held) -> Keyboard:
    """`options`: "characters_per_s"; "reserved", evdev codes of keys that are not typing, as of now."""

    def begin(connection: Connection, observer: Observer) -> Way:
        from voicetype.wayland.by_method import ByMethod

        return ByMethod(connection, observer, held, options)

    return Adapter("input-method", begin, held)
