"""Our text in a field: committed, and behind it the preedit. On the connection's thread.

What is written is compared with what the field then tells. A field that tells nothing, or not what was
written, is given time between two changes instead:

* foot (1.13.1) drops a commit that crosses a message of its own on the way, of where the caret is; it
  sends that when it paints, a moment after its text has changed.
* Chromium (156) tells its text when it is entered and when the user types, not when we have written.
* A program that is sent more than it reads loses its connection, and its windows.
"""

from __future__ import annotations

import time
from dataclasses import replace

from voicetype.core.events import Patch
from voicetype.core.patch import graphemes
from voicetype.errors import Interruption
from voicetype.keyboard.composing import Change, Composed, change, ends_with
from voicetype.keyboard.progress import Stop
from voicetype.keyboard.typable import typable
from voicetype.wayland.connection import Connection
from voicetype.wayland.field import BY_OTHERS, Field, Surrounding
from voicetype.wayland.grab import Grab
from voicetype.wayland.method import Method

_ANSWER_S = 0.5
_CALM_S, _CALM_AT_MOST_S = 0.08, 0.4
_SEEN = 60  # characters of our text that must stand before the caret; a field may tell only its line


class Writing:
    """`method`: None while another may have the seat."""

    def __init__(self, connection: Connection, grab: Grab) -> None:
        self._connection, self._grab = connection, grab
        self.method: Method | None = None
        self.composed = Composed()
        self._base: Surrounding | None = None  # what the field told when we began in it
        self._told: Surrounding | None = None  # what it told when it was changed last
        self._mute = 0  # the visit to a field that does not answer
        self._silent: set[str] = set()  # programs whose fields did not
        self._app = ""

    @property
    def field(self) -> Field:
        """The field that has the focus."""
        return self.method.field if self.method else Field()

    @property
    def answers(self) -> bool:
        """Whether the field tells what we have changed."""
        return self.field.surrounding is not None and self._mute != self.field.visit

    def enter(self, app: str) -> None:
        """A dictation begins in a field of this program, which may be known not to answer."""
        self._app = app
        if app in self._silent:
            self._mute = self.field.visit

    def begin(self) -> None:
        """Nothing of what stands in the field is ours any more."""
        self.composed, self._base = Composed(), self.field.surrounding

    def stands(self) -> bool:
        """Whether the field says that our committed text is before the caret, and nothing is selected."""
        seen, text = self.field.surrounding, self.composed.committed
        if seen is None or seen.selected:
            return False
        return ends_with(seen.before, text[-_SEEN:]) if text else seen == self._base

    def write(self, patch: Patch) -> None:
        """Delete, commit and show what the patch asks for. Raises Stop where that is not ours to delete."""
        assert self.method is not None
        text = "".join(typable(cluster, patch.new_lines) for cluster in graphemes(patch.text))
        try:
            after, what = change(self.composed, replace(patch, text=text))
        except ValueError:
            raise Stop(Interruption.FOREIGN_INPUT) from None
        if what.delete and not self.stands():
            raise Stop(Interruption.FOREIGN_INPUT)
        if after.preedit:
            self._grab.hold(self.method.proxy)
        self._told = self.field.surrounding
        self.method.change(what)
        self.composed = after
        if not after.preedit:
            self._grab.release()
        self._connection.roundtrip()
        if what.delete or what.commit:
            self.hear_answer()

    def settle(self) -> bool:
        """Commit what is shown: it stands where the user saw it. Whether anything was."""
        if self.composed.preedit:
            self.calm()
        shown = self.composed.preedit
        if self.method and shown:  # still
            self._told = self.field.surrounding
            self.method.change(Change("", shown, ""))
            self.composed = Composed(self.composed.text)
        self._grab.release()
        return bool(shown)

    def hear_answer(self) -> None:
        """Wait until the field tells the text that it has now, or it is not ours any more."""
        written, visit = self.composed, self.field.visit

        def told() -> bool:
            new = self.field.surrounding != self._told
            return self.composed is not written or (new and self.stands())

        if self.answers and not self._connection.wait_until(told, _ANSWER_S):
            self._mute = visit
            self._silent.add(self._app)

    def calm(self) -> None:
        """Let a field that does not answer come to rest."""
        deadline_s = time.monotonic() + _CALM_AT_MOST_S
        while self.method and self.field.active and not self.answers:
            left_s = min(self.method.moved_s + _CALM_S, deadline_s) - time.monotonic()
            if left_s <= 0:
                return
            self._connection.wait_until(lambda: False, left_s)

    def changed_by_user(self, before: Field, after: Field) -> bool:
        """Whether what the field tells now needs the user. Some programs name others for what we did.

        GTK 3 names them for a click before the caret moves, and tells no new place: the same text, which
        others have changed, is a click.
        """
        if after.surrounding == before.surrounding:
            return after.cause == BY_OTHERS and before.cause != BY_OTHERS
        if self.stands():
            self._mute = 0  # an answer, if a late one
            self._silent.discard(self._app)
            return False
        return after.cause == BY_OTHERS
