"""Each way to type, tried: a text is typed into a small window, mended, and read back."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from voicetype import keyboards, trial
from voicetype.checks import Finding, good, unknown, worse
from voicetype.config import Config
from voicetype.errors import DesktopError, VoicetypeError
from voicetype.ways import Choice, is_wayland
from voicetype.x11.own_keys import OwnKeys

_INPUT_METHODS = {"ibus": "ibus", "input-method": "wayland"}
"""By way to type: GTK's module that speaks to it."""


def ways(choice: Choice) -> Sequence[str]:
    """Those that could be had here, the first one first."""
    return [way for way in choice.ways if way != "dummy"]


def refused(choice: Choice) -> Mapping[str, Finding]:
    """Those that can't be had here, and why."""
    return {each.way: worse(each.sentence, each.remedy) for each in choice.refused}


def tried(way: str, config: Config) -> Finding:
    """What came of it."""
    try:
        result = trial.attempt(lambda: keyboards.make(way, config.typing, OwnKeys()), _environment(way))
    except DesktopError as error:
        return unknown(f"not tried. {error.sentence}", error.hint)
    except VoicetypeError as error:
        return worse(error.sentence, error.hint)
    if not result.exact:
        problem = trial.problem(result)
        return worse(problem.sentence, problem.hint)
    return good(f"“{result.shown}” was typed and read back; {trial.mended(result)}")


def _environment(way: str) -> Mapping[str, str]:
    """What the window's program needs to be reached by this way."""
    reached = way in ("x11", "clipboard") or not is_wayland(os.environ)
    environment = {"GDK_BACKEND": "x11" if reached else "wayland"}
    module = _INPUT_METHODS.get(way)
    return environment | {"GTK_IM_MODULE": module} if module else environment
