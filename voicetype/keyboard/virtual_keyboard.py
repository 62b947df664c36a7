"""Typing on Wayland compositors of the wlroots family: a virtual keyboard (virtual-keyboard-unstable-v1).

For a process of its own (`keyboard.process`), since pywayland crashes the interpreter at its end.
`wayland.by_keys` does the work, `wayland.keys` has the rules of typing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from voicetype.keyboard import Held, Keyboard, Observer
from voicetype.wayland.adapter import Adapter, Way

if TYPE_CHECKING:
    from voicetype.wayland.connection import Connection


def make(options: Mapping[str, Any], held: Held) -> Keyboard:
    """`options`: "characters_per_s"."""

    def begin(connection: Connection, observer: Observer) -> Way:
        from voicetype.wayland.by_keys import ByKeys

        return ByKeys(connection, observer, 1 / options["characters_per_s"])

    return Adapter("virtual-keyboard", begin, held)
