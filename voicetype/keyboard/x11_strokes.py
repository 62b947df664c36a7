"""How each character is typed now: with a key of the active layout, else with a spare keycode.

The keymap is read when a text begins, and again as soon as it is out of date: the user may switch the
layout while a long text is typed.
"""

from __future__ import annotations

from collections.abc import Sequence

from Xlib.display import Display

from voicetype.keyboard.keysyms import BACKSPACE
from voicetype.keyboard.typable import BREAKS
from voicetype.keyboard.x11_keymap import Keymap, Stroke
from voicetype.keyboard.x11_spares import Echo, Spares
from voicetype.keyboard.x11_watch import read_keymap


class Strokes:
    """The keymap and the spare keycodes. The typist thread owns it."""

    def __init__(self, display: Display, echo: Echo) -> None:
        self._display = display
        self._spares = Spares(display, echo)
        self._spares.clear_after_others(read_keymap(display))
        self.read()

    def read(self) -> None:
        """Read the keymap anew."""
        self.keymap: Keymap = self._spares.look_again(read_keymap(self._display))

    def bind(self, text: str) -> None:
        """Bind what the layout lacks of a text, in order, to as many spare keycodes as there are."""
        missing = [each for each in text if each not in BREAKS and self.keymap.stroke(each) is None]
        self._spares.bind(missing, self.keymap)

    def backspace(self) -> list[Stroke]:
        """Empty on a keyboard that has no such key."""
        return [Stroke(keycode) for keycode in self.keymap.keycodes(BACKSPACE)[:1]]

    def grapheme(self, cluster: str, rest: Sequence[str]) -> list[Stroke]:
        """The strokes of each of its characters; binds those, and what comes after, where a batch has run
        out. Empty where there is not a single spare keycode.
        """
        strokes = []
        for index, character in enumerate(cluster):
            found = self._known(character)
            if found is None:
                self.bind(cluster[index:] + "".join(rest))
                found = self._known(character)
            if found is None:
                return []
            strokes.append(found)
        return strokes

    def close(self) -> None:
        """Give the spare keycodes back."""
        self._spares.give_back(read_keymap(self._display))

    def _known(self, character: str) -> Stroke | None:
        return self.keymap.stroke(character) or self._spares.stroke(character)
