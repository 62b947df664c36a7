"""The composition root: builds every part, starts and stops them in order, and alone knows all of them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import wait
from contextlib import ExitStack
from dataclasses import astuple, replace
from pathlib import Path
from queue import SimpleQueue

from voicetype.audio import Microphone, Recording, read_recording
from voicetype.config import Config
from voicetype.console import Printer
from voicetype.control import State, Status
from voicetype.core.endpointing import EndpointingRules
from voicetype.core.events import TranscriptSegment
from voicetype.core.stream import StreamEvent
from voicetype.core.windows import Cadence
from voicetype.daemon import Daemon
from voicetype.dbus import NoBus, Service
from voicetype.engine import models
from voicetype.engine.memory import keep_little
from voicetype.engine.progress import Bar
from voicetype.engine.whisper import EngineOptions, Whisper
from voicetype.errors import HotkeyError, VoicetypeError
from voicetype.frames import FrameSource
from voicetype.hotkey import Hotkey
from voicetype.hotkey.dummy import DummyHotkey
from voicetype.hotkey.x11 import X11Hotkey
from voicetype.keyboard import Keyboard, choose
from voicetype.keyboard.dummy import DummyKeyboard
from voicetype.keyboard.x11 import X11Keyboard
from voicetype.pair import LoadedPair, heard_language
from voicetype.pipeline import Dictation, Pipeline
from voicetype.settings import Settings
from voicetype.x11.own_keys import OwnKeys


def settings(config: Config) -> Settings:
    """What a dictation goes by, from the configuration."""
    rules = EndpointingRules(
        pre_roll_s=config.audio.pre_roll_s, pause_s=config.audio.pause_s, end_s=config.audio.end_s
    )
    return Settings(
        rules=rules,
        cadence=Cadence(config.engine.fast_interval_samples, config.engine.heavy_interval_samples),
        patching=config.typing.patching,
        vad_aggressiveness=config.audio.vad_aggressiveness,
        beam_size=config.engine.beam_size,
        verification=config.engine.verification,
        language=config.language,
    )


def make_pair(config: Config, failed: Callable[[VoicetypeError], None]) -> LoadedPair:
    """Both models, which begin to load. Raises ModelError, ConfigError for what can't go together."""
    heard_language(config.language, astuple(models.resolve(config.models)))
    keep_little()
    return LoadedPair(config.models, lambda folder, name: open_model(config, folder, name), failed)


def open_model(config: Config, folder: Path, name: str) -> Whisper:
    """A model, ready for its first window. Raises ModelError."""
    options = EngineOptions(config.models.device, config.models.compute_type, config.engine.threads)
    model = Whisper(folder, name, options)
    model.warm_up()
    return model


def replay(config: Config, path: str, *, realtime: bool, printer: Printer) -> int:
    """A recording through the whole pipeline, as if it were the microphone. Returns the exit code."""
    recording = Recording(read_recording(path), realtime=realtime)
    keyboard = DummyKeyboard() if config.typing.keyboard == "auto" else make_keyboard(config, OwnKeys())
    pair = make_pair(config, lambda error: tell(printer, error))
    with ExitStack() as stack:
        stack.callback(pair.close)
        pipeline = Pipeline(pair.fast, pair.heavy, keyboard)
        stack.callback(pipeline.close)
        pipeline.open()
        if not pair.wait_ready():
            return 1
        how = replace(settings(config), language=pair.language(config.language), realtime=realtime)
        wait_for(pipeline.dictate(recording, how, lambda news: tell(printer, news)))
    return 0


def wait_for(dictation: Dictation) -> None:
    """Wait for the end of a replay; one that the user interrupts ends before its pipeline does."""
    try:
        dictation.finished.result()
    except BaseException:
        dictation.cancel()
        wait([dictation.finished], timeout=5)
        raise


def tell(printer: Printer, news: StreamEvent | VoicetypeError) -> None:
    """What happens, for whoever looks at the terminal or reads the stream."""
    if isinstance(news, VoicetypeError):
        printer.problem(news.sentence, news.hint)
    else:
        printer(news)


def transcribe(config: Config, path: str) -> str:
    """The whole text of a recording by the heavy model, offline."""
    samples = read_recording(path)
    obtained = models.ensure_pair(config.models, Bar())
    model = open_model(config, obtained.heavy, obtained.pair.heavy)
    return model.transcribe_long(samples, language=config.language, beam_size=config.engine.beam_size)


class Desktop:
    """The daemon's parts on this desktop. Implements `parts.Parts`."""

    def __init__(self, config: Config, printer: Printer) -> None:
        """Raises KeyboardError where there is no way to type."""
        self._config, self._printer = config, printer
        own_keys = OwnKeys()
        self._keyboard = make_keyboard(config, own_keys)
        self.hotkey: Hotkey = make_hotkey(config, self._keyboard, own_keys)
        self.settings = settings(config)
        self.tap_s = config.hotkey.tap_s
        self.models = make_pair(config, self.tell)
        self.pipeline = Pipeline(self.models.fast, self.models.heavy, self._keyboard)
        self.bus: Service | None = None

    @property
    def ways(self) -> tuple[str, str]:
        """The keyboard and the hotkey, for people."""
        return self._keyboard.name, self.hotkey.name

    def microphone(self) -> FrameSource:
        """An open microphone. Raises AudioError."""
        microphone = Microphone(self._config.audio.device)
        microphone.open()
        return microphone

    def tell(self, news: StreamEvent | VoicetypeError | Status) -> None:
        """The console and the bus."""
        if isinstance(news, Status):
            self.hotkey.dictating(news.state in (State.LISTENING, State.FINISHING))
            self._printer.note(describe(news))
            if self.bus:
                self.bus.state_changed(news)
            return
        tell(self._printer, news)
        if self.bus and isinstance(news, TranscriptSegment):
            self.bus.segment(news)
        elif self.bus and isinstance(news, VoicetypeError):
            self.bus.problem(news)


def make_keyboard(config: Config, own_keys: OwnKeys) -> Keyboard:
    """The way to type that the configuration and the desktop leave. Raises KeyboardError."""
    if choose.detect(config.typing.keyboard, os.environ) == "dummy":
        return DummyKeyboard()
    return X11Keyboard(config.typing.characters_per_s, own_keys)


def make_hotkey(config: Config, keyboard: Keyboard, own_keys: OwnKeys) -> Hotkey:
    """The push-to-talk key on the desktop that is typed on."""
    if isinstance(keyboard, X11Keyboard) and config.hotkey.key:
        return X11Hotkey(config.hotkey.key, own_keys)
    return DummyHotkey()


def run_daemon(config: Config, printer: Printer) -> int:
    """The daemon, until it is told to quit or its display is gone. Returns the exit code."""
    ending: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: ending.put(0))
    desktop = Desktop(config, printer)
    with ExitStack() as stack:
        stack.callback(desktop.models.close)
        daemon = Daemon(desktop, lambda: ending.put(0))
        stack.callback(desktop.pipeline.close)
        desktop.pipeline.open(lambda: ending.put(1))
        open_bus(desktop, daemon, printer, stack)
        stack.callback(daemon.close)  # before the bus: a Stop that waits gets its text
        open_hotkey(desktop, daemon, printer, stack)
        printer.note(how_to_dictate(config, desktop.hotkey))
        daemon.announce()
        desktop.models.when_loaded(daemon.announce)
        code = ending.get()
    if code:
        printer.problem("The display is gone.", "voicetype has ended; start it again in a running desktop.")
    else:
        printer.note("Good-bye.")
    return code


def open_bus(desktop: Desktop, daemon: Daemon, printer: Printer, stack: ExitStack) -> None:
    """The session bus, without which the daemon carries on. Raises DaemonError for a second daemon."""
    desktop.bus = service = Service(daemon)
    try:
        service.open()
    except NoBus as error:
        printer.problem(error.sentence, error.hint)
        desktop.bus = None
        return
    stack.callback(service.close)


def open_hotkey(desktop: Desktop, daemon: Daemon, printer: Printer, stack: ExitStack) -> None:
    """The push-to-talk key, without which `voicetype toggle` still works."""
    try:
        desktop.hotkey.open(daemon.key)
    except HotkeyError as error:
        printer.problem(error.sentence, error.hint)
        desktop.hotkey = DummyHotkey()
        return
    stack.callback(desktop.hotkey.close)


def how_to_dictate(config: Config, hotkey: Hotkey) -> str:
    """The line that a user reads first."""
    if isinstance(hotkey, DummyHotkey):
        return "Dictate with `voicetype toggle`; bind it to a key of your desktop."
    key = config.hotkey.key
    return f"Hold {key} and speak; release it to finish. Tap it for hands-free, Escape to cancel."


def describe(status: Status) -> str:
    """A status as a line."""
    if status.state is State.ERROR:
        return "A model is missing; nothing can be dictated."
    if not status.ready and status.state is State.IDLE:
        return f"Loading {status.fast_model} and {status.heavy_model} ..."
    if status.state is State.IDLE:
        return f"Ready: {status.fast_model} drafts, {status.heavy_model} confirms ({status.language})."
    return f"{status.state.value.capitalize()} ..."
