"""Which keys type a character, and which key has a name: libxkbcommon, as every desktop asks it.

It is asked as a desktop would be: the keys are pressed in a state of its own, and what they then type is
what they will type. So Caps Lock, levels and the odd keys of a layout come out as they will on the screen.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from itertools import combinations
from typing import Any

from voicetype.evdev.devices import KEYS

BACKSPACE, RETURN = "BackSpace", "Return"
_OFFSET = 8  # between a code of the kernel's and one of X's
_DOWN, _UP = 1, 0
_KEYPAD = range(0xFF80, 0xFFBE)  # keysyms; what those keys type depends on Num Lock
_SILENT = 10  # only critical messages
_MODIFIERS = (
    *("Shift_L", "Shift_R", "Control_L", "Control_R", "Alt_L", "Alt_R", "Meta_L", "Meta_R"),
    *("Super_L", "Super_R", "Hyper_L", "Hyper_R", "ISO_Level3_Shift", "ISO_Level5_Shift", "Mode_switch"),
)


class NoLayout(Exception):
    """Layouts can't be asked for, or there is none of this name; the text says why."""


@dataclass(frozen=True, slots=True)
class Names:
    """What a layout is called: several of each go together, with commas: "us,ru"."""

    layout: str = "us"
    variant: str = ""
    model: str = ""
    options: str = ""
    rules: str = ""


@dataclass(frozen=True, slots=True)
class Stroke:
    """One character, in codes of the kernel: the keys held meanwhile, and the key."""

    code: int
    held: tuple[int, ...] = ()


class _RuleNames(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_char_p) for name in ("rules", "model", "layout", "variant", "options"))


class Layout:
    """A compiled layout. Raises NoLayout. Any thread may use it, one at a time."""

    def __init__(self, names: Names) -> None:
        self._library = library()
        self._context = self._library.xkb_context_new(2)  # names from the environment are not taken
        self._library.xkb_context_set_log_level(self._context, _SILENT)
        given = (names.rules, names.model, names.layout, names.variant, names.options)
        rule_names = _RuleNames(*(each.encode() or None for each in given))
        self._keymap = self._library.xkb_keymap_new_from_names(self._context, ctypes.byref(rule_names), 0)
        if not self._keymap:
            self._library.xkb_context_unref(self._context)
            raise NoLayout(f"there is no keyboard layout {f'{names.layout} {names.variant}'.strip()!r}")
        self.groups = int(self._library.xkb_keymap_num_layouts(self._keymap))

    @property
    def key_names(self) -> list[str]:
        """What the keys are called without a modifier, in the first group."""
        text = ctypes.create_string_buffer(64)
        found = []
        for code in KEYS:
            keysym = self._plain(code, 0)
            if keysym and self._library.xkb_keysym_get_name(keysym, text, len(text)) > 0:
                found.append(text.value.decode())
        return found

    def near(self, name: str) -> list[str]:
        """The keys that a name may have been meant for."""
        return get_close_matches(name, self.key_names, n=3, cutoff=0.5)

    def close(self) -> None:
        """Forget it. To be called once."""
        self._library.xkb_keymap_unref(self._keymap)
        self._library.xkb_context_unref(self._context)

    def codes(self, name: str) -> frozenset[int]:
        """The keys that have a keysym without a modifier, in any group; "F9", "Control_R"."""
        keysym = self._library.xkb_keysym_from_name(name.encode(), 0)
        return frozenset(
            code
            for code in KEYS
            for group in range(self._library.xkb_keymap_num_layouts_for_key(self._keymap, code + _OFFSET))
            if keysym and self._plain(code, group) == keysym
        )

    def modifiers(self) -> frozenset[int]:
        """The keys that change what other keys do while they are held."""
        return frozenset().union(*map(self.codes, _MODIFIERS))

    def strokes(self, groups: Sequence[int], *, caps_lock: bool) -> dict[str, Stroke]:
        """How to type each character, if any of these groups may be the active one: the same way in all.

        "\\r" is Return, and "\\n" the same with Shift.
        """
        first, *others = (self._strokes(group, caps_lock) for group in groups)
        return {
            character: stroke
            for character, stroke in first.items()
            if all(other.get(character) == stroke for other in others)
        }

    def searched(self, group: int) -> dict[int, int]:
        """Every keysym of a group, and its level on the first key that has it, from the lowest code up.

        So desktops search for a keysym that they are told to type. Keypads are left out.
        """
        library, keymap = self._library, self._keymap
        found: dict[int, int] = {}
        keysyms = ctypes.POINTER(ctypes.c_uint32)()
        for code in range(library.xkb_keymap_min_keycode(keymap), library.xkb_keymap_max_keycode(keymap)):
            for level in range(library.xkb_keymap_num_levels_for_key(keymap, code, group)):
                count = library.xkb_keymap_key_get_syms_by_level(
                    keymap, code, group, level, ctypes.byref(keysyms)
                )
                for each in keysyms[:count]:
                    found.setdefault(each, level)
        return {keysym: level for keysym, level in found.items() if keysym not in _KEYPAD}

    def _strokes(self, group: int, caps_lock: bool) -> dict[str, Stroke]:
        # The highest: below AltGr there is a code for level 3 that keyboards don't have.
        levels = [max(codes) for name in ("Shift_L", "ISO_Level3_Shift") if (codes := self.codes(name))]
        locks = sorted(self.codes("Caps_Lock"))[:1] if caps_lock else []
        found: dict[str, Stroke] = {}
        for count in range(len(levels) + 1):
            for held in combinations(levels, count):
                for code, character in self._characters(group, locks, held):
                    found.setdefault(character, Stroke(code, held))
        for code in sorted(self.codes(RETURN))[:1]:
            found["\r"] = Stroke(code)
            if shift := self.codes("Shift_L"):
                found["\n"] = Stroke(code, (max(shift),))
        return found

    def _characters(self, group: int, locks: Sequence[int], held: Sequence[int]) -> Iterator[tuple[int, str]]:
        """What each key types once `locks` were pressed and released, while `held` are down."""
        state = self._library.xkb_state_new(self._keymap)
        self._library.xkb_state_update_mask(state, 0, 0, 0, 0, 0, group)
        for code, directions in [*((each, (_DOWN, _UP)) for each in locks), *((e, (_DOWN,)) for e in held)]:
            for direction in directions:
                self._library.xkb_state_update_key(state, code + _OFFSET, direction)
        for code in KEYS:
            number = self._library.xkb_state_key_get_utf32(state, code + _OFFSET)
            if number >= 0x20 and number != 0x7F and self._plain(code, group) not in _KEYPAD:
                yield code, chr(number)
        self._library.xkb_state_unref(state)

    def _plain(self, code: int, group: int) -> int:
        """The keysym of a key without a modifier; 0 where it has none, or several."""
        keysyms = ctypes.POINTER(ctypes.c_uint32)()
        count = self._library.xkb_keymap_key_get_syms_by_level(
            self._keymap, code + _OFFSET, group, 0, ctypes.byref(keysyms)
        )
        return int(keysyms[0]) if count == 1 else 0


@lru_cache(maxsize=1)
def library() -> Any:
    """libxkbcommon, which every toolkit brings along. Raises NoLayout."""
    try:
        library = ctypes.CDLL("libxkbcommon.so.0")
    except OSError as missing:
        raise NoLayout("the library libxkbcommon is not here") from missing
    pointer, number = ctypes.c_void_p, ctypes.c_uint32
    for name, result, arguments in (
        ("context_new", pointer, [ctypes.c_int]),
        ("context_unref", None, [pointer]),
        ("context_set_log_level", None, [pointer, ctypes.c_int]),
        ("keymap_new_from_names", pointer, [pointer, pointer, ctypes.c_int]),
        ("keymap_unref", None, [pointer]),
        ("keymap_num_layouts", number, [pointer]),
        ("keymap_num_layouts_for_key", number, [pointer, number]),
        ("keymap_num_levels_for_key", number, [pointer, number, number]),
        ("keymap_min_keycode", number, [pointer]),
        ("keymap_max_keycode", number, [pointer]),
        ("keymap_key_get_syms_by_level", ctypes.c_int, [pointer, number, number, number, pointer]),
        ("keysym_from_name", number, [ctypes.c_char_p, ctypes.c_int]),
        ("keysym_to_utf32", number, [number]),
        ("keysym_get_name", ctypes.c_int, [number, ctypes.c_char_p, ctypes.c_size_t]),
        ("state_new", pointer, [pointer]),
        ("state_unref", None, [pointer]),
        ("state_update_mask", ctypes.c_int, [pointer, *[number] * 6]),
        ("state_update_key", ctypes.c_int, [pointer, number, ctypes.c_int]),
        ("state_key_get_utf32", number, [pointer, number]),
    ):
        function = getattr(library, f"xkb_{name}")
        function.restype, function.argtypes = result, arguments
    return library
