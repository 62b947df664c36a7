"""A keyboard in a process of its own: some libraries end the process they are in, or own its main loop.

The child has the real adapter, an ordinary `Keyboard`; the parent has a `ProcessKeyboard`, which looks
the same. Between them go JSON lines: requests and answers, one at a time, and what the child observes, at
any time.

* The child ends with its parent: its standard input closes, it closes its keyboard and leaves.
* A child that dies in the middle of a patch has done an unknown part of it: the parent says that nothing
  of it stands and that the focus is lost, so that nothing is erased on a guess. The next claim begins a new
  child.

    python -m voicetype.keyboard.process MODULE OPTIONS    (the child; MODULE has `make(options) -> Keyboard`)
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import IO, Any

from voicetype.core.events import Erasing, FocusChanged, Patch, UserTyped
from voicetype.errors import Interruption, KeyboardError, PatchInterrupted
from voicetype.keyboard import Claim, Keyboard, KeyboardLost, Observer, Purpose

_log = logging.getLogger(__name__)

ANSWER_S = 60.0
"""A patch of a whole text takes a while; a child that says nothing for so long is killed."""

Options = Mapping[str, Any]
_Message = dict[str, Any]


class ProcessKeyboard:
    """The parent's side. The typist thread's; the observer is called on the thread that reads the child."""

    def __init__(self, name: str, module: str, options: Options) -> None:
        self.name = name
        self._command = [sys.executable, "-m", __name__, module, json.dumps(dict(options))]
        self._observer: Observer = lambda _: None
        self._child: _Child | None = None

    def open(self, observer: Observer) -> None:
        """Start the child and open its keyboard. Raises what that raises."""
        self._observer = observer
        self._begin()

    def claim(self) -> Claim:
        """See the protocol."""
        if self._child is None or self._child.ended:
            self.close()
            self._begin()
        told = self._ask("claim")
        return Claim(
            told["continues"],
            told["app"],
            told["instance"],
            Purpose(told["purpose"]),
            Erasing(told["erasing"]),
            told["preedit"],
        )

    def apply(self, patch: Patch) -> None:
        """See the protocol."""
        try:
            self._ask("apply", backspaces=patch.backspaces, text=patch.text, draft=patch.draft)
        except _Ended as error:
            raise PatchInterrupted(Interruption.BROKEN, 0, 0) from error

    def read(self, characters: int) -> str | None:
        """See the protocol."""
        try:
            text = self._ask("read", characters=characters)["text"]
        except _Ended:
            return None
        return None if text is None else str(text)

    def close(self) -> None:
        """End the child, which gives back what it has."""
        child, self._child = self._child, None
        if child:
            child.close()

    def _begin(self) -> None:
        self._child = _Child(self._command, self._observe)
        try:
            self._ask("open")
        except BaseException:
            self.close()
            raise

    def _ask(self, method: str, **arguments: object) -> _Message:
        if self._child is None:
            raise _Ended(self.name)
        answer = self._child.ask({"method": method, **arguments})
        if answer is None:
            raise _Ended(self.name)
        if "reason" in answer:
            raise PatchInterrupted(Interruption[answer["reason"]], answer["erased"], answer["typed"])
        if "sentence" in answer:
            raise KeyboardError(answer["sentence"], answer["hint"])
        return answer

    def _observe(self, told: _Message | None) -> None:
        match told:
            case {"event": "focus", "ours": ours}:
                self._observer(FocusChanged(ours=bool(ours)))
            case {"event": "typed"}:
                self._observer(UserTyped())
            case {"event": "lost"}:
                self._observer(KeyboardLost())
            case _:
                self._observer(FocusChanged(ours=False))


class _Ended(KeyboardError):
    """The child is gone."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The part of voicetype that types by {name} has ended.",
            "It begins again with the next dictation; the log says why it ended.",
        )


class _Child:
    """The process and the thread that reads it. `ask` is the typist's; `observe` is told None at its end."""

    def __init__(self, command: list[str], observe: Callable[[_Message | None], None]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._observe = observe
        self._answers: SimpleQueue[_Message | None] = SimpleQueue()
        self._closing = False
        self.ended = False
        self._thread = Thread(target=self._read, name="voicetype-keyboard", daemon=True)
        self._thread.start()

    def ask(self, request: _Message) -> _Message | None:
        """The answer; None where the child is gone."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            return self._answers.get(timeout=ANSWER_S)
        except OSError:
            return None
        except Empty:
            _log.error("The keyboard's process did not answer %r", request["method"])
            self._process.kill()
            return None

    def close(self) -> None:
        """Let it leave by itself, for a while."""
        self._closing = True
        with suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            if "event" in message:
                self._observe(message)
            else:
                self._answers.put(message)
        self.ended = True
        self._answers.put(None)
        if not self._closing:
            self._observe(None)


# ── the child ────────────────────────────────────────────────────────────────────────────────────


class _Parent:
    """Whom the child serves."""

    def __init__(self, keyboard: Keyboard, out: IO[str]) -> None:
        self._keyboard, self._out = keyboard, out
        self._writing = Lock()

    def serve(self, requests: IO[str]) -> None:
        """Answer until the parent is gone."""
        for line in requests:
            self._say(self._answer(json.loads(line)))

    def _answer(self, request: _Message) -> _Message:
        try:
            match request:
                case {"method": "open"}:
                    self._keyboard.open(self._observe)
                    return {}
                case {"method": "claim"}:
                    claim = self._keyboard.claim()
                    return {field: getattr(claim, field) for field in Claim.__dataclass_fields__}
                case {"method": "apply", "backspaces": backspaces, "text": text, "draft": draft}:
                    self._keyboard.apply(Patch(backspaces, text, draft=draft))
                    return {}
                case {"method": "read", "characters": characters}:
                    return {"text": self._keyboard.read(characters)}
        except PatchInterrupted as error:
            return {"reason": error.reason.name, "erased": error.erased, "typed": error.typed}
        except KeyboardError as error:
            return {"sentence": error.sentence, "hint": error.hint}
        raise ValueError(request)

    def _observe(self, event: FocusChanged | UserTyped | KeyboardLost) -> None:
        match event:
            case FocusChanged(ours):
                self._say({"event": "focus", "ours": ours})
            case UserTyped():
                self._say({"event": "typed"})
            case KeyboardLost():
                self._say({"event": "lost"})

    def _say(self, message: _Message) -> None:
        with self._writing, suppress(OSError):
            self._out.write(json.dumps(message) + "\n")
            self._out.flush()


def main() -> None:
    """Serve the parent; leave without the interpreter's own end, which crashes some libraries."""
    module, options = sys.argv[1:]
    # What a library prints must not come between the lines.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    keyboard: Keyboard = importlib.import_module(module).make(json.loads(options))
    try:
        _Parent(keyboard, out).serve(sys.stdin)
    finally:
        keyboard.close()
        os._exit(0)


if __name__ == "__main__":
    main()
