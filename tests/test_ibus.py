"""What of IBus needs no daemon: its address, its values, the user's keys, and a field as it is told of."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from voicetype.core.events import FocusChanged, Patch, UserTyped
from voicetype.keyboard import Purpose
from voicetype.keyboard.composing import change
from voicetype.keyboard.ibus_address import address
from voicetype.keyboard.ibus_field import Field
from voicetype.keyboard.ibus_keys import Accents, composed, is_modifier
from voicetype.keyboard.ibus_wire import Surrounding, component, draft, string, text

ADDRESS = "unix:abstract=/tmp/ibus,guid=1"
GTK, QT, CHROMIUM = 169, 41, 137  # what they say that they can do
HERE, THERE = "/org/freedesktop/IBus/InputContext_7", "/org/freedesktop/IBus/InputContext_8"


# ── the address ──────────────────────────────────────────────────────────────────────────────────


def written(folder: Path, display: str, pid: int) -> dict[str, str]:
    """A daemon's file; the environment that finds it."""
    machine = next(
        Path(each).read_text().strip()
        for each in ("/etc/machine-id", "/var/lib/dbus/machine-id")
        if Path(each).exists()
    )
    file = folder / "ibus" / "bus" / f"{machine}-{display}"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"# comment\nIBUS_ADDRESS={ADDRESS}\nIBUS_DAEMON_PID={pid}\n")
    return {"XDG_CONFIG_HOME": str(folder)}


@pytest.mark.parametrize(
    ("file", "environment"),
    [
        ("unix-0", {"DISPLAY": ":0"}),
        ("unix-0", {"DISPLAY": ":0.0"}),
        ("far-10", {"DISPLAY": "far:10.0"}),
        ("unix-wayland-0", {"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}),
        ("unix-0", {"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}),
    ],
)
def test_the_daemon_of_this_display(tmp_path: Path, file: str, environment: dict[str, str]) -> None:
    found = written(tmp_path, file, os.getpid())
    assert address(found | environment) == ADDRESS
    assert address(found | {"DISPLAY": ":3"}) is None
    assert address(found) is None


def test_the_file_of_a_daemon_that_is_gone(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as ended:
        pass
    assert address(written(tmp_path, "unix-0", ended.pid) | {"DISPLAY": ":0"}) is None


def test_an_address_that_was_given(tmp_path: Path) -> None:
    assert address({"IBUS_ADDRESS": "unix:path=/x"}) == "unix:path=/x"
    file = tmp_path / "file"
    assert address({"IBUS_ADDRESS_FILE": str(file)}) is None
    file.write_text(f"IBUS_ADDRESS={ADDRESS}\nIBUS_DAEMON_PID={os.getpid()}\n")
    assert address({"IBUS_ADDRESS_FILE": str(file)}) == ADDRESS


# ── values ───────────────────────────────────────────────────────────────────────────────────────


def test_values_as_libibus_reads_them() -> None:
    assert string(text("né")) == "né"
    assert draft("né").value[3].value[2][0].value[2:] == [1, 1, 0, 2]
    assert component().value[-1][0].value[2] == "voicetype"


@pytest.mark.parametrize(
    ("told", "utf16", "before"),
    [
        (Surrounding("abcdef", 3, 3), False, "abc"),
        (Surrounding("abcdef", 3, 1), False, "a"),
        (Surrounding("😀bcdef", 3, 3), False, "😀bc"),
        (Surrounding("😀bcdef", 3, 3), True, "😀b"),
        (Surrounding("😀b", 1, 1), True, ""),
        (Surrounding("", 4, 4), False, ""),
    ],
)
def test_the_text_before_the_caret(told: Surrounding, utf16: bool, before: str) -> None:
    assert told.before(utf16=utf16) == before


# ── the user's keys ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("accent", "keyval", "letter"),
    [
        ("\u0301", ord("e"), "é"),
        ("\u0308", ord("U"), "Ü"),
        ("\u0301", 0x7E1, "ά"),
        ("\u0327", ord("c"), "ç"),
        ("\u030c", 0x1000063, "č"),
        ("\u0301", ord(" "), "'"),
        ("\u0302", 0xFE52, "^"),
        ("\u0301", ord("x"), ""),
        ("\u0301", 0xFF08, ""),  # BackSpace
    ],
)
def test_a_letter_with_its_accent(accent: str, keyval: int, letter: str) -> None:
    assert composed(accent, keyval) == letter


def test_accents_that_wait() -> None:
    accents = Accents()
    assert accents.key(0xFE51) == (True, "")
    assert accents.key(ord("e")) == (True, "é")
    assert accents.key(ord("e")) == (False, "")
    accents.key(0xFE51)
    assert accents.key(ord("x")) == (False, "'")
    accents.key(0xFE51)
    accents.forget()
    assert accents.key(ord("e")) == (False, "")


def test_modifiers_and_the_keys_of_players() -> None:
    assert all(map(is_modifier, (0xFFE1, 0xFFE4, 0xFFE5, 0xFFEB, 0xFE03, 0xFF7F, 0x1008FF11)))
    assert not any(map(is_modifier, (ord("a"), 0xFF0D, 0xFF08, 0xFF51, 0xFE51, 0xFFFF)))


# ── a field ──────────────────────────────────────────────────────────────────────────────────────


class Told:
    """A field, what it was told to do, and what it has said of the user."""

    def __init__(self) -> None:
        self.sent: list[tuple[object, ...]] = []
        self.heard: list[FocusChanged | UserTyped] = []
        self.field = Field(lambda *signal: self.sent.append(signal), self._look, self.heard.append)

    async def _look(self) -> bool:
        return self.field.is_ours

    def claim(self, client: str, capabilities: int) -> Field:
        self.field.focus_in(HERE, client)
        self.field.capabilities(capabilities)
        self.field.claim()
        return self.field

    def type(self, patch: Patch) -> None:
        self.field.make(*change(self.field.composed, patch))

    def members(self) -> list[object]:
        return [each[0] for each in self.sent]


def run(test: Callable[[Told], Awaitable[None]]) -> None:
    async def run() -> None:
        await test(Told())

    asyncio.run(run())


def test_a_stay_that_is_told_of_twice_is_one() -> None:
    async def test(told: Told) -> None:
        field = told.field
        field.focus_in("", "")
        field.capabilities(GTK)
        field.focus_in(HERE, "gtk3-im:gedit")
        field.claim()
        assert (field.is_ours, told.heard) == (True, [])
        assert field.claimed is not None
        assert field.claimed.client == "gtk3-im:gedit"

    run(test)


@pytest.mark.parametrize(
    ("path", "client", "capabilities"),
    [("/org/freedesktop/IBus/InputContext_1", "", QT), (HERE, "fake-gtk3-im", GTK), (HERE, "", 8)],
)
def test_contexts_that_are_no_field(path: str, client: str, capabilities: int) -> None:
    async def test(told: Told) -> None:
        told.field.focus_in(path, client)
        told.field.capabilities(capabilities)
        assert told.field.focus is not None
        assert not told.field.focus.is_field

    run(test)


@pytest.mark.parametrize(
    ("client", "capabilities", "returns"),
    [
        ("gtk3-im:gedit", GTK, True),
        ("QIBusInputContext", QT, True),
        ("", GTK, True),
        ("gnome-shell", QT, False),
        ("gnome-shell", GTK, False),
        ("", QT, False),
    ],
)
def test_whose_focus_returns(client: str, capabilities: int, returns: bool) -> None:
    """GNOME's shell has one input context for all windows: which one has the focus is not known."""

    async def test(told: Told) -> None:
        field = told.claim(client, capabilities)
        field.focus_out()
        field.focus_in(THERE, client)
        assert told.heard == [FocusChanged(ours=False)]
        field.focus_in(HERE, client)
        assert told.heard[1:] == [FocusChanged(ours=True)] * returns

    run(test)


def test_the_focus_of_a_shared_context_returns_where_our_text_is_seen() -> None:
    async def test(told: Told) -> None:
        field = told.claim("gnome-shell", QT)
        told.type(Patch(0, "our words"))
        field.focus_out()
        field.focus_in(HERE, "gnome-shell")
        field.surrounding(Surrounding("theirs", 6, 6))
        assert told.heard == [FocusChanged(ours=False)]
        field.surrounding(Surrounding("our words", 9, 9))
        assert told.heard[1:] == [FocusChanged(ours=True)]

    run(test)


def test_a_key_commits_the_draft_before_it_is_let_through() -> None:
    async def test(told: Told) -> None:
        field = told.claim("gtk3-im:gedit", GTK)
        told.type(Patch(0, "draft", draft=5))
        told.sent.clear()
        assert not field.key(ord("x"), 0)
        assert told.members() == ["UpdatePreeditText", "CommitText"]
        assert string(told.sent[1][2]) == "draft"  # type: ignore[arg-type]  # a signal's argument
        assert told.heard == [UserTyped()]
        assert not field.key(ord("x"), 1 << 30)
        assert told.heard == [UserTyped()]

    run(test)


def test_a_draft_that_the_application_has_committed_itself_is_not_committed_again() -> None:
    async def test(told: Told) -> None:
        field = told.claim("QIBusInputContext", QT)
        field.surrounding(Surrounding("", 0, 0))
        told.type(Patch(0, "a draft", draft=5))
        told.sent.clear()
        field.surrounding(Surrounding("a draft", 7, 7))
        field.reset()
        assert (told.sent, told.heard) == ([], [UserTyped()])

    run(test)


def test_a_draft_in_chromium_is_taken_to_be_committed_when_the_focus_goes() -> None:
    async def test(told: Told) -> None:
        field = told.claim("gtk3-im:chromium", CHROMIUM)
        told.type(Patch(0, "draft", draft=5))
        assert told.sent[-1][-1] == 1  # IBUS_ENGINE_PREEDIT_COMMIT
        field.focus_out()
        assert told.heard == [UserTyped(), FocusChanged(ours=False)]

    run(test)


def test_qt_counts_what_it_deletes_in_utf_16() -> None:
    async def test(told: Told) -> None:
        field = told.claim("QIBusInputContext", QT)
        told.type(Patch(0, "a😀"))
        field.surrounding(Surrounding("a😀", 3, 3))
        assert field.may_delete("😀")
        told.type(Patch(1, "b"))
        assert ("DeleteSurroundingText", "iu", -2, 2) in told.sent

    run(test)


def test_what_the_field_is_for() -> None:
    async def test(told: Told) -> None:
        field = told.claim("gtk3-im:gedit", GTK)
        assert field.claimed is not None
        for purpose, hints, meant in (
            (8, 0, Purpose.PASSWORD),
            (9, 0, Purpose.PASSWORD),
            (10, 0, Purpose.TERMINAL),
            (0, 1 << 12, Purpose.PASSWORD),
            (0, 0, Purpose.TEXT),
        ):
            field.content(purpose, hints)
            assert field.claimed.purpose is meant

    run(test)
