"""What was dictated, and that anything was, stays here: no core dumps, no reports of libraries.

It holds for this process and for those that it starts.
"""

from __future__ import annotations

import os
import resource

_NO_REPORTS = {"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
"""onnxruntime, from 1.30 on, keeps a number for this device in the cache folder and sends what it runs to its
makers as soon as it is imported (microsoft/onnxruntime pull request 27379); its other switches come too late.
The client of the model hub adds to its questions what runs it."""

_NO_DUMP = 1  # bytes
"""The kernel takes a process with this limit for its own crash collector, and dumps nothing of it.

That is `coredump_pipe` in its fs/coredump.c. A limit of 0 would forbid core files alone: collectors
(systemd-coredump, apport) are sent the memory whatever the limit, and apport keeps it. PR_SET_DUMPABLE would
not do either: where fs.suid_dumpable is 2, as systemd sets it, collectors get the dump all the same, and the
desktop's portals refuse a program whose /proc/PID/root they may not open.
"""


def forbid_core_dumps() -> None:
    """Safe to call again. Where dumps are forbidden for good already, that is left as it is."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    if most:
        resource.setrlimit(resource.RLIMIT_CORE, (_NO_DUMP, most))


def forbid_writing_by_others() -> None:
    """What is made from now on nobody else may write to, whatever the session's umask."""
    os.umask(os.umask(0o077) | 0o022)


def forbid_reports() -> None:
    """Before any of the libraries is imported."""
    os.environ.update(_NO_REPORTS)
