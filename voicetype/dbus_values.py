"""What goes over the bus in its own terms: plain values, errors by name, and arguments that were checked."""

from __future__ import annotations

from collections.abc import Mapping

from dbus_fast import DBusError, Variant

from voicetype.client import ERRORS
from voicetype.config import LANGUAGES
from voicetype.errors import (
    AudioError,
    ConfigError,
    DaemonError,
    HotkeyError,
    KeyboardError,
    ModelError,
    UndoError,
    VoicetypeError,
)

_LONGEST = 4_096  # characters of an argument; a model may be a folder's path

_CODES: Mapping[type[VoicetypeError], str] = {
    AudioError: "NoMicrophone",
    ConfigError: "InvalidArguments",
    DaemonError: "Busy",
    HotkeyError: "NoHotkey",
    KeyboardError: "NoKeyboard",
    ModelError: "NoModel",
    UndoError: "NoUndo",
}


def error_code(error: VoicetypeError) -> str:
    """A word for scripts: what `named` ends the error's name with, and the code of the signal Problem."""
    return next((code for kind, code in _CODES.items() if isinstance(error, kind)), "Failed")


def named(error: VoicetypeError) -> DBusError:
    """The error as a call's answer: its sentence, and the hint on the line below."""
    return DBusError(f"{ERRORS}.{error_code(error)}", sendable(f"{error.sentence}\n{error.hint}"))


def invalid(sentence: str, hint: str) -> DBusError:
    """The answer to a call whose arguments are wrong."""
    return named(ConfigError(sentence, hint))


def sendable(text: str) -> str:
    """A text that the bus takes: UTF-8 without NUL (a path may hold anything)."""
    return text.encode(errors="replace").decode().replace("\0", "�")


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


def start_options(options: Mapping[str, Variant]) -> dict[str, object]:
    """The options of Start as plain values. Raises InvalidArguments."""
    for name, value in options.items():
        if name != "language":
            raise invalid(f"Start knows no option {name[:60]!r}.", "It knows: language (s).")
        if value.signature != "s":
            raise invalid(
                f"The option language is a text (s), not ({value.signature[:60]}).", "For example 'en'."
            )
        check_language(value.value)
    return {name: value.value for name, value in options.items()}


def check_language(language: str) -> None:
    """Raises InvalidArguments."""
    if language != "auto" and language not in LANGUAGES:
        raise invalid(
            f"There is no language {language[:60]!r}.", "Use 'auto' or a code of Whisper's: en, de, fr, zh …"
        )


def check_models(*models: str) -> None:
    """Raises InvalidArguments for what can be no name and no folder; there may still be no such model."""
    if not all(0 < len(model) <= _LONGEST for model in models):
        raise invalid("SetModels takes two names of models, or folders.", "ListModels lists the names.")
