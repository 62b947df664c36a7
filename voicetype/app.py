"""What the commands that load models do: they build the parts, start them in order, and stop them.

With `making` and `desktop`, it alone knows all of them.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from concurrent.futures import wait
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue

from voicetype import keyboards
from voicetype.audience import Audience
from voicetype.audio import Recording, read_recording
from voicetype.config import Config
from voicetype.config_file import default_path
from voicetype.config_watch import ConfigWatch
from voicetype.console import Printer
from voicetype.core.stream import StreamEvent
from voicetype.daemon import Daemon
from voicetype.desktop import Desktop, Wish, wish
from voicetype.dictations import Dictations
from voicetype.errors import VoicetypeError
from voicetype.hotkey import NOT_YET
from voicetype.keyboard.dummy import DummyKeyboard
from voicetype.machine import cancelling, introduction, this_machine
from voicetype.making import make_pair, settings
from voicetype.pipeline import Dictation
from voicetype.relay import Relay
from voicetype.screen_lock import ScreenLock
from voicetype.x11.own_keys import OwnKeys

_HEED_S = 1.0


def replay(config: Config, path: str, *, realtime: bool, printer: Printer) -> int:
    """A recording through the whole pipeline, as if it were the microphone. Returns the exit code."""
    recording = Recording(read_recording(path), realtime=realtime)
    keyboard = DummyKeyboard() if config.typing.keyboard == "auto" else keyboards.chosen(config, OwnKeys())
    pair = make_pair(config, lambda error: tell(printer, error))
    with ExitStack() as stack:
        stack.callback(pair.close)
        dictations = Dictations(pair.fast, pair.heavy, keyboard)
        stack.callback(dictations.close)
        dictations.open()
        if not pair.wait_ready():
            return 1
        how = replace(settings(config), language=pair.language(config.language), realtime=realtime)
        wait_for(dictations.dictate(recording, how, lambda news: tell(printer, news)))
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


def run_daemon(path: Path | None, once: Mapping[str, object], printer: Printer) -> int:
    """The daemon, until it is told to quit or its display is gone. Returns the exit code.

    `path`: the configuration file, None for the usual one; `once`: settings that hold until it ends. Raises
    client.AlreadyRunning, and VoicetypeError for what can't be.
    """
    with closing(Relay(printer)) as relay:
        code = _run(path, once, relay)
        if code:
            relay.problem("The display is gone.", "voicetype has ended; start it again in a running desktop.")
        else:
            relay.note("Good-bye.")
    return code


def _run(path: Path | None, once: Mapping[str, object], printer: Printer) -> int:
    watch = ConfigWatch(path or default_path())  # before the file is read: a change from now on is seen
    wanted = wish(path, once)
    ending: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: ending.put(0))
    audience = Audience(printer)
    desktop = Desktop(wanted, audience)
    with ExitStack() as stack:
        stack.callback(desktop.close)
        daemon = Daemon(desktop, lambda: ending.put(0))
        stack.callback(audience.close)
        stack.callback(daemon.close)  # before the bus: a Stop that waits gets its text
        desktop.open(daemon.key, lambda: ending.put(1))
        audience.open_bus(daemon)  # what started us over the bus is called at once
        desktop.take_key()  # behind the name: of two that start together, the one that ends must not have it
        desktop.models.watch(daemon.announce)
        desktop.outgoing.watch(daemon.announce)
        daemon.announce()
        audience.open_look(daemon, wanted.config, wanted.path)
        introduce(wanted, desktop, audience)
        watch.start(daemon.reload)
        stack.callback(watch.stop)
        lock = ScreenLock(daemon.screen_locked)
        lock.open()
        stack.callback(lock.close)
        return _told(ending)


def _told(ending: SimpleQueue[int]) -> int:
    """The exit code, as soon as there is one.

    A signal that the system hands to another thread does not wake this one, where Python heeds it.
    """
    while True:
        with suppress(Empty):
            return ending.get(timeout=_HEED_S)


def introduce(wanted: Wish, desktop: Desktop, audience: Audience) -> None:
    """What a user reads first: without a configuration file what was chosen, with one the key alone."""
    keyboard, hotkey = desktop.ways
    if not wanted.path.exists():
        machine = this_machine(os.environ)
        had = desktop.models.names()
        for line in introduction(wanted.config, machine, keyboard, hotkey, tray=audience.has_tray, had=had):
            audience.note(line)
    elif (key := hotkey.partition(": ")[2]) == NOT_YET:
        audience.note("The key to dictate with is the one that you choose where the desktop asks for it.")
    elif key:
        cancel = f"{cancelling(hotkey)} cancels"
        audience.note(f"Hold {key} and speak; release it to finish. Tap it for hands-free. {cancel}.")
    else:
        audience.note("Dictate with `voicetype toggle`; bind it to a key of your desktop.")
