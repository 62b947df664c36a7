"""Which two models: the names that were asked for, and what they come to on this machine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from voicetype.config import ModelsConfig
from voicetype.engine import EngineOptions, models, speeds
from voicetype.engine.models import Obtained
from voicetype.errors import ConfigError, ModelError, VoicetypeError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChosenModel:
    """A model of a choice, and how it runs: two that are equal need not be loaded twice."""

    folder: Path
    name: str
    options: EngineOptions


class Choice:
    """Two models asked for together. `obtained` once they are on this machine."""

    def __init__(self, config: ModelsConfig, threads: int) -> None:
        """Raises ModelError for an unknown name and for a folder without a model."""
        self.config = config
        self.options = models.options(config, threads)
        self.names = models.checked(config)
        self.obtained: Obtained | None = None

    def obtain(self, progress: Callable[[str, int, int], None]) -> None:
        """Both on this machine, or those that take their place. May take minutes. Raises ModelError."""
        try:
            self.obtained = models.ensure_pair(self.config, progress)
        except VoicetypeError:
            raise
        except Exception as error:  # the disk and the libraries of the fetching raise what they like
            log.exception("the models could not be looked for")
            raise ModelError(
                f"The models {self.names.fast} and {self.names.heavy} can't be had: {error}.",
                "Look at models.folder in the configuration; the log says more.",
            ) from error
        self.names = self.obtained.pair

    def listing(self) -> list[Mapping[str, object]]:
        """Every model that could be used, as `models.ModelInfo` has it."""
        known = models.listing(self.config.folder, speeds.of(self.config.folder, self.options))
        return [asdict(model) | {"path": str(model.path or "")} for model in known]

    def model(self, role: str) -> ChosenModel:
        """The one for this worker, once it is obtained."""
        assert self.obtained is not None
        heavy = role == "heavy"
        folder = self.obtained.heavy if heavy else self.obtained.fast
        name = self.names.heavy if heavy else self.names.fast
        return ChosenModel(folder, name, self.options)


def heard_language(wanted: str, names: Sequence[str]) -> str:
    """The language that these models will hear when `wanted` is asked for. Raises ConfigError."""
    limited = [name for name in names if models.english_only(name)]
    if not limited:
        if wanted == "yue" and (without := [name for name in names if not models.knows_cantonese(name)]):
            raise ConfigError(
                f"The model {without[0]} does not know Cantonese (yue).",
                "large-v3 and large-v3-turbo do; zh, Chinese, goes with every multilingual model.",
            )
        return wanted
    if wanted not in ("auto", "en"):
        raise ConfigError(
            f"The model {limited[0]} knows English alone, and the language is {wanted!r}.",
            'Choose a multilingual pair: preset = "multilingual" under [models].',
        )
    return "en"
