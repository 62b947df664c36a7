"""What this machine is, and what is chosen for it where the configuration says "locale" or "auto".

A guess yields to what the user has said: the desktop's language to `languages` and to models that know
English alone. A preset that is chosen hears every language that may come up, so that another one in the menu
needs no other models; without a language in the locale, as on servers, that is English. `this_machine` looks,
the rest is pure.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from voicetype.config import Config
from voicetype.engine import gpu
from voicetype.engine.catalogue import Pair, pair_memory_mb, preset
from voicetype.engine.models import english_only, is_folder
from voicetype.hotkey import NOT_YET
from voicetype.languages import NAMES, of_locale

MANY_CORES = 4
MUCH_MEMORY_MB = 7_000  # sold as 8 GB, of which firmware and graphics keep some
"""From here on the small models keep up as heavy ones, beside whatever else the desktop runs."""
MUCH_GPU_MEMORY_MB = 5_500
"""From here on, sold as 6 GB, the preset "accurate" fits into a graphics processor beside a desktop.

By the size of its models: not measured.
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """What the choices go by."""

    language: str  # Whisper's code of the desktop's; "": it has none
    memory_mb: int  # in millions of bytes; 0: unknown
    cores: int  # that this process may use
    gpu_memory_mb: int = 0  # of a graphics processor that the models can run on; 0: there is none

    @property
    def strong(self) -> bool:
        """Whether it carries the larger presets."""
        return self.cores >= MANY_CORES and self.memory_mb >= MUCH_MEMORY_MB


@dataclass(frozen=True, slots=True)
class _Choice:
    value: str
    why: str


def this_machine(
    environment: Mapping[str, str] = os.environ, meminfo: Path = Path("/proc/meminfo")
) -> Machine:
    """What is here; what can't be told counts as little."""
    try:
        told = meminfo.read_text(encoding="ascii", errors="replace")
    except OSError:
        told = ""
    cores = len(os.sched_getaffinity(0))
    return Machine(of_locale(environment), memory_mb(told), cores, gpu.memory_mb())


def memory_mb(meminfo: str) -> int:
    """The memory of the machine by the text of /proc/meminfo, in millions of bytes; 0 where it isn't told."""
    found = re.search(r"^MemTotal:\s*(\d{1,15}) kB$", meminfo, re.MULTILINE | re.ASCII)
    return int(found[1]) * 1024 // 10**6 if found else 0


def decide(config: Config, machine: Machine) -> Config:
    """The configuration with a language (or "auto", where that is meant) and a preset in it."""
    language, models = _language(config, machine), _preset(config, machine)
    return replace(config, language=language.value, models=replace(config.models, preset=models.value))


def decided(config: Config, machine: Machine) -> dict[str, str]:
    """What "locale" and "auto" come to, for people, by the dotted name of the key."""
    here = {}
    if (language := _language(config, machine).value) != config.language:
        here["language"] = language
    if (name := _preset(config, machine).value) != config.models.preset:
        pair = _pair(config, name)
        here["models.preset"] = f"{name} ({pair.fast} + {pair.heavy})"
    return here


def introduction(
    config: Config,
    machine: Machine,
    keyboard: str,
    hotkey: str,
    *,
    tray: bool,
    had: tuple[str, str] | None = None,
) -> list[str]:
    """The five lines of a first run: what was chosen, why, and how to change it.

    `config` is what was asked for, nothing decided; `keyboard` the way to type that was found, `hotkey` the
    way to hear a key, and the key ("x11: F9"), or "none"; `tray`: whether there is a menu; `had`: the models,
    fast and heavy, where others than those chosen may have taken their place.
    """
    language = _language(config, machine)
    known = NAMES.get(language.value)
    menu = ", or the menu of the icon in the tray" if tray else ""
    return [
        f"Language: {f'{known} ({language.value})' if known else 'whichever you speak'}, {language.why}.",
        f"Models: {_models_line(config, machine, had)}.",
        f"Typing: {_typing_line(config, keyboard)}.",
        f"Key: {_key_line(config, hotkey)}.",
        f"To change any of it: `voicetype config init` writes a file to edit{menu}.",
    ]


def _language(config: Config, machine: Machine) -> _Choice:
    mine = config.languages
    if config.language not in ("locale", "auto"):
        return _Choice(config.language, "as you chose")
    if config.language == "locale":
        if limited := next(filter(english_only, _named_models(config)), None):
            return _Choice("en", f"since the model {limited} knows nothing else")
        if machine.language and (not mine or machine.language in mine):
            return _Choice(machine.language, "the language of your desktop")
    if len(mine) == 1:
        return _Choice(mine[0], "the only one of yours")
    if mine:
        return _Choice("auto", f"of yours: {', '.join(NAMES[each] for each in mine)}")
    if config.language == "auto":
        return _Choice("auto", "as you chose")
    return _Choice("en", "since your desktop names no language that Whisper knows")


def _preset(config: Config, machine: Machine) -> _Choice:
    if config.models.preset != "auto":
        return _Choice(config.models.preset, "as you chose")
    if config.models.device != "cpu" and machine.gpu_memory_mb >= MUCH_GPU_MEMORY_MB:
        return _Choice("accurate", f"for a graphics processor with {machine.gpu_memory_mb / 1000:.0f} GB")
    heard = {_language(config, machine).value, *config.languages}
    name = ("english" if machine.strong else "light") if heard == {"en"} else ""
    name = name or ("multilingual" if machine.strong else "light-multilingual")
    memory = f"{machine.memory_mb / 1000:.0f} GB of memory" if machine.memory_mb else "unknown memory"
    cores = "one processor core" if machine.cores == 1 else f"{machine.cores} processor cores"
    return _Choice(name, f"for {cores} and {memory}")


def _named_models(config: Config) -> list[str]:
    """The models that the user has named, alone or as a preset."""
    named = config.models.preset != "auto"
    pair = _pair(config, config.models.preset) if named else Pair(config.models.fast, config.models.heavy)
    return [name for name in (pair.fast, pair.heavy) if name]


def _pair(config: Config, name: str) -> Pair:
    usual = preset(name)
    return Pair(config.models.fast or usual.fast, config.models.heavy or usual.heavy)


def _models_line(config: Config, machine: Machine, had: tuple[str, str] | None) -> str:
    choice = _preset(config, machine)
    pair = _pair(config, choice.value)
    if had not in (None, (pair.fast, pair.heavy)):
        return f"{had[0]} drafts, {had[1]} confirms, since the preset {choice.value} can't be had here"
    named = config.models.fast and config.models.heavy
    weighed = not any(map(is_folder, (pair.fast, pair.heavy)))
    about = ("" if named else f"the preset {choice.value}", f"{pair_memory_mb(pair)} MB" if weighed else "")
    about_them = f" ({', '.join(filter(None, about))})" if any(about) else ""
    why = "as you chose" if named else choice.why
    return f"{pair.fast} drafts, {pair.heavy} confirms{about_them}, {why}"


def _typing_line(config: Config, keyboard: str) -> str:
    if keyboard == "dummy":
        return "nowhere (dummy); what you say is only printed"
    return f"{keyboard}, {'the way for this desktop' if config.typing.keyboard == 'auto' else 'as you chose'}"


def cancelling(hotkey: str) -> str:
    """What cancels a dictation: a portal tells of no other key than its own."""
    return "`voicetype cancel`" if hotkey.startswith("portal") else "Escape"


def _key_line(config: Config, hotkey: str) -> str:
    key = hotkey.partition(": ")[2]
    if not key:
        return "none; bind `voicetype toggle` to one in your desktop's settings"
    if key == NOT_YET:
        return "the one that you choose where the desktop asks for it"
    tap = " (a tap: until the next one)" if config.hotkey.tap_s > 0 else ""
    return f"hold {key} and speak{tap}; {cancelling(hotkey)} cancels"
