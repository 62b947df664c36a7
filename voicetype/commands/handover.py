"""A second `voicetype run`: what its command line asks for is told to the daemon that runs already."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Mapping

from voicetype import client, status_line
from voicetype.commands.options import chosen, configuration
from voicetype.engine.models import is_folder, resolve

_MODELS = ("models.preset", "models.fast", "models.heavy")


def run(options: Namespace) -> int:
    """Tell it, and say what was told. Raises DaemonError where it refuses."""
    asked = {name: str(value) for name, value in chosen(options).items() if value}
    told = _tell(options, asked)
    left = _left_over(options, asked)
    # A reader of JSON lines must meet nothing else.
    output = sys.stderr if options.format == "jsonl" else sys.stdout
    said = f"it was told: {', '.join(told)}." if told else "nothing was asked of it."
    print(f"voicetype is running already; {said}", file=output)
    if left:
        print(f"Not handed over, since it goes by its own: {', '.join(left)}.", file=output)
    print(status_line.line(client.properties()), file=output)
    return 0


def _tell(options: Namespace, asked: Mapping[str, str]) -> list[str]:
    """What was told, for people. The models come first: the language may be one that only they know."""
    told = []
    if any(name in asked for name in _MODELS):
        fast, heavy = _models(options, asked)
        client.call("SetModels", "ss", fast, heavy)
        told.append(f"models {fast} and {heavy}")
    if "language" in asked:
        language = configuration(options).language  # what "locale" means here
        client.call("SetLanguage", "s", language)
        told.append(f"language {language}")
    return told


def _models(options: Namespace, asked: Mapping[str, str]) -> tuple[str, str]:
    """Fast and heavy: those asked for, the preset's, or what the daemon has. Raises ModelError."""
    if "models.preset" in asked:
        pair = resolve(configuration(options).models)
        return _absolute(pair.fast), _absolute(pair.heavy)
    now = client.properties()
    fast, heavy = asked.get("models.fast", now["FastModel"]), asked.get("models.heavy", now["HeavyModel"])
    return _absolute(str(fast)), _absolute(str(heavy))


def _absolute(model: str) -> str:
    """A folder means the same to the daemon, which was started elsewhere."""
    return os.path.abspath(os.path.expanduser(model)) if is_folder(model) else model


def _left_over(options: Namespace, asked: Mapping[str, str]) -> list[str]:
    """Options that only a daemon's own start can heed, as they are written."""
    left = [f"--{name.rpartition('.')[2]}" for name in asked if name.startswith(("typing.", "engine."))]
    if options.config:
        left.append("--config")
    if options.format:
        jsonl = options.format == "jsonl"
        left.append("--format (`voicetype listen` prints what it says)" if jsonl else "--format")
    return left
