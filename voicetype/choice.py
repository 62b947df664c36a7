"""What is to hear: the models and servers that were asked for, and what they come to on this machine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from voicetype.config import ModelsConfig
from voicetype.engine import EngineOptions, models, speeds
from voicetype.engine.catalogue import Pair
from voicetype.engine.models import Obtained
from voicetype.errors import ConfigError, ModelError, VoicetypeError
from voicetype.strategies import FAST, HEAVY, PLANS, Kind, Plan, Shape, Strategy

log = logging.getLogger(__name__)

_SERVER = "the server"  # until it is known by its name

if TYPE_CHECKING:
    from voicetype.config import RemoteConfig, StreamingConfig

Server: TypeAlias = "RemoteConfig | StreamingConfig"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: two that are equal hear by the same models. `server`: the strategy's, if any."""

    models: ModelsConfig
    threads: int = 1
    strategy: Strategy = Strategy.DUAL
    server: Server | None = None


@dataclass(frozen=True, slots=True)
class ChosenModel:
    """A model on this machine, and how it runs. `kept_in`: where models are kept, as it is configured."""

    folder: Path
    name: str
    options: EngineOptions
    kept_in: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """What is loaded as a whole: two that are equal need not be loaded twice.

    `models`, by the order of the shape's roles: its own, or those that stand by for the server; None where
    there is none on this machine.
    """

    shape: Shape
    models: tuple[ChosenModel | None, ...]
    server: Server | None = None

    def model(self, role: str) -> ChosenModel | None:
        """The model of a role."""
        return self.models[self.shape.roles.index(role)]

    @property
    def own(self) -> tuple[ChosenModel, ...]:
        """The models that hear in it, by themselves; each once."""
        return () if self.server else tuple(dict.fromkeys(filter(None, self.models)))

    def __str__(self) -> str:
        """As a subject of a sentence."""
        own = self.own
        if not own:
            return "The server"
        if self.shape.kind is Kind.MODEL:
            return f"The {self.shape.roles[0]} model {own[0].name}"
        return f"The model {own[0].name}" if len(own) == 1 else f"The models {own[0].name} and {own[1].name}"


class Choice:
    """Models asked for together. `obtained` once they are on this machine."""

    def __init__(self, wanted: Wanted) -> None:
        """Raises ModelError for an unknown name and for a folder without a model."""
        self.wanted, self.plan = wanted, PLANS[wanted.strategy]
        self.config = wanted.models
        self.options = models.options(wanted.models, wanted.threads)
        self.names = used(models.checked(wanted.models), self.plan)
        self.obtained: Obtained | None = None

    def obtain(self, progress: Callable[[str, int, int], None]) -> None:
        """Its models on this machine, or those in their place. May take minutes. Raises ModelError."""
        if not self.plan.local:
            return
        try:
            self.obtained = models.ensure_pair(self.config, progress, roles=self.plan.local)
        except VoicetypeError:
            raise
        except Exception as error:  # the disk and the libraries of the fetching raise what they like
            log.exception("the models could not be looked for")
            names = " and ".join(dict.fromkeys((self.names.fast, self.names.heavy)))
            raise ModelError(
                f"The models {names} can't be had: {error}.",
                "Look at models.folder in the configuration; the log says more.",
            ) from error
        self.names = used(self.obtained.pair, self.plan)

    def listing(self) -> list[Mapping[str, object]]:
        """Every model that could be used, as `models.ModelInfo` has it."""
        known = models.listing(self.config.folder, speeds.of(self.config.folder, self.options))
        return [asdict(model) | {"path": str(model.path or "")} for model in known]

    def units(self) -> list[Unit]:
        """What is to be loaded, in order, once it is obtained."""
        return [self._unit(shape) for shape in self.plan.shapes]

    def _unit(self, shape: Shape) -> Unit:
        served = shape.kind in (Kind.REMOTE, Kind.STREAMING)
        found = self._standing_by if served else self._obtained
        return Unit(shape, tuple(map(found, shape.roles)), self.wanted.server if served else None)

    def _obtained(self, role: str) -> ChosenModel:
        assert self.obtained is not None
        heavy, pair = role == HEAVY, self.obtained.pair
        folder = self.obtained.heavy if heavy else self.obtained.fast
        return self._chosen(folder, pair.heavy if heavy else pair.fast)

    def _standing_by(self, role: str) -> ChosenModel | None:
        """The model that hears while a server does not: nothing is fetched for it."""
        pair = models.resolve(self.config)
        name = pair.heavy if role == HEAVY else pair.fast
        folder = models.present(name, self.config.folder)
        return None if folder is None else self._chosen(folder, name)

    def _chosen(self, folder: Path, name: str) -> ChosenModel:
        return ChosenModel(folder, name, self.options, self.config.folder)


def used(pair: Pair, plan: Plan) -> Pair:
    """The names of what hears: where one model does for both roles, it is both; a server is called that."""
    if plan.local == (HEAVY,):
        return Pair(pair.heavy, pair.heavy)
    fast = pair.fast if FAST in plan.local else _SERVER
    return Pair(fast, pair.heavy if HEAVY in plan.local else _SERVER)


def heard_by(wanted: Wanted) -> list[str]:
    """The models on this machine that a language has to suit. Raises ModelError."""
    pair = models.checked(wanted.models)
    return [pair.heavy if role == HEAVY else pair.fast for role in PLANS[wanted.strategy].local]


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
