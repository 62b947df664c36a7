"""Whether what an application says stands in its field is what was typed there.

An application may say the same text in other words: a no-break space for a space (HTML keeps spaces
so), a line separator for a line break (Qt takes Shift+Return for one), composed characters as their
parts, an object replacement character where a picture stands. None of these is a difference to the user,
nor may one of them be taken for a lost key. Everything else is one, a line break above all: it may be the
user's own, and the next BackSpace would erase it.
"""

from __future__ import annotations

import unicodedata

SPARE = 8
"""How many code points more than were typed should be read: those that don't count stand between."""

_SAME = str.maketrans(
    {"\u00a0": " ", "\u202f": " ", "\u2028": "\n", "\ufffc": None, "\ufeff": None, "\u200b": None}
)
_AS_TYPED = str.maketrans(dict.fromkeys("\t\n\v\f\r\u2028\u2029", " "))  # as `keyboard.typable` has them


def agrees(read: str, expected: str) -> bool:
    """Whether the text before the caret, as it was `read`, ends with what is `expected` there.

    `read` may be longer, and should be by SPARE code points. Of line breaks in `expected` either they
    or spaces must stand: most ways type a space for them.
    """
    seen, wanted = _plain(read), _plain(expected)
    return seen.endswith(wanted) or seen.endswith(wanted.translate(_AS_TYPED))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text.translate(_SAME))
