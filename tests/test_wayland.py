"""What of Wayland needs no compositor: the keymap, a field, pieces of a text; and a poor compositor."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import pytest

from voicetype.core.events import NewLine, Patch
from voicetype.errors import KeyboardError
from voicetype.keyboard import Purpose
from voicetype.keyboard.composing import Change, Composed, change, ends_with, said
from voicetype.keyboard.process import ProcessKeyboard
from voicetype.wayland.field import Field, Surrounding, entered, pieces, surrounding
from voicetype.wayland.globals import INPUT_METHOD, TOPLEVELS, VIRTUAL_KEYBOARD, offered
from voicetype.wayland.keymap import BACKSPACE, RETURN, Keymap
from voicetype.wayland.unread import unread

WAYS = {"virtual-keyboard": "virtual_keyboard", "input-method": "input_method"}


def way(name: str) -> ProcessKeyboard:
    return ProcessKeyboard(name, f"voicetype.keyboard.{WAYS[name]}", {"characters_per_s": 300})


@contextmanager
def compositor(path: Path, names: Sequence[str]) -> Iterator[None]:
    """Answers get_registry and sync, and takes everything else without a word."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()

    def serve() -> None:
        with suppress(OSError):
            while True:
                Thread(target=answer, args=(listening.accept()[0], names), daemon=True).start()

    Thread(target=serve, daemon=True).start()
    try:
        yield
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def answer(client: socket.socket, names: Sequence[str]) -> None:
    with client, suppress(OSError, struct.error):
        while True:
            sender, word = struct.unpack("=II", client.recv(8, socket.MSG_WAITALL))
            body = client.recv((word >> 16) - 8, socket.MSG_WAITALL) if word >> 16 > 8 else b""
            if sender == 1 and word & 0xFFFF == 1:
                (registry,) = struct.unpack("=I", body)
                for number, name in enumerate(names, 1):
                    text = name.encode() + b"\0"
                    text += b"\0" * (-len(text) % 4)
                    told = struct.pack("=II", number, len(name) + 1) + text + struct.pack("=I", 1)
                    client.sendall(struct.pack("=II", registry, (8 + len(told)) << 16) + told)
            elif sender == 1:
                client.sendall(body + struct.pack("=II", 12 << 16, 0))  # done


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-7")
    return tmp_path


# ── what a compositor offers ─────────────────────────────────────────────────────────────────────


def test_the_globals_are_read_from_the_socket(runtime: Path) -> None:
    with compositor(runtime / "wayland-7", ["wl_seat", INPUT_METHOD, "abc"]):
        assert offered() == {"wl_seat", INPUT_METHOD, "abc"}
        assert offered({"WAYLAND_DISPLAY": str(runtime / "wayland-7")}) == {"wl_seat", INPUT_METHOD, "abc"}


def test_no_compositor_offers_nothing(runtime: Path) -> None:
    assert runtime
    assert offered() == frozenset()
    assert offered({"WAYLAND_DISPLAY": "wayland-7"}) == frozenset()
    assert offered({}) == frozenset()


def test_one_that_does_not_answer_offers_nothing(runtime: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(runtime / "wayland-7"))
        listening.listen()
        assert offered(os.environ, timeout_s=0.05) == frozenset()


@pytest.mark.parametrize(
    ("name", "lacking"),
    [
        ("virtual-keyboard", [VIRTUAL_KEYBOARD, TOPLEVELS]),
        ("virtual-keyboard", [TOPLEVELS]),
        ("input-method", [INPUT_METHOD]),
    ],
)
def test_a_compositor_that_lacks_a_protocol_is_refused(runtime: Path, name: str, lacking: list[str]) -> None:
    if find_spec("pywayland") is None:
        pytest.skip("not installed: pywayland")
    there = [each for each in ("wl_seat", VIRTUAL_KEYBOARD, TOPLEVELS, INPUT_METHOD) if each not in lacking]
    keyboard = way(name)
    with compositor(runtime / "wayland-7", there), pytest.raises(KeyboardError) as refused:
        keyboard.open(lambda _: None)
    assert all(each in refused.value.sentence for each in lacking)
    assert "auto" in refused.value.hint


@pytest.mark.parametrize("name", sorted(WAYS))
def test_no_compositor_is_said_so(runtime: Path, name: str) -> None:
    assert runtime
    if find_spec("pywayland") is None:
        pytest.skip("not installed: pywayland")
    with pytest.raises(KeyboardError, match="does not answer") as refused:
        way(name).open(lambda _: None)
    assert "WAYLAND_DISPLAY" in refused.value.hint


@pytest.mark.parametrize("name", sorted(WAYS))
def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / "pywayland.py").write_text("raise ImportError('not here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(KeyboardError, match="pywayland"):
        way(name).open(lambda _: None)


# ── what is unread ──────────────────────────────────────────────────────────────────────────────────────


def test_what_a_program_has_not_read_is_seen(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as program:
        listening.bind(str(tmp_path / "here"))
        listening.listen()
        program.connect(str(tmp_path / "here"))
        accepted, _ = listening.accept()
        with accepted:
            before = unread(str(tmp_path / "here"))
            if not before:
                pytest.skip("the kernel does not tell of sockets")
            accepted.sendall(b"x" * 10_000)
            after = unread(str(tmp_path / "here"))
            assert max(after[each] - before[each] for each in before) >= 10_000
            program.recv(10_000, socket.MSG_WAITALL)
            assert unread(str(tmp_path / "here")) == before


def test_nothing_is_known_of_nobody(tmp_path: Path) -> None:
    assert unread(str(tmp_path / "nowhere")) == {}


# ── the keymap ───────────────────────────────────────────────────────────────────────────────────


def test_each_character_has_a_key_of_its_own() -> None:
    keymap = Keymap()
    keymap.add("Ünï αβγ 漢字 😀")
    keys = [keymap.key(each) for each in "Ünï αβγ漢字😀"]
    assert None not in keys
    assert len(set(keys)) == len("Ünï αβγ漢字😀")
    assert BACKSPACE not in keys
    assert "<BKSP> = 22;" in keymap.text
    assert "key <BKSP> { [ BackSpace ] };" in keymap.text
    assert "key <RTRN> { [ Return ] };" in keymap.text
    assert RETURN not in keys
    assert "[ U1F600 ]" in keymap.text


def test_common_characters_need_no_new_keymap() -> None:
    assert not Keymap().add("A plain sentence, with commas, and a 'quote'.")


def test_the_character_used_longest_ago_gives_its_key_away() -> None:
    keymap = Keymap()
    assert keymap.add("é")
    first = [chr(0x4E00 + each) for each in range(60)]
    assert keymap.add(["é", *first])
    assert keymap.key("é") is not None
    assert all(keymap.key(each) is not None for each in first)
    assert keymap.add([chr(0x5E00 + each) for each in range(40)])
    assert keymap.key(first[0]) is None


def test_more_characters_than_keys_are_taken_as_far_as_they_go() -> None:
    keymap = Keymap()
    assert keymap.add([chr(0x4E00 + each) for each in range(1000)])
    assert keymap.key(chr(0x4E00)) is not None
    assert keymap.key(chr(0x4E00 + 999)) is None


# ── a field ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("field", "purpose"),
    [
        (Field(), Purpose.TEXT),
        (Field(kind=8), Purpose.PASSWORD),
        (Field(kind=9), Purpose.PASSWORD),
        (Field(kind=13), Purpose.TERMINAL),
        (Field(hint=0x40), Purpose.PASSWORD),
        (Field(hint=0x80 | 0x2, kind=13), Purpose.PASSWORD),
        (Field(hint=0x3F), Purpose.TEXT),
        (Field(surrounding=Surrounding("●●●")), Purpose.PASSWORD),
        (Field(surrounding=Surrounding("● item")), Purpose.TEXT),
        (Field(surrounding=Surrounding("")), Purpose.TEXT),
    ],
)
def test_what_a_field_is_for(field: Field, purpose: Purpose) -> None:
    assert field.purpose is purpose


@pytest.mark.parametrize(("hint", "several"), [(0, None), (0x200, True), (0x3FF, True), (0x100, None)])
def test_whether_a_field_has_several_lines(hint: int, several: bool | None) -> None:
    assert Field(hint=hint).several_lines is several


@pytest.mark.parametrize(
    ("told", "wanted", "ends"),
    [
        ("so one", "one", True),
        ("so one", "two", False),
        ("one\ntwo", "one\ntwo", True),
        ("two", "one\ntwo", True),  # the caret's line alone is told
        ("", "one\n", True),
        ("so two", "one\ntwo", False),
        ("tw", "one\ntwo", False),
        ("", "one", False),
    ],
)
def test_whether_our_text_stands_before_the_caret(told: str, wanted: str, ends: bool) -> None:
    assert ends_with(told, wanted) is ends


def test_a_draft_is_shown_in_one_line_and_a_break_alone_wants_a_preedit() -> None:
    lines = NewLine.SHIFT_RETURN
    after, what = change(Composed(), Patch(0, "one\ntwo", draft=5, new_lines=lines))
    assert after == Composed("on", "e\ntwo")
    assert (what, what.wants_preedit) == (Change("", "on", "e two"), False)
    after, what = change(after, Patch(4, "", new_lines=lines))
    assert (after, what.commit, what.wants_preedit) == (Composed("one"), "e", False)
    after, what = change(after, Patch(0, "\nsix", draft=3, new_lines=lines))
    assert (what.commit, what.preedit, what.wants_preedit) == ("\n", "six", True)


def test_surrounding_text_is_counted_in_bytes() -> None:
    assert surrounding("naïve 漢字", 10, 10) == Surrounding("naïve 漢")
    assert surrounding("naïve", 4, 0) == Surrounding("", selected=True)
    assert surrounding("漢字", 4, 4).before.startswith("漢")  # in the middle of a character: not ours


def test_a_field_that_is_entered_is_another_one() -> None:
    assert entered(3) != entered(4)
    assert entered(3).active


def test_a_long_text_goes_in_pieces_between_characters() -> None:
    text = "naïve 漢字 👩‍💻 " * 500
    cut = pieces(text)
    assert "".join(cut) == text
    assert len(cut) > 3
    assert all(len(each.encode()) <= 3000 for each in cut)
    assert not any(each.startswith("\u200d") for each in cut)
    assert pieces("") == [""]
    assert pieces("short") == ["short"]


@pytest.mark.parametrize(
    ("told", "ours", "characters", "says"),
    [
        ("so one", "one", 3, "one"),
        ("so one", "one", 0, ""),
        ("one\ntwo", "one\ntwo", 20, "one\ntwo"),
        ("two", "one\ntwo", 20, None),
        ("two", "one\ntwo", 3, "two"),
        ("two", "", 20, "two"),
    ],
)
def test_what_a_field_says(told: str, ours: str, characters: int, says: str | None) -> None:
    assert said(told, ours, characters) == says
