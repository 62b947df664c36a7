"""`run` and `replay`: the commands that dictate."""

from __future__ import annotations

from argparse import Namespace

from voicetype import calls, client
from voicetype.commands.options import chosen, configuration, output


def run(options: Namespace) -> int:
    """Dispatch."""
    if options.command == "run" and client.is_running():  # asked first: models would be loaded for nothing
        return _hand_over(options)
    from voicetype import app

    config = configuration(options)
    if options.command == "replay":
        code = app.replay(config, options.file, realtime=options.realtime, printer=output(options))
        return calls.leave(code)
    try:
        return calls.leave(app.run_daemon(options.config, chosen(options), output(options)))
    except client.AlreadyRunning:  # it came meanwhile
        return _hand_over(options)


def _hand_over(options: Namespace) -> int:
    from voicetype.commands import handover

    return handover.run(options)
