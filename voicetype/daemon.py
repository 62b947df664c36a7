"""The daemon: one dictation at a time, asked for by a key, by the bus, or by the tray.

Everything is decided on one thread of its own, in the order in which it was asked for; what others
call only puts a job in its queue. A key pressed while the last dictation is still being confirmed
opens the microphone at once: its speech waits in the microphone's queue for its turn.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol, TypeVar

import voicetype
from voicetype.control import State, Status
from voicetype.core.stream import StreamEvent
from voicetype.errors import DaemonError, VoicetypeError
from voicetype.frames import FrameSource
from voicetype.hotkey import KeyEvent
from voicetype.hotkey.push_to_talk import PushToTalk, Wish
from voicetype.pipeline import Dictation, Pipeline, Settings

log = logging.getLogger(__name__)

_T = TypeVar("_T")


class Models(Protocol):
    """The two models, for the daemon: which they are, and others instead."""

    def names(self) -> tuple[str, str]:
        """Fast and heavy, as they hear now or will once they are loaded."""

    def ready(self) -> bool:
        """Whether both are loaded."""

    def use(self, fast: str, heavy: str) -> None:
        """Load these from the next dictation on. Raises ModelError for an unknown name."""

    def listing(self) -> Sequence[Mapping[str, object]]:
        """Every model that could be used."""

    def language(self, wanted: str) -> str:
        """The language to hear, which a model may limit. Raises ConfigError."""


class Parts(Protocol):
    """What the daemon is made of."""

    @property
    def pipeline(self) -> Pipeline: ...
    @property
    def models(self) -> Models: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def tap_s(self) -> float: ...
    @property
    def ways(self) -> tuple[str, str]:
        """The keyboard and the hotkey, for people."""

    def microphone(self) -> FrameSource:
        """An open microphone. Raises AudioError."""

    def tell(self, news: StreamEvent | VoicetypeError | Status) -> None:
        """Whoever listens: the console, the bus."""


class Daemon:
    """The state of the daemon, owned by its own thread. Implements `control.Control`."""

    def __init__(self, parts: Parts, quit_: Callable[[], None]) -> None:
        self._parts, self._quit = parts, quit_
        self._settings = parts.settings
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="voicetype-daemon")
        self._key = PushToTalk(parts.tap_s)
        self._dictation: Dictation | None = None
        self._next: tuple[FrameSource, Settings, Future[str]] | None = None
        self._state = State.IDLE

    # control.Control

    def start(self, options: Mapping[str, object]) -> None:
        """Listen. `options`: "language". Raises VoicetypeError, DaemonError where it listens already."""
        self._ask(lambda: self._start(str(options.get("language", self._settings.language)))).result()

    def stop(self) -> Future[str]:
        """Listen no more; resolves to the final text, "" where there was no session."""
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
        self._ask(lambda: self._parts.models.use(fast, heavy)).result()
        self.announce()

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
        return Status(self._state, ready, language, fast, heavy, keyboard, hotkey, voicetype.__version__)

    # the parts around it

    def key(self, event: KeyEvent) -> None:
        """The push-to-talk key, or a key beside it."""
        self._ask(lambda: self._heed(event))

    def announce(self) -> None:
        """Tell everyone what is now."""
        self._parts.tell(self.status())

    def close(self) -> None:
        """Cancel what runs and end the thread."""
        self._ask(self._cancel).result()
        self._thread.shutdown()

    # on the daemon's thread

    def _ask(self, job: Callable[[], _T]) -> Future[_T]:
        asked = self._thread.submit(job)
        asked.add_done_callback(_log_surprise)
        return asked

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
        if self._state is State.LISTENING:
            raise DaemonError("voicetype is listening already.", "End that dictation first: voicetype stop.")
        settings = replace(self._settings, language=self._parts.models.language(language))
        source = self._parts.microphone()
        self._next = (source, settings, Future())
        if self._dictation is None:
            self._begin()
        self._key = self._key.begun()
        self._set_state(State.LISTENING)

    def _begin(self) -> None:
        """The next dictation's turn."""
        if self._next is None:
            return
        (source, settings, text), self._next = self._next, None
        try:
            self._dictation = self._parts.pipeline.dictate(source, settings, self._parts.tell)
        except VoicetypeError:
            source.stop()
            text.set_result("")
            raise
        self._dictation.finished.add_done_callback(lambda done: self._ask(lambda: self._finished(done, text)))

    def _finished(self, done: Future[str], text: Future[str]) -> None:
        self._dictation = None
        if error := done.exception():
            text.set_exception(error)
        else:
            text.set_result(done.result())
        if self._next is None:
            self._key = self._key.ended() if self._state is State.LISTENING else self._key
            self._set_state(State.IDLE)
            return
        try:
            self._begin()
        except VoicetypeError as problem:
            self._parts.tell(problem)
            self._set_state(State.IDLE)

    def _stop(self, text: Future[str]) -> None:
        if self._next is not None:
            source, _, promised = self._next
            source.stop()
            _pass_on(promised, text)
        elif self._dictation is not None:
            self._dictation.stop()
            _pass_on(self._dictation.finished, text)
        else:
            text.set_result("")
            return
        self._key = self._key.ended()
        self._set_state(State.FINISHING)

    def _cancel(self) -> None:
        if self._next is not None:
            source, _, promised = self._next
            self._next = None
            source.stop()
            promised.set_result("")
        elif self._dictation is not None:
            self._dictation.cancel()
        if self._dictation is not None:
            self._set_state(State.FINISHING)
        self._key = self._key.ended()

    def _toggle(self) -> None:
        if self._state is State.LISTENING:
            self._stop(Future())
        else:
            self._start(self._settings.language)

    def _set_language(self, language: str) -> None:
        self._parts.models.language(language)
        self._settings = replace(self._settings, language=language)
        self.announce()

    def _set_state(self, state: State) -> None:
        if state is not self._state:
            self._state = state
            self.announce()


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
