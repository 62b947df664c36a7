"""`start`, `stop`, `toggle`, `cancel`, `undo` and `status`: what is asked of the running daemon."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Mapping

from voicetype import client, status_line

_FINISH_S = 300.0  # how long `stop` waits for the heavy model's last word


def run(options: Namespace) -> int:
    """Dispatch."""
    match options.command:
        case "start":
            # Where the bus knows how to start the daemon, who wants to dictate need not.
            client.call("Start", "a{sv}", client.texts(language=options.language), autostart=True)
        case "stop":
            (text,) = client.call("Stop", answers="s", timeout_s=_FINISH_S)
            print(text)
        case "toggle":
            client.call("Toggle", autostart=True)
        case "cancel":
            client.call("Cancel")
        case "undo":
            client.call("UndoLast", answers="b", timeout_s=_FINISH_S)
        case "quit":
            client.call("Quit")
        case _ if options.follow:
            from voicetype.commands import listen

            listen.follow(options.format)
        case _:
            _show(client.properties(), options.format)
    return 0


def _show(properties: Mapping[str, object], shape: str) -> None:
    if shape == "json":
        print(json.dumps(status_line.bar(properties), ensure_ascii=False))
        return
    for name, value in properties.items():
        shown = ("yes" if value else "no") if isinstance(value, bool) else value
        print(f"{name:<12}{shown}")
