"""What of a text may be typed: never a key that does something; Enter only where it begins a line."""

from __future__ import annotations

import unicodedata

from voicetype.core.events import NewLine

SHIFT_RETURN = "\n"
RETURN = "\r"
BREAKS = (SHIFT_RETURN, RETURN)
"""The two keys that a line break may be typed with, as the characters of a text that is `keyed`."""


def typable(cluster: str, new_lines: NewLine | None) -> str:
    """A grapheme as it is typed: composed, and never a control character (Tab, Escape); a line break stays
    where it may be typed.

    Those become spaces, so that the count of what stands on the screen stays right.
    """
    if cluster == "\n" and new_lines:
        return cluster
    composed = unicodedata.normalize("NFC", cluster)
    unsafe = {"Cc", "Cs", "Zl", "Zp"}
    return "".join(" " if unicodedata.category(each) in unsafe else each for each in composed)


def keyed(cluster: str, new_lines: NewLine | None) -> str:
    """The same, with a line break as the key that it is typed with, one of `BREAKS`."""
    typed = typable(cluster, new_lines)
    return RETURN if typed == "\n" and new_lines is NewLine.RETURN else typed
