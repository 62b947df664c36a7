"""The session of the RemoteDesktop portal, and the token by which the user is asked once only.

A token is good for one session, which gives the next. One that is not taken any more is forgotten, and the
user asked again.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path

from voicetype import whole_files
from voicetype.folders import data_home, make
from voicetype.portals import PortalError, Signal, Why
from voicetype.portals.requests import Requests

_INTERFACE = "org.freedesktop.portal.RemoteDesktop"
_KEYBOARD = 1  # of the types of devices
_UNTIL_REVOKED = 2  # of the modes of persistence
_PERSISTENT = 2  # the version of the interface since which a session may be had again
_NOTIFY_S = 5.0
_LONGEST = 4096  # characters of a token

_log = logging.getLogger(__name__)


def token_path() -> Path:
    """Where it is kept; without the file the desktop asks again."""
    return data_home() / "voicetype/remote-desktop-token"


class Token:
    """The token of the next session, in a file that nobody else may read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> str:
        """Empty where there is none."""
        try:
            text = self._path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return ""
        return text if text.isprintable() and len(text) <= _LONGEST else ""

    def write(self, token: str) -> None:
        """Keep it; where that can't be, the user is asked again the next time."""
        try:
            make(self._path.parent)
            whole_files.write(self._path, token.encode(), 0o600)
        except OSError as error:
            _log.warning("The permission to type can't be kept in %s: %s", self._path, error.strerror)

    def forget(self) -> None:
        """Not to be offered again."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


class RemoteDesktop:
    """At most one session. Lives on the event loop of its connection."""

    def __init__(self, requests: Requests, token: Token) -> None:
        self._requests, self._token = requests, token
        self._version = 0
        self.session = ""  # its path, while keys may be sent

    async def check(self) -> None:
        """Is there a portal with a keyboard? Raises PortalError."""
        self._version = await self._requests.number(_INTERFACE, "version")
        types = await self._requests.number(_INTERFACE, "AvailableDeviceTypes")
        if self._version < 1 or not types & _KEYBOARD:
            raise PortalError(Why.ABSENT)

    async def start(self) -> None:
        """Have a session; the user is asked where need be, and may take any time. Raises PortalError."""
        token = self._token.read() if self._version >= _PERSISTENT else ""
        try:
            await self._start(token)
        except PortalError as error:
            if not token or error.why not in (Why.CANCELLED, Why.ENDED, Why.REFUSED):
                raise
            self._token.forget()
            if error.why is Why.CANCELLED:
                raise
            _log.info("The desktop takes the old permission no more (%s); it will ask.", error)
            await self._start("")

    async def key(self, keysym: int, pressed: bool) -> None:
        """Press or release a key in the session. Raises PortalError."""
        if not self.session:
            raise PortalError(Why.GONE)
        await self._requests.call(
            _INTERFACE, "NotifyKeyboardKeysym", "oa{sv}iu", self.session, {}, keysym, int(pressed),
            timeout_s=_NOTIFY_S,
        )  # fmt: skip

    async def key_at(self, code: int, pressed: bool) -> None:
        """The same by the key's place, a code of the kernel's. Raises PortalError."""
        if not self.session:
            raise PortalError(Why.GONE)
        await self._requests.call(
            _INTERFACE, "NotifyKeyboardKeycode", "oa{sv}iu", self.session, {}, code, int(pressed),
            timeout_s=_NOTIFY_S,
        )  # fmt: skip

    def heed(self, signal: Signal) -> bool:
        """Whether this ended the session."""
        if self.session and signal.closes(self.session):
            self.session = ""
            return True
        return False

    def lose(self) -> bool:
        """The portal is another one now; whether there was a session."""
        had, self.session = self.session, ""
        return bool(had)

    def drop(self) -> None:
        """End the session; the desktop lets go of every key that is down in it."""
        session, self.session = self.session, ""
        if session:
            self._requests.drop(session)

    async def _start(self, token: str) -> None:
        session = await self._requests.session(_INTERFACE)
        try:
            await self._ask(session, token)
        except BaseException:
            self._requests.drop(session)
            raise
        self.session = session

    async def _ask(self, session: str, token: str) -> None:
        options: dict[str, str | int] = {"types": _KEYBOARD}
        if self._version >= _PERSISTENT:
            options |= {"persist_mode": _UNTIL_REVOKED}
        if token:
            options |= {"restore_token": token}
        await self._requests.request(_INTERFACE, "SelectDevices", "o", session, options=options)
        # No window of ours asks, so none is named for the dialogue to stand before.
        results = await self._requests.request(_INTERFACE, "Start", "os", session, "", options={})
        devices = results.get("devices")
        if not isinstance(devices, int):
            raise PortalError(Why.GARBLED, "devices")
        if not devices & _KEYBOARD:
            raise PortalError(Why.CANCELLED, "without the keyboard")
        self._keep(results.get("restore_token"))

    def _keep(self, token: object) -> None:
        """The next session's token; none: the user wants to be asked each time."""
        if isinstance(token, str) and token:
            self._token.write(token)
        else:
            self._token.forget()
