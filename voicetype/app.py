"""The composition root: builds every part, starts and stops them in order, and alone knows all of them."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace

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
from voicetype.engine import Transcriber, models
from voicetype.engine.progress import Bar
from voicetype.engine.whisper import EngineOptions, Whisper
from voicetype.errors import ConfigError, HotkeyError, VoicetypeError
from voicetype.frames import FrameSource
from voicetype.hotkey import Hotkey
from voicetype.hotkey.dummy import DummyHotkey
from voicetype.hotkey.x11 import X11Hotkey
from voicetype.keyboard import Keyboard, choose
from voicetype.keyboard.dummy import DummyKeyboard
from voicetype.keyboard.x11 import X11Keyboard
from voicetype.pipeline import Dictation, Pipeline, Settings
from voicetype.workers import Worker
from voicetype.x11.own_keys import OwnKeys

log = logging.getLogger(__name__)


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
        language=config.language,
    )


class LoadedModels:
    """Both models and their workers. Implements `daemon.Models`."""

    def __init__(self, config: Config, printer: Printer) -> None:
        self._config, self._printer = config, printer
        self._obtaining = threading.Lock()
        self._obtained: models.Obtained | None = None
        self._pair = models.resolve(config.models)
        self.fast = Worker("fast", lambda: self._load("fast"), lambda error: tell(printer, error))
        self.heavy = Worker("heavy", lambda: self._load("heavy"), lambda error: tell(printer, error))

    def names(self) -> tuple[str, str]:
        """Fast and heavy, as they hear now or will once they are loaded."""
        return self._pair.fast, self._pair.heavy

    def ready(self) -> bool:
        """Whether both are loaded."""
        return self.fast.ready and self.heavy.ready

    def wait_ready(self) -> bool:
        """Block until both are loaded; False where one could not be."""
        return self.fast.wait_ready() and self.heavy.wait_ready()

    def use(self, fast: str, heavy: str) -> None:
        """Load these from the next dictation on. Raises ModelError for an unknown name."""
        chosen = replace(self._config.models, fast=fast, heavy=heavy)
        pair = models.resolve(chosen)
        self._config = replace(self._config, models=chosen)
        self._obtained, self._pair = None, pair
        self.fast.replace(lambda: self._load("fast"))
        self.heavy.replace(lambda: self._load("heavy"))

    def listing(self) -> Sequence[Mapping[str, object]]:
        """Every model that could be used."""
        known = models.listing(self._config.models.folder)
        return [asdict(model) | {"path": str(model.path or "")} for model in known]

    def language(self, wanted: str) -> str:
        """The language to hear: English where a model knows nothing else. Raises ConfigError."""
        limited = [name for name in self.names() if models.english_only(name)]
        if not limited:
            return wanted
        if wanted not in ("auto", "en"):
            raise ConfigError(
                f"The model {limited[0]} knows English alone, and the language is {wanted!r}.",
                'Choose a multilingual pair: preset = "multilingual" under [models].',
            )
        return "en"

    def close(self) -> None:
        """End both workers."""
        self.fast.close()
        self.heavy.close()

    def _load(self, role: str) -> Transcriber:
        """On a worker's thread: get the pair, once for both, then load this worker's half of it."""
        with self._obtaining:
            if self._obtained is None:
                self._obtained = models.ensure_pair(self._config.models, Bar())
                self._pair = self._obtained.pair
                for note in self._obtained.notes:
                    self._printer.note(note)
        obtained = self._obtained
        name, folder = (
            (obtained.pair.fast, obtained.fast) if role == "fast" else (obtained.pair.heavy, obtained.heavy)
        )
        model = Whisper(folder, name, options(self._config))
        model.warm_up()
        return model


def options(config: Config) -> EngineOptions:
    """How the models compute."""
    return EngineOptions(config.models.device, config.models.compute_type, config.engine.threads)


def replay(config: Config, path: str, *, realtime: bool, printer: Printer) -> int:
    """A recording through the whole pipeline, as if it were the microphone. Returns the exit code."""
    recording = Recording(read_recording(path), realtime=realtime)
    loaded = LoadedModels(config, printer)
    keyboard = DummyKeyboard() if config.typing.keyboard == "auto" else make_keyboard(config, OwnKeys())
    pipeline = Pipeline(loaded.fast, loaded.heavy, keyboard)
    pipeline.open()
    try:
        if not loaded.wait_ready():
            return 1
        how = replace(settings(config), language=loaded.language(config.language), realtime=realtime)
        dictation = pipeline.dictate(recording, how, lambda news: tell(printer, news))
        return wait_for(dictation)
    finally:
        pipeline.close()
        loaded.close()


def wait_for(dictation: Dictation) -> int:
    """Wait for the end of a replay; one that the user interrupts ends before its pipeline does."""
    try:
        dictation.finished.result()
    except BaseException:
        dictation.cancel()
        raise
    return 0


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
    model = Whisper(obtained.heavy, obtained.pair.heavy, options(config))
    return model.transcribe_long(samples, language=config.language, beam_size=config.engine.beam_size)


class Desktop:
    """The daemon's parts on this desktop. Implements `daemon.Parts`."""

    def __init__(self, config: Config, printer: Printer) -> None:
        """Raises KeyboardError where there is no way to type."""
        self._config, self._printer = config, printer
        own_keys = OwnKeys()
        self._keyboard = make_keyboard(config, own_keys)
        self.hotkey: Hotkey = make_hotkey(config, self._keyboard, own_keys)
        self.settings = settings(config)
        self.tap_s = config.hotkey.tap_s
        self.models = LoadedModels(config, printer)
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
            self.bus.problem(type(news).__name__, news.sentence, news.hint)


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
    """The daemon, until it is told to quit. Returns the exit code."""
    quitting = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: quitting.set())
    desktop = Desktop(config, printer)
    desktop.models.language(config.language)
    daemon = Daemon(desktop, quitting.set)
    with ExitStack() as stack:
        stack.callback(desktop.models.close)
        desktop.pipeline.open()
        stack.callback(desktop.pipeline.close)
        stack.callback(daemon.close)
        open_bus(desktop, daemon, printer, stack)
        open_hotkey(desktop, daemon, printer, stack)
        printer.note(how_to_dictate(config, desktop.hotkey))
        threading.Thread(target=announce_ready, args=(desktop, daemon), daemon=True).start()
        quitting.wait()
        printer.note("Good-bye.")
    return 0


def open_bus(desktop: Desktop, daemon: Daemon, printer: Printer, stack: ExitStack) -> None:
    """The session bus, without which the daemon carries on. Raises DaemonError for a second daemon."""
    service = Service(daemon)
    try:
        service.open()
    except NoBus as error:
        printer.problem(error.sentence, error.hint)
        return
    desktop.bus = service
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


def announce_ready(desktop: Desktop, daemon: Daemon) -> None:
    """Say when the models are loaded."""
    desktop.models.wait_ready()
    daemon.announce()


def how_to_dictate(config: Config, hotkey: Hotkey) -> str:
    """The line that a user reads first."""
    if isinstance(hotkey, DummyHotkey):
        return "Dictate with `voicetype toggle`; bind it to a key of your desktop."
    key = config.hotkey.key
    return f"Hold {key} and speak; release it to finish. Tap it for hands-free, Escape to cancel."


def describe(status: Status) -> str:
    """A status as a line."""
    if not status.ready and status.state is State.IDLE:
        return f"Loading {status.fast_model} and {status.heavy_model} ..."
    if status.state is State.IDLE:
        return f"Ready: {status.fast_model} drafts, {status.heavy_model} confirms ({status.language})."
    return f"{status.state.value.capitalize()} ..."
