"""Owning a selection: a text for one program, and what was there before for everybody afterwards.

1. *One program gets the text.* While a text is offered, only the X client that has the focus is answered.
   Clipboard managers read whatever is new at once; they are refused, so that they neither count as the
   program that was pasted into, nor keep what was dictated.
2. *Read means read.* A text was taken once that client has been given it, and has asked for nothing more
   for a moment: toolkits ask several times, and the last answer is the one that counts.
3. *What was there is given to everybody* from then on, in all its formats, until somebody else copies
   something. If that happens while a text is offered, it is the user's own new clipboard and stays.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from threading import Condition
from typing import Any

from Xlib import X, Xatom
from Xlib.display import Display
from Xlib.protocol.event import SelectionNotify

from voicetype.keyboard.x11_contents import Content, Contents, atoms
from voicetype.x11 import connection
from voicetype.x11.connection import LOST
from voicetype.x11.listening import Listening, close

_PIECE_BYTES = 2**16  # more goes in pieces; python-xlib can't send more than 256 KiB at once
_ANSWER_S = 2.0
_QUIET_S = 0.1


class Selections:
    """Owns selections, on a thread of its own. The methods are the typist's. Raises NoDisplay."""

    def __init__(self) -> None:
        self._display = connection.connect()
        root = self._display.screen().root
        self._window = root.create_window(0, 0, 1, 1, 0, 0, X.InputOnly, X.CopyFromParent)
        self._serving = _Serving(self._display)
        self._display.sync()
        self._listening = Listening(
            self._display, "x11-selections", self._serving.receive, self._serving.lost
        )

    def kept(self, selection: int) -> Contents | None:
        """What we gave back, where that is what the selection holds still."""
        self._listening.catch_up(_ANSWER_S)
        return self._serving.kept.get(selection)

    def offer(self, selections: Mapping[int, Contents], text: str, client: int) -> bool:
        """Offer a text to one X client (`client_of` a window of its), and keep what these selections held.

        False where somebody has copied something else since that was read: then nothing is offered.
        """
        owned: list[bool] = []
        self._listening.post(lambda: owned.append(self._own(selections, text, client)))
        self._listening.catch_up(_ANSWER_S)
        return owned == [True]

    def wait_until_read(self, patience_s: float) -> bool:
        """Wait until the client has taken the text."""
        return self._serving.wait_until_read(patience_s)

    def withdraw(self) -> None:
        """Offer what was there before to everybody, and let go of what was empty."""
        with self._serving.changed:
            self._serving.text = None
            empty = [each for each, contents in self._serving.kept.items() if not contents.formats]
            for selection in empty:
                del self._serving.kept[selection]
        self._listening.post(lambda: self._disown(empty))
        self._listening.catch_up(_ANSWER_S)

    def close(self) -> None:
        """Own nothing more. A clipboard manager, where there is one, is asked to keep what was there."""
        self._listening.stop()
        with suppress(*LOST):
            self._hand_over()
        close(self._display)

    def _own(self, selections: Mapping[int, Contents], text: str, client: int) -> bool:
        self._display.grab_server()
        try:
            for selection, contents in selections.items():
                owner = self._display.get_selection_owner(selection)
                if (owner.id if owner else 0) not in (contents.owner, self._window.id):
                    return False
            with self._serving.changed:
                self._serving.kept.update(selections)
                self._serving.text, self._serving.client, self._serving.read_s = text, client, None
            for selection in selections:
                self._window.set_selection_owner(selection, X.CurrentTime)
        finally:
            self._display.ungrab_server()
            self._display.sync()
        return True

    def _disown(self, selections: list[int]) -> None:
        for selection in selections:
            if self._display.get_selection_owner(selection) == self._window:
                self._display.create_resource_object("window", X.NONE).set_selection_owner(
                    selection, X.CurrentTime
                )
        self._display.sync()

    def _hand_over(self) -> None:
        clipboard, manager, order = (
            self._display.intern_atom(name) for name in ("CLIPBOARD", "CLIPBOARD_MANAGER", "SAVE_TARGETS")
        )
        if clipboard not in self._serving.kept or not self._display.get_selection_owner(manager):
            return
        self._window.convert_selection(manager, order, order, X.CurrentTime)
        self._display.flush()
        deadline = time.monotonic() + _ANSWER_S
        while time.monotonic() < deadline:
            if not self._display.pending_events():
                time.sleep(0.005)
                continue
            event = self._display.next_event()
            if event.type == X.SelectionNotify and event.selection == manager:
                return
            self._serving.receive(event)


class _Serving:
    """Answers requests. The listening thread's, except for what `changed` guards."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self.changed = Condition()
        self.kept: dict[int, Contents] = {}  # selection -> what it held before
        self.text: str | None = None  # offered to `client`
        self.client = 0
        self.read_s: float | None = None  # monotonic: when the client last asked and was given the text
        self.gone = False
        self._sending: dict[tuple[int, int], deque[Any]] = {}  # window, property -> pieces
        self._targets, self._incr, *texts = (
            display.intern_atom(name)
            for name in ("TARGETS", "INCR", "UTF8_STRING", "text/plain;charset=utf-8", "TEXT")
        )
        self._texts = texts

    def wait_until_read(self, patience_s: float) -> bool:
        deadline = time.monotonic() + patience_s
        with self.changed:
            if not self.changed.wait_for(lambda: self.read_s is not None or self.gone, patience_s):
                return False
            while self.read_s is not None and not self.gone:
                left_s = self.read_s + _QUIET_S - time.monotonic()
                if left_s <= 0 or time.monotonic() > deadline:
                    return True
                self.changed.wait(left_s)
        return False

    def lost(self) -> None:
        with self.changed:
            self.gone = True
            self.changed.notify_all()

    def receive(self, event: Any) -> None:
        if event.type == X.SelectionRequest:
            self._answer(event)
        elif event.type == X.SelectionClear:
            with self.changed:
                self.kept.pop(event.atom, None)
        elif event.type == X.PropertyNotify and event.state == X.PropertyDelete:
            self._send_next(event.window.id, event.atom)

    def _answer(self, request: Any) -> None:
        into = request.property or request.target
        given = self._given(request)
        if given is not None:
            try:
                self._put(request.requestor, into, given)
                self._display.sync()
            except LOST:
                given = None  # the window is gone
        answer = SelectionNotify(
            time=request.time,
            requestor=request.requestor,
            selection=request.selection,
            target=request.target,
            property=X.NONE if given is None else into,
        )
        request.requestor.send_event(answer)
        self._display.flush()

    def _given(self, request: Any) -> Content | None:
        with self.changed:
            if self.text is None:
                kept = self.kept.get(request.selection, Contents())
                return self._one_of(kept.formats, request.target)
            if client_of(self._display, request.requestor.id) != self.client:
                return None
            given = self._one_of(self._formats(self.text), request.target)
            if given is not None and (self.read_s is not None or request.target != self._targets):
                self.read_s = time.monotonic()
                self.changed.notify_all()
            return given

    def _one_of(self, formats: Mapping[int, Content], target: int) -> Content | None:
        return atoms([self._targets, *formats]) if target == self._targets else formats.get(target)

    def _formats(self, text: str) -> Mapping[int, Content]:
        utf8, mime, any_ = self._texts
        whole = text.encode()
        formats = {utf8: Content(utf8, 8, whole), mime: Content(mime, 8, whole)}
        formats[any_] = Content(utf8, 8, whole)
        with suppress(UnicodeEncodeError):
            formats[Xatom.STRING] = Content(Xatom.STRING, 8, text.encode("latin-1"))
        return formats

    def _put(self, window: Any, into: int, content: Content) -> None:
        step = _PIECE_BYTES * 8 // content.bits
        if len(content.items) <= step:
            window.change_property(into, content.kind, content.bits, content.items)
            return
        pieces = [content.items[at : at + step] for at in range(0, len(content.items), step)]
        pieces.append(content.items[:0])  # an empty one is the end
        self._sending[window.id, into] = deque(
            (content.kind, content.bits, piece, last) for last, piece in _with_last(pieces)
        )
        window.change_attributes(event_mask=X.PropertyChangeMask)
        window.change_property(into, self._incr, 32, [len(content.items) * content.bits // 8])

    def _send_next(self, window: int, into: int) -> None:
        """The reader has taken a piece."""
        pieces = self._sending.get((window, into))
        if pieces is None:
            return
        kind, bits, piece, last = pieces.popleft()
        resource = self._display.create_resource_object("window", window)
        if last:
            del self._sending[window, into]
            resource.change_attributes(event_mask=0)
        resource.change_property(into, kind, bits, piece)
        self._display.flush()


def _with_last(pieces: list[Any]) -> list[tuple[bool, Any]]:
    return [(index == len(pieces) - 1, piece) for index, piece in enumerate(pieces)]


def client_of(display: Display, window: int) -> int:
    """The X client that made a window: all of its ids begin alike."""
    return int(window & ~display.display.info.resource_id_mask)
