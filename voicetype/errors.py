"""What can go wrong, each with a sentence that says what to do.

VoicetypeError
├── ConfigError          the configuration file or a value in it
├── ModelError           a model that is unknown, missing, broken or can't be fetched
├── AudioError           no microphone, a device that fails, a file that can't be read
├── KeyboardError        no way to type
│   └── PatchInterrupted a patch that stopped half way, with exactly how far it came
├── UndoError            what the last dictation typed can't be taken back
├── HotkeyError          the push-to-talk key can't be had
├── DesktopError         no tray, no overlay, nothing to install into
└── DaemonError          no daemon, a second daemon, a daemon that refuses
    ├── client.AlreadyRunning  another one has the name on the bus
    └── client.NoBus     no session bus to meet one on
"""

from __future__ import annotations

from enum import Enum


class VoicetypeError(Exception):
    """A failure that the user can read: a sentence, and a hint on what to do about it."""

    def __init__(self, sentence: str, hint: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


class ConfigError(VoicetypeError):
    """The configuration can't be used as it stands."""


class ModelError(VoicetypeError):
    """A model is unknown, missing, broken, or can't be fetched."""


class AudioError(VoicetypeError):
    """Sound can't be heard or read."""


class KeyboardError(VoicetypeError):
    """Nothing can be typed."""


class Interruption(Enum):
    """Why a patch was not typed to its end."""

    FOCUS = "another window has the focus"
    FOREIGN_INPUT = "a key was pressed, or the mouse"  # by the user
    BROKEN = "the display does not answer any more"
    UNTYPABLE = "the keyboard layout has no key for a character"
    UNREAD = "the window did not take what was pasted"


class PatchInterrupted(KeyboardError):
    """A patch stopped before its end; `erased` and `typed` say exactly what was done of it.

    Both count user-perceived characters (graphemes): `erased` of `patch.backspaces`, `typed` of
    `patch.text`.
    """

    def __init__(self, reason: Interruption, erased: int, typed: int) -> None:
        super().__init__(
            f"The text was not typed to its end: {reason.value}.",
            "The text is printed when the dictation ends.",
        )
        self.reason = reason
        self.erased = erased
        self.typed = typed


class UndoError(VoicetypeError):
    """What the last dictation typed can't be taken back, or not all of it."""


class HotkeyError(VoicetypeError):
    """The push-to-talk key can't be had."""


class DesktopError(VoicetypeError):
    """A part of the desktop that voicetype can do without is not to be had."""


class DaemonError(VoicetypeError):
    """The daemon is missing, already there, or refuses."""
