"""The models, and the room for them."""

from __future__ import annotations

import shutil

from voicetype.checks import Finding, bad, good, worse
from voicetype.config import Config, ModelsConfig
from voicetype.engine import models, store
from voicetype.errors import ModelError
from voicetype.machine import decide, this_machine


def both_models(config: Config) -> Finding:
    """Whether the two that would be used are here, every file as long as it should be."""
    try:
        missing = _missing(config)
        pair = models.checked(_chosen(config))
    except ModelError as error:
        return bad(error.sentence, error.hint)
    if missing:
        size = sum(model.size_mb for model in missing)
        told = " and ".join(model.name for model in missing)
        fetch = f"Fetch {size} MB: `voicetype models get`."
        if instead := _instead(config):
            return worse(f"{told}: not on this machine; until then {instead} will do", fetch)
        return bad(f"{told}: not on this machine", fetch)
    return good(f"{pair.fast} and {pair.heavy} are here, whole")


def disk(config: Config) -> Finding:
    """Whether what is still to be fetched has room."""
    place = store.place(config.models.folder)
    there = next(each for each in (place, *place.absolute().parents) if each.exists())
    free_mb = shutil.disk_usage(there).free // 10**6
    try:
        needed_mb = 2 * sum(model.size_mb for model in _missing(config))  # what is fetched may be packed
    except ModelError:
        needed_mb = 0
    told = f"{free_mb / 1000:.1f} GB free in {place}"
    if free_mb < needed_mb:
        return bad(
            f"{told}; {needed_mb / 1000:.1f} GB are needed",
            "Free some space, or set models.folder to a folder on another disk.",
        )
    return good(told)


def _chosen(config: Config) -> ModelsConfig:
    """With what "auto" means here."""
    return decide(config, this_machine()).models


def _instead(config: Config) -> str:
    """Those that take the place of a preset which can't be had, where they are here; else ""."""
    pair = models.choices(_chosen(config))[-1]
    names = tuple(dict.fromkeys((pair.fast, pair.heavy)))
    here = {model.name for model in models.listing(config.models.folder) if model.present}
    return " and ".join(names) if here.issuperset(names) else ""


def _missing(config: Config) -> list[models.ModelInfo]:
    """Those of both that have a name and are not here. Raises ModelError."""
    pair = models.resolve(_chosen(config))
    listed = models.listing(config.models.folder)
    return [each for each in listed if each.name in (pair.fast, pair.heavy) and not each.present]
