"""A dictation with a server: what leaves is shown while it does, and the server's key is nowhere."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deadline import wait_until
from tests.real.artefacts import found, leaking, spellings
from tests.real.bus import Bus
from tests.real.daemon import Daemon, running_daemon
from tests.real.soundserver import SoundServer
from tests.real.talking import QUIET, environment
from tests.speech_service import Caller, saying, serving
from voicetype import client
from voicetype.engine import store

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

KEY = "sk-very-secret-0123456789"
CONFIG = """language = "en"
hotkey.key = ""
typing.keyboard = "dummy"
models.folder = "{models}"
engine.strategy = "remote"
[remote]
address = "{address}"
key_file = "{key}"
"""


def shown(daemon: Daemon) -> str:
    """All that the processes of a daemon show to who looks."""
    here = Path(f"/proc/{daemon.process.pid}")
    seen = [(here / name).read_bytes() for name in ("cmdline", "environ")]
    return b"\n".join(seen).decode(errors="replace")


def test_a_dictation_with_a_server(
    bus: Bus, sound_server: SoundServer, sentence: Path, tmp_path: Path
) -> None:
    if not shutil.which("dbus-monitor"):
        pytest.skip("dbus-monitor is not here; install/test.sh installs it")
    home, key = tmp_path / "home", tmp_path / "key"
    (home / "config/voicetype").mkdir(parents=True)
    key.touch(0o600)
    key.write_text(f"{KEY}\n")
    env = {**sound_server.env, **environment(home, HOME=str(home), DBUS_SESSION_BUS_ADDRESS=bus.address)}
    env["PIPEWIRE_RUNTIME_DIR"] = sound_server.env["XDG_RUNTIME_DIR"]
    with serving() as server, (tmp_path / "bus").open("w") as log:
        host = f"localhost:{server.server_port}"
        config = CONFIG.format(models=store.place(""), address=server.address, key=key) + QUIET
        (home / "config/voicetype/config.toml").write_text(config)
        status: list[object] = []
        server.reply = then(lambda: status.append(client.properties()), saying(text="From the server."))
        with (
            subprocess.Popen(["dbus-monitor", "--session"], stdout=log) as monitor,
            running_daemon(env, "--verbose", preset="light") as daemon,
        ):
            assert not server.connections  # nobody has spoken
            client.call("Start", "a{sv}", {})
            assert sound_server.play(sentence).wait(60) == 0
            (text,) = client.call("Stop", answers="s", timeout_s=120)
            wait_until(lambda: client.properties()["Sending"] == "", "nothing leaves any more")
            said = daemon.voicetype("status", "--format", "json").stdout + daemon.voicetype("config").stdout
            seen = said + shown(daemon)
            monitor.terminate()
        output = "".join((*daemon.said, json.dumps(daemon.events)))
    assert "From the server." in str(text)
    assert {each.headers["authorization"] for each in server.asked} == {f"Bearer {KEY}"}
    assert [dict(each)["Sending"] for each in status if isinstance(each, dict)] == [host] * len(server.asked)
    heard = (tmp_path / "bus").read_text(errors="replace")
    assert f'string "{host}"' in heard  # announced
    assert found("\n".join((output, seen, heard)).encode(), spellings(KEY)) == []
    assert leaking([tmp_path], spellings(KEY)) == [key]


def then(first: Callable[[], object], reply: Callable[[Caller], None]) -> Callable[[Caller], None]:
    """A reply, behind something else."""

    def both(caller: Caller) -> None:
        first()
        reply(caller)

    return both
