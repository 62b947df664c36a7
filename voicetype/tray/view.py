"""What the tray's menu is worked out from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from voicetype.config import Config
from voicetype.control import Status
from voicetype.history import Said


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be chosen. Sizes in millions of bytes; `memory_mb` is 0 where nobody knows it."""

    name: str
    languages: str
    size_mb: int
    present: bool
    memory_mb: int = 0


@dataclass(frozen=True, slots=True)
class Preset:
    """Two models that go together, by their names."""

    name: str
    fast: str
    heavy: str


@dataclass(frozen=True, slots=True)
class View:
    """All that the menu depends on. `locale`: the desktop's language, "" where Whisper has none for it.

    `problem`: the last error's sentence and hint; both empty: there is none to speak of.
    """

    status: Status
    config: Config
    models: tuple[Model, ...] = ()
    presets: tuple[Preset, ...] = ()
    microphones: tuple[str, ...] = ()
    last_texts: tuple[Said, ...] = ()
    locale: str = ""
    problem: tuple[str, str] = ("", "")


def model(listed: Mapping[str, object]) -> Model:
    """A model as `Control.list_models` has it."""
    size, memory = listed["size_mb"], listed.get("memory_mb")  # not every list knows the memory
    return Model(
        str(listed["name"]),
        str(listed["languages"]),
        size if isinstance(size, int) else 0,
        bool(listed["present"]),
        memory if isinstance(memory, int) else 0,
    )
