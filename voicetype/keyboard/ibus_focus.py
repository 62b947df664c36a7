"""Where our engine is: a stay of it in a field, as IBus tells of it."""

from __future__ import annotations

from dataclasses import dataclass

from voicetype.keyboard import Purpose
from voicetype.keyboard.composing import ends_with
from voicetype.keyboard.ibus_wire import Surrounding

NOWHERE = "/org/freedesktop/IBus/InputContext_1"
"""Has the focus where no field has it: ibus-daemon makes it for itself, before all others."""

QT = "QIBusInputContext"
"""What Qt calls itself; it counts in UTF-16."""

_SHELL = "gnome-shell"
_PREEDIT, _SURROUNDING, _GTK = 1 << 0, 1 << 5, 1 << 7  # IBusCapabilite; the last is SYNC_PROCESS_KEY
_PURPOSES = {8: Purpose.PASSWORD, 9: Purpose.PASSWORD, 10: Purpose.TERMINAL}  # IBusInputPurpose
_HIDDEN = 1 << 12  # IBusInputHints, since 1.5.31


@dataclass(slots=True)
class Focus:
    """A stay in an input context, which is a field or a whole window as its toolkit has it.

    `path` names it on IBus's bus; empty until that is known. `client`: what its toolkit calls itself; IBus
    before 1.5.30 does not say it of the first stay.
    `surrounding`: what the application has `told` of its text. IBus takes it for empty at first, and tells
    changes only.
    `utf16`: it counts so; known once it has said where the caret is behind an emoji.
    """

    path: str
    client: str
    capabilities: int = 0
    purpose: Purpose = Purpose.TEXT
    surrounding: Surrounding = Surrounding("", 0, 0)
    told: bool = False
    utf16: bool = False

    @property
    def is_field(self) -> bool:
        """Whether text goes anywhere: toolkits, too, make contexts that stand for no field."""
        if self.path in ("", NOWHERE) or self.client.startswith("fake"):
            return False
        return bool(self.client) or self.shows_preedit or self.may_tell

    @property
    def shows_preedit(self) -> bool:
        """Whether drafts can be shown in the field itself."""
        return bool(self.capabilities & _PREEDIT)

    @property
    def may_tell(self) -> bool:
        """Whether it says that it tells of its text."""
        return bool(self.capabilities & _SURROUNDING)

    @property
    def is_gtk(self) -> bool:
        """Whether it uses GTK's module for IBus, as Chromium does too."""
        return bool(self.capabilities & _GTK)

    @property
    def is_of_one_window(self) -> bool:
        """Whether its path names a window or a field: GNOME's shell has one for all windows of Wayland."""
        return self.client == QT or (self.is_gtk and not self.client.startswith(_SHELL))

    @property
    def before(self) -> str:
        """What stands before the caret."""
        return self.surrounding.before(utf16=self.utf16)

    def is_called(self, path: str, client: str) -> None:
        """IBus says who it is."""
        self.path, self.client = path, client
        self.utf16 |= client == QT

    def next(self) -> Focus:
        """The stay after this one: IBus says of it only what is different."""
        return Focus("", "", self.capabilities, self.purpose, self.surrounding)

    def means(self, purpose: int, hints: int) -> None:
        """What it says it is for."""
        self.purpose = Purpose.PASSWORD if hints & _HIDDEN else _PURPOSES.get(purpose, Purpose.TEXT)

    def tells(self, surrounding: Surrounding) -> None:
        """What the application says of its text."""
        self.surrounding, self.told = surrounding, True
        self.utf16 |= surrounding.cursor > len(surrounding.text)

    def ends_with(self, wanted: str) -> bool:
        """Whether the text before the caret ends so, in either count."""
        if ends_with(self.before, wanted):
            return True
        other = ends_with(self.surrounding.before(utf16=not self.utf16), wanted)
        self.utf16 = self.utf16 is not other
        return other
