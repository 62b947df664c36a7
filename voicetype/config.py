"""The configuration: frozen dataclasses, which hold every default, and a TOML file that may change them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Patching(StrEnum):
    """How a confirmation mends the drafts on the screen; all three end in the same text."""

    DIFF = "diff"  # only what differs is typed again
    REPLACE = "replace"  # a confirmation types the whole utterance again
    WINDOW = "window"  # a confirmation takes the place of the drafts of its windows


@dataclass(frozen=True, slots=True)
class ModelsConfig:
    """Which two models, and how they run."""

    preset: str = "light"
    fast: str = ""  # a name or a folder; empty: the preset's
    heavy: str = ""
    device: str = "auto"
    compute_type: str = "int8"
    folder: str = ""  # where models are kept; empty: the XDG data folder


@dataclass(frozen=True, slots=True)
class AudioConfig:
    """The microphone and what counts as speech."""

    device: str = ""  # a name or part of it; empty: the system's default
    vad_aggressiveness: int = 2  # webrtcvad's 0 to 3
    pre_roll_s: float = 0.3
    pause_s: float = 0.2  # a silence this long asks the heavy model at once
    end_s: float = 0.6  # a silence this long may end an utterance


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Cadence and effort."""

    fast_interval_samples: int = 4_000
    heavy_interval_samples: int = 16_000
    beam_size: int = 5  # of the pass that ends an utterance
    threads: int = 1  # of each model


@dataclass(frozen=True, slots=True)
class HotkeyConfig:
    """The push-to-talk key."""

    key: str = "Control_R"  # an X keysym's name
    tap_s: float = 0.35  # shorter than this is a tap: hands-free


@dataclass(frozen=True, slots=True)
class TypingConfig:
    """How text reaches the focused window."""

    keyboard: str = "auto"
    patching: Patching = Patching.DIFF
    characters_per_s: int = 250


@dataclass(frozen=True, slots=True)
class Config:
    """All of it."""

    language: str = "auto"
    models: ModelsConfig = field(default_factory=ModelsConfig)
    audio: AudioConfig = field(default_factory=AudioConfig)
    engine: EngineConfig = field(default_factory=EngineConfig)
    hotkey: HotkeyConfig = field(default_factory=HotkeyConfig)
    typing: TypingConfig = field(default_factory=TypingConfig)
