"""At home on a desktop: the daemon with its tray in a real panel, real models, a file that changes."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.bench.score import normalise
from tests.real.daemon import Daemon, need_models, running_daemon
from tests.real.panel import Item, Panel, running_panel
from tests.real.soundserver import SoundServer, sound_server
from tests.real.test_dictation import check_words
from tests.real.test_tray import way_to
from tests.real.xserver import CONTROL_R, Desktop, wait_until
from voicetype.engine import store

__all__ = ["sound_server"]

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

CONFIG = """\
# my own words
language = "en"

[models]
preset = "light"  # the small ones
folder = "{folder}"
unload_after_s = {unload_s}

[audio]
sounds = {sounds}
"""


class Home:
    """A desktop with a panel, a microphone, a configuration file, and the daemon once it is started."""

    def __init__(self, desktop: Desktop, sound: SoundServer, panel: Panel, stack: ExitStack) -> None:
        self.desktop, self.sound, self.panel, self._stack = desktop, sound, panel, stack
        self.file = Path(panel.environment["XDG_CONFIG_HOME"], "voicetype", "config.toml")
        sockets = {name: sound.env[name] for name in ("XDG_RUNTIME_DIR", "PULSE_SERVER")}
        self.env = {**panel.environment, **sockets}
        self.daemon: Daemon

    def start(self, *, unload_s: int = 0, sounds: bool = False) -> Daemon:
        """The daemon by the file that is written first."""
        self.file.parent.mkdir(parents=True)
        text = CONFIG.format(folder=store.place(""), unload_s=unload_s, sounds=str(sounds).lower())
        self.file.write_text(text)
        self.daemon = self._stack.enter_context(running_daemon(self.env, preset=""))
        return self.daemon

    @property
    def icon(self) -> Item:
        return self.panel.item()

    def waits_for(self, **properties: object) -> None:
        """Until the daemon's properties are these."""
        wait_until(lambda: properties.items() <= self.daemon.status().items(), str(properties))

    def choose(self, *labels: str) -> None:
        self.icon.choose(self.icon.menu().at(*labels))

    def choose_by_hand(self, *labels: str, picture: Path) -> None:
        """With the mouse on the icon and the keys in its menu, of which a picture is taken on the way."""
        keys = way_to(self.icon.menu(), *labels)
        self.panel.click_icon()
        for key in keys[:-1]:
            self.desktop.user.tap(key)
        wait_until(lambda: len(self.panel.popups()) >= len(labels), "the menus are open")
        self.panel.picture(picture)
        self.desktop.user.tap(keys[-1])

    def dictate(self, recording: Path) -> list[str]:
        """Hold the key, speak, let go. Returns what was typed before the speech had ended."""
        daemon, key = self.daemon, self.desktop.user
        dictations, patches = len(daemon.of("finished")), len(daemon.of("patch"))
        key.press(CONTROL_R)
        daemon.wait_for(lambda: len(daemon.of("started")) > dictations, "the microphone is open")
        assert self.sound.play(recording).wait(60) == 0
        typed = [event["text"] for event in daemon.of("patch")[patches:]]
        key.release(CONTROL_R)
        daemon.wait_for(lambda: len(daemon.of("finished")) > dictations, "the text is confirmed")
        return typed

    def heard(self) -> str:
        """The text of the last dictation."""
        return str(self.daemon.of("finished")[-1]["text"])


@pytest.fixture
def home(own_desktop: Desktop, sound_server: SoundServer, tmp_path: Path) -> Iterator[Home]:
    need_models("tiny.en", "base")
    with running_panel(own_desktop, tmp_path) as panel, ExitStack() as stack:
        yield Home(own_desktop, sound_server, panel, stack)


def test_language_and_models_are_chosen_in_the_tray(home: Home, tmp_path: Path) -> None:
    daemon = home.start()
    wait_until(lambda: home.icon.menu().below[0].label.startswith("Ready"), "the menu says that it is ready")
    home.choose_by_hand("Fast model", "base", picture=tmp_path / "menu.png")
    home.waits_for(FastModel="base", HeavyModel="base", Ready=True)
    more = home.icon.menu().at("Language", "More")
    home.icon.choose(next(line for group in more.below for line in group.below if line.label == "German"))
    home.waits_for(Language="de")
    written = home.file.read_text()
    assert "# my own words" in written
    assert "# the small ones" in written
    assert 'language = "de"' in written
    assert 'fast = "base"' in written
    assert "Language: German" in str(home.icon.menu().labels())
    # tiny.en hears English alone: refused, said, and nothing is changed
    home.choose("Fast model", "tiny.en")
    wait_until(lambda: "knows English alone" in home.icon.menu().below[0].label, "it is refused")
    assert home.file.read_text() == written
    assert daemon.status()["FastModel"] == "base"


def test_a_dictation_from_the_menu_shows_in_the_icon_and_among_the_last_ones(
    home: Home, sentence: Path
) -> None:
    daemon = home.start()
    app = home.desktop.gtk()
    idle = home.icon.picture()
    home.choose("Start")
    home.waits_for(State="listening")
    wait_until(lambda: home.icon.picture() != idle, "the icon listens")
    assert home.sound.play(sentence).wait(60) == 0
    home.choose("Stop")
    daemon.wait_for(lambda: bool(daemon.of("finished")), "the text is confirmed")
    text = home.heard()
    check_words(text)
    app.shows(text)
    home.waits_for(State="idle")
    wait_until(lambda: text[:10] in str(home.icon.menu().at("Last dictations").labels()), "it is listed")
    home.choose("Last dictations", text[:10], "Type again")
    app.shows(f"{text} {text}")


def test_the_file_is_read_again_when_it_changes(home: Home) -> None:
    daemon = home.start()
    text = home.file.read_text()
    home.file.write_text(text + '[typing]\ncharacters_per_s = 100\n[hotkey]\nkey = "F9"\n')
    home.waits_for(Hotkey="x11: F9")
    assert any("hotkey.key" in line and "F9" in line for line in daemon.said)
    home.file.write_text(text + "[hotkey]\nkey = \n")
    daemon.wait_for(lambda: any("not valid TOML" in line for line in daemon.said), "the mistake is told")
    assert daemon.status()["Hotkey"] == "x11: F9"
    home.file.write_text(text)
    home.waits_for(Hotkey="x11: Control_R")


def test_what_is_learned_is_typed_at_once_and_never_logged(home: Home, sentence: Path) -> None:
    daemon = home.start()
    assert daemon.voicetype("learn", "you", "Siobhan").returncode == 0
    daemon.wait_for(lambda: any("The vocabulary has changed." in line for line in daemon.said), "it is seen")
    app = home.desktop.gtk()
    home.dictate(sentence)
    assert "siobhan" in normalise(home.heard())
    assert "you" not in normalise(home.heard())
    app.shows(home.heard())
    assert home.file.read_text().startswith("# my own words\n")
    assert not any("siobhan" in line.lower() for line in daemon.said)


def test_models_change_in_mid_dictation_without_a_lost_word(home: Home, sentence: Path) -> None:
    daemon = home.start()
    app = home.desktop.gtk()
    home.desktop.user.press(CONTROL_R)
    daemon.wait_for(lambda: bool(daemon.of("started")), "the microphone is open")
    speech = home.sound.play(sentence)
    daemon.wait_for(lambda: bool(daemon.of("patch")), "the first words stand")
    set_models(home, "base", "tiny.en")
    assert daemon.status()["HeavyModel"] == "base"  # of this dictation
    assert speech.wait(60) == 0
    home.desktop.user.release(CONTROL_R)
    daemon.wait_for(lambda: bool(daemon.of("finished")), "the text is confirmed")
    check_words(home.heard())
    app.shows(home.heard())
    home.waits_for(FastModel="base", HeavyModel="tiny.en", Ready=True)
    home.dictate(sentence)
    check_words(home.heard())
    assert daemon.of("started")[-1]["heavy"] == "tiny.en"


def set_models(home: Home, *names: str) -> None:
    name, path = "org.voicetype.Daemon1", "/org/voicetype/Daemon1"
    command = ["gdbus", "call", "--session", "-d", name, "-o", path, "-m", f"{name}.SetModels", *names]
    subprocess.run(command, env=home.env, check=True, timeout=60, stdout=subprocess.DEVNULL)


def test_the_heavy_model_leaves_the_memory_and_the_next_dictation_is_whole(
    home: Home, sentence: Path
) -> None:
    daemon = home.start(unload_s=2)
    app = home.desktop.gtk()
    with_both = resident_mb(daemon)
    daemon.wait_for(lambda: any("has left the memory" in line for line in daemon.said), "it leaves")
    assert resident_mb(daemon) < with_both - 50
    assert daemon.status()["Ready"] is True
    typed = home.dictate(sentence)
    assert typed, "the fast model listens meanwhile"
    check_words(home.heard())
    app.shows(home.heard())
    assert [event for event in daemon.of("segment") if event["confidence"] == "confirmed"]


def resident_mb(daemon: Daemon) -> int:
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) // 1024


def test_where_there_can_be_no_icon_there_is_still_the_overlay(home: Home) -> None:
    home.env["PYSTRAY_BACKEND"] = "xorg"  # as where AppIndicator is missing
    daemon = home.start()
    daemon.wait_for(lambda: any("No tray icon" in line for line in daemon.said), "why there is no icon")
    home.desktop.gtk()
    home.desktop.user.press(CONTROL_R)
    wait_until(lambda: bool(home.panel.popups()), "the overlay")
    home.desktop.user.release(CONTROL_R)


def test_our_own_sounds_are_played_and_not_heard(home: Home, sentence: Path) -> None:
    """The loudspeaker is next to the microphone: what is played is all heard."""
    daemon = home.start(sounds=True)
    app = home.desktop.gtk()
    home.desktop.user.press(CONTROL_R)
    daemon.wait_for(lambda: bool(daemon.of("started")), "the microphone is open")
    time.sleep(1)  # nothing is said, and there is nothing to wait for
    home.desktop.user.release(CONTROL_R)
    daemon.wait_for(lambda: bool(daemon.of("finished")), "it is over")
    assert home.heard() == app.text == ""
    home.dictate(sentence)
    check_words(home.heard())


def test_paused_drafts_type_the_confirmed_text_alone(home: Home, sentence: Path) -> None:
    daemon = home.start()
    app = home.desktop.gtk()
    home.choose("Pause drafts")
    wait_until(lambda: "drafts = false" in home.file.read_text(), "it stands in the file")
    home.dictate(sentence)
    assert any(event["confidence"] == "draft" for event in daemon.of("segment"))
    assert all(event["backspaces"] == 0 for event in daemon.of("patch"))
    check_words(home.heard())
    app.shows(home.heard())


def test_a_second_start_hands_over_what_was_asked_of_it(home: Home) -> None:
    daemon = home.start()
    done = daemon.voicetype("run", "--fast", "base")
    assert (done.returncode, daemon.process.poll()) == (0, None), done.stderr
    home.waits_for(FastModel="base")


def test_the_first_start_says_what_was_chosen(home: Home) -> None:
    data = Path(home.env["XDG_DATA_HOME"], "voicetype")
    data.mkdir(parents=True)
    os.symlink(store.place(""), data / "models")
    env = {**home.env, "LANG": "en_US.UTF-8", "LC_ALL": "en_US.UTF-8"}
    with running_daemon(env, preset="") as daemon:
        said = "".join(daemon.said)
        for line in (
            "Language: English (en)",
            "tiny.en drafts",
            "Typing: x11",
            "hold Control_R",
            "config init",
        ):
            assert line in said
        status: dict[str, Any] = json.loads(daemon.voicetype("status", "--format", "json").stdout)
        assert (status["Language"], status["FastModel"]) == ("en", "tiny.en")
