"""A keyboard in a process of its own: some libraries end the process they are in, or own its main loop.

The child has the real adapter, an ordinary `Keyboard`; the parent has a `ProcessKeyboard`, which looks
the same. Between them go JSON lines: requests and answers, one at a time, and what the child observes, at
any time.

* The child ends with its parent: its standard input closes, it closes its keyboard and leaves. Signals that
  are meant for the parent (of a terminal, of systemd) don't end it sooner.
* A child that dies in the middle of a patch has done an unknown part of it: the parent says that nothing
  of it stands and that the focus is lost, so that nothing is erased on a guess. Another one opens its
  keyboard and closes it at once, which puts right what was left (the user's own input method, most of
  all). The next claim begins a new child.
* A child through which the user's own keys go (`Held`) says so again and again. One that falls silent is
  killed: the keys are the user's again after two seconds, however it hangs.

`process_child` is the child's side.
"""

from __future__ import annotations

import json
import logging
import os
import select
import subprocess
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from voicetype import children
from voicetype.core.events import Erasing, FocusChanged, Patch, UserTyped
from voicetype.errors import Interruption, KeyboardError, PatchInterrupted
from voicetype.keyboard import Claim, KeyboardLost, Observer, Purpose

_log = logging.getLogger(__name__)

ANSWER_S = 60.0
"""A patch of a whole text takes a while; a child that says nothing for so long is killed."""

_SILENCE_S = 2.0
_CHILD = "voicetype.keyboard.process_child"

Options = Mapping[str, Any]
_Message = dict[str, Any]


class ProcessKeyboard:
    """The parent's side. The typist thread's; the observer is called on the thread that reads the child."""

    def __init__(
        self, name: str, module: str, options: Options, reserved: Callable[[], Collection[int]] = tuple
    ) -> None:
        """`reserved`: evdev codes of keys that are not typing; asked at each claim, the child is told."""
        self.name = name
        self._reserved = reserved
        level = str(_log.getEffectiveLevel())
        self._command = children.command(_CHILD, module, json.dumps(dict(options)), level)
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
        told = self._ask("claim", reserved=sorted(self._reserved()))
        return Claim(
            told["continues"],
            told["app"],
            told["instance"],
            Purpose(told["purpose"]),
            Erasing(told["erasing"]),
            told["preedit"],
            told["several_lines"],
        )

    def apply(self, patch: Patch) -> None:
        """See the protocol."""
        try:
            self._ask("apply", patch=asdict(patch))
        except _Ended as error:
            raise PatchInterrupted(Interruption.BROKEN, 0, 0) from error

    def read(self, characters: int) -> str | None:
        """See the protocol."""
        try:
            text = self._ask("read", characters=characters)["text"]
        except _Ended:
            return None
        return None if text is None else str(text)

    def release(self) -> None:
        """See the protocol."""
        with suppress(_Ended):
            self._ask("release")

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
        self._command = command
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._observe = observe
        self._answers: SimpleQueue[_Message | None] = SimpleQueue()
        self._closing = False
        self._holds = False  # the user's keys
        self.ended = False
        self._thread = Thread(target=self._read, name="voicetype-keyboard", daemon=True)
        self._thread.start()

    def ask(self, request: _Message) -> _Message | None:
        """The answer; None where the child is gone."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
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
        for line in self._lines():
            message = json.loads(line)
            if message.get("event") == "held":
                self._holds = message["held"]
            elif message.get("event") == "log":
                logging.getLogger(message["name"]).log(message["level"], "%s", message["text"])
            elif "event" in message:
                self._observe(message)
            else:
                self._answers.put(message)
        self.ended = True
        self._answers.put(None)
        if not self._closing:
            self._observe(None)
            self._put_right()

    def _lines(self) -> Iterator[bytes]:
        """What the child says until it ends, by itself or because it is silent with the user's keys."""
        assert self._process.stdout is not None
        pipe, said = self._process.stdout.fileno(), b""
        while True:
            if self._holds and not _speaks(pipe):
                _log.error("The keyboard's process has the user's keys and does not move")
                self._process.kill()
            more = os.read(pipe, 1 << 16)
            if not more:
                return
            *lines, said = (said + more).split(b"\n")
            yield from lines

    def _put_right(self) -> None:
        opens = json.dumps({"method": "open"})
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(
                self._command,
                input=opens,
                text=True,
                stdout=subprocess.DEVNULL,
                timeout=ANSWER_S,
                check=False,
            )


def _speaks(pipe: int) -> bool:
    """Whether something comes in time. Two looks: when both sides were frozen, one comes too soon."""
    return any(select.select([pipe], [], [], _SILENCE_S / 2)[0] for _ in range(2))
