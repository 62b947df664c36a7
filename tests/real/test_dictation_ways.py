"""From sound to window by the other ways to type: real speech, two real models, what the field then has."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.real.daemon import Daemon, running_daemon
from tests.real.ibus import OWN, IBus, own_ibus
from tests.real.soundserver import SoundServer
from tests.real.test_dictation import check_stream, check_words
from tests.real.wayland import Compositor, own_compositor
from tests.real.xserver import ESCAPE, KEY_A, App, wait_until

__all__ = ["own_compositor", "own_ibus"]  # fixtures

DATA = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local/share")
"""Where the models are; the tests' IBus has a home of its own."""

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]


@pytest.fixture(autouse=True)
def _models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", DATA)


def environment(sound: SoundServer, folder: Path, **others: str) -> dict[str, str]:
    """The microphone, the bus, the user's models, no configuration, and what else is given."""
    own = {"XDG_CONFIG_HOME": str(folder / "config"), "XDG_DATA_HOME": DATA}
    return {**os.environ, **sound.env, **own, **others}


@pytest.fixture
def on_wayland(sound_server: SoundServer, own_compositor: Compositor, tmp_path: Path) -> dict[str, str]:
    """The compositor's socket by its path: the sound server has the runtime folder."""
    runtime = Path(own_compositor.environment["XDG_RUNTIME_DIR"])
    display = str(runtime / own_compositor.environment["WAYLAND_DISPLAY"])
    env = environment(sound_server, tmp_path, WAYLAND_DISPLAY=display, XDG_SESSION_TYPE="wayland")
    env.pop("DISPLAY", None)
    return env


def dictate(daemon: Daemon, sound: SoundServer, recording: Path) -> str:
    """Start, speak, stop, by command; the text."""
    assert daemon.voicetype("start").returncode == 0, daemon.said
    daemon.wait_for(lambda: bool(daemon.of("started")), "the microphone is open")
    assert sound.play(recording).wait(60) == 0
    spoken = len(daemon.of("patch"))
    stopped = daemon.voicetype("stop")
    assert stopped.returncode == 0, stopped.stderr
    assert spoken, "nothing stood there before the speech had ended"
    return stopped.stdout.strip()


def check_undo(daemon: Daemon, app: App, left: str) -> None:
    undone = daemon.voicetype("undo")
    assert undone.returncode == 0, (undone.stderr, daemon.said)
    app.shows(left)


def test_drafts_as_preedit_on_wayland(
    sound_server: SoundServer,
    own_compositor: Compositor,
    on_wayland: dict[str, str],
    sentence: Path,
) -> None:
    app = own_compositor.gtk()
    with running_daemon(on_wayland) as daemon:
        assert daemon.status()["Keyboard"] == "input-method"
        text = dictate(daemon, sound_server, sentence)
        app.shows(text)
        check_words(text)
        check_stream(daemon, text)
        check_undo(daemon, app, "")


def test_a_terminal_on_wayland(
    sound_server: SoundServer,
    own_compositor: Compositor,
    on_wayland: dict[str, str],
    sentence: Path,
) -> None:
    app = own_compositor.terminal()
    with running_daemon(on_wayland) as daemon:
        text = dictate(daemon, sound_server, sentence)
        app.shows(text)
        check_words(text)


def test_keys_on_wayland(
    sound_server: SoundServer,
    own_compositor: Compositor,
    on_wayland: dict[str, str],
    sentence: Path,
) -> None:
    app = own_compositor.gtk()
    with running_daemon(on_wayland, "--keyboard", "virtual-keyboard") as daemon:
        assert daemon.status()["Keyboard"] == "virtual-keyboard"
        text = dictate(daemon, sound_server, sentence)
        app.shows(text)
        check_words(text)
        check_stream(daemon, text)


def test_drafts_as_preedit_in_ibus(
    sound_server: SoundServer, own_ibus: IBus, sentence: Path, tmp_path: Path
) -> None:
    app, engine = own_ibus.gtk(), own_ibus.engine
    env = environment(sound_server, tmp_path, DISPLAY=own_ibus.desktop.name)
    env["XDG_CONFIG_HOME"] = os.environ["XDG_CONFIG_HOME"]  # IBus says there where it listens
    with running_daemon(env, "--keyboard", "ibus") as daemon:
        text = dictate(daemon, sound_server, sentence)
        app.shows(text)
        check_words(text)
        check_stream(daemon, text)
        own_ibus.has_engine(engine)
        undone = daemon.voicetype("undo")  # GTK tells IBus nothing of a field before something is committed
        assert undone.returncode == 1
        assert "can't be taken back" in undone.stderr
        app.shows(text)
        own_ibus.has_engine(engine)
    wait_until(lambda: own_ibus.engine == engine, "the user has the engine of before")


def test_escape_takes_the_draft_back_in_ibus(
    sound_server: SoundServer, own_ibus: IBus, sentence: Path, tmp_path: Path
) -> None:
    """And the program does not see it."""
    app, user = own_ibus.gtk(), own_ibus.desktop.user
    env = environment(sound_server, tmp_path, DISPLAY=own_ibus.desktop.name)
    env["XDG_CONFIG_HOME"] = os.environ["XDG_CONFIG_HOME"]
    with running_daemon(env, "--keyboard", "ibus") as daemon:
        assert daemon.voicetype("start").returncode == 0, daemon.said
        daemon.wait_for(lambda: bool(daemon.of("started")), "the microphone is open")
        speech = sound_server.play(sentence)
        daemon.wait_for(lambda: bool(daemon.of("patch")), "a draft stands")
        user.tap(ESCAPE)
        daemon.wait_for(lambda: bool(daemon.of("finished")), "the dictation is cancelled")
        speech.kill()
        speech.wait()
        assert daemon.of("finished")[-1]["text"] == ""
        wait_until(lambda: own_ibus.engine == OWN, "the user has the engine of before")
        app.shows("")
        user.tap(KEY_A)
        app.shows("a")
