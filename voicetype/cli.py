"""The command line: its exit codes, and which module a command is in; no other module is imported."""

from __future__ import annotations

import os
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path

from voicetype.arguments import parser, with_default_command
from voicetype.errors import ConfigError, VoicetypeError

_INTERRUPTED = 130  # as a shell says it: 128 + SIGINT

_MODULES = {
    **dict.fromkeys(("run", "replay"), "dictation"),
    "transcribe": "transcribe",
    **dict.fromkeys(("start", "stop", "toggle", "cancel", "undo", "quit", "status"), "clients"),
    "last": "last",
    "learn": "learn",
    "listen": "listen",
    "doctor": "doctor",
    "models": "models",
    "devices": "devices",
    "config": "config",
    "key": "key",
    **dict.fromkeys(("install", "uninstall"), "install"),
}
"""Which module of `voicetype.commands` a command is in; it alone is imported."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command. Returns 0 done, 1 failed (a sentence is on stderr), 2 usage, 130 interrupted."""
    if argv is None:
        _end_orderly()
    arguments = with_default_command(sys.argv[1:] if argv is None else argv)
    _make_writable()
    try:
        try:
            options = _parsed(parser(), arguments)
            return options if isinstance(options, int) else _run(options)
        finally:
            sys.stdout.flush()
    except VoicetypeError as error:
        print(f"{error.sentence}\n{error.hint}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        _drop_output()  # the reader has left
        return _INTERRUPTED
    except OSError as error:
        _drop_output()
        print(
            f"The output can't be written: {error.strerror}.\nMake room, or write elsewhere.", file=sys.stderr
        )
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED


def _end_orderly() -> None:
    """Who ends us otherwise than by Ctrl-C gets the same end: keys are given back, the log is written."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def _make_writable() -> None:
    """Whatever the terminal's encoding, and whether or not there is an output at all."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  # open for as long as the program runs
        elif isinstance(stream := getattr(sys, name), TextIOWrapper):
            stream.reconfigure(errors="replace")
    if sys.stderr is sys.__stderr__ and sys.stderr is not None:
        # What we say gets a way of its own: sounddevice turns descriptor 2 away while PortAudio starts, to
        # silence what ALSA says of devices that aren't there.
        own = os.dup(sys.stderr.fileno())
        sys.stderr = open(own, "w", 1, sys.stderr.encoding, "replace")  # noqa: SIM115  # as long as it runs


def _drop_output() -> None:
    """What Python would still write at its exit goes nowhere."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parsed(arguments: ArgumentParser, argv: Sequence[str]) -> Namespace | int:
    """The options, or an exit code where argparse has said all there is to say."""
    try:
        return arguments.parse_args(argv)
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 2


def _run(options: Namespace) -> int:
    from voicetype import hardening, logs

    hardening.forbid_core_dumps()
    hardening.forbid_writing_by_others()
    logs.configure(vars(options)["logs.level"] or "info", vars(options)["logs.quiet"] or False)
    _need_home()
    command = import_module(f"voicetype.commands.{_MODULES[options.command]}")
    done: int = command.run(options)
    return done


def _need_home() -> None:
    """Everything is looked for there. Raises ConfigError."""
    try:
        Path.home()
    except RuntimeError as error:
        raise ConfigError(
            "There is no home folder: HOME is not set, and the system knows of none.",
            "Name one: `HOME=/some/folder voicetype ...`.",
        ) from error
