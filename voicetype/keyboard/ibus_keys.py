"""The user's keys, which come by our engine: modifiers, and dead keys, whose accents wait for their letter.

IBus's own engine for a layout composes those, and ours is in its place while a dictation runs: toolkits
leave it to whichever is in use. Sequences that begin with the Compose key are not known here.
"""

from __future__ import annotations

import unicodedata

ESCAPE = 0xFF1B

_FIRST = 0xFE50  # dead_grave
_MARKS = (
    "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327\u0328\u0345\u3099\u309a"
    "\u0323\u0309\u031b\u0335\u0313\u0314\u030f\u0325\u0331\u032d\u0330\u032e\u0324\u0311\u0326"
)
"""By keysym, from dead_grave on."""

_ALONE = dict(
    zip(
        "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327\u0328",
        "`'^~¯˘˙\"°˝ˇ¸˛",
        strict=True,
    )
)
"""What stands where a dead key is followed by a space, or by itself."""

_CODECS = ("latin-1", "iso8859-2", "iso8859-3", "iso8859-4", "", "", "koi8-r", "iso8859-7")
"""The character sets that the older keysyms were taken from, by their upper byte."""

_EXCEPTIONS = {0x7F2: "σ", 0x7F3: "ς"}


class Accents:
    """The accent that waits, if any. The loop thread's."""

    def __init__(self) -> None:
        self._waiting = ""

    def key(self, keyval: int) -> tuple[bool, str]:
        """Whether the application is not to have this key, and what it is to have first."""
        accent, self._waiting = self._waiting, ""
        if accent and (letter := composed(accent, keyval)):
            return True, letter
        self._waiting = _mark(keyval)
        return bool(self._waiting), _ALONE.get(accent, "")

    def forget(self) -> None:
        """The field is another."""
        self._waiting = ""


def composed(accent: str, keyval: int) -> str:
    """A letter with its accent; an accent alone where `keyval` is a space or the dead key again. Empty
    where there is no such character.
    """
    if keyval == ord(" ") or _mark(keyval) == accent:
        return _ALONE.get(accent, "")
    joined = unicodedata.normalize("NFC", (_character(keyval) or " ") + accent)
    return joined if len(joined) == 1 else ""


def is_modifier(keyval: int) -> bool:
    """Keys that put nothing into a text: modifiers, locks, and the keys of players and lamps."""
    return (
        0xFFE1 <= keyval <= 0xFFEE
        or 0xFE01 <= keyval <= 0xFE13
        or keyval in (0xFF7E, 0xFF7F, 0xFF14)
        or 0x1008FE00 <= keyval <= 0x1008FFFF
    )


def _mark(keyval: int) -> str:
    """The combining mark of a dead key; empty for other keys."""
    return _MARKS[keyval - _FIRST] if _FIRST <= keyval < _FIRST + len(_MARKS) else ""


def _character(keyval: int) -> str:
    if keyval in _EXCEPTIONS:
        return _EXCEPTIONS[keyval]
    if keyval >> 24 == 1:
        return chr(keyval & 0xFFFFFF)
    upper, lower = keyval >> 8, keyval & 0xFF
    if upper < len(_CODECS) and _CODECS[upper] and lower >= 0x20:
        return bytes([lower]).decode(_CODECS[upper], errors="ignore")
    return ""
