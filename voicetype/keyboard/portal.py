"""Typing through the desktop's RemoteDesktop portal: keysyms, which the desktop makes keys of.

1. *The user is asked, and once.* The desktop's question comes with the first dictation, not at login, when
   nobody knows what it is about. It takes the focus, and an answer takes any time: that dictation is told
   so and types nothing, rather than into whatever has the focus afterwards. With a token from the last time
   there is no question, and the session is there within the claim.
2. *No field.* A portal tells neither where the keys go nor what the user does. So nothing that was typed
   may be erased (`Erasing.NONE`), unless the field can be read by other means.
3. *Keys of the layout.* A character is looked up in the layout by the very keysym that is there, which
   need not be the Unicode one. Where the desktop would drop one (`portal_layout`), the patch ends before it.
4. *Modifiers.* KWin sets its own for each key; mutter adds those that the user holds, so that a held Ctrl
   makes shortcuts of the text, and Caps Lock capitals. The key to dictate with should have no modifier
   (`hotkey.portal` proposes such).

mutter: `meta-virtual-input-device-native.c`, KWin: `fakeinputbackend.cpp`.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Mapping
from pathlib import Path

from voicetype.core.events import Erasing, FocusChanged, Patch
from voicetype.core.patch import graphemes
from voicetype.errors import Interruption, KeyboardError
from voicetype.keyboard import Claim, Observer
from voicetype.keyboard.keysyms import BACKSPACE, keysym_in_layouts
from voicetype.keyboard.portal_layout import Keysyms, keysyms
from voicetype.keyboard.portal_session import RemoteDesktop, Token, token_path
from voicetype.keyboard.progress import Progress, Stop
from voicetype.keyboard.typable import BREAKS, SHIFT_RETURN, keyed
from voicetype.portals import PortalError, Signal, Why
from voicetype.portals.connection import Connection

_RETURN_PLACE, _SHIFT_PLACE = 28, 42  # codes of the kernel

UNASKED_S = 3.0
"""A session that needs no question is there sooner."""


class PortalKeyboard:
    """Types wherever the focus is. The typist thread's; the session is the connection's thread's."""

    name = "portal"

    def __init__(self, characters_per_s: int, token: Path | None = None, keysyms: Keysyms = keysyms) -> None:
        self._interval_s = 1 / characters_per_s
        self._token = Token(token or token_path())
        self._next_s = 0.0  # the loop's clock: when the next key may be sent
        self._observer: Observer = lambda _: None
        self._connection: Connection | None = None
        self._desktop: RemoteDesktop | None = None
        self._asking: concurrent.futures.Future[None] | None = None
        self._claimed = ""  # the session of the claim
        self._keysyms = keysyms
        self._known: Mapping[str, int] | None = None

    def open(self, observer: Observer) -> None:
        """Find the portal; asks nothing yet. Raises KeyboardError where it offers no keyboard."""
        self._observer = observer
        self._connection = Connection("portal-keyboard", self._heed, self._moved)
        try:
            self._desktop = RemoteDesktop(self._connection.open(), self._token)
            self._connection.run(self._desktop.check())
        except PortalError as error:
            self.close()
            raise _refused(error) from error
        except BaseException:
            self.close()
            raise

    def claim(self) -> Claim:
        """Have a session; see the protocol. Raises KeyboardError while the user is asked, or said no."""
        connection, desktop = self._opened()
        if not desktop.session:
            if self._asking is None or self._asking.done():
                self._asking = connection.begin(desktop.start())
            try:
                self._asking.result(UNASKED_S)
            except PortalError as error:
                raise _refused(error) from error
            except (TimeoutError, concurrent.futures.CancelledError) as waiting:
                raise KeyboardError(
                    "The desktop asks whether voicetype may type.", "Allow it there, then dictate again."
                ) from waiting
        self._claimed, self._known = desktop.session, self._keysyms()
        return Claim(erasing=Erasing.NONE)

    def apply(self, patch: Patch) -> None:
        """Erase and type; see the protocol. Stops before a character that the layout lacks."""
        connection, desktop = self._opened()
        progress = Progress()
        with progress.told(PortalError):
            connection.run(self._apply(patch, desktop, progress))

    def read(self, _: int) -> str | None:
        """A portal does not know what a window shows."""
        return None

    def release(self) -> None:
        """Nothing: a session that ends would have KDE tell of a new one with the next dictation."""

    def close(self) -> None:
        """End the session; a question that stands is taken away."""
        connection, self._connection = self._connection, None
        desktop, self._desktop = self._desktop, None
        self._claimed = ""
        if connection and desktop:
            connection.do(desktop.drop)
        if connection:
            connection.close()

    async def _apply(self, patch: Patch, desktop: RemoteDesktop, progress: Progress) -> None:
        if not self._claimed or self._claimed != desktop.session:
            raise PortalError(Why.GONE)
        try:
            for _ in range(patch.backspaces):
                await self._turn()
                await desktop.key(BACKSPACE, True)
                progress.erased += 1
                await desktop.key(BACKSPACE, False)
            for cluster in graphemes(patch.text):
                await self._turn()
                typed = keyed(cluster, patch.new_lines)
                await (self._break if typed in BREAKS else self._type)(typed, desktop, progress)
        except PortalError:
            # A key that could not be let go of would repeat for ever.
            desktop.drop()
            raise

    async def _type(self, cluster: str, desktop: RemoteDesktop, progress: Progress) -> None:
        for place, keysym in enumerate([self._keysym(character) for character in cluster]):
            await desktop.key(keysym, True)
            if place == 0:  # what has begun stands there, if only in part
                progress.typed += 1
            await desktop.key(keysym, False)

    async def _break(self, key: str, desktop: RemoteDesktop, progress: Progress) -> None:
        """By places, which are the same in every layout: a keysym brings modifiers of its own."""
        held = [_SHIFT_PLACE] if key == SHIFT_RETURN else []
        for code in (*held, _RETURN_PLACE):
            await desktop.key_at(code, True)
        progress.typed += 1
        for code in (_RETURN_PLACE, *held):
            await desktop.key_at(code, False)

    def _keysym(self, character: str) -> int:
        if self._known is None:
            return keysym_in_layouts(character)
        if character not in self._known:
            raise Stop(Interruption.UNTYPABLE)
        return self._known[character]

    async def _turn(self) -> None:
        """Wait until the next character may be sent."""
        now = asyncio.get_running_loop().time()
        if self._next_s > now:
            await asyncio.sleep(self._next_s - now)
        self._next_s = max(now, self._next_s) + self._interval_s

    def _heed(self, signal: Signal) -> None:
        if self._desktop and self._desktop.heed(signal):
            self._observer(FocusChanged(ours=False))

    def _moved(self, _: bool) -> None:
        if self._desktop and self._desktop.lose():
            self._observer(FocusChanged(ours=False))

    def _opened(self) -> tuple[Connection, RemoteDesktop]:
        if self._connection is None or self._desktop is None:
            raise _refused(PortalError(Why.GONE))
        return self._connection, self._desktop


_SENTENCES = {
    Why.NO_BUS: (
        "There is no session bus, and so no portal to type through.",
        "Start voicetype inside your desktop session.",
    ),
    Why.ABSENT: (
        "This desktop has no portal that takes keys (RemoteDesktop).",
        "KDE and GNOME have one (xdg-desktop-portal-kde, -gnome); else choose another typing.keyboard.",
    ),
    Why.CANCELLED: (
        "You have not allowed voicetype to type.",
        "Dictate once more to be asked again, or choose another typing.keyboard.",
    ),
    Why.ENDED: (
        "The desktop did not let voicetype type, without asking you.",
        "`journalctl --user -u xdg-desktop-portal` may say why; or choose another typing.keyboard.",
    ),
}


def _refused(error: PortalError) -> KeyboardError:
    if error.why in _SENTENCES:
        return KeyboardError(*_SENTENCES[error.why])
    said = f" ({error.said})" if error.said else ""
    return KeyboardError(
        f"The desktop's portal does not let voicetype type: {error.why.value}{said}.",
        "Dictate once more; if that does not help: `systemctl --user restart xdg-desktop-portal`.",
    )
