"""The child of `process`: serves a keyboard to the process that began it.

    python -m voicetype.keyboard.process_child MODULE OPTIONS LEVEL

The module has `make(options, held) -> Keyboard`; what is logged from that level on the parent is told.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import signal
import sys
from contextlib import suppress
from threading import Lock
from typing import IO, Any

from voicetype import logs
from voicetype.core.events import FocusChanged, NewLine, Patch, UserTyped
from voicetype.errors import KeyboardError, PatchInterrupted
from voicetype.keyboard import Claim, Keyboard, KeyboardLost

_log = logging.getLogger(__name__)

_Message = dict[str, Any]


class _Parent:
    """Whom the child serves."""

    def __init__(self, module: str, options: dict[str, Any], out: IO[str]) -> None:
        self._options, self._out = options, out
        self._writing = Lock()
        self.keyboard: Keyboard = importlib.import_module(module).make(options, self._held)

    def serve(self, requests: IO[str]) -> None:
        """Answer until the parent is gone."""
        for line in requests:
            self._say(self._answer(json.loads(line)))

    def _answer(self, request: _Message) -> _Message:
        try:
            match request:
                case {"method": "open"}:
                    self.keyboard.open(self._observe)
                    return {}
                case {"method": "claim", "reserved": reserved}:
                    self._options["reserved"] = reserved
                    claim = self.keyboard.claim()
                    return {field: getattr(claim, field) for field in Claim.__dataclass_fields__}
                case {"method": "apply", "patch": patch}:
                    key = patch["new_lines"]
                    self.keyboard.apply(Patch(**{**patch, "new_lines": key and NewLine(key)}))
                    return {}
                case {"method": "release"}:
                    self.keyboard.release()
                    return {}
                case {"method": "read", "characters": characters}:
                    return {"text": self.keyboard.read(characters)}
        except PatchInterrupted as error:
            return {"reason": error.reason.name, "erased": error.erased, "typed": error.typed}
        except KeyboardError as error:
            return {"sentence": error.sentence, "hint": error.hint}
        raise ValueError(request["method"])  # the rest may hold words

    def _observe(self, event: FocusChanged | UserTyped | KeyboardLost) -> None:
        match event:
            case FocusChanged(ours):
                self._say({"event": "focus", "ours": ours})
            case UserTyped():
                self._say({"event": "typed"})
            case KeyboardLost():
                self._say({"event": "lost"})

    def log(self, level: int, name: str, text: str) -> None:
        """The parent has the log."""
        self._say({"event": "log", "level": level, "name": name, "text": text})

    def _held(self, held: bool) -> None:
        self._say({"event": "held", "held": held})

    def _say(self, message: _Message) -> None:
        with self._writing, suppress(OSError):
            self._out.write(json.dumps(message) + "\n")
            self._out.flush()


def main() -> None:
    """Serve the parent; leave without the interpreter's own end, which crashes some libraries."""
    module, options, level = sys.argv[1:]
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    # What a library prints must not come between the lines.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    parent = _Parent(module, json.loads(options), out)
    logs.hand_over(parent.log, int(level))
    try:
        parent.serve(sys.stdin)
    except Exception:  # noqa: BLE001  # the parent learns that it is gone, and the log why
        _log.exception("The keyboard's process has failed")
    finally:
        parent.keyboard.close()
        os._exit(0)


if __name__ == "__main__":
    main()
