"""The tray on a real panel, with a real mouse and keyboard, and as the panel sees it over the bus."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("gi", reason="python3-gi is not installed, or this environment does not see it")

from tests.real.panel import (
    Child,
    Item,
    Line,
    Panel,
    notification_service,
    panel,
    private_environment,
    running_tray,
)
from tests.real.wayland import Compositor, own_compositor
from tests.real.xserver import ESCAPE, RETURN, wait_until

__all__ = ["own_compositor", "panel"]

pytestmark = pytest.mark.real

DOWN, RIGHT = 116, 114
GREY, RED, AMBER, DARK = (84, 96, 112), (206, 32, 52), (190, 108, 0), (52, 56, 64)


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    return tmp_path / "voicetype.toml"


@pytest.fixture
def tray(panel: Panel, configuration: Path) -> Iterator[Child]:
    """The tray, with its icon in the panel."""
    with running_tray(panel.environment, configuration) as tray:
        assert tray.wait_for("open") is None, "a panel shows it: there is nothing to complain of"
        panel.shows(GREY)
        yield tray
    panel.empties()  # else the next test would click on this icon


def press(panel: Panel, *keys: int) -> None:
    for key in keys:
        panel.desktop.user.tap(key)


def shows(item: Item, picture: str) -> None:
    wait_until(lambda: item.picture() == f"voicetype-{picture}", picture)


def begins(item: Item, line: str) -> None:
    wait_until(lambda: item.menu().labels()[0].startswith(line), line)


def marks(item: Item, paused: bool) -> None:
    wait_until(lambda: item.menu().at("Pause drafts").mark == paused, f"drafts paused: {paused}")


def way_to(menu: Line, *labels: str) -> list[int]:
    """The arrow keys from the top of a menu that was just opened to the line of these labels."""
    keys = []
    for depth, label in enumerate(labels):
        lines = menu.selectable()
        place = next(n for n, line in enumerate(lines) if line.label.startswith(label))
        # A submenu that is opened by an arrow key has its first line selected.
        keys += [DOWN] * (place + (depth == 0))
        menu = lines[place]
        keys += [RIGHT] if depth + 1 < len(labels) else [RETURN]
    return keys


@pytest.mark.usefixtures("tray")
def test_the_icon_stands_in_the_panel(panel: Panel) -> None:
    item = panel.item()
    assert item.property("Status") == "Active"
    wait_until(lambda: item.property("Title") == "voicetype: Ready: tiny.en drafts, base confirms", "title")


def test_the_icon_shows_what_the_daemon_does(panel: Panel, tray: Child) -> None:
    item = panel.item()
    states = {"listening": RED, "finishing": AMBER, "error": DARK, "idle": GREY}
    for state, colour in states.items():
        tray.tell(show={"state": state})
        panel.shows(colour)
        shows(item, f"{state}-0")
    tray.tell(show={"loading": "Fetching small: 210 of 484 MB"})
    shows(item, "loading-0")


def test_the_level_is_seen_while_listening_and_not_after(panel: Panel, tray: Child) -> None:
    item = panel.item()
    tray.tell(level=0.9)
    tray.tell(show={"state": "listening"})
    for level, step in ((0.6, 3), (1.0, 4), (0.0, 0)):
        tray.tell(level=level)
        shows(item, f"listening-{step}")
    tray.tell(level=0.6)
    tray.tell(show={"state": "idle"})
    tray.tell(level=0.9)
    shows(item, "idle-0")


def test_a_click_opens_the_menu_and_a_click_chooses(panel: Panel, tray: Child) -> None:
    x, y, width, height = panel.click_icon()
    panel.click(x + width // 2, y + height - 14)  # the last line
    tray.wait_for("quit")


def test_keys_choose_a_language(panel: Panel, tray: Child) -> None:
    item = panel.item()
    wait_until(lambda: "More" in item.menu().at("Language").labels(), "the menu is filled")
    menu = item.menu()
    assert menu.at("Language").marked() == ["The desktop's (English)"]
    panel.click_icon()
    press(panel, *way_to(menu, "Language", "More", "F – K", "German"))
    assert tray.wait_for("configure") == {"language": "de"}
    wait_until(lambda: item.menu().at("Language").marked() == ["German"], "what is marked is in force")
    assert item.menu().at("Language").label == "Language: German"


def test_keys_choose_a_model_that_has_to_be_fetched(panel: Panel, tray: Child) -> None:
    item = panel.item()
    wait_until(lambda: "More" in item.menu().at("Heavy model").labels(), "the menu is filled")
    menu = item.menu()
    assert menu.at("Heavy model").marked() == ["base (99 languages, 180 MB of memory)"]
    panel.click_icon()
    press(panel, *way_to(menu, "Heavy model", "More", "small"))
    assert tray.wait_for("configure") == {"models.heavy": "small"}


def test_every_choice_arrives_over_the_bus(panel: Panel, tray: Child) -> None:
    item = panel.item()
    wait_until(lambda: "Built-in" in item.menu().at("Microphone").labels(), "the menu is filled")
    choices: list[tuple[tuple[str, ...], str, object]] = [
        (("Start listening",), "toggle", None),
        (("Undo last dictation",), "undo", None),
        (("Fast model", "base"), "configure", {"models.fast": "base"}),
        (
            ("Preset", "multilingual"),
            "configure",
            {"models.preset": "multilingual", "models.fast": "", "models.heavy": ""},
        ),
        (("Microphone", "alsa_input USB"), "configure", {"audio.device": "alsa_input USB"}),
        (("Pause drafts",), "configure", {"typing.drafts": False}),
        (("Pause drafts",), "configure", {"typing.drafts": True}),
        (("Sounds",), "configure", {"audio.sounds": True}),
        (("Last dictations", "Good morning.", "Type again"), "type_again", "Good morning."),
        (("Last dictations", "Not typed whole: Nobody", "Type the rest"), "type_again", "the end."),
        (("Quit",), "quit", None),
    ]
    for labels, call, value in choices:
        item.choose(item.menu().at(*labels))
        assert tray.wait_for(call) == value
        if labels[0] == "Pause drafts":
            marks(item, value == {"typing.drafts": False})
    assert item.menu().at("Microphone").label == "Microphone: alsa_input USB"


def test_a_refused_choice_is_told_and_its_mark_stays(panel: Panel, tray: Child) -> None:
    item = panel.item()
    wait_until(lambda: item.menu().at("Keyboard").marked() == ["Automatic (now: x11)"], "the menu is filled")
    item.choose(item.menu().at("Keyboard", "Type nothing"))
    begins(item, "That way to type is not to be had.")
    assert item.menu().labels()[1] == "Take another."
    assert not item.menu().below[0].enabled
    assert item.menu().at("Keyboard").marked() == ["Automatic (now: x11)"]
    tray.tell(show={"state": "listening"})
    begins(item, "Listening …")


def test_an_open_menu_stays_while_it_changes(panel: Panel, tray: Child) -> None:
    item = panel.item()
    wait_until(lambda: item.menu().labels()[0].startswith("Ready"), "the menu is filled")
    place = panel.click_icon()
    for done in (1, 2, 3):
        text = f"Fetching small: {done} of 484 MB"
        tray.tell(show={"loading": text})
        begins(item, text)
    panel.click(place[0] + place[2] // 2, place[1] + place[3] - 14)
    tray.wait_for("quit")  # it is where it was


PASTE = """
import gi
gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
from gi.repository import Gdk, Gtk
print(Gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD).wait_for_text())
"""


def pasted(panel: Panel) -> str:
    """What is on the clipboard."""
    done = subprocess.run(
        [sys.executable, "-c", PASTE],
        env=panel.environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return done.stdout.strip()


def test_a_text_is_copied(panel: Panel, tray: Child) -> None:
    item = panel.item()
    wait_until(lambda: bool(item.menu().at("Last dictations").below[0].below), "the menu is filled")
    item.choose(item.menu().at("Last dictations", "The quick brown fox", "Copy"))
    text = "The quick brown fox jumps over the lazy dog, and home again."
    wait_until(lambda: pasted(panel) == text, "the text")
    assert tray.said == []


def test_what_no_window_took_is_offered_by_a_notification(panel: Panel, tray: Child) -> None:
    """Whoever shows it presses its button at once."""
    with notification_service(panel.environment) as service:
        tray.tell(untyped=8)
        _, sentence, hint = service.wait_for("notified")
        assert sentence.startswith("The last 8 characters were not typed")
        assert "voicetype last" in hint
        assert service.wait_for("offered") == ["Copy the text"]
        wait_until(lambda: pasted(panel) == "Nobody took the end.", "the text is copied")
        tray.tell(problem=["There is no microphone.", "Plug one in."])
        assert service.wait_for("notified")[1] == "There is no microphone."
    assert service.said == [], "nothing is offered with that"


def test_what_goes_wrong_is_shown_as_one_notification(panel: Panel, tray: Child) -> None:
    with notification_service(panel.environment) as service:
        tray.tell(problem=["There is no <microphone>.", "Plug one in & try again."])
        assert service.wait_for("notified") == [
            0,
            "There is no <microphone>.",
            "Plug one in &amp; try again.",
        ]
        begins(panel.item(), "There is no <microphone>.")
        panel.item().choose(panel.item().menu().at("Keyboard", "Type nothing"))
        replaces, said, _ = service.wait_for("notified")
    assert (replaces, said) == (7, "That way to type is not to be had.")


def test_the_configuration_is_written_and_opened_in_an_editor(panel: Panel, tmp_path: Path) -> None:
    opened, configuration = tmp_path / "opened", tmp_path / "voicetype" / "config.toml"
    applications = tmp_path / "share" / "applications"  # not those of this machine
    environment = panel.environment | {"XDG_DATA_DIRS": str(applications.parent)}
    application = f"""[Desktop Entry]
Type=Application
Name=Editor
Exec=cp %f {opened}
MimeType=text/plain;
"""
    with running_tray(environment, configuration) as tray:
        tray.wait_for("open")
        item = panel.item()
        item.choose(item.menu().at("Open configuration"))
        begins(item, "The desktop has no program to open ")
        applications.mkdir(parents=True)
        (applications / "editor.desktop").write_text(application)
        (applications / "mimeapps.list").write_text("[Default Applications]\ntext/plain=editor.desktop\n")
        tray.tell(show={"state": "listening"})
        begins(item, "Listening …")
        item.choose(item.menu().at("Open configuration"))
        wait_until(opened.exists, "the editor has the file")
    panel.empties()
    assert "# " in opened.read_text()


def children(pid: int) -> list[str]:
    """The processes that a process has started and that still run."""
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    return [child for thread in threads for child in thread.read_text().split()]


def test_the_doctors_report_is_shown_in_a_window(panel: Panel, tray: Child) -> None:
    for _ in range(2):  # nothing is seen for a moment, so one clicks again
        panel.item().choose(panel.item().menu().at("Doctor"))
    wait_until(lambda: panel.desktop.user.sees("voicetype doctor"), "the window")
    wait_until(lambda: not children(tray.process.pid), "no other doctor is at work")
    panel.desktop.user.focus("voicetype doctor")
    wait_until(lambda: panel.desktop.user.focused_title() == "voicetype doctor", "the focus")
    press(panel, ESCAPE)
    wait_until(lambda: not panel.desktop.user.sees("voicetype doctor"), "the only window closes")
    assert tray.said == []


def test_nothing_is_left_behind(panel: Panel, configuration: Path) -> None:
    runtime = Path(panel.environment["XDG_RUNTIME_DIR"])
    with running_tray(panel.environment, configuration) as tray:
        tray.wait_for("open")
        panel.shows(GREY)
        assert list(runtime.glob("voicetype-tray-*/*.png"))
        assert tray.process.stdin
        tray.process.stdin.close()
        tray.wait_for("closed")
        assert tray.process.wait(20) == 0
    assert not list(runtime.glob("voicetype-tray-*"))
    panel.empties()


def test_without_appindicator_gtk_has_an_icon_with_the_same_menu(panel: Panel, configuration: Path) -> None:
    without = """
import gi
real = gi.require_version
def require_version(name, version):
    if "AppIndicator" in name:
        raise ValueError(f"Namespace {name} not available")
    real(name, version)
gi.require_version = require_version
"""
    with running_tray(panel.environment, configuration, without) as tray:
        assert tray.wait_for("open") is None
        panel.shows(GREY)
        panel.click_icon()
        press(panel, DOWN, RETURN)
        tray.wait_for("toggle")
    panel.empties()


@pytest.mark.usefixtures("own_desktop", "bus")
@pytest.mark.parametrize(
    ("before", "backend", "expected"),
    [
        ("", "xorg", "xorg, which has no menu"),
        ("", "dummy", "dummy, which has no menu"),
        ("", "nonsense", "nonsense"),
        ("import sys; sys.modules['gi'] = None", "", "no tray icon"),
        ("import sys; sys.modules['pystray'] = None", "", "can't be had"),
    ],
)
def test_what_has_no_menu_is_refused(tmp_path: Path, before: str, backend: str, expected: str) -> None:
    environment = private_environment(tmp_path)
    if backend:
        environment["PYSTRAY_BACKEND"] = backend
    with running_tray(environment, tmp_path / "none.toml", before) as tray:
        said, hint = tray.wait_for("refused")
    assert expected in said
    assert "python3-gi" in hint
    assert "--system-site-packages" in hint


@pytest.mark.usefixtures("own_desktop", "bus")
def test_where_nobody_shows_icons_that_is_said(tmp_path: Path) -> None:
    with running_tray(private_environment(tmp_path), tmp_path / "none.toml") as tray:
        said, hint = tray.wait_for("open")
        assert "Nothing on this desktop shows tray icons" in said
        assert "AppIndicator" in hint


@pytest.mark.usefixtures("bus")
def test_on_wayland_without_a_tray_gtk_does_not_complain_of_each_change(
    own_compositor: Compositor, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    runtime = Path(own_compositor.environment["XDG_RUNTIME_DIR"])
    display = str(runtime / own_compositor.environment["WAYLAND_DISPLAY"])
    environment = private_environment(tmp_path) | {"WAYLAND_DISPLAY": display, "GDK_BACKEND": "wayland"}
    environment.pop("DISPLAY", None)
    with running_tray(environment, tmp_path / "none.toml") as tray:
        assert "Nothing on this desktop shows tray icons" in tray.wait_for("open")[0]
        until_s = time.monotonic() + 1.0  # AppIndicator waits for a tray for a tenth of it
        while time.monotonic() < until_s:
            for state in ("listening", "idle"):
                tray.tell(show={"state": state})
                time.sleep(0.05)
    assert capfd.readouterr().err.count("Gtk-CRITICAL") <= 2  # at its beginning and its end
