"""The dictations that were asked for, one at a time; and what is typed or taken back between two of them.

The first of the queue runs; the others listen already, and their speech waits in the microphone's queue.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field

from voicetype.control import State
from voicetype.dictations import Dictations
from voicetype.errors import DaemonError, VoicetypeError
from voicetype.frames import Frame, FrameSource
from voicetype.pipeline import Dictation, Report
from voicetype.settings import Settings

log = logging.getLogger(__name__)

_REMEMBERED = 10


@dataclass(slots=True, eq=False)
class _Turn:
    """A dictation that was asked for."""

    source: FrameSource
    settings: Settings
    text: Future[str] = field(default_factory=Future)
    ended: bool = False  # the user has said all, or wants none of it, or the source has ended by itself


@dataclass(slots=True, eq=False)
class _Heard:
    """A source that says when it ends, whoever ends it: the user, the loss of the focus, its own death."""

    source: FrameSource
    ended: Callable[[], object]

    def __iter__(self) -> Iterator[Frame]:
        try:
            yield from self.source
        finally:
            self.ended()

    def stop(self) -> None:
        self.source.stop()
        self.ended()

    def close(self) -> None:
        self.source.close()


class Turns:
    """The queue. Owned by the daemon's thread, to which `ask` brings a job; `state` is for any thread."""

    def __init__(
        self, dictations: Dictations, tell: Report, ask: Callable[[Callable[[], None]], object]
    ) -> None:
        self._dictations, self._tell, self._ask = dictations, tell, ask
        self._queue: deque[_Turn] = deque()
        self._running: Dictation | None = None
        self._typed: Future[None] | None = None
        self._kept = ""  # the last text, where a window did not take all of it
        self.texts: deque[str] = deque(maxlen=_REMEMBERED)
        """The last texts, the newest first; they are kept nowhere else."""

    @property
    def state(self) -> State:
        """What is being done of what was asked for."""
        turns = tuple(self._queue)
        if self._typed and not self._typed.done():
            return State.FINISHING
        if not turns:
            return State.IDLE
        return State.FINISHING if turns[-1].ended else State.LISTENING

    def start(self, source: FrameSource, settings: Settings) -> None:
        """Another dictation. Raises KeyboardError where no window could take its text."""
        self._queue.append(_Turn(source, settings))
        if self._running is None:
            self._begin()

    def stop(self) -> Future[str]:
        """The last turn is said: its text. Where there is none: what the last text has left untyped, once."""
        if self._queue:
            turn = self._queue[-1]
            turn.ended = True
            turn.source.stop()
            return turn.text
        text: Future[str] = Future()
        text.set_result(self._kept)
        self._kept = ""
        return text

    def cancel(self) -> None:
        """Nothing of the last turn is wanted."""
        if len(self._queue) > 1:
            self._drop(self._queue[-1])
        elif self._running:
            self._queue[-1].ended = True
            self._running.cancel()

    def abandon(self) -> list[Future[str]]:
        """Nobody is there any more: what stands stays, and is the text. Those that are still to come."""
        texts = [turn.text for turn in self._queue]
        for waiting in list(self._queue)[1:]:
            self._drop(waiting)
        if self._running:
            self._queue[0].ended = True
            self._running.abandon()
        return texts

    def alone(self, keys: Callable[[], None]) -> Future[None]:
        """Begin to type, or to erase, while the daemon goes on. Raises DaemonError where it can't be."""
        self.check_not_typing()
        if self.state is not State.IDLE:
            raise DaemonError("A dictation is running.", "End it first: voicetype stop.")
        self._typed = typed = Future[None]()

        def type_() -> None:
            try:
                keys()
            except Exception as error:  # noqa: BLE001  # told to who asked
                typed.set_exception(error)
            else:
                typed.set_result(None)
            self._ask(lambda: None)

        threading.Thread(target=type_, name="voicetype-alone", daemon=True).start()
        return typed

    def check_not_typing(self) -> None:
        """Raise DaemonError while what `alone` began goes on."""
        if self._typed and not self._typed.done():
            raise DaemonError("A text is being typed, or taken back.", "Press any key to break it off.")

    def _begin(self) -> None:
        """The first in the queue has its turn. Raises KeyboardError where that can't be."""
        turn = self._queue[0]

        def ended() -> None:
            turn.ended = True

        source = _Heard(turn.source, lambda: self._ask(ended))
        try:
            running = self._dictations.dictate(source, turn.settings, self._tell)
        except BaseException:
            self._drop(turn)
            raise
        self._running = running
        running.finished.add_done_callback(lambda _: self._ask(lambda: self._finished(running)))

    def _drop(self, turn: _Turn) -> None:
        """A turn that never ran: its microphone is closed, and who waits for its text gets none."""
        self._queue.remove(turn)
        turn.source.close()
        turn.text.set_result("")

    def _finished(self, dictation: Dictation) -> None:
        turn = self._queue.popleft()
        self._running = None
        if error := dictation.finished.exception():
            turn.text.set_exception(error)
            log.error("a dictation failed", exc_info=error)
            self._tell(VoicetypeError("The dictation failed inside voicetype.", "The log says where."))
        else:
            text = dictation.finished.result()
            self._kept = text if dictation.session.untyped else ""
            if text:
                self.texts.appendleft(text)
            turn.text.set_result(text)
        while self._queue and self._running is None:
            try:
                self._begin()
            except VoicetypeError as problem:
                self._tell(problem)
