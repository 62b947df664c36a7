"""The daemon: one dictation at a time, asked for by a key, by the bus, or by the tray.

Everything is decided on one thread of its own, in the order in which it was asked for; what others
call only puts a job in its queue. Whatever the job was, what is now is told behind it, where it is new.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TypeVar

import voicetype
from voicetype.config import Config
from voicetype.control import State, Status
from voicetype.errors import DaemonError, VoicetypeError
from voicetype.hotkey import KeyEvent
from voicetype.hotkey.push_to_talk import PushToTalk, Wish
from voicetype.parts import Parts
from voicetype.settings import Settings
from voicetype.turns import Turns

log = logging.getLogger(__name__)

_T = TypeVar("_T")

_GOODBYE_S = 5.0  # for a patch under way when the daemon ends


class Daemon:
    """The state of the daemon, owned by its own thread. Implements `control.Control`."""

    def __init__(self, parts: Parts, quit_: Callable[[], None]) -> None:
        self._parts, self._quit = parts, quit_
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="voicetype-daemon")
        self._turns = Turns(parts.dictations, parts.tell, self._ask)
        self._key = PushToTalk(parts.tap_s)
        self._announced: Status | None = None
        self._dictating = False
        self._locked = False  # the screen
        self._ending = False

    # control.Control

    def start(self, options: Mapping[str, object]) -> None:
        """Listen. `options`: "language". Raises VoicetypeError, DaemonError where it listens already."""
        language = options.get("language")
        self._ask(lambda: self._start(language if isinstance(language, str) else None)).result()

    def stop(self) -> Future[str]:
        """Listen no more; resolves to the final text. Raises DaemonError.

        Where nothing runs: to the last text if a window did not take all of it, once; else to "".
        """
        return self._ask(self._turns.stop).result()

    def toggle(self) -> None:
        """Listen, or listen no more. Raises VoicetypeError."""
        self._ask(self._toggle).result()

    def cancel(self) -> None:
        """Drop what is not sealed yet."""
        self._ask(self._turns.cancel)

    def undo_last(self) -> Future[None]:
        """Take back what the last dictation typed; the future raises UndoError. Raises DaemonError."""
        return self._ask(lambda: self._alone(self._parts.dictations.undo)).result()

    def set_language(self, language: str) -> None:
        """One of `config.LANGUAGES`, or "auto", from the next dictation on. Raises ConfigError."""
        self._change({"language": language}, keep=False)

    def set_models(self, fast: str, heavy: str) -> None:
        """Names or folders, as soon as they are loaded. Raises ModelError."""
        self._change({"models.fast": fast, "models.heavy": heavy}, keep=False)

    def configure(self, values: Mapping[str, object]) -> None:
        """Settings by dotted name, from the next dictation on, and in the file. Raises VoicetypeError."""
        self._change(values, keep=True)

    def config(self) -> Config:
        """The configuration in force, or about to be."""
        return self._parts.config

    def last_texts(self) -> Sequence[str]:
        """The last dictations, the newest first."""
        return self._ask(lambda: tuple(self._turns.texts)).result()

    def type_again(self, text: str) -> None:
        """Type a text into the focused window. Raises VoicetypeError; DaemonError while a dictation runs."""
        self._ask(lambda: self._alone(partial(self._parts.dictations.type, text))).result().result()

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
        return Status(
            self._state(),
            self._parts.models.ready(),
            self._parts.settings.language,
            fast,
            heavy,
            keyboard,
            hotkey,
            voicetype.__version__,
            self._parts.models.loading,
        )

    # the parts around it

    def key(self, event: KeyEvent) -> None:
        """The push-to-talk key, or a key beside it."""
        self._ask(lambda: self._heed(event))

    def reload(self) -> None:
        """The configuration file has changed."""
        self._ask(self._reload)

    def screen_locked(self, locked: bool) -> None:
        """Whether the screen is locked: what is under way ends as it stands, and nothing begins."""
        self._ask(lambda: self._lock(locked))

    def announce(self) -> None:
        """Tell everyone what is now, where it is new."""
        self._ask(lambda: None)

    def close(self) -> None:
        """End what runs, where what stands stays, and the thread. Safe to call twice."""
        with suppress(DaemonError):
            wait(self._ask(self._abandon).result(), timeout=_GOODBYE_S)
        self._thread.shutdown()

    # on the daemon's thread

    def _ask(self, job: Callable[[], _T]) -> Future[_T]:
        def do() -> _T:
            try:
                return job()
            finally:
                self._settle()
                self._announce()

        try:
            asked = self._thread.submit(do)
        except RuntimeError as error:  # the thread has ended: only what comes after `close` meets this
            asked = Future()
            asked.set_exception(_ends())
            log.debug("asked too late: %s", error)
            return asked
        asked.add_done_callback(_log_surprise)
        return asked

    def _settle(self) -> None:
        """What may only change between two dictations."""
        if self._state() in (State.LISTENING, State.FINISHING) or self._ending:
            return
        if self._dictating:
            self._dictating = False
            self._parts.models.dictating(False)
        self._parts.settle()
        if self._key.tap_s != self._parts.tap_s:
            self._key = PushToTalk(self._parts.tap_s)

    def _announce(self) -> None:
        """The key and everyone who looks learn what is now; at the end it is no news that nothing runs."""
        if self._ending:
            return
        status = self.status()
        self._key = self._key.begun() if status.state is State.LISTENING else self._key.ended()
        if status != self._announced:
            self._announced = status
            self._parts.tell(status)

    def _state(self) -> State:
        state = self._turns.state
        return State.ERROR if state is State.IDLE and self._parts.models.failure else state

    def _heed(self, event: KeyEvent) -> None:
        self._key, wish = self._key.step(event)
        try:
            match wish:
                case Wish.START:
                    self._start()
                case Wish.STOP:
                    self._turns.stop()
                case Wish.CANCEL:
                    self._turns.cancel()
        except VoicetypeError as error:
            self._parts.tell(error)

    def _start(self, language: str | None = None) -> None:
        self._check_may_begin()
        if self._turns.state is State.LISTENING:
            raise DaemonError("voicetype is listening already.", "End that dictation first: voicetype stop.")
        if failure := self._parts.models.failure:
            self._parts.models.again()  # the next press may find the network, or the disk, back
            raise failure
        settings = self._parts.settings
        heard = self._parts.models.language(language or settings.language)
        self._turns.start(self._parts.microphone(), replace(settings, language=heard))
        if not self._dictating:
            self._dictating = True
            self._parts.models.dictating(True)

    def _toggle(self) -> None:
        if self._turns.state is State.LISTENING:
            self._turns.stop()
        else:
            self._start()

    def _alone(self, keys: Callable[[Settings], None]) -> Future[None]:
        self._check_may_begin()
        return self._turns.alone(partial(keys, self._parts.settings))

    def _check_may_begin(self) -> None:
        if self._ending:
            raise _ends()
        if self._locked:
            raise DaemonError("The screen is locked.", "Unlock it first: nothing is typed behind a lock.")
        self._turns.check_not_typing()

    def _change(self, values: Mapping[str, object], *, keep: bool) -> None:
        self._ask(lambda: self._parts.change(values, keep=keep)).result()

    def _reload(self) -> None:
        try:
            self._parts.reload()
        except VoicetypeError as error:
            self._parts.tell(error)

    def _lock(self, locked: bool) -> None:
        self._locked = locked
        if locked:
            self._leave("the screen is locked")

    def _abandon(self) -> list[Future[str]]:
        self._ending = True
        return self._leave("voicetype ends")

    def _leave(self, reason: str) -> list[Future[str]]:
        """What stands stays. The texts that are still to come."""
        self._parts.dictations.break_off(reason)
        return self._turns.abandon()


def _ends() -> DaemonError:
    return DaemonError("The voicetype daemon is ending.", "Start it again: `voicetype run`.")


def _log_surprise(asked: Future[_T]) -> None:
    """A fault of ours must not vanish in a future that nobody reads."""
    error = asked.exception()
    if error is not None and not isinstance(error, VoicetypeError):
        log.error("the daemon failed at a job", exc_info=error)
