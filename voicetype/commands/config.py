"""`config`: every setting, and where it comes from; `config init`: a file to set them in."""

from __future__ import annotations

from argparse import Namespace

from voicetype import config_file, config_showing, config_writing, surroundings
from voicetype.config import Config
from voicetype.machine import decided, this_machine


def run(options: Namespace) -> int:
    """Dispatch."""
    if options.path:
        print(options.config or config_file.default_path())
    elif options.action == "init":
        print(
            f"{config_writing.initialise(options.config)} is written; every line of it says what it is for."
        )
    else:
        here = _here(config_file.load(options.config))
        print("\n".join(config_showing.explain(options.config, here)))
    return 0


def _here(config: Config) -> dict[str, str]:
    """What "locale" and "auto" come to on this machine."""
    here = decided(config, this_machine())
    if config.typing.keyboard == "auto":
        choice = surroundings.choose("auto")
        here["typing.keyboard"] = ", else ".join(choice.ways) or f"none. {choice.refused[0].sentence}"
    return here
