"""The push-to-talk key from the desktop: the GlobalShortcuts portal, for KDE, GNOME since 48, Hyprland.

The desktop asks the user once, and keeps the answer under our name; what we prefer is only proposed. Other
keys, Escape among them, are not heard here: another key does not cancel a dictation.

A key with Ctrl, Alt or Super would be held while text is typed, and some ways to type can't keep it from
that text. So one without is proposed, F9 where the configuration names a modifier alone, which no portal
takes.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import time
from collections.abc import Callable

from voicetype.errors import HotkeyError
from voicetype.hotkey import NOT_YET, TAKEN_BACK, Key, KeyEvent
from voicetype.portals import PortalError, Signal, Why, variants
from voicetype.portals.connection import Connection
from voicetype.portals.requests import Requests

UNASKED_S = 5.0
"""A shortcut that the user has chosen before is there sooner."""

_INTERFACE = "org.freedesktop.portal.GlobalShortcuts"
_ID = "dictate"
_DESCRIPTION = "Hold to dictate"
_INSTEAD = "F9"
_MODIFIERS = (
    "Control_",
    "Shift_",
    "Alt_",
    "Super_",
    "Meta_",
    "Hyper_",
    "ISO_Level",
    "Caps_",
    "Num_",
    "Mode_",
)
_PAUSE_S = 0.5  # before a portal that has just ended is asked again
_TOGGLE = "bind `voicetype toggle` to a key in the settings of your desktop."

_log = logging.getLogger(__name__)


class PortalHotkey:
    """A shortcut of the desktop's. `open` and `close` belong to one thread; the rest happens on another,
    where the observer is called, too.
    """

    def __init__(self, key: str) -> None:
        self._preferred = _INSTEAD if key.startswith(_MODIFIERS) else key
        self._observer: Callable[[KeyEvent], None] = lambda _: None
        self._connection = Connection("portal-hotkey", self._heed, self._moved)
        self._requests: Requests | None = None
        self._session = ""
        self._trigger = NOT_YET
        self._down = False
        self._again: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """For people; the key is called as the desktop calls it, and may change."""
        return f"portal: {self._trigger}"

    def open(self, observer: Callable[[KeyEvent], None]) -> None:
        """Have the shortcut. Raises HotkeyError where there is no such portal, or the user said no.

        Where the user is asked now, this does not wait for the answer: the log has it.
        """
        self._observer = observer
        try:
            self._requests = self._connection.open()
            binding = self._connection.begin(self._bind(self._requests))
            binding.result(UNASKED_S)
        except PortalError as error:
            self.close()
            raise _refused(error) from error
        except TimeoutError:
            _log.info("The desktop asks for the key to dictate with.")
            binding.add_done_callback(_log_outcome)
        except BaseException:
            self.close()
            raise

    def dictating(self, active: bool) -> None:
        """Escape can't be had here."""

    def close(self) -> None:
        """Give the shortcut back; the desktop remembers it."""
        self._connection.do(self._give_back)
        self._connection.close()

    async def _bind(self, requests: Requests) -> None:
        """Raises PortalError."""
        if await requests.number(_INTERFACE, "version") < 1:
            raise PortalError(Why.ABSENT)
        session = self._session = await requests.session(_INTERFACE)
        try:
            self._trigger = await self._shortcut(requests, session)
        except BaseException:
            self._session = ""
            requests.drop(session)
            raise
        _log.info("The key to dictate with: %s", self._trigger)

    async def _shortcut(self, requests: Requests, session: str) -> str:
        """What the desktop calls the key."""
        wanted = {"description": _DESCRIPTION, "preferred_trigger": self._preferred}
        shortcuts = [[_ID, variants(wanted)]]
        results = await requests.request(
            _INTERFACE, "BindShortcuts", "oa(sa{sv})s", session, shortcuts, "", options={}
        )
        if "shortcuts" not in results:  # KDE says nothing of those that were chosen just now
            results = await requests.request(_INTERFACE, "ListShortcuts", "o", session, options={})
        trigger = _trigger(results.get("shortcuts"))
        if trigger is None:
            raise PortalError(Why.CANCELLED, "no shortcut")
        return trigger

    def _heed(self, signal: Signal) -> None:
        if self._session and signal.closes(self._session):
            _log.warning("The desktop has taken the key to dictate with back. You may %s", _TOGGLE)
            self._lose(TAKEN_BACK)
        elif signal.interface == _INTERFACE:
            self._take(signal)

    def _take(self, signal: Signal) -> None:
        match signal.member, signal.arguments:
            case "Activated", [self._session, "dictate", *_]:
                self._press(True)
            case "Deactivated", [self._session, "dictate", *_]:
                self._press(False)
            case "ShortcutsChanged", [self._session, shortcuts]:
                self._trigger = _trigger(shortcuts) or self._trigger

    def _press(self, down: bool) -> None:
        """A key that repeats is activated again and again."""
        if down != self._down:
            self._down = down
            self._observer(KeyEvent(Key.DOWN if down else Key.UP, time.monotonic()))

    def _lose(self, instead: str) -> None:
        """There is no shortcut any more; a key that is down will not be heard to go up."""
        self._session, self._trigger = "", instead
        self._press(False)

    def _give_back(self) -> None:
        session, self._session = self._session, ""
        if session and self._requests:
            self._requests.drop(session)

    def _moved(self, _: bool) -> None:
        """Another portal, or none: calling it starts one."""
        if self._session and self._requests:
            self._lose("the portal has ended")
            self._again = asyncio.ensure_future(self._bind_again(self._requests))

    async def _bind_again(self, requests: Requests) -> None:
        while True:
            await asyncio.sleep(_PAUSE_S)
            try:
                return await self._bind(requests)
            except PortalError as error:
                if error.why is not Why.GONE:
                    refused = _refused(error)
                    return _log.warning("%s %s", refused.sentence, refused.hint)


def _trigger(shortcuts: object) -> str | None:
    """What the desktop says of our shortcut; None where it has none of ours, or talks nonsense."""
    for each in shortcuts if isinstance(shortcuts, list) else []:
        match each:
            case [str(name), dict(values)] if name == _ID:
                said = values.get("trigger_description")
                known = isinstance(said, str) and said.strip() and said.isprintable()
                return str(said).strip()[:80] if known else "the key that your desktop's settings give it"
    return None


def _log_outcome(binding: concurrent.futures.Future[None]) -> None:
    if binding.cancelled():
        return
    error = binding.exception()
    if isinstance(error, PortalError):
        refused = _refused(error)
        _log.warning("%s %s", refused.sentence, refused.hint)


_SENTENCES = {
    Why.NO_BUS: ("There is no session bus, and so no portal to hear a key from.", f"You may {_TOGGLE}"),
    Why.ABSENT: (
        "This desktop has no portal for shortcuts (GlobalShortcuts).",
        f"KDE Plasma, GNOME since 48 and Hyprland have one. Elsewhere, {_TOGGLE}",
    ),
    Why.CANCELLED: (
        "You have given voicetype no key to dictate with.",
        f"Start it again to be asked again, or {_TOGGLE}",
    ),
}


def _refused(error: PortalError) -> HotkeyError:
    if error.why in _SENTENCES:
        return HotkeyError(*_SENTENCES[error.why])
    said = f" ({error.said})" if error.said else ""
    hint = f"You may {_TOGGLE}"
    if "app id" in error.said.lower():  # since 1.21 only programs that the desktop knows get shortcuts
        hint = f"`voicetype install` tells the desktop who asks. Or {_TOGGLE}"
    return HotkeyError(f"The desktop's portal gives no key to dictate with: {error.why.value}{said}.", hint)
