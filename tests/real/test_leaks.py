"""Nothing of what is dictated is left anywhere: a whole session, and everything that it leaves or shows.

The daemon runs as a desktop starts it, its output in a file, with the tray, the overlay, notifications and a
window that dies in mid-dictation. strace tells which files and sockets it and its children made.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.real.artefacts import (
    Watch,
    families,
    found,
    leaking,
    messages,
    needles,
    opened,
    planted,
    sounds,
    spellings,
)
from tests.real.daemon import DEADLINE_S, need_models
from tests.real.panel import notification_service, running_panel
from tests.real.soundserver import SoundServer, running_sound_server, wait_until
from tests.real.xserver import CONTROL_R, App, Desktop, running_desktop
from voicetype.audio import read_recording
from voicetype.engine import store

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

CONFIG = """language = "en"
[models]
preset = "light"
folder = "{folder}"
[audio]
sounds = true
[desktop]
overlay = "always"
[remote]
address = "https://speech.invalid/v1"
key_file = "{key}"
"""
KEY = "sk-very-secret-0123456789"
"""Of a server that is configured, and not wanted: what makes use of it has tests of its own."""
STRACE = ("strace", "-D", "-f", "--seccomp-bpf", "-qq", "-e", "trace=openat,socket")
PASSING = ("*/voicetype-tray-*/voicetype-*.png", "*/__pycache__/*", "*/fontconfig/*", "*speeds.json*")


@dataclass(frozen=True, slots=True)
class Session:
    """What a session left. `texts`: of its dictations, as the programs have them that were dictated into."""

    texts: tuple[str, ...]
    recording: Path
    folders: tuple[Path, ...]
    output: bytes
    status: bytes
    limits: str
    bus: str
    shown: str  # in notifications
    trace: str  # of strace, empty where that is not here
    watched: Watch

    @property
    def words(self) -> set[bytes]:
        return {each for text in self.texts for word in needles(text) for each in spellings(word)}


def may_trace() -> bool:
    if not shutil.which("strace"):
        return False
    return subprocess.run([*STRACE, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0


@pytest.fixture(scope="module")
def session(sentence: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    need_models("tiny.en", "base")
    if not shutil.which("dbus-monitor"):
        pytest.skip("dbus-monitor is not here; install/test.sh installs it")
    folder, beside = tmp_path_factory.mktemp("session"), tmp_path_factory.mktemp("beside")
    with ExitStack() as stack:
        desktop = stack.enter_context(running_desktop(beside))
        server = stack.enter_context(running_sound_server())
        panel = stack.enter_context(running_panel(desktop, folder))
        env = {**panel.environment, "PULSE_SERVER": server.env["PULSE_SERVER"], "TMPDIR": str(folder / "tmp")}
        env |= {
            "PIPEWIRE_RUNTIME_DIR": server.env["XDG_RUNTIME_DIR"],
            "XDG_STATE_HOME": str(folder / "state"),
        }
        (folder / "tmp").mkdir()
        config = Path(env["XDG_CONFIG_HOME"], "voicetype/config.toml")
        config.parent.mkdir()
        key = beside / "key"
        key.touch(0o600)
        key.write_text(KEY)
        config.write_text(CONFIG.format(folder=store.place(""), key=key))
        notified = stack.enter_context(notification_service(env))
        monitor = stack.enter_context((beside / "bus").open("w+"))
        listening = subprocess.Popen(["dbus-monitor", "--session"], env=env, stdout=monitor)
        stack.callback(listening.wait)
        stack.callback(listening.kill)
        run = Run(desktop, server, env, folder, beside)
        with run.daemon() as daemon, Watch(daemon.pid, desktop.name) as watched:
            texts = run.dictate(sentence), run.dictate_into_a_window_that_dies(sentence)
            panel.item().menu().at("Last dictations")
            status = run.voicetype("status") + run.voicetype("status", "--format", "json")
            status += run.voicetype("config")
            limits = Path(f"/proc/{daemon.pid}/limits").read_text()
            wait_until(lambda: bool(notified.said), "a notification")
        yield Session(
            texts=texts,
            recording=sentence,
            folders=(folder, Path(server.env["XDG_RUNTIME_DIR"])),
            output=(folder / "output").read_bytes(),
            status=status.encode(),
            limits=limits,
            bus=(beside / "bus").read_text(errors="replace"),
            shown=json.dumps(notified.said),
            trace=run.trace.read_text(errors="replace") if run.trace.exists() else "",
            watched=watched,
        )


@dataclass(frozen=True, slots=True)
class Run:
    """The session while it runs."""

    desktop: Desktop
    server: SoundServer
    env: dict[str, str]
    folder: Path
    beside: Path

    @property
    def trace(self) -> Path:
        return self.beside / "trace"

    @contextmanager
    def daemon(self) -> Iterator[subprocess.Popen[bytes]]:
        """As a desktop starts it: nothing is said of how it is to print."""
        traced = [*STRACE, "-o", str(self.trace)] if may_trace() else []
        command = [*traced, sys.executable, "-m", "voicetype", "run"]
        with (
            (self.folder / "output").open("wb") as output,
            subprocess.Popen(command, env=self.env, cwd=self.folder, stdout=output, stderr=output) as process,
        ):
            try:
                wait_until(lambda: b"Ready" in self.output, "the models are loaded", DEADLINE_S)
                yield process
            finally:
                process.terminate()
                assert process.wait(DEADLINE_S) == 0, self.output.decode()

    @property
    def output(self) -> bytes:
        return (self.folder / "output").read_bytes()

    def voicetype(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "voicetype", *arguments]
        done = subprocess.run(
            command, env=self.env, cwd=self.folder, capture_output=True, text=True, check=True
        )
        return done.stdout

    def idle(self) -> None:
        wait_until(lambda: '"State": "idle"' in self.voicetype("status", "--format", "json"), "it is over")

    def speak(self, recording: Path) -> subprocess.Popen[bytes]:
        """Hold the key and speak."""
        before = self.output.count(b"Listening")
        self.desktop.user.press(CONTROL_R)
        wait_until(lambda: self.output.count(b"Listening") > before, "the microphone is open")
        return self.server.play(recording)

    def dictate(self, recording: Path) -> str:
        app = self.desktop.gtk()
        assert self.speak(recording).wait(60) == 0
        self.desktop.user.release(CONTROL_R)
        self.idle()
        return app.text

    def dictate_into_a_window_that_dies(self, recording: Path) -> str:
        app: App = self.desktop.gtk()
        speech = self.speak(recording)
        wait_until(lambda: bool(app.text), "the first words stand")
        app.end()
        assert speech.wait(60) == 0
        self.desktop.user.release(CONTROL_R)
        self.idle()
        return app.text


def test_the_dictated_words_are_known(session: Session) -> None:
    """Without this, there would be nothing to search for."""
    assert len(needles(session.texts[0])) >= 4, session.texts
    assert session.texts[1]


def test_what_it_prints_and_logs_has_no_word(session: Session) -> None:
    assert b"Ready" in session.output
    assert b"Listening" in session.output
    assert found(session.output, session.words) == []
    assert found(session.status, session.words) == []


def test_no_file_has_a_word_or_the_sound(session: Session) -> None:
    wanted = session.words | sounds(read_recording(session.recording))
    assert leaking(session.folders, wanted) == []
    assert leaking([Path("/dev/shm")], session.words) == []  # where sound servers have the sound
    assert leaking([session.recording.parent], wanted) == [session.recording]  # the search itself
    place = session.folders[0] / "tmp"
    for each in wanted:
        with planted(place, each) as path:
            assert leaking([place], wanted) == [path]


def test_processes_show_no_word(session: Session) -> None:
    seen = b"\n".join(session.watched.processes)
    assert b"voicetype" in seen
    assert found(seen, session.words) == []


def test_windows_show_no_word_but_in_what_is_drawn(session: Session) -> None:
    seen = b"\n".join(session.watched.windows)
    assert b"GTK text" in seen
    assert found(seen, session.words) == []


def test_notifications_have_no_word(session: Session) -> None:
    assert "notified" in session.shown
    assert found(session.shown.encode(), session.words) == []


def test_the_bus_carries_words_in_segments_and_in_the_menu_alone(session: Session) -> None:
    """Both are meant to; see the threat model."""
    carrying = [head for head, body in messages(session.bus) if found(body.encode(), session.words)]
    assert carrying
    for head in carrying:
        segment = head.startswith("signal") and "org.voicetype.Daemon1; member=Segment" in head
        menu = head.startswith("signal") and "interface=com.canonical.dbusmenu;" in head
        assert segment or menu or head.startswith("method return"), head


def test_a_servers_key_is_nowhere(session: Session) -> None:
    key = spellings(KEY)
    shown = (*session.watched.processes, *session.watched.windows, session.output, session.status)
    assert found(b"\n".join((*shown, session.bus.encode(), session.shown.encode())), key) == []
    assert leaking(session.folders, key) == []


def test_no_core_dump_is_made(session: Session) -> None:
    (line,) = [line for line in session.limits.splitlines() if line.startswith("Max core file size")]
    assert line.split()[4] == "1"


def need_strace(session: Session) -> None:
    if not session.trace:
        pytest.skip("strace is not here, or not allowed; install/test.sh installs it")


def test_it_makes_no_socket_of_a_network(session: Session) -> None:
    need_strace(session)
    assert "AF_UNIX" in families(session.trace)
    assert families(session.trace) <= {"AF_UNIX", "AF_NETLINK"}


def test_it_writes_nothing_that_is_gone_but_pictures_and_caches(session: Session) -> None:
    need_strace(session)
    written = {path for path in opened(session.trace) if not path.startswith(("/dev/", "/proc/self/"))}
    assert any(fnmatch(path, PASSING[0]) for path in written)
    wanted = session.words | sounds(read_recording(session.recording))
    assert leaking(map(Path, written), wanted) == []
    gone = [path for path in written if not Path(path).exists()]
    assert [path for path in gone if not any(fnmatch(path, kind) for kind in PASSING)] == []
