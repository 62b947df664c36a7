"""The daemon's parts on this desktop, by the configuration that is in force, which may change under them."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from voicetype import hotkeys, keyboards, logs, sound_process
from voicetype.audience import Audience
from voicetype.config import Config
from voicetype.config_file import default_path, load, override, parsed, read_text, validated
from voicetype.config_watch import changes
from voicetype.config_writing import save
from voicetype.control import State, Status
from voicetype.core.stream import StreamEvent
from voicetype.dictations import Dictations
from voicetype.engine.outgoing import Outgoing
from voicetype.errors import HotkeyError, VoicetypeError
from voicetype.frames import FrameSource
from voicetype.history import History
from voicetype.hotkey import Hotkey, KeyEvent
from voicetype.machine import decide, this_machine
from voicetype.making import asked_for, check, make_pair, settings
from voicetype.microphone import Microphone
from voicetype.x11.own_keys import OwnKeys

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wish:
    """The configuration as it was asked for. `once`: what the command line and scripts set, by dotted name.

    What is asked for once is stronger than the file, and goes when the daemon ends.
    """

    path: Path
    file: Config
    once: Mapping[str, object]

    @property
    def config(self) -> Config:
        """All of it, with "auto" where it says so."""
        return override(self.file, self.once)

    def with_values(self, values: Mapping[str, object], *, keep: bool) -> Wish:
        """Also these; `keep`: as if they stood in the file. Raises ConfigError."""
        if not keep:
            return replace(self, once={**self.once, **values})
        once = {name: value for name, value in self.once.items() if name not in values}
        return replace(self, file=override(self.file, values, "the choice"), once=once)


def wish(path: Path | None, once: Mapping[str, object]) -> Wish:
    """What the file and the command line say. Raises ConfigError."""
    return Wish(path or default_path(), load(path), once)


class Desktop:
    """Implements `parts.Parts`. The daemon's thread changes it; `tell` is for any thread."""

    def __init__(self, wanted: Wish, audience: Audience) -> None:
        """Raises KeyboardError where there is no way to type, ConfigError for what can't go together."""
        self._wish, self._audience = wanted, audience
        self._config = self._wanted = decided(wanted.config)
        _say(self._config)
        self._own_keys = OwnKeys()
        self._keyboard = keyboards.chosen(self._config, self._own_keys)
        self._hotkey: Hotkey = hotkeys.none()
        self._heed: Callable[[KeyEvent], None] = lambda _: None
        self._models_asked = False  # also the same ones again: they may be to be had by now
        self.outgoing = Outgoing()
        self.models = make_pair(self._config, self.tell, self.outgoing)
        self.dictations = Dictations(self.models.fast, self.models.heavy, self._keyboard)
        self.settings = settings(self._config)
        self.history = History(self.tell)

    @property
    def config(self) -> Config:
        """As it was asked for: with "auto" where the file says so."""
        return self._wish.config

    @property
    def tap_s(self) -> float:
        """A press shorter than this is a tap."""
        return self._config.hotkey.tap_s

    @property
    def ways(self) -> tuple[str, str]:
        """The keyboard and the hotkey, for people."""
        return self._keyboard.name, self._hotkey.name

    @property
    def sending(self) -> str:
        """The host that something leaves this machine for just now; empty: nothing does."""
        return self.outgoing.host

    def open(self, heed: Callable[[KeyEvent], None], lost: Callable[[], None]) -> None:
        """Connect the keyboard. Raises KeyboardError."""
        self._heed = heed
        self.dictations.open(lost)
        sound_process.prepare(1)

    def take_key(self) -> None:
        """The push-to-talk key, without which `voicetype toggle` still works."""
        self._hotkey.close()
        self._hotkey = hotkeys.none()
        hotkey = hotkeys.chosen(self._config, self._own_keys, self._keyboard.name)
        try:
            hotkey.open(self._heed)
        except HotkeyError as error:
            self.tell(error)
        else:
            self._hotkey = hotkey

    def close(self) -> None:
        """Give keyboard and key back."""
        self._hotkey.close()
        self.dictations.close()
        self.history.close()
        self.models.close()

    def microphone(self) -> FrameSource:
        """An open microphone. Raises AudioError."""
        microphone = Microphone(self._config.audio.device, tell=self.tell)
        microphone.open()
        return self._audience.listening_to(microphone)

    def tell(self, news: StreamEvent | VoicetypeError | Status) -> None:
        """Everyone, and the key, which is told by what is done whether Escape is ours."""
        if isinstance(news, Status):
            self._hotkey.dictating(news.state in (State.LISTENING, State.FINISHING))
        self._audience.tell(news)

    # the configuration

    def change(self, values: Mapping[str, object], *, keep: bool) -> None:
        """Settings by dotted name; see the protocol. What can't be written holds until the daemon ends."""
        self._take(self._wish.with_values(values, keep=keep))
        self._models_asked = any(name.startswith("models.") for name in values)
        if keep:
            save(values, self._wish.path)

    def reload(self) -> None:
        """The file has changed. Raises ConfigError, and keeps what is in force."""
        path = self._wish.path
        text = read_text(path)  # one that is gone means the defaults, not another file
        file = Config() if text is None else validated(parsed(text, path), str(path))
        self._take(replace(self._wish, file=file))

    def settle(self) -> None:
        """No dictation runs: what was changed comes into force; what then fails is told."""
        before, after = self._config, self._wanted
        self.history.use(after.history)
        models_asked, self._models_asked = self._models_asked, False
        if before == after and not models_asked:
            return
        self._config = after
        _say(after)
        self.settings = settings(after)
        hear = asked_for(after)
        steps: tuple[tuple[bool, Callable[[], None]], ...] = (
            (models_asked or asked_for(before) != hear, lambda: self.models.use(hear)),
            (_typing(before) != _typing(after), self._change_keyboard),
            (before.hotkey != after.hotkey, self.take_key),
            (True, lambda: self._audience.configure(after)),  # the menu marks what is chosen
        )
        for changed, apply in steps:
            try:
                if changed:
                    apply()
            except VoicetypeError as error:
                self.tell(error)

    def _take(self, wanted: Wish) -> None:
        """Go by this from the next `settle` on. Raises VoicetypeError for what can't be."""
        before, after = self._wish.config, wanted.config
        config = decided(after)
        check(config)
        self._wish, self._wanted = wanted, config
        for sentence in changes(before, after):
            self._audience.note(sentence)

    def _change_keyboard(self) -> None:
        keyboard = keyboards.chosen(self._config, self._own_keys)
        self.dictations.use(keyboard)
        self._keyboard = keyboard
        self.take_key()


def decided(config: Config) -> Config:
    """With what "auto" and "locale" mean on this machine."""
    return decide(config, this_machine(os.environ))


def _say(config: Config) -> None:
    """So much of it is logged from now on."""
    logs.configure(config.logs.level, config.logs.quiet, config.logs.libraries)


def _typing(config: Config) -> tuple[object, ...]:
    """What a keyboard is made of."""
    typing = config.typing
    return typing.keyboard, typing.characters_per_s, typing.accessibility, typing.paste_keys
