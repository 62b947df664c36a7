"""The connections to a streaming server: one for each utterance under way.

Rule 1. A window brings the whole utterance so far; what of it is new is sent, by whoever comes first. Rule 2.
The sound of an utterance is kept until it is over. A connection that breaks before is replaced once, and all
is sent again; the last word stands until the new one has come as far. Rule 3. What a server has not answered
`timeout_s` after it was sent, it will not answer. Rule 4. A connection ends with its
utterance, or seconds after the last window of one that nobody asked to the end.
"""

from __future__ import annotations

import asyncio
import math
import threading
import weakref
from dataclasses import dataclass, field

import numpy as np

from voicetype.config import StreamingConfig
from voicetype.core.events import SAMPLE_RATE
from voicetype.core.streamed import Streamed
from voicetype.engine import Audio, Hearing, Hypothesis
from voicetype.engine.lookups import Lookups
from voicetype.engine.outgoing import Outgoing
from voicetype.engine.streaming_line import Line
from voicetype.engine.streaming_messages import query
from voicetype.engine.streaming_server import StreamingServer

_ENDING_S = 3.0  # that connections may take to end
_CLOSING_S = 0.1  # that their sockets take then
_UNDER_WAY = 3  # utterances: one is spoken, the one before is being settled


@dataclass(slots=True, eq=False)
class Utterance:
    """An utterance under way. `start`: samples since the session's start. Its Lines have the lock."""

    start: int
    line: Line
    sound: bytearray = field(default_factory=bytearray)  # all that was sent of it
    before: Streamed = Streamed()  # what was said over a connection that broke
    broken: bool = False  # a connection of it has

    @property
    def end(self) -> int:
        """Up to where it was sent, samples since the session's start."""
        return self.start + len(self.sound) // 2

    @property
    def streamed(self) -> Streamed:
        """The last word."""
        state, before = self.line.state, self.before
        return state.streamed if state.ended or state.streamed.reaches(before) else before

    def heard(self, audio: Audio, how: Hearing, *, whole: bool) -> Hypothesis:
        """What was said of a window."""
        begin, end = how.start, how.start + len(audio)
        text, sure = self.streamed.heard(
            (begin - self.start) / SAMPLE_RATE,
            (end - self.start) / SAMPLE_RATE if end < self.end else math.inf,
            whole=whole,
        )
        return Hypothesis(text, sure)


class Lines:
    """Any thread may call."""

    def __init__(self, config: StreamingConfig, server: StreamingServer, outgoing: Outgoing) -> None:
        self.server = server
        self._config, self._outgoing = config, outgoing
        self._lock = threading.RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: weakref.finalize[[asyncio.AbstractEventLoop], Lines] | None = None
        self._open: dict[tuple[int, int], Utterance] = {}  # by session and utterance

    def reach(self, audio: Audio, how: Hearing) -> Utterance:
        """The utterance of a window, all of which is sent. Raises ServerError where nothing can be sent."""
        key = how.session, how.utterance
        with self._lock:
            known = self._open.get(key)
            if known is None or not known.start <= how.start <= known.end:
                self.leave(how)
                self._end_others(how)
                parameters = query(how.language, how.hotwords, self._config.parameters)
                known = self._open[key] = Utterance(how.start, self._new(parameters))
            self._mend(known, how)
            new = _encoded(audio[known.end - how.start :])
            known.sound += new
            known.line.send(new)
            return known

    def check(self, utterance: Utterance, how: Hearing) -> None:
        """Raise ServerError where the server does not answer any more."""
        if utterance.line.waits_s() > self._config.timeout_s:
            self.leave(how)
            raise self.server.slow()

    def leave(self, how: Hearing) -> None:
        """Nothing more is wanted of an utterance."""
        with self._lock:
            if (utterance := self._open.pop((how.session, how.utterance), None)) is not None:
                utterance.line.hang_up()

    def over(self, how: Hearing) -> None:
        """An utterance was settled."""
        with self._lock:
            self._open.pop((how.session, how.utterance), None)

    def close(self) -> None:
        """Hang up. Safe to call twice, and not to call; who asks again is heard again."""
        with self._lock:
            self._open.clear()
            if self._ending:
                self._ending()
            self._loop = self._ending = None

    def _end_others(self, how: Hearing) -> None:
        """A new utterance begins: those of long before, which nobody asked to the end, are forgotten."""
        for (session, utterance), other in list(self._open.items()):
            if session != how.session or utterance <= how.utterance - _UNDER_WAY:
                other.line.hang_up()
                del self._open[session, utterance]

    def _mend(self, utterance: Utterance, how: Hearing) -> None:
        """Another connection in the place of a broken one (rule 2)."""
        state = utterance.line.state
        if state.error is None:
            return
        if utterance.broken or not state.opened:
            self.leave(how)
            raise state.error
        utterance.before = utterance.streamed
        utterance.broken = True
        utterance.line = self._new(utterance.line.query)
        utterance.line.send(bytes(utterance.sound))

    def _new(self, parameters: str) -> Line:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._loop.set_default_executor(Lookups())
            self._ending = weakref.finalize(self, _end, self._loop)
            self._ending.atexit = False
            threading.Thread(target=_run, args=(self._loop,), name="voicetype-streaming", daemon=True).start()
        return Line(self._loop, self.server, parameters, self._outgoing)


def _encoded(audio: Audio) -> bytes:
    """Samples as linear16."""
    return (np.clip(audio, -1.0, 1.0) * 32_767).astype("<i2").tobytes()


def _run(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    loop.close()


def _end(loop: asyncio.AbstractEventLoop) -> None:
    """End all connections of a loop, and the loop."""
    asyncio.run_coroutine_threadsafe(_ended(loop), loop)


async def _ended(loop: asyncio.AbstractEventLoop) -> None:
    if left := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=_ENDING_S)
    loop.call_later(_CLOSING_S, loop.stop)
