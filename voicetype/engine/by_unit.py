"""Models fetched by another service, where this process is one that has no network.

Its unit names that of the other one, for which `voicetype models get NAME` is run. The service manager is
asked over a socket; how far the download is shows in the growing folder, how it ended in a file.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from voicetype.engine.catalogue import Model
from voicetype.engine.fetch import run
from voicetype.engine.progress import Progress, Unwanted, watching
from voicetype.engine.store import unfinished
from voicetype.errors import ModelError

_TEMPLATE = "VOICETYPE_MODELS_UNIT"
_MANAGER = ("systemctl", "--user")


def template(environment: Mapping[str, str] = os.environ) -> str:
    """The unit that fetches models; empty where this process fetches them itself."""
    return environment.get(_TEMPLATE, "")


def fetch(model: Model, place: Path, progress: Progress, environment: Mapping[str, str] = os.environ) -> None:
    """Wait until the other service has fetched a model.

    Raises ModelError with its sentence and hint, and Unwanted.
    """
    unit = template(environment).replace("@", f"@{model.name}")
    size = model.size_mb * 10**6
    report = Path(environment.get("XDG_RUNTIME_DIR", ""), f"voicetype-models-{model.name}")
    report.unlink(missing_ok=True)  # an older one
    with watching(unfinished(place, model.name), model.name, size, progress) as check:
        try:
            code, answer = run([*_MANAGER, "start", unit], environment, check)  # until the unit has ended
        except Unwanted:
            subprocess.run([*_MANAGER, "stop", "--no-block", unit], env=environment, check=False)
            raise
        said = report.read_text("utf-8", "replace").splitlines() if report.exists() else []
        report.unlink(missing_ok=True)
        if code:
            raise _failure(unit, model.name, said, answer)
    progress(model.name, size, size)


def _failure(unit: str, name: str, said: list[str], answer: str) -> ModelError:
    """What the unit has said last, a sentence and a hint; else what the service manager says of it."""
    if len(said) > 1:
        return ModelError(*said[-2:])
    reason = (answer.strip().splitlines() or ["it ended"])[0].rstrip(".")
    return ModelError(
        f"The model {name} was not fetched by {unit}: {reason}.",
        f"Fetch it in a terminal, where you see what happens: `voicetype models get {name}`.",
    )
