"""What can go wrong, each with a sentence that says what to do.

VoicetypeError
├── ConfigError          the configuration file or a value in it
├── ModelError           a model that is unknown, missing, broken or can't be fetched
│   ├── ServerError      a server that did not hear what it should have heard
│   │   └── KeyRefused   it does not take the key
│   └── failures.Failure a model that did not hear what it should have heard
├── engine.progress.Unwanted  a model that nobody waits for any more
├── AudioError           no microphone, a device that fails, a file that can't be read
│   └── MicrophoneNotice what becomes of the sound while a dictation goes on, or ends
├── KeyboardError        no way to type
│   └── PatchInterrupted a patch that stopped half way, with exactly how far it came
├── NotTyped             the end of a dictation that no window took; it is kept
├── CommandError         a spoken command that could not be carried out
├── UndoError            what the last dictation typed can't be taken back
├── HistoryError         the last dictations can't be kept in a file
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


class ServerError(ModelError):
    """A server did not hear a window. `pause_s`: for so many seconds it wants not to be asked again."""

    def __init__(self, sentence: str, hint: str, pause_s: float = 0.0) -> None:
        super().__init__(sentence, hint)
        self.pause_s = pause_s


class KeyRefused(ServerError):
    """A server does not take the key that it was shown, or there is none to show it."""


class AudioError(VoicetypeError):
    """Sound can't be heard or read."""


class MicrophoneNotice(AudioError):
    """The microphone is away, or back, or muted, or sound is lost; nothing is to be done at once."""


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
            "The whole text is kept: `voicetype last` prints it.",
        )
        self.reason = reason
        self.erased = erased
        self.typed = typed


class NotTyped(VoicetypeError):
    """The end of a dictation was not typed; `kept`: the whole text can be had again."""

    def __init__(
        self, characters: int, why: str = "their window lost the focus, or is gone", *, kept: bool = True
    ) -> None:
        if kept:
            hint = "The whole text is kept: `voicetype last` prints it, `voicetype last --type` types it."
        else:
            hint = (
                "They are gone: [history] length and keep, in the configuration, say how long texts are kept."
            )
        super().__init__(f"The last {characters} characters were not typed: {why}.", hint)


class CommandError(VoicetypeError):
    """A spoken command was understood, and could not be carried out."""


class UndoError(VoicetypeError):
    """What the last dictation typed can't be taken back, or not all of it."""


class HistoryError(VoicetypeError):
    """The last dictations can't be kept in a file, or read from it."""


class HotkeyError(VoicetypeError):
    """The push-to-talk key can't be had."""


class DesktopError(VoicetypeError):
    """A part of the desktop that voicetype can do without is not to be had."""


class DaemonError(VoicetypeError):
    """The daemon is missing, already there, or refuses."""
