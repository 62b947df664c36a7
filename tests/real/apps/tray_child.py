"""The tray of a daemon that only takes notes. Lines of JSON tell what to show; what is asked is printed."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

from voicetype import config_file
from voicetype.config import Config
from voicetype.control import State, Status
from voicetype.errors import AudioError, DaemonError, NotTyped, VoicetypeError
from voicetype.history import Said
from voicetype.toolkit import Toolkit
from voicetype.tray import Offers, Tray


def listed(name: str, languages: str, size_mb: int, memory_mb: int, present: bool) -> Mapping[str, object]:
    place = {"source": "cache" if present else "", "path": ""}
    return place | {
        "name": name,
        "languages": languages,
        "size_mb": size_mb,
        "memory_mb": memory_mb,
        "present": present,
    }


class NotedControl:
    """Implements `control.Control`."""

    def __init__(self) -> None:
        self.now = Status(State.IDLE, True, "en", "tiny.en", "base", "x11", "x11: Control_R", "1.0")
        self.settings = Config()
        self.texts = [
            Said("The quick brown fox jumps over the lazy dog, and home again."),
            Said("Good morning."),
            Said("Nobody took the end.", "the end."),
        ]

    def start(self, options: Mapping[str, object]) -> None:
        say("start", dict(options))

    def stop(self) -> Future[str]:
        raise NotImplementedError

    def toggle(self) -> None:
        say("toggle", None)

    def cancel(self) -> None:
        say("cancel", None)

    def undo_last(self) -> Future[None]:
        say("undo", None)
        done: Future[None] = Future()
        done.set_result(None)
        return done

    def set_language(self, language: str) -> None:
        raise NotImplementedError

    def set_models(self, fast: str, heavy: str) -> None:
        raise NotImplementedError

    def list_models(self) -> Sequence[Mapping[str, object]]:
        return [
            listed("tiny.en", "English", 76, 115, True),
            listed("base", "99 languages", 145, 180, True),
            listed("small", "99 languages", 484, 420, False),
            listed("large-v3-turbo", "99 languages", 1618, 1000, False),
        ]

    def quit(self) -> None:
        say("quit", None)

    def config(self) -> Config:
        return self.settings

    def configure(self, values: Mapping[str, object]) -> None:
        if "typing.keyboard" in values:
            raise DaemonError("That way to type is not to be had.", "Take another.")
        self.settings = config_file.override(self.settings, values)
        say("configure", dict(values))

    def last_texts(self) -> Sequence[Said]:
        return self.texts

    def type_again(self, text: str) -> None:
        say("type_again", text)

    def type_last(self, *, rest: bool) -> Future[None]:
        raise NotImplementedError

    def status(self) -> Status:
        return self.now


def say(what: str, value: object) -> None:
    print(json.dumps([what, value]), flush=True)


def obey(tray: Tray, control: NotedControl, order: dict[str, object]) -> None:
    match order:
        case {"show": dict(changes)}:
            if "state" in changes:
                changes["state"] = State(changes["state"])
            control.now = dataclasses.replace(control.now, **changes)
            tray.show(control.now)
        case {"level": float(level)}:
            tray.level(level)
        case {"untyped": int(characters)}:
            tray.problem(NotTyped(characters))
        case {"problem": [str(sentence), str(hint)]}:
            tray.problem(AudioError(sentence, hint))


def main() -> None:
    presets = {"light": ("tiny.en", "base"), "multilingual": ("tiny", "small")}
    offers = Offers(lambda: ["alsa_input USB", "Built-in"], presets, Path(sys.argv[1]))
    toolkit, control = Toolkit(), NotedControl()
    tray = Tray(control, toolkit, offers)
    try:
        toolkit.open()
        tray.open()
    except VoicetypeError as error:
        say("refused", [error.sentence, error.hint])
        return
    unseen = tray.unseen()
    say("open", unseen and [unseen.sentence, unseen.hint])
    for line in sys.stdin:
        obey(tray, control, json.loads(line))
    tray.close()
    toolkit.close()
    say("closed", None)


if __name__ == "__main__":
    main()
