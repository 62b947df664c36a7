"""What a desktop is told of voicetype: the files, their quoting, what is written and what is taken away."""

from __future__ import annotations

import json
import os
import shlex
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from voicetype import cli
from voicetype.commands import install
from voicetype.errors import DesktopError
from voicetype.integration import Layout, files, installed, shortcuts, talking
from voicetype.integration.keys import Keys
from voicetype.integration.shortcuts import Desktop

EXECUTABLE = Path("/opt/voice type/100%/$HOME `x` é/voicetype")


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home of the test's own, without a session bus, a service manager or a known desktop."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "nothing here"))
    for name in (
        *("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CURRENT_DESKTOP"),
        *("DBUS_SESSION_BUS_ADDRESS", "SWAYSOCK", "HYPRLAND_INSTANCE_SIGNATURE", "I3SOCK", "LABWC_PID"),
    ):
        monkeypatch.delenv(name, raising=False)
    return home


def tree(folder: Path) -> dict[str, str]:
    """Every path beneath a folder, with what is in it."""
    return {
        str(path.relative_to(folder)): path.read_text() if path.is_file() else "folder"
        for path in sorted(folder.rglob("*"))
    }


def values(text: str, key: str) -> list[str]:
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]


def read_command(value: str) -> list[str]:
    """The words of a command in double quotes, a backslash before what is meant as it stands, %% for a %.

    systemd.service(5) and, once the escapes of a desktop entry are undone, its Exec are both read like that.
    """
    words, word, quoted, rest = [], "", False, iter(value.replace("%%", "%"))
    for character in rest:
        if character == "\\":
            word += next(rest)
        elif character == '"':
            quoted = not quoted
        elif character == " " and not quoted:
            words.append(word)
            word = ""
        else:
            word += character
    return [*words, word]


def read_entry_command(value: str) -> list[str]:
    return read_command(value.replace("\\\\", "\\"))


def test_every_kind_of_file_names_the_command_by_its_own_rules(tmp_path: Path) -> None:
    layout = Layout.system(tmp_path)
    written = files(EXECUTABLE, layout)
    (unit,) = values(written[layout.units / "voicetype.service"], "ExecStart")
    assert read_command(unit) == [str(EXECUTABLE), "run"]
    entries = written[layout.applications / "org.voicetype.Daemon.desktop"]
    assert [read_entry_command(value) for value in values(entries, "Exec")] == [
        [str(EXECUTABLE), action] for action in ("run", "toggle", "quit")
    ]
    assert values(entries, "TryExec") == [str(EXECUTABLE)]
    (bus,) = values(written[layout.bus_services / "org.voicetype.Daemon1.service"], "Exec")
    assert shlex.split(bus) == [str(EXECUTABLE), "run"]
    assert not any("@" in text for path, text in written.items() if path.suffix == ".desktop")


@pytest.mark.parametrize(
    "name",
    [
        "voicetype",
        "relative/voicetype",
        "/a\nb/voicetype",
        "/a\\b/voicetype",
        "/it's/voicetype",
        '/"/voicetype',
        os.fsdecode(b"/\xff/voicetype"),
    ],
)
def test_what_no_file_could_name_is_refused(name: str) -> None:
    with pytest.raises(DesktopError, match="can't be told to start"):
        files(Path(name), Layout.user())


def test_the_users_folders_are_those_of_xdg(home: Path, tmp_path: Path) -> None:
    usual = Layout.user({"HOME": str(home)})
    assert usual.units == home / ".config/systemd/user"
    assert usual.bus_services == home / ".local/share/dbus-1/services"
    assert (usual.data, usual.config) == (f"{home}/.local/share/voicetype", f"{home}/.config/voicetype")
    assert usual.state == f"{home}/.local/state/voicetype"
    moved = Layout.user(
        {"HOME": str(home), "XDG_DATA_HOME": f"{tmp_path}/d 1", "XDG_CONFIG_HOME": "relative/is/ignored"}
    )
    assert moved.applications == tmp_path / "d 1/applications"
    assert moved.autostart == home / ".config/autostart"
    unit = files(Path("/usr/bin/voicetype"), moved)[moved.units / "voicetype.service"]
    state = f"{home}/.local/state/voicetype"
    assert f'ReadWritePaths=-"{tmp_path}/d 1/voicetype" -{home}/.config/voicetype -{state}\n' in unit


def test_an_editor_that_the_menu_opened_does_not_end_with_the_service(home: Path) -> None:
    layout = Layout.user({"HOME": str(home)})
    unit = files(Path("/usr/bin/voicetype"), layout)[layout.units / "voicetype.service"]
    assert values(unit, "KillMode") == ["process"]


def test_a_package_lays_them_out_for_everybody(tmp_path: Path) -> None:
    written = files(Path("/usr/bin/voicetype"), Layout.system(tmp_path))
    assert {str(path.relative_to(tmp_path)) for path in written} == {
        "usr/lib/systemd/user/voicetype.service",
        "usr/lib/systemd/user/voicetype-models@.service",
        "etc/xdg/autostart/voicetype.desktop",
        "usr/share/applications/org.voicetype.Daemon.desktop",
        "usr/share/dbus-1/services/org.voicetype.Daemon1.service",
        "usr/share/icons/hicolor/scalable/apps/voicetype.svg",
    }
    assert not any(str(Path.home()) in text for text in written.values())


def test_a_desktop_that_starts_the_unit_does_not_start_the_autostart_too(home: Path) -> None:
    written = files(Path("/usr/bin/voicetype"), Layout.user())
    autostart = written[home / ".config/autostart/voicetype.desktop"]
    assert values(autostart, "X-systemd-skip") == values(autostart, "X-GNOME-HiddenUnderSystemd") == ["true"]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The command of this installation: a file that does nothing."""
    bin_ = tmp_path / "some bin"
    bin_.mkdir()
    for name in ("python", "voicetype"):
        (bin_ / name).write_text("#!/bin/sh\n")
        (bin_ / name).chmod(0o755)
    monkeypatch.setattr("sys.executable", str(bin_ / "python"))
    return bin_ / "voicetype"


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize("times", [1, 2])
def test_uninstall_leaves_what_was_there_before(
    times: int, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / ".config/autostart").mkdir(parents=True)
    (home / ".config/autostart/other.desktop").write_text("[Desktop Entry]\n")
    (home / ".config/voicetype").mkdir()
    (home / ".config/voicetype/config.toml").write_text('language = "de"\n')
    before = tree(home)
    for _ in range(times):
        assert cli.main(["install"]) == 0
    written = tree(home)
    assert before.items() < written.items()
    (unit,) = (path for path in home.rglob("voicetype.service"))
    assert stat.S_IMODE(unit.stat().st_mode) == 0o644
    enabled = unit.parent / "graphical-session.target.wants" / unit.name  # as by systemctl, which is gone now
    enabled.parent.mkdir()
    enabled.symlink_to(unit)
    for _ in range(times):
        assert cli.main(["uninstall"]) == 0
    assert tree(home) == before
    assert f"Left: your configuration in {home}/.config/voicetype" in capsys.readouterr().out


@pytest.mark.usefixtures("command")
def test_what_the_user_changed_is_left_and_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["install"])
    unit = home / ".config/systemd/user/voicetype.service"
    unit.write_text("[Service]\nExecStart=/bin/true\n")
    assert cli.main(["install"]) == 0
    assert f"not what voicetype wrote: {unit}" in capsys.readouterr().out
    assert cli.main(["uninstall"]) == 0
    assert f"not what voicetype wrote: {unit}" in capsys.readouterr().out
    assert [name for name, what in tree(home).items() if what != "folder"] == [str(unit.relative_to(home))]
    assert "/bin/true" in unit.read_text()


@pytest.mark.usefixtures("command")
def test_a_file_that_was_there_first_is_not_taken_over(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = home / ".config/autostart/voicetype.desktop"
    mine.parent.mkdir(parents=True)
    mine.write_text("[Desktop Entry]\nHidden=true\n")
    before = tree(home)
    cli.main(["install"])
    assert f"not what voicetype wrote: {mine}" in capsys.readouterr().out
    cli.main(["uninstall"])
    assert tree(home) == before


def test_a_new_installation_takes_the_place_of_the_old(home: Path, tmp_path: Path) -> None:
    record = home / "record.json"
    old, new = tmp_path / "a/old.txt", tmp_path / "b/new.txt"
    installed.write({old: "1", new: "1"}, record)
    now, kept = installed.write({new: "2"}, record)
    assert (kept, list(now.files), new.read_text(), old.exists()) == ([], [new], "2", False)
    assert installed.Installed.read(record) == now
    assert installed.remove(record) == []
    assert tree(tmp_path) == {"home": "folder"}


def test_the_service_has_a_network_while_a_server_is_configured(home: Path) -> None:
    config = home / ".config/voicetype/config.toml"
    config.parent.mkdir(parents=True)
    opened = home / ".config/systemd/user/voicetype.service.d/server.conf"
    server = '[remote]\naddress = "https://speech.example.org/v1"\n[engine]\nstrategy = '
    for text, expected in (
        ("", False),
        (f'{server}"dual"\n', False),
        (f'{server}"remote"\n', True),
        ("nonsense", False),
        (f'{server}"remote"\n', True),
    ):
        config.write_text(text)
        assert cli.main(["install"]) == 0
        assert opened.exists() is expected, text
    assert "RestrictAddressFamilies=AF_INET AF_INET6" in opened.read_text().splitlines()
    assert cli.main(["uninstall"]) == 0
    assert not opened.parent.exists()


def test_an_installation_that_was_cut_off_can_be_taken_away(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = home / "record.json"
    write, left = os.replace, [2]  # the record and one file

    def full(source: str, target: Path) -> None:
        if not left[0]:
            raise OSError(28, "No space left on device")
        left[0] -= 1
        write(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", full)
        with pytest.raises(DesktopError, match=r"can't be written: No space left on device\."):
            installed.write({tmp_path / "a/1": "1", tmp_path / "b/2": "2"}, record)
    assert (tmp_path / "a/1").read_text() == "1"
    assert installed.remove(record) == []
    assert tree(tmp_path) == {"home": "folder"}


@pytest.mark.usefixtures("command")
def test_nothing_is_written_where_not_all_can_be(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / ".config").write_text("no folder")
    before = tree(home)
    assert cli.main(["install"]) == 1
    assert f"{home}/.config is not a folder" in capsys.readouterr().err
    assert tree(home) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_can_not_be_written_is_a_sentence(home: Path) -> None:
    home.chmod(0o500)
    with pytest.raises(DesktopError, match=f"You may not write to {home}"):
        installed.write({home / "a/b": "text"}, home / "record.json")


def test_a_folder_without_permission_is_a_sentence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)  # for root too
    with pytest.raises(DesktopError, match=f"You may not write to {home}; nothing was installed"):
        installed.write({home / "a/b": "text"}, home / "record.json")
    assert tree(home) == {}


@pytest.mark.parametrize("text", ["", "[]", '{"files": 3}', '{"files": {}, "folders": []}', "\xff"])
def test_a_damaged_record_is_a_sentence(text: str, home: Path) -> None:
    (home / "record.json").write_text(text, "latin-1")
    with pytest.raises(DesktopError, match="is damaged"):
        installed.remove(home / "record.json")


def test_without_an_installation_nothing_is_ended(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setattr("voicetype.client.call", lambda *_: pytest.fail("another installation's daemon"))
    assert cli.main(["uninstall"]) == 0
    assert capsys.readouterr().out == "Nothing of voicetype is installed in this user's desktop.\n"
    assert tree(home) == {}


@pytest.mark.usefixtures("command")
def test_models_are_kept_unless_they_are_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = home / ".local/share/voicetype/models/base/model.bin"
    model.parent.mkdir(parents=True)
    model.write_text("weights")
    (home / ".cache/voicetype").mkdir(parents=True)
    cli.main(["install"])
    cli.main(["uninstall"])
    assert f"Left: the models in {home}/.local/share/voicetype/models" in capsys.readouterr().out
    assert model.exists()
    assert not (home / ".cache/voicetype").exists()
    cli.main(["uninstall", "--models"])
    assert not (home / ".local/share/voicetype").exists()


def test_models_kept_elsewhere_are_not_deleted(home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "disk"
    (elsewhere / "base").mkdir(parents=True)
    (home / ".local/share/voicetype").mkdir(parents=True)
    (home / ".local/share/voicetype/models").symlink_to(elsewhere)
    cli.main(["uninstall", "--models"])
    assert (elsewhere / "base").is_dir()
    assert not (home / ".local/share/voicetype").exists()


@pytest.mark.parametrize(
    ("environment", "desktop"),
    [
        ({"XDG_CURRENT_DESKTOP": "GNOME"}, Desktop.GNOME),
        ({"XDG_CURRENT_DESKTOP": "ubuntu:GNOME"}, Desktop.GNOME),
        ({"XDG_CURRENT_DESKTOP": "GNOME-Classic:GNOME"}, Desktop.GNOME),
        ({"XDG_CURRENT_DESKTOP": "Budgie:GNOME"}, Desktop.GNOME),
        ({"XDG_CURRENT_DESKTOP": "KDE", "I3SOCK": "/run/i3"}, Desktop.KDE),
        ({"XDG_CURRENT_DESKTOP": "XFCE"}, Desktop.XFCE),
        ({"XDG_CURRENT_DESKTOP": "sway:wlroots"}, Desktop.SWAY),
        ({"XDG_CURRENT_DESKTOP": "Hyprland"}, Desktop.HYPRLAND),
        ({"XDG_CURRENT_DESKTOP": "i3"}, Desktop.I3),
        ({"SWAYSOCK": "/run/sway", "I3SOCK": "/run/sway"}, Desktop.SWAY),
        ({"HYPRLAND_INSTANCE_SIGNATURE": "x"}, Desktop.HYPRLAND),
        ({"I3SOCK": "/run/i3"}, Desktop.I3),
        ({"XDG_CURRENT_DESKTOP": "river"}, Desktop.RIVER),
        ({"XDG_CURRENT_DESKTOP": "labwc:wlroots"}, Desktop.LABWC),
        ({"LABWC_PID": "12"}, Desktop.LABWC),
        ({"I3SOCK": ""}, Desktop.OTHER),
        ({"XDG_CURRENT_DESKTOP": "MATE"}, Desktop.OTHER),
        ({}, Desktop.OTHER),
    ],
)
def test_which_desktop_it_is(environment: Mapping[str, str], desktop: Desktop) -> None:
    assert shortcuts.detect(environment) is desktop


@pytest.mark.parametrize(
    ("written", "gtk", "xfce", "kde", "i3", "hyprland"),
    [
        ("<Super>z", "<Super>z", "<Super>z", "Meta+Z", "Mod4+z", "SUPER, z"),
        ("Meta+Z", "<Super>z", "<Super>z", "Meta+Z", "Mod4+z", "SUPER, z"),
        (
            "<alt><ctrl>SPACE",
            "<Ctrl><Alt>space",
            "<Primary><Alt>space",
            "Ctrl+Alt+Space",
            "Ctrl+Mod1+space",
            "CTRL ALT, space",
        ),
        (
            "Super+Shift+f9",
            "<Shift><Super>F9",
            "<Shift><Super>F9",
            "Meta+Shift+F9",
            "Shift+Mod4+F9",
            "SHIFT SUPER, F9",
        ),
        ("Pause", "Pause", "Pause", "Pause", "Pause", ", Pause"),
        (
            "<Primary>Page_Up",
            "<Ctrl>Page_Up",
            "<Primary>Page_Up",
            "Ctrl+PgUp",
            "Ctrl+Page_Up",
            "CTRL, Page_Up",
        ),
    ],
)
def test_keys_are_spelt_as_each_desktop_does(
    written: str, gtk: str, xfce: str, kde: str, i3: str, hyprland: str
) -> None:
    keys = Keys.parse(written)
    assert (keys.gtk, keys.xfce, keys.kde, keys.i3, keys.hyprland) == (gtk, xfce, kde, i3, hyprland)
    assert Keys.parse(keys.gtk) == Keys.parse(keys.kde if "Pg" not in keys.kde else keys.gtk) == keys


@pytest.mark.parametrize(
    "text", ["", "z", "<Shift>z", "<Super>", "<Hyper>z", "<Super>nonsense", "F25", "+", "space"]
)
def test_what_is_no_shortcut_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DesktopError, match="is no shortcut"):
        Keys.parse(text)
    assert cli.main(["install", "--shortcut", text]) == 2
    assert "Write it like <Super>z" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("desktop", "line"),
    [
        ("sway", "bindsym Mod4+z exec '{}' toggle"),
        ("i3", "bindsym Mod4+z exec --no-startup-id '{}' toggle"),
        ("Hyprland", "bind = SUPER, z, exec, '{}' toggle"),
        ("labwc", '<keybind key="W-z"><action name="Execute" command="\'{}\' toggle"/></keybind>'),
        ("MATE", "'{}' toggle"),
    ],
)
def test_where_the_user_sets_the_shortcut_the_line_is_told(
    desktop: str,
    line: str,
    command: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", desktop)
    assert cli.main(["install", "--shortcut", "<Super>z"]) == 0
    assert line.format(command) in [told.strip() for told in capsys.readouterr().out.splitlines()]
    assert cli.main(["uninstall"]) == 0
    assert "If you bound <Super>z to voicetype" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("written", "river", "labwc"),
    [
        ("<Super>z", "Super z", "W-z"),
        ("<Ctrl><Alt>space", "Control+Alt space", "C-A-space"),
        ("Pause", "None Pause", "Pause"),
    ],
)
def test_keys_of_river_and_labwc(written: str, river: str, labwc: str) -> None:
    keys = Keys.parse(written)
    assert (keys.river, keys.labwc) == (river, labwc)


PLAIN = Path("/opt/voicetype")
WAYLAND = {"WAYLAND_DISPLAY": "wayland-1", "DISPLAY": ":0"}


@pytest.mark.parametrize(
    ("desktop", "environment", "keyboards", "told"),
    [
        (Desktop.XFCE, {"DISPLAY": ":0"}, False, "Push-to-talk: hold Control_R."),
        (Desktop.I3, {"DISPLAY": ":0", "XDG_SESSION_TYPE": "x11"}, True, "Push-to-talk: hold Control_R."),
        (Desktop.OTHER, {}, True, ""),
        (Desktop.GNOME, WAYLAND, True, "asks you for a key when voicetype first starts (GNOME from"),
        (Desktop.KDE, WAYLAND, False, "KDE asks you for a key when voicetype first starts."),
        (Desktop.SWAY, WAYLAND, True, "hold Control_R; programs see the key, too."),
        (Desktop.SWAY, WAYLAND, False, "\n  bindsym --release Pause exec /opt/voicetype stop"),
        (Desktop.HYPRLAND, WAYLAND, False, "\n  bindr = , Pause, exec, /opt/voicetype stop"),
        (
            Desktop.RIVER,
            {"XDG_SESSION_TYPE": "wayland"},
            False,
            "\n  riverctl map -release normal None Pause spawn '/opt/voicetype stop'",
        ),
        (
            Desktop.LABWC,
            WAYLAND,
            False,
            'onRelease="yes"><action name="Execute" command="/opt/voicetype stop"/>',
        ),
        (Desktop.OTHER, WAYLAND, False, "voicetype install --shortcut"),
    ],
)
def test_what_to_hold_while_speaking(
    desktop: Desktop, environment: Mapping[str, str], keyboards: bool, told: str
) -> None:
    advice = talking.advice(desktop, environment, "Control_R", PLAIN, keyboards=keyboards)
    assert told in advice
    assert bool(told) is bool(advice)


def test_the_installation_tells_what_to_hold(
    command: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "GNOME")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert cli.main(["install"]) == 0
    assert command.exists()
    assert "Push-to-talk: GNOME asks you for a key" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("session", "place", "hidden"), [("6", "applications", ["true"]), ("5", "kglobalaccel", [])]
)
def test_kde_has_the_shortcut_from_a_file(
    session: str, place: str, hidden: list[str], home: Path, command: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "KDE")
    monkeypatch.setenv("KDE_SESSION_VERSION", session)
    cli.main(["install", "--shortcut", "<Super>z"])
    text = (home / ".local/share" / place / shortcuts.KDE_FILE).read_text()
    assert values(text, "X-KDE-Shortcuts") == ["Meta+Z"]
    assert values(text, "NoDisplay") == hidden
    assert [read_entry_command(value) for value in values(text, "Exec")] == [[str(command), "toggle"]]
    cli.main(["uninstall"])
    assert tree(home) == {}


@pytest.mark.usefixtures("command")
def test_the_shortcut_stays_when_it_is_not_named_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "KDE")
    cli.main(["install", "--shortcut", "<Super>z"])
    cli.main(["install"])
    assert json.loads(install.record().read_text())["shortcut"] == ["KDE", "<Super>z"]
    assert (home / ".local/share/applications" / shortcuts.KDE_FILE).exists()


@pytest.mark.usefixtures("command")
def test_a_shortcut_that_can_not_be_set_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "GNOME")
    monkeypatch.setenv("PATH", "/nonexistent")
    assert cli.main(["install", "--shortcut", "<Super>z"]) == 1
    assert capsys.readouterr().err.startswith("The shortcut was not set: gsettings does not work")
    assert cli.main(["uninstall"]) == 0  # what was written before is known all the same
    assert tree(home) == {}
