"""The protocols that pywayland does not bring, declared for it: only what is used here has methods.

virtual-keyboard-unstable-v1, input-method-unstable-v2, wlr-foreign-toplevel-management-unstable-v1. The
order of requests and events is that of the protocols: an opcode is a place in it.
"""

from __future__ import annotations

from typing import Any

from pywayland.protocol.wayland import WlOutput, WlSeat, WlSeatProxy, WlSurface
from pywayland.protocol_core.argument import Argument
from pywayland.protocol_core.interface import Interface
from pywayland.protocol_core.proxy import Proxy
from pywayland.scanner.argument import ArgumentType

_UINT, _INT = Argument(ArgumentType.Uint), Argument(ArgumentType.Int)
_STRING, _ARRAY = Argument(ArgumentType.String), Argument(ArgumentType.Array)
_FILE = Argument(ArgumentType.FileDescriptor)


def _object(interface: type[Interface], *, nullable: bool = False) -> Argument:
    return Argument(ArgumentType.Object, interface=interface, nullable=nullable)


def _new(interface: type[Interface]) -> Argument:
    return Argument(ArgumentType.NewId, interface=interface)


def _events(interface: type[Interface], **events: tuple[Argument, ...]) -> None:
    """Declare the events of an interface, in order."""
    for name, arguments in events.items():
        _declare(interface.event(*arguments), name)


def _requests(interface: type[Interface], **requests: tuple[Argument, ...]) -> None:
    """Declare the requests of an interface, in order."""
    for name, arguments in requests.items():
        _declare(interface.request(*arguments), name)


def _declare(declare: object, name: str) -> None:
    def message() -> None:
        """Only its name counts."""

    message.__name__ = name
    assert callable(declare)
    declare(message)


# ── virtual keyboard ─────────────────────────────────────────────────────────────────────────────


class VirtualKeyboard(Interface):
    """A keyboard that a program plays on."""

    name, version = "zwp_virtual_keyboard_v1", 1


class VirtualKeyboardProxy(Proxy[VirtualKeyboard]):
    """Keys are evdev codes, times milliseconds."""

    interface = VirtualKeyboard

    def keymap(self, file: int, size: int) -> None:
        """An xkb keymap as text, its zero byte counted."""
        self._marshal(0, 1, file, size)

    def key(self, time_ms: int, key: int, pressed: bool) -> None:
        """A key goes down or up."""
        self._marshal(1, time_ms, key, int(pressed))

    def modifiers(self, depressed: int, latched: int, locked: int, group: int) -> None:
        """The modifiers are these from now on."""
        self._marshal(2, depressed, latched, locked, group)

    def destroy(self) -> None:
        """Unplug it."""
        self._marshal(3)
        self._destroy()


class VirtualKeyboardManager(Interface):
    """Gives virtual keyboards."""

    name, version = "zwp_virtual_keyboard_manager_v1", 1


class VirtualKeyboardManagerProxy(Proxy[VirtualKeyboardManager]):
    """The global."""

    interface = VirtualKeyboardManager

    def create(self, seat: WlSeatProxy) -> VirtualKeyboardProxy:
        """A keyboard at this seat."""
        made: VirtualKeyboardProxy = self._marshal_constructor(0, VirtualKeyboard, seat)
        return made


# ── input method ─────────────────────────────────────────────────────────────────────────────────


class KeyboardGrab(Interface):
    """The user's keys, which the input method has before anybody else."""

    name, version = "zwp_input_method_keyboard_grab_v2", 1


class KeyboardGrabProxy(Proxy[KeyboardGrab]):
    """Ends when it is released, or its process does."""

    interface = KeyboardGrab

    def release(self) -> None:
        """Leave the keys to the applications again; those on their way still come, until `destroy`."""
        self._marshal(0)


class InputPopup(Interface):
    """A window at the caret, which is not used here."""

    name, version = "zwp_input_popup_surface_v2", 1


class InputMethod(Interface):
    """What writes into the text field that has the focus."""

    name, version = "zwp_input_method_v2", 1


class InputMethodProxy(Proxy[InputMethod]):
    """Requests count for nothing until `commit`. Lengths are bytes of UTF-8."""

    interface = InputMethod

    def commit_string(self, text: str) -> None:
        """Insert text; at most 4000 bytes."""
        self._marshal(0, text)

    def set_preedit(self, text: str, begin: int, end: int) -> None:
        """Show text that is not the application's yet, with the caret there; at most 4000 bytes."""
        self._marshal(1, text, begin, end)

    def delete_surrounding(self, before: int, after: int) -> None:
        """Delete around the caret."""
        self._marshal(2, before, after)

    def commit(self, serial: int) -> None:
        """Do it; `serial` is the number of `done` events until now."""
        self._marshal(3, serial)

    def grab_keyboard(self) -> KeyboardGrabProxy:
        """Have the user's keys."""
        grab: KeyboardGrabProxy = self._marshal_constructor(5, KeyboardGrab)
        return grab

    def destroy(self) -> None:
        """Leave the seat to another input method."""
        self._marshal(6)
        self._destroy()


class InputMethodManager(Interface):
    """Gives the input method of a seat."""

    name, version = "zwp_input_method_manager_v2", 1


class InputMethodManagerProxy(Proxy[InputMethodManager]):
    """The global."""

    interface = InputMethodManager

    def get_input_method(self, seat: WlSeatProxy) -> InputMethodProxy:
        """Be the input method of this seat."""
        made: InputMethodProxy = self._marshal_constructor(0, InputMethod, seat)
        return made


# ── toplevel windows ─────────────────────────────────────────────────────────────────────────────


class Toplevel(Interface):
    """A window of somebody's."""

    name, version = "zwlr_foreign_toplevel_handle_v1", 1


class ToplevelProxy(Proxy[Toplevel]):
    """Tells of a window."""

    interface = Toplevel

    def destroy(self) -> None:
        """Hear no more of it."""
        self._marshal(7)
        self._destroy()


class ToplevelManager(Interface):
    """Tells of all windows."""

    name, version = "zwlr_foreign_toplevel_manager_v1", 1


class ToplevelManagerProxy(Proxy[ToplevelManager]):
    """The global."""

    interface = ToplevelManager


_NONE: tuple[Argument, ...] = ()
_requests(
    VirtualKeyboard,
    keymap=(_UINT, _FILE, _UINT),
    key=(_UINT, _UINT, _UINT),
    modifiers=(_UINT, _UINT, _UINT, _UINT),
    destroy=_NONE,
)
_requests(VirtualKeyboardManager, create_virtual_keyboard=(_object(WlSeat), _new(VirtualKeyboard)))
_requests(KeyboardGrab, release=_NONE)
_events(
    KeyboardGrab,
    keymap=(_UINT, _FILE, _UINT),
    key=(_UINT, _UINT, _UINT, _UINT),
    modifiers=(_UINT, _UINT, _UINT, _UINT, _UINT),
    repeat_info=(_INT, _INT),
)
_requests(
    InputMethod,
    commit_string=(_STRING,),
    set_preedit_string=(_STRING, _INT, _INT),
    delete_surrounding_text=(_UINT, _UINT),
    commit=(_UINT,),
    get_input_popup_surface=(_new(InputPopup), _object(WlSurface)),
    grab_keyboard=(_new(KeyboardGrab),),
    destroy=_NONE,
)
_events(
    InputMethod,
    activate=_NONE,
    deactivate=_NONE,
    surrounding_text=(_STRING, _UINT, _UINT),
    text_change_cause=(_UINT,),
    content_type=(_UINT, _UINT),
    done=_NONE,
    unavailable=_NONE,
)
_requests(InputMethodManager, get_input_method=(_object(WlSeat), _new(InputMethod)), destroy=_NONE)
_requests(
    Toplevel,
    set_maximized=_NONE,
    unset_maximized=_NONE,
    set_minimized=_NONE,
    unset_minimized=_NONE,
    activate=(_object(WlSeat),),
    close=_NONE,
    set_rectangle=(_object(WlSurface), _INT, _INT, _INT, _INT),
    destroy=_NONE,
)
_events(
    Toplevel,
    title=(_STRING,),
    app_id=(_STRING,),
    output_enter=(_object(WlOutput, nullable=True),),
    output_leave=(_object(WlOutput, nullable=True),),
    state=(_ARRAY,),
    done=_NONE,
    closed=_NONE,
)
_requests(ToplevelManager, stop=_NONE)
_events(ToplevelManager, toplevel=(_new(Toplevel),), finished=_NONE)

_PROXIES: dict[type[Interface], type[Proxy[Any]]] = {
    VirtualKeyboard: VirtualKeyboardProxy,
    VirtualKeyboardManager: VirtualKeyboardManagerProxy,
    KeyboardGrab: KeyboardGrabProxy,
    InputPopup: Proxy,
    InputMethod: InputMethodProxy,
    InputMethodManager: InputMethodManagerProxy,
    Toplevel: ToplevelProxy,
    ToplevelManager: ToplevelManagerProxy,
}
for _interface, _proxy in _PROXIES.items():
    _interface.proxy_class = _proxy
    _interface._gen_c()
