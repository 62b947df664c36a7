"""`models list`, `get` and `remove`."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from voicetype.commands.options import configuration
from voicetype.config import Config, ModelsConfig
from voicetype.engine import models, speeds, store
from voicetype.engine.catalogue import ALIASES, PRESETS, known, pair_memory_mb
from voicetype.engine.models import ModelInfo
from voicetype.engine.progress import Bar
from voicetype.strategies import PLANS, ROLES, Strategy

_ROLES = {"fast": "drafts", "heavy": "confirms", "both": "both", "relief": "stands by", "": ""}
_RELIEF = "relief"
_SOURCES = {"cache": "here", "hub cache": "here, in the hub's cache", "hub": "hub", "wheels": "package index"}
_NOTE = "memory: once loaded. speed: for five seconds of speech, measured when a model is first loaded here."


def run(options: Namespace) -> int:
    """Dispatch."""
    config = configuration(options)
    match options.action:
        case "get":
            for path in dict.fromkeys(_fetched(options.names, config)):
                print(path)
        case "remove":
            freed = models.remove(options.name, config.models.folder)
            print(f"{options.name} is removed; {freed / 1e6:.0f} MB are free again.")
        case _:
            print(_fields(config) if options.format == "json" else _tables(config))
    return 0


def _fetched(names: Sequence[str], config: Config) -> list[Path]:
    """The folders of models: those named, else those that hear as it is configured, or fall back to."""
    chosen, jobs = config.models, _jobs(config)
    needed = [name for name, role in jobs.items() if role != _RELIEF]
    wanted = [name for name in dict.fromkeys(names or needed) if not models.is_folder(name)]
    listed = {info.name: info for info in models.listing(chosen.folder)}
    for info in [
        listed[known(name).name] for name in wanted
    ]:  # a name that is wrong is told before a download
        here = "is here already." if info.present else f"comes from the {_where(info)}: {info.size_mb} MB."
        print(f"{info.name} {here}", file=sys.stderr)
    if names:
        return [models.ensure(name, chosen.folder, Bar(), thorough=True) for name in names]
    for name in (name for name, role in jobs.items() if role == _RELIEF and not _is_here(name, chosen)):
        print(f"{name} could stand by for the server: `voicetype models get {name}`.", file=sys.stderr)
    if not needed:
        return []
    obtained = models.ensure_pair(chosen, Bar(), roles=PLANS[config.engine.strategy].local)
    return [obtained.fast, obtained.heavy]


def _is_here(name: str, chosen: ModelsConfig) -> bool:
    return models.present(name, chosen.folder) is not None


def _jobs(config: Config) -> dict[str, str]:
    """What each model does by the strategy: a key of _ROLES, by the models as they are configured."""
    local, pair = PLANS[config.engine.strategy].local, asdict(models.resolve(config.models))
    hear = {role: ALIASES.get(pair[role], pair[role]) for role in local}
    if len(set(hear.values())) == 1 and not _asks_a_server(config):
        return dict.fromkeys(hear.values(), "both")
    jobs = {name: role for role, name in hear.items()}
    stand_by = [ALIASES.get(pair[role], pair[role]) for role in ROLES if role not in local]
    return jobs | {name: _RELIEF for name in stand_by if _asks_a_server(config) and name not in jobs}


def _asks_a_server(config: Config) -> bool:
    return config.engine.strategy in (Strategy.REMOTE, Strategy.STREAMING)


def _listed(config: Config) -> list[ModelInfo]:
    how = models.options(config.models, config.engine.threads)
    return models.listing(config.models.folder, speeds.of(config.models.folder, how))


def _tables(config: Config) -> str:
    """For people, in a hundred columns."""
    jobs = _jobs(config)
    lines = [f"{'model':<19}{'now':<10}{'download':>8}{'memory':>10}  {'languages':<16}{'speed':>7}  where"]
    for info in _listed(config):
        speed = f"{info.speed_s:.2f} s" if info.speed_s else "–"
        job = _ROLES[jobs.get(info.name, "")]
        lines.append(
            f"{info.name:<19}{job:<10}{info.size_mb:>5} MB{info.memory_mb:>7} MB  "
            f"{info.languages:<16}{speed:>7}  {_where(info)}"
        )
    lines += [f"{_ROLES[jobs[name]]} now: {name}" for name in filter(models.is_folder, jobs)]
    lines += [_NOTE, f"kept in {store.place(config.models.folder)}", ""]
    lines.append(f"{'preset':<20}{'drafts':<10}{'confirms':<10}memory of both")
    for name, both in PRESETS.items():
        now = "   now" if _in_force(name, config.models) else ""
        lines.append(f"{name:<20}{both.fast:<10}{both.heavy:<10}{pair_memory_mb(both):>11} MB{now}")
    return "\n".join(lines)


def _fields(config: Config) -> str:
    """For scripts: the tables as JSON.

    `folder`; `models`: what ModelInfo has, and `role`: "fast", "heavy", "both", "relief" (for a server) or
    empty; `presets`: `name`, `fast`, `heavy`, `memory_mb`, and whether it is `configured`.
    """
    jobs = _jobs(config)
    return json.dumps(
        {
            "folder": str(store.place(config.models.folder)),
            "models": [
                asdict(info) | {"path": str(info.path or ""), "role": jobs.get(info.name, "")}
                for info in _listed(config)
            ],
            "presets": [
                {"name": name, **asdict(both), "memory_mb": pair_memory_mb(both)}
                | {"configured": _in_force(name, config.models)}
                for name, both in PRESETS.items()
            ],
        },
        ensure_ascii=False,
    )


def _where(info: ModelInfo) -> str:
    return " or ".join(_SOURCES[source] for source in info.source.split(" or "))


def _in_force(preset: str, chosen: ModelsConfig) -> bool:
    return preset == chosen.preset and not (chosen.fast or chosen.heavy)
