"""An X server of the tests' own with a window manager, programs to type into, and a user who presses keys."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from Xlib import X, Xatom
from Xlib.display import Display
from Xlib.error import BadMatch, BadWindow, CatchError, ConnectionClosedError

from tests.deadline import DEADLINE_S as DEADLINE_S
from tests.deadline import wait_until as wait_until

APPS = Path(__file__).parent / "apps"
NEEDED = ("Xvfb", "openbox", "xterm", "setxkbmap")

CONTROL_R, SHIFT_L, SUPER_L, CAPS_LOCK = 105, 50, 133, 66
KEY_A, KEY_C, KEY_X, MENU, RETURN, ESCAPE, BACKSPACE = 38, 54, 53, 135, 36, 9, 22
KEY_G, F8, F9, F10 = 42, 74, 75, 76


@dataclass
class App:
    """A program with a window, and the file where it leaves its text."""

    process: subprocess.Popen[bytes]
    file: Path
    title: str

    @property
    def text(self) -> str:
        return self.file.read_bytes().decode(errors="replace")

    def shows(self, text: str) -> None:
        """Wait until the program has exactly this text."""
        deadline = time.monotonic() + DEADLINE_S / 4
        while self.text != text and time.monotonic() < deadline:
            time.sleep(0.005)
        found = self.text
        same = next((n for n, pair in enumerate(zip(found, text, strict=False)) if len({*pair}) > 1), 0)
        assert found == text, f"…{found[same:]!r}, not …{text[same:]!r}"

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@dataclass
class Shell(App):
    """bash at its prompt; its line is written where the user presses F8, and begun anew by F9."""

    user: User

    def begin(self) -> None:
        """Leave "echo " of the line, and nothing else."""
        before = self.file.stat().st_ino
        for _ in range(2):  # where another window closes, the window manager may take the focus once more
            self.user.focus(self.title)
            self.user.tap(F9)
            with suppress(AssertionError):
                wait_until(lambda: self.file.stat().st_ino != before, "bash begins a line", DEADLINE_S / 2)
                return
        raise AssertionError("bash begins no line")

    @property
    def text(self) -> str:
        before = self.file.stat().st_ino
        self.user.tap(F8)
        wait_until(lambda: self.file.stat().st_ino != before, "bash writes its line")
        return super().text


class User:
    """Somebody at the keyboard, over an X connection of their own. Keys are named by keycode."""

    def __init__(self, display: Display) -> None:
        self._display = display

    def __enter__(self) -> User:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        with suppress(ConnectionClosedError):
            self._display.close()

    def press(self, keycode: int) -> None:
        self._fake(X.KeyPress, keycode)

    def release(self, keycode: int) -> None:
        self._fake(X.KeyRelease, keycode)

    def tap(self, keycode: int) -> None:
        self.press(keycode)
        self.release(keycode)

    def press_button(self, button: int, title: str, spot: tuple[int, int] | None = None) -> None:
        """In a window, at `spot` (x, y in pixels), or else into its middle."""
        window = self._windows()[title]
        size = window.get_geometry()
        x, y = spot or (size.width // 2, size.height // 2)
        # From the window's coordinates to the root's, although python-xlib has it the other way round.
        there = self._display.screen().root.translate_coords(window, x, y)
        self._display.xtest_fake_input(X.MotionNotify, x=there.x, y=there.y)
        self._fake(X.ButtonPress, button)

    def release_button(self, button: int) -> None:
        self._fake(X.ButtonRelease, button)

    def click(self, button: int, title: str, spot: tuple[int, int] | None = None) -> None:
        """Into a window, at `spot` (x, y in pixels), or else into its middle."""
        self.press_button(button, title, spot)
        self.release_button(button)

    def autorepeats(self) -> list[int]:
        """A bit for each keycode."""
        return list(self._display.get_keyboard_control().auto_repeats)

    def modifiers(self) -> int:
        """The modifier state, as programs see it."""
        return int(self._display.screen().root.query_pointer().mask & 0xFF)

    def group(self) -> int:
        """Which of the layouts is active, from 0."""
        return int(self._display.screen().root.query_pointer().mask >> 13 & 3)

    def keymap(self) -> list[list[int]]:
        return [list(row) for row in self._display.get_keyboard_mapping(8, 248)]

    def bind(self, keycode: int, keysym: int) -> None:
        """Change the keyboard's layout by one key."""
        self._display.change_keyboard_mapping(keycode, [(keysym, keysym)])
        self._display.sync()

    def keysym(self, keycode: int) -> int:
        return int(self._display.get_keyboard_mapping(keycode, 1)[0][0])

    def focused_title(self) -> str:
        """The title of the window with the input focus, if it has one."""
        window = self._display.get_input_focus().focus
        try:
            while not isinstance(window, int) and window:
                if title := _title(window):
                    return title
                window = window.query_tree().parent
        except BadWindow:
            pass
        return ""

    def sees(self, title: str) -> bool:
        """Whether the window manager knows a window of this title."""
        return title in self._windows()

    def focus(self, title: str) -> None:
        """Give a window the focus, at once."""
        window = self._windows()[title]
        early = CatchError(BadMatch)  # it is not on the screen yet
        window.set_input_focus(X.RevertToParent, X.CurrentTime, onerror=early)
        window.raise_window()
        self._display.sync()

    def _windows(self) -> dict[str, Any]:
        """What the window manager manages, by title."""
        clients = self._display.screen().root.get_full_property(
            self._display.intern_atom("_NET_CLIENT_LIST"), X.AnyPropertyType
        )
        found: dict[str, Any] = {}
        for each in clients.value if clients else []:
            window = self._display.create_resource_object("window", each)
            with suppress(BadWindow):  # it has just closed
                found[_title(window)] = window
        return found

    def _fake(self, kind: int, detail: int) -> None:
        self._display.xtest_fake_input(kind, detail)
        self._display.sync()


def _title(window: Any) -> str:
    """Chromium has its title as UTF-8 only, which python-xlib's own question for it passes over."""
    return str(window.get_full_text_property(Xatom.WM_NAME) or "")


@dataclass
class Desktop:
    """Xvfb and openbox."""

    name: str
    server: subprocess.Popen[bytes]
    folder: Path
    user: User
    stack: ExitStack
    apps: list[App] = field(default_factory=list)

    def layout(self, name: str) -> None:
        """Load a layout, or two ("us,ru": the Menu key switches), or a variant ("us(dvorak)")."""
        layout, _, variant = name.partition("(")
        command = ["setxkbmap", "-display", self.name, "-layout", layout, "-variant", variant.rstrip(")")]
        subprocess.run([*command, "-option", "", "-option", "grp:menu_toggle"], check=True, timeout=30)

    def gtk(self) -> App:
        return self._start("GTK text", ["/usr/bin/python3", str(APPS / "gtk_text.py")])

    def tk(self) -> App:
        return self._start("Tk text", ["/usr/bin/python3", str(APPS / "tk_text.py")])

    def script(self, title: str, name: str, *options: str) -> App:
        """A program of `apps`."""
        return self._start(title, ["/usr/bin/python3", str(APPS / name)], *options)

    def gtk_entry(self) -> App:
        return self._start("GTK entry", ["/usr/bin/python3", str(APPS / "gtk_entry.py")])

    def tk_entry(self) -> App:
        return self._start("Tk entry", ["/usr/bin/python3", str(APPS / "tk_entry.py")])

    def qt(self, binding: str = "PyQt5", widget: str = "QTextEdit") -> App:
        command = ["/usr/bin/python3", "-c", f"import {binding}"]
        if subprocess.run(command, stderr=subprocess.DEVNULL).returncode:
            pytest.skip(f"not installed: python3-{binding.lower()}")
        return self._start(widget, ["/usr/bin/python3", str(APPS / "qt_text.py")], binding, widget)

    def fields(self, toolkit: str, loses: str = "") -> App:
        """A text view, an entry and a password entry of "GTK 3", "PyQt5" or "PyQt6"; `loses`: see there."""
        script = APPS / ("gtk_fields.py" if toolkit == "GTK 3" else "qt_fields.py")
        return self._start(f"{toolkit} fields", ["/usr/bin/python3", str(script)], loses, toolkit)

    def shell(self, script: str = "shell.rc") -> Shell:
        """bash, at its prompt."""
        title = f"shell {len(self.apps)}"
        command = ["xterm", "-u8", "-T", title, "-e", "bash", "--rcfile", str(APPS / script), "-i"]
        app = self._run(title, command, None)
        self.apps[-1] = shell = Shell(app.process, app.file, app.title, self.user)
        return shell

    def terminal(self, script: str = "raw_terminal.py") -> App:
        title = f"terminal {len(self.apps)}"
        return self._run(
            title, ["xterm", "-u8", "-T", title, "-e", "/usr/bin/python3", str(APPS / script)], []
        )

    def _start(self, title: str, command: list[str], *options: str) -> App:
        title = f"{title} {len(self.apps)}"
        return self._run(title, command, [title, *options])

    def _run(self, title: str, command: list[str], rest: list[str] | None) -> App:
        """`rest`: the arguments behind the file's name; None where the file is only in the environment."""
        file = self.folder / f"text-{len(self.apps)}"
        environment = {**os.environ, "DISPLAY": self.name, "GDK_BACKEND": "x11"}
        environment.setdefault("NO_AT_BRIDGE", "1")
        environment |= {"LC_ALL": "C.UTF-8", "GTK_IM_MODULE": "gtk-im-context-simple", "LINE_FILE": str(file)}
        null = subprocess.DEVNULL
        command = command if rest is None else [*command, str(file), *rest]
        process = subprocess.Popen(command, env=environment, stdout=null, stderr=null)
        app = App(process, file, title)
        self.apps.append(app)
        self.stack.callback(app.end)
        wait_until(file.exists, f"{title} starts")
        self.hand_focus(title)
        return app

    def hand_focus(self, title: str) -> None:
        """Give a window the focus, once it is open."""
        wait_until(lambda: self.user.sees(title), f"{title} opens")

        def focused() -> bool:
            with suppress(KeyError):  # Qt sets the title again, and for a moment it is none
                self.user.focus(title)
            return self.user.focused_title() == title

        wait_until(focused, f"{title} gets the focus")


@contextmanager
def running_desktop(folder: Path) -> Iterator[Desktop]:
    """A desktop on a free display number, which DISPLAY names for as long as it runs."""
    if lacking := [each for each in NEEDED if not shutil.which(each)]:
        pytest.skip(f"not installed: {', '.join(lacking)}")
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1024x768x24", "-nolisten", "tcp"]
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
        stack.callback(server.wait)
        stack.callback(server.kill)
        os.close(write)
        with os.fdopen(read) as reported:
            name = f":{reported.readline().strip()}"
        patch.setenv("DISPLAY", name)
        patch.delenv("XAUTHORITY", raising=False)
        manager = subprocess.Popen(["openbox"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stack.callback(manager.wait)
        stack.callback(manager.kill)
        user = stack.enter_context(User(Display(name)))
        wait_until(lambda: _is_managed(name), "openbox starts")
        yield Desktop(name, server, folder, user, stack)


def _is_managed(name: str) -> bool:
    """Whether openbox manages windows by now; its other signs come too early for xterm."""
    display = Display(name)
    try:
        return (
            display.screen().root.get_full_property(
                display.intern_atom("_NET_CLIENT_LIST"), X.AnyPropertyType
            )
            is not None
        )
    finally:
        display.close()


@pytest.fixture(scope="module")
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    """One desktop for the tests of a module."""
    with running_desktop(tmp_path_factory.mktemp("desktop")) as desktop:
        yield desktop


@pytest.fixture
def own_desktop(tmp_path: Path) -> Iterator[Desktop]:
    """A desktop that a test may break."""
    with running_desktop(tmp_path) as desktop:
        yield desktop
