"""What a spoken command asks of others than the text, and what is told where it could not be carried out."""

from __future__ import annotations

from collections.abc import Callable

from voicetype.core.session import Session
from voicetype.errors import CommandError


class Commanded:
    """Looks at a session after each event. Owned by the typist thread."""

    def __init__(self, tell: Callable[[CommandError], None], stop: Callable[[], object]) -> None:
        """`stop`: the user has said all."""
        self._tell, self._stop = tell, stop
        self._stopped = self._flattened = False
        self._refused = 0

    def heed(self, session: Session) -> None:
        """End the dictation where a command says so, and tell what was commanded in vain."""
        if session.ends and not self._stopped:
            self._stopped = True
            self._stop()
        if session.refused > self._refused:
            self._refused = session.refused
            self._tell(_not_scratched())
        if session.flattened and not self._flattened:
            self._flattened = True
            self._tell(_no_new_line())


def _not_scratched() -> CommandError:
    return CommandError(
        "Nothing was scratched: what was said before does not stand there, or may not be erased.",
        "voicetype erases only what it typed since you last typed, clicked or went elsewhere, and only "
        "where the application's policy is in-place: see [typing.applications]. What an earlier dictation "
        "typed is taken back by `voicetype undo`.",
    )


def _no_new_line() -> CommandError:
    return CommandError(
        "Line breaks are typed as spaces in this window: one might send a message, or run a command.",
        "If it is safe there, say so for the application in the configuration: [typing.new_lines].",
    )
