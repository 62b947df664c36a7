"""IBus's values on D-Bus: how libibus serialises a text, a component and an engine. Pure.

Each is a structure that begins with its class's name and a dictionary of attachments; later versions of
libibus have only added fields at the end.
"""

from __future__ import annotations

from dataclasses import dataclass

from dbus_fast import Variant

ENGINE = "voicetype"
"""Our engine's name: an engine that a desktop lists would have a language before it ("xkb:us::eng")."""

CLEAR, COMMIT = 0, 1
"""What an application does with the preedit when its field loses the focus (IBusPreeditFocusMode)."""

_UNDERLINE = 1
_SINGLE = 1


@dataclass(frozen=True, slots=True)
class Surrounding:
    """The text about the caret, as the application says it. A selection lies between `cursor` and `anchor`.

    Both count characters as IBus has it; Qt counts UTF-16 units, which differ behind an emoji.
    """

    text: str
    cursor: int
    anchor: int

    def before(self, *, utf16: bool = False) -> str:
        """What stands before the caret."""
        end = min(self.cursor, self.anchor)
        if not utf16:
            return self.text[:end]
        return self.text.encode("utf-16-le")[: 2 * end].decode("utf-16-le", errors="ignore")


def text(value: str) -> Variant:
    """An IBusText without attributes."""
    return Variant("(sa{sv}sv)", ["IBusText", {}, value, _attributes()])


def draft(value: str) -> Variant:
    """An IBusText that is underlined."""
    line = Variant("(sa{sv}uuuu)", ["IBusAttribute", {}, _UNDERLINE, _SINGLE, 0, len(value)])
    return Variant("(sa{sv}sv)", ["IBusText", {}, value, _attributes(line)])


def component() -> Variant:
    """What we register: one component with one engine, which leaves the user's layout as it is."""
    about = ["voicetype", "Dictation", "", "MIT", "", "", "default"]
    engine = ["IBusEngineDesc", {}, ENGINE, *about, 0, *[""] * 8]
    names = ["org.freedesktop.IBus.Voicetype", "Dictation", "", "MIT", "", "", "", "voicetype"]
    engines = [Variant(f"(sa{{sv}}{'s' * 8}u{'s' * 8})", engine)]
    return Variant(f"(sa{{sv}}{'s' * 8}avav)", ["IBusComponent", {}, *names, [], engines])


def string(serialised: Variant) -> str:
    """The characters of an IBusText, or the name of an IBusEngineDesc: both come third."""
    return str(serialised.value[2])


def _attributes(*attributes: Variant) -> Variant:
    return Variant("(sa{sv}av)", ["IBusAttrList", {}, list(attributes)])
