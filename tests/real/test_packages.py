"""The wheel, with pipx; the Debian package, in a clean root."""

from __future__ import annotations

import json
import mmap
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path

import pytest

import voicetype
from tests.real.cleanroot import HOME, USER, CleanRoot, clean_root
from tests.real.daemon import need_models
from voicetype.client import NOT_RUNNING
from voicetype.engine import models

# They fetch what a person would fetch: Python packages, and a distribution.
pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

ROOT = Path(voicetype.__file__).parent.parent
NAME = f"voicetype_{voicetype.__version__}_"
GTK = """
from voicetype.errors import DesktopError
from voicetype.toolkit import Toolkit
try:
    Toolkit().open()
except DesktopError as error:
    print(error.sentence, error.hint)
"""
"""A program that says that there is no GTK, or that it finds no display."""


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that is deleted at once: pytest would keep a gigabyte for three runs."""
    folder = tmp_path_factory.mktemp("packages")
    yield folder
    done("rm", "-rf", str(folder))


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command without a display."""
    mine = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return subprocess.run(
        command, env=mine | environment, capture_output=True, text=True, timeout=600, check=False
    )


def done(*command: str, **environment: str) -> str:
    """What a command prints; fails the test where it fails."""
    result = run(*command, **environment)
    assert result.returncode == 0, f"{command}:\n{result.stdout[-2000:]}{result.stderr[-2000:]}"
    return result.stdout


# The wheel


@pytest.fixture(scope="module")
def wheel(scratch: Path) -> Path:
    # Of a copy, since setuptools leaves a folder in the tree.
    tree = scratch / "tree"
    shutil.copytree(ROOT / "voicetype", tree / "voicetype", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    done(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(scratch), str(tree))
    (built,) = scratch.glob("voicetype-*.whl")
    return built


def test_the_wheel_holds_every_file(wheel: Path) -> None:
    here = {path.relative_to(ROOT) for path in (ROOT / "voicetype").rglob("*") if path.is_file()}
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    assert "voicetype/py.typed" in inside
    assert "voicetype/data/voicetype.service" in inside
    assert "voicetype/data/voicetype-models@.service" in inside
    assert {str(path) for path in here if "__pycache__" not in path.parts} <= inside


class Pipx:
    """pipx with folders of its own; what it installs runs in a home of its own."""

    def __init__(self, folder: Path) -> None:
        if not shutil.which("pipx"):
            pytest.skip("pipx is not here; install/test.sh installs it")
        self._folder = folder
        self._environment = {
            "PIPX_HOME": str(folder / "pipx"),
            "PIPX_BIN_DIR": str(folder / "bin"),
            "PIPX_MAN_DIR": str(folder / "man"),
        }

    def help(self) -> str:
        return done("pipx", "install", "--help", **self._environment)

    def see_system_packages(self) -> None:
        """What --system-site-packages does, without a second installation."""
        settings = self._folder / "pipx/venvs/voicetype/pyvenv.cfg"
        told = settings.read_text()
        assert "include-system-site-packages = false" in told
        settings.write_text(told.replace("packages = false", "packages = true"))

    def install(self, *arguments: str) -> None:
        done("pipx", "install", "--python", "/usr/bin/python3", *arguments, **self._environment)

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        folders = {f"XDG_{name}_HOME": str(self._folder / "home") for name in ("CONFIG", "DATA", "CACHE")}
        return run(program, *arguments, HOME=str(self._folder / "home"), PYTHONPATH="", **folders)

    def voicetype(self, *arguments: str) -> str:
        result = self.run(str(self._folder / "bin/voicetype"), *arguments)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def python(self, code: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(self._folder / "pipx/venvs/voicetype/bin/python"), "-c", code)


def test_pipx_installs_a_working_voicetype(wheel: Path, scratch: Path) -> None:
    pipx = Pipx(scratch / "pipx")
    pipx.install("--pip-args", f"--constraint {ROOT / 'install/constraints.txt'}", str(wheel))
    assert pipx.voicetype("--version") == f"voicetype {voicetype.__version__}\n"
    assert "tiny.en" in pipx.voicetype("models", "list")
    assert "hotkey" in pipx.voicetype("config")
    # A plain environment has no GTK, and says what to do; after that, only a display is lacking.
    assert "--system-site-packages" in pipx.python(GTK).stdout
    assert "--system-site-packages" in pipx.help()
    pipx.see_system_packages()
    assert "no display" in pipx.python(GTK).stdout


# The Debian package


@pytest.fixture(scope="module")
def deb(scratch: Path) -> Path:
    if not shutil.which("dpkg-deb"):
        pytest.skip("dpkg-deb is not here: this is neither Debian nor Ubuntu")
    said = done(str(ROOT / "install/deb.sh"), "--output", str(scratch / "output"))
    (built,) = (scratch / "output").iterdir()  # nothing else is left there
    assert built.name.startswith(NAME)
    assert str(built) in said
    return built


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--speed"], 2, "no option --speed"),
        (["--output"], 1, "needs a folder"),
        (["--output", __file__], 1, "folder"),
    ],
)
def test_the_builder_refuses_with_a_sentence(arguments: list[str], code: int, said: str) -> None:
    refused = run(str(ROOT / "install/deb.sh"), *arguments)
    assert (refused.returncode, said in refused.stderr) == (code, True), refused


@pytest.fixture(scope="module")
def unpacked(deb: Path, scratch: Path) -> Path:
    done("dpkg-deb", "--raw-extract", str(deb), str(scratch / "unpacked"))
    return scratch / "unpacked"


def field(deb: Path, name: str) -> str:
    return done("dpkg-deb", "--field", str(deb), name).strip()


def test_the_package_says_what_it_needs(deb: Path, unpacked: Path) -> None:
    needed = [each.split()[0] for each in field(deb, "Depends").split(", ")]
    assert {"python3", "python3-gi", "gir1.2-gtk-3.0", "libportaudio2", "libc6"} <= set(needed)
    low, high = re.findall(r"python3 \([<>=]+ 3\.(\d+)\)", field(deb, "Depends"))
    assert int(high) == int(low) + 1
    size = sum(path.stat().st_size for path in unpacked.rglob("*") if path.is_file()) / 1024
    assert size * 0.95 < int(field(deb, "Installed-Size")) < size * 1.1


def test_the_package_holds_what_it_should_and_nothing_of_where_it_was_built(
    deb: Path, unpacked: Path
) -> None:
    for path in (
        "usr/bin/voicetype",
        "usr/lib/modules-load.d/voicetype-uinput.conf",
        "usr/lib/systemd/user/voicetype.service",
        "usr/lib/systemd/user/voicetype-models@.service",
        "usr/lib/udev/rules.d/70-voicetype-uinput.rules",
        "usr/share/applications/org.voicetype.Daemon.desktop",
        "usr/share/dbus-1/services/org.voicetype.Daemon1.service",
        "usr/share/doc/voicetype/copyright",
        "usr/share/icons/hicolor/scalable/apps/voicetype.svg",
        "usr/share/man/man1/voicetype.1.gz",
    ):
        assert (unpacked / path).is_file(), path
    assert (
        "ExecStart=/usr/bin/voicetype run"
        in (unpacked / "usr/lib/systemd/user/voicetype.service").read_text()
    )
    for source in unpacked.rglob("*.py"):
        compiled = (source.parent / "__pycache__").glob(f"{source.stem}.cpython-*.pyc")
        assert list(compiled), f"{source} is not compiled"
    for each in unpacked.rglob("*"):
        for place in (ROOT, deb.parent):
            assert not names(each, place), f"{each} names {place}"


def names(path: Path, place: Path) -> bool:
    """Whether a file has the name of a place in it."""
    if not path.is_file() or path.stat().st_size == 0:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(os.fsencode(place)) != -1


def test_the_package_is_root_s_and_others_may_read_it(deb: Path) -> None:
    for line in done("dpkg-deb", "--contents", str(deb)).splitlines():
        mode, owner, *_, path = line.split()
        kind, allowed = ("d", "rwxr-xr-x") if path.endswith("/") else ("-", "rw-r--r--")
        if path == "./usr/bin/voicetype":
            allowed = "rwxr-xr-x"
        assert owner == "root/root", line
        assert mode.startswith("l") or mode == kind + allowed, line


def test_licences_of_all_that_is_carried_are_told(unpacked: Path) -> None:
    told = (unpacked / "usr/share/doc/voicetype/copyright").read_text()
    carried = [Distribution.at(each) for each in (unpacked / "usr/lib/voicetype").glob("*.dist-info")]
    assert len(carried) > 10
    for package in carried:
        assert package.name == "voicetype" or f"\n{package.name} {package.version}: " in told
    for path in re.findall(r"^  (/usr/.*)$", told, re.M):
        assert (unpacked / path.lstrip("/")).is_file()


@pytest.fixture(scope="module")
def clean(scratch: Path, deb: Path) -> Iterator[CleanRoot]:
    """A clean root in which the package and the models lie, not yet installed."""
    need_models("tiny.en", "base")
    with clean_root(scratch / "root") as root:
        shutil.copy(deb, root.folder / "tmp/voicetype.deb")
        store = HOME / ".local/share/voicetype/models"
        for model in models.listing():
            if model.path and model.name in ("tiny.en", "base"):
                shutil.copytree(model.path, root.folder / store.relative_to("/") / model.name)
        root.run("chown", "-R", f"{USER}:", str(HOME))
        yield root


@dataclass(frozen=True, slots=True)
class Trial:
    """A clean root in which the package is installed.

    `pulled`: what apt would install beside it; `before`: the paths when all of that was there but not it.
    """

    root: CleanRoot
    pulled: str
    before: frozenset[str]

    def user(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command as an ordinary user, off the network."""
        return self.root.run(*command, user=USER, network=False, **environment)


@pytest.fixture(scope="module")
def trial(clean: CleanRoot, deb: Path) -> Trial:
    """In two steps, so that the package's own files can be told from those of what it pulls."""
    pulled = clean.apt_get("install", "--simulate", "--no-install-recommends", "/tmp/voicetype.deb")
    clean.apt_get("satisfy", "--no-install-recommends", field(deb, "Depends"))
    before = frozenset(clean.paths())
    clean.apt_get("install", "--no-install-recommends", "/tmp/voicetype.deb")
    return Trial(clean, pulled, before)


def test_installing_it_pulls_what_it_needs(trial: Trial) -> None:
    for package in ("python3-gi", "gir1.2-ayatanaappindicator3-0.1", "libportaudio2", "voicetype"):
        assert f"Inst {package} " in trial.pulled
    assert not trial.root.run("dpkg", "--verify", "voicetype").stdout


def test_an_ordinary_user_gets_answers(trial: Trial) -> None:
    assert trial.user("voicetype", "--version").stdout == f"voicetype {voicetype.__version__}\n"
    assert "hotkey" in trial.user("voicetype", "config").stdout
    listed = trial.user("voicetype", "models", "list").stdout
    assert re.search(r"^base .* here$", listed, re.M), listed
    status = trial.user("dbus-run-session", "voicetype", "status")
    assert (status.returncode, status.stderr.splitlines()[0]) == (1, NOT_RUNNING[0])


def test_it_sees_the_system_s_gtk(trial: Trial) -> None:
    code = f"import sys; sys.path.insert(0, '/usr/lib/voicetype'){GTK}"
    answer = trial.user("python3", "-I", "-c", code)
    assert "no display" in answer.stdout, answer.stderr


def test_it_dictates_a_recording_whatever_python_packages_the_user_has(trial: Trial, sentence: Path) -> None:
    shutil.copy(sentence, trial.root.folder / "tmp/sentence.wav")
    own = Path(trial.user("python3", "-m", "site", "--user-site").stdout.strip())
    for path in (own / "usercustomize.py", Path("/tmp/own/argparse.py"), Path("/tmp/own/numpy.py")):
        broken = trial.root.folder / path.relative_to("/")
        broken.parent.mkdir(parents=True, exist_ok=True)
        broken.write_text("raise SystemExit('this is the user's own')")
    command = ("voicetype", "replay", "/tmp/sentence.wav", "--preset", "light", "--format", "jsonl")
    replay = trial.user(*command, PYTHONPATH="/tmp/own")
    assert replay.returncode == 0, replay.stderr
    *_, last = map(json.loads, replay.stdout.splitlines())
    assert last["type"] == "finished"
    assert "installed" in last["text"]


def test_nothing_starts_by_itself(unpacked: Path) -> None:
    assert not (unpacked / "etc").exists()
    assert not [*unpacked.rglob("*.wants")]


def test_removing_it_leaves_nothing(trial: Trial) -> None:
    # As root, who could write beside the modules what Python makes of them.
    assert trial.root.run("voicetype", "models", "list").returncode == 0
    trial.root.apt_get("remove", "voicetype")
    assert trial.root.paths() == trial.before
