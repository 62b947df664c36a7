"""The session bus and the daemon on it."""

from __future__ import annotations

from voicetype import client, status_line
from voicetype.checks import Finding, good, worse
from voicetype.config import Config
from voicetype.errors import DaemonError


def session_bus(_: Config) -> Finding:
    """Whether it answers."""
    try:
        client.has_owner(client.NAME)
    except DaemonError as error:
        return worse(error.sentence, error.hint)
    return good("the session bus answers")


def daemon(_: Config) -> Finding:
    """Whether it runs, and what it does."""
    if not client.is_running():
        return worse("not running", "Start it: `voicetype run`.")
    return good(f"running: {status_line.line(client.properties())}")
