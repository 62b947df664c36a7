"""A keymap of our own, as xkb text: a key for each character that is needed. Pure.

Each character has a key for itself, without Shift and layouts, so that no modifier is pressed for any. Only
places that keyboards have are used: Chromium types nothing, or another character, for a key whose place it
does not know. First come those that type characters on every keyboard, then the keypad, the keys of
Japanese and Brazilian keyboards, F13 to F24. BackSpace and Return have their own: GTK takes neither from
another.
"""

from __future__ import annotations

from collections.abc import Iterable

BACKSPACE = 14
"""Keys are evdev codes; xkb adds 8."""

RETURN = 28
SHIFT = 1
"""Its mask: the first of the modifiers that every keymap has."""

_PLACES = (
    *(57, *range(2, 14), *range(16, 28), *range(30, 42), 43, *range(44, 54), 86),
    *(55, *range(71, 84), 98, 117, 118, 121, 179, 180),
    *(*range(89, 95), 124, *range(183, 195)),
)
_COMMON = " etaoinshrdlcumwfgypbvkjxqz.,'?!-TIAWSHBMOCYENDPLFGRJKUVQXZ"


class Keymap:
    """Which key types which character; the one that was used longest ago gives its place away."""

    def __init__(self) -> None:
        self._keys: dict[str, int] = dict(zip(_COMMON, _PLACES, strict=False))
        self._free = list(_PLACES[len(_COMMON) :])

    def key(self, character: str) -> int | None:
        """The key of a character, if it has one by now; counts as use."""
        key: int | None = self._keys.pop(character, None)
        if key is not None:
            self._keys[character] = key
        return key

    def add(self, characters: Iterable[str]) -> bool:
        """Give keys to as many of these, in order, as there are places; whether the keymap is another now."""
        wanted = list(dict.fromkeys(characters))[: len(_PLACES)]
        missing = [character for character in wanted if character not in self._keys]
        for character in wanted:
            self.key(character)  # these are not the ones that give their places away
        for character in missing:
            place = self._free.pop(0) if self._free else self._keys.pop(next(iter(self._keys)))
            self._keys[character] = place
        return bool(missing)

    @property
    def text(self) -> str:
        """What the compositor is given."""
        keys = [(key, f"U{ord(character):04X}") for character, key in self._keys.items()]
        keys += [(BACKSPACE, "BackSpace"), (RETURN, "Return")]
        codes = "\n".join(f"{_name(key)} = {key + 8};" for key, _ in keys)
        symbols = "\n".join(f"key {_name(key)} {{ [ {symbol} ] }};" for key, symbol in keys)
        return (
            "xkb_keymap {\n"
            f'xkb_keycodes "voicetype" {{\nminimum = 8;\nmaximum = 255;\n{codes}\n}};\n'
            'xkb_types "voicetype" { include "complete" };\n'
            'xkb_compatibility "voicetype" { include "complete" };\n'
            f'xkb_symbols "voicetype" {{\n{symbols}\n}};\n'
            "};\n"
        )


def _name(key: int) -> str:
    return {BACKSPACE: "<BKSP>", RETURN: "<RTRN>"}.get(key, f"<K{key:03}>")
