"""Keys that are pressed together, as every desktop spells them: "<Super>z", "Meta+Z", "Mod4+z"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from voicetype.errors import DesktopError

_MODIFIERS = {
    "ctrl": "Ctrl",
    "control": "Ctrl",
    "primary": "Ctrl",
    "shift": "Shift",
    "alt": "Alt",
    "mod1": "Alt",
    "super": "Super",
    "mod4": "Super",
    "meta": "Super",  # KDE's name for the same key
    "win": "Super",
}
_ORDER = ("Ctrl", "Shift", "Alt", "Super")
_XFCE = {"Ctrl": "Primary"}
_I3 = {"Alt": "Mod1", "Super": "Mod4"}
_LABWC = {"Ctrl": "C", "Shift": "S", "Alt": "A", "Super": "W"}
_QT_ORDER = ("Super", "Ctrl", "Alt", "Shift")
_QT_MODIFIERS = {"Super": "Meta"}
_QT_KEYS = {
    "space": "Space",
    "Page_Up": "PgUp",
    "Page_Down": "PgDown",
    "Insert": "Ins",
    "Delete": "Del",
    "Escape": "Esc",
    "comma": ",",
    "period": ".",
    "minus": "-",
    "slash": "/",
    "semicolon": ";",
    "grave": "`",
}
_NAMED = {
    name.lower(): name for name in (*_QT_KEYS, "Pause", "Print", "Menu", "Home", "End", "Tab", "Return")
}


@dataclass(frozen=True, slots=True)
class Keys:
    """Modifiers in one order, and a key by its name of X: "d", "space", "F9"."""

    modifiers: tuple[str, ...]
    key: str

    @staticmethod
    def parse(text: str) -> Keys:
        """Reads "<Super>z", "<Ctrl><Alt>space", "Super+Z". Raises DesktopError."""
        words = [word for word in re.split(r"[<>+\s]+", text) if word]
        modifiers = {_MODIFIERS.get(word.lower(), "") for word in words[:-1]}
        key = _key(words[-1]) if words else ""
        alone = re.fullmatch(r"F\d+|Pause|Print|Menu", key)
        if not key or "" in modifiers or not (modifiers - {"Shift"} or alone):
            raise DesktopError(
                f"{text!r} is no shortcut.",
                "Write it like <Super>z, <Ctrl><Alt>space, Super+Shift+F9 or Pause.",
            )
        return Keys(tuple(name for name in _ORDER if name in modifiers), key)

    @property
    def gtk(self) -> str:
        """GNOME's notation, and ours."""
        return "".join(f"<{name}>" for name in self.modifiers) + self.key

    @property
    def xfce(self) -> str:
        """GTK 3's own spelling of it, by which Xfce knows a shortcut again."""
        return "".join(f"<{_XFCE.get(name, name)}>" for name in self.modifiers) + self.key

    @property
    def kde(self) -> str:
        """Qt's portable notation."""
        modifiers = [_QT_MODIFIERS.get(name, name) for name in _QT_ORDER if name in self.modifiers]
        return "+".join([*modifiers, _QT_KEYS.get(self.key, self.key[0].upper() + self.key[1:])])

    @property
    def i3(self) -> str:
        """The notation of i3 and sway."""
        return "+".join([*(_I3.get(name, name) for name in self.modifiers), self.key])

    @property
    def river(self) -> str:
        """river's: the modifiers or None, a space, the key."""
        return (
            f"{'+'.join('Control' if each == 'Ctrl' else each for each in self.modifiers) or None} {self.key}"
        )

    @property
    def labwc(self) -> str:
        """labwc's: a letter for each modifier."""
        return "-".join([*(_LABWC[name] for name in self.modifiers), self.key])

    @property
    def hyprland(self) -> str:
        """Hyprland's: the modifiers, a comma, the key."""
        return f"{' '.join(name.upper() for name in self.modifiers)}, {self.key}"


def _key(word: str) -> str:
    """The name of a key, its case mended; "" where it is none that every desktop knows."""
    if re.fullmatch(r"[A-Za-z0-9]", word):
        return word.lower()
    if re.fullmatch(r"[Ff]([1-9]|1[0-9]|2[0-4])", word):
        return word.upper()
    return _NAMED.get(word.lower(), "")
