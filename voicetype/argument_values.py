"""What a word of the command line may be: its value, or an ArgumentTypeError with a sentence."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from voicetype.integration.keys import Keys

_FILES = ("txt", "srt", "vtt", "json")
_T = TypeVar("_T")


def formats(text: str) -> list[str]:
    """Names of formats, with commas between them."""
    names = text.split(",")
    if unknown := [name for name in names if name not in _FILES]:
        raise ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(_FILES)}")
    return names


def code(text: str) -> str:
    """A language."""
    from voicetype.config import LANGUAGES

    if text not in LANGUAGES:
        raise ArgumentTypeError(f"{text!r} is no language code of Whisper, as de or zh")
    return text


def named(text: str) -> str:
    """A pattern that something matches."""
    if not text.strip() or not text.isprintable():
        raise ArgumentTypeError(f"{text!r} is no application")
    return text


def seconds(text: str) -> float:
    """A time that somebody can wait for."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 3600:
        raise ArgumentTypeError(f"{text!r} is no number of seconds from 0 to 3600")
    return seconds


def keys(text: str) -> Keys:
    """Keys as any desktop spells them."""
    from voicetype.errors import DesktopError
    from voicetype.integration.keys import Keys

    try:
        return Keys.parse(text)
    except DesktopError as error:
        raise ArgumentTypeError(f"{error.sentence} {error.hint}") from error


def setting(name: str) -> Callable[[str], str]:
    """A value of the command line under the rules of the configuration file."""

    def check(value: str) -> str:
        return _allowed(name, value)

    return check


def whole_number(name: str) -> Callable[[str], int]:
    """As `setting`, for a number."""

    def check(value: str) -> int:
        try:
            return _allowed(name, int(value))
        except ValueError:
            raise ArgumentTypeError(f"{value!r} is no whole number") from None

    return check


def _allowed(name: str, value: _T) -> _T:
    from voicetype.config import Config
    from voicetype.config_file import override
    from voicetype.errors import ConfigError

    try:
        override(Config(), {name: value})
    except ConfigError as error:
        told = error.sentence.partition(": ")[2]
        raise ArgumentTypeError(f"{told} {error.hint}") from error
    return value
