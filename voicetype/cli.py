"""The commands. Each imports what it needs when it runs: `voicetype status` answers in a moment."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from contextlib import suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING

from voicetype.arguments import parser, with_default_command
from voicetype.errors import VoicetypeError

if TYPE_CHECKING:
    from pathlib import Path

    from voicetype.config import Config, ModelsConfig
    from voicetype.console import Printer

_INTERRUPTED = 130  # as a shell says it: 128 + SIGINT
_FINISH_S = 300.0  # how long `stop` waits for the heavy model's last word


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command. Returns 0 done, 1 failed (a sentence is on stderr), 2 usage, 130 interrupted."""
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


def _make_writable() -> None:
    """Whatever the terminal's encoding, and whether or not there is an output at all."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  # open for as long as the program runs
        elif isinstance(stream := getattr(sys, name), TextIOWrapper):
            stream.reconfigure(errors="replace")


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
    from voicetype import logs

    logs.configure(options.verbose)
    return _COMMANDS[options.command](options)


def _daemon(options: Namespace) -> int:
    config, printer = _config(options), _printer(options)
    from voicetype import app

    return app.run_daemon(config, printer)


def _replay(options: Namespace) -> int:
    config, printer = _config(options), _printer(options)
    from voicetype import app

    return app.replay(config, options.file, realtime=options.realtime, printer=printer)


def _transcribe(options: Namespace) -> int:
    config = _config(options)
    from voicetype import app

    print(app.transcribe(config, options.file))
    return 0


def _start(options: Namespace) -> int:
    from dbus_fast import Variant

    from voicetype import client

    chosen = {"language": Variant("s", options.language)} if options.language else {}
    client.call("Start", "a{sv}", chosen)
    return 0


def _stop(_: Namespace) -> int:
    from voicetype import client

    (text,) = client.call("Stop", timeout_s=_FINISH_S)
    print(text)
    return 0


def _toggle(_: Namespace) -> int:
    from voicetype import client

    client.call("Toggle")
    return 0


def _cancel(_: Namespace) -> int:
    from voicetype import client

    client.call("Cancel")
    return 0


def _status(options: Namespace) -> int:
    from voicetype import client

    properties = client.properties()
    if options.format == "json":
        import json

        print(json.dumps(properties, ensure_ascii=False))
        return 0
    for name, value in properties.items():
        shown = ("yes" if value else "no") if isinstance(value, bool) else value
        print(f"{name:<12}{shown}")
    return 0


def _models(options: Namespace) -> int:
    config = _config(options)
    from voicetype.engine import models

    folder = config.models.folder
    match options.action:
        case "get":
            for path in _fetched(options.names, config.models):
                print(path)
        case "remove":
            models.remove(options.name, folder)
        case _:
            for model in models.listing(folder):
                where = model.path if model.present else f"not here; from the {model.source}"
                print(f"{model.name:<20}{model.size_mb:>6} MB  {model.languages:<16}{where}")
    return 0


def _fetched(names: Sequence[str], chosen: ModelsConfig) -> list[Path]:
    """The folders of models: those named, else the two that are configured or what they fall back to."""
    from voicetype.engine import models
    from voicetype.engine.progress import Bar

    if names:
        return [models.ensure(name, chosen.folder, Bar()) for name in names]
    obtained = models.ensure_pair(chosen, Bar())
    return [obtained.fast, obtained.heavy]


def _devices(_: Namespace) -> int:
    from voicetype.audio import devices
    from voicetype.errors import AudioError

    found = devices()
    if not found:
        raise AudioError("There is no microphone.", "Plug one in, or turn it on in the sound settings.")
    for device in found:
        mark = "*" if device.default else " "
        print(f"{mark} {device.name}  ({device.channels} channels, {device.rate_hz} Hz)")
    return 0


def _show_config(options: Namespace) -> int:
    from voicetype import config_file

    if options.path:
        print(options.config or config_file.default_path())
    else:
        print("\n".join(config_file.explain(options.config)))
    return 0


def _config(options: Namespace) -> Config:
    """The configuration with the command line's own values in it."""
    from voicetype.config_file import load, override

    config = load(options.config)
    chosen = {n.lstrip("."): value for n, value in vars(options).items() if "." in n and value is not None}
    if "models.preset" in chosen:
        # A preset on the command line is meant, whatever models the file names.
        chosen = {"models.fast": "", "models.heavy": ""} | chosen
    return override(config, chosen)


def _printer(options: Namespace) -> Printer:
    from voicetype.console import Format, printer

    return printer(Format(options.format) if options.format else None)


_COMMANDS: dict[str, Callable[[Namespace], int]] = {
    "run": _daemon,
    "start": _start,
    "stop": _stop,
    "toggle": _toggle,
    "cancel": _cancel,
    "status": _status,
    "replay": _replay,
    "transcribe": _transcribe,
    "models": _models,
    "devices": _devices,
    "config": _show_config,
}
