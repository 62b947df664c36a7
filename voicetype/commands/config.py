"""`config`: every setting, and where it comes from; `config init`: a file to set them in."""

from __future__ import annotations

import os
from argparse import Namespace

from voicetype import config_file, config_writing
from voicetype.config import Config
from voicetype.errors import KeyboardError
from voicetype.keyboard import choose
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
        print("\n".join(config_writing.explain(options.config, here)))
    return 0


def _here(config: Config) -> dict[str, str]:
    """What "locale" and "auto" come to on this machine."""
    here = decided(config, this_machine())
    if config.typing.keyboard == "auto":
        try:
            here["typing.keyboard"] = choose.detect("auto", os.environ)
        except KeyboardError as error:
            here["typing.keyboard"] = f"none. {error.sentence}"
    return here
