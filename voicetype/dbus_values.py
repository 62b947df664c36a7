"""What goes over the bus in its own terms: plain values, errors by name, and arguments that were checked."""

from __future__ import annotations

from collections.abc import Mapping

from dbus_fast import DBusError, Variant

from voicetype.client import ERRORS, NAME, PATH
from voicetype.config import LANGUAGES
from voicetype.errors import (
    AudioError,
    ConfigError,
    DaemonError,
    HotkeyError,
    KeyboardError,
    MicrophoneNotice,
    ModelError,
    NotTyped,
    UndoError,
    VoicetypeError,
)

_LONGEST = 4_096  # characters of an argument; a model may be a folder's path
_LONGEST_SAID = 500  # characters of a sentence or a hint, which may quote such an argument

_CODES: Mapping[type[VoicetypeError], str] = {
    MicrophoneNotice: "Microphone",
    AudioError: "NoMicrophone",
    ConfigError: "InvalidArguments",
    DaemonError: "Busy",
    HotkeyError: "NoHotkey",
    KeyboardError: "NoKeyboard",
    ModelError: "NoModel",
    NotTyped: "NotTyped",
    UndoError: "NoUndo",
}


def error_code(error: VoicetypeError) -> str:
    """A word for scripts: what `named` ends the error's name with, and the code of the signal Problem."""
    return next((code for kind, code in _CODES.items() if isinstance(error, kind)), "Failed")


def named(error: VoicetypeError) -> DBusError:
    """The error as a call's answer: its sentence, and the hint on the line below."""
    told = "\n".join(_cut(each) for each in (error.sentence, error.hint))
    return DBusError(f"{ERRORS}.{error_code(error)}", sendable(told))


def invalid(sentence: str, hint: str) -> DBusError:
    """The answer to a call whose arguments are wrong."""
    return named(ConfigError(sentence, hint))


def sendable(text: str) -> str:
    """A text that the bus takes: UTF-8 without NUL (a path may hold anything)."""
    return text.encode(errors="replace").decode().replace("\0", "�")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_SAID else f"{text[:_LONGEST_SAID]} …"


def _variant(value: object) -> Variant:
    match value:
        case bool():
            return Variant("b", value)
        case int():
            return Variant("x", value)
        case float():
            return Variant("d", value)
        case list() | tuple():
            return Variant("ax", list(value))
    return Variant("s", sendable(str(value)))


def variants(fields: Mapping[str, object]) -> dict[str, Variant]:
    """A dictionary of any plain values, a{sv}."""
    return {key: _variant(value) for key, value in fields.items()}


def plain_options(member: str, options: Mapping[str, Variant], known: Mapping[str, str]) -> dict[str, object]:
    """The options of a method as plain values; `known`: the signature of each. Raises InvalidArguments."""
    for name, value in options.items():
        if name not in known:
            names = ", ".join(f"{each} ({signature})" for each, signature in known.items())
            raise invalid(f"{member} knows no option {name[:60]!r}.", f"It knows: {names}.")
        if value.signature != known[name]:
            kind = {"s": "a text (s)", "b": "true or false (b)"}[known[name]]
            raise invalid(
                f"The option {name} is {kind}, not ({value.signature[:60]}).",
                f"`busctl --user introspect {NAME} {PATH}` lists the methods.",
            )
    return {name: value.value for name, value in options.items()}


def check_language(language: object) -> None:
    """Raises InvalidArguments."""
    if language != "auto" and language not in LANGUAGES:
        raise invalid(
            f"There is no language {str(language)[:60]!r}.",
            "Use 'auto' or a code of Whisper's: en, de, fr, zh …",
        )


def check_models(*models: str) -> None:
    """Raises InvalidArguments for what can be no name and no folder; there may still be no such model."""
    if not all(0 < len(model) <= _LONGEST for model in models):
        raise invalid("SetModels takes two names of models, or folders.", "ListModels lists the names.")
