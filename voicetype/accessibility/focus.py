"""Where the focus is, as programs tell it by their signals. All of it runs on the reader's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Event

from dbus_fast import Message, MessageType

from voicetype.accessibility import Field, Place, fields
from voicetype.accessibility.bus import Asking, subscribe

# Qt tells of a window that lost the focus only where it is to tell of those that get it.
_EVENTS = ("object:state-changed:focused", "window:deactivate", "window:activate")
# Only these wake us: a browser alone could send thousands of signals a second.
_SIGNALS = (
    "interface='org.a11y.atspi.Event.Object',member='StateChanged',arg0='focused'",
    "interface='org.a11y.atspi.Event.Window',member='Deactivate'",
    "sender='org.freedesktop.DBus',member='NameOwnerChanged',arg2=''",
)


class Focus:
    """Follows the focus. `field` may be looked at from any thread, `settled` waited for."""

    def __init__(self, asking: Asking, observer: Callable[[Field | None], None]) -> None:
        self.asking = asking
        self.field: Field | None = None
        self.settled = Event()
        self.settled.set()
        self._observer = observer
        self._place: Place | None = None
        self._moves = 0
        self._identifying: asyncio.Task[None] | None = None

    async def follow(self) -> None:
        """Begin to."""
        self.asking.bus.add_message_handler(self._take)
        await subscribe(self.asking.bus, _EVENTS, _SIGNALS)

    async def find(self) -> Field | None:
        """What has the focus now, asked for."""
        await self._identified()
        moves, place = self._moves, self._place
        focused = await fields.is_focused(self.asking, place) if place is not None else False
        if focused is False:
            place = await fields.search(self.asking)
        # Of a program that hangs, what was known of it still holds.
        field = self.field if focused is None else await self._identify(place)
        if moves == self._moves:
            self._place = place
            self._know(field)
        await self._identified()
        return self.field

    async def _identified(self) -> None:
        """Until it is known what the focus has just moved to."""
        while self._identifying is not None and not self._identifying.done():
            await asyncio.wait({self._identifying})

    def _take(self, message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL:
            return
        match message.member, message.body:
            case "StateChanged", ["focused", int(gained), *_]:
                place = Place(message.sender or "", message.path or "")
                if gained:
                    self._moved(place)
                elif place == self._place:
                    self._moved(None)
            case "Deactivate", _:
                self._left(message.sender)
            case "NameOwnerChanged", [str(program), *_]:
                self._left(program)

    def _left(self, program: str | None) -> None:
        """A window has lost the focus; another program's may have told before that it has it."""
        if self._place is not None and self._place.program == program:
            self._moved(None)

    def _moved(self, place: Place | None) -> None:
        self._moves += 1
        self._place = place
        self.settled.clear()
        if self._identifying is not None:
            self._identifying.cancel()
        self._identifying = asyncio.ensure_future(self._learn(place))

    async def _learn(self, place: Place | None) -> None:
        self._know(await self._identify(place))

    async def _identify(self, place: Place | None) -> Field | None:
        return await fields.identify(self.asking, place) if place is not None else None

    def _know(self, field: Field | None) -> None:
        self.field = field
        self._observer(field)
        self.settled.set()
