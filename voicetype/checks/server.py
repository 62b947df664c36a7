"""The server that hears, where one is configured: whether it does, with a second of silence."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing

from voicetype.checks import Finding, good, worse
from voicetype.config import Config, RemoteConfig, StreamingConfig
from voicetype.errors import ServerError, VoicetypeError
from voicetype.strategies import Strategy

_PATIENCE_S = 5.0


def server(config: Config) -> Finding:
    """Whether it answers, proves who it is and takes the key."""
    match config.engine.strategy:
        case Strategy.REMOTE if config.remote.address:
            return _remote(config)
        case Strategy.STREAMING if config.streaming.address:
            return _streaming(config)
    return good("none: nothing that you say leaves this machine")


def _remote(config: Config) -> Finding:
    from voicetype.engine.outgoing import Outgoing
    from voicetype.engine.remote import Remote

    def ask(key: str) -> str:
        with closing(Remote(config.remote, key, Outgoing())) as remote:
            remote.warm_up(_PATIENCE_S)
            return remote.name

    return _asked(config.remote, ask)


def _streaming(config: Config) -> Finding:
    import numpy as np

    from voicetype.core.events import SAMPLE_RATE
    from voicetype.engine import Hearing
    from voicetype.engine.outgoing import Outgoing
    from voicetype.engine.streaming import open_streams

    def ask(key: str) -> str:
        _, lasting = open_streams(config.streaming, key, Outgoing())
        with closing(lasting):
            lasting.transcribe(np.zeros(SAMPLE_RATE, np.float32), Hearing("en", final=True))
            return lasting.name

    return _asked(config.streaming, ask)


def _asked(section: RemoteConfig | StreamingConfig, ask: Callable[[str], str]) -> Finding:
    """What comes of a second of silence. `ask`, with the key, has the server hear it; the server's name."""
    from voicetype.secrets import key_of

    began = time.monotonic()
    try:
        name = ask(key_of(section.key_file, section.key_in_keyring, section.address))
    except ServerError as error:
        return worse(f"{error.sentence} This machine's models take over where they are here.", error.hint)
    except VoicetypeError as error:
        return worse(error.sentence, error.hint)
    return good(f"{name} hears: it took {time.monotonic() - began:.1f} s for a second of silence")
