"""Reading the core keymap: which keys type a character."""

from __future__ import annotations

import pytest

from voicetype.keyboard.keysyms import character_of, keysym_of
from voicetype.keyboard.x11_keymap import Keymap, Stroke

NONE = ((),) * 8
SHIFT, LEVEL_3, NUM_LOCK = 0xFFE1, 0xFE03, 0xFF7F


def keymap(*rows: tuple[int, ...], group: int = 0) -> Keymap:
    """Rows from keycode 10 on; keycode 8 is Shift, 9 is the level-3 shift."""
    padded = tuple((*row, *(0,) * (7 - len(row))) for row in ((SHIFT,), (LEVEL_3,), *rows))
    return Keymap(8, padded, NONE, group)


@pytest.mark.parametrize(
    ("keysym", "character"),
    [
        (0x61, "a"),
        (0xE9, "é"),
        (0x10020AC, "€"),
        (0x20AC, "€"),
        (0x101F600, "😀"),
        (0x06C1, "а"),
        (0x06A3, "ё"),
        (0x07E1, "α"),
        (0x07F2, "σ"),
        (0x07F3, "ς"),
        (0x07D2, "Σ"),
        (0x01B1, "ą"),
        (0x0CE0, "א"),
        (0x13BD, "œ"),
        (0xFF0D, ""),  # Return
        (0xFE51, ""),  # a dead acute
        (0xFFE3, ""),  # Control
        (0, ""),
    ],
)
def test_characters_of_keysyms(keysym: int, character: str) -> None:
    assert character_of(keysym) == character


@pytest.mark.parametrize("character", ["a", "~", "é", "ÿ", "€", "я", "😀"])
def test_what_is_bound_is_what_is_read(character: str) -> None:
    assert character_of(keysym_of(character)) == character


def test_levels_of_one_group() -> None:
    german_e = (ord("e"), ord("E"), ord("e"), ord("E"), 0x20AC, 0xA2)
    assert keymap(german_e).stroke("e") == Stroke(10)
    assert keymap(german_e).stroke("E") == Stroke(10, (8,))
    assert keymap(german_e).stroke("€") == Stroke(10, (9,))
    assert keymap(german_e).stroke("¢") == Stroke(10, (9, 8))
    assert keymap(german_e).stroke("x") is None


def test_second_group() -> None:
    rows = ((ord("f"), ord("F"), 0x06C1, 0x06E1), (ord("1"), ord("!")))
    assert keymap(*rows).stroke("F") == Stroke(10, (8,))
    assert keymap(*rows).stroke("а") is None
    assert keymap(*rows, group=1).stroke("А") == Stroke(10, (8,))
    assert keymap(*rows, group=1).stroke("f") is None
    assert keymap(*rows, group=1).stroke("1") == Stroke(11), "a key of one group has it in all"
    assert keymap(*rows, group=2).stroke("f") is None


def test_two_groups_have_no_third_level() -> None:
    ambiguous = (ord("q"), ord("Q"), 0x06CA, 0x06EA, ord("@"), ord("#"))
    assert keymap(ambiguous).stroke("@") is None


def test_spares_and_modifiers() -> None:
    found = keymap((), (ord("a"),), (NUM_LOCK,), ())
    assert found.spares == [10, 13]
    assert found.modifier_keys == {8, 9, 12}
    assert 12 in found.lock_keys


@pytest.mark.parametrize("group", [0, 1, 2])
def test_line_breaks_are_typed_with_return(group: int) -> None:
    keys = keymap((0x61, 0x41), (0xFF8D,), (0xFF0D,), group=group)  # the keypad's Enter is another
    assert keys.stroke("\r") == Stroke(12)
    assert keys.stroke("\n") == Stroke(12, (8,))


def test_a_keyboard_without_return_types_none() -> None:
    assert keymap((0x61, 0x41)).stroke("\n") is None
