"""The first of several ways to hear the push-to-talk key that is to be had."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from voicetype.errors import HotkeyError
from voicetype.hotkey import Hotkey, KeyEvent
from voicetype.ways import Refusal

_BY_COMMAND = "Bind `voicetype toggle` to a key in the settings of your desktop."


class FirstHotkey:
    """Opens the first candidate that opens. `open` and `close` belong to one thread.

    `candidates`: by the name of their way, the best first; `refused`: ways that are not even tried.
    """

    def __init__(self, candidates: Mapping[str, Hotkey], refused: Sequence[Refusal] = ()) -> None:
        self._candidates = candidates
        self._refused = tuple(refused)
        self._failed: list[Refusal] = []
        self._chosen: Hotkey | None = None

    @property
    def name(self) -> str:
        """The chosen one's; "none" before and after."""
        return self._chosen.name if self._chosen else "none"

    @property
    def refused(self) -> tuple[Refusal, ...]:
        """Why the ways before the chosen one are not to be had."""
        return (*self._refused, *self._failed)

    def open(self, observer: Callable[[KeyEvent], None]) -> None:
        """Raises HotkeyError where none opens, with every reason."""
        self._failed = []
        for way, candidate in self._candidates.items():
            try:
                candidate.open(observer)
            except HotkeyError as error:
                candidate.close()
                self._failed.append(Refusal(way, error.sentence, error.hint))
            else:
                self._chosen = candidate
                return
        raise self._none()

    def dictating(self, active: bool) -> None:
        """See the protocol."""
        if self._chosen:
            self._chosen.dictating(active)

    def close(self) -> None:
        """Let go of the key."""
        chosen, self._chosen = self._chosen, None
        if chosen:
            chosen.close()

    def _none(self) -> HotkeyError:
        if len(self._failed) == 1 and not self._refused:
            only = self._failed[0]
            return HotkeyError(only.sentence, only.remedy)
        reasons = " ".join(f"{each.way}: {each.sentence}" for each in self.refused)
        remedies = " ".join(f"{each.way}: {each.remedy}" for each in self._failed)
        by_command = "" if "voicetype toggle" in remedies else _BY_COMMAND
        return HotkeyError(
            f"No key to dictate with can be heard. {reasons}".rstrip(), f"{by_command} {remedies}".strip()
        )
