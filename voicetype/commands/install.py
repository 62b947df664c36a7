"""`install` and `uninstall`: voicetype at home on this user's desktop, and gone from it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from argparse import Namespace
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from voicetype import client, config_file
from voicetype.config import HotkeyConfig
from voicetype.errors import ConfigError, DaemonError, DesktopError
from voicetype.folders import cache_home, config_home, data_home, state_home
from voicetype.integration import (
    UNIT,
    Layout,
    files,
    installed,
    network,
    shortcuts,
    talking,
)
from voicetype.integration.command import command
from voicetype.integration.installed import Installed
from voicetype.integration.keys import Keys
from voicetype.integration.shortcuts import Desktop
from voicetype.keyboard.portal_session import Token, token_path
from voicetype.strategies import Strategy

_END_S = 20.0  # what the daemon may take to end: a dictation under way is finished first


def run(options: Namespace) -> int:
    """Dispatch."""
    return _install(options.shortcut) if options.command == "install" else _uninstall(options.models)


def record() -> Path:
    """Where it is noted what was written."""
    return data_home() / "voicetype/installed.json"


def _install(keys: Keys | None) -> int:
    executable, desktop = command(), shortcuts.detect(os.environ)
    earlier = Installed.read(record()).shortcut
    wanted = files(executable, Layout.user()) | (network(Layout.user()) if _asks_a_server() else {})
    if keys := keys or (Keys.parse(earlier[1]) if earlier else None):
        wanted |= shortcuts.files(keys, executable, os.environ)
    now, kept = installed.write(wanted, record())
    for path in wanted:
        if path not in kept:
            print(f"Written: {path}")
    _name_kept(kept)
    print(_enable())
    _reload_bus()
    if keys:
        told = _new_shortcut(earlier, desktop, keys, executable)
        replace(now, shortcut=(desktop.value, keys.gtk)).write(record())
        print(told)
    if told := talking.advice(
        desktop, os.environ, HotkeyConfig().key, executable, keyboards=_hears_keyboards()
    ):
        print(told)
    print("`voicetype uninstall` takes all of it away again.")
    return 0


def _asks_a_server() -> bool:
    """Whether the configuration names one; a file that can't be read names none."""
    with suppress(ConfigError):
        return config_file.load().engine.strategy in (Strategy.REMOTE, Strategy.STREAMING)
    return False


def _hears_keyboards() -> bool:
    return any(os.access(device, os.R_OK) for device in Path("/dev/input").glob("event*"))


def _uninstall(models: bool) -> int:
    there = Installed.read(record())
    if there.files:
        _take_away(there)
    else:
        print("Nothing of voicetype is installed in this user's desktop.")
    _remove_own_folders(models)
    return 0


def _take_away(there: Installed) -> None:
    if not _systemctl("disable", "--now", UNIT):
        _disable(there)
    _end_daemon()
    if there.shortcut:
        _drop_shortcut(there.shortcut)
    kept = installed.remove(record())
    for path in there.files:
        if path not in kept:
            print(f"Removed: {path}")
    _name_kept(kept)
    _systemctl("daemon-reload")
    _reload_bus()


def _disable(there: Installed) -> None:
    """What `systemctl disable` does, where no service manager runs just now, as in a login without one."""
    for unit in (path for path in there.files if path.name == UNIT):
        link = unit.parent / "graphical-session.target.wants" / UNIT
        if link.is_symlink():
            link.unlink()
            installed.remove_if_empty(link.parent)


def _end_daemon() -> None:
    """End one that the service manager did not start; what it runs on may be deleted next."""
    with suppress(DaemonError):  # none runs, or none that could be asked
        client.call("Quit")
        deadline = time.monotonic() + _END_S
        while time.monotonic() < deadline:
            client.properties()
            time.sleep(0.1)


def _name_kept(paths: list[Path]) -> None:
    for path in paths:
        print(f"Left as it is, since it is not what voicetype wrote: {path}")


def _enable() -> str:
    """Have the unit start with the desktop; a sentence on when voicetype starts."""
    if not _systemctl("daemon-reload"):
        return "No service manager of yours runs here: voicetype starts with your desktop, by its autostart."
    if _systemctl("enable", UNIT):
        return f"voicetype starts with your desktop; at once with: systemctl --user start {UNIT}"
    return f"{UNIT} could not be enabled; try: systemctl --user enable {UNIT}"


def _systemctl(*arguments: str) -> bool:
    try:
        done = subprocess.run(
            ["systemctl", "--user", *arguments], capture_output=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _reload_bus() -> None:
    """A session bus does not notice a folder that was not there when it began."""
    bus = "org.freedesktop.DBus"
    with suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            ["busctl", "--user", "call", bus, "/org/freedesktop/DBus", bus, "ReloadConfig"],
            capture_output=True,
            timeout=20,
            check=False,
        )


def _new_shortcut(earlier: tuple[str, str] | None, desktop: Desktop, keys: Keys, executable: Path) -> str:
    if earlier and earlier != (desktop.value, keys.gtk):
        _drop_shortcut(earlier)
    return shortcuts.add(desktop, keys, executable)


def _drop_shortcut(earlier: tuple[str, str]) -> None:
    """Take a shortcut away; whatever its desktop says, the rest is taken away too."""
    try:
        told = shortcuts.remove(Desktop(earlier[0]), Keys.parse(earlier[1]))
    except DesktopError as error:
        told = f"The shortcut {earlier[1]} could not be taken away.\n{error.sentence}"
    if told:
        print(told)


def _remove_own_folders(models: bool) -> None:
    """What the daemon made while it ran, except what it was given, or took long to fetch."""
    if (cache := cache_home() / "voicetype").is_dir():
        shutil.rmtree(cache, ignore_errors=True)
        installed.remove_if_empty(cache.parent)
    place = data_home() / "voicetype/models"
    if models and place.is_symlink():
        place.unlink()
    elif models:
        shutil.rmtree(place, ignore_errors=True)
    elif place.is_dir():
        print(f"Left: the models in {place}; `voicetype uninstall --models` deletes them too.")
    Token(token_path()).forget()
    installed.remove_if_empty(place.parent)
    kept = {"your configuration": config_home(), "your last dictations": state_home()}
    for what, folder in kept.items():
        installed.remove_if_empty(mine := folder / "voicetype")
        if mine.is_dir():
            print(f"Left: {what} in {mine}")
