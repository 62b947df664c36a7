"""The configuration: frozen dataclasses, which hold every default and every limit.

A TOML file may change the values; `voicetype.config_file` reads it and knows no key by name.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from voicetype.core.events import Patching

LANGUAGES = frozenset(
    """
    af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr
    ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc
    pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue
    zh
    """.split()  # noqa: SIM905  # a hundred quoted words read worse
)
"""The languages that Whisper knows, by its own codes; kept here because asking the engine takes seconds."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a number may be, both ends included."""

    low: float
    high: float


def number(default: float, low: float, high: float = math.inf) -> Any:
    """A field that holds a number between two limits."""
    return field(default=default, metadata={"limits": Limits(low, high)})


def choice(default: str, allowed: Collection[str], meaning: str = "") -> Any:
    """A field that holds one of some words; `meaning` stands for them where they are too many to list."""
    return field(default=default, metadata={"allowed": frozenset(allowed), "meaning": meaning})


COMPUTE_TYPES = (
    "default",
    "auto",
    "int8",
    "int8_float32",
    "int8_float16",
    "int8_bfloat16",
    "int16",
    "float16",
    "bfloat16",
    "float32",
)

KEYBOARDS = ("auto", "x11", "dummy")


@dataclass(frozen=True, slots=True)
class ModelsConfig:
    """Which two models, and how they run."""

    preset: str = choice("light", ("english", "multilingual", "accurate", "light"))
    fast: str = ""  # a name or a folder; empty: the preset's
    heavy: str = ""
    device: str = choice("auto", ("auto", "cpu", "cuda"))
    compute_type: str = choice("int8", COMPUTE_TYPES)
    folder: str = ""  # where models are kept; empty: the XDG data folder


@dataclass(frozen=True, slots=True)
class AudioConfig:
    """The microphone and what counts as speech."""

    device: str = ""  # a name or part of it; empty: the system's default
    vad_aggressiveness: int = number(2, 0, 3)  # webrtcvad's
    pre_roll_s: float = number(0.3, 0, 2)
    pause_s: float = number(0.2, 0.05, 2)  # a silence this long asks the heavy model at once
    end_s: float = number(0.6, 0.1, 5)  # a silence this long may end an utterance


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Cadence and effort."""

    fast_interval_samples: int = number(4_000, 1_600, 80_000)
    heavy_interval_samples: int = number(16_000, 1_600, 320_000)
    beam_size: int = number(5, 1, 10)  # of the pass that ends an utterance
    threads: int = number(1, 1, 64)  # of each model
    verification: bool = True  # the heavy model judges what stands before it says anything of its own


@dataclass(frozen=True, slots=True)
class HotkeyConfig:
    """The push-to-talk key."""

    key: str = "Control_R"  # an X keysym's name
    tap_s: float = number(0.35, 0, 2)  # shorter than this is a tap: hands-free


@dataclass(frozen=True, slots=True)
class TypingConfig:
    """How text reaches the focused window."""

    keyboard: str = choice("auto", KEYBOARDS)
    patching: Patching = Patching.DIFF
    characters_per_s: int = number(250, 20, 1_000)


@dataclass(frozen=True, slots=True)
class Config:
    """All of it."""

    language: str = choice(
        "auto", LANGUAGES | {"auto"}, '"auto" or a language code of Whisper (en, de, zh …)'
    )
    models: ModelsConfig = field(default_factory=ModelsConfig)
    audio: AudioConfig = field(default_factory=AudioConfig)
    engine: EngineConfig = field(default_factory=EngineConfig)
    hotkey: HotkeyConfig = field(default_factory=HotkeyConfig)
    typing: TypingConfig = field(default_factory=TypingConfig)
