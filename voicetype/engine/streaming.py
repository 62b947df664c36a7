"""A server that hears while one speaks, with Deepgram's live interface, as two Transcribers.

The theory. Both are asked about windows of the same utterance, one for drafts and one for what is to last;
both go by the same connection. Rule 1: drafts wait for nothing, they are what the server said last; only at
a pause they wait a moment for its word on the end. Rule 2: what is to last is asked for at the end, which is
the end of the connection (CloseStream). Finalize, which settles what was said so far, is not used: a server
that is asked at each pause hears in snatches, and not every server knows it. Rule 3: a server that has failed
is believed in again when it has said something, not when it was sent something. Nothing but KeepAlive is sent
while nobody speaks, for then there is no window.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from voicetype.config import StreamingConfig
from voicetype.core.verification import Standing
from voicetype.engine import Audio, Hearing, Hypothesis
from voicetype.engine.outgoing import Outgoing
from voicetype.engine.streaming_line import State
from voicetype.engine.streaming_lines import Lines, Utterance
from voicetype.engine.streaming_server import at
from voicetype.errors import ServerError

_PAUSE_S = 0.5  # that drafts wait at a pause
_POLL_S = 0.05


class _Streaming(ABC):
    """What both have in common."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    @property
    def name(self) -> str:
        """Where it is."""
        return f"streaming at {self._lines.server.host}"

    @abstractmethod
    def transcribe(self, audio: Audio, how: Hearing) -> Hypothesis | None:
        """The text of `audio`, shape (n,). Raises ServerError."""

    def verify(self, audio: Audio, how: Hearing, draft: Callable[[], Standing]) -> Hypothesis | None:  # noqa: ARG002  # a server judges no draft
        """As `transcribe`."""
        return self.transcribe(audio, how)

    def close(self) -> None:
        """Hang up. Safe to call twice, and not to call; who asks again is heard again."""
        self._lines.close()


class Drafts(_Streaming):
    """The Transcriber of the drafts."""

    def __init__(self, lines: Lines) -> None:
        super().__init__(lines)
        self._proven = False  # it has said something since it failed

    def transcribe(self, audio: Audio, how: Hearing) -> Hypothesis | None:
        """What the server says of it so far; None: nothing yet. Raises ServerError."""
        try:
            utterance = self._lines.reach(audio, how)
            if how.to_pause:
                known = utterance.line.state.streamed.results
                utterance.line.wait(lambda state: state.streamed.results > known, _PAUSE_S)
            self._lines.check(utterance, how)
        except ServerError:
            self._proven = False
            raise
        self._proven = self._proven or utterance.line.state.streamed.results > 0
        return utterance.heard(audio, how, whole=how.to_pause) if self._proven else None


class Lasting(_Streaming):
    """The Transcriber of what is to last: the windows at the end of an utterance."""

    def __init__(self, lines: Lines, timeout_s: float) -> None:
        super().__init__(lines)
        self._timeout_s = timeout_s

    def transcribe(self, audio: Audio, how: Hearing) -> Hypothesis | None:
        """What the server says for good. None: before the end, or superseded. Raises ServerError."""
        until = time.monotonic() + self._timeout_s
        while how.final:
            utterance = self._lines.reach(audio, how)
            utterance.line.finish()
            state = _watched(utterance, how, until)
            if state.ended:
                self._lines.over(how)
                return utterance.heard(audio, how, whole=True)
            if how.superseded():
                self._lines.leave(how)
                break
            if state.error is None:
                self._lines.leave(how)
                raise self._lines.server.slow()
        return None


def _watched(utterance: Utterance, how: Hearing, until: float) -> State:
    """The state of a connection once it has ended or failed, or nobody waits any more, or at `until`."""
    while True:
        state = utterance.line.wait(
            lambda state: state.ended, min(_POLL_S, max(0.0, until - time.monotonic()))
        )
        if state.ended or state.error is not None or how.superseded() or time.monotonic() >= until:
            return state


def open_streams(config: StreamingConfig, key: str, outgoing: Outgoing) -> tuple[Drafts, Lasting]:
    """The Transcribers of the drafts and of what is to last, over the same connections.

    They connect with the first window. Raises ConfigError for what can be no server.
    """
    lines = Lines(config, at(config, key), outgoing)
    return Drafts(lines), Lasting(lines, config.timeout_s)
