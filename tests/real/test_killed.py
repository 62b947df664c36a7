"""The whole daemon is killed in mid-dictation: nothing of it is left, or the next one puts it right.

The microphone and the models alone are false. The moments are random, with fixed seeds.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from Xlib import Xatom
from Xlib.display import Display

from tests.real.bus import Bus, bus
from tests.real.daemon import Daemon
from tests.real.ibus import OWN, IBus, own_ibus
from tests.real.talking import environment, talking_daemon
from tests.real.xserver import CONTROL_R, ESCAPE, KEY_A, App, Desktop, desktop, wait_until
from voicetype import client
from voicetype.core.events import Patch
from voicetype.keyboard.x11 import X11Keyboard
from voicetype.keyboard.x11_debts import Debts
from voicetype.x11.own_keys import OwnKeys

__all__ = ["bus", "desktop", "own_ibus"]  # fixtures

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

ROUNDS = 3
HELD_S = 2.0  # even where the daemon learns of the key late
FOREIGN = "≠日本αβγ"


@pytest.fixture
def env(desktop: Desktop, bus: Bus, tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path, DISPLAY=desktop.name, DBUS_SESSION_BUS_ADDRESS=bus.address)


@pytest.fixture
def app(desktop: Desktop) -> Iterator[App]:
    app = desktop.gtk()
    yield app
    app.end()


def keys_down() -> list[int]:
    display = Display()
    try:
        return [n for n in range(256) if display.query_keymap()[n >> 3] >> (n & 7) & 1]
    finally:
        display.close()


def debts() -> list[str]:
    """The properties by which bound keycodes are known."""
    display = Display()
    try:
        atoms = display.screen().root.list_properties()
        names = [display.get_atom_name(atom) for atom in atoms]
        return [name for name in names if name.startswith("_VOICETYPE")]
    finally:
        display.close()


def has_foreign(app: App, behind: int) -> bool:
    """Whether all that the layout lacks was typed."""
    return set(FOREIGN) <= set(app.text[behind:])


def types_right(desktop: Desktop, app: App, daemon: Daemon) -> None:
    """A dictation from its beginning to its end; what the program has is what the daemon says."""
    before, finished, pressed = app.text, len(daemon.of("finished")), time.monotonic()
    desktop.user.press(CONTROL_R)
    daemon.wait_for(partial(has_foreign, app, len(before)), "foreign characters stand")
    daemon.wait_for(lambda: time.monotonic() > pressed + HELD_S, "it is no tap")
    desktop.user.release(CONTROL_R)
    daemon.wait_for(lambda: len(daemon.of("finished")) > finished, "the dictation ends")
    app.shows(before + daemon.of("finished")[-1]["text"])


def test_killed_while_text_is_typed_under_a_held_key(
    desktop: Desktop, app: App, env: dict[str, str], tmp_path: Path
) -> None:
    """The key to dictate with is a modifier, which is lifted in each patch; keycodes are bound."""
    keymap, chance, leaked = desktop.user.keymap(), random.Random(7), 0
    for _ in range(ROUNDS):
        with talking_daemon(env, tmp_path) as daemon:
            assert desktop.user.keymap() == keymap, "the next start has put it right"
            assert debts() == []
            begins = partial(has_foreign, app, len(app.text))
            desktop.user.press(CONTROL_R)
            daemon.wait_for(begins, "keycodes are bound")
            time.sleep(chance.uniform(0, 0.5))
            daemon.process.kill()
            daemon.process.wait()
        leaked += desktop.user.keymap() != keymap
        assert set(keys_down()) <= {CONTROL_R}, "no key that the user does not hold"
        desktop.user.release(CONTROL_R)
        assert keys_down() == []
        assert desktop.user.modifiers() == 0
        wait_until_quiet(app)
        written = app.text
        desktop.user.tap(KEY_A)
        app.shows(written + "a")  # no key repeats, and the keyboard is the user's
    assert leaked, "else nothing was to be put right"
    with talking_daemon(env, tmp_path) as daemon:
        types_right(desktop, app, daemon)
    assert desktop.user.keymap() == keymap
    assert debts() == []


def wait_until_quiet(app: App) -> None:
    """The program has come to every key that was sent to it."""
    seen, since = app.text, time.monotonic()
    while time.monotonic() < since + 0.3:
        time.sleep(0.02)
        if app.text != seen:
            seen, since = app.text, time.monotonic()


def test_killed_in_the_middle_of_its_end(
    desktop: Desktop, app: App, env: dict[str, str], tmp_path: Path
) -> None:
    keymap, chance = desktop.user.keymap(), random.Random(3)
    for _ in range(ROUNDS - 1):
        with talking_daemon(env, tmp_path) as daemon:
            assert daemon.voicetype("start").returncode == 0
            daemon.wait_for(lambda: bool(daemon.of("patch")), "it types")
            daemon.process.terminate()
            time.sleep(chance.uniform(0, 0.3))
            daemon.process.kill()
            daemon.process.wait()
        assert keys_down() == []
    with talking_daemon(env, tmp_path) as daemon:
        assert desktop.user.keymap() == keymap
        types_right(desktop, app, daemon)


def test_the_name_and_the_key_are_free_at_once(
    desktop: Desktop, app: App, env: dict[str, str], tmp_path: Path
) -> None:
    """A dictation runs in the daemon that dies, and Escape is taken for it."""
    with talking_daemon(env, tmp_path) as daemon:
        assert daemon.voicetype("start").returncode == 0
        daemon.wait_for(lambda: bool(app.text), "it types")
        daemon.process.kill()
        daemon.process.wait()
    assert not client.is_running()
    with talking_daemon(env, tmp_path) as daemon:
        status = daemon.status()
        assert status["State"] == "idle"
        assert status["Hotkey"].endswith("Control_R"), "the key was not taken any more"
        types_right(desktop, app, daemon)
        desktop.user.tap(ESCAPE)


def test_a_daemon_that_lives_keeps_its_keycodes(desktop: Desktop, app: App) -> None:
    """A second keyboard (a trial of the doctor's) does not take them for a dead one's."""
    first, second = X11Keyboard(2000, OwnKeys()), X11Keyboard(2000, OwnKeys())
    keymap = desktop.user.keymap()
    try:
        first.open(lambda _: None)
        first.claim()
        type_on(first, "≠ 日本")
        app.shows("≠ 日本")
        bound = desktop.user.keymap()
        assert bound != keymap
        second.open(lambda _: None)
        assert desktop.user.keymap() == bound
    finally:
        second.close()
        first.close()
    assert desktop.user.keymap() == keymap


def type_on(keyboard: X11Keyboard, text: str) -> None:
    keyboard.apply(Patch(0, text))


def test_what_others_have_bound_since_is_left(desktop: Desktop) -> None:
    """By the same keycode; and whoever may write to the server may write nonsense."""
    keymap = desktop.user.keymap()
    spare = 8 + max(n for n, row in enumerate(keymap) if not any(row))
    display = Display()
    try:
        dead = Debts(display)
        dead.write([(spare, 0x1000000 + ord("≠")), (0, 1), (255, 2), (1 << 31, 3), (9,) * 2])
        display.sync()
        atom = display.intern_atom("_VOICETYPE_SPARES_nonsense")
        display.screen().root.change_property(atom, 6, 32, [1, 2, 3])
        display.sync()
    finally:
        display.close()
    desktop.user.bind(spare, 0x78)
    keyboard = X11Keyboard(2000, OwnKeys())
    keyboard.open(lambda _: None)
    keyboard.close()
    assert desktop.user.keysym(spare) == 0x78
    desktop.user.bind(spare, 0)
    assert desktop.user.keymap() == keymap
    assert debts() == ["_VOICETYPE_SPARES_nonsense"]


def test_killed_while_a_draft_is_underlined(own_ibus: IBus, tmp_path: Path) -> None:
    """The user has the input method of before, and the next dictation types."""
    app, way = own_ibus.gtk(), "typing.keyboard = 'ibus'\n"
    env = environment(tmp_path, DISPLAY=own_ibus.desktop.name)
    env["XDG_CONFIG_HOME"] = str(tmp_path / "home/.config")  # IBus says there where it listens
    with talking_daemon(env, tmp_path, way) as daemon:
        assert daemon.voicetype("start").returncode == 0, daemon.said
        daemon.wait_for(lambda: bool(daemon.of("patch")), "a draft stands")
        assert own_ibus.engine != OWN
        daemon.process.kill()
        daemon.process.wait()
    own_ibus.has_engine(OWN)
    wait_until(lambda: not client.is_running(), "its name is free")
    before = app.text
    own_ibus.desktop.user.tap(KEY_A)
    wait_until(lambda: app.text.endswith("a"), "the user types")
    with talking_daemon(env, tmp_path, way) as daemon:
        assert daemon.voicetype("start").returncode == 0, daemon.said
        daemon.wait_for(lambda: bool(daemon.of("patch")), "a draft stands")
        text = daemon.voicetype("stop").stdout.strip()
        assert text
        wait_until(lambda: app.text.endswith(text), "the dictation types")
        assert app.text.startswith(before)
        own_ibus.has_engine(OWN)


@pytest.mark.parametrize("owner", ["ffffffffffffffff", "-5", "nobody", "1"])
@pytest.mark.parametrize("bound", [[5, 5], [300, 7, 2**32 - 1]])
def test_what_no_daemon_has_written_is_no_obstacle(desktop: Desktop, owner: str, bound: list[int]) -> None:
    display, keyboard = Display(), X11Keyboard(2000, OwnKeys())
    root = display.screen().root
    name = display.intern_atom(f"_VOICETYPE_SPARES_{owner}")
    keymap = desktop.user.keymap()
    root.change_property(name, Xatom.CARDINAL, 32, bound)
    display.sync()
    keyboard.open(lambda _: None)
    keyboard.close()
    assert desktop.user.keymap() == keymap
    root.delete_property(name)
    display.close()
