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
from voicetype.core.patch import common, graphemes
from voicetype.dictations import Dictations
from voicetype.errors import DaemonError, NotTyped, VoicetypeError
from voicetype.frames import Frame, FrameSource
from voicetype.history import History, Said
from voicetype.pipeline import Dictation, Report
from voicetype.settings import Settings

log = logging.getLogger(__name__)

_LONGEST = 8  # dictations in the queue; people have one, or two


@dataclass(slots=True, eq=False)
class _Turn:
    """A dictation that was asked for."""

    source: FrameSource
    settings: Settings
    text: Future[str] = field(default_factory=Future)
    ended: bool = False  # the user has said all, or wants none of it, or the source has ended by itself
    unwanted: bool = False  # it was cancelled
    left: str = ""  # why it was left as it stood
    heard: str = ""  # its whole text at that moment, typed or not; of one that had not begun, nothing


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
        self,
        dictations: Dictations,
        tell: Report,
        ask: Callable[[Callable[[], None]], object],
        history: History,
    ) -> None:
        self._dictations, self._tell, self._ask, self._history = dictations, tell, ask, history
        self._queue: deque[_Turn] = deque()
        self._running: Dictation | None = None
        self._typed: Future[None] | None = None
        self._kept = ""  # the last text, where a window did not take all of it
        self._ending = False

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

    def check_room(self) -> None:
        """Raise DaemonError where too many wait: each has a microphone open, and sound in memory."""
        if len(self._queue) >= _LONGEST:
            raise DaemonError(
                f"{_LONGEST} dictations are not confirmed yet.", "Wait until one of them is, then go on."
            )

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
            self._queue[-1].ended = self._queue[-1].unwanted = True
            self._running.cancel()

    def abandon(self, reason: str, *, ending: bool = False) -> list[Future[str]]:
        """Nobody is there any more: what stands stays, and what more was understood is kept.

        What was said behind it is heard, unless the daemon ends as well (`ending`), and typed nowhere. The
        texts that are still to come.
        """
        self._ending = self._ending or ending
        texts = [turn.text for turn in self._queue]
        for waiting in list(self._queue)[1:]:
            if ending:
                self._drop(waiting)
            else:
                waiting.ended, waiting.left = True, reason
                waiting.source.stop()
        if self._running:
            turn = self._queue[0]
            if not (turn.left or turn.unwanted):
                turn.left, turn.heard = reason, self._running.session.heard
            turn.ended = True
            self._running.abandon()
        return texts

    def alone(self, keys: Callable[[], None]) -> Future[None]:
        """Begin to type, or to erase, while the daemon goes on. Raises DaemonError where it can't be."""
        self.check_not_typing()
        if self.state is not State.IDLE:
            raise DaemonError("A dictation is running.", "End it first: voicetype stop.")
        self._typed = typed = Future[None]()
        self._dictations.break_off("")  # here, not on that thread: the screen may be locked before it runs

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

    def _begin(self, *, late: bool = False) -> None:
        """The first in the queue has its turn. Raises KeyboardError where that can't be.

        `late`: it was spoken while another one ran; it is heard even where no window has the focus by now.
        """
        turn = self._queue[0]

        def ended() -> None:
            turn.ended = True

        source = _Heard(turn.source, lambda: self._ask(ended))
        try:
            if turn.left:
                running = self._dictations.hear(source, turn.settings, self._tell)
            else:
                running = self._dictations.dictate(source, turn.settings, self._tell, late=late)
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
        error = dictation.finished.exception()
        if error:
            log.error("a dictation failed", exc_info=error)
            self._tell(
                VoicetypeError(
                    "The dictation failed inside voicetype.",
                    "The log says where. What was understood is kept: `voicetype last` prints it.",
                )
            )
        self._keep(_outcome(dictation, turn), turn)
        if error:
            turn.text.set_exception(error)
        else:
            turn.text.set_result(self._kept or dictation.finished.result())
        while self._queue and self._running is None:
            try:
                self._begin(late=True)
            except VoicetypeError as problem:
                self._tell(problem)

    def _keep(self, said: Said, turn: _Turn) -> None:
        """Remember it; the last that was not typed whole is also what the next `stop` returns."""
        self._kept = said.text if said.untyped else ""
        if not said.text:
            return
        self._history.add(said)
        if turn.heard and said.untyped:  # else it is told where it was to be typed
            kept = self._history.kept if self._ending else bool(self._history.said)
            self._tell(NotTyped(len(said.untyped), turn.left, kept=kept))


def _outcome(dictation: Dictation, turn: _Turn) -> Said:
    """The whole text, and the end of it that does not stand in a window."""
    session = dictation.session
    if dictation.finished.exception():
        text, stands = session.heard, (session.done + session.on_screen).strip()
    elif turn.heard:
        stands = dictation.finished.result()
        text = stands if stands.startswith(turn.heard) else turn.heard
    else:
        return Said(dictation.finished.result(), session.untyped)
    return Said(text, "".join(graphemes(text)[common(text, stands) :]).strip())
