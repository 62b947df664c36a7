"""The configuration: frozen dataclasses, which hold every default, every limit, and what each key is for.

A TOML file may change the values; `voicetype.config_file` reads it and knows no key by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from voicetype.config_fields import (
    Sections,
    Words,
    choice,
    number,
    own_table,
    own_texts,
    sections,
    setting,
    several,
    table,
)
from voicetype.core.commands import Listening
from voicetype.core.events import NewLine, Patching
from voicetype.own_words import hotword_fault, pattern_fault, replacement_fault
from voicetype.policies import NO_NEW_LINE, Policy
from voicetype.strategies import Strategy

_PARAMETER = re.compile(r"[a-z][a-z0-9_]*")

LANGUAGES = frozenset(
    """
    af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr
    ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc
    pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue
    zh
    """.split()  # noqa: SIM905  # a hundred quoted words read worse
)
"""The languages that Whisper knows, by its own codes; kept here because asking the engine takes seconds."""


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
    compute_type: str = choice(
        "auto",
        COMPUTE_TYPES,
        "how they calculate, as CTranslate2 spells it; auto: the quickest here, int8 on a processor",
    )
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
    """Who hears, cadence and effort."""

    strategy: Strategy = setting(
        Strategy.DUAL,
        "dual: both models; cascaded: in turns; single, gated: the heavy one; remote, streaming: a server",
    )
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
    new_lines: Words = table(
        (*NewLine, NO_NEW_LINE),
        'what types "new line", by application, as in "*slack*" = "Shift+Return"; never in a terminal',
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
class RemoteConfig:
    """A server that takes the heavy model's place: anything with OpenAI's /v1/audio/transcriptions."""

    address: str = setting("", "as in https://speech.example.org/v1; empty: nothing leaves this machine")
    model: str = setting("whisper-1", "as the server calls it")
    key_file: str = setting("", "the file that holds the server's key, which only you may read")
    key_in_keyring: bool = setting(
        False, "the key is in the desktop's keyring: `voicetype key set` puts it there"
    )
    ca_file: str = setting("", "a certificate (PEM) to trust, beside the system's")
    insecure: bool = setting(False, "plain http to another machine: everyone on the way can hear you")
    format: str = choice("flac", ("flac", "wav"), "how sound is sent; some servers read no flac")
    timeout_s: float = number(5.0, 0.5, 15, "no answer for so long: this machine takes over")


def parameter_fault(name: str, value: str) -> str:
    """What is wrong with a parameter of an address."""
    if not _PARAMETER.fullmatch(name):
        return "a parameter's name is of small letters, digits and _"
    return "" if value.isprintable() else "it must be one line"


@dataclass(frozen=True, slots=True)
class StreamingConfig:
    """A server that hears while you speak: anything with Deepgram's live interface, /v1/listen."""

    address: str = setting("", "as in wss://api.example.org/v1/listen; empty: nothing leaves this machine")
    key_file: str = setting("", "the file that holds the server's key, which only you may read")
    key_in_keyring: bool = setting(
        False, "the key is in the desktop's keyring: `voicetype key set` puts it there"
    )
    ca_file: str = setting("", "a certificate (PEM) to trust, beside the system's")
    timeout_s: float = number(5.0, 0.5, 15, "no answer for so long: this machine takes over")
    parameters: Words = own_table(
        parameter_fault, 'what else the server is told, as it calls it: "model" = "nova-3"'
    )


@dataclass(frozen=True, slots=True)
class HistoryConfig:
    """What is remembered of the last dictations."""

    keep: bool = setting(
        False, "also in a file, which you alone may read; false: in memory alone, and no file is left"
    )
    length: int = number(10, 0, 1_000, "how many; 0: none")


@dataclass(frozen=True, slots=True)
class TermsConfig:
    """Words of the user's own."""

    hotwords: tuple[str, ...] = own_texts(
        hotword_fault, "names and terms that both models are to expect, the most important last"
    )
    replacements: Words = own_table(
        replacement_fault,
        'what is heard = what is typed, as in "cube control" = "kubectl"; whole words, whatever their case',
    )
    patterns: Words = own_table(
        pattern_fault,
        "regular expression = what is typed, as in '(\\d+) percent' = '\\1 %'; the syntax is that of "
        "Python's package regex, (?i) in front is for any case",
    )


@dataclass(frozen=True, slots=True)
class VocabularyConfig(TermsConfig):
    """What holds everywhere, and what more holds in places."""

    languages: Sections = sections(
        TermsConfig(),
        "the same three, in one language: [vocabulary.languages.de.replacements]",
        LANGUAGES,
        _CODES,
    )
    applications: Sections = sections(
        TermsConfig(),
        'the same three, by WM_CLASS or app id: [vocabulary.applications."*slack*".replacements]',
    )


@dataclass(frozen=True, slots=True)
class CommandsConfig:
    """Spoken commands and punctuation, in English, German, French and Spanish."""

    words: Listening = setting(
        Listening.OFF,
        'off: all words are text; clear: "new line" and what else nobody says by accident, "comma" and '
        '"scratch that" only where nothing else is said; all: every command, wherever it is said',
    )


@dataclass(frozen=True, slots=True)
class TranscribeConfig:
    """How `voicetype transcribe` works; nobody waits for each word of it."""

    threads: int = number(0, 0, 256, "processor threads; 0: all that there are")
    batch: int = number(
        0, 0, 64, "so many windows at once, which take memory; 1: one by one; 0: by the machine"
    )


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
    remote: RemoteConfig = field(default_factory=RemoteConfig)
    streaming: StreamingConfig = field(default_factory=StreamingConfig)
    history: HistoryConfig = field(default_factory=HistoryConfig)
    vocabulary: VocabularyConfig = field(default_factory=VocabularyConfig)
    commands: CommandsConfig = field(default_factory=CommandsConfig)
    transcribe: TranscribeConfig = field(default_factory=TranscribeConfig)
    logs: LogsConfig = field(default_factory=LogsConfig)
