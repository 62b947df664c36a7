"""By which keysyms the desktop behind the portal types, and what it can't: that it drops without a word.

KWin lays out a keyboard of its own for what the layout lacks, since Plasma 6.5. Before that, and in GNOME,
the first key of the active layout that has the keysym is pressed, and of its four levels the desktop knows
three: what takes AltGr and Shift there comes out as another character, wherever else the layout has it. Some
characters have two keysyms, and one of them may do.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from voicetype.evdev import layouts
from voicetype.evdev.layouts import Ask, InUse
from voicetype.evdev.xkb import Layout, NoLayout, library

Keysyms = Callable[[], Mapping[str, int] | None]
"""The keysym of each character that can be typed now; None: any can, or nobody says what not."""

_LAYS_OUT = (6, 5)  # Plasma
_LEVELS = 3  # plain, Shift, AltGr


def keysyms(environment: Mapping[str, str] = os.environ, ask: Ask = layouts.run) -> Mapping[str, int] | None:
    """See `Keysyms`; asks the desktop for its layout, which takes some milliseconds."""
    if not _drops(environment, ask):
        return None
    try:
        return _of(layouts.in_use(environment, ask))
    except NoLayout:
        return None


def _drops(environment: Mapping[str, str], ask: Ask) -> bool:
    desktop = environment.get("XDG_CURRENT_DESKTOP", "").lower().split(":")
    if "kde" in desktop:
        version = re.search(r"(\d+)\.(\d+)", ask(("kwin_wayland", "--version")))
        return version is not None and (int(version[1]), int(version[2])) < _LAYS_OUT
    return "gnome" in desktop


@lru_cache(maxsize=4)
def _of(used: InUse) -> Mapping[str, int]:
    """In each of the layouts that may be the active one. Raises NoLayout."""
    layout = Layout(used.names)
    try:
        groups = range(layout.groups) if used.active is None else [min(used.active, layout.groups - 1)]
        first, *others = (_reached(layout.searched(group)) for group in groups)
    finally:
        layout.close()
    return {
        character: keysym
        for character, keysym in first.items()
        if all(other.get(character) == keysym for other in others)
    }


def _reached(searched: Mapping[int, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for keysym, level in searched.items():
        code = library().xkb_keysym_to_utf32(keysym)
        if level < _LEVELS and code >= 0x20 and code != 0x7F:
            found.setdefault(chr(code), keysym)
    return found
