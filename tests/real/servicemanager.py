"""A service manager of the tests' own: the real `systemd --user`, with mounts of its own.

It is root's, so all of a unit's sandbox holds. In it are the units that a test writes into its home, and of
the system's own those alone that a session bus needs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.folders import short_folder
from tests.real.xserver import wait_until

_SYSTEMD = Path("/usr/lib/systemd/systemd")
_SYSTEM_UNITS = Path("/usr/lib/systemd/user")
_TAKEN = ("*.target", "*.slice", "dbus.s*", "systemd-exit.service")

# systemd wants control groups of its own, and a sign that the machine was booted by it.
_GROUPS = "mount -t cgroup2 none /sys/fs/cgroup && cd /sys/fs/cgroup || exit 77\n"
_ENTER = f"""{_GROUPS}
mkdir -p /run/systemd && mount -t tmpfs none /run/systemd && mkdir /run/systemd/system || exit 77
mkdir "$1" && echo $$ > "$1/cgroup.procs" || exit 77
cd / && exec "$2" --user --unit=dbus.socket
"""
_FORGET = f"""{_GROUPS}
echo 1 > "$1/cgroup.kill"
while grep -q "populated 1" "$1/cgroup.events"; do sleep 0.05; done
find "$1" -depth -type d -exec rmdir {{}} ";"
"""
_APART = ("unshare", "--mount", "sh", "-c")


@dataclass(frozen=True, slots=True)
class ServiceManager:
    """Units in `home`; sockets in `runtime`, the session bus among them."""

    home: Path
    runtime: Path
    environment: dict[str, str]

    @property
    def units(self) -> Path:
        return self.home / ".config/systemd/user"

    def systemctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["systemctl", "--user", *arguments]
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )

    def answers(self) -> bool:
        there = (self.runtime / "bus").is_socket()
        return there and self.systemctl("is-active", "dbus.socket").returncode == 0

    def property(self, unit: str, name: str) -> str:
        return self.systemctl("show", "--value", "-p", name, unit).stdout.strip()


def _need() -> None:
    if os.geteuid() != 0:
        pytest.skip("a service manager with namespaces of its own can be started by root alone")
    for path in (_SYSTEMD, _SYSTEM_UNITS / "dbus.socket", *map(shutil.which, ("unshare", "systemctl"))):
        if path is None or not Path(path).exists():
            pytest.skip(f"no service manager: {path or 'a tool'} is missing; install/test.sh installs it")
    if subprocess.run([*_APART, "true"], capture_output=True, check=False).returncode:
        pytest.skip("a service manager needs mounts of its own, which are forbidden here")


@contextmanager
def running_manager(home: Path, environment: Mapping[str, str]) -> Iterator[ServiceManager]:
    """The manager, with a session bus; its services get `environment`, and `home` for a home."""
    _need()
    system = home.parent / "system-units"
    shutil.copytree(_SYSTEM_UNITS, system, ignore=_others, symlinks=True)
    with short_folder() as runtime:
        env = {**environment, "HOME": str(home), "XDG_RUNTIME_DIR": str(runtime)}
        env["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={runtime}/bus"
        manager = ServiceManager(home, runtime, env)
        started = {**env, "SYSTEMD_UNIT_PATH": f"{manager.units}:{system}", "SYSTEMD_LOG_TARGET": "null"}
        command = [*_APART, _ENTER, "sh", runtime.name, str(_SYSTEMD)]
        with subprocess.Popen(command, env=started) as process:
            try:
                wait_until(lambda: process.poll() is not None or manager.answers(), "a service manager")
                if process.returncode == 77:
                    pytest.skip("a service manager needs mounts of its own, which are forbidden here")
                assert process.returncode is None, "systemd has ended"
                yield manager
            finally:
                manager.systemctl("exit")
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()
                process.wait()
                subprocess.run([*_APART, _FORGET, "sh", runtime.name], check=False)


def _others(folder: str, names: list[str]) -> list[str]:
    """What is not taken of the system's units: what it would start beside the bus."""
    taken = {path.name for pattern in _TAKEN for path in Path(folder).glob(pattern)}
    return [name for name in names if name not in taken]
