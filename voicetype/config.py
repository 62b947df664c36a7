"""The configuration: frozen dataclasses, which hold every default, every limit, and what each key is for.

A TOML file may change the values; `voicetype.config_file` reads it and knows no key by name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from voicetype.core.events import Patching
from voicetype.policies import Policy

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


class Words(Mapping[str, str]):
    """A table of the user's own keys, each with a word, in the order of the file. It can't be changed."""

    __slots__ = ("_words",)

    def __init__(self, words: Mapping[str, str] | None = None) -> None:
        self._words = dict(words or {})

    def __getitem__(self, key: str) -> str:
        return self._words[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Words) and [*self.items()] == [*other.items()]

    def __hash__(self) -> int:
        return hash(tuple(self.items()))

    def __repr__(self) -> str:
        return f"Words({self._words})"


def setting(default: object, purpose: str) -> Any:
    """A field that holds any value of its kind; `purpose` is its comment in the default file."""
    return field(default=default, metadata={"purpose": purpose})


def number(default: float, low: float, high: float, purpose: str) -> Any:
    """A field that holds a number between two limits."""
    return field(default=default, metadata={"limits": Limits(low, high), "purpose": purpose})


def choice(default: str, allowed: Collection[str], purpose: str, meaning: str = "") -> Any:
    """A field that holds one of some words; `meaning` stands for them where they are too many to list."""
    return field(
        default=default,
        metadata={"allowed": frozenset(allowed), "meaning": meaning, "purpose": purpose},
    )


def several(allowed: Collection[str], purpose: str, meaning: str = "") -> Any:
    """A field that holds a list of some words, each once, none by default."""
    return field(
        default=(),
        metadata={"allowed": frozenset(allowed), "meaning": meaning, "purpose": purpose},
    )


def table(allowed: Collection[str], purpose: str) -> Any:
    """A field that holds `Words`: one of some words for each key of the user's own, none by default."""
    return field(default=Words(), metadata={"allowed": frozenset(allowed), "meaning": "", "purpose": purpose})


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

KEYBOARDS = (
    "auto",
    "x11",
    "input-method",
    "virtual-keyboard",
    "ibus",
    "portal",
    "uinput",
    "clipboard",
    "dummy",
)

LOG_LEVELS = ("debug", "info", "warning", "error")

MODEL_PRESETS = ("auto", "light", "light-multilingual", "english", "multilingual", "accurate")

_CODES = "a language code of Whisper (en, de, zh …)"


@dataclass(frozen=True, slots=True)
class ModelsConfig:
    """Which two models, and how they run."""

    preset: str = choice(
        "auto", MODEL_PRESETS, "two models that go together; auto: by language, memory and processor"
    )
    fast: str = setting("", "a name or a folder, instead of the preset's")
    heavy: str = setting("", "a name or a folder, instead of the preset's")
    device: str = choice("auto", ("auto", "cpu", "cuda"), "where the models run")
    compute_type: str = choice("int8", COMPUTE_TYPES, "how they calculate, as CTranslate2 spells it")
    folder: str = setting("", "where models are kept; empty: the XDG data folder")
    unload_after_s: int = number(
        600, 0, 86_400, "the heavy model leaves the memory when unused for so long; 0: it stays"
    )


@dataclass(frozen=True, slots=True)
class AudioConfig:
    """The microphone and what counts as speech."""

    device: str = setting("", "a name from `voicetype devices`, or a part of it; empty: the system's default")
    vad_aggressiveness: int = number(2, 0, 3, "how readily sound is taken for noise")
    pre_roll_s: float = number(0.5, 0, 2, "sound kept from before the voice was noticed")
    pause_s: float = number(0.2, 0.05, 2, "a silence this long asks the heavy model at once")
    end_s: float = number(0.6, 0.1, 5, "a silence this long may end an utterance")
    sounds: bool = setting(False, "a short sound when listening begins and ends; never transcribed")


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Cadence and effort."""

    fast_interval_samples: int = number(
        4_000, 1_600, 80_000, "a draft every 0.25 s (16,000 samples a second)"
    )
    heavy_interval_samples: int = number(16_000, 1_600, 320_000, "a confirmation every second")
    beam_size: int = number(5, 1, 10, "beams of the pass that ends an utterance")
    threads: int = number(1, 1, 64, "processor threads of each model")
    verification: bool = setting(True, "the heavy model judges what stands; false: it decodes every window")


@dataclass(frozen=True, slots=True)
class HotkeyConfig:
    """The push-to-talk key."""

    key: str = setting("Control_R", "the name of an X keysym: F9, Pause, Menu …; empty: no key")
    way: str = choice("auto", ("auto", "x11", "portal", "evdev"), "the way to hear it")
    tap_s: float = number(0.35, 0, 2, "a press shorter than this is a tap: hands-free until the next")


@dataclass(frozen=True, slots=True)
class TypingConfig:
    """How text reaches the focused window."""

    keyboard: str = choice("auto", KEYBOARDS, "the way to type")
    drafts: bool = setting(
        True, "type while you speak; false: only what is confirmed, at the end of an utterance"
    )
    patching: Patching = setting(
        Patching.DIFF, "diff: only what differs is typed again; replace: the utterance; window: its windows"
    )
    characters_per_s: int = number(250, 20, 1_000, "never faster than this")
    paste_keys: str = choice(
        "auto",
        ("auto", "Control+v", "Control+Shift+v", "Shift+Insert"),
        "what pastes, with the keyboard clipboard; auto: by the program",
    )
    depth: int = number(200, 0, 2_000, "never erase more characters than this for one correction")
    on_focus_change: str = choice(
        "pause",
        ("continue", "pause", "stop"),
        "continue: in the window that has it then; pause: until it comes back; stop: the dictation ends",
    )
    accessibility: str = choice(
        "auto",
        ("auto", "on", "off"),
        "reading the focused field back (AT-SPI); auto: where programs offer it; on: ask them to",
    )
    applications: Words = table(
        tuple(Policy),
        'yours, before the built-in rules: WM_CLASS or app id = policy, as in "*kitty*" = "in-place"',
    )


@dataclass(frozen=True, slots=True)
class DesktopConfig:
    """What is seen of voicetype."""

    tray: bool = setting(True, "the icon in the tray, with its menu")
    overlay: str = choice(
        "auto",
        ("auto", "always", "never"),
        "a strip with level and draft; auto: where it can't take the focus",
    )
    overlay_place: str = choice("foot", ("foot", "pointer"), "at the foot of the screen, or near the pointer")


@dataclass(frozen=True, slots=True)
class HistoryConfig:
    """What is remembered of the last dictations."""

    keep: bool = setting(
        False, "also in a file, which you alone may read; false: in memory alone, and no file is left"
    )
    length: int = number(10, 0, 1_000, "how many; 0: none")


@dataclass(frozen=True, slots=True)
class LogsConfig:
    """What the program says of itself on stderr, which is the journal where systemd starts it."""

    level: str = choice(
        "info", LOG_LEVELS, "of our own messages; of the libraries, never less than a warning is shown"
    )
    quiet: bool = setting(False, "no log at all; what a command has to say of its own outcome stays")
    libraries: Words = table(LOG_LEVELS, 'by library, as in "faster_whisper" = "info"')


@dataclass(frozen=True, slots=True)
class Config:
    """All of it."""

    language: str = choice(
        "locale",
        LANGUAGES | {"auto", "locale"},
        "a language code of Whisper; auto: the heavy model decides for each utterance; locale: the desktop's",
        f'"auto", "locale" or {_CODES}',
    )
    languages: tuple[str, ...] = several(
        LANGUAGES, "yours: first in the menu, and all that auto decides among; empty: any", _CODES
    )
    models: ModelsConfig = field(default_factory=ModelsConfig)
    audio: AudioConfig = field(default_factory=AudioConfig)
    engine: EngineConfig = field(default_factory=EngineConfig)
    hotkey: HotkeyConfig = field(default_factory=HotkeyConfig)
    typing: TypingConfig = field(default_factory=TypingConfig)
    desktop: DesktopConfig = field(default_factory=DesktopConfig)
    history: HistoryConfig = field(default_factory=HistoryConfig)
    logs: LogsConfig = field(default_factory=LogsConfig)
