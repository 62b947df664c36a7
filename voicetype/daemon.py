"""The daemon: one dictation at a time, asked for by a key, by the bus, or by the tray.

Everything is decided on one thread of its own, in the order in which it was asked for; what others
call only puts a job in its queue. A key pressed while the last dictation is still being confirmed
opens the microphone at once: its speech waits in the microphone's queue for its turn.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TypeVar

import voicetype
from voicetype.control import State, Status
from voicetype.errors import DaemonError, VoicetypeError
from voicetype.frames import FrameSource
from voicetype.hotkey import KeyEvent
from voicetype.hotkey.push_to_talk import PushToTalk, Wish
from voicetype.parts import Parts
from voicetype.pipeline import Dictation
from voicetype.settings import Settings

log = logging.getLogger(__name__)

_T = TypeVar("_T")

_GOODBYE_S = 5.0  # for a patch under way when the daemon ends


@dataclass(slots=True)
class _Turn:
    """A dictation that was asked for. The first of the queue is the one that runs."""

    source: FrameSource
    settings: Settings
    text: Future[str] = field(default_factory=Future)
    ended: bool = False  # the user has said all, or wants none of it


class Daemon:
    """The state of the daemon, owned by its own thread. Implements `control.Control`."""

    def __init__(self, parts: Parts, quit_: Callable[[], None]) -> None:
        self._parts, self._quit = parts, quit_
        self._settings = parts.settings
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="voicetype-daemon")
        self._key = PushToTalk(parts.tap_s)
        self._turns: deque[_Turn] = deque()
        self._dictation: Dictation | None = None
        self._kept = ""  # the last text, where a window did not take all of it
        self._announced: Status | None = None

    # control.Control

    def start(self, options: Mapping[str, object]) -> None:
        """Listen. `options`: "language". Raises VoicetypeError, DaemonError where it listens already."""
        self._ask(lambda: self._start(str(options.get("language", self._settings.language)))).result()

    def stop(self) -> Future[str]:
        """Listen no more; resolves to the final text.

        Where nothing runs: to the last text if a window did not take all of it, once; else to "".
        """
        text: Future[str] = Future()
        self._ask(lambda: self._stop(text))
        return text

    def toggle(self) -> None:
        """Listen, or listen no more."""
        self._ask(self._toggle).result()

    def cancel(self) -> None:
        """Drop what is not sealed yet."""
        self._ask(self._cancel)

    def set_language(self, language: str) -> None:
        """One of `config.LANGUAGES`, or "auto", from the next dictation on. Raises ConfigError."""
        self._ask(lambda: self._set_language(language)).result()

    def set_models(self, fast: str, heavy: str) -> None:
        """Names or folders, from the next dictation on. Raises ModelError."""
        self._ask(lambda: self._set_models(fast, heavy)).result()

    def list_models(self) -> Sequence[Mapping[str, object]]:
        """One mapping a model."""
        return self._parts.models.listing()

    def quit(self) -> None:
        """End the daemon."""
        self._quit()

    def status(self) -> Status:
        """What is now."""
        fast, heavy = self._parts.models.names()
        keyboard, hotkey = self._parts.ways
        language = self._settings.language
        ready = self._parts.models.ready()
        return Status(self._state(), ready, language, fast, heavy, keyboard, hotkey, voicetype.__version__)

    # the parts around it

    def key(self, event: KeyEvent) -> None:
        """The push-to-talk key, or a key beside it."""
        self._ask(lambda: self._heed(event))

    def announce(self) -> None:
        """Tell everyone what is now, where it is new."""
        self._ask(self._announce)

    def close(self) -> None:
        """End what runs, where what stands stays, and the thread. Safe to call twice."""
        with suppress(DaemonError):
            wait(self._ask(self._abandon_all).result(), timeout=_GOODBYE_S)
        self._thread.shutdown()

    # on the daemon's thread

    def _ask(self, job: Callable[[], _T]) -> Future[_T]:
        try:
            asked = self._thread.submit(job)
        except RuntimeError as error:  # the thread has ended: only what comes after `close` meets this
            asked = Future()
            asked.set_exception(
                DaemonError("The voicetype daemon is ending.", "Start it again: `voicetype run`.")
            )
            log.debug("asked too late: %s", error)
            return asked
        asked.add_done_callback(_log_surprise)
        return asked

    def _state(self) -> State:
        turns = tuple(self._turns)  # also another thread may ask
        if turns:
            return State.FINISHING if turns[-1].ended else State.LISTENING
        return State.ERROR if self._parts.models.failure else State.IDLE

    def _announce(self) -> None:
        status = self.status()
        if status != self._announced:
            self._announced = status
            self._parts.tell(status)

    def _heed(self, event: KeyEvent) -> None:
        self._key, wish = self._key.step(event)
        try:
            match wish:
                case Wish.START:
                    self._start(self._settings.language)
                case Wish.STOP:
                    self._stop(Future())
                case Wish.CANCEL:
                    self._cancel()
        except VoicetypeError as error:
            self._key = self._key.ended()
            self._parts.tell(error)

    def _start(self, language: str) -> None:
        if self._state() is State.LISTENING:
            raise DaemonError("voicetype is listening already.", "End that dictation first: voicetype stop.")
        if failure := self._parts.models.failure:
            raise failure
        settings = replace(self._settings, language=self._parts.models.language(language))
        self._turns.append(_Turn(self._parts.microphone(), settings))
        if self._dictation is None:
            self._begin()
        self._key = self._key.begun()
        self._announce()

    def _begin(self) -> None:
        """The first in the queue has its turn. Raises VoicetypeError where that can't be."""
        turn = self._turns[0]
        try:
            self._dictation = self._parts.pipeline.dictate(turn.source, turn.settings, self._parts.tell)
        except VoicetypeError:
            self._drop(turn)
            raise
        self._dictation.finished.add_done_callback(lambda done: self._ask(lambda: self._finished(done)))

    def _drop(self, turn: _Turn) -> None:
        """A turn that never ran: its microphone is closed, and who waits for its text gets none."""
        self._turns.remove(turn)
        turn.source.close()
        turn.text.set_result("")

    def _finished(self, done: Future[str]) -> None:
        turn, dictation = self._turns.popleft(), self._dictation
        self._dictation = None
        if error := done.exception():
            turn.text.set_exception(error)
            log.error("a dictation failed", exc_info=error)
            self._parts.tell(VoicetypeError("The dictation failed inside voicetype.", "The log says where."))
        else:
            text = done.result()
            self._kept = text if dictation is not None and dictation.session.untyped else ""
            turn.text.set_result(text)
        if not turn.ended:
            self._key = self._key.ended()
        while self._turns and self._dictation is None:
            try:
                self._begin()
            except VoicetypeError as problem:
                self._key = self._key.ended()
                self._parts.tell(problem)
        self._announce()

    def _stop(self, text: Future[str]) -> None:
        """The last turn is said; where there is none, what the last text has left untyped is told once."""
        if not self._turns:
            text.set_result(self._kept)
            self._kept = ""
            return
        turn = self._turns[-1]
        turn.ended = True
        turn.source.stop()
        _pass_on(turn.text, text)
        self._key = self._key.ended()
        self._announce()

    def _cancel(self) -> None:
        """Nothing of the last turn is wanted."""
        if not self._turns:
            return
        turn = self._turns[-1]
        turn.ended = True
        if len(self._turns) > 1 or self._dictation is None:
            self._drop(turn)
        else:
            self._dictation.cancel()
        self._key = self._key.ended()
        self._announce()

    def _abandon_all(self) -> list[Future[str]]:
        texts = [turn.text for turn in self._turns]
        for turn in list(self._turns)[1 if self._dictation else 0 :]:
            self._drop(turn)
        for turn in self._turns:
            turn.ended = True
        if self._dictation:
            self._dictation.abandon()
        return texts

    def _toggle(self) -> None:
        if self._state() is State.LISTENING:
            self._stop(Future())
        else:
            self._start(self._settings.language)

    def _set_language(self, language: str) -> None:
        self._parts.models.language(language)
        self._settings = replace(self._settings, language=language)
        self._announce()

    def _set_models(self, fast: str, heavy: str) -> None:
        self._parts.models.use(fast, heavy)
        self._announce()


def _pass_on(promised: Future[str], text: Future[str]) -> None:
    def settle(done: Future[str]) -> None:
        if error := done.exception():
            text.set_exception(error)
        else:
            text.set_result(done.result())

    promised.add_done_callback(settle)


def _log_surprise(asked: Future[_T]) -> None:
    """A fault of ours must not vanish in a future that nobody reads."""
    error = asked.exception()
    if error is not None and not isinstance(error, VoicetypeError):
        log.error("the daemon failed at a job", exc_info=error)
