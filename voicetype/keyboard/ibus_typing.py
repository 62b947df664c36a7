"""One user's IBus: our engine in use from a claim until it is released, the user's own at all other times.

All of it runs on the loop thread. What the user does arrives between two steps, so each step sees it.
"""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import suppress
from dataclasses import replace

from voicetype.core.events import Erasing, FocusChanged, Patch
from voicetype.core.patch import graphemes
from voicetype.errors import Interruption, KeyboardError, PatchInterrupted
from voicetype.keyboard import Claim, Observer, Purpose, ibus_user_engine
from voicetype.keyboard.composing import change, said
from voicetype.keyboard.ibus_address import address, missing
from voicetype.keyboard.ibus_daemon import Daemon, DaemonGone, DaemonRefuses
from voicetype.keyboard.ibus_field import Field
from voicetype.keyboard.ibus_wire import ENGINE
from voicetype.keyboard.typable import typable

_log = logging.getLogger(__name__)

_FOCUS_S = 1.0
_TELLS_S = 0.05  # an application that tells its text does so within a few milliseconds


class Typing:
    """From `open` on, over as many ibus-daemons as come and go; connected while something is claimed."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._daemon: Daemon | None = None
        self._where = ""  # the address of the daemon that the field is of
        self._field = Field(self._emit, self._has_focus, observer)
        self._watching: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """See whether there is an ibus-daemon, and give back what a crash has left. Raises KeyboardError."""
        try:
            daemon = await _connect()
            await ibus_user_engine.give_back(daemon, ibus_user_engine.remembered())
            daemon.close()
        except DaemonGone as gone:
            raise missing() from gone

    async def claim(self) -> Claim:
        """Switch to our engine and claim the field that has the focus; see the protocol."""
        try:
            return await self._claim(await self._registered())
        except DaemonRefuses as refusal:
            await self.release()
            raise _not_allowed() from refusal
        except DaemonGone as gone:
            raise missing() from gone
        except KeyboardError:
            await self.release()
            raise

    async def apply(self, patch: Patch) -> None:
        """See the protocol."""
        await self._check()
        await self._make(patch)

    def read(self, characters: int) -> str | None:
        """See the protocol; without the preedit, which the application does not count as its text."""
        focus = self._field.claimed
        if focus is None or not focus.told:
            return None
        return said(focus.before, self._field.composed.committed, characters)

    async def release(self) -> None:
        """Commit what stands, and give the user's own engine back."""
        await self._field.release()
        daemon, self._daemon = self._daemon, None
        if daemon is None:
            return
        if self._watching:
            self._watching.cancel()
        with suppress(DaemonGone, KeyboardError):
            chosen = await daemon.engine()
            own = ibus_user_engine.remembered() if chosen in ("", ENGINE) else chosen
            daemon.close()
            other = await _connect()
            await ibus_user_engine.give_back(other, own)
            other.close()

    async def _registered(self) -> Daemon:
        if self._daemon is None:
            daemon = await _connect()
            if self._where != daemon.address:  # another daemon, which uses the same names for other fields
                self._where, self._field = daemon.address, Field(self._emit, self._has_focus, self._observer)
            self._field.focus = None
            await daemon.register(self._field, self._changed)
            self._daemon = daemon
            self._watching = asyncio.ensure_future(self._watch(daemon))
        return self._daemon

    async def _watch(self, daemon: Daemon) -> None:
        await daemon.ended()
        _log.info("ibus-daemon is gone")
        self._daemon = None
        self._field.focus_out()

    def _emit(self, member: str, signature: str, *arguments: object) -> None:
        if self._daemon:
            self._daemon.emit(member, signature, *arguments)

    def _changed(self, engine: str) -> None:
        """Another engine is in use: ours, or one that the user has chosen, and we do not fight."""
        if engine != ENGINE and self._field.claimed:
            self._field.leave()
            self._observer(FocusChanged(ours=False))

    async def _claim(self, daemon: Daemon) -> Claim:
        field = self._field
        if not await daemon.focused():
            raise _no_field()
        own = await daemon.engine()
        if own != ENGINE:
            if own:
                ibus_user_engine.remember(own)
            await daemon.switch(ENGINE)
        if not await field.evidence.until(lambda: field.focus is not None and field.focus.is_field, _FOCUS_S):
            raise _no_field()
        focus = field.focus
        assert focus is not None
        if focus.may_tell and focus.purpose is not Purpose.PASSWORD:
            daemon.emit("RequireSurroundingText", "")
            if not focus.is_gtk:  # GTK's module tells after the first commit, and no sooner
                await field.evidence.until(lambda: focus.told, _TELLS_S)
        continues = field.claim()
        erasing = Erasing.EXACT if field.evidence.is_known(focus) else Erasing.NONE
        app = focus.client.partition(":")[2]
        return Claim(continues, app, "", focus.purpose, erasing, focus.shows_preedit)

    async def _check(self) -> None:
        """Nothing is sent unless the claimed field has the focus, and never into a password field."""
        if self._daemon is None:
            raise PatchInterrupted(Interruption.BROKEN, 0, 0)
        ours = await self._has_focus()  # what IBus told before it has been heard by now
        claimed = self._field.claimed
        if not ours or claimed is None:
            raise PatchInterrupted(Interruption.FOCUS, 0, 0)
        if claimed.purpose is Purpose.PASSWORD:
            raise KeyboardError(
                "This is a password field.", "Nothing is typed into it; choose another field."
            )

    async def _has_focus(self) -> bool:
        """Whether the claimed field has it, by IBus's own word of this moment."""
        try:
            path = await self._daemon.focused() if self._daemon else ""
        except DaemonGone:
            return False
        claimed = self._field.claimed
        return claimed is not None and self._field.is_ours and claimed.path == path

    async def _make(self, patch: Patch) -> None:
        """Without a pause up to the last signal: what the user does comes before all of it or after."""
        field = self._field
        if field.touched:
            if patch.backspaces:
                # Made before the user's key was heard of: what it would erase may be the user's.
                raise PatchInterrupted(Interruption.FOREIGN_INPUT, 0, 0)
            field.begin_anew()
        text = "".join(typable(cluster, patch.new_lines) for cluster in graphemes(patch.text))
        now, wanted = change(field.composed, replace(patch, text=text))
        if wanted.delete and not field.may_delete(wanted.delete):
            raise PatchInterrupted(Interruption.FOREIGN_INPUT, 0, 0)
        field.make(now, wanted)
        if (wanted.delete or wanted.commit) and not await field.prove():
            raise PatchInterrupted(Interruption.BROKEN if field.is_ours else Interruption.FOCUS, 0, 0)


async def _connect() -> Daemon:
    """Raises DaemonGone, and KeyboardError where no ibus-daemon runs."""
    where = address(os.environ)
    if where is None:
        raise missing()
    return await Daemon.connect(where)


def _not_allowed() -> KeyboardError:
    return KeyboardError(
        "IBus does not let voicetype's input method be used.",
        "Share one input method among all applications: `ibus-setup`, Advanced; or set typing.keyboard to"
        " another way to type.",
    )


def _no_field() -> KeyboardError:
    return KeyboardError(
        "No text field has the focus.",
        "Click into the field that you want to type into, and press Shift there: some Qt programs say so no"
        " sooner. A program that does not use IBus has none; set typing.keyboard to another way to type.",
    )
