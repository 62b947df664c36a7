"""Who may import whom; read from the source, so that nothing needs to run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import voicetype

ROOT = Path(voicetype.__file__).parent
MODULES = {
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in ROOT.rglob("*.py")
}

VALUES = {
    "__future__",
    "collections",
    "dataclasses",
    "difflib",
    "enum",
    "fnmatch",
    "functools",
    "itertools",
    "json",
    "math",
    "re",
    "typing",
    "unicodedata",
}
"""What `core` may know of the standard library: values, no clock, no thread, no log, no file."""

WAYS = {
    "keyboard": "voicetype.keyboard",
    "hotkey": "voicetype.hotkey",
    "accessibility": "voicetype.accessibility",
    "engine": "voicetype.engine",
    "tray": "voicetype.tray",
    "audio": "voicetype.audio",
    "decoding": "voicetype.decoding",
    "links": "voicetype.links",
    "microphone": "voicetype.microphone",
    "portaudio": "voicetype.portaudio",
    "sound_child": "voicetype.sound_child",
    "sound_news": "voicetype.sound_news",
    "sound_process": "voicetype.sound_process",
    "vad": "voicetype.vad",
    "silero": "voicetype.silero",
    "webrtc": "voicetype.webrtc",
    "dbus": "voicetype.dbus",
    "dbus_interface": "voicetype.dbus_interface",
    "dbus_values": "voicetype.dbus_values",
    "console": "voicetype.console",
    "overlay": "voicetype.overlay",
    "sounds": "voicetype.sounds",
    "screen_lock": "voicetype.screen_lock",
}
"""The adapters: each way to the outside, and where it lives."""

TOGETHER = [
    {"audio", "decoding"},
    {"dbus", "dbus_interface", "dbus_values"},
    {"links", "microphone", "portaudio", "sound_child", "sound_news", "sound_process", "sounds"},
    {"vad", "silero", "webrtc"},
]
"""Modules that are one adapter."""

SEAMS = {"voicetype.keyboard", "voicetype.hotkey", "voicetype.engine", "voicetype.accessibility"}
"""The packages' own protocols: anybody may import them."""

OWNED = {
    "reactivex": {"voicetype.pipeline"},
    "sounddevice": {"voicetype.portaudio"},
    "webrtcvad": {"voicetype.webrtc"},
    "dbus_fast": {
        "voicetype.accessibility",
        "voicetype.client",
        "voicetype.dbus",
        "voicetype.dbus_interface",
        "voicetype.dbus_values",
        "voicetype.keyboard.ibus_daemon",
        "voicetype.keyboard.ibus_wire",
        "voicetype.portals",
        "voicetype.screen_lock",
        "voicetype.watch",
    },
    "av": {"voicetype.decoding", "voicetype.engine.remote_sound", "voicetype.frames"},
    # It brings Silero, too.
    "faster_whisper": {"voicetype.engine", "voicetype.silero"},
    "ctranslate2": {"voicetype.engine"},
    "httpx2": {"voicetype.engine.remote_calls"},
    "onnxruntime": {"voicetype.silero"},
    "pywayland": {"voicetype.wayland"},
    "Xlib": {"voicetype.keyboard", "voicetype.hotkey", "voicetype.x11"},
    "pystray": {"voicetype.tray.host"},
    "regex": {"voicetype.own_words"},
    "PIL": {"voicetype.tray.icons"},
    "tomlkit": {"voicetype.config_writing"},
    "tqdm": {"voicetype.engine.progress", "voicetype.transcribing.progress"},
    "websockets": {"voicetype.engine.streaming_line"},
    "matplotlib": set(),  # the benchmarks' alone
}
"""The outside libraries, and the only modules or packages that know them."""

IMPLEMENTATIONS = {
    *("x11", "x11_clipboard", "dummy", "portal", "ibus", "evdev", "uinput"),
    *("virtual_keyboard", "input_method", "atspi"),
}

CHOOSERS = {
    "voicetype.app",
    "voicetype.making",
    "voicetype.keyboards",
    "voicetype.hotkeys",
    "voicetype.checks.screen",
}
"""Who may import implementations of several ways."""


def imported(module: str, *, late: bool = True) -> Iterator[str]:
    """The modules that `module` imports, those inside functions (`late`) and under TYPE_CHECKING too."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    for node in ast.walk(tree) if late else _eager(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in MODULES else str(node.module)


def _eager(tree: ast.Module) -> Iterator[ast.AST]:
    """What runs when the module is imported; the command line's modules have functions at the top alone."""
    for node in tree.body:
        checked = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if not checked and not isinstance(node, ast.FunctionDef):
            yield from ast.walk(node)


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def way(module: str) -> str | None:
    return next((name for name, place in WAYS.items() if within(module, place)), None)


@pytest.mark.parametrize("module", sorted(m for m in MODULES if within(m, "voicetype.core")))
def test_core_knows_values_alone(module: str) -> None:
    for name in imported(module):
        assert within(name, "voicetype.core") or name.split(".")[0] in VALUES, name


@pytest.mark.parametrize("module", sorted(m for m in MODULES if way(m)))
def test_adapters_do_not_know_each_other(module: str) -> None:
    mine = way(module)
    for name in imported(module):
        other = way(name)
        same = other == mine or any({mine, other} <= group for group in TOGETHER)
        assert other is None or same or name in SEAMS, name


@pytest.mark.parametrize("module", sorted(m for m in MODULES if way(m) and m.count(".") > 1))
def test_one_way_to_type_or_to_hear_a_key_does_not_know_another(module: str) -> None:
    """x11_keymap belongs to x11, and choose to none; but x11 and portal are strangers."""
    kind, name = module.split(".")[1:3]
    if kind not in ("keyboard", "hotkey"):
        return
    mine = name.split("_")[0] if name.startswith("x11") else name
    for other in imported(module):
        if within(other, f"voicetype.{kind}") and other.count(".") > 1:
            theirs = other.split(".")[2]
            stranger = theirs in IMPLEMENTATIONS and theirs != mine and mine in IMPLEMENTATIONS
            assert not stranger, other


@pytest.mark.parametrize("module", sorted(MODULES))
def test_outside_libraries_have_their_places(module: str) -> None:
    for name in imported(module):
        places = OWNED.get(name.split(".")[0])
        assert places is None or any(within(module, place) for place in places), f"{module} imports {name}"


@pytest.mark.parametrize("module", sorted(m for m in MODULES if m not in CHOOSERS and not way(m)))
def test_only_the_application_chooses_implementations(module: str) -> None:
    for name in imported(module):
        assert name.rpartition(".")[2] not in IMPLEMENTATIONS or way(name) is None, name


@pytest.mark.parametrize("module", ["voicetype.cli", "voicetype.arguments", "voicetype.client"])
def test_the_command_line_starts_light(module: str) -> None:
    heavy = {"numpy", "faster_whisper", "ctranslate2", "reactivex", "Xlib", "sounddevice", "voicetype.app"}
    assert heavy.isdisjoint(name.split(".")[0] for name in imported(module, late=False))
    assert "voicetype.app" not in set(imported(module, late=False))
