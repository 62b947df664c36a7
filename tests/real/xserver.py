"""An X server of the tests' own with a window manager, programs to type into, and a user who presses keys."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from Xlib import X
from Xlib.display import Display
from Xlib.error import BadWindow, ConnectionClosedError

APPS = Path(__file__).parent / "apps"
DEADLINE_S = 20.0
NEEDED = ("Xvfb", "openbox", "xterm", "setxkbmap")

CONTROL_R, SHIFT_L, SUPER_L, CAPS_LOCK = 105, 50, 133, 66
KEY_A, KEY_C, KEY_X, MENU, RETURN, ESCAPE = 38, 54, 53, 135, 36, 9
F8, F9, F10 = 74, 75, 76


def wait_until(done: Callable[[], bool], what: str) -> None:
    """Wait for something that will happen, with a deadline instead of a guess."""
    deadline = time.monotonic() + DEADLINE_S
    while not done():
        assert time.monotonic() < deadline, f"still waiting: {what}"
        time.sleep(0.005)


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
        assert self.text == text

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


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

    def click(self, button: int, title: str) -> None:
        """Into the middle of a window."""
        window = self._windows()[title]
        size = window.get_geometry()
        # From the window's coordinates to the root's, although python-xlib has it the other way round.
        middle = self._display.screen().root.translate_coords(window, size.width // 2, size.height // 2)
        self._display.xtest_fake_input(X.MotionNotify, x=middle.x, y=middle.y)
        self._fake(X.ButtonPress, button)
        self._fake(X.ButtonRelease, button)

    def autorepeats(self) -> list[int]:
        """A bit for each keycode."""
        return list(self._display.get_keyboard_control().auto_repeats)

    def modifiers(self) -> int:
        """The modifier state, as programs see it."""
        return int(self._display.screen().root.query_pointer().mask & 0xFF)

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
                if title := window.get_wm_name():
                    return str(title)
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
        window.set_input_focus(X.RevertToParent, X.CurrentTime)
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
                found[str(window.get_wm_name())] = window
        return found

    def _fake(self, kind: int, detail: int) -> None:
        self._display.xtest_fake_input(kind, detail)
        self._display.sync()


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

    def terminal(self, script: str = "raw_terminal.py") -> App:
        title = f"terminal {len(self.apps)}"
        return self._run(
            title, ["xterm", "-u8", "-T", title, "-e", "/usr/bin/python3", str(APPS / script)], []
        )

    def _start(self, title: str, command: list[str]) -> App:
        title = f"{title} {len(self.apps)}"
        return self._run(title, command, [title])

    def _run(self, title: str, command: list[str], rest: list[str]) -> App:
        file = self.folder / f"text-{len(self.apps)}"
        environment = {**os.environ, "DISPLAY": self.name, "GDK_BACKEND": "x11", "NO_AT_BRIDGE": "1"}
        environment |= {"LC_ALL": "C.UTF-8", "GTK_IM_MODULE": "none"}
        null = subprocess.DEVNULL
        process = subprocess.Popen([*command, str(file), *rest], env=environment, stdout=null, stderr=null)
        app = App(process, file, title)
        self.apps.append(app)
        self.stack.callback(app.end)
        wait_until(file.exists, f"{title} starts")
        wait_until(lambda: self.user.sees(title), f"{title} opens")
        self.user.focus(title)
        wait_until(lambda: self.user.focused_title() == title, f"{title} gets the focus")
        return app


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
