"""`doctor`: what dictation needs, whether it is here, and what to do about it."""

from __future__ import annotations

import json
import logging
import os
import sys
from argparse import Namespace
from collections.abc import Sequence

from voicetype import doctor
from voicetype.checks import Verdict
from voicetype.doctor import Line


def run(options: Namespace) -> int:
    """Print the table. Returns 0 when dictation can work here, else 1."""
    lines = list(doctor.examine(options.config, typing=options.typing))
    if options.format == "json":
        print(json.dumps(doctor.fields(lines), ensure_ascii=False))
    else:
        print(doctor.table(lines))
    code = 0 if doctor.can_dictate(lines) else 1
    if code:
        print(_complaint(lines), file=sys.stderr)
    if any(line.hung for line in lines):
        sys.stdout.flush()
        logging.shutdown()
        os._exit(code)  # a library that hangs in its thread would hold the interpreter's exit up as well
    return code


def _complaint(lines: Sequence[Line]) -> str:
    bad = [line.check for line in lines if line.finding.verdict is Verdict.BAD]
    what = ", ".join(bad) or "neither a push-to-talk key nor a session bus to begin one with"
    return f"Dictation can't work here yet: {what}.\nThe table says what to do about each."
