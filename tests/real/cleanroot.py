"""A minimal system of this machine's own distribution beneath a folder, in which packages are tried."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_APT = Path("/etc/apt")
_SETTINGS = ("apt.conf", "apt.conf.d", "auth.conf", "auth.conf.d", "preferences", "preferences.d")
_NAMES = ("resolv.conf", "hosts")
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

USER = "speaker"
HOME = Path("/home") / USER

_CHANGING = {
    "dev",
    "home",
    "proc",
    "run",
    "sys",
    "tmp",
    "var/cache",
    "var/lib/apt",
    "var/lib/dpkg",
    "var/log",
}
"""Folders that tell nothing about what a package leaves behind."""

# What is mounted and started is so in namespaces that end with the command: nothing stays on this machine.
_ENTER = 'user=$1; shift; mount -t proc proc "$1/proc" && exec chroot --userspec="$user" "$@"'
_APART = ("unshare", "--mount", "--pid", "--fork", "--kill-child")


@dataclass(frozen=True, slots=True)
class Mirror:
    """Where apt gets this distribution's packages, and the lines of its sources.list."""

    codename: str
    address: str
    sources: tuple[str, ...]


class CleanRoot:
    """The system in `folder`, with an ordinary user."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(
        self, *command: str, user: str = "root", network: bool = True, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in it, as that user, with nothing of this machine's environment but the proxies."""
        mine = {
            "PATH": _PATH,
            "LANG": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
            "HOME": str(HOME) if user == USER else "/root",
            **{name: os.environ[name] for name in _PROXIES if name in os.environ},
            **environment,
        }
        apart = _APART if network else (*_APART, "--net")
        return subprocess.run(
            [*apart, "sh", "-c", _ENTER, "sh", user, str(self.folder), *command],
            env=mine,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )

    def apt_get(self, *arguments: str) -> str:
        """What `apt-get` prints; fails the test where it fails."""
        done = self.run("apt-get", "-q", "-y", "-o", "Acquire::Retries=3", *arguments)
        assert done.returncode == 0, (
            f"apt-get {' '.join(arguments)}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
        return done.stdout

    def paths(self) -> set[str]:
        """Every file, link and folder that a package could leave behind, from the root: "usr/bin"."""
        found: set[str] = set()
        for base, folders, files in os.walk(self.folder):
            here = os.path.relpath(base, self.folder).removeprefix(".")
            folders[:] = [name for name in folders if os.path.join(here, name) not in _CHANGING]
            found.update(os.path.join(here, name) for name in (*folders, *files))
        return found


@contextmanager
def clean_root(folder: Path) -> Iterator[CleanRoot]:
    """A new one, deleted at the end; skips with a sentence where none can be made."""
    mirror = _mirror(_need())
    try:
        _bootstrap(mirror, folder)
        _connect(mirror, folder)
        root = CleanRoot(folder)
        root.apt_get("update")
        root.run("useradd", "--create-home", USER)
        yield root
    finally:
        _delete(folder)


def _need() -> str:
    """The codename of this machine's distribution."""
    if os.geteuid() != 0:
        pytest.skip("a clean root can be made by root alone")
    if missing := [name for name in ("debootstrap", "unshare", "apt-get") if not shutil.which(name)]:
        pytest.skip(f"for a clean root {', '.join(missing)} is missing; install/test.sh installs it")
    if subprocess.run([*_APART, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("for a clean root mounts of its own are needed, which are forbidden here")
    codename = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    if not Path("/usr/share/debootstrap/scripts", codename or "-").exists():
        pytest.skip("debootstrap does not know this machine's distribution")
    return codename


def _mirror(codename: str) -> Mirror:
    """As apt is set up here; no address is written down in this project."""
    shape = "$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)"
    command = ["apt-get", "indextargets", "--format", shape, "Created-By: Packages"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    targets = [line.split("|") for line in dict.fromkeys(done.stdout.splitlines())]
    # Others publish packages for this distribution, too; apt knows whose they are once it has asked.
    name = platform.freedesktop_os_release().get("NAME", "").split()[0]
    asked = [target for target in targets if target[0] == name]
    own = asked or [target for target in targets if target[0].startswith("$")]
    sources = tuple(f"deb {address} {release} {component}" for _, address, release, component in own)
    for _, address, release, component in own:
        if release == codename and component == "main":
            return Mirror(codename, address, sources)
    pytest.skip(f"apt knows no mirror of {name} {codename} here")


def _bootstrap(mirror: Mirror, folder: Path) -> None:
    command = ["debootstrap", "--variant=minbase", mirror.codename, str(folder), mirror.address]
    for _ in range(3):  # mirrors fail for a moment now and then
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        if "noexec or nodev" in done.stdout + done.stderr:
            pytest.skip("the folder for temporary files forbids programs, so a clean root can't be there")
        _delete(folder)
    pytest.fail(f"debootstrap: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def _delete(folder: Path) -> None:
    subprocess.run(["rm", "-rf", str(folder)], check=True)  # several times as fast as shutil.rmtree


def _connect(mirror: Mirror, folder: Path) -> None:
    """Apt as it is set up here, names as they are looked up here, and no service that starts."""
    for name in _SETTINGS:
        if (_APT / name).is_dir():
            shutil.copytree(_APT / name, folder / "etc/apt" / name, dirs_exist_ok=True)
        elif (_APT / name).exists():
            shutil.copy(_APT / name, folder / "etc/apt" / name)
    (folder / "etc/apt/sources.list").write_text("\n".join([*mirror.sources, ""]))
    for name in _NAMES:
        shutil.copy(Path("/etc") / name, folder / "etc" / name)
    if _CERTIFICATES.exists():
        (folder / _CERTIFICATES.relative_to("/")).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(_CERTIFICATES, folder / _CERTIFICATES.relative_to("/"))
    forbidden = folder / "usr/sbin/policy-rc.d"
    forbidden.write_text("#!/bin/sh\nexit 101\n")
    forbidden.chmod(0o755)
    (folder / "etc/dpkg/dpkg.cfg.d/hasty").write_text("force-unsafe-io\n")  # no power cut matters here
