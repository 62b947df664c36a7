"""The sandbox of the service, held by the real systemd, with the whole daemon in it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import voicetype
from tests.real.daemon import DEADLINE_S, need_models
from tests.real.servicemanager import ServiceManager, running_manager
from tests.real.soundserver import SoundServer, wait_until
from tests.real.test_dictation import check_words
from tests.real.xserver import APPS, Desktop
from tests.speech_service import saying, serving
from tests.test_models import Hub, hub
from voicetype.engine import store
from voicetype.integration import MODELS_UNIT, UNIT, Layout, files, network

__all__ = ["hub"]

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

ROOT = Path(voicetype.__file__).parent.parent
CONFIG = """language = "en"
[models]
preset = "light"
[audio]
sounds = true
[desktop]
overlay = "always"
[history]
keep = true
"""
PROBED = """[Service]
ExecStartPre="{python}" "{probe}" "{report}" {folders}
"""
"""A drop-in: a probe runs in the sandbox first."""
KEPT = """StandardOutput=append:{output}
StandardError=append:{output}
"""
"""What the journal would get goes into a file."""


@dataclass(frozen=True, slots=True)
class Service:
    """The installed service. `output` is what the journal would get; the reports are the probe's."""

    manager: ServiceManager
    output: Path
    forbidden: tuple[str, ...]

    @property
    def data(self) -> Path:
        return self.manager.home / ".local/share/voicetype"

    @property
    def config(self) -> Path:
        return self.manager.home / ".config/voicetype"

    @property
    def state(self) -> Path:
        return self.manager.home / ".local/state/voicetype"

    def report(self, unit: str) -> dict[str, str]:
        """How the probe fared in a unit's sandbox."""
        return dict(json.loads((self.data / "models" / unit).read_text()))

    def start(self) -> None:
        done = self.manager.systemctl("start", UNIT)
        assert done.returncode == 0, f"{self.manager.systemctl('status', UNIT).stdout}{self.said}"
        eventually(lambda: self.status().get("Ready") is True, "the models are loaded")

    @property
    def said(self) -> str:
        return self.output.read_text() if self.output.exists() else ""

    def status(self) -> dict[str, object]:
        done = self.run("-m", "voicetype", "status", "--format", "json")
        return dict(json.loads(done.stdout)) if done.returncode == 0 else {}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Python, outside of the sandbox."""
        env = {**self.manager.environment, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, *arguments]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)

    def call(self, member: str, *arguments: str) -> str:
        name, path = "org.voicetype.Daemon1", "/org/voicetype/Daemon1"
        command = ["gdbus", "call", "--session", "-d", name, "-o", path, "-m", f"{name}.{member}", *arguments]
        done = subprocess.run(
            command, env=self.manager.environment, capture_output=True, text=True, timeout=90, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def service(own_desktop: Desktop, sound_server: SoundServer, hub: Hub, tmp_path: Path) -> Iterator[Service]:
    need_models("tiny.en", "base")
    home = tmp_path / "a home"
    data, config = home / ".local/share/voicetype", home / ".config/voicetype"
    for folder in (data / "models", config, home / ".cache"):
        folder.mkdir(parents=True)
    for name in ("tiny.en", "base"):
        (data / "models" / name).symlink_to(store.place("") / name)
    (config / "config.toml").write_text(CONFIG)
    sound = sound_server.env
    env = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    env |= {"DISPLAY": own_desktop.name, "LC_ALL": "C.UTF-8", "HF_ENDPOINT": hub.url}
    env |= {"PULSE_SERVER": sound["PULSE_SERVER"], "PIPEWIRE_RUNTIME_DIR": sound["XDG_RUNTIME_DIR"]}
    with running_manager(home, env) as manager:
        forbidden = (str(home), str(home / ".config"), str(home / ".cache"), "/tmp", "/var/tmp")
        service = Service(manager, tmp_path / "output", forbidden)
        install(service, tmp_path)
        yield service


def eventually(happened: Callable[[], bool], what: str) -> None:
    wait_until(happened, what, deadline_s=DEADLINE_S)


def install(service: Service, folder: Path) -> None:
    """Every file of the installation, and the drop-ins."""
    executable = folder / "voicetype"
    executable.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m voicetype "$@"\n')
    executable.chmod(0o755)
    wanted = files(executable, Layout.user({"HOME": str(service.manager.home)}))
    tried = (*service.forbidden, service.data, service.config, service.state, service.manager.runtime)
    folders = " ".join(f'"{folder}"' for folder in tried)
    for unit, more in ((UNIT, KEPT.format(output=service.output)), (MODELS_UNIT, "")):
        report = service.data / "models" / unit
        probed = PROBED.format(python=sys.executable, probe=APPS / "probe.py", report=report, folders=folders)
        wanted[service.manager.units / f"{unit}.d/test.conf"] = probed + more
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert service.manager.systemctl("daemon-reload").returncode == 0


def test_the_sandbox_holds_and_dictation_works_in_it(
    service: Service, own_desktop: Desktop, sound_server: SoundServer, sentence: Path
) -> None:
    service.start()
    told = service.report(UNIT)
    for family in ("AF_INET", "AF_INET6", "AF_PACKET", "AF_BLUETOOTH", "AF_VSOCK"):
        assert told[family] == "EAFNOSUPPORT", family
    assert told["AF_UNIX"] == told["AF_NETLINK"] == "done"
    assert {told[folder] for folder in service.forbidden} == {"EROFS"}
    for folder in (service.data, service.config, service.state, service.manager.runtime):
        assert told[str(folder)] == "done"

    # outside of it, the same attempts succeed
    done = service.run(str(APPS / "probe.py"), str(service.data / "models/free"), *service.forbidden)
    assert done.returncode == 0, done.stderr
    free = service.report("free")
    assert free["AF_INET"] == "done"
    assert {free[folder] for folder in service.forbidden} == {"done"}

    app = own_desktop.gtk()
    service.call("Start", "{}")
    assert sound_server.play(sentence).wait(60) == 0
    text = service.call("Stop").removeprefix("(").rstrip(",)\n").strip("'\"")
    check_words(text)
    app.shows(text)
    kept = service.state / "history.jsonl"
    eventually(lambda: kept.exists() and text in kept.read_text(), "it is kept, as was asked for")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    # and the journal has none of it
    assert "Ready: tiny.en drafts" in service.said
    assert not [word for word in text.split() if len(word) > 6 and word in service.said]
    service.call("Quit")
    eventually(lambda: service.manager.property(UNIT, "ActiveState") == "inactive", "it ends")
    assert service.manager.property(UNIT, "Result") == "success"


def test_models_come_by_a_service_that_has_a_network(service: Service, hub: Hub) -> None:
    service.start()
    served(hub, store.place("") / "tiny.en")
    listener = subprocess.Popen(
        [sys.executable, "-m", "voicetype", "listen"],
        env={**service.manager.environment, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with listener:
        assert listener.stdout
        assert listener.stdout.readline()  # it hears
        service.call("SetModels", "tiny", "base")
        eventually(lambda: service.status().get("FastModel") == "tiny", "the new model hears")
        listener.terminate()
        said = listener.stdout.read()
    assert "Fetching tiny: 0 of " in said
    assert hub.asked == [None]
    assert store.state(service.data / "models/tiny") is store.State.WHOLE
    told = service.report(MODELS_UNIT)
    assert told["AF_INET"] == told[str(service.data)] == "done"
    assert told["AF_PACKET"] == "EAFNOSUPPORT"
    assert {told[folder] for folder in (*service.forbidden, str(service.config), str(service.state))} == {
        "EROFS"
    }

    # What it can't have is told in its own words, and what hears goes on.
    hub.sha256 = "0" * 64
    service.call("SetModels", "medium", "base")
    eventually(lambda: "The model medium can't be had" in service.said, "the failure is told")
    assert "What was fetched as medium is not that model: its checksum is wrong" in service.said
    assert service.status()["FastModel"] == "tiny"

    # So is the service manager's own refusal.
    (service.manager.units / MODELS_UNIT).unlink()
    service.manager.systemctl("daemon-reload")
    service.call("SetModels", "small", "base")
    eventually(lambda: "was not fetched by voicetype-models@small.service: " in service.said, "it is told")
    assert "`voicetype models get small`" in service.said


def test_a_server_is_reached_through_the_drop_in(
    service: Service, own_desktop: Desktop, sound_server: SoundServer, sentence: Path
) -> None:
    own_desktop.gtk()
    opened = network(Layout.user({"HOME": str(service.manager.home)}))
    with serving() as server:
        server.reply = saying(text="The server can be reached.")
        remote = f'[engine]\nstrategy = "remote"\n[remote]\naddress = "{server.address}"\n'
        (service.config / "config.toml").write_text(CONFIG + remote)
        for path, text in opened.items():
            path.write_text(text)
        assert service.manager.systemctl("daemon-reload").returncode == 0
        service.start()
        told = service.report(UNIT)
        assert told["AF_INET"] == told["AF_INET6"] == told["AF_UNIX"] == "done"
        assert told["AF_PACKET"] == told["AF_BLUETOOTH"] == told["AF_VSOCK"] == "EAFNOSUPPORT"
        service.call("Start", "{}")
        assert sound_server.play(sentence).wait(60) == 0
        assert "The server can be reached." in service.call("Stop")


def served(hub: Hub, model: Path) -> None:
    """The hub has the files of a model that is here."""
    manifest = json.loads((model / store.MANIFEST).read_text())
    hub.files = {name: (model / name).read_bytes() for name in manifest["files"]}
    hub.sha256 = manifest["files"][store.WEIGHTS]["sha256"]
