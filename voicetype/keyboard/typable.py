"""What of a text may be typed: never Enter, Tab or another key that does something."""

from __future__ import annotations

import unicodedata


def typable(cluster: str) -> str:
    """A grapheme as it is typed: composed, and never a control character (Enter, Tab, Escape).

    Those become spaces, so that the count of what stands on the screen stays right.
    """
    composed = unicodedata.normalize("NFC", cluster)
    unsafe = {"Cc", "Cs", "Zl", "Zp"}
    return "".join(" " if unicodedata.category(each) in unsafe else each for each in composed)
