"""A user's keyboard and mouse on Wayland, layout "us".

Reads lines "KEY STATE" (an evdev code; 1 down, 0 up; the modifiers follow) and "click X Y", and answers
"done" to each once the compositor has it.
"""

import os
import sys
import time
from functools import partial

from pywayland.protocol.wayland import WlSeat
from pywayland.protocol_core.argument import Argument
from pywayland.protocol_core.interface import Interface
from pywayland.protocol_core.proxy import Proxy
from pywayland.scanner.argument import ArgumentType

from voicetype.wayland.connection import Connection
from voicetype.wayland.keys import upload
from voicetype.wayland.protocols import VirtualKeyboardManager

KEYMAP = b"""xkb_keymap {
xkb_keycodes { include "evdev+aliases(qwerty)" };
xkb_types { include "complete" };
xkb_compat { include "complete" };
xkb_symbols { include "pc+us+inet(evdev)" };
};
\0"""
MASKS = {42: 1, 54: 1, 29: 4, 97: 4, 56: 8, 125: 64}

UINT, FIXED = Argument(ArgumentType.Uint), Argument(ArgumentType.Fixed)
SIZE = (900, 700)  # of the screen
BUTTON_LEFT = 0x110


class Pointer(Interface):
    name, version = "zwlr_virtual_pointer_v1", 1


class PointerProxy(Proxy[Pointer]):
    interface = Pointer

    @Pointer.request(UINT, FIXED, FIXED)
    def motion(self, time_ms: int, x: float, y: float) -> None:
        self._marshal(0, time_ms, x, y)

    @Pointer.request(UINT, UINT, UINT, UINT, UINT)
    def motion_absolute(self, time_ms: int, x: int, y: int, width: int, height: int) -> None:
        self._marshal(1, time_ms, x, y, width, height)

    @Pointer.request(UINT, UINT, UINT)
    def button(self, time_ms: int, button: int, state: int) -> None:
        self._marshal(2, time_ms, button, state)

    @Pointer.request(UINT, UINT, FIXED)
    def axis(self, time_ms: int, axis: int, value: float) -> None:
        self._marshal(3, time_ms, axis, value)

    @Pointer.request()
    def frame(self) -> None:
        self._marshal(4)


class PointerManager(Interface):
    name, version = "zwlr_virtual_pointer_manager_v1", 1


class PointerManagerProxy(Proxy[PointerManager]):
    interface = PointerManager

    @PointerManager.request(
        Argument(ArgumentType.Object, interface=WlSeat), Argument(ArgumentType.NewId, interface=Pointer)
    )
    def create_virtual_pointer(self, seat: object) -> PointerProxy:
        made: PointerProxy = self._marshal_constructor(0, Pointer, seat)
        return made


for interface, proxy in ((Pointer, PointerProxy), (PointerManager, PointerManagerProxy)):
    interface.proxy_class = proxy
    interface._gen_c()

connection = Connection(lambda: os._exit(0))
keyboard = connection.call(lambda: connection.bind(VirtualKeyboardManager).create(connection.seat))
pointer = connection.call(lambda: connection.bind(PointerManager).create_virtual_pointer(connection.seat))
down: set[int] = set()


def begin() -> None:
    upload(keyboard, KEYMAP)
    connection.roundtrip()


def press(key: int, pressed: bool) -> None:
    keyboard.key(now_ms(), key, pressed)
    if key in MASKS:
        (down.add if pressed else down.discard)(key)
        keyboard.modifiers(sum({MASKS[each] for each in down}), 0, 0, 0)
    connection.roundtrip()


def click(x: int, y: int) -> None:
    pointer.motion_absolute(now_ms(), x, y, *SIZE)
    pointer.frame()
    for state in (1, 0):
        pointer.button(now_ms(), BUTTON_LEFT, state)
        pointer.frame()
        connection.roundtrip()


def now_ms() -> int:
    return int(time.monotonic() * 1000) & 0xFFFFFFFF


def do(first: int | str, *rest: int) -> None:
    if first == "click":
        click(*rest)
    else:
        press(int(first), bool(rest[0]))


connection.call(begin)
print("done", flush=True)
for line in sys.stdin:
    first, *rest = line.split()
    connection.call(partial(do, first, *map(int, rest)))
    print("done", flush=True)
os._exit(0)  # pywayland crashes the interpreter at its end
