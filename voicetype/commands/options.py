"""What the commands make of their options."""

from __future__ import annotations

from argparse import Namespace

from voicetype import logs
from voicetype.config import Config
from voicetype.config_file import load, override
from voicetype.console import Format, Printer, printer
from voicetype.machine import decide, this_machine


def chosen(options: Namespace) -> dict[str, object]:
    """The command line's own values of settings, by dotted name."""
    values = {n.lstrip("."): value for n, value in vars(options).items() if "." in n and value is not None}
    if "models.preset" in values:
        # A preset on the command line is meant, whatever models the file names.
        values = {"models.fast": "", "models.heavy": ""} | values
    return values


def asked(options: Namespace) -> Config:
    """The configuration with the command line's own values in it. Raises ConfigError.

    What it says of the log holds from now on.
    """
    config = override(load(options.config), chosen(options))
    logs.configure(config.logs.level, config.logs.quiet, config.logs.libraries)
    return config


def configuration(options: Namespace) -> Config:
    """The same, with what "locale" and "auto" come to on this machine. Raises ConfigError."""
    return decide(asked(options), this_machine())


def output(options: Namespace) -> Printer:
    """The printer that the options ask for. What the daemon is told is printed where somebody looks."""
    shape = Format(options.format) if options.format else None
    return printer(shape, watched=options.command != "run")
