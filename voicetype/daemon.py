"""The daemon: one dictation at a time, asked for by a key, by the bus, or by the tray.

Everything is decided on one thread of its own, in the order in which it was asked for; what others
call only puts a job in its queue. Whatever the job was, what is now is told behind it, where it is new.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import replace
from functools import partial

import voicetype
from voicetype.config import Config
from voicetype.control import State, Status
from voicetype.errors import DaemonError, VoicetypeError
from voicetype.history import Said, last_of
from voicetype.hotkey import KeyEvent
from voicetype.hotkey.push_to_talk import PushToTalk, Wish
from voicetype.jobs import Jobs, ending
from voicetype.parts import Parts
from voicetype.settings import Settings
from voicetype.turns import Turns

_GOODBYE_S = 5.0  # for a patch under way when the daemon ends


class Daemon:
    """The state of the daemon, owned by its own thread. Implements `control.Control`."""

    def __init__(self, parts: Parts, quit_: Callable[[], None]) -> None:
        self._parts, self._quit = parts, quit_
        self._jobs = Jobs("voicetype-daemon", self._follow)
        self._turns = Turns(parts.dictations, parts.tell, self._jobs.ask, parts.history)
        self._key = PushToTalk(parts.tap_s)
        self._announced: Status | None = None
        self._dictating = False
        self._locked = False  # the screen
        self._ending = False

    # control.Control

    def start(self, options: Mapping[str, object]) -> None:
        """Listen. `options`: "language". Raises VoicetypeError, DaemonError where it listens already."""
        language = options.get("language")
        self._jobs.ask(lambda: self._start(language if isinstance(language, str) else None)).result()

    def stop(self) -> Future[str]:
        """Listen no more; resolves to the final text. Raises DaemonError.

        Where nothing runs: to the last text if a window did not take all of it, once; else to "".
        """
        return self._jobs.ask(self._turns.stop).result()

    def toggle(self) -> None:
        """Listen, or listen no more. Raises VoicetypeError."""
        self._jobs.ask(self._toggle).result()

    def cancel(self) -> None:
        """Drop what is not sealed yet."""
        self._jobs.ask(self._turns.cancel)

    def undo_last(self) -> Future[None]:
        """Take back what the last dictation typed; the future raises UndoError. Raises DaemonError."""
        return self._jobs.ask(lambda: self._alone(self._parts.dictations.undo)).result()

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

    def last_texts(self) -> Sequence[Said]:
        """The last dictations, the newest first."""
        return self._jobs.ask(lambda: self._parts.history.said).result()

    def type_again(self, text: str) -> None:
        """Type a text into the focused window. Raises VoicetypeError; DaemonError while a dictation runs."""
        self._jobs.ask(lambda: self._type(text)).result().result()

    def type_last(self, *, rest: bool) -> Future[None]:
        """Type the last dictation, or the rest of it; the future raises KeyboardError. Raises DaemonError."""
        return self._jobs.ask(lambda: self._type(last_of(self._parts.history.said, rest=rest))).result()

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
            self._parts.sending,
            self._parts.settings.strategy,
        )

    # the parts around it

    def key(self, event: KeyEvent) -> None:
        """The push-to-talk key, or a key beside it."""
        self._jobs.ask(lambda: self._heed(event))

    def reload(self) -> None:
        """The configuration file has changed."""
        self._jobs.ask(self._reload)

    def screen_locked(self, locked: bool) -> None:
        """Whether the screen is locked: what is under way ends as it stands, and nothing begins."""
        self._jobs.ask(lambda: self._lock(locked))

    def announce(self) -> None:
        """Tell everyone what is now, where it is new."""
        self._jobs.ask(lambda: None)

    def close(self) -> None:
        """End what runs, where what stands stays, and the thread. Safe to call twice."""
        with suppress(DaemonError):
            wait(self._jobs.ask(self._abandon).result(), timeout=_GOODBYE_S)
        self._jobs.close()

    # on the daemon's thread

    def _follow(self) -> None:
        """What comes behind each job."""
        self._settle()
        self._announce()

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
        self._turns.check_room()
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

    def _type(self, text: str) -> Future[None]:
        def type_(settings: Settings) -> None:
            self._parts.dictations.type(text, settings)
            self._jobs.ask(lambda: self._parts.history.typed(text))

        return self._alone(type_)

    def _check_may_begin(self) -> None:
        if self._ending:
            raise ending()
        if self._locked:
            raise DaemonError("The screen is locked.", "Unlock it first: nothing is typed behind a lock.")
        self._turns.check_not_typing()

    def _change(self, values: Mapping[str, object], *, keep: bool) -> None:
        self._jobs.ask(lambda: self._parts.change(values, keep=keep)).result()

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
        return self._leave("voicetype ends", ending=True)

    def _leave(self, reason: str, *, ending: bool = False) -> list[Future[str]]:
        """What stands stays. The texts that are still to come."""
        self._parts.dictations.break_off(reason)
        return self._turns.abandon(reason, ending=ending)
