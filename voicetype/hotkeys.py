"""How each way to hear the push-to-talk key is made, and those that configuration and desktop leave."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from voicetype.client import NoBus, session_bus
from voicetype.config import Config
from voicetype.hotkey import Hotkey
from voicetype.hotkey.choose import Facts, detect
from voicetype.hotkey.dummy import DummyHotkey
from voicetype.hotkey.evdev import EvdevHotkey
from voicetype.hotkey.first import FirstHotkey
from voicetype.hotkey.portal import PortalHotkey
from voicetype.hotkey.x11 import X11Hotkey
from voicetype.keyboard.dummy import DummyKeyboard
from voicetype.ways import Choice
from voicetype.x11.own_keys import OwnKeys


def none() -> Hotkey:
    """Where there is no key, or none can be had."""
    return DummyHotkey()


def chosen(config: Config, own_keys: OwnKeys, typing_by: str) -> Hotkey:
    """The first way to hear the key that opens here; none where none is wanted, or nothing is typed.

    `typing_by`: the way to type.
    """
    if not is_wanted(config):
        return none()
    choice = candidates(config)
    key, escape = config.hotkey.key, typing_by != "ibus"
    ways = {way: make(way, key, own_keys, grabs_escape=escape) for way in choice.ways}
    return FirstHotkey(ways, choice.refused)


def is_wanted(config: Config) -> bool:
    """Whether there is to be a key at all."""
    return bool(config.hotkey.key) and config.typing.keyboard != DummyKeyboard.name


def candidates(config: Config) -> Choice:
    """The ways to try here, in order, and those that are not to be had."""
    return detect(config.hotkey.way, _facts())


def make(way: str, key: str, own_keys: OwnKeys, *, grabs_escape: bool = True) -> Hotkey:
    """A way to hear `key`, not open yet."""
    ways: Mapping[str, Callable[[], Hotkey]] = {
        "x11": lambda: X11Hotkey(key, own_keys, grabs_escape=grabs_escape),
        "portal": lambda: PortalHotkey(key),
        "evdev": lambda: EvdevHotkey(key, own_keys),
    }
    return ways[way]()


def _facts() -> Facts:
    try:
        bus = bool(session_bus())
    except NoBus:
        bus = False
    return Facts.of(os.environ, bus=bus, keyboards=any(map(_readable, Path("/dev/input").glob("event*"))))


def _readable(device: Path) -> bool:
    return os.access(device, os.R_OK)
