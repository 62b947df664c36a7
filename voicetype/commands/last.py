"""`last`: what was dictated, to be read, or typed again. Without a daemon: from the file, if it is kept."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Iterable, Sequence
from itertools import islice

from voicetype import client
from voicetype.errors import DaemonError
from voicetype.history import Said, default_path, last_of, read

_TYPE_S = 300.0  # for a long text
_LISTED = 10


def run(options: Namespace) -> int:
    """Dispatch. Exits with 2 for options that do not go together."""
    if options.type and options.all:
        options.refuse("argument --type: not allowed with argument --all: one text is typed, the last")
    if options.after is not None and not options.type:
        options.refuse("argument --after: only with argument --type")
    if options.type:
        time.sleep(options.after or 0)
        client.call("TypeLast", "a{sv}", client.flags(rest=options.untyped), timeout_s=_TYPE_S)
    elif options.all:
        for line in _listed(_last()):
            print(line)
    else:
        print(last_of(_last(), rest=options.untyped))
    return 0


def _last() -> Sequence[Said]:
    """The daemon's, else the file's. Raises DaemonError where there is neither, HistoryError."""
    if client.is_running():
        (answer,) = client.call("LastTexts", answers="aa{sv}")
        assert isinstance(answer, list)
        return [Said(each["text"], each["untyped"]) for each in answer]
    if kept := read(default_path()):
        return kept
    raise DaemonError(*client.NOT_RUNNING)


def _listed(last: Iterable[Said]) -> Iterable[str]:
    for number, said in enumerate(islice(last, _LISTED), 1):
        yield f"{number:>2}  {said.text}"
        if said.untyped:
            yield f"    not typed: {said.untyped}"
