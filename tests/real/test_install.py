"""The installation against what reads it: systemd, a session bus, the settings of desktops, a home."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import voicetype
from tests.real.bus import Bus
from tests.real.xserver import wait_until
from tests.test_integration import read_command, tree, values
from voicetype import cli, client
from voicetype.engine import store
from voicetype.integration import Layout, files, shortcuts
from voicetype.integration.keys import Keys
from voicetype.integration.shortcuts import Desktop

pytestmark = pytest.mark.real

ROOT = Path(voicetype.__file__).parent.parent
MODELS = store.place("")
SCHEMA = """<schemalist>
  <schema id="org.gnome.settings-daemon.plugins.media-keys"
          path="/org/gnome/settings-daemon/plugins/media-keys/">
    <key name="custom-keybindings" type="as"><default>[]</default></key>
  </schema>
  <schema id="org.gnome.settings-daemon.plugins.media-keys.custom-keybinding">
    <key name="name" type="s"><default>''</default></key>
    <key name="command" type="s"><default>''</default></key>
    <key name="binding" type="s"><default>''</default></key>
  </schema>
</schemalist>
"""
"""What GNOME's daemon installs of it."""


def need(*tools: str) -> None:
    for tool in tools:
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not here; install/test.sh installs it")


def run(*command: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home of the test's own: for this process, and for the bus and the programs that it starts."""
    home, runtime = tmp_path / "home", tmp_path / "runtime"
    home.mkdir()
    runtime.mkdir(0o700)
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_CURRENT_DESKTOP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    # A bus takes the home folder that the system knows of, whatever HOME says.
    monkeypatch.setenv("XDG_DATA_HOME", str(home / ".local/share"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
    return home


@pytest.fixture
def executable(tmp_path: Path) -> Path:
    """A command that notes with what it was called; in its path, all that has to be quoted."""
    path = tmp_path / "100% of $HOME `x` é" / "voicetype"
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/called\nexit 3\n')
    path.chmod(0o755)
    return path


def write(wanted: dict[Path, str]) -> list[Path]:
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return list(wanted)


def test_systemd_finds_no_fault_with_the_unit(executable: Path) -> None:
    need("systemd-analyze")
    units = [path for path in write(files(executable, Layout.user())) if path.parts[-2:-1] == ("user",)]
    assert len(units) == 2
    done = run("systemd-analyze", "--user", "verify", *units)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_units_command_is_the_daemon(executable: Path, tmp_path: Path) -> None:
    layout = Layout.user()
    (line,) = values(files(executable, layout)[layout.units / "voicetype.service"], "ExecStart")
    assert run(*read_command(line)).returncode == 3
    assert (tmp_path / "called").read_text() == "run\n"


def test_the_desktop_entries_are_valid(executable: Path) -> None:
    need("desktop-file-validate")
    wanted = files(executable, Layout.user()) | shortcuts.files(
        Keys.parse("<Super>z"), executable, {"HOME": os.environ["HOME"], "XDG_CURRENT_DESKTOP": "KDE"}
    )
    entries = [path for path in write(wanted) if path.suffix == ".desktop"]
    assert len(entries) == 3
    done = run("desktop-file-validate", *entries)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_icon_is_a_picture(home: Path) -> None:
    need("/usr/bin/python3")
    write(files(Path("/usr/bin/voicetype"), Layout.user()))
    code = (
        "import gi, sys; gi.require_version('GdkPixbuf', '2.0'); from gi.repository import GdkPixbuf; "
        "p = GdkPixbuf.Pixbuf.new_from_file(sys.argv[1]); print(p.get_width(), p.get_height())"
    )
    done = run(
        "/usr/bin/python3", "-c", code, home / ".local/share/icons/hicolor/scalable/apps/voicetype.svg"
    )
    if "No module named 'gi'" in done.stderr or "Couldn't recognize" in done.stderr:
        pytest.skip("GdkPixbuf with SVG is not here; install/test.sh installs it")
    assert done.stdout == "128 128\n", done.stderr


@pytest.fixture
def activated(executable: Path) -> Path:
    """The files are there before the bus begins."""
    write(files(executable, Layout.user()))
    return executable


@pytest.mark.usefixtures("activated")
def test_the_bus_starts_the_daemon_for_whoever_calls_it(bus_of_home: Bus, tmp_path: Path) -> None:
    refused = bus_of_home.call("Toggle")
    assert "exited with status 3" in refused.stderr  # the false daemon never takes the name
    assert set((tmp_path / "called").read_text().splitlines()) == {"run"}


@pytest.fixture
def bus_of_home(activated: Path, request: pytest.FixtureRequest) -> Bus:
    """The private bus, started when `activated` has been installed in its home."""
    assert activated.exists()
    bus: Bus = request.getfixturevalue("bus")
    return bus


@pytest.fixture
def real_daemon(executable: Path, home: Path) -> Path:
    """The command is the real daemon, which types nowhere."""
    need_models("tiny.en", "base")
    executable.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m voicetype "$@"\n')
    (home / ".config/voicetype").mkdir(parents=True)
    (home / ".config/voicetype/config.toml").write_text(
        '[models]\npreset = "light"\n[typing]\nkeyboard = "dummy"\n'
    )
    link_models(home)
    return executable


def need_models(*names: str) -> None:
    """Skip where a model of the real home, not the test's, would have to be fetched."""
    for name in names:
        if store.state(MODELS / name) is not store.State.WHOLE:
            pytest.skip(f"the model {name} is not here; install/test.sh fetches it")


def link_models(home: Path) -> None:
    """Nothing is fetched twice."""
    (home / ".local/share/voicetype").mkdir(parents=True)
    (home / ".local/share/voicetype/models").symlink_to(MODELS)


@pytest.mark.usefixtures("real_daemon")
def test_the_bus_starts_the_real_daemon(bus_of_home: Bus) -> None:
    done = bus_of_home.gdbus(
        *("call", "--session", "-d", client.NAME, "-o", client.PATH, "--timeout", "60"),
        *("-m", "org.freedesktop.DBus.Properties.Get", client.NAME, "Keyboard"),
    )
    assert "dummy" in done.stdout, done.stderr
    bus_of_home.call("Quit")
    wait_until(lambda: client.NAME not in names(bus_of_home), "the daemon has ended")


def names(bus: Bus) -> str:
    where = ("-d", "org.freedesktop.DBus", "-o", "/org/freedesktop/DBus")
    return bus.gdbus("call", "--session", *where, "-m", "org.freedesktop.DBus.ListNames").stdout


@pytest.fixture
def gnome(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GNOME's settings in a file of the test's own."""
    need("gsettings", "glib-compile-schemas")
    schemas = tmp_path / "schemas"
    schemas.mkdir()
    (schemas / "media-keys.gschema.xml").write_text(SCHEMA)
    assert run("glib-compile-schemas", "--strict", schemas).returncode == 0
    monkeypatch.setenv("GSETTINGS_SCHEMA_DIR", str(schemas))
    monkeypatch.setenv("GSETTINGS_BACKEND", "keyfile")
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "ubuntu:GNOME")
    (home / ".config").mkdir()


def keybindings() -> str:
    return run(
        "gsettings", "get", "org.gnome.settings-daemon.plugins.media-keys", "custom-keybindings"
    ).stdout


@pytest.mark.usefixtures("gnome")
@pytest.mark.parametrize("others", ["[]", "['/other/', '/and one more/']"])
def test_gnome_has_the_shortcut_beside_the_users_own(others: str, executable: Path) -> None:
    base = "org.gnome.settings-daemon.plugins.media-keys"
    ours = f"{base}.custom-keybinding:/{base.replace('.', '/')}/custom-keybindings/voicetype/"
    run("gsettings", "set", base, "custom-keybindings", others)
    before, keys = keybindings(), Keys.parse("<Super>z")
    for _ in range(2):
        shortcuts.add(Desktop.GNOME, keys, executable)
    assert keybindings().count("/custom-keybindings/voicetype/") == 1
    assert "/and one more/" in keybindings() or others == "[]"
    assert run("gsettings", "get", ours, "binding").stdout == "'<Super>z'\n"
    bound = run("gsettings", "get", ours, "command").stdout
    assert "toggle" in bound
    shortcuts.remove(Desktop.GNOME, keys)
    assert keybindings() == before
    assert run("gsettings", "get", ours, "binding").stdout == "''\n"


@pytest.mark.usefixtures("bus", "executable")
def test_xfce_has_the_shortcut_unless_it_is_taken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    need("xfconf-query")
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "XFCE")
    channel = ("xfconf-query", "-c", "xfce4-keyboard-shortcuts")
    taken = "/commands/custom/<Primary><Alt>t"
    run(*channel, "-p", taken, "-n", "-t", "string", "-s", "a terminal")
    assert cli.main(["install", "--shortcut", "<Ctrl><Alt>t"]) == 1
    assert "<Ctrl><Alt>t is bound already: a terminal." in capsys.readouterr().err
    assert cli.main(["install", "--shortcut", "<Super>y"]) == 0
    assert cli.main(["install", "--shortcut", "<Super>z"]) == 0
    listed = run(*channel, "-l", "-v").stdout
    assert "/commands/custom/<Super>z" in listed
    assert "voicetype toggle" in listed
    assert "<Super>y" not in listed
    assert cli.main(["uninstall"]) == 0
    listed = run(*channel, "-l", "-v").stdout
    assert "voicetype" not in listed
    assert taken in listed


def shell(home: Path, command: str | Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a script of the installation, or a program, as a user in this home would, without a desktop."""
    environ = {
        "HOME": str(home),
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "XDG_RUNTIME_DIR": os.environ["XDG_RUNTIME_DIR"],
        "PIP_CACHE_DIR": str(home.parent / "pip"),
    }
    kept = {n: v for n, v in os.environ.items() if n.startswith("PIP_") or n.lower().endswith("_proxy")}
    return subprocess.run(
        [str(word) for word in (ROOT / "install" / command, *arguments)],
        env=environ | kept,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


def lend_packages(home: Path, python: str) -> None:
    """An environment for install.sh that sees the libraries of this one: nothing large is installed."""
    venv = home / ".local/share/voicetype/venv"
    assert shell(home, python, "-m", "venv", "--system-site-packages", venv).returncode == 0
    (folder,) = venv.glob("lib/python3*/site-packages")
    mine = next(path for path in sys.path if path.endswith("site-packages"))
    (folder / "lent.pth").write_text(f"{mine}\n")


def system_python() -> str:
    """The Python that install.sh takes; the libraries that are lent must be of the same."""
    done = run("bash", "-c", f". '{ROOT}/install/common.sh' && system_python")
    python = done.stdout.strip()
    version = run(python, "-c", "import sys; print(sys.version)").stdout.strip() if python else ""
    if version != sys.version:
        pytest.skip("the tests do not run on the system's own Python; install/test.sh makes them")
    return python


def test_run_says_what_is_missing_and_shows_the_demo(home: Path) -> None:
    need_models("tiny.en", "base")
    if not (ROOT / ".venv/installed").exists():
        pytest.skip("no environment of install/run.sh's is here; it would be made")
    if not (MODELS.parent / "demo").is_dir():
        pytest.skip("the demo recording is not here; install/test.sh fetches it")
    link_models(home)
    (home / ".local/share/voicetype/demo").symlink_to(MODELS.parent / "demo")
    environ = {"HOME": str(home), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    with subprocess.Popen(
        ["bash", ROOT / "install/run.sh"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "Demo:" in line:
                break
        process.kill()
    assert "There is no desktop to type on: neither DISPLAY nor WAYLAND_DISPLAY is set." in said
    assert "Showing the demo instead." in said


def listing(home: Path, *left_out: str) -> Sequence[str]:
    return [name for name in tree(home) if not name.startswith(left_out)]


def test_install_and_uninstall_leave_the_home_as_it_was(home: Path) -> None:
    need_models("tiny.en", "base")
    python = system_python()
    (home / ".config/voicetype").mkdir(parents=True)
    (home / ".config/voicetype/config.toml").write_text('[models]\npreset = "light"\n')
    before = listing(home)
    link_models(home)
    lend_packages(home, python)
    (home / ".local/share/voicetype/folders").write_text(f"{home}/.local/share\n{home}/.local\n")

    for _ in range(2):
        done = shell(home, "run.sh", "--install", "--shortcut", "<Super>z")
        assert done.returncode == 0, done.stdout + done.stderr
    assert "There is no desktop here" in done.stdout
    command = home / ".local/bin/voicetype"
    assert run(command, "--version").stdout.startswith("voicetype ")
    where = "import voicetype; print(voicetype.__file__)"
    venv = home / ".local/share/voicetype/venv"
    assert run(venv / "bin/python", "-P", "-c", where).stdout.startswith(str(venv))  # not the clone
    unit = (home / ".config/systemd/user/voicetype.service").read_text()
    assert values(unit, "ExecStart") == [f"{venv}/bin/voicetype run"]

    done = shell(home, "install.sh", "--uninstall")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Left: your configuration in {home}/.config/voicetype" in done.stdout
    assert "Left: the models" not in done.stdout
    assert listing(home) == before
    assert (MODELS / "base").is_dir()  # the link was removed, not what it led to


@pytest.mark.parametrize("script", ["install.sh", "uninstall.sh"])
def test_an_unknown_option_is_told(script: str, home: Path) -> None:
    done = shell(home, script, "--nonsense")
    assert done.returncode == 2
    assert "There is no option --nonsense." in done.stderr
    assert tree(home) == {}


def test_typing_by_uinput_is_allowed_and_forbidden_again(tmp_path: Path) -> None:
    """Whole, once, and with nothing left of it; for a system beneath a folder of the test's own."""
    if os.getuid():
        pytest.skip("only root may")
    system = tmp_path / "system"

    def common(function: str) -> str:
        done = run("bash", "-euc", f". {ROOT}/install/common.sh; {function}", DESTDIR=str(system))
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    assert common("forbid_uinput") == ""
    assert "allowed, for whoever is logged in" in common("allow_uinput")
    rule = system / "etc/udev/rules.d/70-voicetype-uinput.rules"
    (line,) = [line for line in rule.read_text().splitlines() if not line.startswith("#")]
    assert line == 'KERNEL=="uinput", SUBSYSTEM=="misc", TAG+="uaccess", OPTIONS+="static_node=uinput"'
    assert int(rule.name[:2]) < 73  # where systemd gives what is tagged to whoever is logged in
    assert (system / "etc/modules-load.d/voicetype-uinput.conf").read_text().splitlines()[-1] == "uinput"
    assert common("allow_uinput") == "Typing by uinput: allowed.\n"
    rule.write_text("an older one")
    common("allow_uinput")
    assert line in rule.read_text()
    assert "not allowed any more" in common("forbid_uinput")
    assert not [path for path in system.rglob("*") if path.is_file()]


def test_keys_that_are_no_shortcut_are_told_before_anything_is_made(home: Path) -> None:
    for argv in (["--shortcut", "nonsense"], ["--shortcut=Super+"]):
        done = shell(home, "install.sh", *argv)
        assert done.returncode == 2
        assert "is no shortcut. Write it like <Super>z" in done.stderr
        assert not (home / ".local").exists()


def test_uninstall_takes_models_away_that_no_installation_knows(home: Path) -> None:
    data = home / ".local/share/voicetype"
    (data / "models/base").mkdir(parents=True)
    (data / "demo.x1y2z3/unpacked").mkdir(parents=True)  # of a run that was interrupted
    assert shell(home, "uninstall.sh", "--keep-models").returncode == 0
    assert sorted(path.name for path in data.iterdir()) == ["models"]
    assert shell(home, "uninstall.sh").returncode == 0
    assert not data.exists()


def test_ctrl_c_ends_a_script_though_the_program_in_it_ends_in_its_own_way() -> None:
    like_pip = "trap 'exit 1' INT; echo begun; sleep 60 & wait"
    script = '. "$1/install/common.sh"; retry bash -c "$2"; say "went on"'
    with subprocess.Popen(
        ["bash", "-c", script, "bash", str(ROOT), like_pip],
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout.read() == ""
    assert process.returncode == 130


def test_the_scripts_can_be_started(home: Path) -> None:
    for script in ("install.sh", "uninstall.sh"):
        assert (ROOT / "install" / script).stat().st_mode & stat.S_IXUSR
        assert "Usage:" in shell(home, script, "--help").stdout
