"""How each way to type is made, and the one that the configuration and the desktop leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from voicetype.accessibility.atspi import AtspiReader
from voicetype.config import Config, TypingConfig
from voicetype.keyboard import Keyboard
from voicetype.keyboard.dummy import DummyKeyboard
from voicetype.keyboard.first import FirstKeyboard
from voicetype.keyboard.portal import PortalKeyboard
from voicetype.keyboard.process import ProcessKeyboard
from voicetype.keyboard.uinput import UinputKeyboard
from voicetype.keyboard.witnessed import WitnessedKeyboard
from voicetype.keyboard.x11 import X11Keyboard
from voicetype.keyboard.x11_clipboard import ClipboardKeyboard
from voicetype.surroundings import choose
from voicetype.x11.own_keys import OwnKeys


def make(way: str, config: TypingConfig, own_keys: OwnKeys) -> Keyboard:
    """A way to type, not open yet; `way` is one of `config.KEYBOARDS`, but not "auto"."""
    speed = config.characters_per_s
    child = {"characters_per_s": speed}
    ways: Mapping[str, Callable[[], Keyboard]] = {
        "x11": lambda: X11Keyboard(speed, own_keys),
        "input-method": lambda: ProcessKeyboard(
            "input-method", "voicetype.keyboard.input_method", child, lambda: own_keys.reserved_codes
        ),
        "virtual-keyboard": lambda: ProcessKeyboard(
            "virtual-keyboard", "voicetype.keyboard.virtual_keyboard", child
        ),
        "ibus": lambda: ProcessKeyboard("ibus", "voicetype.keyboard.ibus", {}),
        "portal": lambda: PortalKeyboard(speed),
        "uinput": lambda: UinputKeyboard(speed),
        "clipboard": lambda: ClipboardKeyboard(speed, own_keys, config.paste_keys),
        "dummy": DummyKeyboard,
    }
    return ways[way]()


def chosen(config: Config, own_keys: OwnKeys) -> Keyboard:
    """The way to type that the configuration and the desktop leave, with the field as a witness."""
    choice = choose(config.typing.keyboard)

    def maker(way: str) -> Callable[[], Keyboard]:
        return lambda: make(way, config.typing, own_keys)

    first = FirstKeyboard([(way, maker(way)) for way in choice.ways], choice.refused)
    if config.typing.accessibility == "off" or config.typing.keyboard == DummyKeyboard.name:
        return first
    return WitnessedKeyboard(first, AtspiReader(enable=config.typing.accessibility == "on"))
