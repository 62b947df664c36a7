"""A Wayland compositor of the tests' own (sway, headless), programs on it, and a user who presses keys."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.real.xserver import APPS, App, wait_until

NEEDED = ("sway", "swaymsg", "foot", "setpriv")
CONFIG = """\
output HEADLESS-1 resolution 900x700
xwayland disable
default_border none
focus_follows_mouse no
"""
KEY_A, KEY_X, BACKSPACE, ENTER, LEFT, CONTROL_R, SHIFT_L, F9 = 30, 45, 14, 28, 105, 97, 42, 67  # evdev codes


class User:
    """Somebody at a keyboard: another client's virtual one, which the compositor takes for hardware."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(APPS / "wayland_user.py")],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def press(self, key: int) -> None:
        self._say(f"{key} 1")

    def release(self, key: int) -> None:
        self._say(f"{key} 0")

    def tap(self, key: int) -> None:
        self.press(key)
        self.release(key)

    def type(self, keys: Iterable[int]) -> None:
        for key in keys:
            self.tap(key)

    def click(self, x: int, y: int) -> None:
        self._say(f"click {x} {y}")

    def leave(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        self._answer()

    def _answer(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "done\n"


@dataclass
class Compositor:
    """sway, and what runs on it."""

    process: subprocess.Popen[bytes]
    folder: Path
    environment: dict[str, str]
    stack: ExitStack
    user: User
    apps: list[App] = field(default_factory=list)
    name: str = ""  # of an X display, which there is none of

    def command(self, *words: str) -> Any:
        """Ask sway over its own socket."""
        answer = subprocess.run(
            ["swaymsg", "--raw", *words], env=self.environment, capture_output=True, timeout=30, check=True
        )
        return json.loads(answer.stdout)

    def gtk(self, script: str = "gtk_text.py", *options: str, method: str = "wayland") -> App:
        """`method`: the input method module of GTK."""
        title = f"GTK {len(self.apps)}"
        command = ["env", f"GTK_IM_MODULE={method}", "/usr/bin/python3", str(APPS / script)]
        return self._run(command, title, [title, *options])

    def terminal(self, script: str = "raw_terminal.py") -> App:
        title = f"terminal {len(self.apps)}"
        command = ["foot", "--config=/dev/null", f"--title={title}", "--override=locked-title=yes"]
        return self._run([*command, "/usr/bin/python3", str(APPS / script)], title, [])

    def focus(self, app: App) -> None:
        self.hand_focus(app.title)

    def hand_focus(self, title: str) -> None:
        wait_until(lambda: self.sees(title), f"{title} opens")
        self.command(f'[title="^{title}$"] focus')
        wait_until(lambda: self.focused_title() == title, f"{title} gets the focus")

    def focused_title(self) -> str:
        return next(
            (str(each["name"]) for each in _nodes(self.command("-t", "get_tree")) if each["focused"]), ""
        )

    def place(self, app: App) -> tuple[int, int]:
        """Where its window begins on the screen."""
        nodes = _nodes(self.command("-t", "get_tree"))
        rect = next(each["rect"] for each in nodes if each["name"] == app.title)
        return rect["x"], rect["y"]

    def sees(self, title: str) -> bool:
        return any(each["name"] == title for each in _nodes(self.command("-t", "get_tree")))

    def picture(self, file: Path) -> bytes:
        """Of the whole screen, as PNG, left in a file for people."""
        subprocess.run(["grim", str(file)], env=self.environment, check=True, timeout=30)
        return file.read_bytes()

    def _run(self, command: list[str], title: str, rest: list[str]) -> App:
        file = self.folder / f"text-{len(self.apps)}"
        null = subprocess.DEVNULL
        process = subprocess.Popen(
            [*command, str(file), *rest], env=self.environment, stdout=null, stderr=null
        )
        app = App(process, file, title)
        self.apps.append(app)
        self.stack.callback(app.end)
        wait_until(file.exists, f"{title} starts")
        wait_until(lambda: self.sees(title), f"{title} opens")
        self.focus(app)
        return app


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for each in [*node["nodes"], *node["floating_nodes"]]:
        yield from _nodes(each)


@contextmanager
def running_compositor(folder: Path) -> Iterator[Compositor]:
    """sway with its socket in a folder of its own; the environment names it for as long as it runs."""
    if lacking := [each for each in NEEDED if not shutil.which(each)]:
        pytest.skip(f"not installed: {', '.join(lacking)}")
    if find_spec("pywayland") is None:
        pytest.skip("not installed: pywayland")
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        runtime = _runtime_folder(stack)
        config = runtime / "config"
        config.write_text(CONFIG)
        config.chmod(0o644)
        own = {"XDG_RUNTIME_DIR": str(runtime), "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}
        headless = {"WLR_BACKENDS": "headless", "WLR_LIBINPUT_NO_DEVICES": "1", "WLR_RENDERER": "pixman"}
        process = subprocess.Popen(
            [*_not_as_root(), "sway", "-c", str(config)],
            env=own | headless,
            cwd=runtime,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        stack.callback(process.wait)
        stack.callback(process.kill)
        wait_until(lambda: bool(_sockets(runtime, "wayland-?")), "sway listens")
        wait_until(lambda: bool(_sockets(runtime, "sway-ipc.*.sock")), "sway can be asked")
        environment = {
            **os.environ,
            **own,
            "WAYLAND_DISPLAY": _sockets(runtime, "wayland-?")[0].name,
            "SWAYSOCK": str(_sockets(runtime, "sway-ipc.*.sock")[0]),
            "GDK_BACKEND": "wayland",
            "NO_AT_BRIDGE": "1",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        for name in ("XDG_RUNTIME_DIR", "WAYLAND_DISPLAY"):
            patch.setenv(name, environment[name])
        user = User(environment)
        stack.callback(user.leave)
        yield Compositor(process, folder, environment, stack, user)


def _runtime_folder(stack: ExitStack) -> Path:
    """Where sway's sockets are: sway refuses to be root, so nobody's, in no folder that is only root's."""
    import tempfile

    runtime = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wayland-")))
    runtime.chmod(0o700)
    if os.geteuid() == 0:
        shutil.chown(runtime, "nobody", "nogroup")
    return runtime


def _not_as_root() -> list[str]:
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []


def _sockets(folder: Path, pattern: str) -> list[Path]:
    return [each for each in sorted(folder.glob(pattern)) if each.is_socket()]


@pytest.fixture(scope="module")
def compositor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compositor]:
    """One compositor for the tests of a module."""
    with running_compositor(tmp_path_factory.mktemp("compositor")) as compositor:
        yield compositor


@pytest.fixture
def own_compositor(tmp_path: Path) -> Iterator[Compositor]:
    """A compositor that a test may break."""
    with running_compositor(tmp_path) as compositor:
        yield compositor
